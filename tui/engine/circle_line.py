"""A circle's connection: who says what when, and what is done once both sides have spoken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crypto.access.binding import bind_statement, create_statement
from crypto.access.log import Head, entry_hash
from relay import wire
from relay.wire import FromClient, FromRelay, Refusal
from tui.engine import (
    beats,
    committing,
    disappearing,
    door,
    files,
    freshness,
    giving,
    glances,
    heads,
    mending,
    missing,
    moving,
    reading,
    returning,
    saying,
    spoken,
    timeline,
)
from tui.engine.circle import (
    ACTIVE,
    EVICTED,
    FOUNDING,
    LEFT,
    RELAY_FULL,
    Circle,
    Connection,
    Witness,
)
from tui.engine.context import Context
from tui.engine.errors import LinkError, WishError
from tui.engine.events import (
    CircleGone,
    CircleOpened,
    Entered,
    EntryMoved,
    EntryState,
    LinkState,
)
from tui.engine.intentions import next_time
from tui.engine.line import Line
from tui.engine.links import LONGEST_WAIT, LinkKind, LinkWish
from tui.engine.session import Session
from tui.engine.tokens import no_token

ACKNOWLEDGE_ENTRIES, ACKNOWLEDGE_WAIT = 32, 2_000
"""After how many entries, or milliseconds, the relay is told that they are held here."""

NOT_KNOWN = (
    "The relay does not know this circle, or not this device. If it has lost its data, it may be "
    "given them again: this is tried again and again."
)
_SENTENCES = {
    Refusal.FORBIDDEN: NOT_KNOWN,
    Refusal.GOING: "The relay is being shut down.",
    Refusal.BROKEN: "The relay can't write to its disk.",
    Refusal.TOO_SLOW: "The connection is too slow.",
    Refusal.CROWDED: "This device is connected too often.",
    Refusal.VERSION: "The relay speaks another version. The older of the two has to be updated.",
    Refusal.TOO_FAST: "The relay asks to wait.",
}
_FOUNDING = {
    Refusal.TOO_FAST: ("too_fast", "This relay opens no more circles from here just now."),
    Refusal.FORBIDDEN: ("forbidden", "The relay does not take this address as its own."),
    Refusal.NO_SPACE: ("no_space", "The relay is short of room: it opens no circle just now."),
}


class CircleLine(Line):
    """The connection of one circle. `default` is the profile's relay, which codes leave out."""

    def __init__(
        self, context: Context, circle: Circle, default: str = "", ref: int = 0, entry: str = ""
    ) -> None:
        super().__init__(context)
        self.entry = entry
        self.circle = circle
        self.default = default
        self.ref = ref
        self._created = False
        self._there = b""  # the key of the relay that says that it has the circle already
        self._begins: wire.Begins | None = None

    def wish(self) -> LinkWish | None:
        """A connection as long as this device is a member, or about to be."""
        record = self.circle.record
        if not self.circle.inside:
            return None
        return LinkWish(
            LinkKind.CIRCLE, self.circle.address, self.not_before, record.pin, self.circle.hex
        )

    def begin(self) -> Session:
        """Greet the relay as the device that this is."""
        self.circle.next_try, self._begins = None, None
        self._state(LinkState.CONNECTING)
        return Session(self._greet, self.circle.record.relay_key)

    def _greet(self, hello: wire.Hello) -> FromClient:
        circle, host = self.circle, self.circle.address.dialled
        if circle.record.status == FOUNDING and not self._created:
            key, cap = circle.access, circle.record.cap
            statement = create_statement(hello.nonce, host, circle.id, key.public, cap)
            return wire.Create(circle.id, key.public, cap, circle.record.token, key.sign(statement))
        if self._brings():
            return moving.settle(circle, hello)
        key = returning.access_key(circle)
        statement = bind_statement(hello.nonce, host, circle.id, key.public)
        return wire.Bind(circle.id, key.public, circle.record.n, key.sign(statement))

    def _brings(self) -> bool:
        """Whether this device is to make the circle at the relay where it is now."""
        return self._there != self.circle.record.relay_key and moving.brings(self.circle)

    def lost(self, reason: str) -> None:
        """What was under way waits; a spoken code is over."""
        if self.circle.connection is not None:
            self.circle.connection = None
            saying.waits_again(self.circle)
        spoken.lost(self.circle)
        giving.lost(self.circle)
        self.circle.next_try = self.not_before
        self._state(LinkState.OFFLINE, reason or self.circle.link_sentence)

    def hurry(self) -> bool:
        """As every line; whoever waits sees that it is being tried."""
        hurried = super().hurry()
        if self.session is None and self.not_before <= self.context.now() and self.wish():
            self.circle.next_try = None
            self._state(LinkState.CONNECTING)
        return hurried

    def _state(self, state: LinkState, sentence: str = "") -> None:
        circle = self.circle
        if (circle.link, circle.link_sentence) != (state, sentence):
            circle.link, circle.link_sentence, circle.keeps = state, sentence, True
            circle.tell_changed()

    def take(self, frame: FromRelay) -> None:
        """Something that the relay says."""
        connection = self.circle.connection
        if connection is None or not connection.begin_again:
            _STEPS[type(frame)](self, frame)  # otherwise it is not for what this device is by now

    def work(self) -> None:
        """Whatever can be done now; after every input, inside its transaction."""
        circle, connection = self.circle, self.circle.connection
        disappearing.sweep(circle)
        spoken.look(circle)
        giving.look(circle)
        if connection is None or self.session is None:
            return
        reason = mending.out_of_patience(circle, connection)
        if reason:
            return self.closed(reason)
        if connection.begin_again:
            return self.again()
        if connection.mending is not None:
            return
        if circle.active:
            committing.refresh_when_due(circle)
        door.open_when_due(circle)
        committing.advance(circle)
        missing.ask_when_due(circle)
        saying.pump(circle)
        files.pump(circle)
        returning.pump(circle)
        beats.beat_when_due(circle)
        glances.pump(circle)
        freshness.look(circle)
        if circle.group is None or circle.active or circle.waits_for_welcome:
            self._acknowledge(connection)

    def _acknowledge(self, connection: Connection) -> None:
        """Tell the relay what is held here; not for each entry, as it only keeps them for less."""
        n, now = self.circle.record.n, self.context.now()
        held = n - connection.acknowledged
        if held > 0 and not connection.acknowledge_at:
            connection.acknowledge_at = now + ACKNOWLEDGE_WAIT
        if held >= ACKNOWLEDGE_ENTRIES or 0 < connection.acknowledge_at <= now:
            connection.acknowledged, connection.acknowledge_at = n, 0
            connection.send(wire.Ack(n))

    def deadline(self) -> int | None:
        """When there is something to do by itself again, if ever."""
        times = (disappearing.next_time(self.circle), self._next_with_the_relay())
        return min((time for time in times if time is not None), default=None)

    def _next_with_the_relay(self) -> int | None:
        circle, connection = self.circle, self.circle.connection
        if connection is None or not connection.caught_up:
            return None
        now = self.context.now()
        times = [connection.beat_after, connection.commit_after, connection.message_after]
        times += [connection.acknowledge_at, connection.blob_after]
        if connection.mending is not None:
            return connection.mending.until
        later = (next_time(circle), door.next_due(circle), missing.next_time(circle))
        times += [time for time in later if time is not None]
        times += freshness.next_time(circle)
        times += glances.next_times(circle)
        if circle.spoken is not None:
            times.append(circle.spoken.until)
        giver = giving.carried(circle)
        if giver is not None:
            times.append(giver.until)
        return min((time for time in times if time > now), default=None)

    # What the relay says.

    def _begin(self, frame: wire.Begins) -> None:
        self._begins = frame

    def _bound(self, frame: wire.Bound) -> None:
        circle, record = self.circle, self.circle.record
        head = Head(frame.incarnation, frame.n, frame.hash, frame.signature)
        if not head.verify(circle.id, record.relay_key):
            raise LinkError("The relay's word on the log is not signed by its key.")
        self.failures = 0
        if not record.incarnation:
            record.incarnation = frame.incarnation
            circle.changed()
        connection = Connection(self.connected.send, head)
        connection.handshake = frame.handshake
        connection.begins = self._begins
        follows = self._begins is None or moving.begins(circle, self._begins, frame.incarnation)
        circle.connection = connection
        moving.arrived(circle)
        if follows:
            mending.compare(circle, connection)
        if record.status == EVICTED:
            record.status, record.sentence = ACTIVE, ""
            circle.tell_changed()
        if record.status == FOUNDING:
            record.status, record.token = ACTIVE, None
            opened = CircleOpened(ref=self.ref, circle=circle.hex, name=record.name)
            circle.tell_changed()
            self.context.tell(opened)

    def _entry(self, frame: wire.Entry) -> None:
        unsettled = self._unsettled()
        if unsettled is not None:
            hashed = entry_hash(frame.time, frame.body, frame.side_data)
            return mending.shown(self.circle, unsettled, frame.n, hashed)
        reading.entry(self.circle, frame)

    def _gone(self, frame: wire.Gone) -> None:
        unsettled = self._unsettled()
        if unsettled is not None:
            return mending.shown(self.circle, unsettled, frame.n, frame.entry_hash)
        reading.gone(self.circle, frame)

    def _done(self, frame: wire.Done) -> None:
        if self._unsettled() is None:
            reading.done(self.circle, frame)

    def _unsettled(self) -> Connection | None:
        """The connection, while it is not settled which log this is: nothing of it is read."""
        connection = self.circle.connected
        return None if connection.mending is None else connection

    def _caught_up(self, frame: wire.CaughtUp) -> None:
        circle, connection = self.circle, self.circle.connected
        settled = self._unsettled() is None
        if settled and frame.n > circle.record.n and not circle.waits_for_welcome:
            raise LinkError("The relay says that it has shown everything, and kept something back.")
        connection.caught_up = True
        connection.caught_up_at = self.context.now()
        self._state(LinkState.ONLINE, mending.sentence(circle))
        if not settled:
            return
        if circle.arriving:
            raise LinkError("The relay does not show how this device came in.")
        if self.entry:
            self._entered()

    def _restoring(self, frame: wire.Restoring) -> None:
        mending.told(self.circle, self.circle.connected, frame)
        self._state(self.circle.link, mending.sentence(self.circle))

    def _restored(self, frame: wire.Restored) -> None:
        self.again()

    def _entered(self) -> None:
        """For the first time, everything is here since this device came in."""
        circle, record = self.circle, self.circle.record
        confirmed = bool(record.confirmed)
        state = EntryState.IN if confirmed else EntryState.UNCONFIRMED
        moved = EntryMoved(entry=self.entry, circle_name=record.name, state=state, sentence="")
        self.context.tell(moved)
        answer = Entered(ref=self.ref, circle=circle.hex, name=record.name, confirmed=confirmed)
        self.context.tell(answer)
        self.entry = ""

    def _head(self, frame: wire.Head) -> None:
        if self._unsettled() is not None:
            return
        head = Head(frame.incarnation, frame.n, frame.hash, frame.signature)
        if not heads.note(self.circle, head, Witness()) and self.circle.active:
            raise LinkError("The relay's word on the log is not one to be believed.")

    def _refused(self, frame: wire.Refused) -> None:
        circle = self.circle
        if circle.record.status == FOUNDING:
            return self._not_founded(frame)
        if frame.code == Refusal.REMOVED:
            return self._removed()
        if circle.connection is None or frame.code in wire.CLOSING:
            return self._closing(frame)
        if frame.idempotency_id is None:
            return self._not_named(frame)
        if files.refused(circle, frame):
            return
        outgoing = saying.find(circle, idempotency=frame.idempotency_id)
        if outgoing is not None:
            return saying.refused(circle, outgoing, frame.code, frame.number)
        pending = self.context.store.pending.get(circle.number)
        if pending is not None and pending.idempotency == frame.idempotency_id:
            committing.refused(circle, pending, frame.code, frame.number)
        elif frame.code == Refusal.NO_SPACE:
            # The request to come in again: a connection hands it in once.
            self.again(frame.number, RELAY_FULL)

    def _not_named(self, frame: wire.Refused) -> None:
        """A refusal of something without an id: a nameplate, a beat, a part that was staged."""
        if frame.code in (Refusal.TOO_FAST, Refusal.CROWDED, Refusal.NAMEPLATE_GONE):
            giving.refused(self.circle)
            spoken.lost(self.circle)

    def _closing(self, frame: wire.Refused) -> None:
        if self._brings() and frame.code == Refusal.EXISTS:
            self._there = self.circle.record.relay_key
            return self.again()
        refused = moving.not_taken(self.circle, frame, self._brings())
        if refused is not None:
            sentence, wait = refused
            return self.again(wait, sentence)
        code = Refusal(frame.code) if frame.code in set(Refusal) else Refusal.FORBIDDEN
        sentence = _SENTENCES.get(code, "The relay does not go on.")
        if code is Refusal.TOO_FAST:
            return self.again(frame.number, sentence)
        if code in (Refusal.FORBIDDEN, Refusal.VERSION):
            return self.again(LONGEST_WAIT, sentence)
        self.closed(sentence)

    def _removed(self) -> None:
        circle, record = self.circle, self.circle.record
        if record.left_at:
            timeline.notice(circle, "You left.")
            circle.end(LEFT, "You left.")
        elif record.status == ACTIVE:
            record.status = EVICTED
            record.sentence = "The relay says that this device was taken out of the circle."
            timeline.notice(circle, record.sentence, warning=True)
            circle.tell_changed()
        self.again(LONGEST_WAIT)

    def _not_founded(self, frame: wire.Refused) -> None:
        if frame.code == Refusal.EXISTS:
            self._created = True
            return self.again()
        error: WishError | None = None
        if frame.code == Refusal.NO_TOKEN:
            error = no_token(frame.number, self.circle.record.token)
        elif frame.code in _FOUNDING:
            error = WishError(*_FOUNDING[Refusal(frame.code)])
        if error is not None:
            self.context.store.circles.delete(self.circle.number)
            if self.ref:
                self.context.refuse(self.ref, error)
            self.context.tell(CircleGone(circle=self.circle.hex))
            self.over = True
            return
        self._closing(frame)

    def _blob_kept(self, frame: wire.BlobKept) -> None:
        files.kept(self.circle, frame)

    def _blob_part(self, frame: wire.BlobPart) -> None:
        files.part(self.circle, frame)

    def _beat(self, frame: wire.BeatOf) -> None:
        if self._unsettled() is None:
            beats.heard(self.circle, frame)

    def _ephemeral(self, frame: wire.EphemeralOf) -> None:
        if self._unsettled() is None:
            glances.taken(self.circle, frame)

    def _welcome(self, frame: wire.Welcome) -> None:
        returning.welcome(self.circle, frame)

    def _nameplate(self, frame: wire.Nameplate) -> None:
        if not giving.nameplate(self.circle, frame, self.default):
            spoken.nameplate(self.circle, frame, self.default)

    def _said(self, frame: wire.Said) -> None:
        if not giving.said(self.circle, frame):
            spoken.said(self.circle, frame)

    def _plate_closed(self, frame: wire.Closed) -> None:
        giving.lost(self.circle)
        spoken.lost(self.circle)


_STEPS: dict[type[FromRelay], Callable[[CircleLine, Any], None]] = {
    wire.Begins: CircleLine._begin,
    wire.Bound: CircleLine._bound,
    wire.Entry: CircleLine._entry,
    wire.Gone: CircleLine._gone,
    wire.Head: CircleLine._head,
    wire.Done: CircleLine._done,
    wire.Refused: CircleLine._refused,
    wire.BeatOf: CircleLine._beat,
    wire.EphemeralOf: CircleLine._ephemeral,
    wire.Welcome: CircleLine._welcome,
    wire.Nameplate: CircleLine._nameplate,
    wire.Said: CircleLine._said,
    wire.Closed: CircleLine._plate_closed,
    wire.CaughtUp: CircleLine._caught_up,
    wire.Restoring: CircleLine._restoring,
    wire.Restored: CircleLine._restored,
    wire.BlobKept: CircleLine._blob_kept,
    wire.BlobPart: CircleLine._blob_part,
}
