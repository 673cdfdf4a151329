"""What screens have in common: they are laid out for the terminal from the first frame on."""

from __future__ import annotations

import pytest
from textual.app import App

from tui.screens.dialog import Dialog
from tui.screens.room import NARROW, WIDE, RoomScreen


class Stage(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-medium"), (WIDE, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high")]


class Whole(RoomScreen[None]):
    first: tuple[str, ...] = ()

    def on_mount(self) -> None:
        self.first = tuple(sorted(self.classes))


class Card(Dialog[None]):
    first: tuple[str, ...] = ()

    def on_mount(self) -> None:
        self.first = tuple(sorted(self.classes))


@pytest.mark.parametrize(
    ("size", "classes"),
    [
        ((60, 20), ["-low", "-narrow"]),
        ((NARROW - 1, 23), ["-low", "-narrow"]),
        ((NARROW, 24), ["-high", "-medium"]),
        ((WIDE, 60), ["-high", "-wide"]),
    ],
)
@pytest.mark.parametrize("kind", [Whole, Card])
async def test_a_screen_knows_its_size_before_its_first_frame(
    kind: type[Whole] | type[Card], size: tuple[int, int], classes: list[str]
) -> None:
    app = Stage()
    async with app.run_test(size=size) as pilot:
        screen = kind()
        await app.push_screen(screen)
        assert screen.first == tuple(classes)
        await pilot.resize_terminal(NARROW, 24)
        await pilot.pause()
        assert sorted(screen.classes) == ["-high", "-medium"]
