"""Hostile texts through the engine, onto the screen and out of the command line.

Each is brought into the log by a modified client (`tests.tui.hostile`), so nothing here depends on
a sender who keeps to the rules. On a real terminal: `tests/e2e/test_hostile.py`.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest
from rich.cells import cell_len
from wcwidth import wcwidth

from tests.tui.brisk import until
from tests.tui.hall import Town, app_of, flat, hides, shows
from tests.tui.hostile import (
    KINDS,
    PLACES,
    Mallory,
    OneWay,
    forbidden,
    payloads,
)
from tests.tui.screen_text import screen_text
from tui.app import HallwayApp
from tui.cli.membership import _circle_text, _member_json, circle_json, member_text
from tui.cli.printing import row_facts, row_text, say, say_json
from tui.safe_text import sanitise_block, sanitise_line
from tui.screens.door import Door
from tui.screens.main import Main
from tui.screens.people import PeopleDialog
from tui.widgets.conversation import Conversation

pytestmark = pytest.mark.slow  # hundreds of payloads each

DISPUTED = {"\ufe0f", *map(chr, range(0x1F3FB, 0x1F400)), *map(chr, range(0x1F1E6, 0x1F200))}
"""What asks for a coloured picture, tones of skin, letters of flags."""

SIZE = (200, 60)
"""Wide enough for the list of circles, the conversation, the people and the circle's state."""


def test_there_are_three_hundred_of_every_kind_in_every_place() -> None:
    made = payloads()
    assert len(made) == len({payload.mark for payload in made}) == 300
    counted = Counter((payload.kind, payload.place) for payload in made)
    assert set(counted.values()) == {3}
    assert len(counted) == len(KINDS) * len(PLACES)
    assert made == payloads()
    assert made != payloads(seed=1)
    hostile = [payload for payload in made if forbidden(payload.text)]
    assert len({payload.kind for payload in hostile}) >= 12
    for payload in made:
        assert len(payload.text.encode()) <= PLACES[payload.place]


def test_each_comes_into_the_log_or_is_refused_by_the_rules() -> None:
    """A message and a line may hold anything; a name or a topic with a control is skipped."""
    mallory = Mallory(OneWay())
    ana = mallory.victim
    for payload in payloads():
        rows, warned = len(ana.rows()), len(ana.warnings())
        mallory.does(payload)
        circle, refused = ana.circle(), payload.refused
        match payload.place:
            case "message":
                assert [row.text for row in ana.rows()[rows:]] == [payload.text]
            case "line":
                assert ana.client.requests(circle.id)[-1].line == payload.text
            case "name":
                names = [member.name for member in ana.client.members(circle.id)]
                assert (payload.text in names) is not refused
            case "circle":
                assert (circle.name == payload.text) is not refused
            case "topic":
                assert (circle.topic == payload.text) is not refused
        assert len(ana.warnings()) == warned + refused


def test_nothing_a_terminal_obeys_is_left_and_nothing_is_hidden() -> None:
    for payload in payloads():
        line, block = sanitise_line(payload.text), sanitise_block(payload.text)
        assert forbidden(line) == []
        assert forbidden(block, "\n") == []
        assert sanitise_line(line) == line
        assert payload.mark in line


def test_no_text_is_wider_than_was_reckoned_but_for_emoji() -> None:
    """Terminals agree on the width of what is shown; all but emoji of several characters, and
    flags' letters, of which some make one picture and others several."""
    for payload in payloads():
        shown = sanitise_line(payload.text)
        if not set(shown) & DISPUTED:
            assert cell_len(shown) == sum(max(0, wcwidth(one)) for one in shown), payload


@pytest.fixture
def town() -> Town:
    town = Town()
    town.world = OneWay()
    return town


def check(app: HallwayApp) -> None:
    """Nothing forbidden is on the screen, and every line is as wide as the screen."""
    for strip in app.screen._compositor.render_strips():
        assert forbidden(strip.text) == []
        assert strip.cell_length == app.size.width


@pytest.mark.timeout(120)
async def test_on_the_screen(town: Town) -> None:
    assert isinstance(town.world, OneWay)
    mallory = Mallory(town.world)
    app = app_of(town.opening("Ana", person=mallory.victim))
    made = payloads(variants=1)
    batches = [made[start : start + 10] for start in range(0, len(made), 10)]
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "Message Hallway")
        theme = app.theme
        columns = set()
        for number, batch in enumerate(batches):
            for payload in batch:
                mallory.does(payload)
            mallory.says(f"after {number}")
            town.settle()
            await shows(pilot, f"after {number}")
            check(app)
            for payload in batch:
                shown = payload.place != "line" and not payload.refused
                assert not shown or payload.mark in flat(pilot)
            (after,) = [line for line in screen_text(app).splitlines() if f"after {number}" in line]
            columns.add(after.index("after"))
            await pilot.click(Conversation, offset=(6, app.size.height - 20))
        assert len(columns) == 1
        assert app.is_running
        assert isinstance(app.screen, Main)
        assert app.clipboard == ""
        assert app.theme == theme
        assert not app.locked


@pytest.mark.parametrize("size", [(80, 24), SIZE])
async def test_who_takes_a_name_like_anothers_is_named(town: Town, size: tuple[int, int]) -> None:
    """Our own client refuses such a name; a modified one does not ask."""
    assert isinstance(town.world, OneWay)
    mallory = Mallory(town.world)
    app = app_of(town.opening("Ana", person=mallory.victim))
    async with app.run_test(size=size) as pilot:
        await shows(pilot, "Message Hallway")
        assert "look alike" not in flat(pilot)
        mallory.renames("Аna\u202e")
        town.settle()
        warned = "Аna‹U+202E› and Ana look alike, and are two people."
        await shows(pilot, warned, "Mallory is called Аna‹U+202E› now.")
        check(app)
        mallory.renames("Malory")
        town.settle()
        await hides(pilot, "look alike")


@pytest.mark.timeout(120)
async def test_in_the_dialogs(town: Town) -> None:
    """At the door and among the people; names of whoever asks are as hostile as their lines."""
    assert isinstance(town.world, OneWay)
    mallory = Mallory(town.world)
    app = app_of(town.opening("Ana", person=mallory.victim))
    dialogs = {"line": ("door", Door), "name": ("people", PeopleDialog)}
    made = [one for one in payloads(variants=1) if one.place in dialogs and not one.refused]
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Message Hallway")
        for payload in made:
            mallory.does(payload)
            town.settle()
            action, dialog = dialogs[payload.place]
            main = app.screen
            assert isinstance(main, Main)
            main.carry_out(action)
            await until(pilot, lambda dialog=dialog: isinstance(app.screen, dialog))  # type: ignore[misc]
            await shows(pilot, payload.mark)
            check(app)
            await pilot.press(*(["right", "right", "enter"] if dialog is Door else ["escape"]))
            await until(pilot, lambda: isinstance(app.screen, Main))


def test_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What the verbs print of rows, members and circles; as JSON it is exact as well."""
    mallory = Mallory(OneWay())
    ana = mallory.victim
    for payload in payloads():
        mallory.does(payload)
        circle = ana.circle()
        say(_circle_text(circle))
        say_json(circle_json(circle))
        for member in ana.client.members(circle.id):
            say(member_text(member))
            say_json(_member_json(member))
        row = ana.rows()[-1]
        say(row_text(row, circle.name))
        say_json(row_facts(row))
        for told in capsys.readouterr().out.splitlines():
            assert forbidden(told) == []
            if told.startswith("{"):
                assert told.isascii()
                json.loads(told)
    assert len(ana.rows()) > 240
