"""`hallway` alone, and `hallway join CODE` at a terminal: the screens."""

from __future__ import annotations

import os

from tui.config import Config, settle
from tui.locations import Locations

FRAMES = "120"
"""A second at most. With Textual's own 60 a key that comes just after a frame waits for up to two
more: three times as long for its echo while messages come in than while none do."""


def show(home: str | None, code: str = "") -> int:
    """Run the screens on a profile until they are left; the exit code."""
    locations = Locations.find(os.environ, home)

    def settings() -> Config:
        return settle({}, os.environ, locations.config)

    os.environ.setdefault("TEXTUAL_FPS", FRAMES)
    from tui.app import run  # Textual reads the variable as it is imported

    return run(locations, settings, code=code)
