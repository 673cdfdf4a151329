"""Messages that a group's own code would never make: each right in all but what a test changes.

A forger is a member: it holds a genuine state, so what it sends is rightly framed, encrypted and
signed, unless just that is what the test changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.commit import Commit, ProposalReference
from crypto.mls.epoch import Epoch
from crypto.mls.evolution import CommitChange, Evolution, apply_proposals
from crypto.mls.extensions import RATCHET_TREE, Extension, find_extension
from crypto.mls.framing import (
    AuthenticatedContent,
    Content,
    FramedContent,
    MlsMessage,
    Sender,
    WireFormat,
)
from crypto.mls.group import Group, no_padding
from crypto.mls.key_package import KeyPackage, KeyPackageSecrets
from crypto.mls.key_schedule import derive_welcome_secret
from crypto.mls.leaf_node import LeafNode
from crypto.mls.proposals import Add, GroupContextExtensions, PreSharedKey, Proposal, Remove
from crypto.mls.protection import Padding, protect_private, protect_public, sign_content
from crypto.mls.psk import derive_psk_secret
from crypto.mls.ratchet_tree import ParentNode, RatchetTree
from crypto.mls.tree_hash import tree_hash
from crypto.mls.tree_math import LeafIndex
from crypto.mls.treekem import NewPath, UpdatePath, create_path
from crypto.mls.validation import path_required
from crypto.mls.welcome import (
    EncryptedGroupSecrets,
    GroupInfo,
    GroupSecrets,
    Welcome,
    open_group_info,
    open_group_secrets,
    seal_group_info,
    seal_group_secrets,
)
from crypto.primitives import Rng
from crypto.secret import Secret
from tests.crypto.mls.members import SUITE


def same(value: Any) -> Any:
    """No change."""
    return value


@dataclass(frozen=True)
class Forgery:
    """What is wrong with a forged Commit; every field by default leaves it right.

    `leaf` changes the path's leaf, which is signed again; `signed_leaf` changes it after that;
    `secrets` changes the path secrets that are sealed, not the keys that are made from them; `path`
    changes the UpdatePath as sent; `with_path` decides whether there is one; `tag` changes
    the confirmation tag, `framed` the FramedContent before it is signed.
    """

    leaf: Callable[[LeafNode], LeafNode] = same
    signed_leaf: Callable[[LeafNode], LeafNode] = same
    secrets: Callable[[tuple[Secret, ...]], tuple[Secret, ...]] = same
    path: Callable[[UpdatePath], UpdatePath] = same
    with_path: bool | None = None
    tag: Callable[[bytes], bytes] = same
    framed: Callable[[FramedContent], FramedContent] = same
    psk_secret: Secret | None = None


def forge_commit(
    group: Group,
    proposals: Sequence[Proposal | ProposalReference],
    rng: Rng,
    wrong: Forgery = Forgery(),  # frozen
    padding: Padding = no_padding,
) -> bytes:
    """A Commit by the member whose group this is, its state not advanced; a PrivateMessage."""
    epoch, ratchets = group.state
    evolution = _evolve(epoch, proposals)
    with_path = wrong.with_path
    if with_path is None:
        plain = tuple(p for p in proposals if not isinstance(p, ProposalReference))
        with_path = path_required(plain)
    new_path = _new_path(epoch, evolution, wrong, rng) if with_path else None
    tree = evolution.tree if new_path is None else new_path.tree
    change = _change(epoch, evolution, tree)
    path, private, commit_secret = None, epoch.private, Secret(bytes(32))
    if new_path is not None:
        context = change.new_context.encode()
        sealing = replace(new_path, path_secrets=wrong.secrets(new_path.path_secrets))
        path = wrong.path(sealing.encrypt(SUITE, evolution.added_leaves(), context, rng))
        private, commit_secret = new_path.private, new_path.commit_secret
    content = wrong.framed(framed_content(epoch, Commit(tuple(proposals), path)))
    signed = sign(epoch, content)
    psk_secret = Secret(bytes(32)) if wrong.psk_secret is None else wrong.psk_secret
    advanced = epoch.advance(
        change, epoch.next_context(change, signed), private, commit_secret, psk_secret
    )
    signed = signed.with_confirmation_tag(wrong.tag(advanced.state.epoch.confirmation_tag))
    secret = epoch.secrets.sender_data_secret
    return MlsMessage(
        protect_private(SUITE, signed, secret, ratchets.copy(), padding, rng)
    ).encode()


def _evolve(epoch: Epoch, proposals: Sequence[Proposal | ProposalReference]) -> Evolution:
    """The proposals that can be applied, applied."""
    possible: list[Proposal] = []
    gone: set[LeafIndex] = {epoch.own_leaf}
    for proposal in proposals:
        if isinstance(proposal, Add | GroupContextExtensions | PreSharedKey):
            possible.append(proposal)
        elif isinstance(proposal, Remove) and proposal.removed not in gone:
            gone.add(proposal.removed)
            if epoch.tree.leaf(proposal.removed) is not None:
                possible.append(proposal)
    return apply_proposals(epoch.context.extensions, epoch.tree, possible, epoch.own_leaf)


def _new_path(epoch: Epoch, evolution: Evolution, wrong: Forgery, rng: Rng) -> NewPath:
    leaf_index, group_id = epoch.own_leaf, epoch.context.group_id
    path = create_path(
        SUITE,
        evolution.tree,
        leaf_index,
        epoch.own_leaf_node(),
        epoch.signature_key_pair,
        group_id,
        rng,
    )
    changed = wrong.leaf(path.leaf_node)
    if changed != path.leaf_node:
        changed = changed.signed(SUITE, epoch.signature_key_pair, group_id, leaf_index)
    changed = wrong.signed_leaf(changed)
    parents = {
        step.node: node
        for step in path.steps
        if isinstance(node := path.tree.node(step.node), ParentNode)
    }
    tree = evolution.tree.copy()
    tree.replace_path(leaf_index, changed, parents)
    return replace(path, leaf_node=changed, tree=tree)


def _change(epoch: Epoch, evolution: Evolution, tree: RatchetTree) -> CommitChange:
    return CommitChange(
        committer=epoch.own_leaf,
        authenticated_data=b"",
        proposals=(),
        added=evolution.added,
        removed=evolution.removed,
        path_leaf=None,
        old_context=epoch.context,
        old_tree=epoch.tree,
        new_context=epoch.provisional_context(tree, evolution.extensions),
        new_tree=tree,
    )


def framed_content(epoch: Epoch, content: Content, **changes: Any) -> FramedContent:
    """A content by the member whose epoch this is."""
    framed = FramedContent(
        epoch.context.group_id, epoch.context.epoch, Sender.member(epoch.own_leaf), b"", content
    )
    return replace(framed, **changes)


def sign(
    epoch: Epoch,
    content: FramedContent,
    wire_format: WireFormat = WireFormat.PRIVATE_MESSAGE,
    key_pair: SignatureKeyPair | None = None,
) -> AuthenticatedContent:
    """Sign it, by default as the member should."""
    signer = epoch.signature_key_pair if key_pair is None else key_pair
    return sign_content(SUITE, signer, wire_format, content, epoch.context)


def send_private(group: Group, signed: AuthenticatedContent, rng: Rng, padding: int = 0) -> bytes:
    """A PrivateMessage of any signed content; the group's ratchets stay where they are."""
    epoch, ratchets = group.state
    message = protect_private(
        SUITE, signed, epoch.secrets.sender_data_secret, ratchets.copy(), lambda _: padding, rng
    )
    return MlsMessage(message).encode()


