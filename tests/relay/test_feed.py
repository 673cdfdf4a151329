"""Catching up: in order, a batch at a time, `done` in its place, and past entries on request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.access.log import Kind
from crypto.access.side_data import LeaveWelcome
from crypto.primitives import sha256
from relay import wire
from relay.feed import ENTRIES_AT_ONCE, JOBS_LIMIT
from relay.limits import LOW_WATER, QUEUE_LIMIT, READ_BATCH
from relay.wire import FromRelay, Refusal
from tests.relay.people import ANA, BO, CAM, CIRCLE, admit
from tests.relay.world import Peer, World

BIG = bytes(60_000)


@pytest.fixture
def world() -> World:
    world = World()
    world.pair()
    return world


def fill(world: World, count: int, body: bytes = b"hello") -> None:
    """Entries that another writer had, before anybody was here."""
    for _ in range(count):
        world.store.write_elsewhere(world.elsewhere(ANA, body), tell=False)


def fresh(world: World) -> World:
    """The same logs under a relay that has just been started."""
    again = World(store=world.store)
    again.now, again.ids = world.now, world.ids + 1000
    return again


def slow(world: World, after: int = 0) -> Peer:
    """Bo, whose line takes nothing for now."""
    peer = world.connect()
    peer.line.pending = QUEUE_LIMIT
    peer.session.receive(wire.message(peer.bind(BO, after)))
    return peer


def drain(peer: Peer) -> list[FromRelay]:
    peer.line.pending = 0
    peer.session.drained()
    return peer.heard()


def numbers(frames: list[FromRelay]) -> list[int]:
    return [frame.n for frame in frames if isinstance(frame, wire.Entry | wire.Gone)]


class TestCatchingUp:
    def test_everything_after_n_then_caught_up(self, world: World) -> None:
        fill(world, 5)
        world = fresh(world)
        peer = world.connect()
        bound, *entries, end = peer.say(peer.bind(ANA, 3))
        assert isinstance(bound, wire.Bound) and bound.n == 7
        assert [type(frame) for frame in entries] == [wire.Entry] * 4
        assert numbers(entries) == [4, 5, 6, 7]
        assert end == wire.CaughtUp(7)

    @pytest.mark.parametrize("after", [7, 99])
    def test_nothing_after_the_end(self, world: World, after: int) -> None:
        fill(world, 5)
        peer = fresh(world).connect()
        assert peer.say(peer.bind(ANA, after))[1:] == [wire.CaughtUp(7)]

    def test_an_entry_is_shown_as_it_is_kept(self, world: World) -> None:
        peer = fresh(world).connect()
        first = peer.say(peer.bind(ANA))[1]
        record = world.records[0]
        assert first == wire.Entry(1, Kind.COMMIT, record.time, b"commit", record.side_data)

    def test_who_came_later_is_shown_what_was_before_as_gone(self, world: World) -> None:
        peer = fresh(world).connect()
        _, first, second, end = peer.say(peer.bind(BO))
        assert first == wire.Gone(1, Kind.COMMIT, world.records[0].entry_hash)
        assert isinstance(second, wire.Entry) and second.n == 2
        assert end == wire.CaughtUp(2)

    def test_what_is_gone_is_shown_as_gone(self, world: World) -> None:
        world.records[1] = replace(world.records[1], body=None)
        peer = fresh(world).connect()
        _, first, second, _ = peer.say(peer.bind(ANA))
        assert isinstance(first, wire.Entry)
        assert second == wire.Gone(2, Kind.COMMIT, world.records[1].entry_hash)

    def test_more_tombstones_than_one_batch(self, world: World) -> None:
        fill(world, 2 * ENTRIES_AT_ONCE, b"")
        peer = fresh(world).connect()
        assert len(numbers(peer.say(peer.bind(ANA)))) == 2 * ENTRIES_AT_ONCE + 2

    def test_entries_that_come_meanwhile_come_in_order(self, world: World) -> None:
        fill(world, 3)
        world = fresh(world)
        ana = world.bound(ANA)
        peer = slow(world)
        ana.one(wire.Done, ana.append())
        assert [type(frame) for frame in peer.heard()] == [wire.Bound]
        heard = drain(peer)
        assert numbers(heard) == [1, 2, 3, 4, 5, 6]
        assert heard[-1] == wire.CaughtUp(6)
        ana.one(wire.Done, ana.append())
        assert numbers(peer.heard()) == [7]

    def test_a_line_that_is_lost_on_the_way_is_read_nothing_more(self, world: World) -> None:
        fill(world, 3)
        peer = fresh(world).connect()
        peer.session.receive(wire.message(peer.bind(BO)))
        peer.world.store.settle_one()
        assert peer.world.store.waiting
        peer.session.lost()
        peer.line.sent.clear()
        assert peer.heard() == []


class TestPressure:
    def test_a_slow_line_is_fed_a_batch_at_a_time(self, world: World) -> None:
        fill(world, 8, BIG)
        world = fresh(world)
        peer = slow(world)
        assert [type(frame) for frame in peer.heard()] == [wire.Bound]
        heard: list[FromRelay] = []
        for _ in range(20):
            peer.line.pending = 0
            peer.session.drained()
            # The outlet fills up as soon as the first batch is there.
            peer.line.pending = LOW_WATER
            batch = peer.heard()
            assert sum(len(f.body) for f in batch if isinstance(f, wire.Entry)) <= max(
                READ_BATCH, len(BIG)
            )
            heard += batch
        assert numbers(heard) == list(range(1, 11))
        assert heard[-1] == wire.CaughtUp(10)

    def test_a_slow_line_names_how_far_it_came(self, world: World) -> None:
        fill(world, 8, BIG)
        peer = slow(fresh(world), after=2)
        peer.heard()
        peer.line.pending = 0
        peer.session.drained()
        peer.line.pending = QUEUE_LIMIT
        assert numbers(peer.heard()) == [3]
        peer.session.too_slow()
        (refused,) = peer.heard()
        assert isinstance(refused, wire.Refused) and refused.number == 3


class TestDone:
    def test_stands_in_the_place_of_an_entry_sent_while_catching_up(self, world: World) -> None:
        fill(world, 2)
        world = fresh(world)
        peer = slow(world, after=2)
        peer.heard()
        append = peer.append()
        assert peer.say(append) == []
        heard = drain(peer)
        assert numbers(heard) == [3, 4]
        assert heard[2:] == [wire.Done(append.idempotency_id, 5, world.now), wire.CaughtUp(5)]

    def test_a_wish_known_from_before_is_answered_at_once(self, world: World) -> None:
        append = world.bound(ANA).append()
        world.bound(ANA).one(wire.Done, append)
        world = fresh(world)
        ana = world.connect()
        ana.line.pending = QUEUE_LIMIT
        ana.say(ana.bind(ANA, 2))
        assert ana.say(append) == [wire.Done(append.idempotency_id, 3, world.now)]
        assert numbers(drain(ana)) == [3]


class TestReading:
    def test_a_range_is_shown_again(self, world: World) -> None:
        fill(world, 5)
        ana = fresh(world).bound(ANA)
        assert numbers(ana.say(wire.Read(2, 4))) == [2, 3, 4]
        assert numbers(ana.say(wire.Read(6, 99), wire.Read(0, 1))) == [6, 7, 1]

    @pytest.mark.parametrize("nothing", [(3, 2), (8, 9), (0, 0)])
    def test_a_range_may_hold_nothing(self, world: World, nothing: tuple[int, int]) -> None:
        fill(world, 5)
        ana = fresh(world).bound(ANA)
        assert numbers(ana.say(wire.Read(*nothing), wire.Read(7, 7))) == [7]

    def test_a_long_range_comes_in_batches(self, world: World) -> None:
        fill(world, ENTRIES_AT_ONCE + 10)
        ana = fresh(world).bound(ANA)
        assert len(numbers(ana.say(wire.Read(1, ENTRIES_AT_ONCE + 12)))) == ENTRIES_AT_ONCE + 12

    def test_waits_for_the_end_of_catching_up(self, world: World) -> None:
        fill(world, 2)
        peer = slow(fresh(world), after=2)
        peer.heard()
        assert peer.say(wire.Read(1, 2)) == []
        heard = drain(peer)
        assert numbers(heard) == [3, 4, 1, 2]
        assert heard[2] == wire.CaughtUp(4)

    def test_live_entries_go_on(self, world: World) -> None:
        fill(world, 2)
        world = fresh(world)
        ana, bo = world.bound(ANA), world.bound(BO)
        bo.line.pending = QUEUE_LIMIT
        bo.say(wire.Read(3, 4))
        ana.one(wire.Done, ana.append())
        assert numbers(bo.heard()) == [5]
        assert numbers(drain(bo)) == [3, 4]


class TestWelcome:
    def arrived(self, welcome: bytes) -> Peer:
        """Cam, for whom a Welcome waits."""
        world = World()
        ana, _ = world.pair()
        for at in range(0, len(welcome), wire.CHUNK_LIMIT):
            chunk = welcome[at : at + wire.CHUNK_LIMIT]
            assert ana.say(wire.Stage(sha256(welcome), at, len(welcome), chunk)) == []
        ana.one(wire.Done, ana.commit(admit(CAM), LeaveWelcome(CAM.public, sha256(welcome))))
        return world.bound(CAM, 0)

    @pytest.mark.parametrize("size", [1, wire.CHUNK_LIMIT, 3 * wire.CHUNK_LIMIT + 1])
    def test_comes_in_parts(self, size: int) -> None:
        welcome = bytes(size)
        parts = self.arrived(welcome).say(wire.FetchWelcome())
        whole = b""
        for part in parts:
            assert isinstance(part, wire.Welcome)
            assert (part.hash, part.total, part.offset) == (sha256(welcome), size, len(whole))
            whole += part.chunk
        assert whole == welcome

    def test_comes_as_the_line_takes_it(self) -> None:
        cam = self.arrived(bytes(3 * wire.CHUNK_LIMIT))
        cam.line.pending = QUEUE_LIMIT
        assert cam.say(wire.FetchWelcome()) == []
        assert len(drain(cam)) == 3

    def test_none_waits_for_who_was_here(self, world: World) -> None:
        empty = wire.Welcome(bytes(32), 0, 0, b"")
        assert world.bound(ANA).say(wire.FetchWelcome()) == [empty]

    def test_none_waits_any_more(self) -> None:
        cam = self.arrived(b"a Welcome")
        cam.world.store.shelves[CIRCLE].attachments.clear()
        assert cam.one(wire.Welcome, wire.FetchWelcome()).total == 0

    def test_is_not_read_to_a_lost_line(self) -> None:
        cam = self.arrived(b"a Welcome")
        cam.session.receive(wire.message(wire.FetchWelcome()))
        cam.session.lost()
        assert cam.heard() == []

    def test_nor_when_too_much_waits(self) -> None:
        cam = self.arrived(b"a Welcome")
        cam.line.pending = QUEUE_LIMIT
        assert cam.say(*[wire.Read(1, 1)] * JOBS_LIMIT) == []
        assert cam.refused(wire.FetchWelcome()) == (Refusal.TOO_FAST, 1000)
        assert numbers(drain(cam)) == [1] * JOBS_LIMIT


class TestLoss:
    def test_a_store_that_lost_entries_ends_everything(self, world: World) -> None:
        fill(world, 5)
        world = fresh(world)
        ana = world.bound(ANA)
        del world.records[4:]
        assert [frame.code for frame in ana.say(wire.Read(5, 6)) if isinstance(frame, wire.Refused)]
        assert world.hub.broken == "the store does not give back what it holds"
