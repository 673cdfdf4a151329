"""A profile on this disk: owned by one process, its key taken from the vault, its database opened.

ProfileError            the profile cannot be opened; the sentence says what to do
├── InUseError          another process owns it; `holder` says which
└── LockedError         only its passphrase opens it (`tui.locking`)
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from crypto.errors import CryptoError, KeyMissingError, PassphraseNeededError
from crypto.primitives import Rng
from crypto.secret import Secret
from crypto.vault import HeldLock, Protection, Vault, lock_with_holder, new_database_key
from tui.engine.store.database import Database, DatabaseError
from tui.locations import Locations


class ProfileError(Exception):
    """The profile cannot be opened; the sentence says what to do."""


class InUseError(ProfileError):
    """Another process owns the profile."""

    def __init__(self, holder: str) -> None:
        super().__init__(
            f"This profile is open already, in {holder or 'another Hallway'}. "
            "Close it there, or name another profile with --home."
        )
        self.holder = holder


class LockedError(ProfileError):
    """Only its passphrase opens the profile."""


class KeyFolder:
    """Locking keys as files that only their owner may read: a `crypto.vault.KeyHolder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, slot: str) -> Secret | None:
        """The key of a slot, or None where there is none."""
        try:
            return Secret((self._folder / slot).read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeyMissingError(
                f"The key file {self._folder / slot} cannot be read ({error.strerror})."
            ) from error

    def write(self, slot: str, key: Secret) -> None:
        """Keep a key; it is on the disk when this returns."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        write_durably(self._folder / slot, key.reveal())

    def erase(self, slot: str) -> None:
        """Forget a key, if it is there; what it was is written over first, as far as a disk can."""
        path = self._folder / slot
        try:
            with path.open("r+b") as file:
                file.write(bytes(os.fstat(file.fileno()).st_size))
                file.flush()
                os.fsync(file.fileno())
        except FileNotFoundError:
            return
        path.unlink()

    def slots(self) -> list[str]:
        """The slots in which there is a key."""
        return sorted(path.name for path in self._folder.glob("*") if path.is_file())


@dataclass(slots=True)
class Profile:
    """An open profile; `close` gives it free."""

    locations: Locations
    database: Database
    _owner: int

    @classmethod
    def open(cls, locations: Locations, holder: str, rng: Rng, key: Secret | None = None) -> Self:
        """Open the profile, or make it; `holder` names this process for others to read.

        :param key: the database's, from `tui.locking.unlock`, where a passphrase protects it.

        InUseError where another process owns it, LockedError where it takes a passphrase,
        ProfileError for everything else.
        """
        locations.prepare()
        try:
            owner = own(locations.lock, holder)
        except OSError as error:
            raise _unwritable(locations, error) from error
        try:
            if key is None:
                key = _database_key(locations, rng)
            else:
                _forget_leftovers(locations)
            return cls(locations, Database.open(locations.database, key), owner)
        except PassphraseNeededError as error:
            os.close(owner)
            raise LockedError(str(error)) from error
        except (CryptoError, DatabaseError) as error:
            os.close(owner)
            raise ProfileError(str(error)) from error
        except OSError as error:
            os.close(owner)
            raise _unwritable(locations, error) from error
        except BaseException:
            os.close(owner)
            raise

    def close(self) -> None:
        """Close the database and let another process own the profile."""
        self.database.close()
        os.close(self._owner)


def owner_of(locations: Locations) -> str | None:
    """What the process that owns the profile calls itself, or None where nobody does."""
    try:
        descriptor = os.open(locations.lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip()
    finally:
        os.close(descriptor)
    return None


def write_durably(path: Path, data: bytes) -> None:
    """Put bytes in the place of a file's, whole or not at all, for its owner alone (0600)."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def own(path: Path, holder: str) -> int:
    """Hold the lock file, until the descriptor is closed or the process ends, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        name = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip()
        os.close(descriptor)
        raise InUseError(name) from error
    mine = f"{holder} (process {os.getpid()})\n".encode()
    # In the room of the name before: on a full disk no other is to be had.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, os.pwrite(descriptor, mine, 0))
    return descriptor


def _unwritable(locations: Locations, error: OSError) -> ProfileError:
    return ProfileError(
        f"The profile in {locations.home} cannot be written: {error.strerror or error}."
    )


def read_vault(locations: Locations) -> Vault | None:
    """The profile's vault, or None where there is no profile yet; ProfileError, CryptoError."""
    try:
        return Vault.parse(locations.vault.read_bytes())
    except FileNotFoundError as error:
        # Made in an order in which a crash leaves either nothing or a whole profile: a database
        # without its vault can only be one whose vault was taken away.
        if locations.database.exists():
            raise ProfileError(
                f"{locations.database} is there, but its vault {locations.vault} is not. "
                "Put it back, or name another profile with --home."
            ) from error
        return None
    except OSError as error:
        raise ProfileError(
            f"The vault {locations.vault} cannot be read ({error.strerror})."
        ) from error


def erase_keys(keys: KeyFolder, vault: Vault) -> None:
    """Forget every key file but the one that the vault is locked with. For the profile's owner."""
    kept = vault.lock.slot_name if isinstance(vault.lock, HeldLock) else ""
    for slot in keys.slots():
        if slot != kept:
            keys.erase(slot)


def _forget_leftovers(locations: Locations) -> None:
    """A passphrase that was set may have been cut short before the key file went."""
    vault = read_vault(locations)
    if vault is not None:
        erase_keys(KeyFolder(locations.keys), vault)


def _database_key(locations: Locations, rng: Rng) -> Secret:
    holder = KeyFolder(locations.keys)
    vault = read_vault(locations)
    if vault is not None:
        return vault.open_with_holder(holder)
    key = new_database_key(rng)
    vault = lock_with_holder(key, Protection.KEY_FILE, holder, rng)
    write_durably(locations.vault, vault.encode())
    return key
