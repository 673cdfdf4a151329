"""`hallway --plain` at a terminal and in a pipe."""

from __future__ import annotations

import subprocess

import pytest

from tests.e2e.machine import COMMAND, Machine
from tests.e2e.terminal import Terminal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    # From Python 3.12 on a fork beside threads is warned of; the child executes at once.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


def test_in_a_pipe_what_was_typed_last_is_sent(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    ana.start("tail").online()
    bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")
    done = subprocess.run(
        [*COMMAND, "--plain"], input="Hello\n/people\nBye\n", env=bo.environ,
        cwd=computer.folder, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Ana  (host)" in done.stdout and "\x1b" not in done.stdout
    said = ana.does("read", "Friends").out
    assert "Bo: Hello\n" in said and "Bo: Bye\n" in said


def test_at_a_plain_terminal_from_the_first_run_on(computer: Machine) -> None:
    ana = computer.person("Ana")
    environ = dict(ana.environ) | {"TERM": "dumb", "NO_COLOR": "1"}
    terminal = Terminal([*COMMAND, "--plain"], environ, computer.folder, (80, 24))
    try:
        terminal.shows("/open opens a circle")
        terminal.type("/open Friends\r")
        terminal.shows("What should they call you there?")
        terminal.type("Ana\r")
        terminal.shows("Only you so far.")
        terminal.type("Hello\r")
        terminal.shows("Ana: Hello")
        assert b"\x1b[?1049h" not in terminal.said
        terminal.type("/quit\r")
        assert terminal.ended() == 0
    finally:
        terminal.close()
    assert "Ana: Hello" in ana.does("read", "Friends").out


def test_ctrl_c_ends_it(computer: Machine) -> None:
    ana = computer.person("Ana")
    ana.opens("Friends")
    terminal = Terminal([*COMMAND, "--plain"], ana.environ, computer.folder, (80, 24))
    try:
        terminal.shows("Friends, 1 of 8 chairs taken")
        terminal.press("ctrl+c")
        assert terminal.ended() == 130
        assert "Traceback" not in terminal.said.decode()
    finally:
        terminal.close()
