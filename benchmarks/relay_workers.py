"""Whether several relay processes on one machine pass more on than one does.

Compared are one relay, two over one store with half of the circles each, and two that have nothing
in common. All share all cores with the load, which is the same: 4 messages under way in each of 20
circles of 12. That is the best case for several processes: no circle has members at both, so that
neither has to learn from the other what was said.

    ./hallway bench relay_workers [--rounds N] [--slice SECONDS] [--body BYTES]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load.engine import Engine, Load, Result, Slice, Unavailable
from benchmarks.load.hallway import Relay
from benchmarks.load.servers import Server
from relay.directory import Directory

MEMBERS, CIRCLES, WINDOW = 12, 20, 4


@dataclass(slots=True)
class Setup:
    """One or more relays, each with its share of the circles, and what was measured of them."""

    name: str
    servers: Sequence[Server]
    loads: Sequence[Load]
    deliveries: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    acks: list[float] = field(default_factory=list)

    def run(self, seconds: float, threads: ThreadPoolExecutor) -> None:
        """Measure a slice of load on all of them at once."""
        wanted = Slice(CIRCLES // len(self.loads), seconds, window=WINDOW)
        before = self._processor_seconds()
        results: list[Result] = list(threads.map(lambda load: load.run(wanted), self.loads))
        used = self._processor_seconds() - before
        for result in results:
            if result.faults():
                raise RuntimeError(f"{self.name}: {result.faults()}")
        self.deliveries.append(sum(result.deliveries for result in results) / seconds)
        self.costs.append(used * 1e6 / sum(result.all_deliveries for result in results))
        self.acks.append(statistics.mean(result.ack_p50 for result in results))

    def _processor_seconds(self) -> float:
        return sum(server.processor_seconds() for server in self.servers)


def main() -> int:
    """Measure, print a table, then the ratios to one relay; the exit code."""
    arguments = _arguments()
    everywhere = os.sched_getaffinity(0)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relay_workers.")))
        try:
            engine = Engine(folder)
        except Unavailable as reason:
            print(f"relay_workers cannot run: {reason}", file=sys.stderr)
            return 2
        setups = [
            _setup(name, processes, one_store, engine, folder, arguments.body, stack)
            for name, processes, one_store in (
                ("one relay", 1, True),
                ("two, one store", 2, True),
                ("two, two stores", 2, False),
            )
        ]
        for setup in setups:
            for server in setup.servers:
                _let_go(server.pid, everywhere)
        _let_go(os.getpid(), everywhere)
        threads = stack.enter_context(ThreadPoolExecutor(2))
        for number in range(arguments.rounds):
            first = number % len(setups)
            for setup in (*setups[first:], *setups[:first]):
                setup.run(arguments.slice, threads)
    _print(setups, len(everywhere))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./hallway bench relay_workers", description="Several relay processes beside one."
    )
    parser.add_argument("--rounds", type=int, default=9, help="slices of each kind (9)")
    parser.add_argument("--slice", type=float, default=1.0, help="seconds of each (1)")
    parser.add_argument("--body", type=int, default=1024, help="bytes of a message (1024)")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.slice <= 0:
        parser.error("there is nothing to do in no time")
    return arguments


def _setup(
    name: str,
    processes: int,
    one_store: bool,
    engine: Engine,
    folder: Path,
    body: int,
    stack: ExitStack,
) -> Setup:
    relay = Relay()
    servers: list[Server] = []
    loads: list[Load] = []
    for number in range(processes):
        own = folder / f"{name.replace(' ', '-')}-{number}"
        (own / "data").mkdir(mode=0o700, parents=True)
        if one_store and number:
            # A directory is one relay's; what these share is the file.
            first = folder / f"{name.replace(' ', '-')}-0" / "data"
            Directory(own / "data").database.symlink_to(Directory(first).database)
        server = relay.start(own)
        stack.callback(server.stop)
        share = CIRCLES // processes
        sockets = [
            each
            for circle in range(number * share, (number + 1) * share)
            for each in relay.connect(server.port, circle, MEMBERS)
        ]
        load = engine.load(relay.dialect, sockets, MEMBERS, body, 32, relay.log)
        stack.callback(load.close)
        servers.append(server)
        loads.append(load)
    return Setup(name, servers, loads)


def _let_go(pid: int, cores: set[int]) -> None:
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


def _print(setups: Sequence[Setup], cores: int) -> None:
    print(f"{CIRCLES} circles of {MEMBERS}, {WINDOW} messages under way in each; {cores} cores")
    print(f"{'':<18}{'deliveries/s':>14}{'CPU µs each':>14}{'ack p50':>12}")
    for each in setups:
        deliveries, cost, ack = map(statistics.median, (each.deliveries, each.costs, each.acks))
        print(f"{each.name:<18}{deliveries:>14,.0f}{cost:>14.1f}{ack:>9.2f} ms")
    print()
    for name, each in (("one_store", setups[1]), ("two_stores", setups[2])):
        pairs = zip(each.deliveries, setups[0].deliveries, strict=True)
        print(f"ratio workers_{name} {statistics.median(two / one for two, one in pairs):.3f}")


if __name__ == "__main__":
    raise SystemExit(main())
