"""Where things are: a profile's folder, the folder of the relay on this computer, their sockets.

A profile is one folder: `HALLWAY_HOME`, or `--home DIR`, or `hallway` in the person's data folder
(`XDG_DATA_HOME`, else `~/.local/share`). It is for its owner alone (0700).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SOCKET_PATH_LIMIT = 100
"""Bytes that every system takes as a Unix socket's path (Linux 107, others 103)."""


class LocationError(Exception):
    """A folder cannot be used; the sentence says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Locations:
    """The places of one profile. Making this touches nothing; `prepare` makes the folder."""

    home: Path
    data: Path  # the person's data folder, shared by all their profiles
    runtime: Path  # for sockets whose path in `home` would be too long

    @classmethod
    def find(cls, environ: Mapping[str, str], home: str | None = None) -> Locations:
        """From `--home`, else the environment."""
        data = Path(environ.get("XDG_DATA_HOME") or _person(environ) / ".local" / "share")
        chosen = home or environ.get("HALLWAY_HOME")
        folder = Path(chosen).expanduser() if chosen else data / "hallway"
        runtime = environ.get("XDG_RUNTIME_DIR") or f"/tmp/hallway-{os.getuid()}"  # noqa: S108
        return cls(folder.absolute(), data.absolute(), Path(runtime))

    @property
    def database(self) -> Path:
        """The encrypted database."""
        return self.home / "profile.db"

    @property
    def vault(self) -> Path:
        """The database's key, locked."""
        return self.home / "vault"

    @property
    def keys(self) -> Path:
        """Key files, when the vault is locked with one."""
        return self.home / "keys"

    @property
    def lock(self) -> Path:
        """Held by the one process that owns the profile."""
        return self.home / "owner"

    @property
    def config(self) -> Path:
        """The person's settings."""
        return self.home / "config.toml"

    @property
    def log(self) -> Path:
        """What went wrong, without content."""
        return self.home / "hallway.log"

    @property
    def relay_home(self) -> Path:
        """Data of the relay on this computer, one for all profiles."""
        return self.data / "hallway-relay"

    @property
    def socket(self) -> Path:
        """The owner's control socket."""
        path = self.home / "socket"
        if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
            return path
        import hashlib  # its library takes a while to load, and hardly anybody comes here

        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return self.runtime / f"hallway-{name}"

    def prepare(self) -> None:
        """Make the profile's folder, or see that it is the person's own; LocationError."""
        _own_folder(self.home)
        if self.socket.parent == self.runtime:
            _own_folder(self.runtime)

    def there(self) -> bool:
        """Whether a profile has been made here."""
        return self.vault.exists() or self.database.exists()


def _person(environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME")
    return Path(home) if home else Path.home()


def _own_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Opened without following a link, so that what is looked at is what is used.
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise LocationError(
            f"The folder {path} cannot be used ({error.strerror}). Name another with --home."
        ) from error
    try:
        facts = os.fstat(descriptor)
        if facts.st_uid != os.getuid():
            raise LocationError(
                f"The folder {path} belongs to somebody else. Name another with --home."
            )
        if stat.S_IMODE(facts.st_mode) & 0o077:
            os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)
