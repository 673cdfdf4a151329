"""What a circle is: the fold of the messages of its log.

Pure. Every node that has folded the same messages holds the same. Of entries it keeps where each is
found, not the bodies; of those that are not messages all but the body, since a circle's roster is
folded from them.

Messages of the log whose entries have all gone are taken out of the stream, so that a later fold
meets entry n before those that stood in front of it: they come with the `Gone` that let them go.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import replace

from crypto.access.log import EMPTY_CHAIN, Kind
from relay.store.cluster.events import Entry, Event, Events, Gone, Struck, Whole
from relay.store.contract import (
    RECENT,
    Complete,
    Creation,
    Forget,
    Known,
    Loaded,
    Record,
    Restart,
)

FORGET_AT_ONCE = 2000
"""Entries that one `Forget` looks at; it goes on where it stopped the next time."""


class Fold:
    """A circle as of the message with sequence `sequence` (0: before the first)."""

    def __init__(self, circle: bytes) -> None:
        self.circle = circle
        self.sequence = 0
        self.creation: Creation | None = None
        self.base = 0
        self.n = 0
        self.chain = EMPTY_CHAIN
        self.swept = 0
        self.attachments: dict[bytes, tuple[int, int]] = {}  # by hash: time, length
        self.invites: set[bytes] = set()
        self.blobs: dict[bytes, Whole] = {}
        self.restarts: list[Restart] = []
        self.complete = True
        self.void: set[int] = set()
        self._held = 0
        self._last: Record | None = None
        self._turns: dict[int, Record] = {}
        self._numbers: dict[bytes, int] = {}
        # By n - base - 1: idempotency id, time, bytes of the body (-1 once it is gone), sequence.
        self._ids: list[bytes] = []
        self._times = array("q")
        self._lengths = array("i")
        self._places = array("Q")
        self._entries_at: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def incarnation(self) -> bytes:
        """The one that the log is in."""
        if self.restarts:
            return self.restarts[-1].incarnation
        return b"" if self.creation is None else self.creation.incarnation

    @property
    def size(self) -> int:
        """Bytes held of bodies, side data, attachments and blobs."""
        beside = sum(length for _, length in self.attachments.values())
        return self._held + beside + sum(blob.size for blob in self.blobs.values())

    def take(self, sequence: int, events: Events) -> None:
        """Fold the next message of the log in."""
        self.sequence = sequence
        for event in events.events:
            self._take(sequence, event)

    def _take(self, sequence: int, event: Event) -> None:
        match event:
            case Creation():
                self._create(event)
            case Entry():
                self._enter(sequence, event)
            case Restart():
                self.restarts.append(event)
                self.complete = False
            case Complete():
                self.complete = True
            case Gone():
                for record in event.records:
                    self._let_go(sequence, record)
                self.swept = max(self.swept, event.swept)
                for hash_ in event.attachments:
                    self.attachments.pop(hash_, None)
            case Whole():
                self.blobs[event.hash] = event
            case Struck():
                for hash_ in event.hashes:
                    self.blobs.pop(hash_, None)

    def _create(self, creation: Creation) -> None:
        self.creation = creation
        told = creation.settlement
        if told is not None:
            self.base = self.n = self.swept = told.base
            self.chain = told.base_hash
            same = creation.incarnation
            self.restarts.append(Restart(self.circle, same, same, creation.time))
            self.complete = False

    def _enter(self, sequence: int, entry: Entry) -> None:
        record = entry.record
        self._place(sequence, record)
        for hash_, length in entry.attachments:
            self.attachments.setdefault(hash_, (record.time, length))
        self.invites.update(entry.invites)

    def _let_go(self, sequence: int, record: Record) -> None:
        place = record.n - self.base - 1
        if place < len(self._ids) and self._places[place]:
            before = self._places[place]
            self._held -= max(0, self._lengths[place]) + len(record.side_data)
            self._entries_at[before] -= 1
            if not self._entries_at[before]:
                del self._entries_at[before]
                self.void.add(before)
        self._place(sequence, record)

    def _place(self, sequence: int, record: Record) -> None:
        """An entry is found in the message with this sequence."""
        place = record.n - self.base - 1
        while len(self._ids) <= place:
            self._ids.append(b"")
            self._times.append(record.time)
            self._lengths.append(0)
            self._places.append(0)
        self._ids[place] = record.idempotency_id
        self._times[place] = record.time
        self._lengths[place] = -1 if record.body is None else len(record.body)
        self._places[place] = sequence
        self._entries_at[sequence] = self._entries_at.get(sequence, 0) + 1
        self._numbers[record.idempotency_id] = record.n
        self._held += len(record.body or b"") + len(record.side_data)
        short = record if record.body is None else replace(record, body=b"")
        if record.kind != Kind.MESSAGE:
            self._turns[record.n] = short
        if record.n >= self.n:
            self.n, self.chain, self._last = record.n, record.chain, short

    def known(self, idempotency_id: bytes) -> Known | None:
        """Where the entry with this idempotency id stands."""
        n = self._numbers.get(idempotency_id)
        return None if n is None else Known(n, self._times[n - self.base - 1])

    def place(self, n: int) -> int:
        """The sequence of the message in which entry n is found."""
        return self._places[n - self.base - 1]

    def fitting(self, first: int, last: int, limit: int, most: int) -> list[int]:
        """Of the entries first … last as many as may fit into `limit` bytes; one, if there is."""
        low, high = max(first, self.base + 1), min(last, self.n)
        found: list[int] = []
        for n in range(low, min(high + 1, low + most)):
            limit -= max(0, self._lengths[n - self.base - 1])
            if found and limit < 0:
                break
            found.append(n)
        return found

    def over(self, forget: Forget) -> tuple[list[int], int, tuple[bytes, ...]]:
        """What has had its time: the entries whose bodies go, the new `swept`, attachments."""
        settled = min(forget.acknowledged, self._before(forget.settled_before))
        others = max(settled, self._before(forget.others_before))
        commits = max(settled, self._before(forget.commits_before))
        to = min(others, self.swept + FORGET_AT_ONCE)
        going = [n for n in range(self.swept + 1, to + 1) if self._goes(n, commit=False)]
        going += [n for n in self._turns if n <= commits and self._goes(n, commit=True)]
        hashes = tuple(
            hash_
            for hash_, (time, _) in self.attachments.items()
            if time < forget.attachments_before and hash_ not in forget.keep
        )
        return sorted(going), max([self.swept, *going]), hashes

    def _goes(self, n: int, *, commit: bool) -> bool:
        if self._lengths[n - self.base - 1] < 0:
            return False
        turn = self._turns.get(n)
        return commit == (turn is not None and turn.kind == Kind.COMMIT)

    def _before(self, time: int) -> int:
        """The highest n whose time is before `time`; what is not here is of before."""
        return self.base + bisect_left(self._times, time)

    def loaded(
        self, cursors: dict[bytes, int], beats: dict[bytes, tuple[bytes, int]]
    ) -> Loaded | None:
        """What `Store.load` answers; None for a circle that is not there."""
        if self.creation is None:
            return None
        first = max(0, len(self._ids) - RECENT)
        return Loaded(
            creation=self.creation,
            turns=tuple(record for _, record in sorted(self._turns.items())),
            last=self._last,
            recent=tuple(
                (self._ids[at], self.base + 1 + at, self._times[at])
                for at in range(first, len(self._ids))
            ),
            first_whole=self.swept + 1,
            size=self.size,
            cursors=cursors,
            beats=beats,
            restarts=tuple(self.restarts),
            complete=self.complete,
        )


def without_body(record: Record) -> Record:
    """What stays of an entry; of a commit its sender does, for the roster."""
    return replace(record, body=None, sender=record.sender if record.kind == Kind.COMMIT else b"")
