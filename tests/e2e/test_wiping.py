"""`hallway wipe` and `/wipe`, with a Hallway that has the profile open."""

from __future__ import annotations

import pytest

from tests.e2e.machine import COMMAND, Machine
from tests.e2e.terminal import Terminal
from tui.cli.wiping import GONE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    # From Python 3.12 on a fork beside threads is warned of; the child executes at once.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


def test_a_profile_is_erased_under_whoever_has_it_open(computer: Machine) -> None:
    ana = computer.person("Ana")
    ana.opens("Friends")
    home = ana.home
    unasked = ana.run("wipe")
    assert unasked.code == 2 and home.exists()
    staying = ana.start("tail")
    staying.online()
    done = ana.does("wipe", "--yes")
    assert GONE in done.err and not home.exists()
    again = ana.run("wipe", "--yes")
    assert again.code == 1 and "no profile here" in again.err


def test_it_is_asked_in_words(computer: Machine) -> None:
    ana = computer.person("Ana")
    ana.opens("Friends")
    home = ana.home
    for word, gone in (("yes", False), ("erase", True)):
        terminal = Terminal([*COMMAND, "wipe"], ana.environ, computer.folder, (100, 24))
        try:
            terminal.shows("Type erase to go on:")
            terminal.type(f"{word}\r")
            assert terminal.ended() == (0 if gone else 1)
        finally:
            terminal.close()
        assert home.exists() is not gone


def test_on_the_screen(computer: Machine) -> None:
    ana = computer.person("Ana")
    ana.opens("Friends")
    home = ana.home
    screen = Terminal(COMMAND, ana.environ, computer.folder, (80, 24))
    try:
        screen.shows("connected")
        screen.type("/wipe\r")
        screen.shows("Erase everything of this profile")
        screen.press("enter")
        screen.hides("Erase everything of this profile")
        assert home.exists()
        screen.type("/wipe\r")
        screen.shows("Erase everything of this profile")
        screen.press("right", "enter")
        assert screen.ended() == 0
        screen.shows("nothing of this profile is left")
    finally:
        screen.close()
    assert not home.exists()
