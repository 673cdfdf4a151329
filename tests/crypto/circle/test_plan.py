"""Adds, Removes and paths: each row of the second table of docs/protocol.md section 2.

Every kind of proposal once as it should be, and then with one thing wrong at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from crypto.access.side_data import AddDevice, Depart, Rekey, Remove
from crypto.circle.errors import CommitRefusedError
from crypto.circle.plan import (
    AS_DEVICE,
    AS_REJOIN,
    BY_INVITE,
    PATH,
    REMOVE,
    understand,
)
from crypto.circle.state import MemberRecord
from crypto.circle.view import Change, Joiner
from crypto.mls.tree_math import LeafIndex
from tests.crypto.circle.scene import (
    ANA,
    ANAS_CODE,
    AT_ANA,
    AT_BO,
    AT_CY,
    AT_LAPTOP,
    BO,
    BOS_CODE,
    CY,
    DEE,
    EPOCH,
    EVE,
    LAPTOP,
    STATE,
    VIEW,
    Code,
    Somebody,
    change,
    entry,
    newcomer,
    resigned,
    welcome,
    with_newcomer,
    without,
)


def refused(attempt: Change, rule: str, words: str) -> None:
    with pytest.raises(CommitRefusedError, match=words) as caught:
        understand(attempt)
    assert caught.value.rule == rule
    # whose commit it is, `check` adds
    assert (caught.value.member, caught.value.name) == (b"", "")


def with_joiner(attempt: Change, joiner: Joiner) -> Change:
    return replace(attempt, added=(joiner, *attempt.added[1:]))


# Add, by invite


def test_somebody_comes_in_on_a_code_that_any_member_answers() -> None:
    for committer, by in ((AT_ANA, ANA), (AT_BO, BO), (AT_CY, CY), (AT_LAPTOP, BO)):
        plan = understand(entry(committer, by, DEE, ANAS_CODE))
        assert [entered.joiner.leaf for entered in plan.entries] == [DEE.leaf()]
        assert plan.entries[0].invite == ANAS_CODE.invite
        assert plan.members_after() == (
            *STATE.members,
            MemberRecord(DEE.key, 4, EPOCH + 1, ANA.key, by.key),
        )
        assert not plan.withdraws
        assert not plan.gone


def test_two_come_in_at_once_in_the_commits_order() -> None:
    both = with_newcomer(with_newcomer(STATE, EVE, ANAS_CODE, CY), DEE, ANAS_CODE, CY)
    attempt = change(AT_CY, both, added=[newcomer(EVE, ANAS_CODE), newcomer(DEE, ANAS_CODE)])
    assert understand(attempt).members_after() == both.members


def test_a_code_that_is_not_open_lets_nobody_in() -> None:
    unknown = Code.by(ANA, 1, "another")
    joiner = newcomer(DEE, unknown)
    refused(change(AT_ANA, added=[joiner]), BY_INVITE, "Dee comes in on a code that is not open")


def test_a_code_made_in_the_same_commit_lets_nobody_in() -> None:
    fresh = Code.by(CY, 1, "fresh")
    invites = tuple(sorted((*STATE.invites, fresh.invite), key=lambda invite: invite.id))
    attempt = change(AT_CY, replace(STATE, invites=invites), added=[newcomer(DEE, fresh)])
    refused(attempt, BY_INVITE, "not open")


PROOFS: list[Callable[[Joiner], Joiner]] = [
    lambda joiner: replace(joiner, proof=Code.prove(BOS_CODE, joiner.leaf, joiner.init_key)),
    lambda joiner: replace(joiner, init_key=b"\x01" * 32),
    lambda joiner: replace(joiner, leaf=resigned(DEE, leaf_key=b"\x01" * 32)),
    lambda joiner: replace(joiner, leaf=resigned(DEE, access_key=b"\x01" * 32)),
    lambda joiner: replace(joiner, leaf=EVE.leaf()),
]


@pytest.mark.parametrize("forge", PROOFS)
def test_a_proof_signed_by_another_code_or_for_other_keys_is_none(
    forge: Callable[[Joiner], Joiner],
) -> None:
    attempt = entry(AT_ANA, ANA, DEE, ANAS_CODE)
    forged = forge(attempt.added[0])
    assert forged.proof is not None
    named = replace(forged.proof, invite_id=ANAS_CODE.invite.id)
    refused(
        with_joiner(attempt, replace(forged, proof=named)), BY_INVITE, "The code did not sign for"
    )


def test_who_is_in_does_not_take_another_chair() -> None:
    tablet = BO.another_device("tablet")
    joiner = newcomer(tablet, ANAS_CODE)
    refused(change(AT_ANA, added=[joiner]), BY_INVITE, "Bo is in already")


def test_one_person_does_not_take_two_chairs_in_one_commit() -> None:
    twin = DEE.another_device("twin")
    attempt = change(AT_ANA, added=[newcomer(DEE, ANAS_CODE), newcomer(twin, ANAS_CODE)])
    refused(attempt, BY_INVITE, "One person takes one chair")


def test_a_code_for_one_does_not_let_two_in() -> None:
    attempt = change(AT_BO, added=[newcomer(DEE, BOS_CODE), newcomer(EVE, BOS_CODE)])
    refused(attempt, BY_INVITE, "more people than it was made for")


def test_nobody_comes_in_where_all_chairs_are_taken() -> None:
    three = replace(STATE, cap=3)
    attempt = entry(AT_ANA, ANA, DEE, ANAS_CODE)
    refused(
        replace(attempt, view=replace(VIEW, state=three), new=three),
        BY_INVITE,
        "All 3 chairs are taken",
    )


def test_the_last_chair_can_be_taken() -> None:
    attempt = entry(AT_ANA, ANA, DEE, ANAS_CODE)
    four = replace(attempt.new, cap=4)
    assert understand(replace(attempt, new=four)).entries


# What every newcomer brings


@pytest.mark.parametrize("code", [ANAS_CODE, None])
@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"leaf_key": CY.identity.leaf.public}, "leaf key is another device's"),
        ({"access_key": CY.access.public}, "access key is another device's"),
    ],
)
def test_a_newcomer_has_keys_of_its_own(
    code: Code | None, keys: dict[str, object], words: str
) -> None:
    leaf = resigned(BO.another_device("tablet"), **keys)
    proof = None if code is None else code.prove(leaf, b"")
    rule = AS_DEVICE if code is None else BY_INVITE
    refused(change(AT_BO, added=[Joiner(leaf, b"", proof)]), rule, words)


def test_two_newcomers_do_not_share_a_key() -> None:
    leaf = resigned(EVE, access_key=DEE.access.public)
    attempt = change(
        AT_BO,
        added=[newcomer(DEE, ANAS_CODE), Joiner(leaf, b"", ANAS_CODE.prove(leaf, b""))],
    )
    refused(attempt, BY_INVITE, "access key is another device's")
    leaf = resigned(EVE, leaf_key=DEE.identity.leaf.public)
    attempt = change(
        AT_BO,
        added=[newcomer(DEE, ANAS_CODE), Joiner(leaf, b"", ANAS_CODE.prove(leaf, b""))],
    )
    refused(attempt, BY_INVITE, "leaf key is another device's")


def test_a_newcomer_does_not_take_the_committers_new_access_key() -> None:
    attempt = change(
        AT_BO,
        added=[newcomer(DEE, ANAS_CODE)],
        own_leaf=resigned(BO, access_key=DEE.access.public),
    )
    refused(attempt, BY_INVITE, "access key is another device's")


def test_a_newcomers_member_key_vouches_for_it() -> None:
    leaf = DEE.leaf()
    forged = replace(leaf, device=replace(leaf.device, signature=bytes(64)))
    joiner = Joiner(forged, b"", ANAS_CODE.prove(forged, b""))
    refused(change(AT_ANA, added=[joiner]), BY_INVITE, "does not vouch for the newcomer")


# Add, as another device


def test_a_device_adds_another_of_the_same_person() -> None:
    tablet = newcomer(BO.another_device("tablet"))
    for committer in (AT_BO, AT_LAPTOP):
        plan = understand(change(committer, added=[tablet]))
        assert plan.devices == (tablet,)
        assert plan.members_after() == STATE.members


def test_nobody_adds_a_device_of_somebody_else_not_even_a_host() -> None:
    tablet = newcomer(BO.another_device("tablet"))
    refused(change(AT_ANA, added=[tablet]), AS_DEVICE, "Bo comes in without a code")


def test_nobody_adds_a_person_without_a_code() -> None:
    refused(change(AT_ANA, added=[newcomer(DEE)]), AS_DEVICE, "Dee comes in without a code")


def test_a_person_has_at_most_three_devices() -> None:
    tablet, watch = newcomer(BO.another_device("tablet")), newcomer(BO.another_device("watch"))
    attempt = change(AT_BO, added=[tablet, watch])
    refused(attempt, AS_DEVICE, "at most 3 devices")
    swap = replace(attempt, removed=(AT_LAPTOP,))
    assert understand(swap).devices == (tablet, watch)


# Add, as rejoin


def back(before: Somebody, committer: LeafIndex = AT_ANA) -> Change:
    """A device comes in again with fresh keys, as it should be."""
    again = newcomer(before.another_device("again"))
    at = VIEW.with_signature_key(before.identity.leaf.public)
    assert at is not None
    return change(
        committer,
        added=[again],
        removed=[at],
        deltas=[before.rekey(again.leaf.access_key), welcome(again)],
    )


@pytest.mark.parametrize("committer", [AT_ANA, AT_CY])
@pytest.mark.parametrize("who", [BO, LAPTOP])
def test_a_device_comes_in_again_by_anybody(who: Somebody, committer: LeafIndex) -> None:
    plan = understand(back(who, committer))
    assert [rejoin.before for rejoin in plan.rejoins] == [who.leaf()]
    assert plan.members_after() == STATE.members
    assert not plan.withdraws
    assert not plan.gone
    assert plan.removed == ()


def test_nobody_comes_in_again_without_the_old_access_keys_word() -> None:
    attempt = back(BO)
    rekey = attempt.deltas[0]
    assert isinstance(rekey, Rekey)
    forged = replace(rekey, signature=CY.access.sign(b"no"))
    refused(
        replace(attempt, deltas=(forged, attempt.deltas[1])), AS_REJOIN, "Bo did not ask to come in"
    )


def test_who_comes_in_again_leaves_the_old_leaf() -> None:
    attempt = back(BO)
    refused(replace(attempt, removed=()), AS_REJOIN, "without its leaf before")
    refused(replace(attempt, removed=(AT_LAPTOP,)), AS_REJOIN, "without its leaf before")
    stranger = EVE.rekey(attempt.added[0].leaf.access_key)
    refused(replace(attempt, deltas=(stranger,)), AS_REJOIN, "without its leaf before")


def test_a_rekey_for_another_key_brings_nobody_back() -> None:
    """The newcomer's own access key has to be the one that the old key named."""
    attempt = back(BO)
    other = newcomer(BO.another_device("other")).leaf.access_key
    refused(
        replace(attempt, deltas=(BO.rekey(other), attempt.deltas[1])),
        AS_DEVICE,
        "comes in without a code",
    )


