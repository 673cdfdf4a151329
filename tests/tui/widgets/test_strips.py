"""Drawn rows that are kept."""

from __future__ import annotations

from datetime import UTC
from typing import cast

from textual.strip import Strip

from tests.tui.widgets.shelf import row
from tui.widgets.layout import Entry, Page, entry
from tui.widgets.paint import Painter
from tui.widgets.strips import MOST, Strips


class CountingPainter:
    """Draws nothing, and says how often it was asked."""

    def __init__(self) -> None:
        self.painted = 0

    def paint(self, entry: Entry, here: bool, span: tuple[int, int] | None) -> list[Strip]:
        self.painted += 1
        return [Strip.blank(4)]


def made(number: int) -> Entry:
    return entry(row(number), None, Page(40, UTC))


def test_the_same_is_drawn_once() -> None:
    painter, strips, one = CountingPainter(), Strips(), made(1)
    drawn = strips.of(cast(Painter, painter), one, False, None)
    assert strips.of(cast(Painter, painter), one, False, None) is drawn
    assert painter.painted == 1


def test_what_looks_different_is_drawn_again() -> None:
    painter, strips, one = CountingPainter(), Strips(), made(1)
    for here, span in ((False, None), (True, None), (False, (0, 3))):
        strips.of(cast(Painter, painter), one, here, span)
    assert painter.painted == 3
    strips.clear()
    strips.of(cast(Painter, painter), one, False, None)
    assert painter.painted == 4


def test_what_was_not_drawn_for_longest_goes() -> None:
    painter, strips = CountingPainter(), Strips()
    kept, gone = made(1), made(2)
    for one in (kept, gone):
        strips.of(cast(Painter, painter), one, False, None)
    for number in range(MOST - 1):
        strips.of(cast(Painter, painter), made(number), False, None)
        strips.of(cast(Painter, painter), kept, False, None)
    assert len(strips) == MOST
    painted = painter.painted
    strips.of(cast(Painter, painter), kept, False, None)
    assert painter.painted == painted
    strips.of(cast(Painter, painter), gone, False, None)
    assert painter.painted == painted + 1
