"""A circle's blobs: who may hand one in or fetch one now, and how much room there is.

Of a blob the relay knows its hash, its length and when it came, and of nobody which message names
it. One chunk at a time is under way for a socket, and a device has so many in a second, so that
messages hardly wait for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from relay import wire
from relay.limits import LOW_WATER, NO_SPACE_WAIT, SECOND, Buckets
from relay.store.contract import (
    NO_ROOM,
    NO_SPACE,
    SPOILT,
    BlobChunk,
    Kept,
    Outcome,
    PutBlob,
    SweepBlobs,
)
from relay.wire import Refusal

if TYPE_CHECKING:
    from relay.live import LiveCircle
    from relay.session import Session

LATER = 50
"""Milliseconds after which it is worth asking again, while a chunk is under way or much waits for
the socket."""


@dataclass(slots=True)
class Unfinished:
    """A blob that a device hands in: its length, and when its last chunk came."""

    total: int
    at: int


class Blobs:
    """One circle's blobs, as far as its sockets ask for them."""

    def __init__(self, circle: LiveCircle) -> None:
        self._circle = circle
        self._hub = circle.hub
        self._rates: Buckets[bytes] = Buckets(circle.hub.settings.blobs)
        self._unfinished: dict[tuple[bytes, bytes], Unfinished] = {}

    def put(self, session: Session, frame: wire.PutBlob, now: int) -> None:
        """A device hands in a chunk, or asks how much is there."""
        if not frame.total or frame.offset + len(frame.chunk) > frame.total:
            return session.refuse(Refusal.MALFORMED)
        if frame.total > wire.BLOB_LIMIT:
            refused = _refused(frame, Refusal.TOO_LARGE, wire.BLOB_LIMIT)
            return session.refused(refused)
        if not self._may(session, frame, now):
            return
        if frame.chunk and self._hub.short():
            # A full disk would hold up messages, too.
            return session.refused(_refused(frame, Refusal.NO_SPACE, NO_SPACE_WAIT))
        if self._circle.mending.under_way:
            return session.refused(_refused(frame, Refusal.RESTORING))
        session.blob_under_way = True
        no_room = self._no_room(session.key, frame)
        if no_room is not None:
            # It may be there already: then it is whole, and needs no room.
            found = partial(self._looked, session, frame, no_room)
            return self._hub.store.read_blob(self._circle.id, frame.hash, 0, 0, found)
        if frame.chunk:
            self._unfinished[session.key, frame.hash] = Unfinished(frame.total, now)
        put = PutBlob(
            self._circle.id,
            frame.hash,
            session.key,
            frame.offset,
            frame.total,
            frame.chunk,
            now,
            self._hub.settings.circle_size - self._circle.ahead.size,
        )
        self._hub.store.put_blob(put, partial(self._put, session, frame, session.key))

    def get(self, session: Session, frame: wire.GetBlob, now: int) -> None:
        """A device fetches a chunk."""
        if self._may(session, frame, now):
            session.blob_under_way = True
            got = partial(self._got, session, frame)
            store = self._hub.store
            store.read_blob(self._circle.id, frame.hash, frame.offset, wire.BLOB_CHUNK, got)

    def tick(self, now: int) -> None:
        """About once a second: what nobody goes on with takes no room any more."""
        before = now - self._hub.settings.blobs_unfinished_life
        for place in [place for place, each in self._unfinished.items() if each.at < before]:
            del self._unfinished[place]
        self._rates.prune(now)

    def tidy(self, now: int) -> None:
        """Have the store let go of what has had its time."""
        kept = self._circle.confirmed.roster.retention * SECOND
        unfinished = self._hub.settings.blobs_unfinished_life
        sweep = SweepBlobs(self._circle.id, now - kept, now - unfinished)
        self._hub.store.sweep_blobs(sweep, self._hub.kept)

    def _may(self, session: Session, frame: wire.PutBlob | wire.GetBlob, now: int) -> bool:
        # Behind what waits for a slow reader already, a chunk would be one too many.
        later = session.blob_under_way or session.outlet.pending >= LOW_WATER
        wait = LATER if later else self._rates.take(session.key, now)
        if wait:
            session.hasty += 1
            session.refused(_refused(frame, Refusal.TOO_FAST, wait))
        else:
            session.hasty = 0
        return not wait

    def _no_room(self, key: bytes, frame: wire.PutBlob) -> wire.Refused | None:
        """Why a blob can't be handed in, unless it is there already."""
        settings = self._hub.settings
        others = {
            place: each.total
            for place, each in self._unfinished.items()
            if place != (key, frame.hash)
        }
        if sum(theirs == key for theirs, _ in others) >= settings.blobs_unfinished:
            return _refused(frame, Refusal.CROWDED, settings.blobs_unfinished)
        if self._circle.ahead.size + sum(others.values()) + frame.total > settings.circle_size:
            return _refused(frame, Refusal.TOO_LARGE, settings.circle_size)
        return None

    def _looked(
        self,
        session: Session,
        frame: wire.PutBlob,
        no_room: wire.Refused,
        found: BlobChunk | None,
    ) -> None:
        session.blob_under_way = False
        if self._hub.store.broken is not None:
            self._hub.fail(self._hub.store.broken)
        elif found is not None:
            session.tell(wire.BlobKept(frame.hash, found.total))
        else:
            session.refused(no_room)

    def _put(self, session: Session, frame: wire.PutBlob, key: bytes, outcome: Outcome) -> None:
        session.blob_under_way = False
        if isinstance(outcome, Kept):
            if outcome.offset == frame.total:
                self._unfinished.pop((key, frame.hash), None)
            if outcome.fresh:
                self._circle.grown(frame.total)
                self._hub.statistics.blobs += 1
            self._hub.statistics.blob_bytes_in += len(frame.chunk)
            session.tell(wire.BlobKept(frame.hash, outcome.offset))
        elif outcome is SPOILT:
            self._unfinished.pop((key, frame.hash), None)
            session.refused(_refused(frame, Refusal.OTHER_BYTES))
        elif outcome is NO_ROOM:
            # What was handed in before the circle was loaded counts, too.
            self._unfinished.pop((key, frame.hash), None)
            limit = self._hub.settings.circle_size
            session.refused(_refused(frame, Refusal.TOO_LARGE, limit))
        elif outcome is NO_SPACE:
            session.refused(_refused(frame, Refusal.NO_SPACE, NO_SPACE_WAIT))
        else:
            self._hub.fail(
                self._hub.store.broken or "the store does not know a circle that it loaded"
            )

    def _got(self, session: Session, frame: wire.GetBlob, found: BlobChunk | None) -> None:
        session.blob_under_way = False
        if self._hub.store.broken is not None:
            return self._hub.fail(self._hub.store.broken)
        if found is None:
            return session.tell(wire.BlobPart(frame.hash, 0, 0, b""))
        self._hub.statistics.blob_bytes_out += len(found.data)
        session.tell(wire.BlobPart(frame.hash, frame.offset, found.total, found.data))


def _refused(frame: wire.PutBlob | wire.GetBlob, code: Refusal, number: int = 0) -> wire.Refused:
    """A refusal names a blob by the first bytes of its hash."""
    return wire.Refused(frame.hash[:16], code, number)
