"""What a terminal would show, as plain text; and texts that a screen is compared with.

A snapshot is a file in `tests/tui/snapshots/`. `HALLWAY_SNAPSHOTS=write` writes them anew: look at
what `git diff` says then.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from textual.app import App

FOLDER = Path(__file__).parent / "snapshots"


def screen_text(app: App[Any]) -> str:
    """The screen, line by line, without the spaces at the end of lines."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


def assert_screen(app: App[Any], name: str) -> None:
    """The screen looks like the snapshot of this name."""
    path = FOLDER / f"{name}.txt"
    shown = screen_text(app)
    if os.environ.get("HALLWAY_SNAPSHOTS") == "write":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8"), f"{path} shows something else"
