"""Who is here, who is writing, who read what: on the screen, where the circle shows it."""

from __future__ import annotations

import pytest

from tests.tui.brisk import until
from tests.tui.hall import hides, shows
from tests.tui.screens.test_main import Scene, write
from tui.app import HERE_AFTER, HERE_TOLD
from tui.engine import commands
from tui.engine.commands import Attend
from tui.widgets.composer import Composer

pytestmark = pytest.mark.slow  # every one is a whole app


def shown(*, presence: bool = True, heard: bool = True) -> Scene:
    scene = Scene("Bo")
    scene.ana.do(commands.ChangeSettings(presence=presence, heard=heard))
    scene.town.settle()
    return scene


def attended(scene: Scene) -> list[Attend]:
    (engine,) = scene.town.screens
    return [asked for asked in engine.asked if isinstance(asked, Attend)]


async def test_who_writes_stands_below_and_who_heard_it_under_the_message() -> None:
    scene = shown()
    bo = scene.people[1]
    async with scene.app.run_test(size=(170, 40)) as pilot:
        await shows(pilot, "connected", "Bo away")
        await write(pilot, scene.app, "hello")
        await until(pilot, lambda: bo.texts() == ["Ana: hello"])
        bo.do(commands.Attend(writing=bo.circle().id))
        scene.town.settle()
        await shows(pilot, "Bo is writing", "Bo writing")
        bo.do(commands.MarkRead(position=bo.rows()[-1].position))
        scene.town.world.now += 2_000
        scene.town.settle()
        await shows(pilot, "heard by Bo")
        scene.town.world.wait(20_000)
        scene.town.settle()
        await hides(pilot, "Bo is writing")
        await shows(pilot, "Bo here")


async def test_whoever_types_is_seen_to() -> None:
    scene = shown()
    circle = scene.ana.circle().id
    async with scene.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "connected")
        await pilot.press("h", "i")
        await until(pilot, lambda: [one.writing for one in attended(scene)] == ["", circle])
        await pilot.press("!")
        assert len(attended(scene)) == 2, "once in a few seconds"
        await pilot.press("enter")
        await until(pilot, lambda: [one.writing for one in attended(scene)] == ["", circle, ""])
        scene.town.world.now += (HERE_TOLD + 1) * 1000
        scene.app.still_here()
        await until(pilot, lambda: len(attended(scene)) == 4)
        scene.town.world.now += HERE_AFTER * 1000
        scene.app.still_here()
        await pilot.pause()
        assert len(attended(scene)) == 4, "nobody has touched anything for a while"


async def test_nothing_is_told_where_it_is_off() -> None:
    scene = shown(presence=False, heard=False)
    async with scene.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "connected")
        await pilot.press("h", "i")
        await until(pilot, lambda: scene.app.screen.query_one(Composer).text == "hi")
        await write(pilot, scene.app, "hi")
        await until(pilot, lambda: scene.people[1].texts() == ["Ana: hi"])
        assert attended(scene) == []
