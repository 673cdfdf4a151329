"""What others notice while somebody means the relay harm.

A relay with its own limits carries circles of 12 that talk at a steady rate, each from an address
of its own. In every round that is measured alone, and then beside one attacker after another
(`benchmarks/load/attackers.py`), each a process of its own; after each of them it is measured how
long it takes until all is as before. Times are from when a message was due to when each of the
others had it. A message that is lost, doubled, damaged or out of order fails the run.

    ./hallway bench relay_abuse [--rounds N] [--slice SECONDS] [--only NAMES] [--quick]
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load.attackers import ATTACKS, Victim
from benchmarks.load.engine import Engine, Load, Result, Slice, Unavailable
from benchmarks.load.hallway import Circle, Relay, Websocket
from benchmarks.load.servers import Server, free_port
from benchmarks.load.streams import connect
from relay import wire

MEMBERS = 12
WARM = 0.2
AS_BEFORE = 2.0
"""By how many times the p99 alone everything is taken to be as before."""

PATIENCE = 30
"""Seconds after which it is said that it did not come to be as before."""

ATTACKERS_NICENESS = 10
"""The load generator shares a core with the attacker, and must not wait for it."""

MIB = 1 << 20


class Failed(Exception):
    """There is nothing to compare; the message says why."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    circles: int
    rate: float
    rounds: int
    slice: float
    sockets: int
    slow_sockets: int
    descriptors: int


WHOLE = Size(8, 200, 3, 2.0, 5000, 500, 256)
QUICK = Size(2, 100, 1, 0.3, 100, 50, 128)


@dataclass(slots=True)
class Measured:
    """Of one attacker, by round: times in ms, memory in bytes, seconds to be as before."""

    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    grown: list[int] = field(default_factory=list)
    recovery: list[float] = field(default_factory=list)
    strikes: list[int] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The median over the rounds."""
        pairs = zip(self.beside, self.alone, strict=True)
        return statistics.median(beside / alone for beside, alone in pairs)


class Town:
    """A relay, the circles that talk at it, and somebody for the attackers to pass for."""

    def __init__(self, folder: Path, size: Size, engine: Engine, stack: ExitStack) -> None:
        self._size = size
        self.server = start(folder)
        stack.callback(self.server.stop)
        relay, port = Relay(), self.server.port
        sockets, founded = [], []
        for number in range(size.circles):
            made, founder = _populated(relay, port, number, MEMBERS + 1)
            others = (
                relay.bind(port, made.id, key, made.log, _address(number))
                for key in made.keys[1:MEMBERS]
            )
            sockets += [founder.socket, *(other.socket for other in others)]
            founded.append(made)
        first = founded[0]
        own, founder = _populated(relay, port, size.circles, 2)
        founder.socket.close()
        one, other = own.keys
        self.victim = Victim(first.id, first.keys[MEMBERS], own.id, one, other, own.log)
        self._load = engine.load(relay.dialect, sockets, MEMBERS, 300, 32, relay.log)
        stack.callback(self._load.close)

    def talk(self, seconds: float) -> Result:
        """Let the circles talk for a while."""
        return talk(self._load, self._size, seconds)

    def memory(self) -> int:
        """Bytes that the relay holds in memory."""
        return _status(self.server.pid, "VmRSS")


def talk(load: Load, size: Size, seconds: float) -> Result:
    """Let circles talk for a while. Failed where something went wrong with what they say."""
    result = load.run(Slice(size.circles, seconds, rate=size.rate, warm=WARM, drain=20))
    faults = result.faults()
    if faults:
        raise Failed(f"What the circles said did not come through: {faults}.")
    return result


def start(folder: Path, descriptors: int = 0) -> Server:
    """A relay with its own limits; `descriptors` is how many it may have, if not as many as we."""
    port = free_port()
    command: list[str | Path] = [sys.executable, "-m", "relay", "--listen", f"127.0.0.1:{port}"]
    command += ["--data", folder / "data"]
    if descriptors:
        command = ["prlimit", f"--nofile={descriptors}:{descriptors}", *command]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HALLWAY_")}
    return Server("relay", command, port, folder / "log", clean)


def _populated(relay: Relay, port: int, number: int, members: int) -> tuple[Circle, Websocket]:
    return relay.found(port, number, members, _address(number))


def _address(circle: int) -> str:
    """Each circle's people are at home somewhere else."""
    return f"127.1.{circle // 250}.{circle % 250 + 1}"


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise Failed(f"there is no {name} in /proc/{pid}/status")


