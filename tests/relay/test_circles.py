"""The rules of a log, without a store: what becomes entry n + 1, and what has had its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.access.binding import AccessKeyPair
from crypto.access.log import EMPTY_CHAIN, Kind, chain, entry_hash
from crypto.access.side_data import (
    AddDevice,
    Cap,
    Delta,
    Keep,
    LeaveWelcome,
    Remove,
    RevokeInvite,
    encode,
)
from crypto.primitives import sha256
from relay.circles import (
    ANSWERS_KEPT,
    Accepted,
    Answers,
    CircleState,
    Turns,
    Wish,
    acknowledged,
    binding_key,
    changes,
    forget,
    invite_refusal,
)
from relay.limits import DAY, MINUTE, SECOND, Settings
from relay.store.contract import Attachment, Creation, Forget, Loaded, Record
from relay.wire import Refusal, Refused
from tests.relay.people import (
    ANA,
    BO,
    CAM,
    CARD,
    CIRCLE,
    DEE,
    GUEST,
    NOW,
    WELCOME,
    admit,
    depart,
    invite,
    invite_id,
    pair,
    rekey,
)

CREATION = Creation(CIRCLE, ANA.public, 4, NOW, b"i" * 16)
STAGED = {sha256(CARD): CARD, sha256(WELCOME): WELCOME}


def loaded(records: Sequence[Record] = ()) -> Loaded:
    """What a store would say of these records."""
    return Loaded(
        CREATION,
        tuple(replace(r, body=b"") for r in records if r.kind != Kind.MESSAGE),
        replace(records[-1], body=b"") if records else None,
        tuple((r.idempotency_id, r.n, r.time) for r in records),
        1,
        sum(len(r.body or b"") + len(r.side_data) for r in records),
        {},
        {},
    )


class Log:
    """A state, and every record that made it."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.state = CircleState.fold(loaded(), self.settings)
        self.turns = Turns(self.settings)
        self.records: list[Record] = []
        self.now = NOW

    def wish(self, wish: Wish) -> Accepted | Refused:
        verdict = self.state.decide(wish, self.turns, self.now)
        if isinstance(verdict, Accepted):
            self.records.append(verdict.append.record)
            self.state.advance(verdict.append.record, verdict.roster)
        return verdict

    def id(self) -> bytes:
        return (len(self.records) + 1).to_bytes(16)

    def say(self, sender: AccessKeyPair, handshake: int | None = None) -> Accepted | Refused:
        seen = self.state.handshake if handshake is None else handshake
        return self.wish(Wish(Kind.MESSAGE, self.id(), sender.public, b"body", seen))

    def commit(
        self, sender: AccessKeyPair, *deltas: Delta, handshake: int | None = None
    ) -> Accepted | Refused:
        seen = self.state.handshake if handshake is None else handshake
        side_data = encode(deltas)
        return self.wish(
            Wish(Kind.COMMIT, self.id(), sender.public, b"commit", seen, side_data, STAGED)
        )

    def request(self, number: int = 0) -> Accepted | Refused:
        return self.wish(
            Wish(Kind.REQUEST, self.id(), GUEST.public, b"let me in", side_data=invite_id(number))
        )

    def rejoin(self, sender: AccessKeyPair) -> Accepted | Refused:
        return self.wish(Wish(Kind.REJOIN, self.id(), sender.public, b"again"))


def refusal(verdict: Accepted | Refused) -> tuple[int, int]:
    assert isinstance(verdict, Refused)
    return verdict.code, verdict.number


def accepted(verdict: Accepted | Refused) -> Accepted:
    assert isinstance(verdict, Accepted), verdict
    return verdict


@pytest.fixture
def log() -> Log:
    """Ana, and Bo who came in on an invite with two uses left; enough time has passed."""
    log = Log()
    accepted(log.commit(ANA, invite()))
    accepted(log.commit(ANA, admit(BO)))
    log.now += HALF_A_MINUTE
    return log


HALF_A_MINUTE = 30 * SECOND


