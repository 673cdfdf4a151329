"""The command line: ``hallway``."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; returns the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if not words and sys.stdin.isatty() and sys.stdout.isatty():
        # What most starts want: they need not wait for a parser of all commands.
        from tui.cli.screens import show

        return show(None)
    from tui.cli import arguments as command_line

    return command_line.main(words)


__all__ = ["main"]
