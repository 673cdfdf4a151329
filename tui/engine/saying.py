"""Messages on their way out: written down first, encrypted for the epoch they are read in, resent.

A message waits in the outbox as an envelope. When the circle is caught up, no commit of our own is
under way and the relay wants it, it is encrypted, stored with the ratchet that moved, and sent. The
same bytes are sent again after a lost connection; where the epoch has changed in between, the
envelope is encrypted anew, under the same id.
"""

from __future__ import annotations

from dataclasses import replace

from crypto.content import Content, Leave, Poll, Text
from crypto.envelope import NO_PREVIOUS, Envelope, SenderChain
from crypto.file import File
from crypto.primitives import Rng
from relay import wire
from tui.engine import deeds, disappearing, heads, timeline
from tui.engine.circle import LEFT, RELAY_FULL, Circle
from tui.engine.events import MessageState
from tui.engine.links import LONGEST_WAIT
from tui.engine.padding import padding
from tui.engine.store.records import OutboxRecord, SentRecord

IN_FLIGHT_MOST = 16
"""Messages that are under way at once."""


def write(circle: Circle, content: Content) -> tuple[bytes, int]:
    """Put a message into the outbox: its id, and the position of its row (0 where it has none)."""
    content = disappearing.lasting(circle, content)
    envelope, seq = _queue(circle, content, circle.context.rng)
    if isinstance(content, deeds.KINDS):
        deeds.written(circle, envelope, content, seq)
    if not isinstance(content, Text | Poll):
        return envelope.id, 0
    return envelope.id, timeline.written(circle, envelope, seq).position


def write_file(circle: Circle, file: File, id: bytes) -> None:
    """Put a file's message into the outbox, under the id of the row that it has already."""
    envelope, seq = _queue(circle, file, lambda _: id)
    timeline.numbered(circle, envelope)
    timeline.waits(circle, id, seq)


def _queue(circle: Circle, content: Content, rng: Rng) -> tuple[Envelope, int]:
    """The next message of one's own, whose id `rng` gives, and its place in the outbox."""
    record = circle.record
    chain = SenderChain(record.counter, record.newest)
    envelope, after = chain.envelope(content, None, circle.context.now(), rng)
    record.counter, record.newest = after.counter, after.newest
    circle.changed()
    outgoing = OutboxRecord(0, circle.number, envelope.id, envelope.encode(), -1, b"", b"")
    return envelope, circle.context.store.outbox.insert(outgoing)


def pump(circle: Circle) -> None:
    """Send what may be sent now."""
    connection, store = circle.connection, circle.context.store
    if connection is None or not circle.active or not connection.caught_up:
        return
    behind = circle.record.handshake < connection.handshake
    if behind or circle.context.now() < connection.message_after:
        return
    if store.pending.get(circle.number) is not None and not connection.commit_refused:
        return
    if any(upon < circle.record.handshake for upon in connection.in_flight.values()):
        return  # those will be refused as stale: what is newer must not go before them
    for outgoing in store.outbox.where(
        "circle = ? ORDER BY seq LIMIT ?", circle.number, IN_FLIGHT_MOST
    ):
        if outgoing.seq in connection.in_flight:
            continue
        wait = circle.pace.wait(circle.context.now())
        if wait:
            connection.message_after = circle.context.now() + wait
            return
        circle.pace.take(circle.context.now())
        if outgoing.epoch != circle.members.epoch:
            _encrypt(circle, outgoing)
        connection.in_flight[outgoing.seq] = circle.record.handshake
        connection.send(wire.Append(outgoing.idempotency, circle.record.handshake, outgoing.frame))
        timeline.moved_on(circle, outgoing.id, MessageState.SENT)


def _encrypt(circle: Circle, outgoing: OutboxRecord) -> None:
    envelope = Envelope.decode(outgoing.envelope).with_head(heads.newest(circle))
    rng = circle.context.rng
    outgoing.frame = circle.members.encrypt(envelope.encode(), rng, padding=padding)
    outgoing.epoch = circle.members.epoch
    outgoing.idempotency = rng(16)
    circle.ratchets_moved()
    circle.context.store.outbox.save(outgoing)


def find(circle: Circle, *, frame: bytes = b"", idempotency: bytes = b"") -> OutboxRecord | None:
    """The message in the outbox with this frame, or that was sent under this id."""
    for outgoing in circle.context.store.outbox.where(
        "circle = ? AND frame != x'' ORDER BY seq LIMIT ?", circle.number, IN_FLIGHT_MOST
    ):
        if frame == outgoing.frame or idempotency == outgoing.idempotency:
            return outgoing
    return None


