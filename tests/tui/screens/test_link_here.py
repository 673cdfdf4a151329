"""From the first screen of a fresh profile to the circles that one's other device is in."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.harness import HOST, Person
from tests.tui.brisk import until
from tests.tui.hall import Town, app_of, looks, shows
from tui.app import HallwayApp
from tui.engine import commands
from tui.engine.events import Finished, LinkAsked, LinkOpened
from tui.preferences import Fleeting
from tui.screens.link_here import CODE_FIRST, LABEL_FIRST, UNDER_WAY, LinkHere
from tui.screens.main import Main
from tui.screens.welcome import Welcome

pytestmark = pytest.mark.slow  # every one is a whole app


def an_app() -> tuple[Town, Person, HallwayApp]:
    town = Town()
    ana, _bo = town.world.circle("Ana", "Bo")
    opening = town.opening("Ana's laptop")
    opening.preferences = Fleeting(f'relay = "{HOST}"')
    return town, ana, app_of(opening)


async def begun(pilot: Pilot[None], app: HallwayApp) -> None:
    await until(pilot, lambda: isinstance(app.screen, Welcome))
    await until(pilot, lambda: app.client is not None)
    app.screen.query_one("#device").focus()
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, LinkHere))


async def filled(pilot: Pilot[None], app: HallwayApp, code: str, label: str = "laptop") -> None:
    app.screen.query_one("#code", Input).value = code
    app.screen.query_one("#label", Input).value = label
    app.screen.query_one("#label").focus()
    await pilot.press("enter")


@pytest.mark.parametrize("size", [(60, 20), (80, 24)])
async def test_the_circles_come_over(size: tuple[int, int]) -> None:
    town, ana, app = an_app()
    opened = ana.expect(LinkOpened, lambda ref: commands.OpenLink(ref=ref, history=0))
    async with app.run_test(size=size) as pilot:
        await begun(pilot, app)
        await looks(pilot, f"link-here-{size[0]}x{size[1]}")
        await filled(pilot, app, opened.code)
        await until(pilot, lambda: bool(ana.told(LinkAsked)))
        await pilot.press("escape")
        await shows(pilot, UNDER_WAY)
        ana.expect(Finished, lambda ref: commands.AnswerLink(ref=ref, yes=True))
        town.settle()
        town.world.wait(60_000)
        town.settle()
        await until(pilot, lambda: isinstance(app.screen, Main))
        await shows(pilot, "Message Hallway")


async def test_what_is_missing_is_asked_for() -> None:
    _, _, app = an_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await begun(pilot, app)
        await filled(pilot, app, "", "laptop")
        await shows(pilot, CODE_FIRST)
        await filled(pilot, app, "7-walrus-tulip", "")
        await shows(pilot, LABEL_FIRST)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Welcome))


async def test_what_is_refused_is_said() -> None:
    town, ana, app = an_app()
    opened = ana.expect(LinkOpened, lambda ref: commands.OpenLink(ref=ref, history=0))
    async with app.run_test(size=(80, 24)) as pilot:
        await begun(pilot, app)
        await filled(pilot, app, "no code at all")
        await until(pilot, lambda: app.screen.query_one("#said").has_class("wrong"))
        await filled(pilot, app, opened.code)
        await until(pilot, lambda: bool(ana.told(LinkAsked)))
        ana.expect(Finished, lambda ref: commands.AnswerLink(ref=ref, yes=False))
        town.settle()
        await until(pilot, lambda: app.screen.query_one("#said").has_class("wrong"))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Welcome))
