"""Inviting: codes to say and to send, what becomes of them, and withdrawing."""

from __future__ import annotations

import pytest
from textual.widgets import Input, OptionList

from tests.harness import Person
from tests.tui.brisk import until
from tests.tui.hall import Town, app_of, flat, hides, shows
from tui.app import HallwayApp
from tui.engine.commands import ReadCode
from tui.screens.confirm import Confirm
from tui.screens.invite import Invite
from tui.screens.invite_say import SayIt
from tui.screens.main import Main
from tui.screens.qr import QrDialog

pytestmark = pytest.mark.slow  # every one is a whole app


def a_circle(*others: str) -> tuple[Town, Person, HallwayApp]:
    """Ana's circle, and her app on it."""
    town = Town()
    people = town.world.circle("Ana", *others)
    return town, people[0], app_of(town.opening("Ana", person=people[0]))


async def test_the_spoken_code_lives_as_long_as_the_dialog() -> None:
    town, ana, app = a_circle()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "Only you so far. Invite someone: ^o")
        await pilot.press("ctrl+o")
        await shows(pilot, "waiting for somebody to use it", "It works once, until")
        assert len(ana.client.invites(ana.circle().id)) == 1
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Main))
        town.settle()
        assert ana.client.invites(ana.circle().id) == []


async def test_a_wrong_guess_is_said_and_a_new_code_made() -> None:
    town, _, app = a_circle()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Only you so far")
        await pilot.press("ctrl+o")
        await shows(pilot, "waiting for somebody to use it")
        code = app.screen.query_one(SayIt).code
        plate = code.split("-")[0]
        guess = town.world.person("Eve")
        wrong = "walrus" if "walrus" not in code else "tulip"
        guess.refused(lambda ref: ReadCode(ref=ref, code=f"{plate}-{wrong}-{wrong}"))
        town.settle()
        await until(pilot, lambda: app.screen.query_one(SayIt).code == "")
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query_one(SayIt).code not in ("", code))


async def test_closing_on_somebody_who_reads_the_card_asks_first() -> None:
    town, _, app = a_circle()
    bo = town.world.person("Bo")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Only you so far")
        await pilot.press("ctrl+o")
        await shows(pilot, "waiting for somebody to use it")
        bo.reads(app.screen.query_one(SayIt).code)
        town.settle()
        await shows(pilot, "Somebody said it right")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert app.focused is app.screen.query_one("#no")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Invite))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(app.screen, Main))


async def test_a_spoken_code_waits_for_the_relay() -> None:
    town, ana, app = a_circle()
    town.world.relay_down = True
    town.world.restart_relay()
    ana.offline = True  # an attempt takes its time
    town.settle()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Only you so far")
        await pilot.press("ctrl+o")
        await shows(pilot, "Waiting for the relay")
        ana.offline = False  # and comes to nothing
        town.settle()
        await shows(pilot, "can't be reached")
        await hides(pilot, "Waiting for the relay")
        town.world.relay_down = False
        town.world.wait(400_000)
        town.settle()
        await shows(pilot, "waiting for somebody to use it")


async def test_a_code_to_send_is_made_shown_drawn_and_used() -> None:
    town, ana, app = a_circle()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "Only you so far")
        await pilot.press("ctrl+o", "2")
        await shows(pilot, "For how many people?")
        await pilot.press("tab", "tab", "enter")
        await shows(pilot, "or in words", "Works once, for 7 days.", "nobody yet")
        mine = [one for one in ana.client.invites(ana.circle().id) if one.words]
        sealed = next(one for one in mine if one.code.rpartition("/")[2] in flat(pilot))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, QrDialog))
        assert "█ ███ █" in flat(pilot)
        await pilot.press("escape")
        town.world.person("Bo").joins(sealed.code)
        town.settle()
        await shows(pilot, "2 of 8")


async def test_a_code_that_cannot_be_is_refused_with_a_sentence() -> None:
    _, _, app = a_circle()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Only you so far")
        await pilot.press("ctrl+o", "2")
        await shows(pilot, "For how many people?")
        app.screen.query_one("#uses", Input).value = "99"
        await pilot.press("tab", "tab", "enter")
        await shows(pilot, "A code is for 1 to 50 people.")


async def test_open_codes_are_listed_and_withdrawn() -> None:
    town, ana, app = a_circle("Bo", "Cy")
    ana.invites(uses=2)
    town.world.people[1].invites(history=20)
    town.world.settle()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "3 of 8")
        await pilot.press("ctrl+o")
        await shows(pilot, "waiting for somebody to use it")
        await pilot.press("3")
        await shows(pilot, "the spoken code", "Bo", "the last 20 messages")
        listed = app.screen.query_one("#open-codes", OptionList)
        assert listed.option_count == 3
        listed.focus()
        await pilot.press("x")
        await shows(pilot, "Withdraw this code?")
        assert app.focused is app.screen.query_one("#no")
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(app.screen, Invite) and listed.option_count == 2)


async def test_the_pages_at_sixty_columns() -> None:
    _, _, app = a_circle()
    async with app.run_test(size=(60, 20), notifications=True) as pilot:
        await shows(pilot, "Only you so far")
        await pilot.press("ctrl+o")
        await shows(pilot, "waiting for somebody to use it")
        await pilot.press("2", "tab", "tab", "enter")
        await shows(pilot, "or in words")
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, QrDialog))
        assert "█ ███ █" in flat(pilot)
        await pilot.press("escape")
        await hides(pilot, "█ ███ █")
