"""Drawn rows that are kept: as long as nothing about them changes, drawing is looking them up."""

from __future__ import annotations

from collections import OrderedDict

from textual.strip import Strip

from tui.widgets.layout import Entry
from tui.widgets.paint import Painter

MOST = 512
"""Rows whose strips are kept."""

_Key = tuple[int, bool, tuple[int, int] | None]


class Strips:
    """The least recently drawn rows go first. Whoever changes the look calls `clear`."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, list[Strip]] = OrderedDict()

    def of(
        self, painter: Painter, entry: Entry, here: bool, span: tuple[int, int] | None
    ) -> list[Strip]:
        """An entry's lines, drawn now or before."""
        key = (entry.serial, here, span)
        strips = self._kept.get(key)
        if strips is None:
            strips = self._kept[key] = painter.paint(entry, here, span)
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return strips

    def clear(self) -> None:
        """Everything has to be drawn anew."""
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)
