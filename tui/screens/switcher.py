"""Going to another circle: type a part of its name, or go down the list."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.engine.events import CircleFacts
from tui.screens.dialog import Dialog, Field, safe, title

HERE = "▎"
NEW, JOIN = "new", "join"


class Switcher(Dialog[str]):
    """Answers with a circle's id, or with NEW or JOIN."""

    KIND = "switcher"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
    ]

    def __init__(self, circles: list[CircleFacts], current: str) -> None:
        super().__init__()
        self._circles = circles
        self._current = current

    def body(self) -> ComposeResult:
        """A field above a list."""
        yield title("Go to")
        yield Field(placeholder="a circle's name", id="sought")
        yield OptionList(*self._options(""), id="found", compact=True)

    def on_mount(self) -> None:
        """The first that has news is where one most likely wants to go."""
        self.query_one("#sought").focus()
        news = [
            at
            for at, circle in enumerate(self._circles)
            if circle.news and circle.id != self._current
        ]
        self.query_one("#found", OptionList).highlighted = news[0] if news else 0

    def _options(self, sought: str) -> list[Option]:
        found = [
            Option(self._line(circle), id=circle.id)
            for circle in self._circles
            if sought.casefold() in circle.name.casefold()
        ]
        plus = Content.assemble(("+ ", "bold $accent"), ("open a circle", "$muted"))
        join = Content.assemble(("# ", "bold $accent"), ("come in with a code", "$muted"))
        return [*found, Option(plus, id=NEW), Option(join, id=JOIN)]

    def _line(self, circle: CircleFacts) -> Content:
        here = circle.id == self._current
        style = "bold $foreground" if here or circle.news else "$muted"
        parts: list[Content | tuple[str, str]] = [
            (f"{HERE} " if here else "  ", "$accent"),
            safe(circle.name, style),
        ]
        if circle.mentioned:
            parts.append(("  you are named", "bold $accent"))
        elif circle.news:
            parts.append(("  news", "bold $secondary"))
        if circle.left:
            parts.append(("  left", "$muted"))
        return Content.assemble(*parts)

    @on(Input.Changed)
    def _sought(self, event: Input.Changed) -> None:
        found = self.query_one("#found", OptionList)
        found.clear_options()
        found.add_options(self._options(event.value.strip()))
        found.highlighted = 0

    def action_move(self, by: int) -> None:
        """Down or up in the list, while the field keeps the focus."""
        found = self.query_one("#found", OptionList)
        if found.option_count:
            found.highlighted = ((found.highlighted or 0) + by) % found.option_count

    @on(Input.Submitted)
    def _go(self) -> None:
        found = self.query_one("#found", OptionList)
        if found.highlighted is not None:
            self.dismiss(found.get_option_at_index(found.highlighted).id)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)
