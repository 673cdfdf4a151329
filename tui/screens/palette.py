"""Finding anything that can be done by a few letters of its name, its command or its help."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.fuzzy import Matcher
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.actions import ACTIONS, Action
from tui.keys import Keys
from tui.screens.dialog import Dialog, Field, title
from tui.screens.room import hall

KEY, COMMAND = 11, 15
NOT_LISTED = {"palette", "send", "complete", "new_line"}
"""What is done already, or only means anything while one types."""


class Palette(Dialog[str]):
    """Answers with the name of an action."""

    KIND = "palette"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
    ]

    def __init__(self, sought: str = "") -> None:
        super().__init__()
        self._first = sought

    def body(self) -> ComposeResult:
        """A field above a list."""
        yield title("Do")
        yield Field(self._first, placeholder="what you want to do", id="sought")
        yield OptionList(*self._options(self._first), id="found", compact=True)

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one("#sought").focus()
        self.query_one("#found", OptionList).highlighted = 0

    def _options(self, sought: str) -> list[Option]:
        keys = hall(self).appearance.keys
        return [Option(_line(action, keys), id=action.name) for action in matching(sought)]

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
    def _do(self) -> None:
        found = self.query_one("#found", OptionList)
        if found.highlighted is not None:
            self.dismiss(found.get_option_at_index(found.highlighted).id)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)


def matching(sought: str) -> list[Action]:
    """The actions that fit some letters, the best first; all of them for none."""
    listed = [action for action in ACTIONS if action.name not in NOT_LISTED]
    if not sought:
        return listed
    matcher = Matcher(sought)
    scored = [
        (max(matcher.match(action.command[1:]), matcher.match(action.label)) * 2, action)
        if matcher.match(action.command[1:]) or matcher.match(action.label)
        else (float(sought.casefold() in action.help.casefold()), action)
        for action in listed
    ]
    found = [pair for pair in scored if pair[0] > 0]
    return [action for _, action in sorted(found, key=lambda pair: -pair[0])]


def _line(action: Action, keys: Keys) -> Content:
    return Content.assemble(
        (f"{keys.shown(action.name):<{KEY}}", "bold $accent"),
        (f"{action.command:<{COMMAND}}", "$secondary"),
        action.help,
    )