def test_nobody_comes_in_again_as_somebody_else() -> None:
    joiner = newcomer(EVE)
    attempt = change(
        AT_ANA,
        added=[joiner],
        removed=[AT_CY],
        deltas=[CY.rekey(joiner.leaf.access_key), welcome(joiner)],
    )
    refused(attempt, AS_REJOIN, "as somebody else's")


def test_one_leaf_does_not_come_back_as_two() -> None:
    one, two = newcomer(BO.another_device("one")), newcomer(BO.another_device("two"))
    attempt = change(
        AT_ANA,
        added=[one, two],
        removed=[AT_BO],
        deltas=[BO.rekey(one.leaf.access_key), BO.rekey(two.leaf.access_key)],
    )
    refused(attempt, AS_REJOIN, "can't come in again twice")


def test_who_comes_in_again_has_a_new_leaf_key() -> None:
    attempt = back(BO)
    leaf = resigned(BO, access_key=attempt.added[0].leaf.access_key)
    refused(with_joiner(attempt, Joiner(leaf, b"")), AS_DEVICE, "leaf key is another device's")


def test_who_comes_in_again_has_a_new_access_key() -> None:
    attempt = back(BO)
    leaf = resigned(BO.another_device("again"), access_key=BO.access.public)
    refused(with_joiner(attempt, Joiner(leaf, b"")), AS_DEVICE, "access key is another device's")


