"""Entering a group: the `passive-client-welcome` vectors, and Welcomes that a member forged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.credential import BasicCredential
from crypto.mls.errors import DecodeError, InvalidError, PeerError, UndecryptableError
from crypto.mls.extensions import RATCHET_TREE, Extension, RequiredCapabilities
from crypto.mls.framing import MlsMessage
from crypto.mls.group import Group
from crypto.mls.kem import KemKeyPair
from crypto.mls.key_package import KeyPackage, KeyPackageSecrets
from crypto.mls.leaf_node import LeafNode
from crypto.mls.proposals import Add, PreSharedKey, Proposal
from crypto.mls.psk import ExternalPsk, PreSharedKeyID, ResumptionPsk, ResumptionPskUsage
from crypto.mls.ratchet_tree import ParentNode, RatchetTree
from crypto.mls.tree_math import LeafIndex, NodeIndex, leaf_to_node
from crypto.mls.welcome import GroupInfo, GroupSecrets, Welcome
from crypto.secret import Secret
from tests.crypto.mls.assembly import CIRCLE_EXTENSION, NOW, Assembly, refusing
from tests.crypto.mls.forge import forge_welcome, malleable, tree_of, with_tree
from tests.crypto.mls.members import GROUP_ID, LIFETIME, SUITE, seeded
from tests.vectors import vectors

PSK_ID = PreSharedKeyID(ExternalPsk(b"a key"), bytes(32))


def member_of(case: dict[str, Any]) -> KeyPackageSecrets:
    """The key package of a vector, with its secret keys."""
    package = MlsMessage.decode(bytes.fromhex(case["key_package"])).body
    assert isinstance(package, KeyPackage)
    return KeyPackageSecrets(
        package,
        KemKeyPair(Secret(bytes.fromhex(case["init_priv"])), package.init_key),
        KemKeyPair(
            Secret(bytes.fromhex(case["encryption_priv"])), package.leaf_node.encryption_key
        ),
        SignatureKeyPair.from_seed(Secret(bytes.fromhex(case["signature_priv"]))),
    )


@pytest.mark.parametrize("case", vectors("passive-client-welcome"))
def test_the_vectors_newcomer_arrives_in_its_epoch(case: dict[str, Any]) -> None:
    known = {
        bytes.fromhex(psk["psk_id"]): Secret(bytes.fromhex(psk["psk"]))
        for psk in case["external_psks"]
    }

    def psks(psk: PreSharedKeyID) -> Secret | None:
        return known.get(psk.psk.psk_id) if isinstance(psk.psk, ExternalPsk) else None

    tree = case["ratchet_tree"]
    welcome = bytes.fromhex(case["welcome"])
    given = None if tree is None else bytes.fromhex(tree)
    group = Group.join(SUITE, welcome, member_of(case), psks=psks, ratchet_tree=given)
    assert group.epoch_authenticator.reveal().hex() == case["initial_epoch_authenticator"]
    rng = seeded("passive")
    assert group.encrypt(b"I can speak", rng)
    assert group.commit([], rng, now=0).base_epoch == group.epoch
    if known:
        member = member_of(case)
        with refusing(member, "welcome.psk", UndecryptableError):
            Group.join(SUITE, welcome, member, ratchet_tree=given)


class Door:
    """Six members, and somebody whom leaf 2 has just added.

    There are paths, and a leaf that is unmerged; or, in a `bare` one, no parents at all.
    """

    inviter = LeafIndex(2)

    def __init__(self, bare: bool = False) -> None:
        self.assembly = Assembly("the door", 1 if bare else 5)
        newcomers = [self.assembly.newcomer() for _ in range(6 - len(self.assembly.groups))]
        self.assembly.commit(0, adding=newcomers)
        self.newcomer = self.assembly.newcomer()
        pending = self.assembly[self.inviter].commit(
            [Add(self.newcomer.key_package)], self.assembly.rng, now=NOW, force_path=not bare
        )
        assert pending.welcome is not None
        self.welcome = pending.welcome
        self.leaf = LeafIndex(6)

    def forged(self, signer: int | None = None, **changes: Any) -> bytes:
        """The Welcome with something changed, signed by leaf 2 or by another."""
        signing = self.assembly.secrets[LeafIndex(self.inviter if signer is None else signer)]
        return forge_welcome(
            self.welcome, self.newcomer, signing.signature_key_pair, self.assembly.rng, **changes
        )

    def refuse(self, welcome: bytes, rule: str, kind: type[PeerError] = InvalidError) -> None:
        with refusing(self.newcomer, rule, kind):
            Group.join(SUITE, welcome, self.newcomer)

    def refuse_tree(self, change: Callable[[RatchetTree], RatchetTree], rule: str) -> None:
        """A tree that is changed, with its hash in the context."""
        welcome = self.forged(info=lambda info: with_tree(info, change(tree_of(info))))
        self.refuse(welcome, rule)


@pytest.fixture
def door() -> Door:
    return Door()


def test_what_the_forge_leaves_as_it_is_lets_us_in(door: Door) -> None:
    assert Group.join(SUITE, door.forged(), door.newcomer).own_leaf == door.leaf


def test_a_welcome_is_for_one_key_package(door: Door) -> None:
    stranger = door.assembly.newcomer()
    with refusing(stranger, "welcome.not_ours", UndecryptableError):
        Group.join(SUITE, door.welcome, stranger)
    body = MlsMessage.decode(door.welcome).body
    assert isinstance(body, Welcome)
    entry = replace(body.secrets[0], new_member=stranger.key_package.reference(SUITE))
    stolen = replace(body, secrets=(entry, *body.secrets))
    with refusing(stranger, "hpke.ciphertext", UndecryptableError):
        Group.join(SUITE, MlsMessage(stolen).encode(), stranger)
    assert Group.join(SUITE, MlsMessage(stolen).encode(), door.newcomer).own_leaf == door.leaf


def test_a_welcome_is_a_welcome(door: Door) -> None:
    door.refuse(door.assembly[0].group_info(), "welcome.kind", DecodeError)


def test_a_welcome_is_of_our_suite(door: Door) -> None:
    body = MlsMessage.decode(door.welcome).body
    assert isinstance(body, Welcome)
    door.refuse(MlsMessage(replace(body, cipher_suite=1)).encode(), "welcome.suite")


def test_a_tampered_welcome_does_not_open(door: Door) -> None:
    body = MlsMessage.decode(door.welcome).body
    assert isinstance(body, Welcome)
    info = body.encrypted_group_info
    spoilt = replace(body, encrypted_group_info=info[:-1] + bytes((info[-1] ^ 1,)))
    door.refuse(MlsMessage(spoilt).encode(), "hpke.ciphertext", UndecryptableError)


def test_pre_shared_keys_of_a_welcome_are_held_to_the_rules(door: Door) -> None:
    def with_psks(*psks: PreSharedKeyID) -> bytes:
        return door.forged(secrets=lambda secrets: replace(secrets, psks=psks))

    branch = ResumptionPsk(ResumptionPskUsage.BRANCH, GROUP_ID, 1)
    door.refuse(with_psks(PreSharedKeyID(branch, bytes(32))), "psk.usage")
    door.refuse(with_psks(PreSharedKeyID(ExternalPsk(b""), b"")), "psk.nonce_length")
    door.refuse(with_psks(PSK_ID, PSK_ID), "psk.repeated")
    door.refuse(with_psks(PSK_ID), "welcome.psk", UndecryptableError)


def test_a_tree_far_too_large_is_refused_before_it_is_hashed(door: Door) -> None:
    def huge(info: GroupInfo) -> GroupInfo:
        blanks = [None] * (1 << 18)
        nodes = [node for _, node in tree_of(info).nodes()]
        tree = Extension(RATCHET_TREE, RatchetTree([nodes[0], *blanks, None, nodes[0]]).encode())
        return replace(info, extensions=(tree,), signer=LeafIndex(0))

    # its hash in the GroupContext is another: the size is looked at first
    door.refuse(door.forged(signer=0, info=huge), "tree.size")


def test_an_epoch_that_has_no_next_one_is_not_entered(door: Door) -> None:
    def late(info: GroupInfo) -> GroupInfo:
        return replace(info, group_context=replace(info.group_context, epoch=(1 << 63)))

    def last(info: GroupInfo) -> GroupInfo:
        return replace(info, group_context=replace(info.group_context, epoch=(1 << 63) - 1))

    door.refuse(door.forged(info=late), "welcome.epoch")
    door.refuse(door.forged(info=last), "welcome.confirmation_tag")


def test_a_welcome_without_its_tree_needs_one(door: Door) -> None:
    def without_tree(info: GroupInfo) -> GroupInfo:
        rest = tuple(e for e in info.extensions if e.extension_type != RATCHET_TREE)
        return replace(info, extensions=rest)

    welcome = door.forged(info=without_tree)
    door.refuse(welcome, "welcome.tree_missing")
    committed = door.assembly[0].tree
    with refusing(door.newcomer, "welcome.tree_hash"):
        Group.join(SUITE, welcome, door.newcomer, ratchet_tree=committed.encode())


@pytest.mark.parametrize("field", ["version", "cipher_suite"])
def test_the_group_is_of_our_version_and_suite(door: Door, field: str) -> None:
    def change(info: GroupInfo) -> GroupInfo:
        context = info.group_context
        other = (
            replace(context, version=2) if field == "version" else replace(context, cipher_suite=1)
        )
        return replace(info, group_context=other)

    door.refuse(door.forged(info=change), "welcome.group_suite")


def test_a_group_info_has_each_extension_once(door: Door) -> None:
    def twice(info: GroupInfo) -> GroupInfo:
        return replace(info, extensions=(*info.extensions, *info.extensions))

    door.refuse(door.forged(info=twice), "extensions.repeated")


def test_unknown_extensions_of_a_group_info_do_no_harm(door: Door) -> None:
    def greased(info: GroupInfo) -> GroupInfo:
        return replace(info, extensions=(Extension(0x0A0A, b"grease"), *info.extensions))

    assert Group.join(SUITE, door.forged(info=greased), door.newcomer).epoch == 6


@pytest.mark.parametrize("signer", [7, 8, 0xFFFF_FFFF])
def test_nobody_signs_from_a_blank_leaf(door: Door, signer: int) -> None:
    welcome = door.forged(info=lambda info: replace(info, signer=LeafIndex(signer)))
    door.refuse(welcome, "welcome.signer")


def test_a_group_info_is_signed_by_the_leaf_that_it_names(door: Door) -> None:
    door.refuse(door.forged(signer=0), "welcome.signature")
    naming_another = door.forged(info=lambda info: replace(info, signer=LeafIndex(0)))
    door.refuse(naming_another, "welcome.signature")
    later = door.forged(signed_info=lambda info: replace(info, confirmation_tag=bytes(32)))
    door.refuse(later, "welcome.signature")
    for wrong in (
        lambda signature: b"",
        lambda signature: bytes(64),
        lambda signature: signature[:-1],
        lambda signature: signature + b"\x00",
        malleable,
    ):
        changed = door.forged(
            signed_info=lambda info, wrong=wrong: replace(info, signature=wrong(info.signature))
        )
        door.refuse(changed, "welcome.signature")


def test_the_path_secret_is_for_the_signers_path(door: Door) -> None:
    """Any member may sign; the secret is that of the lowest node above the signer and us."""
    same_side = door.forged(signer=0, info=lambda info: replace(info, signer=LeafIndex(0)))
    assert Group.join(SUITE, same_side, door.newcomer).own_leaf == door.leaf
    other_side = door.forged(signer=4, info=lambda info: replace(info, signer=LeafIndex(4)))
    door.refuse(other_side, "welcome.path_secret")


def test_the_tree_is_the_one_of_the_context(door: Door) -> None:
    def another(info: GroupInfo) -> GroupInfo:
        context = replace(info.group_context, tree_hash=bytes(32))
        return replace(info, group_context=context)

    door.refuse(door.forged(info=another), "welcome.tree_hash")


def changed_leaf(at: int, change: Callable[[LeafNode], LeafNode]) -> Callable[..., RatchetTree]:
    """A tree in which one leaf is another; nothing above it is blanked."""

    def apply(tree: RatchetTree) -> RatchetTree:
        leaf = tree.leaf(LeafIndex(at))
        assert leaf is not None
        return with_node(tree, leaf_to_node(LeafIndex(at)), change(leaf))

    return apply


def with_node(tree: RatchetTree, at: NodeIndex, node: LeafNode | ParentNode | None) -> RatchetTree:
    """The tree with one node exchanged."""
    nodes = [tree.node(NodeIndex(i)) for i in range(2 * tree.leaf_count - 1)]
    nodes[at] = node
    while nodes[-1] is None:
        del nodes[-1]
    return RatchetTree(nodes)


def changed_parent(
    at: int, change: Callable[[ParentNode], ParentNode]
) -> Callable[..., RatchetTree]:
    """A tree in which one parent is another."""

    def apply(tree: RatchetTree) -> RatchetTree:
        parent = tree.parent(NodeIndex(at))
        assert parent is not None
        return with_node(tree, NodeIndex(at), change(parent))

    return apply


def test_the_tree_holds_together(door: Door) -> None:
    root = tree_of_door(door).root
    for change, rule in (
        (changed_parent(root, lambda node: replace(node, parent_hash=b"x")), "tree.parent_hash"),
        (
            changed_parent(root, lambda node: replace(node, encryption_key=bytes(range(32)))),
            "tree.parent_hash",
        ),
        (
            changed_parent(
                root, lambda node: replace(node, unmerged_leaves=(LeafIndex(6), LeafIndex(5)))
            ),
            "tree.unmerged_order",
        ),
        (
            changed_parent(root, lambda node: replace(node, unmerged_leaves=(LeafIndex(7),))),
            "tree.unmerged_leaf",
        ),
        (
            changed_parent(root, lambda node: replace(node, encryption_key=bytes(32))),
            "tree.encryption_key",
        ),
        (changed_leaf(6, lambda leaf: replace(leaf, signature=b"")), "tree.parent_hash"),
    ):
        door.refuse_tree(change, rule)


def test_every_leaf_is_a_good_one() -> None:
    """In a tree without parents no parent hash speaks for the leaves."""
    door = Door(bare=True)
    for at in (0, 6):
        for change, rule in (
            (lambda leaf: replace(leaf, signature=bytes(64)), "leaf.signature"),
            (lambda leaf: replace(leaf, credential=BasicCredential(b"other")), "leaf.signature"),
            (
                lambda leaf: replace(leaf, extensions=(Extension(0xFF01, b""),)),
                "leaf.extension_listed",
            ),
        ):
            door.refuse_tree(changed_leaf(at, change), rule)


def tree_of_door(door: Door) -> RatchetTree:
    group = Group.join(SUITE, door.welcome, door.newcomer)
    return group.tree


def test_no_key_stands_twice_in_the_tree(door: Door) -> None:
    tree = tree_of_door(door)
    taken = tree.leaf(LeafIndex(1))
    assert taken is not None
    door.refuse_tree(
        changed_leaf(0, lambda leaf: replace(leaf, encryption_key=taken.encryption_key)),
        "tree.key_reuse",
    )
    door.refuse_tree(
        changed_leaf(0, lambda leaf: replace(leaf, signature_key=taken.signature_key)),
        "tree.signature_key_reuse",
    )


def test_we_know_every_extension_of_the_group(door: Door) -> None:
    def change(extension: Extension) -> Callable[[GroupInfo], GroupInfo]:
        def apply(info: GroupInfo) -> GroupInfo:
            context = replace(info.group_context, extensions=(extension,))
            return replace(info, group_context=context)

        return apply

    door.refuse(door.forged(info=change(Extension(0xFF01, b""))), "members.extensions")
    required = RequiredCapabilities((0xFF01,), (), ()).as_extension()
    door.refuse(door.forged(info=change(required)), "members.required_capabilities")
    # One that we know changes the epoch that the joiner secret leads to.
    known = Extension(CIRCLE_EXTENSION, b"another circle")
    door.refuse(door.forged(info=change(known)), "welcome.confirmation_tag")


def test_we_are_in_the_tree() -> None:
    door = Door(bare=True)

    def without_us(tree: RatchetTree) -> RatchetTree:
        tree = tree.copy()
        tree.remove_leaf(door.leaf)
        return tree

    def as_somebody_else(tree: RatchetTree) -> RatchetTree:
        other = door.assembly.newcomer().key_package.leaf_node
        return with_node(tree, leaf_to_node(door.leaf), other)

    door.refuse_tree(without_us, "welcome.own_leaf")
    door.refuse_tree(as_somebody_else, "welcome.own_leaf")


def test_the_path_secret_leads_to_the_keys_of_the_tree(door: Door) -> None:
    def change(path_secret: Secret | None) -> Callable[[GroupSecrets], GroupSecrets]:
        return lambda secrets: replace(secrets, path_secret=path_secret)

    door.refuse(door.forged(secrets=change(Secret(bytes(32)))), "welcome.path_secret")
    door.refuse(door.forged(secrets=change(None)), "welcome.path_secret")


def test_the_confirmation_tag_is_that_of_the_epoch(door: Door) -> None:
    for tag in (bytes(32), b""):
        welcome = door.forged(info=lambda info, tag=tag: replace(info, confirmation_tag=tag))
        door.refuse(welcome, "welcome.confirmation_tag")
    other = door.forged(secrets=lambda secrets: replace(secrets, joiner_secret=Secret(bytes(32))))
    door.refuse(other, "welcome.confirmation_tag")


def test_a_welcome_without_a_path_is_enough() -> None:
    door = Door(bare=True)
    assert Group.join(SUITE, door.welcome, door.newcomer).own_leaf == door.leaf
    extra = door.forged(secrets=lambda secrets: replace(secrets, path_secret=Secret(bytes(32))))
    door.refuse(extra, "welcome.path_secret")


def test_lifetimes_are_judged_where_a_time_is_given(door: Door) -> None:
    assert Group.join(SUITE, door.welcome, door.newcomer, now=NOW).epoch == 6
    for now in (LIFETIME.not_before - 1, LIFETIME.not_after + 1):
        with refusing(door.newcomer, "leaf.lifetime"):
            Group.join(SUITE, door.welcome, door.newcomer, now=now)


def test_a_pre_shared_key_lets_newcomers_in() -> None:
    psks = {PSK_ID: Secret(b"known")}.get
    assembly = Assembly("psk", 2)
    newcomer = assembly.newcomer()
    proposals: list[Proposal] = [Add(newcomer.key_package), PreSharedKey(PSK_ID)]
    pending = assembly[0].commit(proposals, assembly.rng, now=NOW, psks=psks)
    assert pending.welcome is not None
    assert Group.join(SUITE, pending.welcome, newcomer, psks=psks).own_leaf == 2
    wrong = {PSK_ID: Secret(b"another")}.get
    with refusing(newcomer, "welcome.group_info", UndecryptableError):
        Group.join(SUITE, pending.welcome, newcomer, psks=wrong)
