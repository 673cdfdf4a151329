"""Commits that a member forged: each breaks one rule, is refused by it, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from crypto.mls.commit import Commit, ProposalReference
from crypto.mls.credential import BasicCredential, X509Credential
from crypto.mls.errors import InternalError, InvalidError, PeerError, RefusedError, StuckError
from crypto.mls.extensions import Extension, RequiredCapabilities
from crypto.mls.hpke import HpkeCiphertext
from crypto.mls.key_package import KeyPackage
from crypto.mls.leaf_node import CommitSource, KeyPackageSource, LeafNode, UpdateSource
from crypto.mls.processing import check_commit
from crypto.mls.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    Update,
)
from crypto.mls.psk import ExternalPsk, PreSharedKeyID, ResumptionPsk, ResumptionPskUsage
from crypto.mls.snapshot import save_epoch, save_ratchets
from crypto.mls.tree_math import LeafIndex, NodeIndex
from crypto.mls.treekem import UpdatePath
from crypto.secret import Secret
from tests.crypto.mls.assembly import CIRCLE_EXTENSION, LEAF_EXTENSION, NOW, Assembly, stage
from tests.crypto.mls.forge import (
    Forgery,
    forge_commit,
    forge_key_package,
    framed_content,
    malleable,
    sign,
)
from tests.crypto.mls.members import LIFETIME, SMALL_ORDER_POINTS, SUITE

FORGER = 1
PSK = ExternalPsk(b"a key")
PSK_ID = PreSharedKeyID(PSK, bytes(32))


def refuse(
    assembly: Assembly, message: bytes, rule: str, kind: type[PeerError] = InvalidError
) -> None:
    """Every other member refuses it for that rule, and nobody's state has changed."""
    before = assembly.snapshots()
    psks = {PSK_ID: Secret(b"known")}.get
    for group in assembly.others(FORGER):
        with pytest.raises(kind) as caught:
            group.process(message, psks=psks)
        assert (type(caught.value), caught.value.rule) == (kind, rule)
    assert assembly.snapshots() == before


def forged(
    assembly: Assembly,
    proposals: Sequence[Proposal | ProposalReference] = (),
    wrong: Forgery | None = None,
) -> bytes:
    return forge_commit(assembly[FORGER], proposals, assembly.rng, wrong or Forgery())


@pytest.fixture
def assembly() -> Assembly:
    """Five members with all their paths, and one that is unmerged."""
    assembly = Assembly("forged commits", 5)
    assembly.commit(2, adding=[assembly.newcomer()])
    return assembly


class TestTheForgerItself:
    """What it makes when nothing is wrong is taken by everybody: so the rest means something."""

    def test_an_empty_commit(self, assembly: Assembly) -> None:
        message = forged(assembly)
        for group in assembly.others(FORGER):
            stage(group, message)

    def test_a_commit_of_everything(self, assembly: Assembly) -> None:
        extensions = (Extension(CIRCLE_EXTENSION, b"x"),)
        proposals: list[Proposal] = [
            Remove(LeafIndex(3)),
            Add(forge_key_package(assembly.newcomer())),
            GroupContextExtensions(extensions),
        ]
        message = forged(assembly, proposals)
        for group in assembly.others(FORGER):
            assert stage(group, message).removes_us == (group.own_leaf == 3)


# Key packages (section 10.1) and leaf nodes (section 7.3)

LeafChange = Callable[[LeafNode], LeafNode]
PackageChange = Callable[[KeyPackage], KeyPackage]


def capable(**changes: tuple[int, ...]) -> LeafChange:
    """Other capabilities."""
    return lambda leaf: replace(leaf, capabilities=replace(leaf.capabilities, **changes))


