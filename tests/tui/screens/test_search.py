"""Finding what was said, from the screen."""

from __future__ import annotations

import pytest

from tests.tui.brisk import until
from tests.tui.hall import hides, looks, shows
from tests.tui.screens.test_main import SIZES, Scene, write
from tui.screens.main import Main
from tui.screens.search import NONE, SearchDialog
from tui.widgets.conversation import Conversation

pytestmark = pytest.mark.slow  # every one is a whole app


def talked() -> Scene:
    scene = Scene("Bo")
    scene.says(scene.people[1], "The ferry leaves at seven, \x1b[31mred\x1b[0m")
    for number in range(60):
        scene.people[1].says(f"line {number}")
    scene.town.settle()
    scene.second_circle("Family")
    return scene


@pytest.mark.parametrize("size", SIZES)
async def test_a_result_leads_to_its_message(size: tuple[int, int]) -> None:
    scene = talked()
    async with scene.app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "The ferry leaves")
        await write(pilot, scene.app, "/switch Family")
        await shows(pilot, "Message Family")
        await pilot.press("ctrl+f")
        await until(pilot, lambda: isinstance(scene.app.screen, SearchDialog))
        await pilot.press(*"ferr")
        await shows(pilot, "The ferry leaves at seven, ␛[31mred")
        if size == (80, 24):
            await looks(pilot, "search-80x24")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(scene.app.screen, Main))
        await shows(pilot, "Message Hallway")
        await shows(pilot, "The ferry leaves at seven")
        conversation = scene.app.screen.query_one(Conversation)
        row = next(row for row in scene.ana.rows("Hallway") if row.text.startswith("The ferry"))
        await until(pilot, lambda: conversation.cursor == row.id)


async def test_one_of_several_is_chosen_and_what_is_not_there_is_said() -> None:
    scene = talked()
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "The ferry leaves")
        await write(pilot, scene.app, "/search line")
        await shows(pilot, "line 59")
        await pilot.press("down", "down", "up", "enter")
        conversation = scene.app.screen.query_one(Conversation)
        await until(pilot, lambda: isinstance(scene.app.screen, Main))
        row = next(row for row in scene.ana.rows("Hallway") if row.text == "line 58")
        await until(pilot, lambda: conversation.cursor == row.id)
        await pilot.press("slash", *"nothing like it")
        await shows(pilot, NONE)
        await pilot.press("enter")
        assert isinstance(scene.app.screen, SearchDialog)
        await pilot.press("escape")
        await pilot.press("i")
        await write(pilot, scene.app, "/find has:money")
        await shows(pilot, "has: knows link, poll, file; not money.")
        await pilot.press("escape")
        await hides(pilot, "has: knows")
