"""Commits that a member forged: each breaks one rule, is refused by it, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from crypto.mls.commit import Commit, ProposalReference
from crypto.mls.credential import BasicCredential
from crypto.mls.errors import InternalError, InvalidError, PeerError, RefusedError, StuckError
from crypto.mls.extensions import Extension
from crypto.mls.hpke import HpkeCiphertext
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
from crypto.mls.tree_math import LeafIndex
from crypto.mls.treekem import UpdatePath
from crypto.secret import Secret
from tests.crypto.mls.assembly import CIRCLE_EXTENSION, NOW, Assembly, refusing, stage
from tests.crypto.mls.forge import (
    Forgery,
    capable,
    forge_commit,
    forge_key_package,
    framed_content,
    sign,
)
from tests.crypto.mls.members import LIFETIME, SMALL_ORDER_POINTS, SUITE

FORGER = 1
PSK = ExternalPsk(b"a key")
PSK_ID = PreSharedKeyID(PSK, bytes(32))


def refuse(
    assembly: Assembly, message: bytes, rule: str, kind: type[PeerError] = InvalidError
) -> None:
    assembly.refuse(FORGER, message, rule, kind, psks={PSK_ID: Secret(b"known")}.get)


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


LeafChange = Callable[[LeafNode], LeafNode]

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


def test_a_resumption_key_is_used_in_an_application(assembly: Assembly) -> None:
    former = ResumptionPsk(ResumptionPskUsage.APPLICATION, b"group", 1)
    psk_id = PreSharedKeyID(former, bytes(32))
    psks = {psk_id: Secret(b"the secret of an epoch before")}.get
    assembly.commit(FORGER, [PreSharedKey(psk_id)], psks=psks)


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
            with refusing(group, rule, StuckError):
                group.process(message)
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
    with refusing(assembly[0], "commit.confirmation_tag", StuckError):
        assembly[0].process(message, psks={PSK_ID: Secret(b"not the same")}.get)


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