BAD_LEAVES: list[tuple[str, LeafChange]] = [
    ("leaf.suite", capable(cipher_suites=(1, 0x0A0A))),
    ("leaf.suite", capable(versions=(2,))),
    ("leaf.credential_listed", capable(credentials=(2,))),
    (
        "leaf.extension_listed",
        lambda leaf: replace(leaf, extensions=(Extension(0xFF01, b""),)),
    ),
    (
        "extensions.repeated",
        lambda leaf: replace(leaf, extensions=(Extension(LEAF_EXTENSION, b""),) * 2),
    ),
    ("key_package.source", lambda leaf: replace(leaf, source=CommitSource(bytes(32)))),
    ("key_package.source", lambda leaf: replace(leaf, source=UpdateSource())),
]
BAD_PACKAGES: list[tuple[str, PackageChange]] = [
    ("key_package.version", lambda package: replace(package, version=2)),
    ("key_package.suite", lambda package: replace(package, cipher_suite=1)),
    ("key_package.init_key", lambda package: replace(package, init_key=bytes(31))),
    ("key_package.init_key", lambda package: replace(package, init_key=SMALL_ORDER_POINTS[2])),
    (
        "key_package.keys_differ",
        lambda package: replace(package, init_key=package.leaf_node.encryption_key),
    ),
    (
        "extensions.repeated",
        lambda package: replace(package, extensions=(Extension(0x0A0A, b""),) * 2),
    ),
]


@pytest.mark.parametrize(("rule", "change"), BAD_LEAVES)
def test_a_key_package_with_a_bad_leaf_is_not_added(
    assembly: Assembly, rule: str, change: LeafChange
) -> None:
    package = forge_key_package(assembly.newcomer(), leaf=change)
    refuse(assembly, forged(assembly, [Add(package)]), rule)


@pytest.mark.parametrize(("rule", "change"), BAD_PACKAGES)
def test_a_bad_key_package_is_not_added(
    assembly: Assembly, rule: str, change: PackageChange
) -> None:
    package = forge_key_package(assembly.newcomer(), package=change)
    refuse(assembly, forged(assembly, [Add(package)]), rule)


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65)])
def test_a_key_package_is_signed_by_its_leaf(assembly: Assembly, signature: bytes) -> None:
    newcomer = assembly.newcomer()
    package = forge_key_package(newcomer, signed_package=lambda p: replace(p, signature=signature))
    refuse(assembly, forged(assembly, [Add(package)]), "key_package.signature")
    package = forge_key_package(newcomer, signed_leaf=lambda p: replace(p, signature=signature))
    refuse(assembly, forged(assembly, [Add(package)]), "leaf.signature")


def test_a_signature_with_another_scalar_is_not_one(assembly: Assembly) -> None:
    package = forge_key_package(
        assembly.newcomer(),
        signed_package=lambda p: replace(p, signature=malleable(p.signature)),
    )
    refuse(assembly, forged(assembly, [Add(package)]), "key_package.signature")


def test_unknown_code_points_and_grease_do_no_harm(assembly: Assembly) -> None:
    grease = (0x0A0A, 0xEAEA)

    def greased(leaf: LeafNode) -> LeafNode:
        old = leaf.capabilities
        new = replace(
            old,
            versions=(*grease, *old.versions),
            cipher_suites=(*grease, *old.cipher_suites),
            extensions=(*grease, *old.extensions),
            proposals=grease,
            credentials=(*grease, *old.credentials),
        )
        return replace(leaf, capabilities=new, extensions=(Extension(0x0A0A, b"grease"),))

    package = forge_key_package(
        assembly.newcomer(),
        leaf=greased,
        package=lambda p: replace(p, extensions=(Extension(0xFAFA, b"grease"),)),
    )
    message = forged(assembly, [Add(package)])
    for group in assembly.others(FORGER):
        stage(group, message)


# The group's parameters (sections 7.3, 11.1, 13.4)


def test_a_newcomer_meets_what_the_group_requires() -> None:
    required = RequiredCapabilities((CIRCLE_EXTENSION,), (0xF001,), (1,))
    extensions = (RequiredCapabilities((CIRCLE_EXTENSION,), (), (1,)).as_extension(),)
    assembly = Assembly("required", 3, extensions=extensions)
    package = forge_key_package(assembly.newcomer(), leaf=capable(extensions=(LEAF_EXTENSION,)))
    refuse(assembly, forged(assembly, [Add(package)]), "members.required_capabilities")
    harder = GroupContextExtensions((required.as_extension(),))
    refuse(assembly, forged(assembly, [harder]), "members.required_capabilities")
    credentials = RequiredCapabilities((), (), (1, 2)).as_extension()
    harder = GroupContextExtensions((credentials,))
    refuse(assembly, forged(assembly, [harder]), "members.required_capabilities")


