"""What every store must do with blobs: the tests that run on each backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256

import pytest

from relay.store.contract import (
    NO_ROOM,
    SPOILT,
    STORED,
    UNKNOWN,
    BlobChunk,
    Kept,
    Outcome,
    PutBlob,
    SweepBlobs,
)
from tests.relay.store_contract import ANA, BO, C, D, Desk, append, creation

BYTES = bytes(range(250))
HASH = sha256(BYTES).digest()
CHUNK = 100
NEVER = 0
ALWAYS = 1 << 60


def put(offset: int, *, by: bytes = ANA, circle: bytes = C, data: bytes = BYTES) -> PutBlob:
    """The chunk at `offset` of a blob."""
    hash_ = sha256(data).digest()
    chunk = data[offset : offset + CHUNK]
    return PutBlob(circle, hash_, by, offset, len(data), chunk, 5000, 1000)


def ask(by: bytes = ANA, circle: bytes = C) -> PutBlob:
    """How much is there?"""
    return replace(put(0, by=by, circle=circle), chunk=b"")


def kept(desk: Desk, intention: PutBlob) -> Outcome:
    """What comes of handing in a chunk."""
    outcome: Outcome = desk.ask(desk.store.put_blob, intention)
    return outcome


def hand_in(desk: Desk, by: bytes = ANA, circle: bytes = C) -> Outcome:
    """All of it."""
    starts = range(0, len(BYTES), CHUNK)
    return [kept(desk, put(offset, by=by, circle=circle)) for offset in starts][-1]


def fetched(desk: Desk, circle: bytes = C, hash_: bytes = HASH) -> bytes | None:
    """All of it, chunk by chunk."""
    found = b""
    while True:
        part: BlobChunk | None = desk.ask(desk.store.read_blob, circle, hash_, len(found), CHUNK)
        if part is None:
            return None
        found += part.data
        if len(found) == part.total:
            return found


class BlobContract:
    """The contract of `relay.store.contract` for blobs, point by point."""

    @pytest.fixture
    def opened(self) -> Iterator[Callable[[], Desk]]:
        raise NotImplementedError

    @pytest.fixture
    def desk(self, opened: Callable[[], Desk]) -> Desk:
        desk = opened()
        assert desk.all([creation(C), creation(D)]) == [STORED, STORED]
        return desk

    def test_a_blob_comes_back_as_it_went_in(self, desk: Desk) -> None:
        assert kept(desk, ask()) == Kept(0)
        assert kept(desk, put(0)) == Kept(100)
        assert kept(desk, put(100)) == Kept(200)
        assert fetched(desk) is None, "nobody is shown half a blob"
        assert kept(desk, put(200)) == Kept(250, fresh=True)
        assert fetched(desk) == BYTES
        assert fetched(desk, D) is None, "it is of one circle"
        assert kept(desk, put(200)) == kept(desk, ask(BO)) == Kept(250), "and of all in it"

    def test_it_can_be_read_from_anywhere(self, desk: Desk) -> None:
        hand_in(desk)
        assert desk.ask(desk.store.read_blob, C, HASH, 37, 10) == BlobChunk(250, BYTES[37:47])
        assert desk.ask(desk.store.read_blob, C, HASH, 245, 10) == BlobChunk(250, BYTES[245:])
        assert desk.ask(desk.store.read_blob, C, HASH, ALWAYS, 10) == BlobChunk(250, b"")
        assert desk.ask(desk.store.read_blob, C, HASH, 0, 0) == BlobChunk(250, b"")

    def test_a_chunk_that_is_not_the_next_changes_nothing(self, desk: Desk) -> None:
        assert kept(desk, put(100)) == Kept(0)
        assert kept(desk, put(0)) == Kept(100)
        assert kept(desk, put(0)) == kept(desk, put(200)) == kept(desk, ask()) == Kept(100)
        assert [kept(desk, put(at)) for at in (100, 200)] == [Kept(200), Kept(250, fresh=True)]

    @pytest.mark.parametrize("cut", range(0, 250, CHUNK))
    def test_it_goes_on_after_every_chunk(self, opened: Callable[[], Desk], cut: int) -> None:
        first = opened()
        first.do(creation(C))
        for offset in range(0, cut, CHUNK):
            kept(first, put(offset))
        again = opened()
        assert kept(again, ask()) == Kept(cut)
        outcomes = [kept(again, put(offset)) for offset in range(cut, 250, CHUNK)]
        assert outcomes[-1] == Kept(250, fresh=True)
        assert fetched(first) == BYTES

    def test_two_devices_hand_in_the_same(self, desk: Desk) -> None:
        assert kept(desk, put(0)) == kept(desk, put(0, by=BO)) == Kept(100)
        assert kept(desk, put(100, by=BO)) == Kept(200)
        assert kept(desk, ask()) == Kept(100), "each for itself"
        assert kept(desk, put(200, by=BO)) == Kept(250, fresh=True)
        assert kept(desk, put(100)) == Kept(250), "until it is there"
        assert fetched(desk) == BYTES

    def test_one_cannot_spoil_what_the_other_hands_in(self, desk: Desk) -> None:
        kept(desk, replace(put(0, by=BO), chunk=bytes(100)))
        assert hand_in(desk) == Kept(250, fresh=True)
        assert fetched(desk) == BYTES

    def test_other_bytes_are_thrown_away(self, desk: Desk) -> None:
        kept(desk, replace(put(0), chunk=bytes(100)))
        kept(desk, put(100))
        assert kept(desk, put(200)) is SPOILT
        assert fetched(desk) is None
        assert kept(desk, ask()) == Kept(0)
        assert hand_in(desk) == Kept(250, fresh=True)

    def test_another_length_is_begun_anew(self, desk: Desk) -> None:
        kept(desk, put(0))
        short = replace(put(0), total=50, chunk=BYTES[:50], hash=HASH)
        assert kept(desk, replace(short, chunk=b"")) == Kept(0)
        assert kept(desk, short) is SPOILT
        assert kept(desk, ask()) == Kept(0)

    def test_an_unknown_circle_has_none(self, desk: Desk) -> None:
        assert kept(desk, put(0, circle=b"x" * 16)) is UNKNOWN
        assert desk.ask(desk.store.sweep_blobs, SweepBlobs(b"x" * 16, ALWAYS, ALWAYS)) is UNKNOWN
        assert fetched(desk, b"x" * 16) is None

    def test_it_counts_as_the_circles(self, desk: Desk) -> None:
        before = desk.ask(desk.store.load, C).size
        kept(desk, put(0))
        assert desk.ask(desk.store.load, C).size == before
        hand_in(desk)
        assert desk.ask(desk.store.load, C).size == before + 250
        assert desk.ask(desk.store.load, D).size == before

    def test_what_has_had_its_time_goes(self, desk: Desk) -> None:
        hand_in(desk)
        hand_in(desk, circle=D)
        other = bytes(BYTES[::-1])
        kept(desk, put(0, data=other))
        for sweep in (SweepBlobs(C, 5000, NEVER), SweepBlobs(D, NEVER, ALWAYS)):
            assert desk.ask(desk.store.sweep_blobs, sweep) is STORED
        assert fetched(desk) == fetched(desk, D) == BYTES
        assert desk.ask(desk.store.sweep_blobs, SweepBlobs(C, 5001, NEVER)) is STORED
        assert fetched(desk) is None
        assert desk.ask(desk.store.load, C).size == 0
        assert fetched(desk, D) == BYTES
        assert kept(desk, replace(put(0, data=other), chunk=b"")) == Kept(100), "not so old"
        assert desk.ask(desk.store.sweep_blobs, SweepBlobs(C, NEVER, ALWAYS)) is STORED
        assert kept(desk, replace(put(0, data=other), chunk=b"")) == Kept(0)
        assert hand_in(desk) == Kept(250, fresh=True), "and may come again"

    def test_all_that_is_not_whole_has_so_much_room(self, desk: Desk) -> None:
        assert kept(desk, put(0)) == kept(desk, put(0, circle=D)) == Kept(100)
        assert kept(desk, replace(put(0, by=BO), room=199)) is NO_ROOM
        assert kept(desk, ask(BO)) == Kept(0)
        assert kept(desk, replace(put(100), room=199)) is NO_ROOM
        assert kept(desk, replace(put(100), room=200)) == Kept(200)
        assert kept(desk, replace(put(200), room=250)) == Kept(250, fresh=True)
        assert kept(desk, replace(put(0, data=BYTES[:100]), room=100)) == Kept(100, fresh=True)

    def test_messages_go_on_beside_it(self, desk: Desk) -> None:
        assert kept(desk, put(0)) == Kept(100)
        assert desk.do(append(C, 1)) is STORED
        assert hand_in(desk) == Kept(250, fresh=True)
        assert desk.do(append(C, 2)) is STORED
