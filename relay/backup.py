"""Backups of a relay, and what becomes of one that is put back.

A backup is a copy of the whole database (`relay.store.copying`) and, in a folder beside it, of the
blobs (`relay.store.blobs`), made while the relay runs or not. It holds the relay's key: whoever has
it can pass for the relay, though not read anything.

What was acknowledged after a backup was made is not in it, and the circles' devices still hold it.
So that they are asked before anything new is ordered, every log that was put back begins another
incarnation (docs/protocol.md section 4.7). That is done by the relay when it starts on a copy, not
by whoever puts the copy there: it makes no difference whether that was `relay restore` or `cp`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from crypto.access.log import INCARNATION_LENGTH
from crypto.primitives import Rng
from relay.store.blobs import copy_blobs, folder_of
from relay.store.contract import StoreError
from relay.store.copying import COPY_ID, copy
from relay.store.migrations import APPLICATION_ID, BUSY_MS, connect, named, prepare, refuse_foreign
from relay.store.reader import standing


@dataclass(frozen=True, slots=True)
class Contents:
    """How much a database holds."""

    circles: int
    entries: int
    size: int

    def __str__(self) -> str:
        mib = self.size / (1024 * 1024)
        return f"circles: {self.circles}, entries: {self.entries}, size: {mib:.1f} MiB"


def back_up(database: Path, target: Path, replace: bool = False) -> Contents:
    """Copy a relay's database to `target`; what is in the copy. StoreError.

    `replace` is whether a file that is there already may go; it does once the new one is whole.
    """
    if not database.exists():
        raise StoreError(f"There is no relay's database in {database.parent}. Name it with --data.")
    if target.exists() and (not replace or target.samefile(database)):
        raise StoreError(f"{target} is there already. Name another file, or say --replace.")
    with copying(database, target):
        source = open_file(database, apsw.SQLITE_OPEN_READWRITE)
        try:
            refuse_foreign(source, database)
            copy(source, target)
        finally:
            source.close()
        copy_blobs(database, target)
    return contents(target)


def contents(path: Path) -> Contents:
    """What is in a backup or a database. StoreError."""
    with named(path):
        connection = open_file(path, apsw.SQLITE_OPEN_READONLY)
        try:
            refuse_foreign(connection, path)
            circles = connection.execute("SELECT count(*) FROM circle").get
            entries = connection.execute("SELECT count(*) FROM entry").get
        finally:
            connection.close()
    return Contents(circles, entries, path.stat().st_size)


def restore(database: Path, source: Path, replace: bool = False) -> tuple[Contents, Path | None]:
    """Put a backup in the place of a database that nobody has open. StoreError.

    Gives what is in it, and where the database is now that was there before, if there was one:
    that only happens with `replace`. At each moment one of the two is in its place.
    """
    if not source.is_file():
        raise StoreError(f"{source} is not there, or no file.")
    if database.exists() and (not replace or source.samefile(database)):
        raise StoreError(
            f"There is a relay's database already: {database}. With --replace it is kept under"
            " another name, and the backup takes its place."
        )
    fresh, aside = database.with_name(database.name + ".new"), None
    with copying(source, fresh):
        backup = open_file(source, apsw.SQLITE_OPEN_READONLY)
        try:
            refuse_foreign(backup, source)
            if not backup.execute("SELECT count(*) FROM sqlite_schema").get:
                raise StoreError(f"{source} is empty.")
            copy(backup, fresh, thorough=True)
        finally:
            backup.close()
        if database.exists():
            aside = _put_aside(database)
        fresh.replace(database)
        copy_blobs(source, database)
    return contents(database), aside


def begin_anew(database: Path, rng: Rng, now: int) -> int:
    """Where the database is a copy that was put there: begin another incarnation of each log.

    How many there are; 0 too where it is no copy, or not there. `now` in milliseconds since 1970.
    """
    if not database.exists():
        return 0
    with named(database):
        connection = connect(database)
        try:
            if connection.pragma("application_id") != COPY_ID:
                return 0
            prepare(connection, database, rng, copied=True)
            with connection:
                circles: list[Any] = connection.execute("SELECT number FROM circle").fetchall()
                for (number,) in circles:
                    restart(connection, number, rng, now)
                connection.pragma("application_id", APPLICATION_ID)
            return len(circles)
        finally:
            connection.close()


def restart(connection: apsw.Connection, number: int, rng: Rng, now: int) -> None:
    """Begin another incarnation of circle `number`, to be made whole by its devices."""
    connection.execute(
        "INSERT INTO restart (circle, before, incarnation, time) VALUES (?, ?, ?, ?)",
        (number, standing(connection.execute, number)[0], rng(INCARNATION_LENGTH), now),
    )


def open_file(path: Path, flags: int) -> apsw.Connection:
    """A connection to a file that is there. StoreError."""
    try:
        connection = apsw.Connection(str(path), flags=flags)
    except apsw.Error as error:
        raise StoreError(f"{path} cannot be opened: {error}.") from error
    connection.set_busy_timeout(BUSY_MS)
    return connection


def _put_aside(database: Path) -> Path:
    """Keep the old database under a name that is free; what belongs to it goes along.

    A write-ahead log that stayed would be taken for the new one's. What is in it goes back into the
    file first; where that can't be done the file is of no use as it is.
    """
    with suppress(apsw.Error):
        connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        finally:
            connection.close()
    number = 1
    while (aside := database.with_name(f"{database.name}.replaced-{number}")).exists():
        number += 1
    aside.hardlink_to(database)
    for beside in ("-wal", "-shm"):
        old = database.with_name(database.name + beside)
        if old.exists():
            old.replace(aside.with_name(aside.name + beside))
    if folder_of(database).is_dir():
        folder_of(database).replace(folder_of(aside))
    return aside


@contextmanager
def copying(source: Path, target: Path) -> Iterator[None]:
    """What `source` cannot be copied to `target` for, as a StoreError."""
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise StoreError(f"{source} is damaged, or not a relay's database: {error}.") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{target} cannot be written: {reason}.") from error
    except apsw.Error as error:
        raise StoreError(f"{source} cannot be copied to {target}: {error}.") from error
