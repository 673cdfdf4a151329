"""Blobs: sealed files, each a file of its own beside the database.

    relay.db.blobs/<circle>/<hash>          a whole one, which has a row in the database
    relay.db.blobs/<circle>/<hash>.<key>    what the device <key> has handed in of one

A chunk is written behind those before it and synced. With the last one the hash of all is looked
at; then the file is synced, gets its name, the folder is synced, and last of all the row is
written. So no row is without its file, whatever happens in between; a file without a row is of
nobody, and goes in the sweep when nothing has touched it for a while.

Where there is no room nothing of a chunk stays. Any other error leaves open what is on the disk:
what was handed in of that blob is thrown away, and the caller breaks the store.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import apsw

from relay.store.contract import (
    NO_ROOM,
    NO_SPACE,
    SPOILT,
    STORED,
    UNKNOWN,
    BlobChunk,
    Kept,
    Outcome,
    PutBlob,
    SweepBlobs,
)
from relay.store.reader import only

HASHED_AT_ONCE = 1024 * 1024

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def folder_of(database: Path) -> Path:
    """Where the blobs of a database, or of a copy of one, are."""
    return database.with_name(database.name + ".blobs")


def copy_blobs(database: Path, target: Path, circle: bytes | None = None) -> int:
    """Have beside `target` the whole blobs of a database, or of one circle in it, and no others.

    How many were copied. To be called once the rows were copied: a blob that is swept in between is
    missing there, and one that came in between is of no row. OSError.
    """
    source, goal = folder_of(database), folder_of(target)
    found = [source / circle.hex()] if circle is not None else _entries(source)
    copied = 0
    for folder in found:
        for each in _entries(folder):
            place = goal / folder.name / each.name
            if each.suffix or place.exists():
                continue
            _make_folder(place.parent)
            part = place.with_name(place.name + ".part")
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(each, part)
                part.chmod(0o600)
                sync(part)
                part.replace(place)
                copied += 1
        for each in _entries(goal / folder.name):
            if not (folder / each.name).exists():
                each.unlink()  # of a copy that was made before
        if (goal / folder.name).is_dir():
            sync(goal / folder.name)
    return copied


@dataclass(frozen=True, slots=True)
class Enter:
    """The row of a blob whose file is on the disk."""

    circle: bytes
    hash: bytes
    size: int
    time: int


@dataclass(frozen=True, slots=True)
class Strike:
    """The rows of a circle's blobs that are older than `before` go."""

    circle: bytes
    before: int


RowChange: TypeAlias = Enter | Strike


class Disk:
    """The steps in which a blob is written. OSError from each."""

    def append(self, path: Path, offset: int, data: bytes) -> None:
        """Write behind the first `offset` bytes of a file, which is made if it is not there."""
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, offset)
            view = memoryview(data)
            while view:
                written = os.pwrite(descriptor, view, offset)
                offset, view = offset + written, view[written:]
        finally:
            os.close(descriptor)

    def sync(self, path: Path) -> None:
        """A file's bytes, or a folder's names, survive a power cut from here on."""
        sync(path)

    def rename(self, path: Path, name: Path) -> None:
        """Give a file another name, in the place of what had it."""
        path.replace(name)


