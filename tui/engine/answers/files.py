"""Files: handing them in sealed, fetching them, reading what was fetched."""

from __future__ import annotations

from crypto.blob import BLOB_LARGEST, CHUNK_SEALED, sealed_length, verify
from crypto.content import write_content
from crypto.errors import MisuseError, UnopenedError
from crypto.file import File
from tui.engine import commands, files, naming, timeline
from tui.engine.answers.asker import Answers, Asker
from tui.engine.circle import Circle
from tui.engine.errors import WishError
from tui.engine.events import FileBegun, FileChunks, FileStands
from tui.engine.progress import HERE, NEW, UP, of_message
from tui.engine.store.records import ChunkRecord, FileRecord, MessageRecord

AT_ONCE = 16
"""Chunks in one answer."""

NOT_BEGUN = "This file is not being handed in here any more. Attach it again."


def begin_file(asker: Asker, command: commands.BeginFile) -> None:
    """A file is going to be handed in."""
    circle = asker.inside(command.circle)
    id, now = asker.context.rng(16), asker.context.now()
    asker.context.store.files.insert(FileRecord(0, circle.number, id, NEW, b"", now))
    asker.context.tell(FileBegun(ref=command.ref, circle=circle.hex, id=id.hex()))


def _begun(circle: Circle, id: str) -> FileRecord:
    try:
        record = of_message(circle, bytes.fromhex(id))
    except ValueError:
        record = None
    if record is None or record.way != NEW:
        raise WishError("file", NOT_BEGUN)
    return record


def add_chunks(asker: Asker, command: commands.AddChunks) -> None:
    """Its next sealed bytes."""
    circle, store = asker.inside(command.circle), asker.context.store
    record = _begun(circle, command.id)
    found = []
    for chunk in command.chunks:
        n, behind = divmod(record.held, CHUNK_SEALED)
        record.held += len(chunk)
        if behind or not 0 < len(chunk) <= CHUNK_SEALED or record.held > BLOB_LARGEST:
            raise WishError("file", "These are not the chunks of a sealed file.")
        found.append(ChunkRecord(record.number, n, chunk))
    for kept in found:
        store.chunks.insert(kept)
    store.files.save(record)
    asker.finish(command.ref)


def send_file(asker: Asker, command: commands.SendFile) -> None:
    """All of it is here: it goes to the relay, and its message after it."""
    circle, store = asker.inside(command.circle), asker.context.store
    record = _begun(circle, command.id)
    lasts = circle.view.state.disappear
    file = File(command.reference, command.name, command.media, lasts)
    try:
        write_content(file)
        reference = file.reference
        if record.held != sealed_length(reference.size):
            raise UnopenedError
        verify(reference, files.chunks(store, record))
    except (MisuseError, UnopenedError) as error:
        raise WishError("file", "This is not what was handed in. Attach it again.") from error
    record.way, record.reference, record.at = UP, command.reference, asker.context.now()
    store.files.save(record)
    message = timeline.attached(circle, record.id, record.number, file)
    circle.tell_changed()
    asker.queued(command.ref, circle, record.id, message.position)


def fetch_file(asker: Asker, command: commands.FetchFile) -> None:
    """Have a message's file here."""
    circle = asker.desk.circle(command.circle)
    message = naming.message(circle, command.id)
    file = _file(message)
    known = of_message(circle, message.id)
    if known is None:
        asker.inside(command.circle)
    record = files.fetch(circle, message, file)
    here = record.way in (HERE, UP)
    asker.context.tell(
        FileStands(
            ref=command.ref,
            circle=circle.hex,
            id=message.id.hex(),
            reference=file.blob,
            name=file.name,
            media=file.media,
            here=here,
        )
    )


def _file(message: MessageRecord) -> File:
    content = timeline.content_of(message.type, message.body) if message.type else None
    if not isinstance(content, File) or message.deleted:
        raise WishError("file", "There is no file in that message.")
    return content


def read_chunks(asker: Asker, command: commands.ReadChunks) -> None:
    """Sealed bytes of what is here."""
    circle = asker.desk.circle(command.circle)
    record = of_message(circle, naming.message(circle, command.id).id)
    if record is None or record.way not in (HERE, UP):
        raise WishError("file", "This file is not here any more. Fetch it again.")
    found = asker.context.store.chunks.where(
        "file = ? AND n >= ? ORDER BY n LIMIT ?", record.number, max(0, command.first), AT_ONCE
    )
    asker.context.tell(FileChunks(ref=command.ref, chunks=[chunk.sealed for chunk in found]))


TABLE: Answers = {
    commands.BeginFile: begin_file,
    commands.AddChunks: add_chunks,
    commands.SendFile: send_file,
    commands.FetchFile: fetch_file,
    commands.ReadChunks: read_chunks,
}
