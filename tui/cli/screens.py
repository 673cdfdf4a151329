"""`hallway` alone, and `hallway join CODE` at a terminal: the screens."""

from __future__ import annotations

import os

from tui.app import run
from tui.config import Config, settle
from tui.locations import Locations


def show(home: str | None, code: str = "") -> int:
    """Run the screens on a profile until they are left; the exit code."""
    locations = Locations.find(os.environ, home)

    def settings() -> Config:
        return settle({}, os.environ, locations.config)

    return run(locations, settings, code=code)