class TestMessages:
    def test_the_record_is_what_everyone_will_fold(self, log: Log) -> None:
        before = log.state.chain
        append = accepted(log.say(BO)).append
        hashed = entry_hash(log.now, b"body", b"")
        assert append.record == Record(
            3,
            Kind.MESSAGE,
            log.now,
            b"body",
            b"",
            BO.public,
            (3).to_bytes(16),
            hashed,
            chain(CIRCLE, 3, Kind.MESSAGE, before, hashed),
        )
        assert (append.circle, append.attachments, append.invites) == (CIRCLE, (), ())

    def test_the_first_follows_on_nothing(self) -> None:
        log = Log()
        record = accepted(log.say(ANA)).append.record
        assert record.n == 1
        assert record.chain == chain(CIRCLE, 1, Kind.MESSAGE, EMPTY_CHAIN, record.entry_hash)

    @pytest.mark.parametrize("seen", [0, 1])
    def test_one_that_has_not_seen_the_newest_commit_is_stale(self, log: Log, seen: int) -> None:
        assert refusal(log.say(BO, handshake=seen)) == (Refusal.STALE, 2)

    def test_messages_are_no_handshakes(self, log: Log) -> None:
        accepted(log.say(BO))
        accepted(log.request())
        accepted(log.rejoin(BO))
        assert log.state.handshake == 2
        accepted(log.say(ANA))

    def test_who_is_not_seated_was_removed(self, log: Log) -> None:
        assert refusal(log.say(CAM)) == (Refusal.REMOVED, 0)

    def test_a_refusal_names_the_wish(self, log: Log) -> None:
        verdict = log.say(CAM)
        assert isinstance(verdict, Refused) and verdict.idempotency_id == log.id()

    def test_time_never_falls(self, log: Log) -> None:
        first = accepted(log.say(BO)).append.record.time
        log.now -= DAY
        assert accepted(log.say(BO)).append.record.time == first
        assert accepted(log.commit(BO)).append.record.time == first
        assert accepted(log.request()).append.record.time == first
        assert accepted(log.rejoin(BO)).append.record.time == first

    def test_a_full_circle_takes_commits_alone(self, log: Log) -> None:
        log.state.size = limit = log.settings.circle_size
        assert refusal(log.say(BO)) == (Refusal.TOO_LARGE, limit)
        assert refusal(log.request()) == (Refusal.TOO_LARGE, limit)
        assert refusal(log.rejoin(BO)) == (Refusal.TOO_LARGE, limit)
        accepted(log.commit(ANA))
        log.state.size = limit + limit // 4
        assert refusal(log.commit(ANA)) == (Refusal.TOO_LARGE, limit)


class TestCommits:
    def test_cards_welcomes_and_invites_go_with_the_record(self) -> None:
        log = Log()
        accepted(log.commit(ANA, invite()))
        both = accepted(
            log.commit(ANA, admit(BO), LeaveWelcome(BO.public, sha256(WELCOME)), invite(1))
        )
        assert set(both.append.attachments) == {
            Attachment(sha256(CARD), CARD),
            Attachment(sha256(WELCOME), WELCOME),
        }
        assert both.append.invites == (invite_id(1),)
        assert both.roster == log.state.roster
        assert log.state.handshake == 2

    def test_what_was_not_handed_in_is_missed(self, log: Log) -> None:
        assert refusal(log.commit(ANA, invite(1, card=b"another"))) == (Refusal.UNSTAGED, 0)

    def test_side_data_that_do_not_parse(self, log: Log) -> None:
        wish = Wish(Kind.COMMIT, log.id(), ANA.public, b"", 2, b"\x80")
        assert refusal(log.wish(wish)) == (Refusal.MALFORMED, 0)

    def test_what_the_roster_refuses(self, log: Log) -> None:
        assert refusal(log.commit(BO, Cap(4))) == (Refusal.NOT_ALLOWED, 0)
        assert refusal(log.commit(ANA, Cap(4), Cap(5))) == (Refusal.NOT_ALLOWED, 1)
        full: list[Delta] = [Cap(2), admit(CAM)]
        assert refusal(log.commit(ANA, *full)) == (Refusal.FULL, 4)
        revoked: list[Delta] = [RevokeInvite(invite_id(0)), admit(CAM)]
        assert refusal(log.commit(ANA, *revoked)) == (Refusal.INVITE_REVOKED, 0)

    def test_a_refusal_costs_no_commit(self, log: Log) -> None:
        for _ in range(9):
            refusal(log.commit(BO, Cap(4)))
        accepted(log.commit(BO))

    def test_six_a_minute_a_chair(self, log: Log) -> None:
        accepted(log.commit(BO))
        accepted(log.commit(BO))
        assert refusal(log.commit(BO)) == (Refusal.TOO_FAST, 10 * SECOND)
        accepted(log.commit(ANA))
        log.now += 10 * SECOND
        accepted(log.commit(BO))

    def test_two_devices_share_the_chairs_rate(self, log: Log) -> None:
        accepted(log.commit(BO, AddDevice(DEE.public)))
        accepted(log.commit(DEE))
        assert refusal(log.commit(BO))[0] == Refusal.TOO_FAST

    def test_a_key_that_was_replaced_speaks_for_its_successor(self, log: Log) -> None:
        accepted(log.commit(BO, rekey(BO, DEE)))
        assert accepted(log.say(BO)).append.record.sender == DEE.public


