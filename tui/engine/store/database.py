"""A profile's database: one encrypted SQLite file, opened, upgraded and written to in transactions.

The key is 32 raw bytes from the vault, given to SQLite's page cipher (ChaCha20-Poly1305 of SQLite3
Multiple Ciphers) as they are; no password string is ever derived from. The schema is the numbered
files in `schema/`, carried out in order, each once.

    DatabaseError           the profile cannot be used; its sentence says what to do
    ├── DamagedError        a wrong key, a file that is no database, or broken pages
    ├── ForeignError        a database, but not a profile's
    ├── NewerError          written by a newer version of this program
    └── DiskError           the disk is full or fails; nothing of the transaction was kept

After a DiskError the database can be read as before, and written to as soon as the disk can. An
fsync that failed leaves open what is on the disk: what was refused then is gone as soon as anything
else is written, and may be there after all if this process dies before that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import TypeAlias

import apsw

from crypto.secret import Secret
from tui.engine.store.spacing import spaced

APPLICATION_ID = 0x48574C50
"""`HWLP`, in the file's header."""

BUSY_MS = 1_000

Value: TypeAlias = int | float | bytes | str | None
ResultRow: TypeAlias = tuple[Value, ...]


class DatabaseError(Exception):
    """The profile's database cannot be used."""


class DamagedError(DatabaseError):
    """A wrong key, a file that is no database, or broken pages."""


class ForeignError(DatabaseError):
    """A database, but not a profile's."""


class NewerError(DatabaseError):
    """Written by a newer version of this program."""


class DiskError(DatabaseError):
    """The disk is full or fails; nothing of the transaction was kept."""


def schema_steps() -> list[str]:
    """The SQL of each numbered file, oldest first."""
    folder = resources.files("tui.engine.store") / "schema"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [(folder / name).read_text("utf-8") for name in names]


class Database:
    """An open profile. One thread uses it; nothing is written outside of `transaction()`."""

    def __init__(self, connection: apsw.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._writing = False

    @classmethod
    def open(
        cls,
        path: Path | str,
        key: Secret,
        *,
        steps: Iterable[str] | None = None,
        vfs: str | None = None,
    ) -> Database:
        """Open or make the database at `path` (`:memory:` for tests) with a key of 32 bytes.

        `steps` are the schema's, all of them unless a test asks for fewer. `vfs` names the SQLite
        file layer to go through (tests put one in between that fails).
        """
        try:
            connection = apsw.Connection(str(path), vfs=vfs)
        except apsw.CantOpenError as error:
            raise DiskError(
                f"{path} cannot be opened. Is its folder there, and writable?"
            ) from error
        database = cls(connection, str(path))
        try:
            with _named(str(path)):
                database._prepare(key, list(schema_steps() if steps is None else steps))
        except BaseException:
            connection.close()
            raise
        return database

    def _prepare(self, key: Secret, steps: list[str]) -> None:
        connection = self._connection
        connection.set_busy_timeout(BUSY_MS)
        if self._path != ":memory:":
            _unlock(connection, key)
            # One process owns a profile. SQLite then keeps the index of its log in memory, and not
            # in a file that has to be made: a profile opens on a full disk, too.
            connection.pragma("locking_mode", "exclusive")
        empty = not connection.execute("SELECT count(*) FROM sqlite_schema").get
        if not empty and connection.pragma("application_id") != APPLICATION_ID:
            raise ForeignError(f"{self._path} is a database, but not a profile of Hallway.")
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "full")
        connection.pragma("secure_delete", "on")
        connection.pragma("temp_store", "memory")
        connection.create_scalar_function("hallway_spaced", _spaced, 1, deterministic=True)
        connection.pragma("foreign_keys", "on")
        with connection:
            version = int(connection.pragma("user_version"))
            if version > len(steps):
                raise NewerError(
                    f"{self._path} was written by a newer Hallway (schema {version}, this one "
                    f"knows {len(steps)}). Update Hallway on this machine."
                )
            for step in steps[version:]:
                connection.execute(step)
            if version < len(steps):
                connection.pragma("application_id", APPLICATION_ID)
                connection.pragma("user_version", len(steps))
        # A log that is there was left by a process that died. If an fsync failed before, it need
        # not be on the disk, and a power cut would take what comes behind it: written back, it is.
        with suppress(apsw.FullError):
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and on the disk when it ends. Not to be nested."""
        if self._writing:
            raise RuntimeError("a transaction is under way already")
        connection = self._connection
        self._writing = True
        try:
            with _named(self._path):
                connection.execute("BEGIN IMMEDIATE")
                yield
                connection.execute("COMMIT")
        finally:
            self._writing = False
            if connection.in_transaction:  # SQLite may have rolled back by itself
                with _named(self._path):
                    connection.execute("ROLLBACK")

    def write(self, sql: str, values: tuple[Value, ...] = ()) -> int:
        """Carry out one statement inside of a transaction: how many rows it changed."""
        if not self._writing:
            raise RuntimeError("nothing is written outside of a transaction")
        with _named(self._path):
            self._connection.execute(sql, values)
        return int(self._connection.changes())

    def insert(self, sql: str, values: tuple[Value, ...] = ()) -> int:
        """Carry out an INSERT inside of a transaction: the new row's number."""
        self.write(sql, values)
        return int(self._connection.last_insert_rowid())

    def rows(self, sql: str, values: tuple[Value, ...] = ()) -> list[ResultRow]:
        """All rows of a query."""
        with _named(self._path):
            return list(self._connection.execute(sql, values))

    def each(self, sql: str, values: tuple[Value, ...] = ()) -> Iterator[ResultRow]:
        """The rows of a query, one after the other: however many there are."""
        with _named(self._path):
            yield from self._connection.execute(sql, values)

    def row(self, sql: str, values: tuple[Value, ...] = ()) -> ResultRow | None:
        """The first row of a query, or None."""
        rows = self.rows(sql, values)
        return rows[0] if rows else None

    def rekey(self, key: Secret) -> None:
        """Encrypt every page anew under another key of 32 bytes."""
        with _named(self._path):
            # The log still holds pages under the old key, and only a rollback journal can rekey.
            self._connection.pragma("journal_mode", "delete")
            self._connection.pragma("rekey", f"raw:{key.reveal().hex()}")
            self._connection.pragma("journal_mode", "wal")

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in."""
        self._connection.close()


def _spaced(*text: Value) -> Value:
    """What the triggers of the schema call."""
    return spaced(str(text[0]))


def _unlock(connection: apsw.Connection, key: Secret) -> None:
    connection.pragma("cipher", "chacha20")
    connection.pragma("key", f"raw:{key.reveal().hex()}")


@contextmanager
def _named(path: str) -> Iterator[None]:
    """SQLite's errors as sentences, without the statement that caused them."""
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise DamagedError(
            f"{path} is damaged, or its key does not fit. Keep the file, and restore a backup."
        ) from error
    except apsw.FullError as error:
        raise DiskError(
            f"Your disk is full: nothing more can be kept in {path}."
            " Make room; what was kept is safe."
        ) from error
    except (apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError) as error:
        raise DiskError(
            f"Your disk fails: {path} cannot be written ({type(error).__name__})."
            " Nothing of this was kept."
        ) from error
    except apsw.BusyError as error:
        raise DiskError(f"{path} is in use by another program.") from error