def test_every_member_knows_every_extension_of_the_group(assembly: Assembly) -> None:
    unknown = GroupContextExtensions((Extension(0xFF01, b""),))
    refuse(assembly, forged(assembly, [unknown]), "members.extensions")
    assembly.commit(0, [GroupContextExtensions((Extension(CIRCLE_EXTENSION, b""),))])
    package = forge_key_package(assembly.newcomer(), leaf=capable(extensions=()))
    refuse(assembly, forged(assembly, [Add(package)]), "members.extensions")


def test_a_group_has_each_extension_once(assembly: Assembly) -> None:
    twice = GroupContextExtensions((Extension(CIRCLE_EXTENSION, b""),) * 2)
    refuse(assembly, forged(assembly, [twice]), "extensions.repeated")


def test_every_member_knows_every_credential_in_use(assembly: Assembly) -> None:
    newcomer = assembly.newcomer(
        credential=X509Credential((b"a certificate",)),
        capabilities=replace(assembly.capabilities, credentials=(1, 2)),
    )
    refuse(assembly, forged(assembly, [Add(newcomer.key_package)]), "members.credentials")
    newcomer = assembly.newcomer(
        credential=X509Credential(()),
        capabilities=replace(assembly.capabilities, credentials=(2,)),
    )
    refuse(assembly, forged(assembly, [Add(newcomer.key_package)]), "members.credentials")


def test_keys_are_used_once(assembly: Assembly) -> None:
    package = assembly.newcomer().key_package
    signer = assembly.secrets[LeafIndex(2)].signature_key_pair
    twin = forge_key_package(assembly.newcomer(signature_key_pair=signer))
    refuse(assembly, forged(assembly, [Add(twin)]), "tree.signature_key_reuse")
    again = forge_key_package(assembly.secrets[LeafIndex(2)])
    refuse(assembly, forged(assembly, [Add(again)]), "tree.signature_key_reuse")
    refuse(assembly, forged(assembly, [Add(package)] * 2), "tree.signature_key_reuse")
    for node in (2 * 3, 3):  # a leaf's key, and a parent's
        taken = assembly[0].tree.node(NodeIndex(node))
        assert taken is not None
        reused = forge_key_package(assembly.newcomer(), leaf=with_key(taken.encryption_key))
        refuse(assembly, forged(assembly, [Add(reused)]), "tree.key_reuse")


def with_key(key: bytes) -> LeafChange:
    """Another encryption key."""
    return lambda leaf: replace(leaf, encryption_key=key)


@pytest.mark.parametrize("key", [*SMALL_ORDER_POINTS, b"", bytes(31), bytes(33)])
def test_a_key_that_nobody_can_encrypt_to_stays_out(assembly: Assembly, key: bytes) -> None:
    unusable = forge_key_package(assembly.newcomer(), leaf=with_key(key))
    refuse(assembly, forged(assembly, [Add(unusable)]), "tree.encryption_key")


def test_a_client_may_come_in_again_where_its_leaf_goes(assembly: Assembly) -> None:
    signer = assembly.secrets[LeafIndex(2)].signature_key_pair
    again = assembly.newcomer(signature_key_pair=signer)
    message = forged(assembly, [Remove(LeafIndex(2)), Add(again.key_package)])
    for group in assembly.others(FORGER):
        stage(group, message)


# Lists of proposals (section 12.2)


def test_proposals_outside_the_subset_are_refused(assembly: Assembly) -> None:
    for proposal, rule in (
        (ProposalReference(bytes(32)), "proposals.by_reference"),
        (ReInit(b"another", 1, 3, ()), "proposals.reinit"),
        (ExternalInit(bytes(32)), "proposals.external_init"),
    ):
        refuse(assembly, forged(assembly, [proposal]), rule, RefusedError)


def test_a_committer_does_not_update_itself(assembly: Assembly) -> None:
    epoch = assembly[FORGER].state.epoch
    leaf = replace(epoch.own_leaf_node(), encryption_key=bytes(range(32)), source=UpdateSource())
    signed = leaf.signed(SUITE, epoch.signature_key_pair, epoch.context.group_id, LeafIndex(FORGER))
    refuse(assembly, forged(assembly, [Update(signed)]), "proposals.own_update")


