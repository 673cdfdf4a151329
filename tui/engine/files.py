"""Files on their way to the relay and from it: docs/protocol.md sections 4.9 and 5.8.

A file is sealed once, by whoever hands it in, and its sealed bytes stay in the database until the
relay has all of them: what is sent again is the same. Its message is said then, and not before. One
that is fetched is compared with what its message names before anybody may open it. At most one
chunk of a connection is under way, and none while messages are.

    new ─ SendFile ─▶ up ─ whole at the relay ─▶ said, and gone from here
    FetchFile ─▶ down ─ whole, and compared ─▶ here ─ a day ─▶ gone from here
"""

from __future__ import annotations

from collections.abc import Iterator

from crypto.blob import BlobReference, sealed_length, verify
from crypto.content import read_content
from crypto.errors import UnopenedError
from crypto.file import File
from relay import wire
from relay.wire import Refusal
from tui.engine import saying, timeline
from tui.engine.circle import RELAY_FULL, Circle
from tui.engine.describing import described
from tui.engine.errors import LinkError
from tui.engine.events import FileFailed, RowKind
from tui.engine.links import LONGEST_WAIT
from tui.engine.progress import DOWN, HERE, NEW, UP, of_message
from tui.engine.store.records import ChunkRecord, FileRecord, MessageRecord, Store

EVERY = 65
"""Milliseconds from one chunk to the next: a little slower than a relay lets a device."""

STANDS_STILL = 5_000
"""Milliseconds after which a chunk is sent again that the relay did not keep."""

LATER = 60_000
KEPT = 86_400_000
"""Milliseconds for which a fetched file stays here, and one that nobody goes on handing in."""

GONE = "The relay does not have this file any more. Whoever sent it may send it again."
OTHER_BYTES = "The relay gave other bytes than those that were sent. They were thrown away."
NO_ROOM = "The relay has no room for {file}: it was not sent."
NOT_SENT = "You took back {file} before it was sent."


def pump(circle: Circle) -> None:
    """Send or ask for the next chunk, if it is time for one."""
    connection, now = circle.connection, circle.context.now()
    if connection is None or not connection.caught_up or not circle.active:
        return
    if connection.blob or connection.in_flight or now < connection.blob_after:
        return
    found = circle.context.store.files.where(
        "circle = ? AND way IN ('down', 'up') ORDER BY way, number LIMIT 1", circle.number
    )
    for record in found:
        reference = BlobReference.decode(record.reference)
        connection.blob, connection.blob_after = reference.id, now + EVERY
        if record.way == DOWN:
            connection.send(wire.GetBlob(reference.id, record.held))
            continue
        at, total = connection.blob_kept.get(reference.id), sealed_length(reference.size)
        chunk = b"" if at is None else _chunk(circle, record, at)
        connection.send(wire.PutBlob(reference.id, at or 0, total, chunk))


def _chunk(circle: Circle, record: FileRecord, at: int) -> bytes:
    """The bytes from `at` on, as far as they are in one chunk."""
    n, behind = divmod(at, wire.BLOB_CHUNK)
    found = circle.context.store.chunks.where("file = ? AND n = ?", record.number, n)
    return found[0].sealed[behind:]


def chunks(store: Store, record: FileRecord) -> Iterator[bytes]:
    """All sealed bytes that are here, a chunk at a time."""
    n = 0
    while (chunk := store.chunks.get(record.number, n)) is not None:
        yield chunk.sealed
        n += 1


# What the relay answers.


def _asked(circle: Circle, hash: bytes) -> FileRecord | None:
    """The file of an answer to what is under way; None where it was given up since."""
    connection = circle.connected
    if connection.blob != hash:
        raise LinkError("The relay speaks of a file that it was not asked about.")
    connection.blob = b""
    for record in circle.context.store.files.where(
        "circle = ? AND way IN ('down', 'up') ORDER BY way, number", circle.number
    ):
        if BlobReference.decode(record.reference).id == hash:
            return record
    return None


def kept(circle: Circle, frame: wire.BlobKept) -> None:
    """So much of a file is at the relay; when it is all, its message is said."""
    record, connection = _asked(circle, frame.hash), circle.connected
    if record is None or record.way != UP:
        return
    total = sealed_length(BlobReference.decode(record.reference).size)
    if frame.offset > total:
        raise LinkError("The relay says that it has more of a file than there is.")
    before = connection.blob_kept.get(frame.hash)
    connection.blob_kept[frame.hash] = frame.offset
    if frame.offset == total:
        return _say(circle, record)
    if before is not None and frame.offset <= before:
        connection.blob_after = circle.context.now() + STANDS_STILL
    else:
        circle.taken()
    _moved(circle, record)