class TestTurn:
    def test_who_came_too_late_goes_next(self, log: Log) -> None:
        assert refusal(log.commit(BO, handshake=0)) == (Refusal.STALE, 2)
        assert refusal(log.commit(ANA)) == (Refusal.TURN, 5 * SECOND)
        log.now += SECOND
        assert refusal(log.commit(ANA)) == (Refusal.TURN, 4 * SECOND)
        accepted(log.say(ANA))
        accepted(log.commit(BO))
        accepted(log.commit(ANA))

    def test_a_turn_that_is_not_taken_ends(self, log: Log) -> None:
        refusal(log.commit(BO, handshake=0))
        log.now += 5 * SECOND
        accepted(log.commit(ANA))

    def test_a_stale_message_gives_none(self, log: Log) -> None:
        refusal(log.say(BO, handshake=0))
        accepted(log.commit(ANA))

    def test_once_a_minute(self, log: Log) -> None:
        refusal(log.commit(BO, handshake=0))
        log.now += 6 * SECOND
        refusal(log.commit(BO, handshake=0))
        accepted(log.commit(ANA))
        log.now += MINUTE
        refusal(log.commit(BO, handshake=0))
        assert refusal(log.commit(ANA))[0] == Refusal.TURN

    def test_one_at_a_time(self, log: Log) -> None:
        refusal(log.commit(BO, handshake=0))
        refusal(log.commit(ANA, handshake=0))
        assert refusal(log.commit(ANA))[0] == Refusal.TURN
        accepted(log.commit(BO))

    def test_what_is_over_is_forgotten(self, log: Log) -> None:
        refusal(log.commit(BO, handshake=0))
        log.turns.prune(log.now)
        log.now += SECOND
        refusal(log.commit(BO, handshake=0))
        assert refusal(log.commit(ANA)) == (Refusal.TURN, 4 * SECOND)
        log.now += MINUTE
        log.turns.prune(log.now)
        refusal(log.commit(BO, handshake=0))
        assert refusal(log.commit(ANA)) == (Refusal.TURN, 5 * SECOND)


