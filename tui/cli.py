"""The command line: ``hallway``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from tui.version import version


class _Version(argparse.Action):
    """``--version``: finding the version costs time that no other command should pay."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(f"hallway {version()}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="hallway",
        description="A terminal chat client for small encrypted circles, and its relay.",
    )
    top.add_argument("--version", action=_Version, nargs=0, help="say which version this is")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; returns the exit code."""
    top = parser()
    top.parse_args(arguments)
    top.print_help()
    return 0
