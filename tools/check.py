"""``./hallway check``: everything that is checked without running the code.

Every step runs, whatever the one before it said. A step's output is shown where it failed. The
exit code is 0 where all passed, else 1.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Step:
    """One command, with the name that people know it by."""

    name: str
    command: tuple[str, ...]


def steps(python: str) -> tuple[Step, ...]:
    """The checks, quickest first, run by the environment of ``python``."""
    return (
        Step("ruff check", (python, "-m", "ruff", "check", "--quiet")),
        Step("ruff format", (python, "-m", "ruff", "format", "--check", "--quiet")),
        Step("import contracts", (str(Path(python).parent / "lint-imports"), "--no-logo")),
        Step("docs", (python, "-m", "pytest", "-q", "-m", "docs")),
        Step("mypy --strict", (python, "-m", "mypy")),
    )


def run(step: Step) -> bool:
    """Run one step in the present folder; say how long it took, and what it found."""
    started = time.monotonic()
    done = subprocess.run(
        step.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    took = time.monotonic() - started
    verdict = "failed" if done.returncode else "ok"
    print(f"{step.name:<18}{took:6.1f} s  {verdict}", flush=True)
    if done.returncode:
        print(done.stdout.rstrip() + "\n", flush=True)
    return done.returncode == 0


def check(chosen: Sequence[Step]) -> int:
    """Run all of them; returns the exit code."""
    passed = [run(step) for step in chosen]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(check(steps(sys.executable)))
