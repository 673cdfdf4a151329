"""A backup as one file: its key, locked with a passphrase, and the database that the key opens.

struct {
    opaque magic[16] = "hallway backup 1";
    uint32 length;
    opaque vault[length];        // crypto.vault, locked with a passphrase
    opaque database[];           // to the end: tui.engine.store.backup, encrypted
} Backup;

BackupError     the file cannot be used, or not be written; the sentence says what to do
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from crypto.errors import CryptoError, WrongPassphraseError
from crypto.secret import Secret
from crypto.vault import Vault
from tui.engine.circle import FOUNDING
from tui.engine.store import backup as copies
from tui.engine.store.database import Database, DatabaseError

MAGIC = b"hallway backup 1"
VAULT_LONGEST = 1024
OTHER = "is not a backup of Hallway."
HAS_CIRCLES = (
    "There are circles in this profile already. A backup is restored where there are none: name"
    " another profile with --home."
)


class BackupError(Exception):
    """A backup cannot be used or written; the sentence says why, and what to do."""


class WrongWordsError(BackupError):
    """The passphrase does not open it."""


def seal(to: Path, vault: Vault, database: Path) -> None:
    """Put a backup together: the whole file or nothing, for its owner alone; BackupError."""
    with _named(to), beside(to) as part:
        with part.open("wb") as file, database.open("rb") as content:
            locked = vault.encode()
            file.write(MAGIC + len(locked).to_bytes(4) + locked)
            shutil.copyfileobj(content, file)
            file.flush()
            os.fsync(file.fileno())
        _put(part, to)


def _put(part: Path, to: Path) -> None:
    """Give a file its name, but not that of a file which came meanwhile."""
    try:
        os.link(part, to)
    except FileExistsError:
        raise
    except OSError:
        # Many a stick knows no second name of a file.
        part.replace(to)


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A new empty file in the folder of another that is not there yet, for its owner alone.

    It is gone at the end. BackupError.
    """
    with _named(path):
        if path.exists():
            raise FileExistsError
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(descriptor)
    try:
        yield Path(name)
    finally:
        for leftover in (name, f"{name}-wal", f"{name}-journal"):
            with suppress(OSError):
                os.unlink(leftover)


def read_vault(source: Path) -> Vault:
    """What a backup's key is locked with; BackupError."""
    with _named(source), source.open("rb") as file:
        return _vault(source, file)


def open_key(vault: Vault, passphrase: str) -> Secret:
    """The key of a backup's database; WrongWordsError."""
    try:
        return vault.open_with_passphrase(passphrase)
    except WrongPassphraseError as error:
        raise WrongWordsError("This is not the passphrase of this backup.") from error
    except CryptoError as error:
        raise BackupError(str(error)) from error


def restore(source: Path, key: Secret, profile: Database, folder: Path) -> int:
    """Put a backup's contents into a profile without circles, all of it or nothing.

    :param folder: where the encrypted database is put meanwhile.

    How many circles came; BackupError.
    """
    if profile.row("SELECT 1 FROM circles LIMIT 1") is not None:
        raise BackupError(HAS_CIRCLES)
    with beside(folder / "restoring") as part:
        with _named(source), source.open("rb") as file, part.open("wb") as database:
            _vault(source, file)
            shutil.copyfileobj(file, database)
        try:
            _copy(part, key, profile)
        except DatabaseError as error:
            raise BackupError(f"{source} can't be restored: {error}") from error
    found = profile.row("SELECT count(*) FROM circles WHERE status != ?", (FOUNDING,))
    return int(str(found[0])) if found else 0


def _copy(part: Path, key: Secret, profile: Database) -> None:
    backup = Database.open(part, key)
    try:
        with profile.transaction():
            copies.copy(backup, profile)
    finally:
        backup.close()


def _vault(source: Path, file: BinaryIO) -> Vault:
    if file.read(len(MAGIC)) != MAGIC:
        raise BackupError(f"{source} {OTHER}")
    length = int.from_bytes(file.read(4))
    locked = file.read(min(length, VAULT_LONGEST))
    try:
        return Vault.parse(locked)
    except CryptoError as error:
        raise BackupError(f"{source} is damaged: {error}") from error


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise BackupError(f"{path} is there already. Name another file.") from error
    except OSError as error:
        raise BackupError(f"{path} can't be used ({error.strerror}).") from error
