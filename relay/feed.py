"""What a bound socket is owed: the log from where it stood, and whatever it asks to see again.

A socket that catches up is given a batch at a time, the next one when the last has left, so that
nobody's past fills the relay's memory. At the end of the log it becomes a reader: from then on the
circle sends it each entry as it is ordered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from relay import wire
from relay.limits import LOW_WATER, READ_BATCH
from relay.store.contract import Record
from relay.wire import Refusal

if TYPE_CHECKING:
    from relay.live import LiveCircle
    from relay.session import Session

ENTRIES_AT_ONCE = 512
"""Tombstones weigh nothing in a batch's bytes, so a batch is bounded in number too."""

JOBS_LIMIT = 8
"""Ranges and Welcomes that one socket may have asked for and not yet been given."""

Job: TypeAlias = range | Iterator[bytes]


class Feed:
    """One bound socket's place in the log.

    Entries before `since`, the one that brought the device in, are shown as gone. Everything up to
    `position` has been sent. `own` are entries that the socket itself had ordered before it had
    caught up: it hears `done` in their place.
    """

    def __init__(self, circle: LiveCircle, session: Session, since: int, after: int) -> None:
        self._circle = circle
        self._session = session
        self._since = since
        self._position = after
        self._vouched = circle.confirmed.n
        self._live = False
        self._reading = False
        self._asked = 0
        self._stopped = False
        self._jobs: deque[Job] = deque()
        self.own: dict[int, bytes] = {}

    @property
    def position(self) -> int:
        """The newest n that has been handed to the outlet."""
        return self._circle.confirmed.n if self._live else self._position

    @property
    def live(self) -> bool:
        """Whether the socket has caught up and hears entries as they are ordered."""
        return self._live

    def stop(self) -> None:
        """The socket is closing: nothing more is read for it."""
        self._stopped = True
        self._jobs.clear()

    def read(self, first: int, last: int) -> bool:
        """Send entries again, as far as there are any; False where too much is asked at once."""
        last = min(last, self._circle.confirmed.n)
        return self._add(range(max(first, self._circle.base + 1), last + 1))

    def fetch_welcome(self) -> None:
        """Send the Welcome that waits for the device."""
        self._circle.fetch_welcome(self._session, self._welcome)

    def _welcome(self, hash_: bytes, data: bytes) -> None:
        if not self._stopped and not self._add(_parts(hash_, data)):
            self._session.refuse(Refusal.TOO_FAST, 1000)

    def _add(self, job: Job) -> bool:
        if len(self._jobs) >= JOBS_LIMIT:
            return False
        self._jobs.append(job)
        self.go_on()
        return True

    def go_on(self) -> None:
        """Send what fits now. The circle's reads come back to here until nothing is left."""
        while not self._reading and not self._stopped and self._session.outlet.pending < LOW_WATER:
            if not self._live:
                self._catch_up()
            elif self._jobs:
                self._work(self._jobs[0])
            else:
                return

    def _catch_up(self) -> None:
        newest = self._circle.confirmed.n
        if self._position < newest:
            if newest > self._vouched and not self._circle.mending.under_way:
                # Whoever follows a commit holds a head that covers it; `bound` covered less.
                self._vouched = newest
                head = self._circle.head()
                self._session.send(wire.Head(head.incarnation, head.n, head.hash, head.signature))
            self._ask(self._position + 1, newest)
            return
        self._live = True
        self._session.send(wire.CaughtUp(newest))
        self._circle.caught_up(self._session)

    def _work(self, job: Job) -> None:
        if isinstance(job, range):
            if job:
                self._ask(job[0], job[-1])
            else:
                self._jobs.popleft()
            return
        part = next(job, None)
        if part is None:
            self._jobs.popleft()
        else:
            self._session.outlet.send(part)

    def _ask(self, first: int, last: int) -> None:
        self._reading = True
        self._asked = last
        last = min(last, first + ENTRIES_AT_ONCE - 1)
        store = self._circle.hub.store
        store.read(self._circle.id, first, last, READ_BATCH, self._read)

    def _read(self, records: Sequence[Record] | None) -> None:
        self._reading = False
        if self._stopped:
            return
        if not records:
            # The store lost what it had said that it holds.
            self._circle.hub.fail("the store does not give back what it holds")
            return
        for record in records:
            self._send(record)
        last = records[-1].n
        if not self._live:
            self._position = last
        else:
            self._jobs[0] = range(last + 1, self._asked + 1)
        self.go_on()

    def _send(self, record: Record) -> None:
        own = None if self._live else self.own.pop(record.n, None)
        if own is not None:
            self._session.send(wire.Done(own, record.n, record.time))
        else:
            self._session.outlet.send(frame_of(record, self._since))


def frame_of(record: Record, since: int) -> bytes:
    """A record as a device is shown it that came in with entry `since`."""
    if record.body is None or record.n < since:
        return wire.encode(wire.Gone(record.n, record.kind, record.entry_hash))
    return wire.encode_entry(record.n, record.kind, record.time, record.body, record.side_data)


def _parts(hash_: bytes, data: bytes) -> Iterator[bytes]:
    """A Welcome in frames; one with a total of 0 where there is none."""
    total = len(data)
    for offset in range(0, max(total, 1), wire.CHUNK_LIMIT):
        chunk = data[offset : offset + wire.CHUNK_LIMIT]
        yield wire.encode(wire.Welcome(hash_, offset, total, chunk))