class TestRequests:
    def test_is_an_entry_of_the_invites_key(self, log: Log) -> None:
        record = accepted(log.request()).append.record
        assert (record.kind, record.sender) == (Kind.REQUEST, GUEST.public)
        assert record.side_data == invite_id(0)

    def test_three_wait(self, log: Log) -> None:
        for _ in range(3):
            accepted(log.request())
        assert refusal(log.request()) == (Refusal.WAITING, 3)

    def test_and_after_a_week_no_longer(self, log: Log) -> None:
        accepted(log.commit(ANA, invite(1, expires_at=NOW + 30 * DAY)))
        for _ in range(3):
            accepted(log.request(1))
        log.now += 7 * DAY - 1
        assert refusal(log.request(1))[0] == Refusal.WAITING
        log.now += 1
        accepted(log.request(1))

    def test_who_comes_in_makes_room(self, log: Log) -> None:
        for _ in range(3):
            accepted(log.request())
        accepted(log.commit(ANA, admit(CAM)))
        assert [n for n, _ in log.state.waiting[invite_id(0)]] == [4, 5]
        accepted(log.request())
        assert refusal(log.request())[0] == Refusal.WAITING

    def test_who_comes_in_without_a_request_changes_nothing(self, log: Log) -> None:
        accepted(log.commit(ANA, admit(CAM)))
        assert log.state.waiting == {invite_id(0): ()}

    @pytest.mark.parametrize("ends", [depart(BO), Remove(BO.public), RevokeInvite(invite_id(0))])
    def test_with_the_invite_go_its_requests(self, log: Log, ends: Delta) -> None:
        accepted(log.request())
        accepted(log.commit(ANA, ends))
        assert log.state.waiting == {}
        assert refusal(log.request()) == (Refusal.INVITE_REVOKED, 0)

    def test_an_invite_is_used_expired_or_unknown(self, log: Log) -> None:
        accepted(log.commit(ANA, admit(CAM), invite(1, uses=1)))
        accepted(log.commit(BO, admit(DEE, number=1)))
        assert refusal(log.request(1)) == (Refusal.INVITE_USED, 0)
        assert refusal(log.request(7)) == (Refusal.INVITE_REVOKED, 0)
        log.now = NOW + DAY
        assert refusal(log.request()) == (Refusal.INVITE_EXPIRED, 0)

    def test_a_full_circle(self, log: Log) -> None:
        accepted(log.commit(ANA, Cap(2)))
        assert refusal(log.request()) == (Refusal.FULL, 2)

    def test_the_reasons_of_an_invite(self, log: Log) -> None:
        opened = log.state.roster.invites[invite_id(0)]
        assert invite_refusal(opened, opened.expires_at - 1) is None
        assert invite_refusal(opened, opened.expires_at) is Refusal.INVITE_EXPIRED


def test_rejoins_are_few(log: Log) -> None:
    for _ in range(3):
        assert accepted(log.rejoin(BO)).append.record.kind == Kind.REJOIN
    assert refusal(log.rejoin(BO)) == (Refusal.TOO_FAST, 10 * MINUTE)
    accepted(log.rejoin(ANA))
    assert refusal(log.rejoin(DEE)) == (Refusal.REMOVED, 0)
    log.turns.prune(log.now + 30 * MINUTE)
    log.now += 30 * MINUTE
    accepted(log.rejoin(BO))


steps = st.lists(
    st.tuples(
        st.sampled_from(["say", "commit", "request", "rejoin", "admit", "remove", "invite"]),
        st.integers(0, 3),
    ),
    max_size=25,
)


@given(steps)
def test_a_state_that_is_folded_equals_the_one_that_grew(listed: list[tuple[str, int]]) -> None:
    log = Log()
    people = [ANA, BO, CAM, DEE]
    for step, number in listed:
        log.now += MINUTE
        who = people[number]
        match step:
            case "say":
                log.say(who)
            case "commit":
                log.commit(who)
            case "request":
                log.request(number)
            case "rejoin":
                log.rejoin(who)
            case "admit":
                log.commit(ANA, admit(who, number=0))
            case "remove":
                log.commit(ANA, Remove(who.public))
            case _:
                log.commit(who, invite(number))
        assert CircleState.fold(loaded(log.records), log.settings) == log.state
        copy = log.state.copy()
        assert copy == log.state and copy.waiting is not log.state.waiting


def test_a_tombstone_at_the_end_is_folded_too(log: Log) -> None:
    accepted(log.say(BO))
    gone = [*log.records[:-1], replace(log.records[-1], body=None)]
    told = replace(loaded(gone), last=gone[-1], size=12)
    state = CircleState.fold(told, log.settings)
    assert (state.n, state.chain, state.size) == (3, log.state.chain, 12)


class TestAnswers:
    def test_the_newest_are_remembered(self) -> None:
        answers = Answers((number.to_bytes(16), number, 7) for number in range(1, 4))
        assert answers.get((2).to_bytes(16)) == (2, 7)
        assert answers.get((9).to_bytes(16)) is None
        for number in range(4, ANSWERS_KEPT + 4):
            answers.add(number.to_bytes(16), number, 8)
        assert len(answers) == ANSWERS_KEPT
        assert answers.get((3).to_bytes(16)) is None
        assert answers.get((4).to_bytes(16)) == (4, 8)


