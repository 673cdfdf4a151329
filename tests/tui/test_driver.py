"""The driver when the terminal goes away, and when reading from it fails."""

from __future__ import annotations

import os
import pty
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pexpect
import pytest

from tui.driver import LastingWriter
from tui.safe_app import CRASHED

pytestmark = pytest.mark.slow  # nearly every one starts a process

ROOT = Path(__file__).parents[2]
MANY = 200
"""More than Textual's queue of what is to be written has room for."""

BUSY = f"""
import sys
from textual.app import ComposeResult
from textual.widgets import Static
from tui.safe_app import SafeApp

class Busy(SafeApp):
    def compose(self) -> ComposeResult:
        yield Static("ready and waiting")
    def exit(self, *args, **named) -> None:
        for number in range({MANY}):
            self._driver.write("more of it")
        super().exit(*args, **named)

app = Busy()
app.run()
sys.exit(app.return_code)
"""
QUIET = """
import sys
from textual.app import ComposeResult
from textual.widgets import Static
from tui.safe_app import SafeApp

class Quiet(SafeApp):
    SIGNALS = ()
    def compose(self) -> ComposeResult:
        yield Static("ready and waiting")
    def on_key(self, event) -> None:
        self.query_one(Static).update(f"the key {event.key}")

app = Quiet()
app.run()
sys.exit(app.return_code)
"""
UNREADABLE = """
import sys
from tui.driver import TerminalDriver
from tui.safe_app import SafeApp

class Broken(TerminalDriver):
    def run_input_thread(self) -> None:
        raise KeyError("meet me at seven")

class App(SafeApp):
    def get_driver_class(self):
        return Broken

app = App()
app.run()
sys.exit(app.return_code)
"""


def started(program: str) -> pexpect.spawn[str]:
    environ = dict(os.environ) | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    return pexpect.spawn(
        sys.executable,
        ["-c", program],
        env=environ,
        encoding="utf-8",
        timeout=20,
        dimensions=(24, 80),
    )


def code_of(child: pexpect.spawn[str]) -> int:
    """Wait for its end without touching its terminal, which may be gone."""
    assert child.pid is not None
    return os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])


@pytest.fixture
def lost() -> Iterator[TextIO]:
    """A file on a terminal that nobody holds any more."""
    held, end = pty.openpty()
    with os.fdopen(end, "w") as file:
        os.close(held)
        yield file


def test_nobody_waits_for_a_terminal_that_is_gone(lost: TextIO) -> None:
    writer = LastingWriter(lost)
    writer.start()
    for _ in range(MANY):
        writer.write("more of it")
    writer.stop()
    lost.flush()
    assert not writer.is_alive()


def test_what_was_queued_is_written() -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w") as file:
        writer = LastingWriter(file)
        writer.start()
        writer.write("one ")
        writer.write("two")
        writer.stop()
    with os.fdopen(read) as said:
        assert said.read() == "one two"


def test_an_app_ends_with_its_window() -> None:
    child = started(BUSY)
    child.expect("ready and waiting")
    child.ptyproc.fileobj.close()  # type: ignore[attr-defined]
    assert code_of(child) == 128 + signal.SIGHUP


def test_an_app_ends_with_its_window_where_no_signal_tells_it() -> None:
    """A leader of the session keeps the signal from it, as `nohup` does."""
    child = started(f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{QUIET}")
    child.expect("ready and waiting")
    child.ptyproc.fileobj.close()  # type: ignore[attr-defined]
    assert code_of(child) == 128 + signal.SIGHUP


def test_keys_come_whole_however_they_are_cut() -> None:
    child = started(QUIET)
    child.expect("ready and waiting")
    for half in "ß".encode():
        os.write(child.child_fd, bytes([half]))
    child.expect("the key ß")
    os.write(child.child_fd, b"\xff")
    child.expect("the key replacement_character")
    child.close(force=True)


def test_an_error_of_the_reader_is_told_without_what_it_says() -> None:
    child = started(UNREADABLE)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == CRASHED
    assert "builtins.KeyError" in str(child.before)
    assert "meet me at seven" not in str(child.before)
