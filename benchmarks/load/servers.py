"""Servers under measurement: started on a core of their own, ended with the run."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

START_SECONDS = 15

_TICKS = os.sysconf("SC_CLK_TCK")


@cache
def cores() -> tuple[set[int], set[int]]:
    """The cores for the servers and for the generator; both on all where there is one only.

    They are divided once: the generator, which asks for every server, soon has only its own.
    """
    available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        return set(available), set(available)
    return {available[0]}, {available[1]}


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Kind:
    """What a kind of server can do, where it does not say otherwise."""

    log = 0
    """The newest n of a circle's log once everybody is connected."""

    members = 12
    """How many a circle has."""

    steady = True
    """Whether it can be asked for a steady rate that all others keep up with."""

    largest = 60_000
    """Bytes of the largest message."""


class Server:
    """A process that listens on `port`, pinned to the servers' core."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        port: int,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.port = port
        self._log = log
        for_servers, for_generator = cores()
        os.sched_setaffinity(0, for_servers)  # a child begins where its parent is
        try:
            with log.open("wb") as output:
                self._process = subprocess.Popen(
                    command, stdout=output, stderr=subprocess.STDOUT, env=environment
                )
        finally:
            os.sched_setaffinity(0, for_generator)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        said = self._log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{self.name} does not answer on port {self.port}. It said:\n{said}")

    @property
    def pid(self) -> int:
        """The process, for a profiler."""
        return self._process.pid

    def processor_seconds(self) -> float:
        """The processor time that it has used, all threads together."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
