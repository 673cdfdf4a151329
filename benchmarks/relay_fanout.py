"""How fast the relay passes messages on in circles of 12, beside other servers.

All servers run at once and take turns: each is given a short slice of load in every round, and the
ratio is taken per round, then its median, so that a machine that slows down does not count. In a
slice with a window so many messages are under way in each circle, and the next one follows when
eleven members have one and its sender has heard so. Then everybody gets the same messages a second
at times of their own, and how long acknowledgements take is counted from then.

Every message has to reach each of the others once, whole and in order; where one does not, the run
fails.

    ./hallway bench relay_fanout [--rounds N] [--slice SECONDS] [--body BYTES] [--only NAMES]
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Protocol

from benchmarks.load.engine import Dialect, Engine, Load, Result, Slice, Unavailable
from benchmarks.load.hallway import Relay
from benchmarks.load.peers import Bare, Mailbox, Mosquitto, NatsAlways, Ngircd, Prosody
from benchmarks.load.servers import Server

MEMBERS = 12
CIRCLES = {4: 20, 1: 40}
"""By window: about as many messages under way."""

RATE = 1000
"""Messages a second where times are measured."""


class Faulty(Exception):
    """A server lost, doubled, damaged or misordered something; there is nothing to compare."""


class Target(Protocol):
    """A kind of server: how to start one and how its members connect."""

    name: str
    dialect: Dialect
    log: int
    members: int
    steady: bool
    largest: int

    def start(self, folder: Path) -> Server: ...

    def connect(self, port: int, circle: int, members: int) -> list[socket.socket]: ...


TARGETS: tuple[Target, ...] = (
    *(Relay(), Mosquitto(), NatsAlways(), Bare()),
    *(Prosody(), Ngircd(), Mailbox()),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One slice: what the generator saw, and the server's processor time for a delivery in µs."""

    result: Result
    processor: float
    seconds: float

    @property
    def deliveries(self) -> float:
        """Deliveries per second."""
        return self.result.deliveries / self.seconds