# Remove


@pytest.mark.parametrize("leaf", [AT_BO, AT_CY, AT_LAPTOP])
def test_a_host_removes_any_device(leaf: LeafIndex) -> None:
    plan = understand(change(AT_ANA, removed=[leaf]))
    assert plan.removed == (VIEW.leaves[leaf],)
    assert plan.withdraws
    assert plan.gone == ({CY.key} if leaf == AT_CY else set())


def test_a_member_removes_another_device_of_their_own() -> None:
    plan = understand(change(AT_BO, removed=[AT_LAPTOP]))
    assert plan.removed == (LAPTOP.leaf(),)
    assert plan.members_after() == STATE.members


@pytest.mark.parametrize("removed", [AT_ANA, AT_CY])
def test_who_is_no_host_removes_nobody_else(removed: LeafIndex) -> None:
    name = VIEW.leaves[removed].name
    refused(change(AT_BO, removed=[removed]), REMOVE, f"Only a host can remove {name}")


def test_a_device_does_not_remove_itself() -> None:
    refused(change(AT_ANA, removed=[AT_ANA]), REMOVE, "can't remove itself")
    word = change(AT_CY, removed=[AT_CY], deltas=[CY.departure()])
    refused(word, REMOVE, "can't remove itself")


def test_a_removal_of_all_devices_takes_the_member_away() -> None:
    plan = understand(change(AT_ANA, removed=[AT_BO, AT_LAPTOP]))
    assert plan.gone == {BO.key}
    assert [record.member for record in plan.members_after()] == [ANA.key, CY.key]


