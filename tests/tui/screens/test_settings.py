"""The screen of settings, the passphrase, keys of a person's own, locking by itself."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.brisk import until
from tests.tui.hall import MemoryOpening, Town, app_of, looks, says, shows
from tests.tui.screens.test_main import Scene, write
from tui.app import HallwayApp
from tui.appearance import of_config
from tui.config import Config
from tui.preferences import Fleeting
from tui.screens.help import Help
from tui.screens.main import Main
from tui.screens.passphrase import PassphraseDialog
from tui.screens.search import SearchDialog
from tui.screens.settings import SettingsDialog
from tui.screens.switcher import Switcher
from tui.widgets.composer import Composer

pytestmark = pytest.mark.slow  # every one is a whole app

SIZES = [(60, 20), (80, 24), (120, 40)]


def an_app(text: str = "", *, passphrase: str = "") -> tuple[MemoryOpening, HallwayApp]:
    town = Town()
    ana, _ = town.world.circle("Ana", "Bo")
    ana.says("One.")
    ana.says("Two.")
    opening = town.opening("Ana", person=ana)
    opening.passphrase = passphrase
    opening.preferences = Fleeting(text)
    return opening, app_of(opening, of_config(opening.preferences.config))


async def settings(pilot: Pilot[None], app: HallwayApp) -> None:
    await shows(pilot, "Message Hallway")
    await write(pilot, app, "/settings")
    await until(pilot, lambda: isinstance(app.screen, SettingsDialog))
    await shows(pilot, "Settings")


@pytest.mark.parametrize("size", SIZES)
async def test_all_settings_are_on_one_screen(size: tuple[int, int]) -> None:
    _, app = an_app()
    async with app.run_test(size=size) as pilot:
        await settings(pilot, app)
        await looks(pilot, f"settings-{size[0]}x{size[1]}")


async def test_what_is_chosen_holds_at_once() -> None:
    opening, app = an_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settings(pilot, app)
        await pilot.press("right")
        await until(pilot, lambda: app.theme == "paper")
        await pilot.press("left")
        await until(pilot, lambda: app.theme == "dusk")
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.appearance.dense)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Main))
        await looks(pilot, "dense-80x24")
        await write(pilot, app, "/density")
        await until(pilot, lambda: not app.appearance.dense)
    assert opening.preferences.config == Config()


async def test_texts_and_numbers_are_typed_and_what_is_wrong_is_said() -> None:
    opening, app = an_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settings(pilot, app)
        await pilot.press(*["down"] * 5, "enter")
        await shows(pilot, "With how many people")
        app.screen.query_one("#line", Input).value = "many"
        await pilot.press("enter")
        await shows(pilot, "people is a number from 1 to 10000, not 'many'.")
        await pilot.press("enter")
        app.screen.query_one("#line", Input).value = "12"
        await pilot.press("enter")
        await until(pilot, lambda: opening.preferences.config.people == 12)
        await shows(pilot, "People 12")


async def test_one_setting_is_changed_by_a_command() -> None:
    opening, app = an_app()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Message Hallway")
        await write(pilot, app, "/settings lock_after 5")
        await says(pilot, "Lock after: 5")
        assert opening.preferences.config.lock_after == 5
        await write(pilot, app, "/settings wat 5")
        await says(pilot, "There is no setting wat.")
        await write(pilot, app, "/settings motion fast")
        await says(pilot, "motion is auto, on or off, not 'fast'.")


async def test_keys_of_a_person_s_own() -> None:
    _, app = an_app('[keys]\nsearch = "ctrl+k"\nswitch = "ctrl+w"\nhelp = "f2"\nsend = "f5"\n')
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Message Hallway", "f2 help", "f5 send")
        await pilot.press("ctrl+k")
        await until(pilot, lambda: isinstance(app.screen, SearchDialog))
        await pilot.press("escape", "ctrl+w")
        await until(pilot, lambda: isinstance(app.screen, Switcher))
        await pilot.press("escape", "f1")
        assert isinstance(app.screen, Main)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, Help))
        await pilot.press("escape", *"hi")
        await pilot.press("enter")
        assert app.screen.query_one(Composer).text == "hi\n"
        await pilot.press("f5")
        await until(pilot, lambda: app.screen.query_one(Composer).text == "")


async def test_a_passphrase_is_set_changed_and_taken_away() -> None:
    opening, app = an_app()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Message Hallway")
        await write(pilot, app, "/passphrase")
        await until(pilot, lambda: isinstance(app.screen, PassphraseDialog))
        await looks(pilot, "passphrase-80x24")
        await pilot.press("enter", "enter")
        await shows(pilot, "A passphrase has at least one character.")
        await pilot.press("shift+tab", *"one", "enter", *"two", "enter")
        await shows(pilot, "These were not the same. Nothing has changed.")
        assert opening.passphrase == ""
        app.screen.query_one("#again", Input).value = "one"
        await pilot.press("enter")
        await says(pilot, "From now on this profile opens with its passphrase alone.")
        assert opening.passphrase == "one"
        await write(pilot, app, "/passphrase")
        await until(pilot, lambda: isinstance(app.screen, PassphraseDialog))
        await pilot.press(*"wrong", "tab", "tab", "tab", "tab", "enter")
        await shows(pilot, "That is not the passphrase.")
        assert opening.passphrase == "one"
        await pilot.press(*"one", "tab", "tab", "tab", "tab", "enter")
        await says(pilot, "The passphrase is gone.")
        assert opening.passphrase == ""


async def test_it_locks_by_itself_when_nobody_is_there() -> None:
    opening, app = an_app("lock_after = 5\n", passphrase="x")
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "This profile is locked")
        await pilot.press("x", "enter")
        await shows(pilot, "Message Hallway")
        opening.town.world.now += 4 * 60_000
        app.lock_if_idle()
        assert not app.locked
        await pilot.press("a")
        opening.town.world.now += 4 * 60_000
        app.lock_if_idle()
        assert not app.locked
        opening.town.world.now += 60_000
        app.lock_if_idle()
        await until(pilot, lambda: not app.is_running)
    assert app.locked


async def test_without_a_passphrase_nothing_locks_by_itself() -> None:
    _, app = an_app("lock_after = 5\n")
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Message Hallway")
        assert app._idling is None


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
async def test_one_line_a_message(size: tuple[int, int]) -> None:
    _, app = an_app('density = "dense"\n')
    async with app.run_test(size=size) as pilot:
        await shows(pilot, "Message Hallway")
        await looks(pilot, f"dense-{size[0]}x{size[1]}")


async def test_a_command_is_explained_while_it_is_typed() -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "2 of 8")
        await pilot.press(*"/re")
        await looks(pilot, "usage-80x24")
        await pilot.press(*"act ")
        await shows(pilot, "/react EMOJI")
        await pilot.press(*["backspace"] * 7)
        await until(pilot, lambda: not scene.app.screen.query_one("#usage").display)


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
async def test_anything_is_found_by_a_few_letters(size: tuple[int, int]) -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "2 of 8")
        await pilot.press("ctrl+p")
        await shows(pilot, "Answer the message.")
        await pilot.press(*"verif")
        await looks(pilot, f"palette-{size[0]}x{size[1]}")
        await pilot.press("enter")
        await until(pilot, lambda: scene.app.screen.query_one(Composer).text == "/verify ")
        await pilot.press(*"Bo", "enter")
        await shows(pilot, "Read the words aloud")
