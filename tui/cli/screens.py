"""`hallway` alone, `hallway --demo`, and `hallway join CODE` at a terminal: the screens."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from crypto.process import keep_memory_private
from tui.locations import Locations

if TYPE_CHECKING:
    from tui.config import Config

FRAMES = "120"
"""A second at most. With Textual's own 60 a key that comes just after a frame waits for up to two
more: three times as long for its echo while messages come in than while none do."""


def show(home: str | None, code: str = "") -> int:
    """Run the screens on a profile until they are left; the exit code."""
    keep_memory_private()
    locations = Locations.find(os.environ, home)

    def settings() -> Config:
        from tui.config import settle  # after the first paint

        return settle({}, os.environ, locations.config)

    _hasten()
    from tui.app import run  # Textual reads the variable as it is imported

    return run(locations, settings, lambda: _again(home), code=code)


def show_demo() -> int:
    """Run the screens on a demonstration until they are left; the exit code."""
    _hasten()
    from tui.app import run_demo

    return run_demo()


def _hasten() -> None:
    """Nothing is collected until something is shown: by then `tui.safe_app` sees to it."""
    gc.disable()
    os.environ.setdefault("TEXTUAL_FPS", FRAMES)


def _again(home: str | None) -> None:
    """Become a new process, at the passphrase: of this one's memory nothing is left."""
    said = len(sys.argv) - 1
    program = sys.orig_argv[: len(sys.orig_argv) - said]
    where = [] if home is None else ["--home", home]
    os.execv(sys.executable, [*program, *where])  # noqa: S606  # this program itself
