"""Coming in: what is wrong with a code is said, each in its own sentence, and nothing changes."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.tui.brisk import until
from tests.tui.hall import Town, app_of, shows
from tui.config import Config
from tui.screens.card import CardDialog
from tui.screens.join import Join
from tui.screens.main import Main
from tui.screens.welcome import Welcome

pytestmark = pytest.mark.slow  # every one is a whole app


def one_slip(code: str) -> str:
    """The code with one symbol of its third group wrong."""
    address, _, symbols = code.rpartition("/")
    groups = symbols.split("-")
    last = "0" if groups[2][-1] != "0" else "1"
    groups[2] = groups[2][:-1] + last
    return f"{address}/{'-'.join(groups)}"


async def test_what_is_wrong_with_a_code_is_said() -> None:
    town = Town()
    host = town.world.person("Ana")
    host.opens(cap=2)
    used, good = host.invites(), host.invites()
    town.world.person("Cy").joins(used)
    town.world.settle()
    app = app_of(town.opening("bo"))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "What should they call you?")
        await pilot.press("tab", "tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, Join))
        field = app.screen.query_one("#code", Input)
        for code, sentence in (
            ("", "There is no code here."),
            ("walrus-tulup-violin", "word 2"),
            ("chat.example.org/", "only the part that says where the relay is"),
            (one_slip(good), "group 3"),
            ("hello world", "code"),
            (used, "already used"),
        ):
            field.value = code
            await pilot.press("enter")
            await shows(pilot, sentence)
            assert isinstance(app.screen, Join)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Welcome))


async def test_words_that_begin_alike_are_shown() -> None:
    app = app_of(Town().opening("bo"))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "What should they call you?")
        await pilot.press("tab", "tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, Join))
        await pilot.press("w", "tab")
        await shows(pilot, "waffle")


@pytest.mark.parametrize("key", ["escape", "cancel"])
async def test_going_away_changes_nothing(key: str) -> None:
    town = Town()
    app = app_of(town.opening("bo"))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "What should they call you?")
        await pilot.press("tab", "tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, Join))
        if key == "cancel":
            app.screen.query_one("#cancel").focus()
            await pilot.press("enter")
        else:
            await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Welcome))


async def test_a_name_that_imitates_another_is_refused_on_the_card() -> None:
    town = Town()
    host = town.world.person("Ana")
    host.opens()
    app = app_of(town.opening("bo"), code=host.invites())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CardDialog))
        await pilot.press("enter")
        await shows(pilot, "Type the name that they will see.")
        await pilot.press(*"Аna", "enter")
        await shows(pilot, "looks like Ana")
        app.screen.query_one("#name", Input).value = "Bo"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Main))


async def test_a_circle_that_filled_up_meanwhile_says_so() -> None:
    town = Town()
    host = town.world.person("Ana")
    host.opens(cap=2)
    code, other = host.invites(), host.invites()
    app = app_of(town.opening("bo"), code=code)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CardDialog))
        town.world.person("Cy").joins(other)
        town.settle()
        await pilot.press(*"Bo", "enter")
        await shows(pilot, "All chairs of this circle are taken.")


async def test_a_limit_of_one_s_own_is_a_reminder_and_no_more() -> None:
    town = Town()
    ana = town.world.person("Ana")
    ana.opens("Friends")
    opening = town.opening("Bo")
    opening.preferences.config = Config(people=0)
    app = app_of(opening)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "What should they call you?")
        app.show_join(ana.invites(), "Bo")
        await shows(pilot, "You would speak with 1 people then")
