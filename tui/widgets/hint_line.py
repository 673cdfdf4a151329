"""The line below the composer: what the keys do where the focus is, from the action table."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui.actions import Where, hints
from tui.keys import Keys
from tui.widgets.look import keys_of

GAP = 3


class HintLine(Static):
    """As many hints as have room, the nearest first; help stays to the last."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._where = Where.COMPOSER

    def show(self, where: Where) -> None:
        """The focus is there now."""
        if where is not self._where:
            self._where = where
            self._fill()

    def again(self) -> None:
        """The keys are others now."""
        self._fill()

    def on_resize(self) -> None:
        """There is more room, or less."""
        self._fill()

    def _fill(self) -> None:
        self.update(hint_content(self._where, self.size.width, keys_of(self)))


def hint_content(where: Where, width: int, bound: Keys) -> Content:
    """The hints that fit into `width` columns. Help is the last to go: it tells all the others, and
    how to end."""
    *others, last = [
        Content.assemble((bound.shown(action.name), "bold $accent"), (f" {action.label}", "$muted"))
        for action in hints(where)
    ]
    shown: list[Content] = []
    room = width - last.cell_length
    for hint in others:
        room -= hint.cell_length + GAP
        if room < 0:
            break
        shown.append(hint)
    return Content(" " * GAP).join([*shown, last]) if last.cell_length <= width else Content("")
