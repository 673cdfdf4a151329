"""One's devices on the screen: shown, linked and taken out, each after a yes."""

from __future__ import annotations

import pytest

from tests.harness import Person
from tests.tui.brisk import until
from tests.tui.engine.two import links
from tests.tui.hall import hides, looks, says, shows
from tests.tui.screens.test_main import Scene, write
from tui.engine.commands import FollowLink
from tui.screens.confirm import Confirm
from tui.screens.devices import DevicesDialog, LinkDialog
from tui.screens.main import Main

pytestmark = pytest.mark.slow  # every one is a whole app


def code_on(scene: Scene) -> str:
    """The words that the dialog shows."""
    return str(scene.app.screen.query_one("#plate").render()).partition("@")[0].strip()


def types_it(scene: Scene, laptop: Person, code: str) -> None:
    laptop.ref += 1
    laptop.do(FollowLink(ref=laptop.ref, code=code, label="laptop"))
    scene.town.settle()


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (200, 60)])
async def test_a_device_is_linked_and_taken_out(size: tuple[int, int]) -> None:
    scene = Scene("Bo")
    laptop = scene.town.world.person("laptop")
    async with scene.app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "Hallway")
        await write(pilot, scene.app, "/devices")
        await until(pilot, lambda: isinstance(scene.app.screen, DevicesDialog))
        await shows(pilot, "(without a label) this one", "in Hallway")
        assert scene.app.focused is scene.app.screen.query_one("#close")
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(scene.app.screen, LinkDialog))
        await shows(pilot, "Good for one try, until")
        if size == (80, 24):
            await looks(pilot, "link-80x24")
        types_it(scene, laptop, code_on(scene))
        await shows(pilot, "laptop asks to be a device of yours. It would be in Hallway.")
        assert scene.app.focused is scene.app.screen.query_one("#no")
        await pilot.press("right", "enter")
        await shows(pilot, "laptop is linked, and comes in by itself.")
        scene.town.world.wait(30_000)
        scene.town.settle()
        assert laptop.circle().name == "Hallway"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(scene.app.screen, Main))
        await shows(pilot, "You added a device: laptop.")
        await write(pilot, scene.app, "/devices")
        await until(pilot, lambda: isinstance(scene.app.screen, DevicesDialog))
        if size == (80, 24):
            await looks(pilot, "devices-80x24")
        await pilot.press("shift+tab", "enter")
        await until(pilot, lambda: isinstance(scene.app.screen, Confirm))
        await shows(pilot, "Take laptop out of every circle?")
        assert scene.app.focused is scene.app.screen.query_one("#no")
        await pilot.press("right", "enter")
        await says(pilot, "laptop is being taken out of Hallway.")
        scene.town.settle()
        assert laptop.circle().left


async def test_a_no_gives_nothing() -> None:
    scene = Scene("Bo")
    laptop = scene.town.world.person("laptop")
    async with scene.app.run_test(size=(100, 30), notifications=True) as pilot:
        await shows(pilot, "Hallway")
        await write(pilot, scene.app, "/devices")
        await until(pilot, lambda: isinstance(scene.app.screen, DevicesDialog))
        await pilot.click("#all")
        await shows(pilot, "Good for one try, until")
        types_it(scene, laptop, code_on(scene))
        await shows(pilot, "asks to be a device of yours")
        await pilot.press("enter")
        await shows(pilot, "You said no. The other device was given nothing.")
        assert laptop.client.entries() == []


async def test_the_code_lives_as_long_as_the_dialog() -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=(100, 30), notifications=True) as pilot:
        await shows(pilot, "Hallway")
        for _ in range(2):
            await write(pilot, scene.app, "/devices")
            await until(pilot, lambda: isinstance(scene.app.screen, DevicesDialog))
            await pilot.click("#some")
            await shows(pilot, "Good for one try, until")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(scene.app.screen, Main))
        assert scene.ana.client._context.giver is None


async def test_wrong_words_are_said() -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=(100, 30), notifications=True) as pilot:
        await shows(pilot, "Hallway")
        await write(pilot, scene.app, "/devices")
        await until(pilot, lambda: isinstance(scene.app.screen, DevicesDialog))
        await pilot.click("#none")
        await shows(pilot, "Good for one try, until")
        plate = code_on(scene).split("-")[0]
        eve = scene.town.world.person("Eve")
        types_it(scene, eve, f"{plate}-tulip-violin")
        await shows(pilot, "The other device was not told these words.")


async def test_a_device_that_is_not_the_first_links_none_and_who_has_two_is_seen() -> None:
    scene = Scene("Bo")
    phone = scene.town.world.person("phone")
    links(scene.people[1], phone, label="phone")
    async with scene.app.run_test(size=(200, 60), notifications=True) as pilot:
        await shows(pilot, "Bo on Ana's code 2 devices: phone")
    scene.opening._person = phone
    other = type(scene.app)(scene.opening, remembered=scene.app._remembered, code="")
    async with other.run_test(size=(100, 30), notifications=True) as pilot:
        await shows(pilot, "Hallway")
        await write(pilot, other, "/devices")
        await until(pilot, lambda: isinstance(other.screen, DevicesDialog))
        await pilot.click("#none")
        await shows(pilot, "This is not your first device.")
        await pilot.press("enter")
        await hides(pilot, "This is not your first device.")
