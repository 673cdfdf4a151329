"""One seed, from its plan to the checker's word on it."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from tests.simulation.checker import check, verdicts
from tests.simulation.history import Crashed, Record, digest
from tests.simulation.life import CLIENTS, Life
from tests.simulation.plan import Plan

REPLAY = "tests/simulation/run --seed {seed}"
TOLD_MOST = 20
"""Faults of one seed that are printed."""


@dataclass(frozen=True)
class Result:
    """What came of a seed; `attacks` holds names and verdicts, `crashes` points and how often."""

    seed: int
    digest: str
    epochs: int
    faults: tuple[str, ...]
    attacks: tuple[tuple[str, str], ...]
    crashes: dict[str, int]
    history: list[Record]

    def __str__(self) -> str:
        found = "\n    ".join(self.faults[:TOLD_MOST])
        if len(self.faults) > TOLD_MOST:
            found += f"\n    … and {len(self.faults) - TOLD_MOST} more"
        again = REPLAY.format(seed=self.seed)
        return f"Seed {self.seed} broke a promise:\n    {found}\nIt replays by:\n    {again}"


def run(seed: int, plan: Plan | None = None, clients: int = CLIENTS) -> Result:
    """Live a seed's life and check what was written down of it."""
    life = Life(seed, plan, clients)
    ended = []
    try:
        life.live()
    except Exception as error:  # whatever it is, the seed is what shows it again
        ended = [f"the life came to an end: {type(error).__name__}: {error}"]
        with suppress(Exception):
            life.end()
    return Result(
        seed,
        digest(life.history),
        life.epoch(),
        (*ended, *(str(fault) for fault in check(life.history))),
        tuple(verdicts(life.history)),
        dict(Counter(record.point for record in life.history if isinstance(record, Crashed))),
        life.history,
    )
