"""A computer with people on it: real processes, real sockets, folders and a port of their own."""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from relay.directory import Directory

START = "import sys; sys.argv[0] = 'hallway'; from tui.cli import main; sys.exit(main())"
COMMAND = (sys.executable, "-I", "-c", START)
SECONDS = 60
"""How long anything may take before a test says that it will not happen."""

ENDED = None


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines that it printed."""
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A command that stays, and its lines as they come."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self.popen = popen
        self.out: queue.Queue[str | None] = queue.Queue()
        self.err: queue.Queue[str | None] = queue.Queue()
        self._threads = [
            threading.Thread(target=_pump, args=(popen.stdout, self.out), daemon=True),
            threading.Thread(target=_pump, args=(popen.stderr, self.err), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def until(self, wanted: Callable[[str], bool], err: bool = False) -> str:
        """The next line of standard output, or error, that is the wanted one."""
        seen = []
        while (line := (self.err if err else self.out).get(timeout=SECONDS)) is not ENDED:
            if wanted(line):
                return line
            seen.append(line)
        raise AssertionError(f"ended without the line; there was {seen}")

    def online(self) -> None:
        """Wait until a `tail` says that it is connected."""
        self.until(lambda line: line.endswith(": online"), err=True)

    def end(self, how: signal.Signals = signal.SIGTERM) -> Done:
        """Signal it, and wait until it has ended."""
        self.popen.send_signal(how)
        return self.ended()

    def ended(self) -> Done:
        """Wait until it ends by itself; what was not read yet."""
        code = self.popen.wait(timeout=SECONDS)
        for thread in self._threads:
            thread.join()
        assert self.popen.stdout is not None
        assert self.popen.stderr is not None
        self.popen.stdout.close()
        self.popen.stderr.close()
        return Done(code, _rest(self.out), _rest(self.err))


def _pump(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line.rstrip("\n"))
    lines.put(ENDED)


def _rest(lines: queue.Queue[str | None]) -> str:
    found = []
    while not lines.empty():
        line = lines.get()
        if line is not ENDED:
            found.append(line)
    return "\n".join(found)


class Machine:
    """The computer; what is started on it is ended when a test is over."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"127.0.0.1:{free_port()}"
        self.relay_home = folder / "data" / "hallway-relay"
        self.environ = {
            key: value for key, value in os.environ.items() if not key.startswith("HALLWAY_")
        } | {
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_RUNTIME_DIR": str(folder),
            "HALLWAY_LOCAL_RELAY": self.address,
        }
        self._started: list[Running] = []

    def person(self, name: str, **environ: str) -> Person:
        """Somebody with a profile of their own."""
        home = str(self.folder / name.lower())
        return Person(self, name, self.environ | {"HALLWAY_HOME": home} | environ)

    def start(self, environ: dict[str, str], *arguments: str) -> Running:
        """Start a command that stays."""
        popen = subprocess.Popen(
            [*COMMAND, *arguments],
            env=environ,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running = Running(popen)
        self._started.append(running)
        return running

    def relay_process(self) -> int | None:
        """The process id of the relay of this computer, if there has been one."""
        try:
            return int((self.relay_home / "relay.lock").read_text())
        except (OSError, ValueError):
            return None

    def kill_relay(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End the relay of this computer, as a power cut would; which process it was."""
        process = self.relay_process()
        assert process is not None
        died = os.pidfd_open(process)
        try:
            os.kill(process, how)
            select.select([died], [], [], SECONDS)
        finally:
            os.close(died)
        return process

    def close(self) -> None:
        """End whatever was started here."""
        for running in self._started:
            if running.popen.poll() is None:
                running.popen.kill()
            running.ended()
        process = self.relay_home.exists() and Directory(self.relay_home, make=False).runner()
        if process:
            os.kill(process, signal.SIGKILL)


@dataclass(frozen=True)
class Person:
    """Somebody at a machine, under a name, with a profile."""

    machine: Machine
    name: str
    environ: dict[str, str]

    @property
    def home(self) -> Path:
        """The profile's folder."""
        return Path(self.environ["HALLWAY_HOME"])

    def run(self, *arguments: str, says: str = "") -> Done:
        """Run a command to its end; `says` is its standard input."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            env=self.environ,
            cwd=self.machine.folder,
            input=says,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def does(self, *arguments: str, says: str = "") -> Done:
        """Run a command that has to be done."""
        done = self.run(*arguments, says=says)
        assert done.code == 0, done
        return done

    def start(self, *arguments: str) -> Running:
        """Start a command that stays."""
        return self.machine.start(self.environ, *arguments)

    def opens(self, circle: str, *arguments: str) -> str:
        """Open a circle; its id."""
        done = self.does("open", circle, "--as", self.name, "--json", *arguments)
        return str(done.lines()[0]["id"])

    def code(self, circle: str, *arguments: str) -> str:
        """A sealed code."""
        return self.does("invite", circle, *arguments).out.strip()

    def texts(self, circle: str) -> list[str]:
        """What was said, in the order that this person sees."""
        rows = self.does("read", circle, "--last", "5000", "--json").lines()
        return [row["text"] for row in rows if row["kind"] == "text"]


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A machine for as long as a test lasts."""
    made = Machine(folder)
    try:
        yield made
    finally:
        made.close()


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