def _say(circle: Circle, record: FileRecord) -> None:
    store = circle.context.store
    message = timeline.find(circle, record.id)
    store.files.delete(record.number)
    content = None if message is None else read_content(message.type, message.body)
    if isinstance(content, File):
        saying.write_file(circle, content, record.id)
        circle.tell_changed()


def part(circle: Circle, frame: wire.BlobPart) -> None:
    """The next chunk of a file that is fetched."""
    record, store = _asked(circle, frame.hash), circle.context.store
    if record is None or record.way != DOWN:
        return
    reference = BlobReference.decode(record.reference)
    total = sealed_length(reference.size)
    if not frame.total:
        return _not_had(circle, record, GONE)
    here = min(wire.BLOB_CHUNK, total - record.held)
    if (frame.total, frame.offset, len(frame.chunk)) != (total, record.held, here):
        return _not_had(circle, record, OTHER_BYTES)
    store.chunks.insert(ChunkRecord(record.number, frame.offset // wire.BLOB_CHUNK, frame.chunk))
    record.held += here
    if record.held == total:
        try:
            verify(reference, chunks(store, record))
        except UnopenedError:
            return _not_had(circle, record, OTHER_BYTES)
        record.way, record.at = HERE, circle.context.now()
    store.files.save(record)
    _moved(circle, record)


def refused(circle: Circle, frame: wire.Refused) -> bool:
    """Whether it is a chunk that the relay did not take or give; what then becomes of it."""
    connection, now = circle.connected, circle.context.now()
    hash = connection.blob
    if not hash or frame.idempotency_id != hash[:16]:
        return False
    record = _asked(circle, hash)
    if record is not None and record.way == UP and frame.code == Refusal.TOO_LARGE:
        _not_sent(circle, record)
        return True
    if frame.code == Refusal.OTHER_BYTES:
        connection.blob_kept.pop(hash, None)
    passing = frame.code in (Refusal.TOO_FAST, Refusal.NO_SPACE)
    connection.blob_after = now + (min(frame.number, LONGEST_WAIT) if passing else LATER)
    if frame.code == Refusal.NO_SPACE:
        circle.no_room(RELAY_FULL)
    return True


def _not_had(circle: Circle, record: FileRecord, sentence: str) -> None:
    circle.context.store.files.delete(record.number)
    circle.context.tell(FileFailed(circle=circle.hex, id=record.id.hex(), sentence=sentence))
    _moved(circle, record)


def _moved(circle: Circle, record: FileRecord) -> None:
    message = timeline.find(circle, record.id)
    if message is not None:
        timeline.tell(circle, message)


# What a person asks.


def fetch(circle: Circle, message: MessageRecord, file: File) -> FileRecord:
    """The file of a message, here or asked for from now on."""
    known = of_message(circle, message.id)
    if known is not None:
        return known
    now, number = circle.context.now(), circle.number
    record = FileRecord(0, number, message.id, DOWN, file.blob, now)
    record.number = circle.context.store.files.insert(record)
    _moved(circle, record)
    return record


def cancel(circle: Circle, message: MessageRecord) -> bool:
    """Whether a message waits for its file to be sent: then it never will be."""
    record = of_message(circle, message.id)
    if record is None or record.way != UP:
        return False
    _end(circle, record, NOT_SENT, RowKind.NOTICE)
    return True


def _not_sent(circle: Circle, record: FileRecord) -> None:
    sentence = _end(circle, record, NO_ROOM, RowKind.WARNING)
    circle.context.tell(FileFailed(circle=circle.hex, id=record.id.hex(), sentence=sentence))


def _end(circle: Circle, record: FileRecord, sentence: str, kind: RowKind) -> str:
    """Give up a file that was to be sent; the sentence that stands in the place of its row."""
    circle.context.store.files.delete(record.number)
    message = timeline.find(circle, record.id)
    if message is None:
        return ""
    content = read_content(message.type, message.body)
    name = described(content).removeprefix("a file: ") if isinstance(content, File) else "a file"
    timeline.not_said(circle, message, sentence.format(file=name), kind)
    circle.tell_changed()
    return message.text


def tidy(store: Store, now: int) -> None:
    """Let go of what was fetched, or begun, long ago."""
    for way in (NEW, DOWN, HERE):
        store.database.write("DELETE FROM files WHERE way = ? AND at < ?", (way, now - KEPT))
