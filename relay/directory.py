"""The relay's directory: whose it is, and who runs on it.

A relay holds a lock on `relay.lock` for as long as it runs, with its process id inside. The lock,
not the file, says that somebody is there: it goes with the process, however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Self


class DirectoryError(Exception):
    """The directory cannot be used. The message says why, and what to do."""


class Directory:
    """The directory `path`; with `make`, made for this user alone where it is not there."""

    def __init__(self, path: Path, make: bool = True) -> None:
        try:
            if make:
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DirectoryError(
                f"{path} cannot be made: {error.strerror}. Name a directory with --data."
            ) from error
        self.path = path

    @property
    def database(self) -> Path:
        """The logs."""
        return self.path / "relay.db"

    @property
    def socket(self) -> Path:
        """The operator's Unix socket."""
        return self.path / "relay.sock"

    @property
    def certificate(self) -> Path:
        """The certificate that the relay made itself, with its key."""
        return self.path / "certificate.pem"

    @property
    def pin(self) -> Path:
        """The pin of that certificate: there as long as circles may know it."""
        return self.path / "certificate.pin"

    @property
    def lock(self) -> Path:
        """Locked by the relay that runs here."""
        return self.path / "relay.lock"

    @property
    def stopped(self) -> Path:
        """There since a person ended the relay, until it runs again; its time says when."""
        return self.path / "relay.stopped"

    def size(self) -> int:
        """Bytes of the database and of what SQLite keeps beside it."""
        total = 0
        for beside in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                total += os.stat(f"{self.database}{beside}").st_size
        return total

    def runner(self) -> int | None:
        """The process id of the relay that runs here, or None. DirectoryError as it starts."""
        try:
            descriptor = os.open(self.lock, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _process(descriptor, self.path)
        finally:
            os.close(descriptor)
        return None


class Held:
    """The lock of a directory, from entering to leaving. DirectoryError if it is another's."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._descriptor = -1

    def __enter__(self) -> Self:
        lock = self._directory.lock
        try:
            self._descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DirectoryError(
                f"{lock} cannot be written: {error.strerror}. Name another directory with --data."
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            try:
                other = _process(self._descriptor, self._directory.path)
            finally:
                os.close(self._descriptor)
            raise DirectoryError(
                f"Another relay (process {other}) runs on {self._directory.path}. Stop it with"
                " \u2018hallway relay stop\u2019, or name another directory with --data."
            ) from None
        try:
            os.truncate(self._descriptor, 0)
            os.write(self._descriptor, str(os.getpid()).encode())
        except OSError as error:
            os.close(self._descriptor)
            raise DirectoryError(f"{lock} cannot be written: {error.strerror}.") from error
        self._directory.stopped.unlink(missing_ok=True)
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._directory.socket.unlink()
        os.close(self._descriptor)


def _process(descriptor: int, path: Path) -> int:
    written = os.read(descriptor, 32)
    if not written.isdigit():
        raise DirectoryError(f"A relay is just starting or stopping on {path}; try again.")
    return int(written)
