"""Rows of two columns: a label of a fixed width, and what it says, which wraps beside it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.widgets.wrap import wrap

Pair = tuple[Content, Content]
LEAST = 8
"""Cells of the second column at least, however narrow the window."""


class Columns(Widget):
    """As high as its rows, laid out for the width that it has."""

    DEFAULT_CSS = "Columns { height: auto; width: 1fr; }"

    def __init__(self, pairs: Sequence[Pair] = (), *, label: int, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pairs = pairs
        self._label = label

    def show(self, pairs: Sequence[Pair]) -> None:
        """Other rows."""
        self._pairs = pairs
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Lines."""
        return len(columns(self._pairs, self._label, width))

    def render(self) -> Content:
        """The rows."""
        return Content("\n").join(columns(self._pairs, self._label, self.size.width))


def columns(pairs: Sequence[Pair], label: int, width: int) -> list[Content]:
    """The lines of the rows in `width` cells, of which the labels take `label`."""
    lines: list[Content] = []
    for name, says in pairs:
        beside = name.pad_right(max(0, label - name.cell_length))
        for start, end in wrap(says.plain, max(LEAST, width - label)):
            lines.append(Content.assemble(beside, says[start:end]))
            beside = Content(" " * label)
    return lines
