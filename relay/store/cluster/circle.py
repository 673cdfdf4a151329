"""One circle at a node: its fold, kept up with the stream, and what is written to it.

    refresh   reads on from where the fold stands
    heard     takes a message that the node's consumer was given
    publish   conditionally: what comes too late is decided again on the fold as it is by then

Whether a message was written is not known where no answer came. It is found out: the log is read
on, and where the message is not in it, it is published once more. It can be written once only,
since both times it names the sequence that it must follow.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TypeAlias

import msgpack

from relay.store.cluster.deciding import Decision, LogWork
from relay.store.cluster.events import Entry, Event, Events, Gone, Struck, Whole, decode, encode
from relay.store.cluster.fold import Fold, without_body
from relay.store.cluster.names import Names
from relay.store.cluster.slots import Slots, SlotWork
from relay.store.cluster.stream import Draft, Message, NoRoom, Stale, Stream, Unreachable
from relay.store.contract import (
    EXISTS,
    EXPIRED,
    NO_SPACE,
    NO_TOKEN,
    RESTARTED,
    SPENT,
    STORED,
    UNKNOWN,
    Beat,
    Complete,
    Creation,
    Cursor,
    Dismiss,
    Forget,
    Forgotten,
    Intention,
    Outcome,
    Record,
    Restart,
)

PART_BYTES = 512 * 1024
"""Of a card or Welcome in one message."""

GONE_BYTES = 384 * 1024
"""Of what stays of entries that one message lets go."""

READ_AT_ONCE = 512

Work: TypeAlias = Intention | Whole | Struck
"""What callers of the store intend, and what its own blobs do."""

Ended: TypeAlias = Callable[[int, Sequence[Outcome]], None]


class Cluster:
    """What circles share: the stream, its subjects, and who this node is.

    `writer` names one message of this node, beginning with the node's own 8 bytes; `pause` waits a
    while before something is tried again; `holds` is whether another circle opened an invite.
    """

    def __init__(
        self,
        stream: Stream,
        names: Names,
        node: bytes,
        moved: Callable[[bytes, int], None],
        pause: Callable[[], Awaitable[None]],
        holds: Callable[[bytes, bytes], Awaitable[bool]],
    ) -> None:
        self.stream = stream
        self.names = names
        self.moved = moved
        self.pause = pause
        self.holds = holds
        self._node = node
        self._written = 0

    def writer(self) -> bytes:
        self._written += 1
        return self._node + self._written.to_bytes(8)

    def ours(self, events: Events) -> bool:
        return events.writer.startswith(self._node)

    def tell(self, circle: bytes, events: Events) -> None:
        """Another node has written this."""
        if any(isinstance(event, Restart | Complete) for event in events.events):
            return self.moved(circle, RESTARTED)
        numbers = [event.record.n for event in events.events if isinstance(event, Entry)]
        if numbers:
            self.moved(circle, max(numbers))


class Circle:
    """What a node holds of a circle; nothing that isn't in the stream."""

    def __init__(self, cluster: Cluster, circle: bytes) -> None:
        self.id = circle
        self.fold = Fold(circle)
        self.slots = Slots(cluster.stream, cluster.names, circle)
        self._cluster = cluster
        self._stream, self._names = cluster.stream, cluster.names
        self._log = cluster.names.log(circle)
        self._read = False
        self._flying: bytes | None = None
        self._landed = False

    # The fold, kept up.

    async def refresh(self) -> None:
        """Have in the fold what was acknowledged before this. Unreachable."""
        last = await self._stream.last(self._log)
        if last is not None and last.sequence > self.fold.sequence:
            if decode(self.id, last.data).before == self.fold.sequence:
                self._take(last)
            else:
                await self._read_to(last.sequence)
        self._read = True

    async def _read_to(self, sequence: int) -> None:
        """Not further: where others write all the time there would be no end to it."""
        async with aclosing(self._stream.after(self._log, self.fold.sequence)) as messages:
            async for message in messages:
                self._take(message)
                if self.fold.sequence >= sequence:
                    return
        while self.fold.sequence < sequence:
            # The copy that was read from lags behind; the leader's doesn't.
            late = await self._stream.next(self._log, self.fold.sequence + 1)
            if late is None:
                return
            self._take(late)

    async def read_on(self) -> None:
        """`refresh`, or as far as it is known here where the cluster can't say more."""
        try:
            await self.refresh()
        except Unreachable:
            if self.fold.creation is None:
                raise

    def _take(self, message: Message) -> None:
        # Something else may have read on meanwhile.
        if message.sequence > self.fold.sequence:
            self._fold_in(message.sequence, decode(self.id, message.data))

    def heard(self, sequence: int, events: Events) -> bool:
        """The node's consumer was given this; False where something is missing before it."""
        if sequence <= self.fold.sequence or events.writer == self._flying:
            return True
        if events.before != self.fold.sequence:
            return False
        self._fold_in(sequence, events)
        return True

    def _fold_in(self, sequence: int, events: Events) -> None:
        self.fold.take(sequence, events)
        if events.writer == self._flying:
            self._landed = True
        elif self._read and not self._cluster.ours(events):
            self._cluster.tell(self.id, events)

    # Writing.

    async def carry_out(self, works: Sequence[Work], ended: Ended) -> None:
        """Carry works out in order; `ended(place, outcomes)` hears of some after the others."""
        at = 0
        while at < len(works):
            outcomes = await self._some(works[at:])
            ended(at, outcomes)
            at += len(outcomes)

    async def _some(self, works: Sequence[Work]) -> list[Outcome]:
        first = works[0]
        try:
            if isinstance(first, Creation):
                return [await self._create(first)]
            if isinstance(first, Forget):
                return [await self._forget(first)]
            if isinstance(first, Cursor | Beat | Dismiss):
                return await self._keep_slots(works)
        except NoRoom:
            return [NO_SPACE]
        run: list[LogWork] = []
        for work in works:
            if isinstance(work, Creation | Forget | Cursor | Beat | Dismiss):
                break
            run.append(work)
        return await self._write_log(run)

    async def _write_log(self, run: Sequence[LogWork]) -> list[Outcome]:
        fresh = False
        while True:
            if not self._read:
                await self.surely_refresh()
                fresh = True
            decision = Decision(self.fold, run)
            if not decision.events:
                if fresh or all(outcome is STORED for outcome in decision.outcomes):
                    return decision.outcomes
                await self.surely_refresh()
                fresh = True
                continue
            try:
                beside = await self._beside(decision)
                if await self._published(tuple(decision.events), beside):
                    return decision.outcomes
            except NoRoom:
                return [NO_SPACE if each is STORED else each for each in decision.outcomes]
            fresh = True

    async def _beside(self, decision: Decision) -> list[Draft]:
        drafts = [
            Draft(self._names.card(self.id, each.hash, part), each.data[at : at + PART_BYTES])
            for each in decision.attachments
            for part, at in enumerate(range(0, max(1, len(each.data)), PART_BYTES))
        ]
        for invite in decision.invites:
            draft = await self._persist(lambda invite=invite: self._claim(invite))  # type: ignore[misc]
            if draft is not None:
                drafts.append(draft)
        return drafts

    async def _claim(self, invite: bytes) -> Draft | None:
        """The first circle to name an id keeps it, if that came to be."""
        subject = self._names.invite(invite)
        there = await self._stream.last(subject)
        if there is None:
            return Draft(subject, self.id, expected=0)
        if there.data == self.id or await self._cluster.holds(there.data, invite):
            return None
        return Draft(subject, self.id, expected=there.sequence, alone=True)

    async def _published(self, events: tuple[Event, ...], beside: Sequence[Draft] = ()) -> bool:
        """Whether it was published; if not, the fold has moved, or something beside it. NoRoom."""
        before = self.fold.sequence
        message = Events(self._cluster.writer(), before, events)
        drafts = [*beside, Draft(self._log, encode(message), expected=before)]
        self._flying, self._landed = message.writer, False
        try:
            while True:
                try:
                    sequence = await self._stream.publish_all(drafts)
                except Stale:
                    await self.surely_refresh()
                    return self._landed
                except Unreachable:
                    await self._cluster.pause()
                    await self.surely_refresh()
                    if self._landed or self.fold.sequence != before:
                        return self._landed
                else:
                    if sequence > self.fold.sequence:
                        self._fold_in(sequence, message)
                    return True
        finally:
            self._flying = None

    async def surely_refresh(self) -> None:
        """`refresh`, as often as it takes."""
        await self._persist(self.refresh)

    async def _persist(self, step: Callable[[], Awaitable[Draft | None]]) -> Draft | None:
        while True:
            try:
                return await step()
            except Unreachable:
                await self._cluster.pause()

    async def _create(self, creation: Creation) -> Outcome:
        while True:
            await self.surely_refresh()
            if self.fold.creation is not None:
                return EXISTS
            beside: list[Draft] = []
            if creation.token is not None:
                spent = await self._spend(creation.token, creation.time)
                if not isinstance(spent, Draft):
                    return spent
                beside.append(spent)
            if await self._published((replace(creation, token=None),), beside):
                return STORED

    async def _spend(self, token: bytes, now: int) -> Draft | Outcome:
        """One use of a token; or why not."""
        subject = self._names.token(token)
        try:
            found = await self._stream.last(subject)
        except Unreachable:
            await self._cluster.pause()
            return await self._spend(token, now)
        if found is None:
            return NO_TOKEN
        uses, until = msgpack.unpackb(found.data)
        if uses < 1:
            return SPENT
        if until <= now:
            return EXPIRED
        data: bytes = msgpack.packb([uses - 1, until])
        return Draft(subject, data, expected=found.sequence, alone=True)

    async def _keep_slots(self, works: Sequence[Work]) -> list[Outcome]:
        run: list[SlotWork] = []
        for work in works:
            if not isinstance(work, Cursor | Beat | Dismiss):
                break
            run.append(work)
        if self.fold.creation is None:
            await self.surely_refresh()
        if self.fold.creation is None:
            return [UNKNOWN] * len(run)
        while True:
            try:
                await self.slots.write(run)
            except NoRoom:
                return [NO_SPACE] * len(run)
            except Unreachable:
                await self._cluster.pause()
            else:
                return [STORED] * len(run)

    async def _forget(self, forget: Forget) -> Outcome:
        while True:
            await self.surely_refresh()
            if self.fold.creation is None:
                return UNKNOWN
            going, swept, hashes = self.fold.over(forget)
            if not going and not hashes:
                break
            records = await self._staying(going)
            if len(records) < len(going):
                swept = max([self.fold.swept, *(record.n for record in records)])
            if await self._published((Gone(tuple(records), swept, hashes),)):
                for hash_ in hashes:
                    await self._purge(self._names.card(self.id, hash_), self.fold.sequence)
                break
        return Forgotten(self.fold.swept + 1, self.fold.size)

    async def _staying(self, numbers: Sequence[int]) -> list[Record]:
        """What stays of entries, of as many as fit into a message."""
        found: list[Record] = []
        size = 0
        for at in range(0, len(numbers), READ_AT_ONCE):
            for record in await self.records(numbers[at : at + READ_AT_ONCE]):
                size += len(record.side_data) + 128
                if found and size > GONE_BYTES:
                    return found
                found.append(without_body(record))
        return found

    async def _purge(self, subject: str, below: int) -> None:
        try:
            await self._stream.purge(subject, below)
        except Unreachable:
            return  # nobody finds it any more: it only takes room

    async def clear(self) -> None:
        """Take one message out of the stream that holds nothing any more. Unreachable."""
        sequence = next(iter(self.fold.void))
        await self._stream.delete(sequence)
        self.fold.void.discard(sequence)

    # Reading.

    async def read(self, first: int, last: int, limit: int) -> list[Record]:
        """As `Store.read`."""
        if last > self.fold.n or self.fold.creation is None:
            await self.read_on()
        records: list[Record] = []
        first = max(first, self.fold.base + 1)
        while first <= min(last, self.fold.n):
            numbers = self.fold.fitting(first, last, limit, READ_AT_ONCE)
            for record in await self.records(numbers):
                limit -= len(record.body or b"") + len(record.side_data)
                if records and limit < 0:
                    return records
                records.append(record)
            first = numbers[-1] + 1
        return records

    async def records(self, numbers: Sequence[int]) -> list[Record]:
        """These entries, in this order. Unreachable."""
        found: dict[int, Record] = {}
        while True:
            missing = [n for n in numbers if n not in found]
            if not missing:
                return [found[n] for n in numbers]
            places = {self.fold.place(n) for n in missing}
            for message in await self._stream.at_all(sorted(places)):
                for record in _records(decode(self.id, message.data)):
                    if self.fold.place(record.n) == message.sequence:
                        found[record.n] = record
            if any(n not in found for n in missing):
                # Another node let them go meanwhile: they are found elsewhere by now.
                await self.refresh()

    async def attachment(self, hash_: bytes) -> bytes | None:
        """As `Store.attachment`."""
        await self.read_on()
        there = self.fold.attachments.get(hash_)
        if there is None:
            return None
        parts: list[bytes] = []
        for part in range(max(1, -(-there[1] // PART_BYTES))):
            message = await self._stream.last(self._names.card(self.id, hash_, part))
            if message is None:
                return None
            parts.append(message.data)
        return b"".join(parts)


def _records(events: Events) -> list[Record]:
    found: list[Record] = []
    for event in events.events:
        if isinstance(event, Entry):
            found.append(event.record)
        elif isinstance(event, Gone):
            found += event.records
    return found