def test_a_committer_does_not_remove_itself(assembly: Assembly) -> None:
    message = forged(assembly, [Remove(LeafIndex(FORGER))])
    refuse(assembly, message, "proposals.remove_committer")


@pytest.mark.parametrize("leaf", [6, 7, 8, 1 << 20, 0xFFFF_FFFF])
def test_only_members_are_removed(assembly: Assembly, leaf: int) -> None:
    message = forged(assembly, [Remove(LeafIndex(leaf))])
    refuse(assembly, message, "proposals.remove_blank")


def test_a_member_is_removed_once(assembly: Assembly) -> None:
    message = forged(assembly, [Remove(LeafIndex(2))] * 2)
    refuse(assembly, message, "proposals.same_leaf")


def test_the_groups_extensions_are_set_once(assembly: Assembly) -> None:
    message = forged(assembly, [GroupContextExtensions(())] * 2)
    refuse(assembly, message, "proposals.extensions_twice")


def test_pre_shared_keys_are_used_as_they_may_be(assembly: Assembly) -> None:
    for usage in (ResumptionPskUsage.REINIT, ResumptionPskUsage.BRANCH):
        resumption = PreSharedKeyID(ResumptionPsk(usage, b"group", 1), bytes(32))
        refuse(assembly, forged(assembly, [PreSharedKey(resumption)]), "psk.usage")
    for length in (0, 31, 33):
        short = PreSharedKeyID(PSK, bytes(length))
        refuse(assembly, forged(assembly, [PreSharedKey(short)]), "psk.nonce_length")
    refuse(assembly, forged(assembly, [PreSharedKey(PSK_ID)] * 2), "psk.repeated")


# Paths (sections 7.3, 7.5, 7.6, 12.4)


@pytest.mark.parametrize(
    "proposals",
    [
        [],
        [Remove(LeafIndex(3))],
        [GroupContextExtensions(())],
        [PreSharedKey(PSK_ID), Remove(LeafIndex(3))],
    ],
)
def test_a_path_is_there_where_it_must(assembly: Assembly, proposals: list[Proposal]) -> None:
    refuse(assembly, forged(assembly, proposals, Forgery(with_path=False)), "commit.path_required")


BAD_PATH_LEAVES: list[tuple[str, LeafChange]] = [
    ("path.leaf_source", lambda leaf: replace(leaf, source=UpdateSource())),
    ("path.leaf_source", lambda leaf: replace(leaf, source=KeyPackageSource(LIFETIME))),
    ("path.credential", lambda leaf: replace(leaf, credential=BasicCredential(b"somebody else"))),
    ("path.parent_hash", lambda leaf: replace(leaf, source=CommitSource(bytes(32)))),
    ("path.parent_hash", lambda leaf: replace(leaf, source=CommitSource(b""))),
    ("path.encryption_key", lambda leaf: replace(leaf, encryption_key=SMALL_ORDER_POINTS[0])),
    ("leaf.suite", capable(cipher_suites=())),
    ("leaf.credential_listed", capable(credentials=())),
    ("leaf.extension_listed", lambda leaf: replace(leaf, extensions=(Extension(0xFF01, b""),))),
]


@pytest.mark.parametrize(("rule", "change"), BAD_PATH_LEAVES)
def test_the_leaf_of_a_path_is_a_good_one(
    assembly: Assembly, rule: str, change: LeafChange
) -> None:
    refuse(assembly, forged(assembly, [], Forgery(leaf=change)), rule)


def test_the_leaf_of_a_path_is_signed_for_its_place(assembly: Assembly) -> None:
    epoch = assembly[FORGER].state.epoch
    key_pair = epoch.signature_key_pair

    def elsewhere(leaf: LeafNode) -> LeafNode:
        return leaf.signed(SUITE, key_pair, epoch.context.group_id, LeafIndex(0))

    def in_another_group(leaf: LeafNode) -> LeafNode:
        return leaf.signed(SUITE, key_pair, b"another group", LeafIndex(FORGER))

    for change in (elsewhere, in_another_group):
        refuse(assembly, forged(assembly, [], Forgery(signed_leaf=change)), "leaf.signature")


