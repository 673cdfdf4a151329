"""Files at the screens: sent by a path, followed in their line, put on this computer."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from textual.pilot import Pilot
from textual.widgets import OptionList

from tests.tui.brisk import until
from tests.tui.engine.filing import attaches, some, way
from tests.tui.hall import flat, says, shows
from tests.tui.screens.test_main import Scene, write
from tui.app import HallwayApp
from tui.picture import Picture
from tui.screens.file_actions import FETCHING_TO_SHOW, HERE_NOW, NO_FILE, WHICH_FILE
from tui.screens.help import Help
from tui.screens.menu import MessageMenu
from tui.screens.picture import PictureDialog, Points
from tui.widgets.composer import Composer
from tui.widgets.conversation import Conversation

pytestmark = pytest.mark.slow  # every one is a whole app

SIZE = (100, 30)


def sent_to(scene: Scene, data: bytes, name: str = "tea.jpg") -> str:
    """A file that Bo has sent to Ana."""
    id = attaches(scene.people[1], data, name)
    scene.town.world.settle(wait=60_000)
    scene.town.settle()
    return id


async def on_last(pilot: Pilot[None], app: HallwayApp) -> None:
    await pilot.press("escape")
    await until(pilot, lambda: app.screen.query_one(Conversation).has_focus)


async def test_a_file_is_sent_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "tea cake.jpg").write_bytes(some(70_000))
    scene = Scene("Bo")
    async with scene.app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "connected")
        await write(pilot, scene.app, f"/file {tmp_path}/tea cake.jpg")
        await shows(pilot, "a file: tea cake.jpg (70 kB)")
        await until(pilot, lambda: settled(scene) and len(bos(scene)) == 1)
        assert bos(scene) == ["a file: tea cake.jpg (70 kB)"]


def settled(scene: Scene) -> bool:
    scene.town.settle()
    return True


def bos(scene: Scene) -> list[str]:
    return [row.text for row in scene.people[1].rows() if row.author]


async def test_a_path_is_completed(tmp_path: Path) -> None:
    (tmp_path / "tea:heart.jpg").write_bytes(b"x")
    scene = Scene("Bo")
    async with scene.app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "connected")
        composer = scene.app.screen.query_one(Composer)
        composer.put(f"/file {tmp_path}/t")
        await pilot.press("e")
        await until(pilot, lambda: composer.suggestion == "a:heart.jpg")
        await pilot.press("tab")
        await until(pilot, lambda: composer.text == f"/file {tmp_path}/tea:heart.jpg")


async def test_how_far_it_is_stands_in_its_line() -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "connected")
        scene.ana.offline = True
        scene.town.settle()
        id = attaches(scene.ana, some(200_000))
        scene.town.world.now += 5_000
        scene.town.settle()
        await shows(pilot, "a file: tea.jpg (200 kB) [..........] 0 %")
        assert way(scene.ana, id) == ("up", 0)


async def test_what_is_not_here_is_fetched_and_put_where_it_is_wanted(tmp_path: Path) -> None:
    scene = Scene("Bo")
    sent_to(scene, some(150_000))
    async with scene.app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "a file: tea.jpg (150 kB)")
        await write(pilot, scene.app, f"/save {tmp_path}")
        target = tmp_path / "tea.jpg"
        await until(pilot, lambda: settled(scene) and target.exists())
        await says(pilot, "It is in")
        assert target.read_bytes() == some(150_000)
        await write(pilot, scene.app, f"/save {tmp_path}/other")
        await until(pilot, lambda: (tmp_path / "other").exists())
        await write(pilot, scene.app, f"/save {tmp_path}/other")
        await says(pilot, "is there already")


async def test_the_menu_offers_to_save_it() -> None:
    scene = Scene("Bo")
    sent_to(scene, b"x")
    async with scene.app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "a file: tea.jpg (1 byte)")
        await on_last(pilot, scene.app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(scene.app.screen, MessageMenu))
        options = scene.app.screen.query_one(OptionList)
        names = [options.get_option_at_index(at).id for at in range(options.option_count)]
        assert names[:2] == ["view", "save"] and "edit" not in names


async def test_what_can_not_be_is_said(tmp_path: Path) -> None:
    scene = Scene("Bo")
    scene.says(scene.people[1], "hello")
    async with scene.app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "hello")
        await write(pilot, scene.app, "/file")
        await says(pilot, WHICH_FILE)
        await write(pilot, scene.app, "/save")
        await says(pilot, NO_FILE)
        await write(pilot, scene.app, f"/file {tmp_path}/none")
        await says(pilot, "can't be read")


async def test_a_relay_that_lost_it_is_named(tmp_path: Path) -> None:
    scene = Scene("Bo")
    sent_to(scene, b"x")
    for shelf in scene.town.world.store.shelves.values():
        shelf.blobs.clear()
    async with scene.app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "a file: tea.jpg (1 byte)")
        await write(pilot, scene.app, f"/save {tmp_path}")
        await until(pilot, lambda: settled(scene) and "does not have this file" in flat(pilot))
        assert not (tmp_path / "tea.jpg").exists()


def drawn(color: tuple[int, int, int]) -> bytes:
    made = BytesIO()
    Image.new("RGB", (40, 20), color).save(made, "PNG")
    return made.getvalue()


async def test_a_picture_is_shown_when_one_asks_for_it() -> None:
    scene = Scene("Bo")
    sent_to(scene, drawn((255, 0, 0)), "red.png")
    async with scene.app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "a file: red.png")
        await on_last(pilot, scene.app)
        await pilot.press("v")
        await until(pilot, lambda: settled(scene) and isinstance(scene.app.screen, PictureDialog))
        points = scene.app.screen.query_one(Points)
        await until(pilot, lambda: points.size.height == 10)
        first = next(iter(points.render_line(0)))
        assert first.text == "▀" and first.style is not None
        assert first.style.color is not None and first.style.bgcolor is not None
        assert first.style.color.triplet == first.style.bgcolor.triplet == (255, 0, 0)
        await shows(pilot, "red.png", "esc close")
        await pilot.press("escape")
        await until(pilot, lambda: scene.app.screen.query_one(Conversation).has_focus)


async def test_a_picture_that_comes_late_does_not_come_up() -> None:
    scene = Scene("Bo")
    sent_to(scene, drawn((0, 255, 0)) + some(200_000), "green.png")
    async with scene.app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "a file: green.png")
        await write(pilot, scene.app, "/view")
        await says(pilot, FETCHING_TO_SHOW)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(scene.app.screen, Help))
        await until(pilot, lambda: settled(scene) and HERE_NOW in flat(pilot))
        assert isinstance(scene.app.screen, Help)


async def test_what_is_no_picture_is_said() -> None:
    scene = Scene("Bo")
    sent_to(scene, b"no picture", "odd.png")
    async with scene.app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "a file: odd.png")
        await write(pilot, scene.app, "/view")
        await until(pilot, lambda: settled(scene) and "This is no picture" in flat(pilot))


def test_without_half_cells_a_cell_is_one_colour() -> None:
    shown = Points(Picture(1, 1, bytes((1, 2, 3))), halves=False)
    (cell,) = shown.render_line(0)
    assert cell.text == " " and cell.style is not None and cell.style.bgcolor is not None
    assert cell.style.bgcolor.triplet == (1, 2, 3)
