"""A picture, two points a cell, one above the other."""

from __future__ import annotations

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tui.picture import Picture
from tui.screens.dialog import Dialog, keys, safe, title

AROUND = (8, 8)
"""Columns and lines of a dialog that are not the picture's."""

UPPER, GROUND = "▀", " "


class Points(Widget):
    """The picture itself; where half a cell can't be drawn, a cell has the upper point's colour."""

    def __init__(self, picture: Picture, halves: bool) -> None:
        super().__init__()
        self._picture = picture
        self._halves = halves
        self.styles.width = picture.columns
        self.styles.height = (picture.rows + 1) // 2

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """As many cells as points."""
        return self._picture.columns

    def render_line(self, y: int) -> Strip:
        """Two rows of points."""
        if 2 * y >= self._picture.rows:
            return Strip.blank(self.size.width)
        cells = [self._cell(column, y) for column in range(self._picture.columns)]
        return Strip(cells, self._picture.columns)

    def _cell(self, column: int, y: int) -> Segment:
        upper = Color.from_rgb(*self._picture.at(column, 2 * y))
        if not self._halves:
            return Segment(GROUND, Style(bgcolor=upper))
        lower = Color.from_rgb(*self._picture.at(column, 2 * y + 1))
        return Segment(UPPER, Style(color=upper, bgcolor=lower))


class PictureDialog(Dialog[None]):
    """A picture with its name."""

    KIND = "picture"

    def __init__(self, name: str, picture: Picture, halves: bool) -> None:
        super().__init__()
        self._called = name
        self._picture = picture
        self._halves = halves

    def body(self) -> ComposeResult:
        """Its name, the picture, the way back."""
        yield title(safe(self._called, "bold"))
        yield Points(self._picture, self._halves)
        yield Static(keys(("esc", "close")), id="card-foot")