def test_the_keys_of_a_path_are_fresh(assembly: Assembly) -> None:
    def old_leaf_key(leaf: LeafNode) -> LeafNode:
        own = assembly[FORGER].member(LeafIndex(FORGER))
        assert own is not None
        return replace(leaf, encryption_key=own.encryption_key)

    refuse(assembly, forged(assembly, [], Forgery(leaf=old_leaf_key)), "path.key_reuse")
    root = assembly[0].tree.parent(assembly[0].tree.root)
    assert root is not None
    for key, rule in ((root.encryption_key, "path.key_reuse"), (bytes(32), "path.encryption_key")):
        for place in (0, 1):

            def reused(path: UpdatePath, key: bytes = key, place: int = place) -> UpdatePath:
                nodes = list(path.nodes)
                nodes[place] = replace(nodes[place], encryption_key=key)
                return replace(path, nodes=tuple(nodes))

            refuse(assembly, forged(assembly, [], Forgery(path=reused)), rule)

    def same_twice(path: UpdatePath) -> UpdatePath:
        first, second, *rest = path.nodes
        second = replace(second, encryption_key=first.encryption_key)
        return replace(path, nodes=(first, second, *rest))

    refuse(assembly, forged(assembly, [], Forgery(path=same_twice)), "path.key_reuse")


def test_a_path_has_a_node_for_each_step(assembly: Assembly) -> None:
    for change in (
        lambda path: replace(path, nodes=path.nodes[:-1]),
        lambda path: replace(path, nodes=()),
        lambda path: replace(path, nodes=(*path.nodes, path.nodes[0])),
    ):
        refuse(assembly, forged(assembly, [], Forgery(path=change)), "path.length")


def test_a_node_has_a_ciphertext_for_each_receiver(assembly: Assembly) -> None:
    def without(path: UpdatePath) -> UpdatePath:
        first, *rest = path.nodes
        return replace(path, nodes=(replace(first, encrypted_path_secret=()), *rest))

    def doubled(path: UpdatePath) -> UpdatePath:
        first, *rest = path.nodes
        sealed = first.encrypted_path_secret * 2
        return replace(path, nodes=(replace(first, encrypted_path_secret=sealed), *rest))

    for change in (without, doubled):
        refuse(assembly, forged(assembly, [], Forgery(path=change)), "path.ciphertexts")


def test_a_path_is_not_encrypted_to_those_just_added(assembly: Assembly) -> None:
    """A committer that forgets to leave the newcomer out sends a ciphertext too many."""

    def one_more(path: UpdatePath) -> UpdatePath:
        *rest, last = path.nodes
        sealed = (*last.encrypted_path_secret, last.encrypted_path_secret[0])
        return replace(path, nodes=(*rest, replace(last, encrypted_path_secret=sealed)))

    add = Add(assembly.newcomer().key_package)
    message = forged(assembly, [add], Forgery(path=one_more, with_path=True))
    refuse(assembly, message, "path.ciphertexts")


# What only our own keys can show (section 12.4.2)


def stuck(assembly: Assembly, message: bytes, rule: str, leaves: set[int]) -> None:
    """These members can't follow, and are what they were; the others can."""
    before = assembly.snapshots()
    for group in assembly.others(FORGER):
        if group.own_leaf in leaves:
            with pytest.raises(StuckError) as caught:
                group.process(message)
            assert caught.value.rule == rule
        else:
            stage(group, message)
    assert assembly.snapshots() == before


def spoil(node: int, place: int, sealed: HpkeCiphertext | None = None) -> Forgery:
    """A path with one ciphertext spoilt, or exchanged."""

    def change(path: UpdatePath) -> UpdatePath:
        nodes = list(path.nodes)
        secrets = list(nodes[node].encrypted_path_secret)
        old = secrets[place]
        spoilt = old.ciphertext[:-1] + bytes((old.ciphertext[-1] ^ 1,))
        secrets[place] = replace(old, ciphertext=spoilt) if sealed is None else sealed
        nodes[node] = replace(nodes[node], encrypted_path_secret=tuple(secrets))
        return replace(path, nodes=tuple(nodes))

    return Forgery(path=change)


