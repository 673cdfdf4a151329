"""`hallway completion`."""

from __future__ import annotations

import argparse

import shtab

from tui.cli.arguments import parser
from tui.cli.running import Place


async def completion(place: Place, arguments: argparse.Namespace) -> None:
    """Print a shell's completion script."""
    print(shtab.complete(parser(whole=True), arguments.shell))
