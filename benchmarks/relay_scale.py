"""How the relay stands being large: idle connections, everybody coming back, circles, entries.

Memory for an idle, bound connection stands beside that of a loop around `websockets` and of NATS,
measured in the same run. What a message costs is the relay's processor time, all threads together,
for one that is stored, acknowledged and passed on to one other member, at a steady rate and less
what the relay uses in the same time without messages. Relays of all sizes run at once and take
turns; the ratio of the largest to the smallest is taken per round, then its median.

    ./hallway bench relay_scale [--rounds N] [--slice SECONDS] [--quick] [--plot DOCS]
"""

from __future__ import annotations

import argparse
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from benchmarks.load.crowd import Client, Lost, Returned, come_back, held, resident, speak
from benchmarks.load.engine import Engine, Load, Slice, Unavailable
from benchmarks.load.filling import HANDSHAKE, fill
from benchmarks.load.hallway import Circle, Relay
from benchmarks.load.peers import Bare, NatsAlways
from benchmarks.load.plot import Panel, svg
from benchmarks.load.servers import Server

MEMBERS = 12
BODY = 300
RATE = 2000
"""Messages a second, over all circles that talk."""

TALKING = 1000
"""In so many circles there are two members, who talk; in the others one, who listens."""

SPREAD = 20
"""Circles that stored entries are spread over."""

MISSED = 30
"""Messages that each client finds when it comes back."""

WITHIN = 5.0
"""Seconds that they come back within."""

SETTLED = 3.0
"""Seconds until a server's memory is looked at: some tidy up behind a crowd."""

PLOT, PAGE = "relay-scale.svg", "relay-speed.md"
MARKS = "<!-- ./hallway bench relay_scale --plot docs -->\n", "<!-- until here -->\n"