@contextmanager
def attacked(name: str, town: Town, sockets: int) -> Iterator[list[int]]:
    """Have an attacker at work; afterwards the list holds how often it struck."""
    command = [sys.executable, "-m", "benchmarks.load.attackers", name]
    command += [str(town.server.port), str(sockets)]
    strikes: list[int] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.nice(ATTACKERS_NICENESS) and None,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(town.victim.encode() + "\n")
        process.stdin.flush()
        if process.stdout.readline() != "ready\n":
            raise Failed(f"the attacker {name} did not come to attack")
        try:
            yield strikes
        finally:
            process.stdin.close()
            said = process.stdout.read()
            process.wait()
        if not said.strip().isdigit():
            raise Failed(f"the attacker {name} gave up: code {process.returncode}")
        strikes.append(int(said))


def measure(name: str, town: Town, size: Size, measured: Measured) -> None:
    """One round of one attacker."""
    alone = town.talk(size.slice).deliver_p99
    before = town.memory()
    sockets = size.slow_sockets if name == "slow_headers" else size.sockets
    began = time.monotonic()
    with attacked(name, town, sockets) as strikes:
        beside = town.talk(size.slice).deliver_p99
        grown = town.memory() - before
    ended = time.monotonic()
    measured.alone.append(alone)
    measured.beside.append(beside)
    measured.grown.append(grown)
    measured.recovery.append(_recovery(town, alone))
    measured.strikes.append(round(strikes[0] / (ended - began)))


def _recovery(town: Town, alone: float) -> float:
    """Seconds from the end of an attack until a message takes no longer than before it."""
    ended = time.monotonic()
    while True:
        began = time.monotonic()
        p99 = town.talk(0.3).deliver_p99
        if p99 <= AS_BEFORE * alone or began - ended > PATIENCE:
            return began - ended


@dataclass(frozen=True, slots=True)
class Exhausted:
    """What a relay does that has no descriptor left: whether others go on, and what it costs."""

    taken: int
    talking: float
    processor: float
    again: bool


def exhaust(folder: Path, size: Size) -> Exhausted:
    """Take every descriptor that a relay has."""
    server, relay = start(folder, size.descriptors), Relay()
    crowd = []
    try:
        made, founder = relay.found(server.port, 0, 2)
        other = relay.bind(server.port, made.id, made.keys[1], made.log)
        for number in range(size.descriptors + 50):
            try:
                crowd.append(Websocket(server.port, address=f"127.66.0.{number % 250 + 1}"))
            except (OSError, EOFError, RuntimeError):
                continue
        times = []
        wanting = [connect(server.port, f"127.66.0.{number + 1}") for number in range(50)]
        before, began = server.processor_seconds(), time.monotonic()
        for _ in range(20):
            sent = time.monotonic()
            founder.say(wire.Append(os.urandom(16), made.log, b"still here"))
            other.hear(wire.Entry)
            times.append((time.monotonic() - sent) * 1e3)
            time.sleep(0.05)
        processor = (server.processor_seconds() - before) / (time.monotonic() - began)
        for each in (*wanting, *(socket.socket for socket in crowd)):
            each.close()
        return Exhausted(len(crowd), max(times), processor, _comes_in(server.port))
    finally:
        server.stop()


