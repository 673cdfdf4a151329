"""Blobs in the stream: a chunk is a message, and so is how much a device has handed in.

A chunk is published before the hand says that it is there, and the hand names the chunk's sequence:
so what the hand tells of is there, whatever happens in between. With the last chunk the hash of all
is looked at; then the circle's log is told of the blob, which makes it one. What a device hands in
is kept apart from what another one does.

The hand in msgpack: [bytes, total, time, [[offset, sequence], ...]].
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgpack

from relay.store.cluster.circle import Circle
from relay.store.cluster.events import Struck, Whole
from relay.store.cluster.names import Names, last_part
from relay.store.cluster.stream import Draft, Message, NoRoom, Stale, Stream
from relay.store.contract import (
    NO_ROOM,
    NO_SPACE,
    SPOILT,
    STORED,
    UNKNOWN,
    BlobChunk,
    Kept,
    Outcome,
    PutBlob,
    SweepBlobs,
)

Chunks: TypeAlias = tuple[tuple[int, int], ...]
READ_AT_ONCE = 16
"""Chunks that are held in memory at a time."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What a device has handed in of a blob, under the sequence of its message (0: nothing)."""

    sequence: int = 0
    have: int = 0
    time: int = 0
    chunks: Chunks = ()


class Blobs:
    """The blobs of all circles. `write` has a circle's log told of one, and waits for it.

    Unreachable from each method; what was asked for can be asked again.
    """

    def __init__(
        self,
        stream: Stream,
        names: Names,
        write: Callable[[Circle, Whole | Struck], Awaitable[Outcome]],
    ) -> None:
        self._stream = stream
        self._names = names
        self._write = write

    async def put(self, circle: Circle, put: PutBlob) -> Outcome:
        """As `Store.put_blob`."""
        await circle.refresh()
        if circle.fold.creation is None:
            return UNKNOWN
        there = circle.fold.blobs.get(put.hash)
        if there is not None:
            if there.device != put.access_key:
                await self._throw_away(put)
            return Kept(there.size)
        try:
            return await self._hand_in(circle, put)
        except NoRoom:
            return NO_SPACE

    async def _hand_in(self, circle: Circle, put: PutBlob) -> Outcome:
        while True:
            hand = await self._hand(put)
            if put.chunk and put.offset == hand.have:
                unfinished = sum([each.have for each in await self._hands(put.circle)])
                if unfinished + len(put.chunk) > put.room:
                    return NO_ROOM
                try:
                    hand = await self._add(hand, put)
                except Stale:
                    continue  # the same device, at another node
            if hand.have == put.total:
                return await self._finish(circle, hand, put)
            return Kept(hand.have)

    async def _hand(self, put: PutBlob) -> Hand:
        found = await self._stream.last(self._names.hand(put.circle, put.hash, put.access_key))
        if found is None:
            return Hand()
        hand = _hand(found)
        return hand if hand.have <= put.total else Hand(hand.sequence)

    async def _hands(self, circle: bytes) -> list[Hand]:
        return [_hand(each) for each in await self._stream.lasts(self._names.hands(circle))]

    async def _add(self, hand: Hand, put: PutBlob) -> Hand:
        data = self._names.data(put.circle, put.hash, put.access_key)
        if not hand.have:
            await self._stream.purge(data)
        place = await self._stream.publish(Draft(data, put.chunk))
        have, chunks = hand.have + len(put.chunk), (*hand.chunks, (hand.have, place))
        told: bytes = msgpack.packb([have, put.total, put.time, chunks])
        subject = self._names.hand(put.circle, put.hash, put.access_key)
        sequence = await self._stream.publish(Draft(subject, told, hand.sequence, alone=True))
        return Hand(sequence, have, put.time, chunks)

    async def _finish(self, circle: Circle, hand: Hand, put: PutBlob) -> Outcome:
        """All is there: it becomes a blob, or is thrown away."""
        found = hashlib.sha256()
        for at in range(0, len(hand.chunks), READ_AT_ONCE):
            for chunk in await self._read(hand.chunks[at : at + READ_AT_ONCE]) or ():
                found.update(chunk)
        if found.digest() != put.hash:
            await self._throw_away(put)
            return SPOILT
        whole = Whole(put.hash, put.total, put.time, put.access_key, hand.chunks)
        outcome = await self._write(circle, whole)
        if outcome is STORED:
            subject = self._names.hand(put.circle, put.hash, put.access_key)
            await self._stream.purge(subject)
            return Kept(put.total, fresh=True)
        if isinstance(outcome, Kept):
            await self._throw_away(put)
        return outcome

    async def _throw_away(self, put: PutBlob) -> None:
        """The hand first: where it is, what it tells of is there too."""
        hand = await self._stream.last(self._names.hand(put.circle, put.hash, put.access_key))
        if hand is not None:
            await self._stream.purge(hand.subject)
            await self._stream.purge(self._names.data(put.circle, put.hash, put.access_key))

    async def _read(self, chunks: Chunks) -> list[bytes] | None:
        """What the chunks hold, in order; None where one is missing."""
        messages = await self._stream.at_all([sequence for _, sequence in chunks])
        found = {message.sequence: message.data for message in messages}
        if any(sequence not in found for _, sequence in chunks):
            return None
        return [found[sequence] for _, sequence in chunks]

    async def read(self, circle: Circle, hash_: bytes, offset: int, limit: int) -> BlobChunk | None:
        """As `Store.read_blob`."""
        await circle.read_on()
        there = circle.fold.blobs.get(hash_)
        if there is None:
            return None
        first, chunks = _covering(there, offset, limit)
        data = await self._read(chunks) if chunks else []
        if data is None:
            return None
        return BlobChunk(there.size, b"".join(data)[offset - first :][:limit])

    async def sweep(self, circle: Circle, sweep: SweepBlobs) -> Outcome:
        """As `Store.sweep_blobs`."""
        await circle.refresh()
        if circle.fold.creation is None:
            return UNKNOWN
        old = [blob for blob in circle.fold.blobs.values() if blob.time < sweep.kept_before]
        if old:
            outcome = await self._write(circle, Struck(tuple(blob.hash for blob in old)))
            if outcome is not STORED:
                return outcome
        for blob in old:
            subject = self._names.data(circle.id, blob.hash, blob.device)
            await self._stream.purge(subject, below=max(at for _, at in blob.chunks) + 1)
        for message in await self._stream.lasts(self._names.hands(circle.id)):
            if _hand(message).time < sweep.unfinished_before:
                device, hash_ = last_part(message.subject), _hash_of(message.subject)
                await self._stream.purge(message.subject)
                there = circle.fold.blobs.get(hash_)
                if there is None or there.device != device:
                    await self._stream.purge(self._names.data(circle.id, hash_, device))
        return STORED


def _covering(blob: Whole, offset: int, limit: int) -> tuple[int, Chunks]:
    """The chunks that have something of `limit` bytes from `offset` on, and where they begin."""
    ends: Sequence[int] = [*(start for start, _ in blob.chunks[1:]), blob.size]
    chosen = tuple(
        chunk
        for chunk, end in zip(blob.chunks, ends, strict=True)
        if end > offset and chunk[0] < offset + limit
    )
    return (chosen[0][0] if chosen else offset), chosen


def _hand(message: Message) -> Hand:
    have, _, time, chunks = msgpack.unpackb(message.data, use_list=False)
    return Hand(message.sequence, have, time, chunks)


def _hash_of(subject: str) -> bytes:
    return bytes.fromhex(subject.split(".")[-2])
