"""The ground: crashes, signals, recording, in a terminal of its own where it takes one."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path

import pexpect
import pytest
from textual import constants
from textual.app import ComposeResult
from textual.widgets import Static

from tui.safe_app import CRASHED, STYLES, SafeApp
from tui.themes import THEMES

pytestmark = pytest.mark.slow  # nearly every one starts a process

SECRET = "meet me at seven"
APP = """
import os, sys
from textual.app import ComposeResult
from textual.widgets import Static
from tui.safe_app import SafeApp

class Small(SafeApp):
    BINDINGS = [("x", "fail", "fail")]
    def compose(self) -> ComposeResult:
        yield Static("ready and waiting")
    def action_fail(self) -> None:
        said = "meet me at seven"
        raise KeyError(said)

app = Small()
app.run()
sys.exit(app.return_code)
"""
ROOT = Path(__file__).parents[2]
LEAVE_ALTERNATE_SCREEN = "\x1b[?1049l"
MOUSE_OFF = "\x1b[?1000l"


def started(**environment: str) -> pexpect.spawn[str]:
    environ = dict(os.environ) | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)} | environment
    child = pexpect.spawn(
        sys.executable,
        ["-c", APP],
        env=environ,
        encoding="utf-8",
        timeout=20,
        dimensions=(24, 80),
    )
    child.expect("ready and waiting")
    return child


def ended(child: pexpect.spawn[str]) -> tuple[str, int | None]:
    child.expect(pexpect.EOF)
    child.close()
    return str(child.before), child.exitstatus


class Plain(SafeApp):
    def compose(self) -> ComposeResult:
        yield Static("here")


def test_a_crash_tells_where_and_not_what() -> None:
    child = started()
    child.send("x")
    text, status = ended(child)
    assert status == CRASHED
    assert "builtins.KeyError" in text and "action_fail" in text
    assert SECRET not in text
    assert LEAVE_ALTERNATE_SCREEN in text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_give_the_terminal_back(number: int) -> None:
    child = started()
    child.kill(number)
    text, status = ended(child)
    assert status == 128 + number
    assert LEAVE_ALTERNATE_SCREEN in text and MOUSE_OFF in text


def test_a_paste_presses_no_key() -> None:
    """The `x` behind an ESC in a paste would end this app with a crash."""
    child = started()
    child.send("\x1b[200~one\x1bx\x1b[201~")
    child.send("\x11")
    _, status = ended(child)
    assert status == 0


def test_nothing_is_recorded(tmp_path: Path) -> None:
    log = tmp_path / "textual.log"
    child = started(TEXTUAL_LOG=str(log), TEXTUAL="debug,devtools", TEXTUAL_SCREENSHOT="1")
    child.send("\x11")
    ended(child)
    assert not log.exists()


async def test_the_ground_is_laid() -> None:
    app = Plain(theme="paper")
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.current_theme.name == "paper"
        assert {theme.name for theme in THEMES} <= set(app.available_themes)
        assert gc.get_threshold() == (50_000, 20, 100)
        assert gc.get_freeze_count() > 0
        assert constants.LOG_FILE is None
    gc.unfreeze()
    gc.set_threshold(700, 10, 10)


def test_every_style_sheet_is_one_of_ours() -> None:
    assert {Path(str(path)).name for path in SafeApp.CSS_PATH} <= {
        path.name for path in STYLES.iterdir()
    }