def send_public(group: Group, signed: AuthenticatedContent) -> bytes:
    """A PublicMessage of any signed content."""
    epoch = group.state.epoch
    message = protect_public(SUITE, signed, epoch.context, epoch.secrets.membership_key)
    return MlsMessage(message).encode()


def capable(**changes: tuple[int, ...]) -> Callable[[LeafNode], LeafNode]:
    """Other capabilities."""
    return lambda leaf: replace(leaf, capabilities=replace(leaf.capabilities, **changes))


def malleable(signature: bytes) -> bytes:
    """The same signature with S + L, which verifies where S is not checked (RFC 8032 5.1.7)."""
    order = 2**252 + 27742317777372353535851937790883648493
    scalar = int.from_bytes(signature[32:], "little") + order
    return signature[:32] + scalar.to_bytes(32, "little")


def forge_key_package(
    member: KeyPackageSecrets,
    *,
    leaf: Callable[[LeafNode], LeafNode] = same,
    signed_leaf: Callable[[LeafNode], LeafNode] = same,
    package: Callable[[KeyPackage], KeyPackage] = same,
    signed_package: Callable[[KeyPackage], KeyPackage] = same,
) -> KeyPackage:
    """A key package with something changed, before or after its signatures are made."""
    signer = member.signature_key_pair
    changed_leaf = leaf(member.key_package.leaf_node)
    changed_leaf = changed_leaf.signed(SUITE, signer, b"", LeafIndex(0))
    changed = package(replace(member.key_package, leaf_node=signed_leaf(changed_leaf)))
    return signed_package(changed.signed(SUITE, signer))