def _comes_in(port: int) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            Websocket(port).socket.close()
        except (OSError, EOFError, RuntimeError):
            time.sleep(0.05)
        else:
            return True
    return False


def main() -> int:
    """Measure, print a table, then a ratio for each attacker; the exit code."""
    size, names = _arguments()
    _allow_sockets()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relay_abuse.")))
        try:
            for part in ("town", "small"):
                (folder / part).mkdir()
            town = Town(folder / "town", size, Engine(folder), stack)
            town.talk(size.slice)
            began = town.memory()
            measured = {name: Measured() for name in names}
            for number, name in itertools.product(range(size.rounds), names):
                print(f"round {number + 1}: {name:<20}", end="\r", file=sys.stderr, flush=True)
                measure(name, town, size, measured[name])
            peak = _status(town.server.pid, "VmHWM")
            exhausted = exhaust(folder / "small", size)
        except Unavailable as reason:
            print(f"relay_abuse cannot run: {reason}", file=sys.stderr)
            return 2
        except Failed as failure:
            print(f"relay_abuse failed. {failure}", file=sys.stderr)
            return 1
    _print(size, measured, exhausted, began, peak)
    return 0


def _arguments() -> tuple[Size, list[str]]:
    parser = argparse.ArgumentParser(
        prog="./hallway bench relay_abuse",
        description="What others notice while somebody means the relay harm.",
    )
    parser.add_argument("--rounds", type=int, help=f"of each attacker ({WHOLE.rounds})")
    parser.add_argument("--slice", type=float, help=f"seconds of each slice ({WHOLE.slice:g})")
    parser.add_argument("--only", metavar="NAMES", help="of " + ",".join(ATTACKS))
    parser.add_argument("--quick", action="store_true", help="once, and little of everything")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else list(ATTACKS)
    for name in names:
        if name not in ATTACKS:
            parser.error(f"there is no {name!r}; there are: {', '.join(ATTACKS)}")
    of = QUICK if arguments.quick else WHOLE
    rounds = of.rounds if arguments.rounds is None else arguments.rounds
    seconds = of.slice if arguments.slice is None else arguments.slice
    if rounds < 1 or seconds <= 0:
        parser.error("there is nothing to do in no time")
    size = Size(of.circles, of.rate, rounds, seconds, of.sockets, of.slow_sockets, of.descriptors)
    return size, names


def _allow_sockets() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _print(
    size: Size, measured: dict[str, Measured], exhausted: Exhausted, began: int, peak: int
) -> None:
    print(
        f"{size.circles} circles of {MEMBERS}, {size.rate:g} messages/s in all, on a relay of"
        f" {began / MIB:.0f} MiB; at its most it had {peak / MIB:.0f} MiB"
    )
    print(
        f"{'':<20}{'p99 alone':>11}{'beside':>9}{'ratio':>8}{'memory':>10}{'as before':>11}", end=""
    )
    print(f"{'strikes/s':>13}")
    for name, each in measured.items():
        alone, beside = (statistics.median(times) for times in (each.alone, each.beside))
        print(
            f"{name:<20}{alone:>8.1f} ms{beside:>6.1f} ms{each.ratio:>8.2f}"
            f"{max(each.grown) / MIB:>+6.0f} MiB{max(each.recovery):>9.1f} s"
            f"{statistics.median(each.strikes):>13,.0f}"
        )
    again = "lets others in" if exhausted.again else "lets nobody in"
    print(
        f"With {size.descriptors} descriptors, of which others took {exhausted.taken} and wanted"
        f" more: those who were there before hear each other within {exhausted.talking:.0f} ms, it"
        f" takes {exhausted.processor:.0%} of a processor, and {again} afterwards."
    )
    print()
    for name, each in measured.items():
        print(f"ratio {name} {each.ratio:.3f}")


if __name__ == "__main__":
    raise SystemExit(main())
