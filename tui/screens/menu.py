"""Everything that can be done with one message, and what it has been before."""

from __future__ import annotations

from datetime import datetime

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.actions import BY_NAME
from tui.engine.commands import ListEdits
from tui.engine.events import Edits, Row, RowKind
from tui.safe_text import sanitise_block
from tui.screens.dialog import Dialog, keys, safe, title
from tui.screens.room import hall
from tui.screens.words import time_left

EDITS_MOST = 20
"""Of a message's former texts, the newest."""


class MessageMenu(Dialog[str]):
    """Answers with the name of an action; None for none."""

    KIND = "menu"

    def __init__(self, row: Row, actions: list[str]) -> None:
        super().__init__()
        self._row = row
        self._actions = actions

    def body(self) -> ComposeResult:
        """The message, its marks, what can be done."""
        row, bound = self._row, hall(self).appearance.keys
        yield title(safe(row.author, "bold"), (f"  {_when(row.at)}", "$muted"))
        yield Static(Content(sanitise_block(row.text)), classes="quoted")
        for reaction in row.reactions:
            names = Content(", ").join(safe(name) for name in reaction.names)
            yield Static(Content.assemble(safe(reaction.what), " ", names), classes="dim")
        if row.goes_at:
            left = time_left(max(0, row.goes_at - hall(self).now()))
            yield Static(Content(f"It goes from every device: {left}."), classes="dim")
        yield Static(id="edits", classes="dim")
        yield OptionList(
            *(
                Option(
                    Content.assemble(
                        (f"{bound.shown(name):<7}", "bold $accent"), BY_NAME[name].help
                    ),
                    id=name,
                )
                for name in self._actions
            ),
            compact=True,
        )
        yield Static(keys(("enter", "do it"), ("esc", "close")), id="card-foot")

    def on_mount(self) -> None:
        """Ready to choose."""
        self.query_one(OptionList).focus()
        self.query_one("#edits").display = False
        if self._row.edited and self._row.kind is RowKind.TEXT:
            self._read_edits()

    @work
    async def _read_edits(self) -> None:
        answer = await hall(self).ask(ListEdits(circle=self._row.circle, id=self._row.id))
        if isinstance(answer, Edits):
            said = [
                Content.assemble((f"{_when(edit.at)}  ", "$muted"), sanitise_block(edit.text))
                for edit in answer.edits[-EDITS_MOST:]
            ]
            edits = self.query_one("#edits", Static)
            edits.display = True
            edits.update(Content("\n").join([Content("It has said:"), *said]))

    @on(OptionList.OptionSelected)
    def _chosen(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(message.option.id)


def _when(at: int) -> str:
    return datetime.fromtimestamp(at / 1000).astimezone().strftime("%A %d %B %Y, %H:%M")