class Blobs:
    """The blobs of one database. `connection` is used for nothing else, and only read through.

    `write` changes rows, and returns once that is on the disk: in the store's own transactions,
    since what another connection writes has the writer look at every log.
    What is found to be wrong with the disk is an OSError, or of its database an apsw.Error.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        folder: Path,
        disk: Disk,
        write: Callable[[RowChange], Outcome],
    ) -> None:
        self._execute = connection.cursor().execute
        self._folder = folder
        self._disk = disk
        self._write = write

    def put(self, put: PutBlob) -> Outcome:
        """What `Store.put_blob` answers."""
        number = self._number(put.circle)
        if number is None:
            return UNKNOWN
        name = self._folder / put.circle.hex() / put.hash.hex()
        part = name.with_name(f"{name.name}.{put.access_key.hex()}")
        try:
            there = self._there(number, name, put)
            if there is not None:
                part.unlink(missing_ok=True)
                return there
            have = _handed_in(part, put)
            if put.chunk and put.offset == have:
                if _unfinished(part.parent) + len(put.chunk) > put.room:
                    return NO_ROOM
                self._append(part, have, put)
                have += len(put.chunk)
            return self._finish(part, name, put) if have == put.total else Kept(have)
        except FileNotFoundError:
            return Kept(0)  # another process was quicker with the same: whoever asks again hears it
        except OSError as error:
            if error.errno in _FULL:
                return NO_SPACE
            self._throw_away(number, part, name, put)
            raise

    def _there(self, number: int, name: Path, put: PutBlob) -> Outcome | None:
        """A blob that is whole, if it is; of one whose row could not be written any more it is."""
        size, found = self._size(number, put.hash), _length(name)
        if size is not None:
            return Kept(size) if size == found else None
        if found == put.total and _hash(name) == put.hash:
            return self._enter(name, put)
        return None

    def _throw_away(self, number: int, part: Path, name: Path, put: PutBlob) -> None:
        """What the disk may not hold, though the system still shows it, is acknowledged to nobody:
        by this process or by the next one."""
        with contextlib.suppress(OSError, apsw.Error):
            part.unlink(missing_ok=True)
            if self._size(number, put.hash) is None:
                name.unlink(missing_ok=True)

    def _append(self, part: Path, have: int, put: PutBlob) -> None:
        _make_folder(part.parent)
        try:
            self._disk.append(part, have, put.chunk)
            self._disk.sync(part)
        except OSError:
            with contextlib.suppress(OSError):
                os.truncate(part, have)
            raise

    def _finish(self, part: Path, name: Path, put: PutBlob) -> Outcome:
        """All is there: it becomes a blob, or is thrown away."""
        if _hash(part) != put.hash:
            part.unlink()
            return SPOILT
        self._disk.sync(part)
        self._disk.rename(part, name)
        return self._enter(name, put)

    def _enter(self, name: Path, put: PutBlob) -> Outcome:
        """The file has its name: that survives a power cut, and then the row is written."""
        self._disk.sync(name)
        self._disk.sync(name.parent)
        outcome = self._write(Enter(put.circle, put.hash, put.total, put.time))
        return Kept(put.total, fresh=True) if outcome is STORED else outcome

    def read(self, circle: bytes, hash: bytes, offset: int, limit: int) -> BlobChunk | None:
        """What `Store.read_blob` answers."""
        number = self._number(circle)
        size = None if number is None else self._size(number, hash)
        if size is None:
            return None
        try:
            with (self._folder / circle.hex() / hash.hex()).open("rb") as file:
                if os.fstat(file.fileno()).st_size != size:
                    return None
                file.seek(min(offset, size))
                return BlobChunk(size, file.read(limit))
        except OSError:
            return None  # of one blob; that the others can be read is seen by reading them

    def sweep(self, sweep: SweepBlobs) -> Outcome:
        """What `Store.sweep_blobs` answers."""
        number = self._number(sweep.circle)
        if number is None:
            return UNKNOWN
        gone = self._hashes(
            "SELECT hash FROM blob WHERE circle = ? AND time < ?", (number, sweep.kept_before)
        )
        outcome = self._write(Strike(sweep.circle, sweep.kept_before)) if gone else STORED
        if outcome is not STORED:
            return outcome
        kept = self._hashes("SELECT hash FROM blob WHERE circle = ?", (number,))
        for each in _entries(self._folder / sweep.circle.hex()):
            if each.name not in kept and (each.name in gone or _idle(each, sweep)):
                each.unlink(missing_ok=True)
        return STORED

    def _number(self, circle: bytes) -> int | None:
        row = only(self._execute, "SELECT number FROM circle WHERE id = ?", circle)
        return None if row is None else int(row[0])

    def _size(self, number: int, hash: bytes) -> int | None:
        row = only(
            self._execute, "SELECT size FROM blob WHERE circle = ? AND hash = ?", number, hash
        )
        return None if row is None else int(row[0])

    def _hashes(self, question: str, values: tuple[int, ...]) -> set[str]:
        rows = self._execute(question, values).fetchall()
        return {hash.hex() for (hash,) in rows if isinstance(hash, bytes)}


def _handed_in(part: Path, put: PutBlob) -> int:
    """How much is there of what a device hands in; nothing that counts, where it is too much."""
    size = _length(part)
    return size if size is not None and size <= put.total else 0


def _unfinished(folder: Path) -> int:
    """The bytes of all that is handed in for a circle and not whole."""
    return sum(_length(each) or 0 for each in _entries(folder) if each.suffix)


def _length(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _hash(path: Path) -> bytes:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(HASHED_AT_ONCE):
            found.update(piece)
    return found.digest()


def _idle(path: Path, sweep: SweepBlobs) -> bool:
    try:
        return path.stat().st_mtime * 1000 < sweep.unfinished_before
    except FileNotFoundError:
        return False  # another process has swept it


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _make_folder(folder: Path) -> None:
    """A circle's folder, whose name survives a power cut."""
    if not folder.is_dir():
        for each in (folder.parent, folder):
            each.mkdir(mode=0o700, exist_ok=True)
            sync(each.parent)


def sync(path: Path) -> None:
    """A file's bytes, or a folder's names, survive a power cut from here on."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