def forge_welcome(
    welcome: bytes,
    newcomer: KeyPackageSecrets,
    signer: SignatureKeyPair,
    rng: Rng,
    *,
    info: Callable[[GroupInfo], GroupInfo] = same,
    signed_info: Callable[[GroupInfo], GroupInfo] = same,
    secrets: Callable[[GroupSecrets], GroupSecrets] = same,
) -> bytes:
    """A Welcome opened with the newcomer's keys, changed, signed by `signer` and sealed again."""
    body = MlsMessage.decode(welcome).body
    assert isinstance(body, Welcome)
    (entry,) = body.secrets
    opened = open_group_secrets(
        SUITE, newcomer.init_key_pair, body.encrypted_group_info, entry.encrypted_group_secrets
    )
    no_psk = derive_psk_secret(SUITE, [])
    welcome_secret = derive_welcome_secret(SUITE, opened.joiner_secret, no_psk)
    changed = info(open_group_info(SUITE, welcome_secret, body.encrypted_group_info))
    resigned = GroupInfo.signed(
        SUITE,
        signer,
        changed.group_context,
        changed.extensions,
        changed.confirmation_tag,
        changed.signer,
    )
    changed_secrets = secrets(opened)
    sealed_info = seal_group_info(
        SUITE,
        derive_welcome_secret(SUITE, changed_secrets.joiner_secret, no_psk),
        signed_info(resigned),
    )
    init_key = newcomer.key_package.init_key
    sealed = seal_group_secrets(SUITE, init_key, sealed_info, changed_secrets, rng)
    entries = (EncryptedGroupSecrets(entry.new_member, sealed),)
    return MlsMessage(Welcome(SUITE.code, entries, sealed_info)).encode()


def with_tree(info: GroupInfo, tree: RatchetTree) -> GroupInfo:
    """A GroupInfo that brings this tree, and whose context holds its hash."""
    extensions = tuple(
        Extension(RATCHET_TREE, tree.encode()) if e.extension_type == RATCHET_TREE else e
        for e in info.extensions
    )
    context = replace(info.group_context, tree_hash=tree_hash(SUITE, tree))
    return replace(info, group_context=context, extensions=extensions)


def tree_of(info: GroupInfo) -> RatchetTree:
    """The tree that a GroupInfo brings."""
    data = find_extension(info.extensions, RATCHET_TREE)
    assert data is not None
    return RatchetTree.decode(data)
