"""Side data against the tree: no more, no less, and validly signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from crypto.access.side_data import (
    RETENTION_USUAL,
    AddDevice,
    AddInvite,
    Admit,
    Cap,
    Delta,
    Depart,
    Flag,
    Keep,
    LeaveWelcome,
    OpenInvite,
    Rekey,
    Remove,
    ReplaceCard,
    RevokeInvite,
    TakenSeat,
    WholeRoster,
    encode,
)
from crypto.circle.errors import CommitRefusedError
from crypto.circle.rules import check
from crypto.circle.sides import committed_hash
from crypto.circle.view import Change
from crypto.primitives import sha256
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
    EVE,
    LAPTOP,
    STATE,
    Code,
    change,
    entry,
    newcomer,
    resigned,
    welcome,
    without,
)

CARD = b"\x0f" * 32
NEW_CODE = Code.by(BO, 3, "new")
BOTH = tuple(sorted((ANA.key, BO.key)))
NEW_KEY = EVE.access.public


def add_invite(**changes: object) -> AddInvite:
    invite = NEW_CODE.invite
    delta = AddInvite(
        invite.id, NEW_CODE.keys.access.public, invite.signing_key, 3, invite.expires_at, CARD
    )
    return replace(delta, **changes)  # type: ignore[arg-type]


WHOLE: list[Delta] = [
    WholeRoster(5),
    Keep(RETENTION_USUAL),
    TakenSeat(ANA.access.public, True),
    TakenSeat(BO.access.public, False),
    TakenSeat(LAPTOP.access.public, False),
    TakenSeat(CY.access.public, False),
    OpenInvite(ANAS_CODE.invite.id, 2),
    OpenInvite(BOS_CODE.invite.id, 1),
]


def device_added() -> Change:
    tablet = newcomer(BO.another_device("tablet"))
    return change(
        AT_BO, added=[tablet], deltas=[AddDevice(tablet.leaf.access_key), welcome(tablet)]
    )


def came_back() -> Change:
    again = newcomer(CY.another_device("again"))
    rekey = CY.rekey(again.leaf.access_key)
    return change(AT_ANA, added=[again], removed=[AT_CY], deltas=[rekey, welcome(again)])


def removed() -> Change:
    deltas: list[Delta] = [Remove(BO.access.public), Remove(LAPTOP.access.public)]
    return change(AT_ANA, without(STATE, BO), removed=[AT_BO, AT_LAPTOP], deltas=deltas)


def left() -> Change:
    return change(AT_CY, without(STATE, BO), removed=[AT_BO, AT_LAPTOP], deltas=[BO.departure()])


def host_left() -> Change:
    deltas: list[Delta] = [ANA.departure(), Flag(BO.access.public, True)]
    return change(AT_CY, without(STATE, ANA), removed=[AT_ANA], deltas=deltas)


def rekeyed() -> Change:
    return change(AT_BO, own_leaf=resigned(BO, access_key=NEW_KEY), deltas=[BO.rekey(NEW_KEY)])


def handed_over() -> Change:
    deltas: list[Delta] = [Flag(LAPTOP.access.public, True), Flag(ANA.access.public, False)]
    return change(AT_ANA, replace(STATE, hosts=(BO.key,)), deltas=deltas)


def kept_longer() -> Change:
    return change(AT_ANA, replace(STATE, retention=86_400), deltas=[Keep(86_400)])


def lowered() -> Change:
    return change(AT_ANA, replace(STATE, cap=4), deltas=[Cap(4)])


def code_made() -> Change:
    invites = tuple(sorted((*STATE.invites, NEW_CODE.invite), key=lambda invite: invite.id))
    return change(AT_BO, replace(STATE, invites=invites), deltas=[add_invite()])


def code_withdrawn() -> Change:
    invites = tuple(i for i in STATE.invites if i.id != BOS_CODE.invite.id)
    delta = RevokeInvite(BOS_CODE.invite.id)
    return change(AT_BO, replace(STATE, invites=invites), deltas=[delta])


def let_in() -> Change:
    return entry(AT_CY, CY, DEE, ANAS_CODE)


def told_anew() -> Change:
    return change(AT_ANA, deltas=WHOLE)


RIGHTFUL: list[Callable[[], Change]] = [
    told_anew,
    let_in,
    device_added,
    came_back,
    removed,
    left,
    host_left,
    rekeyed,
    handed_over,
    lowered,
    code_made,
    code_withdrawn,
]


def refused(attempt: Change, words: str) -> None:
    with pytest.raises(CommitRefusedError, match=words) as caught:
        check(attempt)
    assert caught.value.rule == "side data"


@pytest.mark.parametrize("make", RIGHTFUL)
def test_what_is_told_as_it_is_done_passes_in_any_order(make: Callable[[], Change]) -> None:
    attempt = make()
    check(attempt)
    check(replace(attempt, deltas=attempt.deltas[::-1]))


@pytest.mark.parametrize("make", RIGHTFUL)
def test_nothing_is_left_out(make: Callable[[], Change]) -> None:
    attempt = make()
    for position, delta in enumerate(attempt.deltas):
        deltas = attempt.deltas[:position] + attempt.deltas[position + 1 :]
        with pytest.raises(CommitRefusedError) as caught:
            check(replace(attempt, deltas=deltas))
        # Where the delta was the reason of a proposal, it is the proposal that lacks it.
        reason = isinstance(delta, Depart) or (isinstance(delta, Rekey) and make is came_back)
        assert (caught.value.rule == "side data") is not reason


@pytest.mark.parametrize("make", RIGHTFUL)
def test_nothing_is_said_twice(make: Callable[[], Change]) -> None:
    attempt = make()
    for delta in attempt.deltas:
        refused(replace(attempt, deltas=(*attempt.deltas, delta)), "is not what the commit does")


@pytest.mark.parametrize(
    "delta",
    [
        WholeRoster(4),
        TakenSeat(ANA.access.public, False),
        TakenSeat(BO.access.public, True),
        TakenSeat(LAPTOP.access.public, True),
        TakenSeat(NEW_KEY, False),
        OpenInvite(ANAS_CODE.invite.id, 1),
        OpenInvite(bytes(16), 1),
    ],
)
@pytest.mark.parametrize("place", range(len(WHOLE)))
def test_a_whole_roster_is_the_trees(delta: Delta, place: int) -> None:
    deltas = [*WHOLE[:place], delta, *WHOLE[place + 1 :]]
    refused(change(AT_ANA, deltas=deltas), "is not what the commit does")


@pytest.mark.parametrize("deltas", [WHOLE, WHOLE[:1], WHOLE[2:3], WHOLE[-1:]])
def test_only_a_host_tells_it(deltas: list[Delta]) -> None:
    refused(change(AT_BO, deltas=deltas), "Only a host tells the relay anew")


def test_a_whole_roster_is_that_after_the_commit() -> None:
    deltas = [WholeRoster(4), *WHOLE[1:], Cap(4)]
    check(change(AT_ANA, replace(STATE, cap=4), deltas=deltas))
    deltas = [WHOLE[0], Keep(86_400), *WHOLE[2:], Keep(86_400)]
    check(change(AT_ANA, replace(STATE, retention=86_400), deltas=deltas))


EXTRA: list[Delta] = [
    ANAS_CODE.admit(NEW_KEY),
    AddDevice(NEW_KEY),
    BO.rekey(NEW_KEY),
    CY.departure(),
    EVE.departure(),
    Remove(CY.access.public),
    Flag(CY.access.public, True),
    Flag(CY.access.public, False),
    Flag(NEW_KEY, True),
    Cap(3),
    Keep(86_400),
    replace(add_invite(), invite_id=bytes(16)),
    RevokeInvite(ANAS_CODE.invite.id),
    RevokeInvite(bytes(16)),
    LeaveWelcome(NEW_KEY, CARD),
    ReplaceCard(bytes(16), CARD),
]


@pytest.mark.parametrize("delta", EXTRA, ids=lambda delta: type(delta).__name__)
@pytest.mark.parametrize("make", [lambda: change(AT_ANA), let_in, code_made, removed])
def test_nothing_is_told_that_is_not_done(make: Callable[[], Change], delta: Delta) -> None:
    attempt = make()
    refused(replace(attempt, deltas=(*attempt.deltas, delta)), "is not what the commit does")


@pytest.mark.parametrize(
    ("make", "position", "told"),
    [
        (let_in, 0, BOS_CODE.admit(DEE.access.public)),
        (let_in, 0, ANAS_CODE.admit(NEW_KEY)),
        (let_in, 0, AddDevice(DEE.access.public)),
        (let_in, 1, LeaveWelcome(NEW_KEY, CARD)),
        (device_added, 0, AddDevice(NEW_KEY)),
        (removed, 0, Remove(CY.access.public)),
        (removed, 0, BO.departure()),
        (host_left, 1, Flag(CY.access.public, True)),
        (host_left, 1, Flag(BO.access.public, False)),
        (host_left, 1, Flag(ANA.access.public, True)),
        (rekeyed, 0, CY.rekey(NEW_KEY)),
        (rekeyed, 0, BO.rekey(DEE.access.public)),
        (handed_over, 0, Flag(CY.access.public, True)),
        (lowered, 0, Cap(3)),
        (kept_longer, 0, Keep(86_401)),
        (code_made, 0, add_invite(invite_id=bytes(16))),
        (code_made, 0, add_invite(signing_key=bytes(32))),
        (code_made, 0, add_invite(uses=2)),
        (code_made, 0, add_invite(expires_at=1)),
        (code_withdrawn, 0, RevokeInvite(ANAS_CODE.invite.id)),
    ],
)
def test_what_is_told_is_what_is_done(
    make: Callable[[], Change], position: int, told: Delta
) -> None:
    attempt = make()
    deltas = list(attempt.deltas)
    deltas[position] = told
    with pytest.raises(CommitRefusedError):
        check(replace(attempt, deltas=tuple(deltas)))


def test_any_device_of_a_member_says_that_it_leaves() -> None:
    check(replace(left(), deltas=(LAPTOP.departure(),)))
    refused(replace(left(), deltas=(BO.departure(), LAPTOP.departure())), "depart")


def test_a_code_used_up_or_gone_with_a_member_is_not_withdrawn_once_more() -> None:
    used_up = entry(AT_BO, BO, DEE, BOS_CODE)
    check(used_up)
    for attempt in (used_up, removed()):
        told = (*attempt.deltas, RevokeInvite(BOS_CODE.invite.id))
        refused(replace(attempt, deltas=told), "is not what the commit does .revoke.")


def test_a_host_that_goes_needs_no_flag() -> None:
    attempt = host_left()
    told = (*attempt.deltas, Flag(ANA.access.public, False))
    refused(replace(attempt, deltas=told), "flag")


# Cards


def test_an_issuer_renews_the_card_of_an_open_code() -> None:
    check(change(AT_LAPTOP, deltas=[ReplaceCard(BOS_CODE.invite.id, CARD)]))
    both = [ReplaceCard(BOS_CODE.invite.id, CARD), *code_made().deltas]
    check(replace(code_made(), deltas=(*both, ReplaceCard(NEW_CODE.invite.id, CARD))))


def test_nobody_else_renews_it_not_even_a_host() -> None:
    card = ReplaceCard(BOS_CODE.invite.id, CARD)
    for committer in (AT_ANA, AT_CY):
        refused(change(committer, deltas=[card]), "card")
    refused(change(AT_BO, deltas=[card, card]), "card")
    refused(replace(removed(), deltas=(*removed().deltas, card)), "card")


# Signatures


def resigned_delta(delta: Delta) -> Delta:
    assert isinstance(delta, Admit | Rekey)
    return replace(delta, signature=EVE.access.sign(b"something else"))


@pytest.mark.parametrize("make", [let_in, rekeyed])
def test_a_signature_that_is_none_is_refused(make: Callable[[], Change]) -> None:
    attempt = make()
    forged = (resigned_delta(attempt.deltas[0]), *attempt.deltas[1:])
    refused(replace(attempt, deltas=forged), "a signature that is not valid")


# The hash in the commit


def test_the_commit_holds_a_hash_over_all_deltas_but_the_welcomes() -> None:
    deltas = let_in().deltas
    assert committed_hash(deltas) == sha256(encode(deltas[:1]))
    assert committed_hash(deltas[:1]) == committed_hash(deltas)
    assert committed_hash(()) == sha256(b"\x90")
    assert committed_hash((Cap(4), *deltas)) != committed_hash(deltas)
