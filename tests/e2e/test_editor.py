"""Writing in one's own editor: it has the terminal, and everything else goes on."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.machine import Machine, Person
from tests.e2e.test_screens import TERMINATED, Desk, Screen

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    # From Python 3.12 on a fork beside threads is warned of; the child executes at once.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

EDITOR = """
import pathlib, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
go, path = map(pathlib.Path, sys.argv[1:])
was = path.read_text().removesuffix(chr(10))
print(f"editing <{was}>", flush=True)
go.read_text()  # a pipe: waits until somebody writes to it
path.write_text(was + " and more\\nsecond line\\n")
"""


@pytest.fixture
def desk(computer: Machine) -> Iterator[Desk]:
    made = Desk(computer, (80, 24))
    try:
        yield made
    finally:
        made.close()


def ana_with_an_editor(desk: Desk) -> tuple[Person, Path]:
    """Ana, and the pipe by which her editor is told to go on."""
    folder = desk.computer.folder
    script, go = folder / "editor.py", folder / "go"
    script.write_text(EDITOR)
    os.mkfifo(go)
    command = shlex.join([sys.executable, str(script), str(go)])
    ana = desk.computer.person("Ana", EDITOR=command, VISUAL="")
    ana.opens("Friends")
    return ana, go


def begins(desk: Desk, ana: Person) -> Screen:
    """Ana writes two words, and goes to her editor with them."""
    screen = desk.sit(ana)
    screen.shows("Only you so far.", "● connected")
    screen.type("two words")
    screen.shows_in_composer("two words")
    screen.press("ctrl+e")
    screen.shows("editing <two words>")
    return screen


def leftovers(desk: Desk) -> list[Path]:
    """Folders for editors, in the place that this computer has in memory."""
    return [one for one in desk.computer.folder.glob("hallway-*") if (one / "message.md").exists()]


def test_what_others_say_comes_in_while_an_editor_has_the_terminal(desk: Desk) -> None:
    ana, go = ana_with_an_editor(desk)
    screen = begins(desk, ana)
    assert len(leftovers(desk)) == 1
    assert screen.caught() == []
    for number in range(3):
        ana.does("send", "Friends", f"line {number}")
    assert "line" not in screen.flat
    screen.press("ctrl+c")  # to all that run in the terminal
    go.write_text("on")
    screen.shows("line 2", "● connected", "second line")
    screen.shows_in_composer("two words and more")
    said = [line.strip() for line in screen.lines if line.strip().startswith("line ")]
    assert said == ["line 0", "line 1", "line 2"]
    assert leftovers(desk) == []
    screen.press("enter")
    screen.shows_in_composer("Message ")
    assert ana.texts("Friends") == [
        "line 0", "line 1", "line 2", "two words and more\nsecond line",
    ]  # fmt: skip
    screen.press("ctrl+q")
    assert screen.ended() == 0
    assert screen.caught() == []
    desk.nothing_ugly()


def test_a_signal_ends_the_editor_too_and_nothing_is_left(desk: Desk) -> None:
    ana, _ = ana_with_an_editor(desk)
    screen = begins(desk, ana)
    assert screen.end(signal.SIGTERM) == TERMINATED
    assert leftovers(desk) == []
    assert screen.caught() == []
    back = desk.sit(ana)
    back.shows_in_composer("two words")
    desk.nothing_ugly()


def test_an_editor_that_is_not_there_costs_nothing(desk: Desk) -> None:
    ana = desk.computer.person("Ana", EDITOR="/nowhere/editor", VISUAL="")
    ana.opens("Friends")
    screen = desk.sit(ana)
    screen.shows("Only you so far.", "● connected")
    screen.type("/editor some text")
    screen.shows_in_composer("/editor some text")
    screen.press("enter")
    screen.shows("/nowhere/editor cannot be started: No such file or directory.")
    screen.type("still here")
    screen.shows_in_composer("still here")
    desk.nothing_ugly()
