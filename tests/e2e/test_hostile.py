"""300 hostile texts on a real terminal that writes down every byte, and out of every verb.

A modified client has brought them into a profile (`tests.tui.hostile`); programs, pseudo-terminals
and the relay of `tail` are real. What leaves is read as a terminal reads it: sequences that Textual
needs, each of a known shape, and between them nothing but text.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.machine import COMMAND, Machine, Person
from tests.e2e.terminal import Terminal
from tests.harness import Person as Somebody
from tests.tui.hostile import KINDS, Mallory, OneWay, Payload, forbidden, payloads
from tui.engine.commands import SendText
from tui.engine.events import Queued
from tui.engine.remote import RemoteOwner
from tui.engine.store.backup import MADE_ANEW
from tui.locations import Locations
from tui.profile import Profile

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    # From Python 3.12 on a fork beside threads is warned of; the child executes at once.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

NOBODY_THERE = "127.0.0.1:9"

SEQUENCE = re.compile(
    r"\x1b(?:\[(?P<private>[<-?]?)(?P<numbers>[0-9;]*)(?P<last>[ -/]*[@-~])"
    r"|(?P<pointer>\]22;[a-z]+\x07)|.?)",
    re.DOTALL,
)
MODES = (7, 25, 1000, 1003, 1004, 1006, 1015, 1049, 2004, 2026, 2048)
"""Wrapping, the cursor, the mouse, focus, the alternate screen, pastes, frames, sizes."""

SHAPES = {
    "[m",  # colours
    "[H",  # a place
    "]22;",  # the shape of the mouse's pointer
    *(f"[?{mode}{letter}" for mode in MODES for letter in "hl"),
    "[?2026$p",  # which modes are there
    "[?2048$p",
    "[>25u",  # the keyboard's protocol, taken and given back
    "[<u",
}
"""All that the program itself has to say to a terminal. Of a sequence without a private sign the
numbers don't matter."""

AFTER = re.compile(r"after [a-z0-9 ]+\.")
"""What is said after each kind: plain."""

F1 = "\x1bOP"


def shape(found: re.Match[str]) -> str:
    """A sequence without what may be different each time."""
    if found["pointer"]:
        return "]22;"
    if not found["last"]:
        return found[0]
    return f"[{found['private']}{found['numbers'] if found['private'] else ''}{found['last']}"


def written(terminal: Terminal) -> tuple[set[str], str]:
    """The shapes of the sequences that reached a terminal, and the text between them."""
    said = terminal.said.decode()
    return {shape(found) for found in SEQUENCE.finditer(said)}, SEQUENCE.sub("", said)


def brought() -> tuple[Somebody, list[Payload]]:
    """Somebody to whom Mallory has done all of it, and what was done."""
    mallory, made = Mallory(OneWay()), payloads()
    for kind in KINDS:
        for payload in made:
            if payload.kind == kind:
                mallory.does(payload)
        mallory.says(f"after {kind}.")
    return mallory.victim, made


def keep(somebody: Somebody, home: Path) -> None:
    """Write a profile that was in memory to a folder, its relay out of reach."""
    profile = Profile.open(Locations.find({}, str(home)), "the test", os.urandom)
    database, memory = profile.database, somebody.database
    with database.transaction():
        database.write("PRAGMA defer_foreign_keys = ON")
        names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        for (table,) in memory.rows(names):
            if table in MADE_ANEW:
                continue
            for row in memory.rows(f'SELECT * FROM "{table!s}"'):  # noqa: S608  # of the schema
                places = ",".join("?" * len(row))
                database.write(f'INSERT INTO "{table!s}" VALUES ({places})', row)  # noqa: S608
        database.write("UPDATE circles SET address = ?", (NOBODY_THERE,))
    profile.close()


@pytest.fixture(scope="module")
def attacked() -> tuple[Somebody, list[Payload]]:
    return brought()


@pytest.fixture
def ana(computer: Machine, attacked: tuple[Somebody, list[Payload]]) -> Person:
    """The victim, at a real computer."""
    ana = computer.person("Ana")
    keep(attacked[0], ana.home)
    return ana


@pytest.fixture
def made(attacked: tuple[Somebody, list[Payload]]) -> list[Payload]:
    return attacked[1]


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """What is started in terminals, ended when the test is over."""
    started: list[Terminal] = []
    yield started
    for terminal in started:
        terminal.close()


def sits(
    terminals: list[Terminal], person: Person, *arguments: str, size: tuple[int, int] = (80, 24)
) -> Terminal:
    """Start a command in a terminal."""
    command = [*COMMAND, *arguments]
    terminal = Terminal(command, person.environ, person.machine.folder, size)
    terminals.append(terminal)
    return terminal