@pytest.mark.parametrize("word", [BO, LAPTOP])
def test_anybody_carries_out_that_a_member_left(word: Somebody) -> None:
    attempt = change(
        AT_CY, without(STATE, BO), removed=[AT_BO, AT_LAPTOP], deltas=[word.departure()]
    )
    plan = understand(attempt)
    assert plan.departed == (BO.key,)
    assert plan.removed == ()
    assert plan.gone == {BO.key}
    assert plan.withdraws


def test_who_leaves_does_so_with_all_devices() -> None:
    attempt = change(AT_CY, removed=[AT_BO], deltas=[BO.departure()])
    refused(attempt, REMOVE, "with all devices")
    by_host = replace(attempt, committer=AT_ANA, own_leaf=None)
    refused(by_host, REMOVE, "with all devices")


def test_nobody_leaves_and_comes_in_again_at_once() -> None:
    attempt = back(BO)
    both = replace(
        attempt,
        removed=(AT_BO, AT_LAPTOP),
        deltas=(*attempt.deltas, LAPTOP.departure()),
    )
    refused(both, REMOVE, "with all devices")


@pytest.mark.parametrize(
    "delta",
    [
        Depart(CY.access.public, bytes(64)),
        Depart(CY.access.public, BO.departure().signature),
        BO.departure(),
        EVE.departure(),
        Remove(CY.access.public),
        AddDevice(CY.access.public),
    ],
)
def test_without_their_own_word_nobody_left(delta: Depart | Remove | AddDevice) -> None:
    attempt = change(AT_BO, removed=[AT_CY], deltas=[delta])
    refused(attempt, REMOVE, "Only a host can remove Cy")


# path


def test_a_device_renames_itself_and_changes_its_access_key() -> None:
    own_leaf = resigned(BO, name="Bob", label="phone", access_key=b"\x01" * 32)
    assert understand(change(AT_BO, own_leaf=own_leaf)).change.own_leaf == own_leaf


def test_a_commit_without_a_path_leaves_the_leaf_as_it_is() -> None:
    attempt = replace(entry(AT_BO, BO, DEE, ANAS_CODE), own_leaf=None)
    assert understand(attempt).change.leaves_after() == [*VIEW.leaves.values(), DEE.leaf()]


@pytest.mark.parametrize(
    ("own_leaf", "words"),
    [
        (CY.leaf(), "can't become somebody else's"),
        (LAPTOP.leaf(), "keeps its leaf key"),
        (
            replace(BO.leaf(), device=replace(BO.leaf().device, access_key=b"\x01" * 32)),
            "does not vouch for the device",
        ),
        (
            replace(BO.leaf(), device=replace(BO.leaf().device, signature=bytes(64))),
            "does not vouch for the device",
        ),
        (resigned(BO, access_key=CY.access.public), "access key is another device's"),
        (resigned(BO, access_key=LAPTOP.access.public), "access key is another device's"),
    ],
)
def test_a_path_does_not_make_another_device_of_it(own_leaf: object, words: str) -> None:
    attempt = replace(change(AT_BO), own_leaf=own_leaf)  # type: ignore[arg-type]
    refused(attempt, PATH, words)
