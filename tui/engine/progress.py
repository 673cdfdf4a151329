"""How far the file of a message has come, for its row."""

from __future__ import annotations

from crypto.blob import sealed_length
from crypto.file import File
from tui.engine.circle import Circle
from tui.engine.events import FileFacts
from tui.engine.store.records import FileRecord

NEW, UP, DOWN, HERE = "new", "up", "down", "here"
"""What may stand in a file's `way`."""


def of_message(circle: Circle, id: bytes) -> FileRecord | None:
    """The file of a message, as far as it is here."""
    found = circle.context.store.files.where("circle = ? AND id = ?", circle.number, id)
    return found[0] if found else None


def facts(circle: Circle, id: bytes, file: File) -> FileFacts:
    """A file, and what of it is at the relay or here."""
    record, reference = of_message(circle, id), file.reference
    way, done = "", 0
    if record is not None:
        way, total = record.way, sealed_length(reference.size)
        kept = {} if circle.connection is None else circle.connection.blob_kept
        done = (kept.get(reference.id, 0) if way == UP else record.held) * 100 // total
    return FileFacts(file.name, file.media, reference.size, way, done)
