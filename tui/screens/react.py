"""Marking a message: an emoji, typed, picked, or found by its name."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from crypto.emoji import is_emoji
from tui import emoji_names
from tui.engine.events import Row
from tui.screens.dialog import Dialog, Field, keys, safe, title

SHOWN = 8


class ReactDialog(Dialog[str]):
    """Answers with one emoji; None for none. What is marked already is offered first."""

    KIND = "react"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "choose(1)", show=False),
        Binding("up", "choose(-1)", show=False),
    ]

    def __init__(self, row: Row) -> None:
        super().__init__()
        self._row = row
        marked = [reaction.what for reaction in row.reactions]
        self._usual = [*marked, *(one for one in emoji_names.USUAL if one not in marked)]

    def body(self) -> ComposeResult:
        """The message in a line, a field, what fits."""
        row = self._row
        yield title("Mark what ", safe(row.author, "bold"), " said")
        yield Static(safe(row.text.partition("\n")[0], "$muted"), classes="quoted")
        yield Field(placeholder="an emoji, or its name: heart", id="what", max_length=64)
        found = OptionList(id="found", compact=True)
        found.can_focus = False
        yield found
        yield Static(keys(("enter", "mark it"), ("↓", "choose"), ("esc", "close")), id="card-foot")

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one("#what").focus()
        self._offer("")

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        self._offer(message.value.strip())

    def _offer(self, typed: str) -> None:
        found = [("", one) for one in self._usual]
        if typed:
            found = emoji_names.beginning(typed, SHOWN)
        options = self.query_one(OptionList)
        options.clear_options()
        for name, character in found[:SHOWN]:
            by = next((one for one in self._row.reactions if one.what == character), None)
            note = "  takes yours back" if by is not None and by.mine else f"  {name}"
            options.add_option(
                Option(Content.assemble(safe(character), (note.rstrip(), "$muted")), id=character)
            )
        if found:
            options.highlighted = 0

    def action_choose(self, by: int) -> None:
        """Up or down in what was found, while one types."""
        options = self.query_one(OptionList)
        if by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        typed = message.value.strip()
        options = self.query_one(OptionList)
        if is_emoji(typed):
            self.dismiss(typed)
        elif options.highlighted is not None:
            self.dismiss(options.get_option_at_index(options.highlighted).id)

    @on(OptionList.OptionSelected)
    def _chosen(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(message.option.id)
