"""The command line: ``hallway``."""

from __future__ import annotations

from tui.cli.arguments import main, parser

__all__ = ["main", "parser"]
