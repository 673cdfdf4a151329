"""How long it takes from starting `hallway` to something on the screen, in a real terminal.

The measure is an empty Textual app, started in turns with Hallway by the same Python. Hallway is
started on a fresh profile (which shows the welcome). The ratio is the median over the pairs.

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
    hallway: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            home = Path(folder) / str(number)
            pair = (
                first_content(EMPTY, "something on the screen", home),
                first_content(HALLWAY, WELCOME, home),
            )
            # The first pair finds files that are not in memory yet.
            if number:
                empty.append(pair[0])
                hallway.append(pair[1])
    print(f"{'':<24}{'median ms':>12}{'best ms':>12}")
    for name, values in (("an empty Textual app", empty), ("hallway", hallway)):
        print(f"{name:<24}{statistics.median(values) * 1000:>12.0f}{min(values) * 1000:>12.0f}")
    print()
    pairs = zip(hallway, empty, strict=True)
    print(f"ratio startup {statistics.median(one / other for one, other in pairs):.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