class TestChanges:
    def test_who_came_and_went(self, log: Log) -> None:
        before = log.state.roster
        accepted(log.commit(ANA, admit(CAM), admit(DEE), rekey(BO, pair(50)), invite(1)))
        changed = changes(before, log.state.roster)
        assert changed.came_in == {invite_id(0): 2}
        assert changed.ended == {invite_id(0): Refusal.INVITE_USED}
        assert changed.rekeyed == {BO.public: pair(50).public}
        assert changed.removed == set()

    def test_a_removal_ends_what_is_open(self, log: Log) -> None:
        before = log.state.roster
        accepted(log.commit(ANA, Remove(BO.public)))
        changed = changes(before, log.state.roster)
        assert changed.removed == {BO.public}
        assert changed.came_in == {}
        assert changed.ended == {invite_id(0): Refusal.INVITE_REVOKED}
        assert changes(log.state.roster, log.state.roster).ended == {}

    def test_a_new_card_is_no_news(self, log: Log) -> None:
        before = log.state.roster
        old = before.invites[invite_id(0)]
        after = replace(before, invites={invite_id(0): replace(old, card_hash=b"n" * 32)})
        changed = changes(before, after)
        assert (changed.came_in, changed.ended) == ({}, {})
        assert changes(before, replace(before, invites={})).ended == {}


class TestBindingKey:
    def test_a_seated_key_binds_itself(self, log: Log) -> None:
        assert binding_key(log.state.roster, {}, BO.public) == BO.public
        assert binding_key(log.state.roster, {}, CAM.public) is None

    def test_the_old_key_binds_until_the_new_one_has_read_so(self, log: Log) -> None:
        accepted(log.commit(BO, rekey(BO, DEE)))
        roster = log.state.roster
        for cursors in ({}, {DEE.public: 2}, {BO.public: 99}):
            assert binding_key(roster, cursors, BO.public) == DEE.public
        assert binding_key(roster, {DEE.public: 3}, BO.public) is None
        assert binding_key(roster, {DEE.public: 3}, DEE.public) == DEE.public

    def test_a_removed_key_binds_nothing(self, log: Log) -> None:
        accepted(log.commit(ANA, Remove(BO.public)))
        assert binding_key(log.state.roster, {}, BO.public) is None


class TestRetention:
    def test_everyone_has_what_the_slowest_has(self, log: Log) -> None:
        roster = log.state.roster
        assert acknowledged(roster, {}) == 0
        assert acknowledged(roster, {ANA.public: 9}) == 1
        assert acknowledged(roster, {ANA.public: 9, BO.public: 5}) == 5
        assert acknowledged(roster, {ANA.public: 0, BO.public: 5}) == 0
        assert acknowledged(replace(roster, seats={}), {}) == 0

    def test_live_cards_stay(self, log: Log) -> None:
        accepted(log.commit(ANA, RevokeInvite(invite_id(0)), invite(1)))
        assert forget(log.state, {ANA.public: 3, BO.public: 2}, NOW) == Forget(
            CIRCLE,
            2,
            NOW - DAY,
            NOW - 30 * DAY,
            NOW - 365 * DAY,
            NOW - 30 * DAY,
            (sha256(CARD),),
        )

    @pytest.mark.parametrize("days", [1, 365])
    def test_a_circle_says_how_long_messages_stay(self, log: Log, days: int) -> None:
        accepted(log.commit(ANA, Keep(days * 86_400)))
        asked = forget(log.state, {}, NOW)
        assert asked.others_before == NOW - days * DAY
        assert (asked.settled_before, asked.commits_before) == (NOW - DAY, NOW - 365 * DAY)

    def test_a_withdrawn_card_does_not(self, log: Log) -> None:
        accepted(log.commit(ANA, RevokeInvite(invite_id(0))))
        assert forget(log.state, {}, NOW).keep == ()
