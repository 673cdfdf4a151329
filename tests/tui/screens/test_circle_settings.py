"""How a circle is set up, as a screen and as a command: its hosts change it, the others read."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from crypto.access.side_data import RETENTION_HIGHEST, RETENTION_LOWEST
from crypto.circle.state import DISAPPEAR_HIGHEST, DISAPPEAR_LOWEST
from tests.harness import Person
from tests.tui.brisk import until
from tests.tui.hall import Town, app_of, looks, says, shows
from tests.tui.screens.test_main import write
from tui import circle_settings
from tui.app import HallwayApp
from tui.screens.circle_settings import CircleSettingsDialog
from tui.screens.main import Main

pytestmark = pytest.mark.slow  # every one is a whole app

SIZES = [(60, 20), (80, 24), (200, 60)]


def an_app(of: str = "Ana") -> tuple[Town, list[Person], HallwayApp]:
    town = Town()
    people = town.world.circle("Ana", "Bo")
    person = next(person for person in people if person.name == of)
    return town, people, app_of(town.opening(of, person=person))


async def opened(pilot: Pilot[None], app: HallwayApp) -> None:
    await shows(pilot, "Message Hallway")
    await write(pilot, app, "/circle")
    await until(pilot, lambda: isinstance(app.screen, CircleSettingsDialog))
    await shows(pilot, "is set up")


async def typed(pilot: Pilot[None], app: HallwayApp, text: str) -> None:
    await until(pilot, lambda: bool(app.screen.query("#line")))
    app.screen.query_one("#line", Input).value = text
    await pilot.press("enter")


def test_the_bounds_are_those_of_the_state() -> None:
    assert circle_settings.SHORTEST == DISAPPEAR_LOWEST
    assert circle_settings.LONGEST == DISAPPEAR_HIGHEST
    assert circle_settings.KEPT_LEAST == RETENTION_LOWEST
    assert circle_settings.KEPT_MOST == RETENTION_HIGHEST


@pytest.mark.parametrize("size", SIZES)
async def test_all_of_it_is_on_one_screen(size: tuple[int, int]) -> None:
    _, _, app = an_app()
    async with app.run_test(size=size) as pilot:
        await opened(pilot, app)
        await pilot.press("down", "down", "down", "down", "down", "down")
        await looks(pilot, f"circle-settings-{size[0]}x{size[1]}")


async def test_a_host_changes_it() -> None:
    _, (ana, bo), app = an_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: bo.circle().asks_at_door)
        await shows(pilot, "a member says yes")
        await pilot.press("down", "down", "enter")
        await typed(pilot, app, "36m")
        await shows(pilot, "retention is from 1 day to 365 days.")
        await pilot.press("enter")
        await typed(pilot, app, "7d")
        await until(pilot, lambda: bo.circle().retention == 7 * 86_400)
        await shows(pilot, "the relay keeps what waits 7 days")
        await pilot.press("down", "enter")
        await typed(pilot, app, "soon")
        await shows(pilot, "disappear is a number and m, h or d")
        await pilot.press("enter")
        await typed(pilot, app, "12h")
        await until(pilot, lambda: bo.circle().disappear == 43_200)
        await shows(pilot, "new messages go after 12 hours, everywhere")
        assert ana.circle().disappear == 43_200


async def test_what_the_circle_does_not_allow_is_said() -> None:
    _, _, app = an_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("down", "down", "enter")
        await typed(pilot, app, "40")
        await shows(pilot, "never raised")


async def test_hosting_is_handed_over() -> None:
    _, (ana, bo), app = an_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("end", "up", "enter")
        await typed(pilot, app, "Bo")
        await shows(pilot, "Be a host no longer?")
        await pilot.press("right", "enter")
        await until(pilot, lambda: bo.circle().i_am_host and not ana.circle().i_am_host)
        await shows(pilot, "Its hosts can change this: Bo.")


async def test_others_read_it() -> None:
    _, (ana, bo), app = an_app("Bo")
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("down", "enter")
        await shows(pilot, "Its hosts can change this: Ana.")
        assert isinstance(app.screen, CircleSettingsDialog)
        assert bo.circle().topic == ana.circle().topic == ""


async def test_a_command_changes_one_thing() -> None:
    _, (_, bo), app = an_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Message Hallway")
        await write(pilot, app, "/circle disappear 7d")
        await until(pilot, lambda: bo.circle().disappear == 7 * 86_400)
        await shows(pilot, "Message Hallway (goes after 7 days)")
        assert isinstance(app.screen, Main)
        await write(pilot, app, "/circle nothing 7d")
        await says(pilot, "There is no nothing here.")
        await write(pilot, app, "/circle hosts Ana, Bo")
        await until(pilot, lambda: bo.circle().i_am_host)
