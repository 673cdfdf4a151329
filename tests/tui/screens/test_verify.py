"""Comparing words with a member, and the silence of a season."""

from __future__ import annotations

import pytest
from textual.widgets import Button

from crypto.comparing import comparison_words
from tests.tui.brisk import until
from tests.tui.hall import looks, says, shows
from tests.tui.screens.test_main import Scene, write
from tui.engine.commands import Verify
from tui.engine.facts import SEASON
from tui.screens.people import PeopleDialog
from tui.screens.verify import VerifyDialog

pytestmark = pytest.mark.slow  # every one is a whole app


def words(scene: Scene) -> tuple[str, ...]:
    """What Bo would read aloud."""
    circle = scene.people[1].circle().id
    keys = [one.id for one in scene.people[1].client.members(circle)]
    return comparison_words(*(bytes.fromhex(key) for key in (circle, *keys)))


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (200, 60)])
async def test_both_see_the_same_six_words(size: tuple[int, int]) -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "Hallway")
        await write(pilot, scene.app, "/verify bo")
        await until(pilot, lambda: isinstance(scene.app.screen, VerifyDialog))
        assert scene.app.focused is scene.app.screen.query_one("#later")
        for number, word in enumerate(words(scene), 1):
            await shows(pilot, f"{number} {word}")
        match = scene.app.screen.query_one("#match", Button)
        await until(pilot, lambda: not match.disabled)
        if size == (80, 24):
            await looks(pilot, "verify-80x24")
        await pilot.press("right", "enter")
        await until(pilot, lambda: not isinstance(scene.app.screen, VerifyDialog))
        circle = scene.ana.circle().id
        assert [one.verified for one in scene.ana.client.members(circle)] == [False, True]
        await write(pilot, scene.app, "/people")
        await until(pilot, lambda: isinstance(scene.app.screen, PeopleDialog))
        await shows(pilot, "◆ verified")


async def test_words_that_differ_are_a_warning() -> None:
    scene = Scene("Bo")
    scene.ana.do(Verify(member="Bo"))
    async with scene.app.run_test(size=(100, 30), notifications=True) as pilot:
        await shows(pilot, "Hallway")
        await write(pilot, scene.app, "/verify Bo")
        await shows(pilot, "You have verified them.")
        await pilot.press("left", "enter")
        await says(pilot, "Then somebody stands between you, or this is not Bo.")
        circle = scene.ana.circle().id
        assert not any(one.verified for one in scene.ana.client.members(circle))


async def test_nobody_and_oneself() -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=(100, 30), notifications=True) as pilot:
        await shows(pilot, "Hallway")
        await write(pilot, scene.app, "/verify")
        await says(pilot, "Whom? Name them: /verify NAME")
        await write(pilot, scene.app, "/verify Ana")
        await says(pilot, "Nobody compares words with themselves.")
        await write(pilot, scene.app, "/verify Zoe")
        await says(pilot, "There is nobody here who is called Zoe.")


async def test_a_season_of_silence_is_said_once_and_may_rest() -> None:
    scene = Scene("Bo")
    scene.says(scene.people[1], "hello")
    scene.town.world.now += SEASON
    async with scene.app.run_test(size=(100, 30), notifications=True) as pilot:
        await shows(pilot, "You and Bo last spoke here in October 2025. Say hello, or /rest")
        await write(pilot, scene.app, "/rest")
        await until(pilot, lambda: scene.ana.circle().silent_since == 0)
