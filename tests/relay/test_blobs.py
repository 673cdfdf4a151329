"""Blobs at a relay: who may, how fast, how much, and what is heard then."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from crypto.access.side_data import RETENTION_LOWEST, RETENTION_USUAL, Keep, Remove
from relay import wire
from relay.blobs import LATER
from relay.limits import DAY, LOW_WATER, NO_SPACE_WAIT, SECOND, Rate, Settings
from relay.store.contract import UNKNOWN, Outcome, PutBlob, Restart
from relay.wire import Refusal
from tests.relay.memory import MemoryStore
from tests.relay.people import BO, CAM, admit, rekey
from tests.relay.world import Peer, World

LIFE = RETENTION_USUAL * SECOND
BYTES = b"sealed bytes" * 20_000
HASH = sha256(BYTES).digest()
STARTS = range(0, len(BYTES), wire.BLOB_CHUNK)


def put(offset: int, data: bytes = BYTES) -> wire.PutBlob:
    chunk = data[offset : offset + wire.BLOB_CHUNK]
    return wire.PutBlob(sha256(data).digest(), offset, len(data), chunk)


def ask(data: bytes = BYTES) -> wire.PutBlob:
    return wire.PutBlob(sha256(data).digest(), 0, len(data), b"")


def hand_in(peer: Peer, data: bytes = BYTES) -> None:
    """From where it stands; all of it is there then."""
    kept = peer.one(wire.BlobKept, ask(data)).offset
    while kept < len(data):
        before, kept = kept, peer.one(wire.BlobKept, put(kept, data)).offset
        assert kept > before
        peer.world.now += SECOND


def fetched(peer: Peer, hash_: bytes = HASH) -> bytes | None:
    found = b""
    while True:
        part = peer.one(wire.BlobPart, wire.GetBlob(hash_, len(found)))
        assert part.hash == hash_
        if not part.total:
            return None
        assert part.offset == len(found) and len(part.chunk) <= wire.BLOB_CHUNK
        found += part.chunk
        if len(found) == part.total:
            return found


def refusal(peer: Peer, frame: wire.PutBlob | wire.GetBlob) -> tuple[int, int]:
    refused = peer.one(wire.Refused, frame)
    assert refused.idempotency_id == frame.hash[:16]
    return refused.code, refused.number


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def two(world: World) -> tuple[Peer, Peer]:
    return world.pair()


class TestThere:
    def test_what_one_hands_in_another_fetches(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, bo = two
        for offset in STARTS:
            assert fetched(bo) is None, "half a blob is none"
            end = min(offset + wire.BLOB_CHUNK, len(BYTES))
            assert ana.one(wire.BlobKept, put(offset)) == wire.BlobKept(HASH, end)
        assert fetched(bo) == BYTES
        counts = world.hub.statistics
        assert (counts.blobs, counts.blob_bytes_in, counts.blob_bytes_out) == (
            1,
            len(BYTES),
            len(BYTES),
        )
        beyond = bo.one(wire.BlobPart, wire.GetBlob(HASH, len(BYTES) + 1))
        assert beyond == wire.BlobPart(HASH, len(BYTES) + 1, len(BYTES), b"")

    @pytest.mark.parametrize("cut", STARTS)
    def test_it_goes_on_after_every_cut(
        self, world: World, two: tuple[Peer, Peer], cut: int
    ) -> None:
        ana, bo = two
        for offset in range(0, cut, wire.BLOB_CHUNK):
            bo.say(put(offset))
        bo.session.receive(wire.message(put(cut)))
        bo.session.lost()
        world.store.settle()
        world.hub.circles.clear()
        again = world.bound(BO)
        kept = again.one(wire.BlobKept, ask()).offset
        assert kept == min(cut + wire.BLOB_CHUNK, len(BYTES)), "what was not heard was kept"
        hand_in(again)
        assert fetched(ana) == BYTES

    def test_two_hand_in_the_same_at_once(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, bo = two
        for offset in STARTS:
            for peer in two:
                peer.session.receive(wire.message(put(offset)))
            world.store.settle()
        assert ana.heard()[-1] == bo.heard()[-1] == wire.BlobKept(HASH, len(BYTES))
        assert world.hub.statistics.blobs == 1
        assert fetched(ana) == BYTES

    def test_other_bytes_are_refused_and_thrown_away(self, two: tuple[Peer, Peer]) -> None:
        ana, _ = two
        wrong = wire.PutBlob(HASH, 0, 4, b"else")
        assert refusal(ana, wrong) == (Refusal.OTHER_BYTES, 0)
        assert fetched(ana) is None
        hand_in(ana)

    def test_it_is_of_one_circle(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, _ = two
        hand_in(ana)
        stranger = world.connect()
        stranger.key = CAM
        heard = stranger.say(stranger.create(circle=b"d" * 16))
        assert isinstance(heard[0], wire.Bound)
        assert fetched(stranger) is None

    def test_it_goes_after_its_time(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, _ = two
        hand_in(ana)
        live = ana.session.circle
        world.now += LIFE - DAY
        live.blobs.tidy(world.now)
        assert fetched(ana) == BYTES
        world.now += 2 * DAY
        live.blobs.tidy(world.now)
        assert fetched(ana) is None

    def test_a_circle_says_how_long_that_is(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, _ = two
        hand_in(ana)
        ana.say(ana.commit(Keep(RETENTION_LOWEST)))
        live = ana.session.circle
        world.now += DAY - 1 - SECOND * len(STARTS)
        live.blobs.tidy(world.now)
        assert fetched(ana) == BYTES
        world.now += SECOND * len(STARTS) + 2
        live.blobs.tidy(world.now)
        assert fetched(ana) is None

    def test_the_round_of_retention_takes_them_along(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        hand_in(ana)
        world.now += LIFE + DAY
        for _ in range(3):
            world.hub.tick()
            world.store.settle()
        bo.heard()
        assert world.store.shelves[ana.session.circle.id].blobs == {}


class TestMalformed:
    @pytest.mark.parametrize(
        "frame",
        [
            wire.PutBlob(HASH, 0, 0, b""),
            wire.PutBlob(HASH, 0, 3, b"four"),
            wire.PutBlob(HASH, 1, 4, b"four"),
            wire.PutBlob(HASH, 5, 4, b""),
        ],
    )
    def test_what_cannot_be_closes(self, two: tuple[Peer, Peer], frame: wire.PutBlob) -> None:
        ana, _ = two
        assert ana.refused(frame) == (Refusal.MALFORMED, 0)
        assert ana.line.closed


class TestRoom:
    def test_one_is_not_too_large(self, two: tuple[Peer, Peer]) -> None:
        ana, _ = two
        largest = wire.PutBlob(HASH, 0, wire.BLOB_LIMIT, b"")
        assert ana.one(wire.BlobKept, largest).offset == 0
        large = wire.PutBlob(HASH, 0, wire.BLOB_LIMIT + 1, b"")
        assert refusal(ana, large) == (Refusal.TOO_LARGE, wire.BLOB_LIMIT)

    def test_all_of_them_fit_into_the_circle_beside_its_messages(self) -> None:
        world = World(Settings(circle_size=len(BYTES) + 1000))
        ana, bo = world.pair()
        ana.say(put(0))
        other = bytes(1000)
        assert refusal(bo, ask(other)) == (Refusal.TOO_LARGE, len(BYTES) + 1000), "promised"
        hand_in(ana)
        assert refusal(bo, ask(other)) == (Refusal.TOO_LARGE, len(BYTES) + 1000), "and taken"
        assert bo.one(wire.BlobKept, ask()).offset == len(BYTES), "it is there: that takes none"
        body = bytes(1000)
        assert bo.refused(bo.append(body=body)) == (Refusal.TOO_LARGE, len(BYTES) + 1000)
        world.now += LIFE + DAY
        bo.session.circle.blobs.tidy(world.now)
        bo.session.circle.tidy(world.now)
        world.store.settle()
        assert bo.one(wire.BlobKept, ask(other)).offset == 0

    def test_what_nobody_goes_on_with_takes_no_room_after_a_day(self) -> None:
        world = World(Settings(circle_size=len(BYTES) + 1000))
        ana, bo = world.pair()
        ana.say(put(0))
        world.now += DAY
        ana.session.circle.tick(world.now)
        ana.heard(), bo.heard()
        assert refusal(bo, ask(bytes(1000)))[0] == Refusal.TOO_LARGE
        world.now += 1
        ana.session.circle.tick(world.now)
        ana.heard(), bo.heard()
        assert bo.one(wire.BlobKept, ask(bytes(1000))).offset == 0

    def test_a_device_hands_in_so_many_at_a_time(self, two: tuple[Peer, Peer]) -> None:
        ana, bo = two
        several = [bytes((n,)) * 100 for n in range(5)]
        for data in several[:4]:
            begun = replace(put(0, data), chunk=data[:50])
            assert ana.one(wire.BlobKept, begun).offset == 50
        assert refusal(ana, ask(several[4])) == (Refusal.CROWDED, 4)
        assert bo.one(wire.BlobKept, ask(several[4])).offset == 0, "others may"
        hand_in(ana, several[0])
        assert ana.one(wire.BlobKept, ask(several[4])).offset == 0

    def test_what_was_begun_before_the_circle_was_loaded_counts(self) -> None:
        world = World(Settings(circle_size=len(BYTES) + 1000))
        ana, _ = world.pair()
        for offset in STARTS[:-1]:
            ana.say(put(offset))
        ana.session.lost()
        world.hub.circles.clear()
        bo = world.bound(BO)
        other = put(0, BYTES[::-1])
        assert refusal(bo, other) == (Refusal.TOO_LARGE, len(BYTES) + 1000)
        assert bo.one(wire.BlobKept, replace(other, chunk=other.chunk[:1000])).offset == 1000

    def test_asking_takes_no_room(self, two: tuple[Peer, Peer]) -> None:
        ana, bo = two
        large = [wire.PutBlob(bytes((n,)) * 32, 0, wire.BLOB_LIMIT, b"") for n in range(9)]
        for frame in large:
            assert ana.one(wire.BlobKept, frame).offset == 0
        hand_in(bo)

    def test_a_full_disk_is_named_and_the_same_chunk_taken_later(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, _ = two
        world.store.full = True
        assert refusal(ana, put(0)) == (Refusal.NO_SPACE, NO_SPACE_WAIT)
        world.store.full = False
        hand_in(ana)
        assert world.hub.broken is None

    def test_none_is_taken_while_the_machine_is_short(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        hand_in(ana, b"there")
        world.short = True
        assert refusal(ana, put(0)) == (Refusal.NO_SPACE, NO_SPACE_WAIT)
        assert ana.one(wire.BlobKept, ask()).offset == 0
        assert fetched(bo, sha256(b"there").digest()) == b"there"
        assert ana.one(wire.Done, ana.append()).n == 3
        world.short = False
        bo.heard()
        hand_in(bo)


class TestFairness:
    def test_one_chunk_at_a_time(self, two: tuple[Peer, Peer]) -> None:
        ana, _ = two
        hand_in(ana, b"small")
        small = wire.GetBlob(sha256(b"small").digest(), 0)
        other = put(0, b"other")
        ana.session.receive(wire.message(other, other, small))
        busy, too, kept = ana.heard()
        for each, frame in ((busy, other), (too, small)):
            assert each == wire.Refused(frame.hash[:16], Refusal.TOO_FAST, LATER)
        assert kept == wire.BlobKept(other.hash, 5)
        ana.session.receive(wire.message(small, small))
        assert [type(each) for each in ana.heard()] == [wire.Refused, wire.BlobPart]

    def test_none_behind_what_waits_already(self, two: tuple[Peer, Peer]) -> None:
        ana, _ = two
        hand_in(ana)
        ana.line.pending = LOW_WATER
        assert refusal(ana, wire.GetBlob(HASH, 0)) == (Refusal.TOO_FAST, LATER)
        ana.line.pending -= 1
        assert fetched(ana) == BYTES

    def test_so_many_in_a_second_and_messages_beside_them(self) -> None:
        world = World(Settings(blobs=Rate(2, SECOND), messages=Rate(4, DAY)))
        ana, _ = world.pair()
        assert ana.one(wire.BlobKept, put(0)).offset == wire.BLOB_CHUNK
        assert ana.one(wire.BlobPart, wire.GetBlob(HASH, 0)).total == 0
        assert refusal(ana, put(wire.BLOB_CHUNK)) == (Refusal.TOO_FAST, 1000)
        assert ana.session.hasty == 1
        assert ana.one(wire.Done, ana.append()).n == 3, "not of the messages' rate"
        world.now += 1000
        assert ana.one(wire.BlobKept, put(wire.BLOB_CHUNK)).offset == 2 * wire.BLOB_CHUNK
        assert ana.session.hasty == 0

    def test_whoever_has_been_quiet_is_forgotten(self, two: tuple[Peer, Peer]) -> None:
        ana, _ = two
        ana.say(put(0))
        circle = ana.session.circle
        assert len(circle.blobs._rates) == 1
        ana.world.now += SECOND
        circle.tick(ana.world.now)
        assert len(circle.blobs._rates) == 0


class TestChanges:
    def test_a_member_who_is_removed_meanwhile(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, bo = two
        bo.say(put(0))
        bo.session.receive(wire.message(put(wire.BLOB_CHUNK)))
        ana.session.receive(wire.message(ana.commit(Remove(BO.public))))
        heard = bo.heard()
        assert wire.Refused(None, Refusal.REMOVED) in heard
        assert bo.line.closed
        gone = world.connect()
        assert gone.refused(gone.bind(BO, 3)) == (Refusal.REMOVED, 0)
        ana.heard()
        assert fetched(ana) is None

    def test_a_device_with_another_key_begins_anew(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        _, bo = two
        bo.say(put(0))
        bo.say(bo.commit(rekey(BO, CAM)))
        assert bo.session.key == CAM.public
        assert bo.one(wire.BlobKept, ask()).offset == 0
        hand_in(bo)

    def test_a_chunk_whose_key_is_replaced_meanwhile(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        _, bo = two
        bo.session.receive(wire.message(bo.commit(rekey(BO, CAM)), put(0, b"short")))
        heard = bo.heard()
        assert wire.BlobKept(sha256(b"short").digest(), 5) in heard
        assert bo.session.circle.blobs._unfinished == {}

    def test_a_log_that_is_made_whole_takes_none_and_gives_them(self) -> None:
        world = World()
        ana, _ = world.pair()
        hand_in(ana)
        shelf = world.store.shelves[ana.session.circle.id]
        shelf.restarts.append(
            Restart(shelf.creation.circle, shelf.incarnation, b"i" * 16, world.now)
        )
        shelf.complete = False
        ana.session.circle.reload()
        ana.heard()
        again = world.connect()
        again.say(again.bind(BO, 0))
        assert again.session.circle.mending.under_way
        assert refusal(again, put(0, b"new")) == (Refusal.RESTORING, 0)
        assert fetched(again) == BYTES


class TestBroken:
    def test_nothing_is_acknowledged(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, _ = two
        ana.session.receive(wire.message(put(0)))
        world.store.fail()
        assert ana.heard() == [wire.Refused(None, Refusal.BROKEN)]
        assert world.hub.broken == "the disk is gone"

    def test_nothing_is_said_of_what_cannot_be_read(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, _ = two
        ana.session.receive(wire.message(wire.GetBlob(HASH, 0)))
        world.store.fail()
        assert ana.heard() == [wire.Refused(None, Refusal.BROKEN)]

    def test_nor_where_there_was_no_room(self) -> None:
        world = World(Settings(circle_size=1000))
        ana, _ = world.pair()
        ana.session.receive(wire.message(put(0)))
        world.store.fail()
        assert ana.heard() == [wire.Refused(None, Refusal.BROKEN)]

    def test_a_circle_that_the_store_has_lost(self) -> None:
        class Forgetful(MemoryStore):
            def _put_blob(self, put: PutBlob) -> Outcome:
                return UNKNOWN

        world = World(store=Forgetful())
        ana, _ = world.pair()
        assert ana.refused(put(0)) == (Refusal.BROKEN, 0)
        assert world.hub.broken == "the store does not know a circle that it loaded"


def test_whoever_comes_in_may_fetch_what_was_there_before(world: World) -> None:
    ana, _ = world.pair()
    hand_in(ana)
    ana.say(ana.commit(admit(CAM)))
    assert fetched(world.bound(CAM)) == BYTES
