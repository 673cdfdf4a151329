"""A profile with a passphrase, on the screen."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.tui.brisk import until
from tests.tui.hall import Town, app_of, flat, looks, says, shows
from tui.engine.commands import Lock
from tui.screens.unlock import Unlock

pytestmark = pytest.mark.slow  # every one is a whole app

SIZES = [(60, 20), (120, 40)]


@pytest.mark.parametrize("size", SIZES)
async def test_nothing_is_shown_before_the_passphrase(size: tuple[int, int]) -> None:
    town = Town()
    ana, _bo = town.world.circle("Ana", "Bo")
    opening = town.opening("Ana", person=ana)
    opening.passphrase = "two words"
    app = app_of(opening)
    async with app.run_test(size=size) as pilot:
        await looks(pilot, f"unlock-{size[0]}x{size[1]}")
        assert app.client is None
        await pilot.press(*"two", "enter")
        await shows(pilot, "That is not it. Try again.")
        assert app.screen.query_one("#passphrase", Input).value == ""
        assert app.client is None
        await pilot.press(*"two", "space", *"words")
        assert "words" not in flat(pilot)
        await pilot.press("enter")
        await shows(pilot, "Message Hallway")
        assert app.client is not None


@pytest.mark.parametrize("keys", [["escape"], ["tab", "tab", "enter"]])
async def test_it_can_be_left_locked(keys: list[str]) -> None:
    opening = Town().opening("Ana")
    opening.passphrase = "x"
    app = app_of(opening)
    async with app.run_test() as pilot:
        await shows(pilot, "This profile is locked")
        await pilot.press(*keys)
        await until(pilot, lambda: not app.is_running)
    assert app.return_code == 0
    assert app.client is None
    assert not app.locked


async def test_a_word_locks_what_has_a_passphrase() -> None:
    town = Town()
    (ana,) = town.world.circle("Ana")
    opening = town.opening("Ana", person=ana)
    opening.passphrase = "x"
    app = app_of(opening)
    async with app.run_test() as pilot:
        await shows(pilot, "This profile is locked")
        await pilot.press("x", "enter")
        await shows(pilot, "Message Hallway")
        assert not any(isinstance(screen, Unlock) for screen in app.screen_stack)
        await pilot.press(*"/lock", "enter")
        await until(pilot, lambda: not app.is_running)
    assert ana.circle().draft == ""
    assert app.locked
    assert app.return_code == 0


async def test_without_a_passphrase_it_says_what_to_do() -> None:
    town = Town()
    (ana,) = town.world.circle("Ana")
    app = app_of(town.opening("Ana", person=ana))
    async with app.run_test() as pilot:
        await shows(pilot, "Message Hallway")
        await pilot.press(*"/lock", "enter")
        await says(pilot, "Locking needs a passphrase.")
        assert app.is_running
        assert not app.locked


async def test_another_program_may_lock_it() -> None:
    town = Town()
    (ana,) = town.world.circle("Ana")
    app = app_of(town.opening("Ana", person=ana))
    async with app.run_test() as pilot:
        await shows(pilot, "Message Hallway")
        ana.do(Lock())
        town.settle()
        await until(pilot, lambda: not app.is_running)
    assert app.locked
