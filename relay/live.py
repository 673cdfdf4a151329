"""A circle that somebody is connected to: what is on its way to the disk, and who hears of it.

The confirmed state is what the store holds; the tentative one runs ahead of it by the records that
have been submitted, so that the next wish need not wait for the last one's fsync. Nothing is
acknowledged or shown before the store says that it is stored. Where the store says that somebody
else wrote first, the tentative state is thrown away, what was missed is read, and the wishes are
decided again in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from crypto.access.log import Head, Kind
from crypto.access.roster import Roster, Seat
from relay import wire
from relay.blobs import Blobs
from relay.circles import (
    Accepted,
    Answers,
    Changes,
    CircleState,
    Turns,
    Verdict,
    Wish,
    changes,
    forget,
)
from relay.feed import Feed, frame_of
from relay.limits import NO_SPACE_WAIT as NO_SPACE_WAIT
from relay.limits import READ_BATCH, Bucket, Buckets
from relay.mending import Mending
from relay.store.contract import (
    NO_SPACE,
    RESTARTED,
    STORED,
    Beat,
    Conflict,
    Cursor,
    Dismiss,
    Forgotten,
    Known,
    Loaded,
    Outcome,
    Record,
)
from relay.wire import Refusal

if TYPE_CHECKING:
    from relay.hub import Hub
    from relay.session import Session

GUESTS_LIMIT = 32
"""Guests that one circle has at its door."""

NO_WELCOME = bytes(32)


@dataclass(slots=True)
class Flight:
    """A record on its way to the disk, and the sockets that asked for it."""

    wish: Wish
    accepted: Accepted
    askers: list[Session]


class LiveCircle:
    """One loaded circle. `bound` and `guests` are its sockets, `readers` those that have caught
    up."""

    def __init__(self, hub: Hub, loaded: Loaded, now: int) -> None:
        settings = hub.settings
        self.hub = hub
        self.id = loaded.creation.circle
        self.confirmed = CircleState.fold(loaded, settings)
        self.first_whole = loaded.first_whole
        # Whoever is off the roster left both behind, if the disk was full or the relay died.
        seats = self.confirmed.roster.seats
        self.cursors = {key: n for key, n in loaded.cursors.items() if key in seats}
        self.beats = {key: beat for key, beat in loaded.beats.items() if key in seats}
        self.bound: list[Session] = []
        self.readers: list[Session] = []
        self.guests: list[Session] = []
        self.idle_since = now
        self._tentative = self.confirmed.copy()
        self._answers = Answers(loaded.recent)
        self._turns = Turns(settings)
        self._messages: dict[bytes, Bucket] = {}
        self._beating: Buckets[bytes] = Buckets(settings.beats)
        self._flights: dict[bytes, Flight] = {}
        self._landed: dict[int, list[Session]] = {}
        self._known: dict[int, list[tuple[Wish, list[Session]]]] = {}
        self._overtaken = False
        self._told = 0
        self._again: list[tuple[Wish, list[Session]]] = []
        self._later: list[tuple[Wish, list[Session]]] = []
        self._acked: set[bytes] = set()
        self._full_until = 0
        self._shown = self.confirmed.n
        self.mending = Mending(self, loaded, now)
        self.blobs = Blobs(self)

    # Sockets that come and go.

    def bind(self, session: Session, key: bytes, after: int, now: int) -> None:
        """A device's socket: it is told where the log stands, and caught up."""
        old = [other for other in self.bound if other.key == key]
        for other in old[: max(0, len(old) + 1 - self.hub.settings.sockets_per_key)]:
            other.end(wire.Refused(None, Refusal.CROWDED))
        state = self.confirmed
        seat = state.roster.seats[key]
        head = self.head()
        told = self.mending.told
        if told is not None:
            begins = wire.Begins(told.base, told.base_hash, told.n, told.hash, told.alone)
            session.send(begins)
        session.send(
            wire.Bound(
                head.incarnation,
                head.n,
                head.hash,
                head.signature,
                state.handshake,
                self.first_whole,
                len(state.roster.chairs()),
                state.roster.cap,
            )
        )
        # A device's bucket outlives its sockets, else coming back would fill it.
        bucket = self._messages.setdefault(key, Bucket(self.hub.settings.messages, now))
        feed = Feed(self, session, seat.since, max(after, self.base))
        session.bind(self, key, feed, bucket)
        self.mending.bound(session)
        self.bound = [*self.bound, session]
        feed.go_on()

    def caught_up(self, session: Session) -> None:
        """A socket has heard everything: it is shown the others' beats, and reads along."""
        self.readers = [*self.readers, session]
        for key, (body, _) in self.beats.items():
            if key != session.key:
                session.send(wire.BeatOf(key, body))

    def receive_guest(self, session: Session, invite_id: bytes, card: bytes) -> bool:
        """A guest's socket: it is shown the card, if there is room at the door."""
        if len(self.guests) >= GUESTS_LIMIT:
            session.refuse(Refusal.CROWDED)
            return False
        roster = self.confirmed.roster
        session.host_guest(self, invite_id, roster.invites[invite_id].access_key)
        self.guests = [*self.guests, session]
        session.send(wire.Card(card, len(roster.chairs()), roster.cap))
        return True

    def left(self, session: Session) -> None:
        """A socket is gone."""
        # New lists: a socket may turn out to be too slow while one of them is gone through.
        self.bound = [other for other in self.bound if other is not session]
        self.readers = [other for other in self.readers if other is not session]
        self.guests = [other for other in self.guests if other is not session]
        self.mending.left(session)
        self.idle_since = self.hub.clock()

    def idle(self, now: int, after: int) -> bool:
        """Whether nobody has been here for so long, and nothing is under way."""
        busy = self.bound or self.guests or self._flights or self._overtaken or self._acked
        return not busy and not self.mending.busy and now - self.idle_since >= after

    # Wishes.

    def order(self, wish: Wish, session: Session, now: int) -> None:
        """Have something ordered; the session hears `done` or a refusal."""
        answered = self._answers.get(wish.idempotency_id)
        flight = self._flights.get(wish.idempotency_id)
        if answered is not None:
            self._answer(wish, [session], *answered)
        elif flight is not None:
            flight.askers.append(session)
        elif self._overtaken:
            self._later.append((wish, [session]))
        else:
            self._decide(wish, [session], now)

    def _decide(self, wish: Wish, askers: list[Session], now: int) -> None:
        if now < self._full_until:
            # Were this one taken, it would stand before those of its sender that were not.
            wait = self._full_until - now
            verdict: Verdict = wire.Refused(wish.idempotency_id, Refusal.NO_SPACE, wait)
        elif self.mending.under_way:
            verdict = wire.Refused(wish.idempotency_id, Refusal.RESTORING)
        else:
            verdict = self._tentative.decide(wish, self._turns, now)
        if isinstance(verdict, wire.Refused):
            # The answer to a wish that came true long ago is in the store only.
            found = partial(self._found, wish, askers, verdict)
            return self.hub.store.find(self.id, wish.idempotency_id, found)
        self._tentative.advance(verdict.append.record, verdict.roster)
        flight = Flight(wish, verdict, askers)
        self._flights[wish.idempotency_id] = flight
        self.hub.store.submit(verdict.append, partial(self._settled, flight))

    def _found(
        self, wish: Wish, askers: list[Session], refused: wire.Refused, known: Known | None
    ) -> None:
        if known is None:
            if self.hub.store.broken is None:
                for asker in askers:
                    asker.refused(refused)
            else:
                self.hub.fail(self.hub.store.broken)
            return
        self._answer(wish, askers, known.n, known.time)
        if known.n > self.confirmed.n:
            self.moved(known.n)

    def _answer(self, wish: Wish, askers: list[Session], n: int, time: int) -> None:
        """Something that was ordered before: the entry comes, or came, like any other."""
        if n > self.confirmed.n:
            # Another relay stored it, as an entry that nobody here was shown yet: then this again.
            self._known.setdefault(n, []).append((wish, askers))
            return
        self._answers.add(wish.idempotency_id, n, time)
        for asker in askers:
            if wish.kind == Kind.COMMIT and not self.mending.under_way:
                asker.tell(self._head_frame())
            asker.tell(wire.Done(wish.idempotency_id, n, time))

    def _settled(self, flight: Flight, outcome: Outcome) -> None:
        del self._flights[flight.wish.idempotency_id]
        record = flight.accepted.append.record
        if outcome is STORED and record.n == self.confirmed.n + 1:
            self._ordered(record, flight.accepted.roster, flight.askers)
        elif outcome is STORED:
            # Another relay had stored the very record that this one is built upon.
            self._landed[record.n] = flight.askers
            self._overtaken = True
        elif isinstance(outcome, Conflict):
            self._again.append((flight.wish, flight.askers))
            self._overtaken = True
        elif outcome is NO_SPACE:
            # What else is under way was built upon it, and conflicts.
            self._full_until = self.hub.clock() + NO_SPACE_WAIT
            self._again.append((flight.wish, flight.askers))
            self._overtaken = True
        elif isinstance(outcome, Known):
            self._answer(flight.wish, flight.askers, outcome.n, outcome.time)
            self._overtaken = True
        else:
            self.hub.fail(
                self.hub.store.broken or "the store does not know a circle that it loaded"
            )
            return
        if self._overtaken and not self._flights:
            self._catch_up()

    # Entries.

    def moved(self, n: int) -> None:
        """Another writer has taken the log to n, or begun another incarnation."""
        if n == RESTARTED:
            return self.reload()
        self._told = max(self._told, n)
        if n > self._tentative.n and not self._overtaken:
            self._overtaken = True
            if not self._flights:
                self._catch_up()

    def _catch_up(self) -> None:
        first = self.confirmed.n + 1
        self.hub.store.read(self.id, first, first + 511, READ_BATCH, self._missed)

    def _missed(self, records: Sequence[Record] | None) -> None:
        if records is None:
            return self.hub.fail(self.hub.store.broken or "the store lost a circle")
        for record in records:
            self._ordered(record, None, self._landed.pop(record.n, []))
        # What was told while the answer was on its way may not be in it.
        told, self._told = self._told, 0
        if records or told > self.confirmed.n:
            return self._catch_up()
        self._overtaken = False
        self._tentative = self.confirmed.copy()
        # What was under way came before what has come since.
        again, self._again, self._later = self._again + self._later, [], []
        now = self.hub.clock()
        for wish, askers in again:
            for asker in askers:
                self.order(wish, asker, now)

    def reload(self) -> None:
        """What is held here is not so any more: the sockets come again, to a circle loaded anew."""
        self.mending.let_go()
        self.hub.circles.pop(self.id, None)
        for session in [*self.bound, *self.guests]:
            session.refuse(Refusal.GOING)

    @property
    def base(self) -> int:
        """The entry behind which the log begins here."""
        return 0 if self.mending.told is None else self.mending.told.base

    @property
    def ahead(self) -> CircleState:
        """The state that what is under way leads to."""
        return self._tentative

    def put_back(self, record: Record, roster: Roster) -> None:
        """An entry that the log had lost is in it again."""
        self._ordered(record, roster, [])

    def stand_back(self) -> None:
        """Nothing is under way, and what was has not come to be."""
        self._tentative = self.confirmed.copy()

    def _ordered(self, record: Record, roster: Roster | None, askers: list[Session]) -> None:
        """An entry is on disk: fold it, and tell everyone."""
        before = self.confirmed.roster
        self.confirmed.advance(record, roster)
        self._answers.add(record.idempotency_id, record.n, record.time)
        self.hub.statistics.ordered += 1
        if record.kind == Kind.COMMIT:
            # Before the commit itself: whoever follows it can prove that it was in this log.
            self._vouch()
        self._show(record, askers)
        for wish, sockets in self._known.pop(record.n, ()):
            self._answer(wish, sockets, record.n, record.time)
        if record.kind == Kind.COMMIT:
            self._changed(changes(before, self.confirmed.roster))

    def _show(self, record: Record, askers: list[Session]) -> None:
        if askers:
            done = wire.encode_done(record.idempotency_id, record.n, record.time)
            for asker in askers:
                asker.done_in_place(record, done)
        frame = frame_of(record, 0)
        for reader in self.readers:
            if reader not in askers and not self.mending.holds(reader, record.n):
                reader.outlet.send(frame)
        self.hub.statistics.delivered += len(self.readers)

    def _changed(self, changed: Changes) -> None:
        """A commit changed the roster: sockets, slots and guests follow."""
        for old, new in changed.rekeyed.items():
            self._replace(old, new)
        for session in self.bound:
            if session.key in changed.removed:
                session.refuse(Refusal.REMOVED)
        for key in changed.removed:
            self._dismiss(key)
        for guest in self.guests:
            if guest.invite_id in changed.came_in:
                guest.send(wire.Answer(0))
            if guest.invite_id in changed.ended:
                guest.end(wire.Answer(changed.ended[guest.invite_id]))

    def _replace(self, old: bytes, new: bytes) -> None:
        for session in self.bound:
            if session.key == old:
                session.key = new
        self.mending.rekeyed(old, new)
        cursor = self.cursors.get(old)
        if cursor is not None:
            self.cursors[new] = cursor
            self._acked.add(new)
        self._dismiss(old)

    def _dismiss(self, key: bytes) -> None:
        self.cursors.pop(key, None)
        self.beats.pop(key, None)
        self._acked.discard(key)
        self._messages.pop(key, None)
        self.hub.store.submit(Dismiss(self.id, key), self.hub.kept)

    # What is overwritten, or kept nowhere.

    def acknowledge(self, key: bytes, n: int) -> bool:
        """Move a device's cursor; False where it claims what nobody sent it."""
        if n > self.confirmed.n:
            return False
        if n > self.cursors.get(key, 0):
            self.cursors[key] = n
            self._acked.add(key)
        return True

    def beat(self, session: Session, body: bytes, now: int) -> int:
        """Overwrite a device's slot and tell the others; or the milliseconds to wait."""
        wait = self._beating.take(session.key, now)
        if not wait:
            self.beats[session.key] = (body, now)
            self.hub.store.submit(Beat(self.id, session.key, body, now), self.hub.kept)
            self.tell_others(session, wire.BeatOf(session.key, body))
        return wait

    def tell_others(self, session: Session, frame: wire.FromRelay) -> None:
        """To every device that is here but this one."""
        encoded = wire.encode(frame)
        for reader in self.readers:
            if reader.key != session.key:
                reader.outlet.send(encoded)

    def fetch_welcome(self, session: Session, done: Callable[[bytes, bytes], None]) -> None:
        """The Welcome that waits for the session's device, with its hash; or nothing."""
        seat: Seat = self.confirmed.roster.seats[session.key]
        if seat.welcome is None:
            return done(NO_WELCOME, b"")
        hash_ = seat.welcome
        self.hub.store.attachment(
            self.id, hash_, lambda data: done(hash_ if data else NO_WELCOME, data or b"")
        )

    def head(self) -> Head:
        """The newest entry on disk, signed."""
        state = self.confirmed
        return Head.sign(self.hub.key, self.id, self.mending.incarnation, state.n, state.chain)

    def tick(self, now: int) -> None:
        """About once a second: the head, where it moved, and the cursors."""
        if self._shown < self.confirmed.n:
            self._vouch()
        self.mending.tick(now)
        if now >= self._full_until:
            self.keep_cursors()
        self._turns.prune(now)
        self._beating.prune(now)
        self.blobs.tick(now)

    def _vouch(self) -> None:
        """Show those who read along the head, signed; while the log is incomplete nobody is."""
        if not self.mending.under_way:
            self._shown = self.confirmed.n
            frame = wire.encode(self._head_frame())
            for reader in self.readers:
                reader.outlet.send(frame)

    def _head_frame(self) -> wire.Head:
        head = self.head()
        return wire.Head(head.incarnation, head.n, head.hash, head.signature)

    def keep_cursors(self) -> None:
        """Have the store keep what was acknowledged since the last time."""
        for key in self._acked:
            cursor = Cursor(self.id, key, self.cursors[key])
            self.hub.store.submit(cursor, partial(self._cursor_kept, key))
        self._acked.clear()

    def _cursor_kept(self, key: bytes, outcome: Outcome) -> None:
        if outcome is NO_SPACE and key in self.cursors:
            self._acked.add(key)
            self._full_until = self.hub.clock() + NO_SPACE_WAIT
        else:
            self.hub.kept(outcome)

    def tidy(self, now: int) -> None:
        """Let go of what has had its time, as long as there is something to let go."""
        self.hub.store.submit(forget(self.confirmed, self.cursors, now), partial(self._tidied, now))

    def grown(self, size: int) -> None:
        """A blob of so many bytes is kept."""
        self.confirmed.size += size
        self._tentative.size += size

    def _tidied(self, now: int, outcome: Outcome) -> None:
        if not isinstance(outcome, Forgotten):
            return self.hub.kept(outcome)
        more = outcome.first_whole > self.first_whole
        self.first_whole = outcome.first_whole
        in_flight = self._tentative.size - self.confirmed.size
        self.confirmed.size = outcome.size
        self._tentative.size = outcome.size + in_flight
        if more:
            self.tidy(now)
