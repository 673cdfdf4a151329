"""How long it takes from starting `hallway` to something on the screen, in a real terminal.

The measure is an empty Textual app, started in turns with Hallway by the same Python. Hallway is
started on a fresh profile, which shows the welcome, and on one that is there, which shows the main
screen. The ratios are medians over the rounds.

    ./hallway bench startup [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pexpect

from tui.locations import Locations
from tui.profile import Profile

ROOT = Path(__file__).parents[1]
EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("something on the screen")
Empty().run()
"""
HALLWAY = "import sys; from tui.cli import main; sys.exit(main([]))"
WELCOME = "What should they call you"
MAIN = "new line"
"""In the hint line of the main screen."""


def first_content(code: str, marker: str, home: Path) -> float:
    """Seconds from the start of a process to a text in its terminal."""
    environ = dict(os.environ) | {"TERM": "xterm-256color", "HALLWAY_HOME": str(home)}
    began = time.perf_counter()
    terminal = pexpect.spawn(
        sys.executable,
        ["-c", code],
        env=environ,
        encoding="utf-8",
        dimensions=(40, 120),
        cwd=str(ROOT),
        timeout=60,
    )
    try:
        terminal.expect_exact(marker)
        return time.perf_counter() - began
    finally:
        terminal.close(force=True)


def main(rounds: int) -> None:
    """Measure in turns, print the table, then the ratio."""
    empty: list[float] = []
    first: list[float] = []
    again: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            home = Path(folder) / str(number)
            there = Path(folder) / f"there {number}"
            Profile.open(Locations.find({}, str(there)), "the benchmark", os.urandom).close()
            took = (
                first_content(EMPTY, "something on the screen", home),
                first_content(HALLWAY, WELCOME, home),
                first_content(HALLWAY, MAIN, there),
            )
            # The first round finds files that are not in memory yet.
            if number:
                for times, seconds in zip((empty, first, again), took, strict=True):
                    times.append(seconds)
    print(f"{'':<24}{'median ms':>12}{'best ms':>12}")
    rows = ("an empty Textual app", empty), ("hallway, at first", first), ("hallway again", again)
    for name, values in rows:
        print(f"{name:<24}{statistics.median(values) * 1000:>12.0f}{min(values) * 1000:>12.0f}")
    print()
    for name, values in (("startup", first), ("startup_again", again)):
        pairs = zip(values, empty, strict=True)
        print(f"ratio {name} {statistics.median(one / other for one, other in pairs):.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
