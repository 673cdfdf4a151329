"""What becomes of intentions for one circle's log: their outcomes, and the events to be published.

Pure. Decided on a fold that may be behind: the events are published only where the log stands as
the fold does, and where it doesn't all is decided again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from crypto.access.log import Kind
from relay.store.cluster.events import Entry, Event, Struck, Whole
from relay.store.cluster.fold import Fold
from relay.store.contract import (
    STORED,
    UNKNOWN,
    Append,
    Attachment,
    Complete,
    Conflict,
    Kept,
    Known,
    Outcome,
    Restart,
)

MESSAGE_BYTES = 384 * 1024
"""Of entries that are packed into one message of the stream."""

LogWork: TypeAlias = Append | Restart | Complete | Whole | Struck


class Decision:
    """The outcomes of the first so many of some works, if `events` are published."""

    def __init__(self, fold: Fold, works: Sequence[LogWork]) -> None:
        self.outcomes: list[Outcome] = []
        self.events: list[Event] = []
        self.attachments: list[Attachment] = []
        self.invites: list[bytes] = []
        self._fold = fold
        self._n, self._chain = fold.n, fold.chain
        self._known: dict[bytes, Known] = {}
        size = 0
        for work in works:
            alone = not isinstance(work, Append) or work.record.kind == Kind.COMMIT
            if self.events and (alone or size > MESSAGE_BYTES):
                break
            self.outcomes.append(self._decide(work))
            if isinstance(work, Append):
                size += len(work.record.body or b"") + len(work.record.side_data)
            if self.events and (alone or self.attachments or self.invites):
                break

    def _decide(self, work: LogWork) -> Outcome:
        if self._fold.creation is None:
            return UNKNOWN
        match work:
            case Append():
                return self._append(work)
            case Restart():
                if self._fold.incarnation != work.before:
                    return Conflict(self._n)
            case Complete():
                if self._fold.incarnation != work.incarnation:
                    return Conflict(self._n)
                if self._fold.complete:
                    return STORED
            case Whole():
                there = self._fold.blobs.get(work.hash)
                if there is not None:
                    return Kept(there.size)
            case Struck():
                if not any(hash_ in self._fold.blobs for hash_ in work.hashes):
                    return STORED
        self.events.append(work)
        return STORED

    def _append(self, append: Append) -> Outcome:
        record = append.record
        known = self._fold.known(record.idempotency_id) or self._known.get(record.idempotency_id)
        if known is not None:
            return known
        if record.n != self._n + 1 or append.previous not in (None, self._chain):
            return Conflict(self._n)
        self._n, self._chain = record.n, record.chain
        self._known[record.idempotency_id] = Known(record.n, record.time)
        new = [each for each in append.attachments if each.hash not in self._fold.attachments]
        told = tuple((each.hash, len(each.data)) for each in append.attachments)
        self.events.append(Entry(record, told, append.invites))
        self.attachments += new
        self.invites += append.invites
        return STORED
