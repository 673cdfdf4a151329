"""The terminal of the other tests sees what they rely on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

ALTERNATE_ON, ALTERNATE_OFF = r"\033[?1049h", r"\033[?1049l"


@contextmanager
def shell(folder: Path, script: str) -> Iterator[Terminal]:
    terminal = Terminal(["/bin/sh", "-c", script], {"PATH": "/usr/bin:/bin"}, folder, (20, 4))
    try:
        yield terminal
    finally:
        terminal.close()


def test_what_is_wider_than_the_screen_is_noted(tmp_path: Path) -> None:
    script = f"printf '{ALTERNATE_ON}%020d\\r\\n%018d界' 0 0; read end; printf '\\r%021d' 0"
    with shell(tmp_path, script) as terminal:
        terminal.shows("界")
        assert terminal.surface.spilled == []
        terminal.press("enter")
        assert terminal.ended() == 0
        assert len(terminal.surface.spilled) == 1


def test_what_was_there_comes_back(tmp_path: Path) -> None:
    script = f"printf 'before '; printf '{ALTERNATE_ON}inside'; read end; printf '{ALTERNATE_OFF}'"
    with shell(tmp_path, script) as terminal:
        terminal.shows("inside")
        assert "before" not in terminal.flat
        assert terminal.caught() == ["the alternate screen"]
        terminal.press("enter")
        assert terminal.ended() == 0
        assert terminal.flat == "before"
        assert terminal.caught() == []


def test_what_does_not_come_is_told_with_the_screen(tmp_path: Path) -> None:
    with shell(tmp_path, "echo something else") as terminal:
        with pytest.raises(AssertionError, match=r"(?s)has ended.*something else"):
            terminal.shows("what was hoped for")


def test_a_closed_window_ends_what_runs_in_it(tmp_path: Path) -> None:
    with shell(tmp_path, "echo ready; read end") as terminal:
        terminal.shows("ready")
        assert terminal.hang_up() == -signal.SIGHUP


def test_settings_of_the_line_that_are_kept_are_told(tmp_path: Path) -> None:
    with shell(tmp_path, "stty -echo; printf '\\033[?25l\\033[>1uready'; read end") as terminal:
        terminal.shows("ready")
        assert terminal.caught() == ["the cursor", "the keyboard", "the line discipline"]
        assert terminal.end(signal.SIGKILL) == -signal.SIGKILL
