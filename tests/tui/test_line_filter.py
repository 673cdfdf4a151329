"""The last look at what is drawn."""

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.color import Color
from textual.widgets import Static

from tests.tui.screen_text import screen_text
from tui.line_filter import Backstop
from tui.safe_app import SafeApp

BLACK = Color(0, 0, 0)


def test_lines_that_are_fine_are_left_alone() -> None:
    line = [Segment("太好了 [bold]"), Segment("─" * 5, Style(bold=True))]
    assert Backstop().apply(line, BLACK) is line


@pytest.mark.parametrize("bad", ["\x1b[2J", "\x07", "\x9b31m", "\u202e", "\u2067", "\n", "\u2028"])
def test_what_steers_a_terminal_is_replaced(bad: str) -> None:
    style = Style(bold=True)
    (first, second) = Backstop().apply([Segment("ok", style), Segment(f"a{bad}", style)], BLACK)
    assert first.text == "ok"
    assert second.text == "a\ufffd" + bad[1:]
    assert second.style == style


class Careless(SafeApp):
    """A widget that was handed what it should not have been."""

    CSS_PATH: ClassVar[list[str | PurePath]] = []

    def compose(self) -> ComposeResult:
        yield Static("one\x1b[31m\u202etwo", markup=False)


async def test_every_widget_of_the_app_is_behind_it() -> None:
    app: App[None] = Careless()
    async with app.run_test(size=(40, 3)):
        assert "\ufffd" in screen_text(app)
        assert not {"\x1b", "\u202e"} & set(screen_text(app))