def ordered(circle: Circle, outgoing: OutboxRecord, time: int) -> None:
    """A message of our own is the newest entry of the log."""
    circle.context.store.outbox.delete(outgoing.seq)
    sent = SentRecord(circle.number, circle.record.n, time, outgoing.envelope)
    circle.context.store.sent.save(sent)
    circle.connected.in_flight.pop(outgoing.seq, None)
    circle.record.said += 1
    circle.taken()
    timeline.delivered(circle, outgoing.id, time)
    deeds.delivered(circle, outgoing.id)
    if isinstance(Envelope.decode(outgoing.envelope).content, Leave):
        circle.record.left_at = circle.record.n
        timeline.notice(circle, "You left.", at=time)
        circle.end(LEFT, "You left.")
    circle.tell_changed()


def refused(circle: Circle, outgoing: OutboxRecord, code: int, number: int) -> None:
    """The relay did not take a message: it waits, and is sent again."""
    connection = circle.connected
    connection.in_flight.pop(outgoing.seq, None)
    if code == wire.Refusal.STALE:
        connection.handshake = max(connection.handshake, number)
    else:
        passing = code in (wire.Refusal.TOO_FAST, wire.Refusal.NO_SPACE)
        wait = min(number, LONGEST_WAIT) if passing else _LATER
        connection.message_after = circle.context.now() + wait
    if code == wire.Refusal.TOO_LARGE:
        circle.no_room("The relay has no room for more of this circle just now.")
    elif code == wire.Refusal.NO_SPACE:
        circle.no_room(RELAY_FULL)
    timeline.moved_on(circle, outgoing.id, MessageState.WAITING)


def waits_again(circle: Circle) -> None:
    """The connection is gone: what was on its way waits."""
    for outgoing in circle.context.store.outbox.where(
        "circle = ? AND frame != x'' ORDER BY seq LIMIT ?", circle.number, IN_FLIGHT_MOST
    ):
        timeline.moved_on(circle, outgoing.id, MessageState.WAITING)


def encrypt_anew(circle: Circle) -> None:
    """What waits is not in the log, and is not sent as it once was."""
    for outgoing in circle.context.store.outbox.where("circle = ?", circle.number):
        outgoing.epoch = -1
        circle.context.store.outbox.save(outgoing)


def take_back(circle: Circle, after: int) -> None:
    """Own messages behind entry `after` are in the log no more: they wait again, before all others.

    They keep their ids and counters, so that who has read them knows them.
    """
    store, number = circle.context.store, circle.number
    sent = store.sent.where("circle = ? AND n > ? ORDER BY n", number, after)
    waiting = store.outbox.where("circle = ? ORDER BY seq", number)
    store.database.write("DELETE FROM sent WHERE circle = ? AND n > ?", (number, after))
    store.database.write("DELETE FROM outbox WHERE circle = ?", (number,))
    envelopes = [record.envelope for record in sent] + [record.envelope for record in waiting]
    for encoded in envelopes:
        id = Envelope.decode(encoded).id
        seq = store.outbox.insert(OutboxRecord(0, number, id, encoded, -1, b"", b""))
        timeline.waits(circle, id, seq)
        deeds.waits(circle, id, seq)


def renumber(circle: Circle) -> None:
    """Number what waits anew, for a leaf that has said nothing yet; the ids stay."""
    record, outbox = circle.record, circle.context.store.outbox
    record.counter, record.newest, record.numbered = 0, NO_PREVIOUS, 0
    counters = {}
    for outgoing in outbox.where("circle = ? ORDER BY seq", circle.number):
        envelope = replace(
            Envelope.decode(outgoing.envelope),
            counter=record.counter + 1,
            previous=record.newest,
        )
        record.counter, record.newest = envelope.counter, envelope.id
        counters[envelope.id] = envelope.counter
        outgoing.envelope, outgoing.epoch, outgoing.frame = envelope.encode(), -1, b""
        outbox.save(outgoing)
    timeline.renumbered(circle, counters)
    deeds.renumbered(circle, counters)
    circle.changed()


def count(circle: Circle) -> int:
    """How many own messages wait to be delivered, those of files that are under way among them."""
    rows = circle.context.store.database.rows(
        "SELECT (SELECT count(*) FROM outbox JOIN messages USING (circle, id) WHERE circle = ?1)"
        " + (SELECT count(*) FROM files WHERE circle = ?1 AND way = 'up')",
        (circle.number,),
    )
    return int(str(rows[0][0]))


_LATER = 60_000
