"""The first run, by keyboard alone: from nothing to two people who talk."""

from __future__ import annotations

import pytest
from rich.console import RenderableType
from textual.screen import Screen
from textual.widgets import Input

from tests.tui.brisk import until
from tests.tui.hall import BriskApp, MemoryOpening, Town, app_of, flat, looks, shows
from tests.tui.screen_text import screen_text
from tui.appearance import Appearance
from tui.opening import OpeningError
from tui.screens.card import CardDialog
from tui.screens.code_field import CodeField
from tui.screens.invite import Invite
from tui.screens.invite_say import SayIt
from tui.screens.main import Main
from tui.screens.open_circle import OpenCircleDialog
from tui.screens.welcome import Welcome
from tui.widgets.composer import Composer

pytestmark = pytest.mark.slow  # every one is a whole app

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
async def test_two_people_come_to_talk(size: tuple[int, int]) -> None:
    town = Town()
    ana, bo = app_of(town.opening("ana")), app_of(town.opening("bo"))
    async with (
        ana.run_test(size=size, notifications=True) as at_anas,
        bo.run_test(size=size, notifications=True) as at_bos,
    ):
        await shows(at_anas, "What should they call you?")
        await at_anas.press(*"Ana", "enter", "enter")
        await shows(at_anas, "waiting for somebody to use it")
        code = ana.screen.query_one(SayIt).code
        assert code in flat(at_anas)

        await at_bos.press(*"Bo", "tab", "tab", "enter")
        await shows(at_bos, "Come in with a code")
        for word in code.split("-"):
            await at_bos.press(*word[:4], "tab")
        assert bo.screen.query_one("#code", CodeField).value == code
        await at_bos.press("enter")
        await shows(at_bos, "Ana invites you to", "1 of 8", "nothing of what was said before")
        await shows(at_anas, "Somebody said it right")
        await at_bos.press("enter")
        await shows(at_bos, "You are here, on the code that Ana gave.", "2 of 8", "connected")
        await shows(at_anas, "Bo is here.", "2 of 8")

        await at_anas.press("escape")
        await until(at_anas, lambda: isinstance(ana.screen, Main))
        await at_anas.press(*"Hello", "enter")
        await shows(at_bos, "Hello")
        await at_bos.press(*"Hi", "ctrl+j", *"there", "enter")
        await shows(at_anas, "Hi there")
        assert bo.screen.query_one(Composer).text == ""
        await shows(at_anas, "Bo is here, on the code that you gave.")


@pytest.mark.parametrize("size", SIZES)
async def test_the_first_screen(size: tuple[int, int]) -> None:
    app = app_of(Town().opening("ana"))
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "A quiet place for the people you know.")
        await looks(pilot, f"welcome-{size[0]}x{size[1]}")


async def test_no_name_no_circle() -> None:
    app = app_of(Town().opening("ana"))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("enter")
        await shows(pilot, "Type a name first.")
        await pilot.press("tab", "enter")
        assert isinstance(app.screen, Welcome)
        assert app.focused is app.screen.query_one("#name")


async def test_a_relay_that_wants_a_token_asks_for_it() -> None:
    town = Town()
    town.world.wants_token("good")
    app = app_of(town.opening("ana"))
    async with app.run_test(size=(60, 20), notifications=True) as pilot:
        await pilot.press(*"Ana", "enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, OpenCircleDialog))
        await shows(pilot, "only with its operator's token", "The token that")
        await pilot.press("escape")
        await shows(pilot, "Ask whoever runs it for one")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, OpenCircleDialog))
        await pilot.press(*"good", "enter")
        await shows(pilot, "waiting for somebody to use it")


async def test_a_relay_that_does_not_start_is_said() -> None:
    opening = Town().opening("ana")
    opening.no_relay = "The relay on this computer does not start. The disk is full."
    app = app_of(opening)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press(*"Ana", "enter", "enter")
        await shows(pilot, "The disk is full.")
        assert isinstance(app.screen, Welcome)


async def test_a_relay_that_is_not_there_is_said_and_can_be_tried_again() -> None:
    town = Town()
    town.world.relay_down = True
    app = app_of(town.opening("ana"))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press(*"Ana", "enter", "enter")
        await shows(pilot, "can't be reached")
        town.world.relay_down = False
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Invite))


async def test_a_name_that_cannot_be_is_said() -> None:
    app = app_of(Town().opening("ana"))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.screen.query_one("#name", Input).value = "é" * 50
        await pilot.press("enter", "enter")
        await shows(pilot, "at most 64 bytes")


async def test_a_profile_in_use_ends_the_app_with_its_sentence() -> None:
    opening = Town().opening("ana")
    opening.refuses = OpeningError("This profile is open already.")
    app = app_of(opening)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.return_code is not None)
    assert app.return_code == 1
    assert app.sentence == "This profile is open already."


async def test_a_code_from_the_command_line_is_read_at_once() -> None:
    town = Town()
    host = town.world.person("Ana")
    host.opens("Lofoten trip")
    app = app_of(town.opening("bo"), code=host.invites())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Ana invites you to", "Lofoten trip")
        await pilot.press(*"Bo", "enter")
        await shows(pilot, "You are here, on the code that Ana gave.")
        assert isinstance(app.screen, Main)


class Filmed(BriskApp):
    """Keeps every picture that was shown."""

    def __init__(self, opening: MemoryOpening) -> None:
        super().__init__(opening, appearance=Appearance())
        self.film: list[str] = []

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        if screen is self.screen and renderable is not None and not self._batch_count:
            self.film.append(" ".join(screen_text(self).split()))


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
async def test_nothing_flashes_between_a_code_and_its_circle(size: tuple[int, int]) -> None:
    town = Town()
    host = town.world.person("Ana")
    host.opens("Lofoten trip")
    app = Filmed(town.opening("bo"))
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "What should they call you?")
        await pilot.press(*"Bo", "tab", "tab", "enter")
        await shows(pilot, "Come in with a code")
        app.screen.query_one("#code", Input).value = host.invites()
        await pilot.press("enter")
        await shows(pilot, "Ana invites you to")
        await pilot.press("enter")
        await shows(pilot, "You are here, on the code that Ana gave.")
    begins = next(n for n, shown in enumerate(app.film) if "Come in with a code" in shown)
    steps = ("Come in with a code", "Ana invites you to", "Message Lofoten trip")
    for shown in app.film[begins:]:
        assert any(step in shown for step in steps), shown


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
async def test_nothing_flashes_between_a_name_and_the_first_code(size: tuple[int, int]) -> None:
    app = Filmed(Town().opening("ana"))
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "What should they call you?")
        await pilot.press(*"Ana", "enter", "enter")
        await shows(pilot, "waiting for somebody to use it")
    for shown in app.film[1:]:
        assert "What should they call you?" in shown or "Invite to Ana's circle" in shown, shown


async def test_esc_on_the_first_screen_changes_nothing_and_ctrl_c_ends() -> None:
    app = app_of(Town().opening("ana"))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("escape")
        assert isinstance(app.screen, Welcome)
        await pilot.press("ctrl+c")
        await pilot.pause()
    assert app.return_code == 0


async def test_going_away_from_the_card_leaves_one_on_the_first_screen() -> None:
    town = Town()
    host = town.world.person("Ana")
    host.opens()
    app = app_of(town.opening("bo"), code=host.invites())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CardDialog))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Welcome))
        assert "Open a circle" in screen_text(app)
