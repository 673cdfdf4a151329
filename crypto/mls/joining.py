"""Beginning a group, and entering one by a Welcome (RFC 9420 sections 11 and 12.4.3.1)."""

from __future__ import annotations

from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.epoch import Epoch, EpochAndRatchets, PskLookup, look_up_psks
from crypto.mls.errors import InvalidError, UndecryptableError
from crypto.mls.extensions import RATCHET_TREE, Extension, find_extension
from crypto.mls.group_context import GroupContext
from crypto.mls.key_package import KeyPackageSecrets
from crypto.mls.key_schedule import derive_epoch, derive_welcome_secret, epoch_from_secret
from crypto.mls.leaf_node import MLS10
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.tree_hash import tree_hash, verify_size, verify_tree
from crypto.mls.tree_math import LeafIndex
from crypto.mls.treekem import TreeKemPrivate, join_path
from crypto.mls.validation import (
    check_extensions,
    check_leaf_node,
    check_lifetime,
    check_members,
    check_psks,
)
from crypto.mls.welcome import (
    GroupInfo,
    GroupSecrets,
    Welcome,
    open_group_info,
    open_group_secrets,
)
from crypto.primitives import Rng
from crypto.secret import Secret, equal

MAX_EPOCH = (1 << 63) - 1
"""The last epoch to enter in; so many follow that none is numbered beyond a `uint64`."""


def create_group(
    suite: CipherSuite,
    group_id: bytes,
    member: KeyPackageSecrets,
    extensions: tuple[Extension, ...],
    rng: Rng,
) -> EpochAndRatchets:
    """Epoch 0 of a group of one; the leaf and its keys are those of `member`."""
    leaf_node = member.key_package.leaf_node
    tree = RatchetTree([leaf_node])
    check_leaf_node(suite, leaf_node, group_id, LeafIndex(0))
    check_members(suite, tree, extensions)
    context = GroupContext(MLS10, suite.code, group_id, 0, tree_hash(suite, tree), b"", extensions)
    return Epoch.begin(
        suite,
        context,
        tree,
        TreeKemPrivate(LeafIndex(0), member.leaf_key_pair, {}),
        member.signature_key_pair,
        epoch_from_secret(suite, Secret(rng(suite.hash_length))),
    )


def join_group(
    suite: CipherSuite,
    welcome: Welcome,
    member: KeyPackageSecrets,
    psks: PskLookup,
    ratchet_tree: RatchetTree | None,
    now: int | None,
) -> EpochAndRatchets:
    """The epoch that a Welcome leads into, all of it verified.

    `UndecryptableError` where the Welcome is not for this key package, or a pre-shared key is not
    to be had; `InvalidError` where what it holds breaks a rule.
    """
    secrets = _open_secrets(suite, welcome, member)
    check_psks(suite, secrets.psks)
    psk_secret = look_up_psks(suite, secrets.psks, psks)
    if psk_secret is None:
        raise UndecryptableError(
            "the Welcome uses a pre-shared key that we do not have", "welcome.psk"
        )
    welcome_secret = derive_welcome_secret(suite, secrets.joiner_secret, psk_secret)
    info = open_group_info(suite, welcome_secret, welcome.encrypted_group_info)
    tree = _tree_of(info, ratchet_tree)
    _check_group_info(suite, info, tree)
    _check_tree(suite, info.group_context, tree, now)
    own_leaf = _own_leaf(tree, member)
    private = join_path(
        suite, tree, own_leaf, member.leaf_key_pair, info.signer, secrets.path_secret
    )
    derived = derive_epoch(suite, secrets.joiner_secret, psk_secret, info.group_context)
    state = Epoch.begin(
        suite, info.group_context, tree, private, member.signature_key_pair, derived
    )
    if not equal(info.confirmation_tag, state.epoch.confirmation_tag):
        raise InvalidError(
            "the GroupInfo's confirmation tag is not that of its epoch", "welcome.confirmation_tag"
        )
    return state


def _open_secrets(suite: CipherSuite, welcome: Welcome, member: KeyPackageSecrets) -> GroupSecrets:
    if welcome.cipher_suite != suite.code:
        raise InvalidError("the Welcome is for another cipher suite", "welcome.suite")
    reference = member.key_package.reference(suite)
    for entry in welcome.secrets:
        if entry.new_member == reference:
            return open_group_secrets(
                suite,
                member.init_key_pair,
                welcome.encrypted_group_info,
                entry.encrypted_group_secrets,
            )
    raise UndecryptableError("the Welcome is not for this key package", "welcome.not_ours")


def _tree_of(info: GroupInfo, given: RatchetTree | None) -> RatchetTree:
    data = find_extension(info.extensions, RATCHET_TREE)
    if data is not None:
        return RatchetTree.decode(data)
    if given is not None:
        return given
    raise InvalidError("the GroupInfo comes without its ratchet tree", "welcome.tree_missing")


def _check_group_info(suite: CipherSuite, info: GroupInfo, tree: RatchetTree) -> None:
    context = info.group_context
    if context.version != MLS10 or context.cipher_suite != suite.code:
        raise InvalidError("the GroupInfo is for another version or suite", "welcome.group_suite")
    if context.epoch > MAX_EPOCH:
        raise InvalidError(f"epoch {context.epoch} is near the last there can be", "welcome.epoch")
    check_extensions(info.extensions)
    signer = tree.leaf(info.signer)
    if signer is None:
        raise InvalidError("the GroupInfo is signed by a leaf where nobody is", "welcome.signer")
    if not info.verify(suite, signer.signature_key):
        raise InvalidError("the GroupInfo is not signed by its signer", "welcome.signature")


def _check_tree(
    suite: CipherSuite, context: GroupContext, tree: RatchetTree, now: int | None
) -> None:
    verify_size(tree)  # before anything that takes longer with each of its nodes
    if tree_hash(suite, tree) != context.tree_hash:
        raise InvalidError("the ratchet tree is not the one of the group", "welcome.tree_hash")
    verify_tree(suite, tree)
    check_members(suite, tree, context.extensions)
    for at, leaf_node in tree.members():
        check_leaf_node(suite, leaf_node, context.group_id, at)
        if now is not None:
            check_lifetime(leaf_node, now)


def _own_leaf(tree: RatchetTree, member: KeyPackageSecrets) -> LeafIndex:
    for at, leaf_node in tree.members():
        if leaf_node == member.key_package.leaf_node:
            return at
    raise InvalidError("the Welcome's tree has no leaf of ours", "welcome.own_leaf")