def reads_on(screen: Terminal, somebody: Somebody) -> None:
    """From the first message to the last, one at a time; what is plain stands where it should."""
    screen.press("escape")
    screen.shows("i write")
    screen.type("g")
    columns, lines = set(), list[str]()
    for number, row in enumerate(somebody.rows()):
        if number:
            screen.type("j")
        screen.until(partial(marked, screen, plain_part(row.text), lines), f"marks {row.text!r}")
        found = [AFTER.search(line) for line in lines]
        columns |= {one.start() for one in found if one is not None}
    assert len(columns) == 1
    screen.type("i")
    screen.hides("i write")


def marked(screen: Terminal, text: str, lines: list[str]) -> bool:
    """Whether the message that one is at begins so; `lines` becomes the screen as it was then."""
    lines[:] = screen.lines
    return any("▎" in line and text in line for line in lines)


def plain_part(text: str) -> str:
    """What is found of a row on its first line: a payload's mark, or how the row begins."""
    found = re.search(r"h[0-9]{3}", text)
    return found[0] if found is not None else text[:15]


def test_on_the_screen(
    ana: Person, attacked: tuple[Somebody, list[Payload]], terminals: list[Terminal]
) -> None:
    somebody, made = attacked
    screen = sits(terminals, ana, size=(120, 40))
    screen.shows("Nobody answers at", "h000")
    reads_on(screen, somebody)
    for payload in made:
        if payload.place == "line":
            screen.type("/door\r")
            screen.shows(payload.mark, "Later", "Let in")
            screen.press("right", "right", "enter")
            screen.hides("Let in")
    screen.type("/people\r")
    screen.shows("People of h293")
    screen.press("escape")
    screen.hides("People of h293")
    for row in range(5, 36):
        screen.type(f"\x1b[<0;40;{row}M\x1b[<0;40;{row}m")  # a click
    screen.type(F1)
    screen.shows("Keys and commands")
    screen.press("escape")
    screen.hides("Keys and commands")
    screen.press("ctrl+q")
    assert screen.ended() == 0
    assert screen.caught() == []
    # Terminals differ by a cell or two at emoji: then the blanks at the edge are what goes over it.
    assert "".join(screen.surface.spilled).strip() == ""

    shapes, text = written(screen)
    assert shapes <= SHAPES
    assert forbidden(text, "\r\n") == []
    shown = [payload for payload in made if not payload.refused]
    assert [payload.mark for payload in shown if payload.mark not in text] == []
    assert not (ana.home / "hallway.log").read_text()


VERBS = (["read", "--last", "2000"], ["members"], ["circles"], ["invite", "--list"])


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_out_of_a_verb(
    ana: Person, made: list[Payload], terminals: list[Terminal], verb: list[str]
) -> None:
    terminal = sits(terminals, ana, *verb)
    assert terminal.ended() == 0
    shapes, text = written(terminal)
    assert shapes == set()
    assert forbidden(text, "\r\n") == []
    if verb[0] == "read":
        shown = [one for one in made if one.place != "line" and not one.refused]
        assert [one.mark for one in shown if one.mark not in text] == []
    told = ana.does(*verb, "--json").out
    assert forbidden(told, "\n") == []
    assert told.isascii()
    rows = [json.loads(line) for line in told.splitlines()]
    if verb[0] == "read":
        texts = {row["text"] for row in rows}
        assert {one.text for one in made if one.place == "message"} <= texts


def test_out_of_tail(computer: Machine, made: list[Payload], terminals: list[Terminal]) -> None:
    """Live, from somebody else's computer, by a real relay."""
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    tail = sits(terminals, ana, "tail", size=(200, 50))
    tail.shows("Friends: online")
    bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")
    bos = bo.start("tail")
    bos.online()
    texts = [one.text for one in made if one.place == "message"]
    asyncio.run(says(bo, [*texts, "that was all"]))
    tail.shows("that was all")
    shapes, text = written(tail)
    assert shapes == set()
    assert forbidden(text, "\r\n") == []
    for one in made:
        assert (one.mark in text) is (one.place == "message")


async def says(person: Person, texts: list[str]) -> None:
    """Have the process that owns a profile send these."""
    owner = await RemoteOwner.connect(Locations.find(person.environ).socket)
    try:
        for text in texts:
            assert isinstance(await owner.ask(SendText(text=text)), Queued)
    finally:
        await owner.close()
