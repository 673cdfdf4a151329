"""The roster: what each delta does, who may hand it in, and what is refused with which reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.access.binding import (
    AccessKeyPair,
    admit_statement,
    depart_statement,
    rekey_statement,
)
from crypto.access.errors import AccessError, DeltaRefused, Reason
from crypto.access.roster import (
    CLOSED_INVITES_KEPT,
    INVITES_PER_CHAIR,
    INVITES_PER_CIRCLE,
    KEYS_PER_CHAIR,
    KEYS_PER_CIRCLE,
    InviteState,
    Roster,
    Seat,
    apply,
)
from crypto.access.side_data import (
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
)
from crypto.secret import Secret

CIRCLE = b"c" * 16
NOW = 1_700_000_000_000


def pair(number: int) -> AccessKeyPair:
    return AccessKeyPair.from_seed(Secret(number.to_bytes(32)))


ANA, BO, CAM, DEE, EVE = (pair(number) for number in range(1, 6))
SIGNING = pair(100)


def invite(number: int = 0, uses: int = 3, card: bytes = b"C" * 32) -> AddInvite:
    return AddInvite(number.to_bytes(16), pair(99).public, SIGNING.public, uses, NOW + 1000, card)


def admit(key: AccessKeyPair, number: int = 0, by: AccessKeyPair = SIGNING) -> Admit:
    invite_id = number.to_bytes(16)
    signature = by.sign(admit_statement(CIRCLE, invite_id, key.public))
    return Admit(invite_id, key.public, signature)


def depart(key: AccessKeyPair) -> Depart:
    return Depart(key.public, key.sign(depart_statement(CIRCLE, key.public)))


def rekey(old: AccessKeyPair, new: AccessKeyPair) -> Rekey:
    return Rekey(old.public, new.public, old.sign(rekey_statement(CIRCLE, old.public, new.public)))


class Log:
    """A roster that grows commit by commit."""

    def __init__(self, cap: int = 8) -> None:
        self.roster = Roster.found(CIRCLE, ANA.public, cap, NOW)
        self.n = 0
        self.hashes: frozenset[bytes] = frozenset()

    def commit(self, sender: AccessKeyPair, *deltas: Delta) -> Roster:
        applied = apply(self.roster, sender.public, deltas, self.n + 1, NOW + self.n)
        self.n += 1
        self.roster, self.hashes = applied.roster, applied.hashes
        return self.roster

    def refuses(
        self,
        sender: AccessKeyPair,
        *deltas: Delta,
        reason: Reason = Reason.NOT_ALLOWED,
        at: int = 0,
    ) -> None:
        before = self.roster
        copy = replace(before, seats=dict(before.seats), invites=dict(before.invites))
        with pytest.raises(DeltaRefused) as caught:
            self.commit(sender, *deltas)
        assert (caught.value.reason, caught.value.index) == (reason, at)
        assert f"delta {at}" in str(caught.value)
        assert before == copy, "a refusal left something behind"


@pytest.fixture
def log() -> Log:
    """Ana, a host, and Bo and Cam, who came in on an invite with one use left."""
    log = Log()
    log.commit(ANA, invite())
    log.commit(ANA, admit(BO))
    log.commit(BO, admit(CAM))
    return log


def test_a_founder_sits_alone_and_hosts() -> None:
    roster = Log(5).roster
    assert roster.seats == {ANA.public: Seat(0, 0, NOW)}
    assert roster.is_host(ANA.public) and not roster.is_host(BO.public)
    assert (roster.cap, roster.chairs(), roster.keys_of(0)) == (5, frozenset({0}), [ANA.public])


def test_nothing_to_tell_changes_nothing(log: Log) -> None:
    before = log.roster
    assert log.commit(CAM) == before


def test_who_is_not_on_the_roster_commits_nothing(log: Log) -> None:
    log.refuses(EVE, Cap(4))
    log.refuses(EVE)


class TestAdmit:
    def test_takes_a_new_chair_and_a_use(self, log: Log) -> None:
        roster = log.roster
        assert roster.seats[BO.public] == Seat(1, 2, NOW + 1)
        assert roster.seats[CAM.public] == Seat(2, 3, NOW + 2)
        assert roster.next_chair == 3
        assert not roster.is_host(BO.public)
        assert roster.invites[bytes(16)].uses == 1

    def test_the_last_use_closes_the_invite(self, log: Log) -> None:
        assert log.commit(CAM, admit(DEE)).invites[bytes(16)].state is InviteState.USED
        log.refuses(ANA, admit(EVE), reason=Reason.INVITE_USED)

    def test_is_refused_without_an_invite(self, log: Log) -> None:
        log.refuses(ANA, admit(DEE, number=7))

    def test_is_refused_on_a_withdrawn_invite(self, log: Log) -> None:
        log.commit(ANA, RevokeInvite(bytes(16)))
        log.refuses(ANA, admit(DEE), reason=Reason.INVITE_REVOKED)

    def test_is_refused_when_no_chair_is_free(self) -> None:
        log = Log(cap=2)
        log.commit(ANA, invite())
        log.refuses(ANA, Cap(2), admit(BO), admit(CAM), reason=Reason.FULL, at=2)
        log.commit(ANA, admit(BO))
        log.refuses(BO, admit(CAM), reason=Reason.FULL)

    def test_does_not_look_at_the_clock(self, log: Log) -> None:
        log.n += 100_000
        assert DEE.public in log.commit(BO, admit(DEE)).seats

    @pytest.mark.parametrize("by", [ANA, pair(99)])
    def test_is_refused_without_the_invites_signature(self, log: Log, by: AccessKeyPair) -> None:
        log.refuses(ANA, admit(DEE, by=by))

    def test_is_refused_for_a_signature_that_names_another_key(self, log: Log) -> None:
        log.refuses(ANA, replace(admit(DEE), access_key=EVE.public))

    def test_is_refused_for_a_key_that_was_here(self, log: Log) -> None:
        log.refuses(ANA, admit(BO))
        log.commit(ANA, Remove(BO.public), invite(1))
        log.refuses(ANA, admit(BO, number=1))


class TestDevice:
    def test_joins_the_senders_chair(self, log: Log) -> None:
        roster = log.commit(BO, AddDevice(DEE.public))
        assert roster.seats[DEE.public] == Seat(1, 4, NOW + 3)
        assert roster.chairs() == {0, 1, 2}

    def test_a_chair_has_few(self, log: Log) -> None:
        more = [AddDevice(pair(50 + number).public) for number in range(KEYS_PER_CHAIR)]
        log.refuses(BO, *more, at=KEYS_PER_CHAIR - 1)
        log.commit(BO, *more[:-1])

    def test_a_circle_has_a_bound(self) -> None:
        log = Log(cap=50)
        log.commit(ANA, invite(uses=50))
        for number in range(KEYS_PER_CIRCLE // KEYS_PER_CHAIR):
            first = pair(1000 + 3 * number)
            log.commit(ANA, admit(first))
            log.commit(first, *(AddDevice(pair(1000 + 3 * number + i).public) for i in (1, 2)))
        assert len(log.roster.seats) == KEYS_PER_CIRCLE
        log.refuses(ANA, AddDevice(EVE.public), reason=Reason.CROWDED)
        log.refuses(ANA, admit(EVE), reason=Reason.CROWDED)


class TestRekey:
    def test_the_new_key_takes_the_seat(self, log: Log) -> None:
        roster = log.commit(CAM, rekey(BO, DEE))
        assert BO.public not in roster.seats
        assert roster.seats[DEE.public] == Seat(1, 2, NOW + 3, former=BO.public, rekeyed=4)
        assert roster.successor(BO.public) == DEE.public
        assert roster.successor(EVE.public) is None

    def test_a_host_stays_one(self, log: Log) -> None:
        assert log.commit(BO, rekey(ANA, DEE)).is_host(DEE.public)

    def test_is_refused_without_the_old_keys_word(self, log: Log) -> None:
        log.refuses(ANA, replace(rekey(CAM, DEE), old=BO.public))
        log.refuses(ANA, replace(rekey(BO, DEE), new=EVE.public))

    def test_is_refused_for_keys_that_are_not_or_were_here(self, log: Log) -> None:
        log.refuses(ANA, rekey(EVE, DEE))
        log.refuses(ANA, rekey(BO, CAM))
        log.commit(BO, rekey(BO, DEE))
        log.refuses(ANA, rekey(DEE, BO))

    def test_takes_no_invite_away(self, log: Log) -> None:
        assert log.commit(BO, rekey(BO, DEE)).invites[bytes(16)].state is InviteState.OPEN


class TestDepartAndRemove:
    def test_a_departure_takes_the_whole_chair(self, log: Log) -> None:
        log.commit(BO, AddDevice(DEE.public))
        roster = log.commit(CAM, depart(BO))
        assert roster.seats.keys() == {ANA.public, CAM.public}
        assert roster.departed.keys() == {BO.public, DEE.public}

    def test_a_departure_is_refused_without_its_own_word(self, log: Log) -> None:
        log.refuses(ANA, replace(depart(BO), access_key=CAM.public))
        log.refuses(ANA, depart(EVE))

    def test_a_host_removes_anyone(self, log: Log) -> None:
        assert log.commit(ANA, Remove(BO.public)).chairs() == {0, 2}

    def test_a_chair_stays_with_a_key_left(self, log: Log) -> None:
        log.commit(BO, AddDevice(DEE.public))
        roster = log.commit(DEE, Remove(BO.public))
        assert (roster.chairs(), roster.keys_of(1)) == (frozenset({0, 1, 2}), [DEE.public])

    def test_who_is_no_host_removes_its_own_alone(self, log: Log) -> None:
        log.refuses(BO, Remove(CAM.public))
        log.refuses(BO, Remove(EVE.public))

    @pytest.mark.parametrize("goes", [Remove(CAM.public), depart(CAM)])
    def test_whoever_goes_takes_every_open_invite(self, log: Log, goes: Delta) -> None:
        log.commit(BO, invite(1))
        states = [each.state for each in log.commit(ANA, goes).invites.values()]
        assert states == [InviteState.REVOKED] * 2

    def test_an_invite_made_after_stays(self, log: Log) -> None:
        roster = log.commit(ANA, Remove(CAM.public), invite(1))
        assert roster.invites[(1).to_bytes(16)].state is InviteState.OPEN

    def test_a_used_invite_stays_used(self, log: Log) -> None:
        log.commit(ANA, admit(DEE))
        assert log.commit(ANA, Remove(DEE.public)).invites[bytes(16)].state is InviteState.USED

    def test_everybody_may_go(self) -> None:
        roster = Log().commit(ANA, depart(ANA))
        assert (roster.seats, roster.hosts) == ({}, frozenset())


class TestFlag:
    def test_a_host_names_and_unnames(self, log: Log) -> None:
        assert log.commit(ANA, Flag(BO.public, True)).hosts == {0, 1}
        assert log.commit(BO, Flag(ANA.public, False)).hosts == {1}

    def test_hosting_is_handed_over_in_one(self, log: Log) -> None:
        assert log.commit(ANA, Flag(ANA.public, False), Flag(BO.public, True)).hosts == {1}

    def test_others_name_nobody(self, log: Log) -> None:
        log.refuses(BO, Flag(BO.public, True))
        log.refuses(BO, Cap(8), Flag(ANA.public, False))
        log.commit(ANA, Flag(CAM.public, True))
        log.refuses(BO, Flag(CAM.public, False))
        log.refuses(ANA, Flag(EVE.public, True))

    def test_a_host_is_always_left(self, log: Log) -> None:
        log.refuses(
            ANA, Flag(BO.public, True), Flag(BO.public, False), Flag(ANA.public, False), at=2
        )
        log.refuses(BO, AddDevice(DEE.public), depart(ANA), at=1)

    @pytest.mark.parametrize("first", [True, False])
    def test_with_the_last_host_goes_the_chair_to_another(self, log: Log, first: bool) -> None:
        deltas: list[Delta] = [depart(ANA), Flag(BO.public, True)]
        assert log.commit(CAM, *(deltas if first else deltas[::-1])).hosts == {1}

    def test_and_to_one_other_only(self, log: Log) -> None:
        log.refuses(CAM, Flag(BO.public, True), Flag(CAM.public, True), depart(ANA), at=1)

    def test_not_while_another_host_stays(self, log: Log) -> None:
        log.commit(ANA, Flag(BO.public, True))
        log.refuses(CAM, depart(ANA), Flag(CAM.public, True), at=1)

    def test_a_host_with_another_device_stays_host(self, log: Log) -> None:
        log.commit(ANA, AddDevice(DEE.public))
        assert log.commit(DEE, Remove(ANA.public)).hosts == {0}


class TestCap:
    def test_is_lowered_by_hosts(self, log: Log) -> None:
        assert log.commit(ANA, Cap(3)).cap == 3

    def test_and_in_no_other_way(self, log: Log) -> None:
        log.refuses(BO, Cap(7))
        log.refuses(ANA, Cap(9))
        log.refuses(ANA, Cap(2))


class TestKeep:
    def test_is_said_by_hosts(self, log: Log) -> None:
        assert log.roster.retention == 30 * 86_400
        assert log.commit(ANA, Keep(86_400)).retention == 86_400
        assert log.commit(ANA, Cap(3)).retention == 86_400
        assert log.commit(ANA, Keep(31_536_000)).retention == 31_536_000

    def test_and_by_nobody_else(self, log: Log) -> None:
        log.refuses(BO, Keep(86_400))


class TestInvites:
    def test_an_invite_belongs_to_its_issuers_chair(self, log: Log) -> None:
        opened = log.commit(BO, invite(1)).invites[(1).to_bytes(16)]
        assert (opened.chair, opened.uses, opened.state) == (1, 3, InviteState.OPEN)
        assert log.hashes == {b"C" * 32}

    def test_an_id_is_used_once(self, log: Log) -> None:
        log.refuses(BO, invite())

    def test_a_chair_has_few(self, log: Log) -> None:
        for number in range(1, INVITES_PER_CHAIR):
            log.commit(ANA, invite(number))
        log.refuses(ANA, invite(9))
        log.commit(ANA, RevokeInvite(bytes(16)), invite(9))

    def test_a_circle_has_a_bound(self, log: Log) -> None:
        log.commit(ANA, admit(DEE), invite(5, uses=9))
        log.commit(ANA, admit(EVE, number=5), RevokeInvite((5).to_bytes(16)))
        number = 10
        for sender in (ANA, BO, CAM, DEE):
            log.commit(sender, *(invite(number + each) for each in range(INVITES_PER_CHAIR)))
            number += INVITES_PER_CHAIR
        assert number - 10 == INVITES_PER_CIRCLE
        log.refuses(EVE, invite(number))

    def test_its_issuer_or_a_host_withdraws_it(self, log: Log) -> None:
        log.commit(BO, invite(1), invite(2))
        log.refuses(CAM, RevokeInvite((1).to_bytes(16)))
        log.commit(BO, RevokeInvite((1).to_bytes(16)))
        roster = log.commit(ANA, RevokeInvite((2).to_bytes(16)))
        assert roster.invites[(2).to_bytes(16)].state is InviteState.REVOKED
        log.refuses(ANA, RevokeInvite((2).to_bytes(16)), reason=Reason.INVITE_REVOKED)

    def test_one_that_was_forgotten_is_as_good_as_withdrawn(self, log: Log) -> None:
        before = log.roster
        assert log.commit(BO, RevokeInvite(b"?" * 16)) == before

    def test_its_issuer_replaces_the_card(self, log: Log) -> None:
        roster = log.commit(ANA, ReplaceCard(bytes(16), b"D" * 32))
        assert roster.invites[bytes(16)].card_hash == b"D" * 32
        assert log.hashes == {b"D" * 32}
        log.refuses(BO, ReplaceCard(bytes(16), b"E" * 32))
        log.refuses(ANA, ReplaceCard(b"?" * 16, b"E" * 32))

    def test_closed_ones_are_remembered_for_a_while(self) -> None:
        log = Log()
        log.commit(ANA, invite(1_000))
        for number in range(CLOSED_INVITES_KEPT + 3):
            log.commit(ANA, invite(number), RevokeInvite(number.to_bytes(16)))
        kept = [int.from_bytes(invite_id) for invite_id in log.roster.invites]
        assert kept == [1_000, *range(3, CLOSED_INVITES_KEPT + 3)]


class TestWelcome:
    @pytest.mark.parametrize(
        ("arrival", "key"),
        [
            (admit(DEE), DEE),
            (AddDevice(DEE.public), DEE),
            (rekey(BO, DEE), DEE),
        ],
        ids=["admit", "device", "rekey"],
    )
    def test_waits_for_whoever_comes_in(self, log: Log, arrival: Delta, key: AccessKeyPair) -> None:
        roster = log.commit(BO, arrival, LeaveWelcome(key.public, b"W" * 32))
        assert roster.seats[key.public].welcome == b"W" * 32
        assert log.hashes == {b"W" * 32}

    def test_is_for_nobody_else(self, log: Log) -> None:
        log.refuses(ANA, LeaveWelcome(BO.public, b"W" * 32))
        log.refuses(ANA, LeaveWelcome(DEE.public, b"W" * 32), admit(DEE))

    def test_a_later_key_does_not_inherit_it(self, log: Log) -> None:
        log.commit(ANA, admit(DEE), LeaveWelcome(DEE.public, b"W" * 32))
        assert log.commit(ANA, rekey(DEE, EVE)).seats[EVE.public].welcome is None


def open_in(roster: Roster) -> list[bytes]:
    return [i.invite_id for i in roster.invites.values() if i.state is InviteState.OPEN]


def seats(*listed: AccessKeyPair, hosts: tuple[AccessKeyPair, ...] = (ANA,)) -> list[Delta]:
    """A seat for each of these."""
    return [TakenSeat(key.public, key in hosts) for key in listed]


class TestWholeRoster:
    """Ana, Bo and Cam, a code that is open; what somebody's skipped commit did to it is undone."""

    def test_leaves_what_is_right_as_it_is(self, log: Log) -> None:
        before = log.roster
        codes = [OpenInvite(i.invite_id, i.uses) for i in before.invites.values()]
        assert log.commit(ANA, WholeRoster(8), *seats(ANA, BO, CAM), *codes) == before

    def test_brings_back_who_was_taken_off_to_the_seat_they_had(self, log: Log) -> None:
        before = log.roster
        log.commit(ANA, Remove(BO.public), Remove(CAM.public), Cap(2))
        after = log.commit(ANA, WholeRoster(8), *seats(ANA, BO, CAM), OpenInvite(bytes(16), 1))
        assert after.seats == before.seats and after.hosts == before.hosts
        assert after.cap == 8 and after.departed == {}
        assert after.invites[bytes(16)] == before.invites[bytes(16)]

    def test_takes_off_who_is_not_named(self, log: Log) -> None:
        log.commit(BO, AddDevice(DEE.public))
        after = log.commit(ANA, WholeRoster(8), *seats(ANA, BO, CAM))
        assert after.seats.keys() == {ANA.public, BO.public, CAM.public}
        assert after.departed.keys() == {DEE.public}
        assert after.invites[bytes(16)].state is InviteState.REVOKED

    def test_undoes_a_rekey(self, log: Log) -> None:
        before = log.roster
        log.commit(BO, rekey(BO, DEE))
        after = log.commit(ANA, WholeRoster(8), *seats(ANA, BO, CAM))
        assert after.seats == before.seats and after.departed.keys() == {DEE.public}

    def test_names_hosts_and_ends_them(self, log: Log) -> None:
        after = log.commit(ANA, WholeRoster(8), *seats(ANA, BO, CAM, hosts=(BO, CAM)))
        assert after.hosts == {1, 2}

    def test_passes_over_a_code_that_it_does_not_know_and_leaves_closed_ones(
        self, log: Log
    ) -> None:
        log.commit(ANA, RevokeInvite(bytes(16)))
        before = log.roster
        unknown = OpenInvite(b"u" * 16, 1)
        assert log.commit(ANA, WholeRoster(8), *seats(ANA, BO, CAM), unknown) == before

    def test_says_how_long_is_kept_where_that_is_among_it(self, log: Log) -> None:
        kept = [Keep(86_400), *seats(ANA, BO, CAM)]
        assert log.commit(ANA, WholeRoster(8), *kept).retention == 86_400
        assert log.commit(ANA, WholeRoster(8), *seats(ANA, BO, CAM)).retention == 86_400

    def test_is_refused_but_to_a_host(self, log: Log) -> None:
        log.refuses(BO, WholeRoster(8), *seats(ANA, BO, CAM))

    @pytest.mark.parametrize(
        ("listed", "at"),
        [
            ([WholeRoster(9), *seats(ANA, BO, CAM)], 0),
            ([WholeRoster(8), *seats(BO, CAM, hosts=(BO,))], 0),
            ([WholeRoster(8), *seats(ANA, BO, CAM, hosts=())], 0),
            ([WholeRoster(8), *seats(ANA, BO, EVE)], 3),
            ([WholeRoster(8), *seats(ANA), Cap(8)], 2),
            ([WholeRoster(8), WholeRoster(8), *seats(ANA)], 1),
            ([Cap(8), WholeRoster(8), *seats(ANA)], 1),
            (seats(ANA), 0),
            ([OpenInvite(bytes(16), 1)], 0),
            ([WholeRoster(8)], 0),
        ],
    )
    def test_is_refused_where_it_can_not_be(self, log: Log, listed: list[Delta], at: int) -> None:
        log.refuses(ANA, *listed, at=at)

    def test_lets_no_host_make_one_chair_of_two(self, log: Log) -> None:
        """A chair is what counts against the cap, what hosts, and whose turn it is."""
        before = log.roster
        after = log.commit(ANA, WholeRoster(8), *seats(ANA, CAM, BO))
        assert after.seats == before.seats and after.next_chair == before.next_chair

    @pytest.mark.parametrize(("more", "right"), [(0, True), (1, False)])
    def test_has_no_more_devices_than_a_circle(self, more: int, right: bool) -> None:
        log = Log(cap=50)
        keys = [pair(number) for number in range(10, 9 + KEYS_PER_CIRCLE + more)]
        gone = {key.public: Seat(1 + at // 3, 1, NOW) for at, key in enumerate(keys)}
        log.roster = replace(log.roster, departed=gone)
        if right:
            after = log.commit(ANA, WholeRoster(50), *seats(ANA, *keys))
            assert len(after.seats) == KEYS_PER_CIRCLE and after.departed == {}
        else:
            log.refuses(ANA, WholeRoster(50), *seats(ANA, *keys))

    def test_nor_than_a_chair(self) -> None:
        log = Log()
        devices = [pair(number) for number in range(10, 10 + KEYS_PER_CHAIR)]
        for key in devices:
            log.commit(ANA, AddDevice(key.public))
            log.commit(ANA, Remove(key.public))
        log.refuses(ANA, WholeRoster(8), *seats(ANA, *devices))
        after = log.commit(ANA, WholeRoster(8), *seats(ANA, *devices[1:]))
        assert len(after.keys_of(0)) == KEYS_PER_CHAIR

    def test_nor_than_its_chairs(self, log: Log) -> None:
        log.refuses(ANA, WholeRoster(2), *seats(ANA, BO, CAM))
        assert log.commit(ANA, WholeRoster(3), *seats(ANA, BO, CAM)).cap == 3

    def test_gives_an_invite_no_more_uses_than_it_had_at_first(self, log: Log) -> None:
        after = log.commit(ANA, WholeRoster(8), *seats(ANA, BO, CAM), OpenInvite(bytes(16), 4))
        assert after.invites[bytes(16)].uses == 3

    def test_opens_no_more_invites_than_a_chair_may_have(self, log: Log) -> None:
        ids = [number.to_bytes(16) for number in range(INVITES_PER_CHAIR + 1)]
        for number in range(1, INVITES_PER_CHAIR + 1):
            log.commit(BO, invite(number))
        everybody, codes = seats(ANA, BO, CAM), [OpenInvite(each, 1) for each in ids]
        after = log.commit(ANA, WholeRoster(8), *everybody, *codes)
        assert open_in(after) == ids
        log.commit(BO, RevokeInvite(ids[-1]), invite(9))
        after = log.commit(ANA, WholeRoster(8), *everybody, *codes, OpenInvite((9).to_bytes(16), 1))
        assert open_in(after) == ids, "the last one has no room"

    def test_nor_than_a_circle(self) -> None:
        log = Log(cap=50)
        chairs = INVITES_PER_CIRCLE // INVITES_PER_CHAIR + 1
        keys = [ANA, *(pair(number) for number in range(10, 9 + chairs))]
        gone = {key.public: Seat(at, 1, NOW) for at, key in enumerate(keys) if at}
        log.roster = replace(log.roster, departed=gone)
        log.commit(ANA, WholeRoster(50), *seats(*keys))
        ids = [at.to_bytes(16) for at in range(chairs * INVITES_PER_CHAIR)]
        for at, each in enumerate(ids):
            log.commit(keys[at // INVITES_PER_CHAIR], invite(at), RevokeInvite(each))
        codes = [OpenInvite(each, 3) for each in ids]
        after = log.commit(ANA, WholeRoster(50), *seats(*keys), *codes)
        assert open_in(after) == ids[:INVITES_PER_CIRCLE]


PEOPLE = [pair(number) for number in range(1, 9)]
people = st.sampled_from(PEOPLE)
numbers = st.integers(0, 3)
some_deltas: st.SearchStrategy[Delta] = st.one_of(
    st.builds(invite, numbers, st.integers(1, 3)),
    st.builds(admit, people, numbers),
    st.builds(lambda key: AddDevice(key.public), people),
    st.builds(rekey, people, people),
    st.builds(depart, people),
    st.builds(lambda key: Remove(key.public), people),
    st.builds(lambda key, host: Flag(key.public, host), people, st.booleans()),
    st.builds(Cap, st.integers(2, 8)),
    st.builds(lambda number: RevokeInvite(number.to_bytes(16)), numbers),
    st.builds(WholeRoster, st.integers(2, 8)),
    st.builds(lambda key, host: TakenSeat(key.public, host), people, st.booleans()),
    st.builds(
        lambda number, uses: OpenInvite(number.to_bytes(16), uses), numbers, st.integers(1, 3)
    ),
)


@given(st.lists(st.tuples(people, st.lists(some_deltas, max_size=4)), max_size=12))
def test_whatever_is_handed_in_the_roster_holds(
    commits: Sequence[tuple[AccessKeyPair, Sequence[Delta]]],
) -> None:
    log = Log(cap=4)
    for sender, listed in commits:
        before = log.roster
        try:
            after = log.commit(sender, *listed)
        except AccessError:
            assert log.roster is before
            continue
        chairs = after.chairs()
        assert all(1 <= after.invites[each].uses <= 3 for each in open_in(after))
        right = bool(listed) and isinstance(listed[0], WholeRoster)
        assert len(chairs) <= after.cap <= (after.opened if right else before.cap)
        assert after.hosts <= chairs
        assert bool(after.hosts) == bool(chairs)
        assert all(len(after.keys_of(chair)) <= KEYS_PER_CHAIR for chair in chairs)
        assert all(chair < after.next_chair for chair in chairs)
        assert not after.departed.keys() & after.seats.keys()
        assert before.departed.keys() <= after.departed.keys() | after.seats.keys()
