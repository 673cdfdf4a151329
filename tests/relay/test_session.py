"""A socket's states: every (state, frame) pair, and what each frame that is taken leads to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from crypto.access.settlement import Settlement
from crypto.primitives import sha256
from relay import wire
from relay.limits import MINUTE, QUEUE_LIMIT, SECOND, Settings
from relay.session import TABLE, State
from relay.wire import FROM_CLIENT, FromClient, Refusal
from tests.relay.people import ANA, BO, CARD, CIRCLE, DEE, GUEST, HOST, invite, rekey
from tests.relay.world import Peer, World

ID, KEY, SIGNATURE = b"i" * 16, b"k" * 32, b"s" * 64

COMES = Settlement(2, bytes(32), 3, bytes(32), True, 8, 8, 86_400, bytes(32), bytes(34))

SAMPLES: list[FromClient] = [
    wire.Create(CIRCLE, KEY, 8, None, SIGNATURE),
    wire.Bind(CIRCLE, KEY, 0, SIGNATURE),
    wire.Guest(ID, SIGNATURE),
    wire.Append(ID, 2, b"body"),
    wire.Commit(ID, 2, b"body", b"\x90"),
    wire.Request(ID, b"body"),
    wire.Rejoin(ID, b"body"),
    wire.Ack(1),
    wire.Beat(b"body"),
    wire.Ephemeral(b"body"),
    wire.Stage(sha256(b"body"), 0, 4, b"body"),
    wire.FetchWelcome(),
    wire.Read(1, 2),
    wire.OpenNameplate(),
    wire.ClaimNameplate([1]),
    wire.Say(b"body"),
    wire.CloseNameplate(),
    wire.Report(ID, 9, KEY, SIGNATURE),
    wire.Outline(3, bytes(33)),
    wire.Restore(3, 1, b"body", b"", None),
    wire.Settle.of(b"c" * 16, bytes(32), COMES, None, bytes(64)),
    wire.PutBlob(sha256(b"body"), 0, 4, b"body"),
    wire.GetBlob(sha256(b"body"), 0),
]


def greeting(world: World) -> Peer:
    return world.connect()


def entering(world: World) -> Peer:
    peer = world.connect()
    peer.session.receive(wire.message(peer.guest()))
    return peer


def bound(world: World) -> Peer:
    return world.bound(BO)


def guest(world: World) -> Peer:
    peer = world.connect()
    peer.one(wire.Card, peer.guest())
    return peer


def claimant(world: World) -> Peer:
    plate = world.bound(ANA).one(wire.Nameplate, wire.OpenNameplate())
    peer = world.connect()
    assert peer.say(wire.ClaimNameplate(plate.words)) == []
    return peer


def closed(world: World) -> Peer:
    peer = world.connect()
    peer.session.receive_text()
    peer.heard()
    return peer


REACH: dict[State, Callable[[World], Peer]] = {
    State.GREETING: greeting,
    State.ENTERING: entering,
    State.BOUND: bound,
    State.GUEST: guest,
    State.CLAIMANT: claimant,
    State.CLOSED: closed,
}


@pytest.fixture
def world() -> World:
    world = World()
    world.pair()
    return world


def test_there_is_a_sample_of_every_frame() -> None:
    assert {type(frame) for frame in SAMPLES} == {kind for kind, _ in FROM_CLIENT.rows.values()}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("frame", SAMPLES, ids=lambda frame: type(frame).__name__)
class TestEveryPair:
    def test_is_taken_or_refused_as_out_of_order(
        self, world: World, state: State, frame: FromClient
    ) -> None:
        peer = REACH[state](world)
        assert peer.session.state is state
        asked = len(world.store.submitted), len(world.store.waiting)
        peer.session.receive(wire.message(frame))
        taken = (state, type(frame)) in TABLE
        if taken:
            assert out_of_order not in peer.heard()
            return
        assert (len(world.store.submitted), len(world.store.waiting)) == asked
        assert peer.session.state is State.CLOSED
        assert peer.line.closed
        assert peer.heard() == ([] if state is State.CLOSED else [out_of_order])


out_of_order = wire.Refused(None, Refusal.OUT_OF_ORDER)


class TestMessages:
    def test_what_is_no_message_closes(self, world: World) -> None:
        for data in (b"", b"\x01", b"\x01\x90", bytes(100)):
            peer = world.connect()
            peer.session.receive(data)
            code = Refusal.MALFORMED if not data or data[0] else Refusal.VERSION
            (refused,) = peer.heard()
            assert refused == wire.Refused(None, code, 0 if data[:1] != b"\x00" else 1)
            assert peer.line.closed

    def test_text_closes(self, world: World) -> None:
        peer = world.connect()
        peer.session.receive_text()
        assert peer.heard() == [wire.Refused(None, Refusal.MALFORMED)]
        peer.session.receive_text()
        assert peer.heard() == []

    def test_frames_after_one_that_closes_are_ignored(self, world: World) -> None:
        ana = world.bound(ANA)
        assert ana.refused(wire.Request(ID, b""), ana.append()) == (Refusal.OUT_OF_ORDER, 0)
        assert len(world.records) == 2

    def test_several_frames_come_in_order(self, world: World) -> None:
        ana = world.bound(ANA)
        first, second = ana.append(), ana.append()
        heard = ana.say(first, second)
        assert heard == [
            wire.Done(first.idempotency_id, 3, world.now),
            wire.Done(second.idempotency_id, 4, world.now),
        ]

    def test_refusals_are_counted(self, world: World) -> None:
        world.connect().session.receive(b"")
        world.connect().session.receive(b"\x02")
        assert world.hub.statistics.refusals == {Refusal.MALFORMED: 1, Refusal.VERSION: 1}


class TestRates:
    def test_a_device_has_a_burst_and_a_rate(self, world: World) -> None:
        ana = world.bound(ANA)
        for _ in range(100):
            ana.one(wire.Done, ana.append())
        late = ana.append()
        assert ana.say(late) == [wire.Refused(late.idempotency_id, Refusal.TOO_FAST, 33)]
        world.now += 34
        ana.one(wire.Done, late)

    def test_coming_back_does_not_fill_it(self, world: World) -> None:
        ana = world.bound(ANA)
        for _ in range(100):
            ana.say(wire.Ephemeral(b""))
        again = world.bound(ANA)
        assert again.refused(wire.Ephemeral(b"")) == (Refusal.TOO_FAST, 33)

    def test_acks_of_something_new_are_free(self, world: World) -> None:
        ana = world.bound(ANA)
        for _ in range(100):
            ana.say(wire.Ephemeral(b""))
        assert ana.say(wire.Ack(1), wire.Ack(2)) == []
        assert ana.refused(wire.Ack(2)) == (Refusal.TOO_FAST, 33)

    def test_who_is_in_haste_is_known_by_it(self, world: World) -> None:
        ana = world.bound(ANA)
        for _ in range(100):
            ana.say(wire.Ephemeral(b""))
        assert ana.session.hasty == 0
        for number in range(3):
            ana.say(wire.Ephemeral(b""))
            assert ana.session.hasty == number + 1
        ana.say(wire.Ack(2))
        assert ana.session.hasty == 3
        world.now += SECOND
        ana.say(wire.Ephemeral(b""))
        assert ana.session.hasty == 0

    def test_a_stranger_has_less(self, world: World) -> None:
        peer = guest(world)
        for number in range(9):
            peer.say(wire.Request(number.to_bytes(16), b""))
        assert peer.refused(wire.Request(ID, b""))[0] == Refusal.TOO_FAST


class TestBound:
    def test_a_rejoin_is_ordered(self, world: World) -> None:
        assert world.bound(BO).one(wire.Done, wire.Rejoin(ID, b"sealed")).n == 3
        assert world.records[-1].body == b"sealed"

    def test_a_cursor_moves_with_the_next_tick(self, world: World) -> None:
        bo = world.bound(BO)
        assert bo.say(wire.Ack(1), wire.Ack(2), wire.Ack(1)) == []
        world.hub.tick()
        bo.heard()
        assert world.store.shelves[CIRCLE].cursors[BO.public] == 2

    def test_nobody_acknowledges_what_is_not_there(self, world: World) -> None:
        bo = world.bound(BO)
        assert bo.refused(wire.Ack(3)) == (Refusal.OUT_OF_ORDER, 0)
        assert bo.line.closed

    def test_beats_are_few(self, world: World) -> None:
        bo = world.bound(BO)
        for _ in range(6):
            assert bo.say(wire.Beat(b"beat")) == []
        assert bo.refused(wire.Beat(b"beat")) == (Refusal.TOO_FAST, 10_000)

    def test_ranges_that_wait_are_few(self, world: World) -> None:
        bo = world.bound(BO)
        bo.line.pending = QUEUE_LIMIT
        assert bo.say(*[wire.Read(1, 1)] * 8) == []
        assert bo.refused(wire.Read(1, 1)) == (Refusal.TOO_FAST, 1000)

    def test_a_device_that_replaced_its_key_goes_on(self, world: World) -> None:
        bo = world.bound(BO)
        bo.one(wire.Done, bo.commit(rekey(BO, DEE)))
        assert bo.session.key == DEE.public
        bo.one(wire.Done, bo.append())
        assert world.records[-1].sender == DEE.public


class TestStage:
    def parts(self, blob: bytes, size: int) -> list[wire.Stage]:
        return [
            wire.Stage(sha256(blob), offset, len(blob), blob[offset : offset + size])
            for offset in range(0, len(blob), size)
        ]

    def test_in_one_part_or_many(self, world: World) -> None:
        ana = world.bound(ANA)
        card = b"another card"
        assert ana.say(*self.parts(card, 5)) == []
        ana.one(wire.Done, ana.commit(invite(1, card=card)))
        assert world.store.shelves[CIRCLE].attachments[sha256(card)] == (world.now, card)

    def test_what_is_not_whole_does_not_count(self, world: World) -> None:
        ana = world.bound(ANA)
        card = b"another card"
        assert ana.say(*self.parts(card, 5)[:-1]) == []
        assert ana.refused(ana.commit(invite(1, card=card))) == (Refusal.UNSTAGED, 0)

    def test_it_may_be_begun_again(self, world: World) -> None:
        ana = world.bound(ANA)
        card = b"another card"
        for again in (self.parts(card, 5)[:2], self.parts(card, 4), self.parts(card, 99)):
            assert ana.say(*again) == []
        ana.one(wire.Done, ana.commit(invite(1, card=card)))

    def test_its_room_is_given_back(self) -> None:
        world = World(replace(Settings(), staged=12))
        card = b"another card"
        ana = world.founded()
        ana.say(*self.parts(card, 12))
        assert not world.hub.reserve(1)
        ana.session.lost()
        ana = world.bound(ANA)
        ana.say(*self.parts(card, 12))
        world.now += 10 * MINUTE + 1
        world.hub.tick()
        assert world.hub.reserve(12)
        assert not world.hub.reserve(1)

    @pytest.mark.parametrize(
        "wrong",
        [
            wire.Stage(sha256(CARD), 1, len(CARD), CARD[1:]),
            wire.Stage(sha256(CARD), 0, len(CARD), b""),
            wire.Stage(sha256(CARD), 0, len(CARD) - 1, CARD),
            wire.Stage(sha256(b"other"), 0, len(CARD), CARD),
            wire.Stage(sha256(b""), 0, 0, b""),
        ],
        ids=["gap", "nothing", "too much", "hash", "empty"],
    )
    def test_what_does_not_fit_closes(self, world: World, wrong: wire.Stage) -> None:
        ana = world.bound(ANA)
        assert ana.refused(wrong) == (Refusal.MALFORMED, 0)

    def test_parts_agree_on_the_total_and_end_there(self, world: World) -> None:
        for second in (
            wire.Stage(sha256(CARD), 4, len(CARD) + 1, CARD[4:]),
            wire.Stage(sha256(CARD), 4, len(CARD), CARD[4:] + b"!"),
        ):
            ana = world.bound(ANA)
            assert ana.say(wire.Stage(sha256(CARD), 0, len(CARD), CARD[:4])) == []
            assert ana.refused(second) == (Refusal.MALFORMED, 0)

    def test_a_socket_has_room_for_so_much(self, world: World) -> None:
        ana = world.bound(ANA)
        most = bytes(wire.STAGED_LIMIT)
        for part in self.parts(most, wire.CHUNK_LIMIT):
            assert ana.say(part) == []
        assert ana.refused(*self.parts(b"one more", 8)) == (Refusal.TOO_LARGE, wire.STAGED_LIMIT)
        assert not ana.line.closed

    def test_so_has_the_relay(self) -> None:
        world = World(replace(Settings(), staged=10))
        ana = world.founded()
        assert ana.say(*self.parts(b"12345678", 8)) == []
        assert ana.refused(*self.parts(b"abc", 3)) == (Refusal.TOO_FAST, 10 * MINUTE)
        assert ana.say(*self.parts(b"ab", 2)) == []

    def test_nobody_has_all_of_it(self) -> None:
        world = World(replace(Settings(), staged_per_source=10 + len(CARD)))
        ana, bo = world.pair()  # with a card, which stays for a while
        assert ana.say(*self.parts(b"12345678", 8)) == []
        assert bo.refused(*self.parts(b"abc", 3)) == (Refusal.TOO_FAST, 10 * MINUTE)
        elsewhere = world.connect("192.0.2.99")
        elsewhere.say(elsewhere.bind(BO, 2))
        assert elsewhere.say(*self.parts(b"abc", 3)) == []
        ana.session.lost()
        assert bo.say(*self.parts(b"abc", 3)) == []

    def test_ten_minutes(self, world: World) -> None:
        ana = world.bound(ANA)
        card = b"another card"
        ana.say(*self.parts(card, 99))
        world.now += 10 * MINUTE
        ana.one(wire.Done, ana.commit(invite(1, card=card)))
        world.now += 1
        assert ana.refused(ana.commit(invite(2, card=card))) == (Refusal.UNSTAGED, 0)


class TestEnds:
    def test_a_slow_socket_hears_where_to_come_back(self, world: World) -> None:
        bo = world.bound(BO)
        bo.session.too_slow()
        assert bo.heard() == [wire.Refused(None, Refusal.TOO_SLOW, 2)]
        assert bo.line.closed
        bo.session.too_slow()
        assert bo.heard() == []

    def test_a_message_longer_than_any(self, world: World) -> None:
        peer = world.bound(ANA)
        peer.session.too_large()
        peer.session.too_large()
        limit = wire.MESSAGE_LIMIT
        assert peer.heard() == [wire.Refused(None, Refusal.TOO_LARGE, limit)]
        assert peer.line.closed and world.hub.statistics.refusals[Refusal.TOO_LARGE] == 1

    def test_a_slow_stranger_too(self, world: World) -> None:
        peer = guest(world)
        peer.session.too_slow()
        assert peer.heard() == [wire.Refused(None, Refusal.TOO_SLOW, 0)]

    @pytest.mark.parametrize("state", State)
    def test_a_lost_socket_lets_go_of_everything(self, world: World, state: State) -> None:
        peer = REACH[state](world)
        peer.session.lost()
        peer.session.lost()
        peer.session.drained()
        assert peer.session.state is State.CLOSED
        assert peer.session not in world.hub.sessions
        peer.heard()
        world.bound(ANA).one(wire.Done, wire.Append(ID, 2, b"nobody else hears this"))
        assert peer.heard() == []

    def test_what_was_sent_before_the_line_dropped_is_ordered(self, world: World) -> None:
        bo = world.bound(BO)
        bo.session.receive(wire.message(bo.append(), bo.append(handshake=0)))
        bo.session.lost()
        assert bo.heard() == []
        assert len(world.records) == 3

    def test_a_known_wish_is_not_told_to_a_lost_line(self, world: World) -> None:
        bo = world.bound(BO)
        elsewhere = world.elsewhere(BO)
        world.store.write_elsewhere(elsewhere, tell=False)
        known = replace(bo.append(), idempotency_id=elsewhere.record.idempotency_id)
        bo.session.receive(wire.message(known))
        bo.session.lost()
        assert bo.heard() == []

    def test_a_guest_hears_done(self, world: World) -> None:
        peer = guest(world)
        assert peer.say(wire.Request(ID, b"sealed")) == [wire.Done(ID, 3, world.now)]
        assert world.records[-1].sender == GUEST.public

    def test_the_host_is_what_was_dialled(self, world: World) -> None:
        peer = world.connect(host="other.example.org")
        assert HOST != "other.example.org"
        assert peer.refused(peer.bind(BO)) == (Refusal.FORBIDDEN, 0)