class Faulty(Exception):
    """A relay lost, doubled, damaged or misordered something."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    idle: int
    returning: int
    circles: tuple[int, ...]
    entries: tuple[int, ...]
    rounds: int
    slice: float
    rate: float


WHOLE = Size(5000, 2000, (10, 100, 1000, 10_000), (1000, 10_000, 100_000, 1_000_000), 7, 3.0, RATE)
QUICK = Size(36, 24, (2, 20), (100, 1000), 1, 0.3, 200.0)


class Target(Protocol):
    """A kind of server that holds connections."""

    name: str

    def start(self, folder: Path) -> Server: ...

    def connect(self, port: int, circle: int, members: int) -> list[socket.socket]: ...


@dataclass(frozen=True, slots=True)
class Idle:
    """The bytes of memory that a server had alone, and took for each connection."""

    alone: int
    each: float


@dataclass(slots=True)
class Town:
    """A relay of some size, with sockets that talk and others that are only there."""

    size: int
    server: Server
    talk: Load
    others: Load | None
    talking: int
    costs: list[float] = field(default_factory=list)
    at_rest: list[float] = field(default_factory=list)
    memory: int = 0

    def measure(self, seconds: float, rate: float) -> None:
        """Measure a time without messages, then one with."""
        before = self._run(seconds, 1e-3)[0]
        used, messages = self._run(seconds, rate)
        self.at_rest.append(before / seconds)
        self.costs.append((used - before) * 1e6 / max(1, messages))
        self.memory = resident(self.server.pid)

    def _run(self, seconds: float, rate: float) -> tuple[float, int]:
        if self.others is not None:
            self.others.run(Slice(1, 0.02, rate=1e-3, warm=0.0))  # pings that wait are answered
        before = self.server.processor_seconds()
        result = self.talk.run(Slice(self.talking, seconds, rate=rate, warm=0.0))
        if result.faults():
            raise Faulty(f"The relay of {self.size:,}: {result.faults()}.")
        return self.server.processor_seconds() - before, result.sent


def main() -> int:
    """Measure, print the tables, then the ratios; the exit code."""
    size, plot = _arguments()
    _allow_sockets()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relay_scale.")))
        try:
            engine = Engine(folder)
            idle, returned, absent = _crowds(size, folder)
            circles = _measured(size, size.circles, [(n, 0) for n in size.circles], engine, folder)
            spread = min(SPREAD, min(size.entries))
            stored = [(spread, n // spread) for n in size.entries]
            entries = _measured(size, size.entries, stored, engine, folder)
        except Unavailable as reason:
            print(f"relay_scale cannot run: {reason}", file=sys.stderr)
            return 2
        except (Lost, Faulty) as fault:
            print(f"relay_scale failed. {fault}", file=sys.stderr)
            return 1
    tables = _tables(size, idle, returned, circles, entries)
    print(tables)
    for why in absent:
        print(f"nats always was not measured: {why}\n")
    _print_ratios(idle, returned, circles, entries)
    if plot is not None:
        _draw(plot, tables, circles, entries)
    return 0


def _arguments() -> tuple[Size, Path | None]:
    parser = argparse.ArgumentParser(
        prog="./hallway bench relay_scale", description="The relay at sizes up to large."
    )
    parser.add_argument("--rounds", type=int, help=f"slices of each size ({WHOLE.rounds})")
    parser.add_argument("--slice", type=float, help=f"seconds of each ({WHOLE.slice:g})")
    parser.add_argument("--quick", action="store_true", help="once, and little of everything")
    parser.add_argument(
        "--plot",
        metavar="DOCS",
        type=Path,
        help=f"write {PLOT} into this directory, and the tables into {PAGE} where it is there",
    )
    arguments = parser.parse_args()
    size = QUICK if arguments.quick else WHOLE
    size = replace(
        size, rounds=arguments.rounds or size.rounds, slice=arguments.slice or size.slice
    )
    if size.rounds < 1 or size.slice <= 0:
        parser.error("there is nothing to do in no time")
    return size, arguments.plot


def _allow_sockets() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _say(what: str) -> None:
    print(f"{what:<60}", end="\r", file=sys.stderr, flush=True)


# Connections.


def _crowds(size: Size, folder: Path) -> tuple[dict[str, Idle], Returned, list[str]]:
    idle: dict[str, Idle] = {}
    absent: list[str] = []
    relay = Relay()
    idle[relay.name], returned = _crowd_at_relay(relay, size, _own(folder, "idle-relay"))
    peers: tuple[Target, ...] = (Bare(), NatsAlways())
    for number, target in enumerate(peers):
        try:
            idle[target.name] = _crowd(target, size, _own(folder, f"idle-{number}"))
        except Unavailable as reason:
            absent.append(str(reason))
    return idle, returned, absent


def _own(folder: Path, name: str) -> Path:
    own = folder / name
    own.mkdir()
    return own


def _crowd(target: Target, size: Size, folder: Path) -> Idle:
    _say(f"{size.idle:,} connections to {target.name}")
    server, sockets = target.start(folder), []
    try:
        sockets += target.connect(server.port, -1, MEMBERS)  # what is loaded once, is loaded
        alone = resident(server.pid)
        for circle in range(size.idle // MEMBERS):
            sockets += target.connect(server.port, circle, MEMBERS)
        return _idle(server, alone, sockets[MEMBERS:])
    finally:
        for each in sockets:
            each.close()
        server.stop()


def _idle(server: Server, alone: int, sockets: Sequence[socket.socket]) -> Idle:
    time.sleep(SETTLED)
    held(sockets)
    return Idle(alone, (resident(server.pid) - alone) / len(sockets))


def _crowd_at_relay(relay: Relay, size: Size, folder: Path) -> tuple[Idle, Returned]:
    """As `_crowd`; then most leave, are spoken to meanwhile, and come back."""
    _say(f"{size.idle:,} connections to the relay")
    server, sockets = relay.start(folder), []
    try:
        # Circles' ids follow from their numbers, which begin behind the one that warms up.
        sockets += relay.connect(server.port, size.idle, MEMBERS)
        alone = resident(server.pid)
        circles: list[Circle] = []
        for number in range(size.idle // MEMBERS):
            made, founder = relay.found(server.port, number, MEMBERS)
            circles.append(made)
            others = [relay.bind(server.port, made.id, key, made.log) for key in made.keys[1:]]
            sockets += [founder.socket, *(each.socket for each in others)]
        idle = _idle(server, alone, sockets[MEMBERS:])
        for each in sockets:
            each.close()
        returned = _returned(relay, server.port, circles, size)
        return idle, returned
    finally:
        for each in sockets:
            each.close()
        server.stop()


def _returned(relay: Relay, port: int, circles: Sequence[Circle], size: Size) -> Returned:
    _say(f"{size.returning:,} clients come back")
    clients: list[Client] = []
    for circle in circles:
        if len(clients) >= size.returning:
            break
        speaker = relay.bind(port, circle.id, circle.keys[0], circle.log)
        speak(speaker, circle.log, MISSED, BODY)
        speaker.socket.close()
        clients += [Client(circle, key, circle.log + MISSED) for key in circle.keys]
    return come_back(port, clients[: size.returning], WITHIN)


# What a message costs.


def _measured(
    size: Size,
    sizes: Sequence[int],
    wanted: Sequence[tuple[int, int]],
    engine: Engine,
    folder: Path,
) -> list[Town]:
    """Relays with so many circles, and so many messages stored in each, measured in turns."""
    with ExitStack() as stack:
        towns = [
            _town(size_, circles, messages, engine, folder, stack)
            for size_, (circles, messages) in zip(sizes, wanted, strict=True)
        ]
        for number in range(size.rounds):
            _say(f"round {number + 1} of {size.rounds}")
            first = number % len(towns)
            for town in (*towns[first:], *towns[:first]):
                town.measure(size.slice, size.rate)
        _say("")
    return towns


def _town(
    size: int, circles: int, messages: int, engine: Engine, folder: Path, stack: ExitStack
) -> Town:
    _say(f"a relay with {circles:,} circles of {messages:,} messages")
    relay = Relay()
    own = _own(folder, f"town-{circles}-{messages}")
    (own / "data").mkdir(mode=0o700)
    made = fill(own / "data", circles, 2, messages, BODY)
    server = relay.start(own)
    stack.callback(server.stop)

    def bound(some: Sequence[Circle], members: int) -> Load:
        sockets = [
            relay.bind(server.port, circle.id, key, circle.log).socket
            for circle in some
            for key in circle.keys[:members]
        ]
        log = HANDSHAKE + messages
        load = engine.load(relay.dialect, sockets, members, BODY, 32, log, HANDSHAKE)
        stack.callback(load.close)
        return load

    talking = min(circles, TALKING)
    talk = bound(made[:talking], 2)
    others = bound(made[talking:], 1) if circles > talking else None
    return Town(size, server, talk, others, talking)


# What is shown.


def _tables(
    size: Size,
    idle: dict[str, Idle],
    returned: Returned,
    circles: Sequence[Town],
    entries: Sequence[Town],
) -> str:
    lines = [
        f"| idle connections ({size.idle:,}) | server alone | each |",
        "| --- | ---: | ---: |",
        *(
            f"| {name} | {each.alone / 2**20:.0f} MiB | {each.each / 1024:.1f} KiB |"
            for name, each in idle.items()
        ),
        "",
        f"{size.returning:,} clients came back within {WITHIN:g} s and found {MISSED} messages"
        f" each: all were caught up {returned.all:.1f} s after the first dialled; half of them"
        f" within {_quantile(returned, 0.5):.0f} ms of dialling, 99 in 100 within"
        f" {_quantile(returned, 0.99):.0f} ms.",
        "",
    ]
    for name, towns in (("circles", circles), ("stored entries", entries)):
        lines += [
            f"| {name} | CPU µs a message (quartiles) | CPU without messages | memory |",
            "| ---: | ---: | ---: | ---: |",
        ]
        lines += [_row(town) for town in towns] + [""]
    return "\n".join(lines)


def _quantile(returned: Returned, part: float) -> float:
    return 1e3 * returned.each[int(part * (len(returned.each) - 1))]


def _row(town: Town) -> str:
    costs = sorted(town.costs)
    low, high = costs[len(costs) // 4], costs[len(costs) * 3 // 4]
    return (
        f"| {town.size:,} | {statistics.median(costs):.0f} ({low:.0f} … {high:.0f}) |"
        f" {statistics.median(town.at_rest):.1%} | {town.memory / 2**20:.0f} MiB |"
    )


def _print_ratios(
    idle: dict[str, Idle], returned: Returned, circles: Sequence[Town], entries: Sequence[Town]
) -> None:
    for name, peer in (("bare", Bare.name), ("nats", NatsAlways.name)):
        if peer in idle:
            print(f"ratio idle_memory_{name} {idle[Relay.name].each / idle[peer].each:.3f}")
    print(f"ratio reconnect_seconds {returned.all:.3f}")
    for name, towns in (("circles", circles), ("entries", entries)):
        pairs = zip(towns[-1].costs, towns[0].costs, strict=True)
        print(f"ratio cost_{name} {statistics.median(most / least for most, least in pairs):.3f}")


def _draw(docs: Path, tables: str, circles: Sequence[Town], entries: Sequence[Town]) -> None:
    panels = [
        Panel(title, along, [(town.size, statistics.median(town.costs)) for town in towns])
        for title, along, towns in (
            ("µs of processor a message", "circles on the relay", circles),
            ("µs of processor a message", "entries in its logs", entries),
        )
    ]
    (docs / PLOT).write_text(svg(panels, "µs"))
    page = docs / PAGE
    if page.exists():
        before, begins, rest = page.read_text().partition(MARKS[0])
        _, ends, after = rest.partition(MARKS[1])
        if begins and ends:
            page.write_text(f"{before}{begins}\n{tables}\n{ends}{after}")


if __name__ == "__main__":
    raise SystemExit(main())
