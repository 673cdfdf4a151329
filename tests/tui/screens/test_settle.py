"""Two conversations: what happened is said in plain words, and the first choice is to wait."""

from __future__ import annotations

import pytest
from textual.widgets import Button

from tests.tui.brisk import until
from tests.tui.engine.rogue import show
from tests.tui.engine.test_forks import other_log
from tests.tui.engine.test_heads import head
from tests.tui.hall import flat, looks, says, shows
from tests.tui.screens.test_main import Scene, write
from tui.engine.commands import SettleFork
from tui.engine.events import LinkState
from tui.screens.main import Main
from tui.screens.settle import Settle

pytestmark = pytest.mark.slow  # every one is a whole app


def forked() -> Scene:
    scene = Scene("Bo", "Cy")
    scene.says(scene.ana, "one")
    show(scene.ana, other_log(scene.people[1], scene.ana))
    return scene


async def test_it_is_said_what_happened_and_a_key_too_early_does_nothing() -> None:
    scene = forked()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "/settle chooses whose conversation stands.")
        await write(pilot, scene.app, "/settle")
        await until(pilot, lambda: isinstance(scene.app.screen, Settle))
        await shows(pilot, "Two conversations in Hallway")
        assert scene.app.focused is scene.app.screen.query_one("#no")
        labels = [str(button.label) for button in scene.app.screen.query(Button)]
        assert labels == ["Not now", "Mine stands", "Bo's stands"]
        await looks(pilot, "settle-80x24")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(scene.app.screen, Main))
        assert scene.ana.circle().link is LinkState.STOPPED


async def test_ones_own_is_chosen() -> None:
    scene = forked()
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "/settle")
        await write(pilot, scene.app, "/rejoin")  # leads to the same choice
        await until(pilot, lambda: isinstance(scene.app.screen, Settle))
        await pilot.click("#mine")
        await shows(pilot, "You chose that this conversation stands.")
        assert scene.ana.circle().link is LinkState.ONLINE
        await write(pilot, scene.app, "/settle")
        await says(pilot, "There are no two conversations here to choose from.")


async def test_anothers_is_chosen() -> None:
    scene = forked()
    async with scene.app.run_test(size=(60, 20), notifications=True) as pilot:
        await until(pilot, lambda: "/settle" in flat(pilot))
        await write(pilot, scene.app, "/settle")
        await until(pilot, lambda: isinstance(scene.app.screen, Settle))
        scene.app.screen.query_one("#theirs-0", Button).press()
        await until(pilot, lambda: isinstance(scene.app.screen, Main))
        (engine,) = scene.town.screens
        await until(pilot, lambda: any(isinstance(one, SettleFork) for one in engine.asked))
        (asked,) = [one for one in engine.asked if isinstance(one, SettleFork)]
        assert asked.member and not asked.mine


async def test_where_the_relay_itself_is_elsewhere_ones_own_is_no_choice() -> None:
    scene = Scene("Bo", "Cy")
    scene.says(scene.ana, "one")
    row = scene.ana.database.row("SELECT n FROM circles")
    assert row is not None
    show(scene.ana, head(scene.ana, int(str(row[0])), b"x" * 32))
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "/settle")
        await write(pilot, scene.app, "/settle")
        await until(pilot, lambda: isinstance(scene.app.screen, Settle))
        labels = [str(button.label) for button in scene.app.screen.query(Button)]
        assert labels == ["Not now", "Bo's stands", "Cy's stands"]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(scene.app.screen, Main))
