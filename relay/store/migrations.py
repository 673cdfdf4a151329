"""The relay's database file: opening it, and bringing its schema up to date.

The schema is the numbered files in `schema/`, carried out in order and each once; a new file and an
upgraded one end up the same. SQLite's `user_version` says how far a file is, its `application_id`
that it is a relay's at all. Before a file is brought up to date a copy of it is laid beside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path

import apsw

from crypto.primitives import Rng
from relay.store.contract import StoreError
from relay.store.copying import COPY_ID, copy

APPLICATION_ID = 0x48574C59
"""`HWLY`, in the file's header."""

BUSY_MS = 10_000
"""How long to wait for another process (a backup, say) to let go of the file."""


def steps() -> list[str]:
    """The SQL of each numbered file, oldest first."""
    folder = resources.files("relay.store") / "schema"
    names = sorted(f.name for f in folder.iterdir() if f.name.endswith(".sql"))
    return [(folder / name).read_text("utf-8") for name in names]


def connect(path: Path, vfs: str | None = None) -> apsw.Connection:
    """A connection with the settings that every connection to a relay's file has."""
    try:
        # SQLite would let others read a new file, and the relay's key is in this one.
        path.touch(mode=0o600)
        connection = apsw.Connection(str(path), vfs=vfs)
    except (OSError, apsw.CantOpenError) as error:
        raise StoreError(f"{path} cannot be opened: {error}. Is its directory writable?") from error
    connection.set_busy_timeout(BUSY_MS)
    connection.transaction_mode = "IMMEDIATE"
    return connection


def prepare(connection: apsw.Connection, path: Path, rng: Rng, copied: bool = False) -> None:
    """Make the file ready for appending, new or old. StoreError if it is not a relay's.

    A copy is made ready only where that is wanted (`copied`), and stays marked as one.
    """
    refuse_foreign(connection, path)
    if not copied and connection.pragma("application_id") == COPY_ID:
        raise StoreError(f"{path} is a backup. Put it back with \u2018hallway relay restore\u2019.")
    # In this order: the journal's kind can only be changed outside of a transaction.
    if connection.pragma("journal_mode", "wal") != "wal":
        raise StoreError(f"{path} cannot have a write-ahead log here; choose a local disk.")
    connection.pragma("synchronous", "full")
    _upgrade(connection, path, rng)
    _write_back(connection)
    _keep_name(path)


def _write_back(connection: apsw.Connection) -> None:
    """Begin with an empty log.

    What a process before left in it is read here as the system remembers it. If an fsync failed it
    need not be on the disk, and a power cut would take all that is appended behind it; written back
    to the file, it is. Without room it stays where it is.
    """
    connection.set_busy_timeout(0)  # another relay on the same file has begun with one itself
    with suppress(apsw.BusyError, apsw.FullError):
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.set_busy_timeout(BUSY_MS)


@contextmanager
def named(path: Path) -> Iterator[None]:
    """What a file cannot be opened for, as a StoreError."""
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise StoreError(f"{path} is damaged or not a relay's database: {error}.") from error
    except (apsw.FullError, apsw.IOError, OSError) as error:
        # For the index beside the write-ahead log SQLite calls a full disk an I/O error.
        raise StoreError(
            f"{path} cannot be opened: {error}. Is the disk full? Make room, and start the relay"
            " again; what it acknowledged is there."
        ) from error


def refuse_foreign(connection: apsw.Connection, path: Path) -> None:
    """StoreError where the file is something else's, or of a newer schema."""
    empty = not connection.execute("SELECT count(*) FROM sqlite_schema").get
    if not empty and connection.pragma("application_id") not in (APPLICATION_ID, COPY_ID):
        raise StoreError(f"{path} is a database, but not a relay's. Name another one.")
    version, known = int(connection.pragma("user_version")), len(steps())
    if version > known:
        raise StoreError(
            f"{path} was written by a newer Hallway (schema {version}, this one knows "
            f"{known}). Update Hallway on this machine."
        )


def _keep_name(path: Path) -> None:
    """A new file's name survives a power cut only once its directory is on the disk too."""
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _upgrade(connection: apsw.Connection, path: Path, rng: Rng) -> None:
    wanted = steps()
    version = int(connection.pragma("user_version"))
    if version == len(wanted):
        return  # nothing is written, so that a relay also starts on a disk that is nearly full
    if version:
        copy(connection, path.with_name(f"{path.name}.schema-{version}"))
    with connection:
        version = int(connection.pragma("user_version"))  # another process may have done it
        for step in wanted[version:]:
            connection.execute(step)
        connection.pragma("user_version", len(wanted))
        if version == 0:
            connection.pragma("application_id", APPLICATION_ID)
            connection.execute("INSERT INTO relay (only, key) VALUES (1, ?)", (rng(32),))
