"""Sending and fetching files in the harness, as whoever asks an engine does."""

from __future__ import annotations

import random

from crypto.blob import BlobReference, Sealing, open_
from tests.harness import Person
from tui.engine import commands
from tui.engine.events import FileBegun, FileChunks, FileStands, Finished, Queued, Row

CHUNK = 65_520
"""Bytes of a file in one chunk."""


def some(length: int) -> bytes:
    """Bytes of a file."""
    return random.Random(length).randbytes(length)


def handed_in(person: Person, data: bytes) -> tuple[str, bytes]:
    """The id of a file all of whose sealed chunks are here, and what opens it."""
    begun = person.expect(FileBegun, lambda ref: commands.BeginFile(ref=ref))
    sealing = Sealing([data], len(data), person.world.random.randbytes)
    for chunk in sealing:
        person.expect(
            Finished, lambda ref, chunk=chunk: commands.AddChunks(  # type: ignore[misc]
                ref=ref, id=begun.id, chunks=[chunk]
            )
        )  # fmt: skip
    return begun.id, sealing.reference.encode()


def attaches(person: Person, data: bytes, name: str = "tea.jpg") -> str:
    """Say a file; the world does not move yet. Its message's id."""
    id, reference = handed_in(person, data)
    person.do(commands.SendFile(id=id, reference=reference, name=name, media="image/jpeg"))
    return id


def sends(person: Person, data: bytes, name: str = "tea.jpg") -> str:
    """Say a file, and let it arrive."""
    id = attaches(person, data, name)
    person.world.settle(wait=60_000)
    return id


def stands(person: Person, id: str) -> FileStands:
    """Ask for a message's file, and let it come."""
    return person.expect(FileStands, lambda ref: commands.FetchFile(ref=ref, id=id))


def read(person: Person, id: str) -> bytes:
    """A file that is here, opened."""
    stood = stands(person, id)
    sealed: list[bytes] = []
    while True:
        at = len(sealed)
        found = person.expect(
            FileChunks,
            lambda ref, at=at: commands.ReadChunks(ref=ref, id=id, first=at),  # type: ignore[misc]
        )
        if not found.chunks:
            return b"".join(open_(BlobReference.decode(stood.reference), sealed))
        sealed += found.chunks


def row(person: Person, id: str) -> Row:
    found = person.client.row(person.circle().id, id)
    assert found is not None
    return found


def way(person: Person, id: str) -> tuple[str, int]:
    """How far a file has come."""
    file = row(person, id).file
    assert file is not None
    return file.way, file.done


def queued(person: Person, data: bytes) -> Queued:
    """Say a file, and take the answer."""
    id, reference = handed_in(person, data)
    return person.expect(
        Queued,
        lambda ref: commands.SendFile(
            ref=ref, id=id, reference=reference, name="tea.jpg", media="image/jpeg"
        ),
    )
