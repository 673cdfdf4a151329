"""What is overwritten: a device's cursor and its beat, in one message a device.

In msgpack: [n or nil, beat or nil, the beat's time].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import msgpack

from relay.store.cluster.names import Names, last_part
from relay.store.cluster.stream import Draft, Stale, Stream
from relay.store.contract import Beat, Cursor, Dismiss

SlotWork: TypeAlias = Cursor | Beat | Dismiss


@dataclass(frozen=True, slots=True)
class Slot:
    """What is kept of a device, under the sequence of its message (0: nothing is there)."""

    sequence: int = 0
    n: int | None = None
    beat: bytes | None = None
    time: int = 0

    def after(self, works: Sequence[SlotWork]) -> Slot | None:
        """What it becomes; None where nothing stays of it."""
        slot: Slot | None = self
        for work in works:
            before = slot or Slot(self.sequence)
            match work:
                case Cursor():
                    slot = replace(before, n=max(work.n, before.n or 0))
                case Beat():
                    slot = replace(before, beat=work.body, time=work.time)
                case Dismiss():
                    slot = None
        return slot

    def encode(self) -> bytes:
        data: bytes = msgpack.packb([self.n, self.beat, self.time])
        return data


class Slots:
    """The slots of one circle. What is remembered of them only spares asking."""

    def __init__(self, stream: Stream, names: Names, circle: bytes) -> None:
        self._stream = stream
        self._names = names
        self._circle = circle
        self._seen: dict[bytes, Slot] = {}

    async def write(self, works: Sequence[SlotWork]) -> None:
        """Carry works out, those for one device in one step. NoRoom, Unreachable."""
        by_key: dict[bytes, list[SlotWork]] = {}
        for work in works:
            by_key.setdefault(work.access_key, []).append(work)
        for key, some in by_key.items():
            await self._write(key, some)

    async def _write(self, key: bytes, works: Sequence[SlotWork]) -> None:
        subject = self._names.slot(self._circle, key)
        while True:
            before = self._seen.pop(key, None)
            if before is None:
                found = await self._stream.last(subject)
                before = Slot() if found is None else _slot(found.sequence, found.data)
            after = before.after(works)
            if after is None:
                if before.sequence:
                    await self._stream.purge(subject)
                return
            if after != before:
                draft = Draft(subject, after.encode(), expected=before.sequence, alone=True)
                try:
                    sequence = await self._stream.publish(draft)
                except Stale:
                    continue  # another node was quicker: on what it wrote, then
                after = replace(after, sequence=sequence)
            self._seen[key] = after
            return

    async def all(self) -> tuple[dict[bytes, int], dict[bytes, tuple[bytes, int]]]:
        """The cursors, and the beats with their times, by access key. Unreachable."""
        cursors: dict[bytes, int] = {}
        beats: dict[bytes, tuple[bytes, int]] = {}
        for message in await self._stream.lasts(self._names.slots(self._circle)):
            slot, key = _slot(message.sequence, message.data), last_part(message.subject)
            if slot.n is not None:
                cursors[key] = slot.n
            if slot.beat is not None:
                beats[key] = (slot.beat, slot.time)
        return cursors, beats


def _slot(sequence: int, data: bytes) -> Slot:
    n, beat, time = msgpack.unpackb(data)
    return Slot(sequence, n, beat, time)
