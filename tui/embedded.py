"""The relay on this computer: a process of its own, one for all profiles of a person.

It is started by whichever client needs it, stays when that client ends, and is started again by
whichever client finds it dead. `hallway relay stop` ends it: no client that runs at that moment
starts it again, the next one that needs it does.

All calls here wait, for a second as a rule; whoever has an event loop makes them in a thread.

    EmbeddedError           the relay on this computer does not start
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from crypto.relay_address import Address
from tui.locations import Locations

START_SECONDS = 20
"""How long a relay may take until it listens."""

DIAL_SECONDS = 5

_READY = b"listening on "


class EmbeddedError(Exception):
    """The relay on this computer does not start; the sentence says why, and what to do."""


class LocalRelay:
    """The relay of a person on this computer, at `address`, with its data in `home`."""

    def __init__(self, home: Path, address: str) -> None:
        self.home = home
        self.address = Address.parse(address)
        self._since = time.time()

    @classmethod
    def of(cls, locations: Locations, address: str) -> LocalRelay:
        """The one that all profiles of `locations`' person have in common."""
        return cls(locations.relay_home, address)

    @property
    def reach(self) -> str:
        """Who can reach it, in a sentence."""
        return (
            f"The relay {self.address} runs on this computer, and only programs on this computer"
            " can reach it. It stays when Hallway ends; `hallway relay stop` ends it."
        )

    def start(self) -> bool:
        """Have it running; whether it was this call that started it. EmbeddedError."""
        if self._answers():
            return False
        with self._starting():
            # Another client may have started it while this one waited for its turn.
            if self._answers():
                return False
            self._launch()
        return True

    def revive(self, address: Address) -> bool:
        """Nobody answers at `address`: start the relay again if it is this one, and died.

        Whether it is worth dialling again. Where there has been none here, or where a person ended
        it while this program ran, nothing is started.
        """
        if address != self.address or not (self.home / "relay.db").exists():
            return False
        if self._was_stopped():
            return False
        try:
            self.start()
        except EmbeddedError:
            return False  # what is told is that nobody answers
        return True

    def _was_stopped(self) -> bool:
        try:
            return (self.home / "relay.stopped").stat().st_mtime > self._since
        except FileNotFoundError:
            return False

    def _answers(self) -> bool:
        host = self.address.host.strip("[]")
        try:
            socket.create_connection((host, self.address.port), DIAL_SECONDS).close()
        except OSError:
            return False
        return True

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        """One client at a time."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.home / "starting", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmbeddedError(
                f"The relay on this computer can't have its folder {self.home}"
                f" ({error.strerror}). Name another relay with --relay."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _launch(self) -> None:
        log = self.home / "relay.log"
        with log.open("ab") as errors:
            before = errors.tell()
            ready, said = os.pipe()
            try:
                self._detach(said, errors.fileno())
            finally:
                os.close(said)
            try:
                listening = _reads_ready(ready)
            finally:
                os.close(ready)
        if listening or self._answers():
            return
        reason = _tail(log, before) or f"It said nothing within {START_SECONDS} seconds."
        raise EmbeddedError(f"The relay on this computer does not start. {reason}")

    def _detach(self, output: int, errors: int) -> None:
        """Start it as nobody's child: it outlives this process, and leaves no zombie here."""
        listen = f"{self.address.host}:{self.address.port}"
        command = [sys.executable, "-I", "-m", "relay", "--listen", listen, "--data"]
        subprocess.run(  # noqa: S603  # the program is this one
            ["/bin/sh", "-c", '"$@" &', "sh", *command, str(self.home)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=self.home,
            start_new_session=True,
            check=True,
        )


def _reads_ready(pipe: int) -> bool:
    """Whether the relay says that it listens, before it ends or its time is over."""
    end = time.monotonic() + START_SECONDS
    said = b""
    while True:
        readable, _, _ = select.select([pipe], [], [], max(0, end - time.monotonic()))
        data = os.read(pipe, 4096) if readable else b""
        if not data:
            return False
        said += data
        whole = said[: said.rfind(b"\n") + 1]
        if any(line.startswith(_READY) for line in whole.splitlines()):
            return True


def _tail(log: Path, before: int) -> str:
    """The last line of what was written to the log since."""
    with log.open("rb") as file:
        file.seek(before)
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""
