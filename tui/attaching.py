"""Files between this computer and the engine: sealed as they are read, opened as they are written.

Whoever asks the engine, in its process or in another one, reads and writes the files of the person
who asks; what goes over is sealed. Nothing that comes is run, opened by itself, or put over a file
that is there, and nobody else's word for a name becomes a path.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from crypto.blob import CHUNK_PLAIN, FILE_LARGEST, BlobReference, Sealing, chunk_count, open_
from crypto.errors import FieldError, MisuseError, UnopenedError
from crypto.file import NAME_LONGEST, is_media, is_name
from tui.engine.commands import AddChunks, BeginFile, Command, ReadChunks, SendFile
from tui.engine.describing import length
from tui.engine.events import (
    Event,
    Exit,
    FileBegun,
    FileChunks,
    FileStands,
    Finished,
    Queued,
    Refused,
)

Ask = Callable[[Command], Awaitable[Event]]
Answer = TypeVar("Answer", bound=Event)

AT_ONCE = 4
"""Chunks that are handed in at once; a screen in the same process waits for so many."""

NAME_KEPT = 200
"""Bytes of a name under which a file is put: a number may be added."""

NAMELESS = "file"
ANY_KIND = "application/octet-stream"


class FileError(Exception):
    """A file can't be sent or put anywhere; the sentence is for the person."""

    def __init__(self, sentence: str, exit: Exit = Exit.REFUSED) -> None:
        super().__init__(sentence)
        self.exit = exit


async def send(ask: Ask, circle: str, path: Path) -> Queued:
    """Seal a file and hand it in, to be said in a circle; FileError."""
    with _opened(path) as (file, size):
        begun = await asked(ask, BeginFile(circle=circle), FileBegun)
        sealing = Sealing(_pieces(file), size, os.urandom)
        chunks = iter(sealing)
        try:
            while some := list(islice(chunks, AT_ONCE)):
                await asked(ask, AddChunks(circle=circle, id=begun.id, chunks=some), Finished)
        except MisuseError as error:
            raise FileError(f"{path} changed while it was read. Send it again.") from error
    wish = SendFile(
        circle=circle,
        id=begun.id,
        reference=sealing.reference.encode(),
        name=said_name(path),
        media=media_of(path),
    )
    return await asked(ask, wish, Queued)


async def save(ask: Ask, stands: FileStands, to: Path) -> Path:
    """Put a file that is here where a person wants it; its path. FileError.

    In a folder it gets a safe name that nothing there has; a path to a file is taken as it is.
    """
    return _put(await contents(ask, stands), stands.name, to)


def _put(pieces: list[bytes], name: str, to: Path) -> Path:
    try:
        target = _free(to, safe_name(name)) if to.is_dir() else to
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            with suppress(OSError):
                target.unlink()
            raise
    except FileExistsError as error:
        raise FileError(f"{to} is there already. Name another file.") from error
    except OSError as error:
        raise FileError(f"{to} can't be written: {error.strerror}. Name another place.") from error
    return target


async def contents(ask: Ask, stands: FileStands) -> list[bytes]:
    """A file that is here, opened, in pieces; FileError."""
    reference = BlobReference.decode(stands.reference)
    sealed: list[bytes] = []
    while len(sealed) < chunk_count(reference.size):
        wish = ReadChunks(circle=stands.circle, id=stands.id, first=len(sealed))
        some = (await asked(ask, wish, FileChunks)).chunks
        if not some:
            break
        sealed += some
    try:
        return list(open_(reference, sealed))
    except (UnopenedError, FieldError) as error:
        raise FileError("This file can't be opened: whoever sent it sealed it wrongly.") from error


async def asked(ask: Ask, command: Command, answer: type[Answer]) -> Answer:
    """Have a command carried out; FileError where it is refused."""
    event = await ask(command)
    if isinstance(event, Refused):
        raise FileError(event.sentence, event.exit)
    if not isinstance(event, answer):
        raise FileError("The Hallway that owns this profile answered something else.")
    return event


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """A file to be read, and its length; not a folder, nor what never ends."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise FileError(f"{path} is no file that could be sent.")
            if facts.st_size > FILE_LARGEST:
                raise FileError(
                    f"{path} has {length(facts.st_size)}, and {length(FILE_LARGEST)} are the most."
                )
            with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
                yield file, facts.st_size
        finally:
            os.close(descriptor)
    except OSError as error:
        raise FileError(f"{path} can't be read: {error.strerror}.") from error


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(CHUNK_PLAIN):
        yield piece


def said_name(path: Path) -> str:
    """What a file is called in its message."""
    name = path.name.encode("utf-8", "replace").decode()
    name = "".join("_" if unicodedata.category(one) == "Cc" else one for one in name)
    name = _short(name.replace("\\", "_"), NAME_LONGEST)
    return name if is_name(name) else NAMELESS


def media_of(path: Path) -> str:
    """The media type that a name suggests."""
    import mimetypes

    guessed, encoding = mimetypes.MimeTypes().guess_type(path.name)
    return guessed if guessed and not encoding and is_media(guessed) else ANY_KIND


def safe_name(name: str) -> str:
    """A name under which a file from somebody else may be put: what it seems, and no path.

    Nothing that can't be seen, nor turns the direction of writing; no dot, dash or tilde first, and
    no dot or space last.
    """
    kept = "".join(one for one in name if unicodedata.category(one)[0] not in "CZ" or one == " ")
    kept = kept.replace("/", "_").replace("\\", "_").replace(":", "_")
    return _short(kept.lstrip(" .-~").rstrip(" ."), NAME_KEPT) or NAMELESS


def _short(name: str, most: int) -> str:
    """A name of so many bytes at most, with the end that says what it is."""
    if len(name.encode()) <= most:
        return name
    stem, dot, end = name.rpartition(".")
    end = dot + end if stem and len(end) <= 10 else ""
    stem = name[: len(name) - len(end)]
    room = most - len(end.encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + end


def _free(folder: Path, name: str) -> Path:
    """A place in a folder that nothing has."""
    stem, dot, end = name.rpartition(".")
    stem, end = (stem, dot + end) if stem else (name, "")
    for number in range(1, 1000):
        target = folder / (name if number == 1 else f"{stem} ({number}){end}")
        if not os.path.lexists(target):
            return target
    raise FileError(f"{folder} has too many files of that name. Name another place.")
