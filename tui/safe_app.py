"""The ground that every screen stands on: an App that leaks nothing and leaves no broken terminal.

- Every line passes the `Backstop` filter.
- After a crash nothing of local variables or messages is printed, and the return code is not 0.
- SIGTERM and SIGHUP end the app as a person would, so that the terminal is given back.
- Nothing records keys: Textual's devtools and log file are off, where `HALLWAY_DEVELOPMENT` isn't
  set.
- An ESC inside a paste is not a key, and a terminal may go away (`tui.driver`).
- Garbage collection is put off after the first paint: its full runs stall the screen.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import ClassVar

from rich.segment import Segments
from rich.text import Text
from textual import constants
from textual.app import App
from textual.driver import Driver
from textual.filter import LineFilter

from tui import glyphs
from tui.crash import describe, logs_to
from tui.driver import TerminalDriver
from tui.line_filter import Backstop
from tui.themes import DEFAULT_THEME, THEMES

STYLES = Path(__file__).parent / "styles"

CRASHED = 70
"""The return code after an error in the program (EX_SOFTWARE of sysexits.h)."""

_log = logging.getLogger(__name__)


class SafeApp(App[None]):
    """The base of the app; `glyphs` is the set that this terminal draws well."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [STYLES / "ground.tcss", STYLES / "widgets.tcss"]
    ENABLE_COMMAND_PALETTE = False
    SIGNALS = (signal.SIGTERM, signal.SIGHUP)

    def __init__(
        self,
        *,
        theme: str = DEFAULT_THEME,
        signs: str = "auto",
        log: Path | None = None,
    ) -> None:
        if not os.environ.get("HALLWAY_DEVELOPMENT"):
            _stop_recording()
        super().__init__()
        self.glyphs = glyphs.choose(os.environ, signs)
        self._log_path = log
        self._backstop = Backstop()
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme
        # Otherwise all style sheets are read twice at the start, first for another theme.
        self.stylesheet.set_variables(self.get_css_variables())

    def refresh_css(self, animate: bool = True) -> None:
        """Style everything anew; the style sheets are only read again where a colour is another."""
        if self.get_css_variables() != self.stylesheet._variables:
            super().refresh_css(animate)
            return
        for screen in self.screen_stack:
            self.stylesheet.update(screen, animate=animate)
            screen._css_update_count = self._css_update_count

    def get_driver_class(self) -> type[Driver]:
        """The driver for Unix terminals."""
        return TerminalDriver

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, and the backstop behind them."""
        return [*super().get_line_filters(), self._backstop]

    def on_mount(self) -> None:
        """Listen to the signals that end a terminal's session, and calm the collector down."""
        loop = asyncio.get_running_loop()
        for number in self.SIGNALS:
            loop.add_signal_handler(number, partial(self.exit, return_code=128 + number))
        self.call_after_refresh(_put_off_collections)

    def on_unmount(self) -> None:
        """Let go of the signals."""
        loop = asyncio.get_running_loop()
        for number in self.SIGNALS:
            loop.remove_signal_handler(number)

    def _handle_exception(self, error: Exception) -> None:
        self._return_code = CRASHED
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._fatal_error()

    def _fatal_error(self) -> None:
        error = self._exception
        told = "" if error is None else describe(error)
        _log.critical("an error in the program ended it\n%s", told)
        where = f" It is noted in {self._log_path}." if logs_to(self._log_path) else ""
        sentence = (
            "Hallway has ended because of an error in the program. What was on its way is kept, "
            f"and goes on when you start it again.{where}"
        )
        text = Text(f"{sentence}\n\n{told}\n")
        self._exit_renderables.append(Segments(self.console.render(text, self.console.options)))
        self._close_messages_no_wait()


def _stop_recording() -> None:
    """Turn off what Textual's environment variables would write down or send elsewhere."""
    for name in ("TEXTUAL", "TEXTUAL_LOG", "TEXTUAL_DEBUG", "TEXTUAL_SCREENSHOT"):
        os.environ.pop(name, None)
    vars(constants).update(LOG_FILE=None, DEBUG=False, SCREENSHOT_DELAY=-1)


def _put_off_collections() -> None:
    """Once for the process: what is there by then stays."""
    if gc.get_freeze_count():
        return
    gc.enable()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