def test_a_path_secret_that_one_member_cannot_open(assembly: Assembly) -> None:
    stuck(assembly, forged(assembly, [], spoil(0, 0)), "hpke.ciphertext", {0})


def test_a_path_secret_of_small_order_is_not_opened(assembly: Assembly) -> None:
    zero = HpkeCiphertext(bytes(32), bytes(48))
    stuck(assembly, forged(assembly, [], spoil(0, 0, zero)), "hpke.encapsulated_key", {0})


def test_a_path_secret_that_leads_elsewhere(assembly: Assembly) -> None:
    """Good for one member, bad for another: it opens, but the key that it gives is another."""
    for place, leaves in ((0, {0}), (1, {2, 3}), (2, {4, 5})):

        def swap(secrets: tuple[Secret, ...], place: int = place) -> tuple[Secret, ...]:
            return (*secrets[:place], Secret(bytes(32)), *secrets[place + 1 :])

        message = forged(assembly, [], Forgery(secrets=swap))
        stuck(assembly, message, "path.derived_key", leaves)


def test_a_wrong_confirmation_tag(assembly: Assembly) -> None:
    for tag in (lambda tag: bytes(32), lambda tag: tag[:-1], lambda tag: b""):
        stuck(
            assembly,
            forged(assembly, [], Forgery(tag=tag)),
            "commit.confirmation_tag",
            {0, 2, 3, 4, 5},
        )


def test_a_pre_shared_key_that_we_lack(assembly: Assembly) -> None:
    message = forged(assembly, [PreSharedKey(PSK_ID)])
    stuck(assembly, message, "commit.psk", {0, 2, 3, 4, 5})


def test_a_pre_shared_key_that_is_another(assembly: Assembly) -> None:
    message = forged(assembly, [PreSharedKey(PSK_ID)])
    before = assembly.snapshots()
    with pytest.raises(StuckError) as caught:
        assembly[0].process(message, psks={PSK_ID: Secret(b"not the same")}.get)
    assert caught.value.rule == "commit.confirmation_tag"
    assert assembly.snapshots() == before


def test_life_goes_on_after_all_that(assembly: Assembly) -> None:
    for wrong in (spoil(0, 0), Forgery(tag=lambda tag: bytes(32)), Forgery(with_path=False)):
        message = forged(assembly, [], wrong)
        for group in assembly.others(FORGER):
            try:
                group.process(message)
            except PeerError:
                pass
    assembly.commit(FORGER)
    assembly.talk()


def test_only_a_members_commit_is_checked(assembly: Assembly) -> None:
    epoch = assembly[0].state.epoch
    with pytest.raises(InternalError):
        check_commit(epoch, sign(epoch, framed_content(epoch, b"no commit")))
    elsewhere = replace(framed_content(epoch, Commit((), None)))
    sender = replace(elsewhere.sender, index=6)
    with pytest.raises(InternalError):
        check_commit(epoch, sign(epoch, replace(elsewhere, sender=sender)))


def test_who_commits_holds_to_the_same_rules(assembly: Assembly) -> None:
    """Our own code makes none of these: `commit` refuses before a key is used."""
    before = assembly.snapshots()
    for proposals, rule in (
        ([Remove(LeafIndex(FORGER))], "proposals.remove_committer"),
        ([Remove(LeafIndex(6))], "proposals.remove_blank"),
        ([GroupContextExtensions((Extension(0xFF01, b""),))], "members.extensions"),
        ([ReInit(b"", 1, 3, ())], "proposals.reinit"),
    ):
        with pytest.raises(PeerError) as caught:
            assembly[FORGER].commit(proposals, assembly.rng, now=NOW)
        assert caught.value.rule == rule
    with pytest.raises(InvalidError) as invalid:
        assembly[FORGER].commit(
            [], assembly.rng, now=NOW, leaf_extensions=(Extension(0xFF01, b""),)
        )
    assert invalid.value.rule == "leaf.extension_listed"
    assert assembly.snapshots() == before
    assert save_epoch(assembly[0]) and save_ratchets(assembly[0])
