"""Simulated lives, many of them or one.

    tests/simulation/run [--seeds 2000] [--workers 2]
    tests/simulation/run --seed N

Seeds from 1 on. Those that went well are kept in `.simulation/done`, and a run that was stopped
goes on behind them; take the file away to begin anew. A seed that broke a promise is printed with
the command that replays it, which also prints all that happened in it; the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.attacks import ATTACKS
from tests.simulation.one import Result, run
from tests.simulation.world import POINTS, RELAY_POINTS

DONE = Path(__file__).parents[2] / ".simulation" / "done"


@dataclass
class Report:
    """What was drawn and struck in the seeds that went well."""

    seeds: set[int] = field(default_factory=set)
    attacks: Counter[tuple[str, str]] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)

    def add(self, line: str) -> None:
        """A seed, as a line of the file has it."""
        known = json.loads(line)
        self.seeds.add(known["seed"])
        self.attacks.update((name, verdict) for name, verdict in known["attacks"])
        self.crashes.update(known["crashes"])

    def __str__(self) -> str:
        lines = [f"{len(self.seeds)} seeds went well.", "", f"{'attack':<42} named harmless"]
        for attack in ATTACKS:
            named, harmless = (self.attacks[attack.name, how] for how in ("named", "harmless"))
            lines.append(f"{attack.name:<42} {named:>5} {harmless:>8}")
        lines += ["", f"{'crash':<42} times"]
        lines += [f"{p:<42} {self.crashes[p]:>5}" for p in (*POINTS, *RELAY_POINTS)]
        return "\n".join(lines)


def as_line(result: Result) -> str:
    """A seed that went well, for the file."""
    return json.dumps(
        {
            "seed": result.seed,
            "digest": result.digest,
            "attacks": result.attacks,
            "crashes": result.crashes,
        }
    )


def results(seeds: list[int], workers: int) -> Iterator[Result]:
    """Each seed's result; in its own process where there are workers."""
    if workers == 1:
        yield from map(run, seeds)
    else:
        with ProcessPoolExecutor(workers, max_tasks_per_child=20) as pool:
            yield from pool.map(run, seeds)


def many(count: int, workers: int, done: Path) -> int:
    """Live the seeds from 1 to `count` that the file does not hold yet."""
    report = Report()
    done.parent.mkdir(parents=True, exist_ok=True)
    for line in done.read_text("utf-8").splitlines() if done.exists() else []:
        report.add(line)
    broken = []
    left = [seed for seed in range(1, count + 1) if seed not in report.seeds]
    for result in results(left, workers):
        if result.faults:
            broken.append(result.seed)
            print(result, flush=True)
            continue
        line = as_line(result)
        with done.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        report.add(line)
        print(f"{result.seed} {result.digest}", flush=True)
    print(report)
    if broken:
        print(f"Broke a promise: {', '.join(map(str, broken))}")
    return 1 if broken else 0


def one(seed: int) -> int:
    """Live one seed, and print all that happened in it."""
    result = run(seed)
    for record in result.history:
        print(record)
    print(result if result.faults else f"Seed {seed} went well: {result.digest}")
    return 1 if result.faults else 0


def main() -> int:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="tests/simulation/run", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seeds", type=int, default=2000, help="how many (default: 2000)")
    parser.add_argument("--seed", type=int, help="this one alone, with all that happens in it")
    parser.add_argument("--workers", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--done", type=Path, default=DONE, help="the file of finished seeds")
    asked = parser.parse_args()
    if asked.seed is not None:
        return one(asked.seed)
    return many(asked.seeds, asked.workers, asked.done)


if __name__ == "__main__":
    sys.exit(main())