@dataclass(slots=True)
class Contender:
    """A server that runs, its connected members, and what was measured of it, by slice."""

    name: str
    server: Server
    load: Load
    steady: bool
    measured: dict[str, list[Measured]] = field(default_factory=dict)

    def run(self, what: str, wanted: Slice) -> None:
        """Measure a slice."""
        before = self.server.processor_seconds()
        result = self.load.run(wanted)
        used = (self.server.processor_seconds() - before) * 1e6 / max(1, result.all_deliveries)
        if result.faults():
            raise Faulty(f"{self.name}, {what}: {result.faults()}")
        self.measured.setdefault(what, []).append(Measured(result, used, wanted.measure))

    def median(self, what: str, value: Callable[[Measured], float]) -> float:
        """The median over the rounds."""
        return statistics.median(map(value, self.measured[what]))


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio of the relay to a peer under a fixed name."""

    name: str
    peer: str
    slice: str
    value: Callable[[Measured], float]


def _deliveries(measured: Measured) -> float:
    return measured.deliveries


GOALS = (
    Goal("mosquitto_w4", "mosquitto", "window 4", _deliveries),
    Goal("mosquitto_w1", "mosquitto", "window 1", _deliveries),
    Goal("nats_always_w4", "nats always", "window 4", _deliveries),
    Goal("nats_always_w1", "nats always", "window 1", _deliveries),
    Goal("bare_websockets", "bare websockets", "window 4", _deliveries),
    Goal("ack_p50_to_peer", "mosquitto", "rate", lambda measured: measured.result.ack_p50),
    Goal("ack_p99_to_peer", "mosquitto", "rate", lambda measured: measured.result.ack_p99),
)


def main() -> int:
    """Measure, print a table, then a ratio for each goal; the exit code."""
    arguments = _arguments()
    wanted = arguments.only.split(",") if arguments.only else [each.name for each in TARGETS]
    _allow_sockets(len(TARGETS) * max(CIRCLES.values()) * MEMBERS)
    absent: dict[str, str] = {
        each.name: "it was not asked for" for each in TARGETS if each.name not in wanted
    }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relay_fanout.")))
        try:
            engine = Engine(folder)
        except Unavailable as reason:
            print(f"relay_fanout cannot run: {reason}", file=sys.stderr)
            return 2
        contenders = []
        for target in TARGETS:
            if target.name in wanted:
                try:
                    contenders.append(_start(target, engine, folder, arguments, stack))
                except Unavailable as reason:
                    absent[target.name] = str(reason)
        try:
            waits = _measure(contenders, arguments.rounds, arguments.slice, folder)
        except Faulty as fault:
            print(f"relay_fanout failed. {fault}", file=sys.stderr)
            return 1
    _print_table(contenders, arguments.body)
    print(f"one fdatasync between the slices took {statistics.median(waits):.2f} ms")
    _print_ratios({each.name: each for each in contenders}, absent)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./hallway bench relay_fanout",
        description="The relay's fan-out beside that of other servers.",
    )
    parser.add_argument("--rounds", type=int, default=9, help="slices of each kind (9)")
    parser.add_argument("--slice", type=float, default=1.0, help="seconds of each (1)")
    parser.add_argument("--body", type=int, default=1024, help="bytes of a message (1024)")
    parser.add_argument(
        "--ack-every", type=int, default=32, help="entries after which a member acknowledges (32)"
    )
    parser.add_argument(
        "--only", metavar="NAMES", help="measure these alone: " + ",".join(_names())
    )
    arguments = parser.parse_args()
    if not 256 <= arguments.body <= 60_000:
        parser.error("--body is from 256 to 60000")
    if arguments.rounds < 1 or arguments.slice <= 0:
        parser.error("there is nothing to do in no time")
    for name in arguments.only.split(",") if arguments.only else ():
        if name not in _names():
            parser.error(f"there is no {name!r}; there are: {', '.join(_names())}")
    return arguments


def _names() -> list[str]:
    return [each.name for each in TARGETS]


def _allow_sockets(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count + 100 <= hard or hard == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, hard))


def _start(
    target: Target, engine: Engine, folder: Path, arguments: argparse.Namespace, stack: ExitStack
) -> Contender:
    if arguments.body > target.largest:
        raise Unavailable(f"it passes on {target.largest} bytes at most; ask for --body 300")
    own = folder / target.name.replace(" ", "-")
    own.mkdir()
    server = target.start(own)
    stack.callback(server.stop)
    sockets = [
        each
        for circle in range(max(CIRCLES.values()))
        for each in target.connect(server.port, circle, target.members)
    ]
    load = engine.load(
        target.dialect, sockets, target.members, arguments.body, arguments.ack_every, target.log
    )
    stack.callback(load.close)
    return Contender(target.name, server, load, target.steady)


def _measure(
    contenders: Sequence[Contender], rounds: int, seconds: float, folder: Path
) -> list[float]:
    """Let all take turns; what it took the disk in the meantime to keep a page, in ms."""
    waits = []
    slices = {
        **{f"window {w}": Slice(circles, seconds, window=w) for w, circles in CIRCLES.items()},
        "rate": Slice(max(CIRCLES.values()), seconds, rate=RATE),
    }
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", end="\r", file=sys.stderr, flush=True)
        waits.append(_fdatasync(folder / "page"))
        for turn, (what, wanted) in enumerate(slices.items()):
            # What one leaves to be done, its neighbour feels; so nobody is always the same one's.
            first = (number + turn) % len(contenders)
            for each in (*contenders[first:], *contenders[:first]):
                if wanted.window or each.steady:
                    each.run(what, wanted)
    print(" " * 20, end="\r", file=sys.stderr, flush=True)
    return waits


def _fdatasync(path: Path) -> float:
    with path.open("wb", buffering=0) as file:
        file.write(os.urandom(4096))
        start = time.perf_counter()
        os.fdatasync(file.fileno())
        return (time.perf_counter() - start) * 1e3


def _print_table(contenders: Sequence[Contender], body: int) -> None:
    print(f"circles of {MEMBERS}, bodies of {body} bytes")
    print(f"{'':<16}{'deliveries/s':>22}{'CPU µs':>10}{f'ms at {RATE:,} messages/s':>34}")
    print(
        f"{'':<16}{'window 4':>11}{'window 1':>11}{'each':>10}"
        f"{'ack p50':>10}{'p99':>8}{'all p50':>10}{'p99':>8}"
    )
    for each in contenders:
        values = [each.median(f"window {window}", _deliveries) for window in (4, 1)]
        cost = each.median("window 4", lambda measured: measured.processor)
        print(f"{each.name:<17}{values[0]:>10,.0f}{values[1]:>11,.0f}{cost:>10.1f}", end="")
        print(_times(each) if each.steady else "")
    for each in filter(attrgetter("steady"), contenders):
        rate = each.median("rate", lambda measured: measured.result.completed / measured.seconds)
        if rate < 0.9 * RATE:
            print(f"{each.name} did not keep up with {RATE:,} messages/s, so its times say little")


def _times(each: Contender) -> str:
    names = ("ack_p50", "ack_p99", "deliver_p50", "deliver_p99")
    times = [each.median("rate", attrgetter(f"result.{name}")) for name in names]
    shown = ["-" if math.isnan(milliseconds) else f"{milliseconds:.2f}" for milliseconds in times]
    return "".join(f"{value:>{width}}" for value, width in zip(shown, (10, 8, 10, 8), strict=True))


def _print_ratios(contenders: dict[str, Contender], absent: dict[str, str]) -> None:
    print("\nthe relay to its peers, median of the rounds (quartiles)")
    ratios = {}
    for goal in GOALS:
        if goal.peer in absent or "relay" in absent:
            continue
        pairs = zip(
            contenders["relay"].measured[goal.slice],
            contenders[goal.peer].measured[goal.slice],
            strict=True,
        )
        each = sorted(goal.value(ours) / goal.value(theirs) for ours, theirs in pairs)
        low, high = each[len(each) // 4], each[len(each) * 3 // 4]
        ratios[goal.name] = statistics.median(each)
        print(f"{goal.name:<18}{ratios[goal.name]:>8.2f}  ({low:.2f} … {high:.2f})")
    for name, reason in absent.items():
        print(f"{name} was not measured: {reason}")
    print()
    for name, ratio in ratios.items():
        print(f"ratio {name} {ratio:.3f}")


if __name__ == "__main__":
    raise SystemExit(main())
