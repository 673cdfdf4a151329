"""Finding what was said, in all circles; Enter goes to where it was."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.engine.commands import Search
from tui.engine.events import Found, Refused, Row
from tui.safe_text import sanitise_line
from tui.screens.dialog import Dialog, Field, keys, safe, safe_sentences, title
from tui.screens.room import hall, read
from tui.themes import hue

SHOWN = 100
HOW = 'words, a "phrase", from:NAME in:CIRCLE before:2026-03-01 after:2026-01-31 has:link'
NONE = "Nothing was found."
BEFORE = 24
"""Characters that stand before what was found, in a long line."""


class SearchDialog(Dialog[Row]):
    """Answers with the row to go to."""

    KIND = "search"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "choose(1)", show=False),
        Binding("up", "choose(-1)", show=False),
    ]

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self._text = text
        self._rows: list[Row] = []

    def body(self) -> ComposeResult:
        """A field, and what was found."""
        yield title(("Search all circles", "bold"))
        yield Field(self._text, placeholder="what was said", id="text", max_length=400)
        yield Static(Content(HOW), id="said", classes="dim")
        found = OptionList(id="found", compact=True)
        found.can_focus = False
        yield found
        yield Static(
            keys(("enter", "go there"), ("↑ ↓", "choose"), ("esc", "close")), id="card-foot"
        )

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one("#text").focus()

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        self._look(message.value.strip())

    @work(exclusive=True)
    async def _look(self, text: str) -> None:
        said, options = self.query_one("#said", Static), self.query_one(OptionList)
        said.display = True
        if not text:
            self._rows = []
            options.clear_options()
            said.update(Content(HOW))
            return
        answer = await hall(self).ask(Search(text=text, limit=SHOWN))
        if isinstance(answer, Refused):
            said.update(safe_sentences(answer.sentence))
        elif isinstance(answer, Found):
            self._show(answer.rows, text)
            said.update(Content(NONE))
            said.display = not answer.rows

    def _show(self, rows: list[Row], text: str) -> None:
        names = {circle.id: circle.name for circle in read(self).circles()}
        options = self.query_one(OptionList)
        options.clear_options()
        self._rows = rows
        options.add_options([Option(_line(row, names.get(row.circle, ""), text)) for row in rows])
        if rows:
            options.highlighted = 0

    def action_choose(self, by: int) -> None:
        """Up or down in what was found, while one types."""
        options = self.query_one(OptionList)
        if by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    @on(Input.Submitted)
    def _entered(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is not None and at < len(self._rows):
            self.dismiss(self._rows[at])

    @on(OptionList.OptionSelected)
    def _chosen(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(self._rows[message.option_index])


def _line(row: Row, circle: str, text: str) -> Content:
    """A result: who, where, when, and the words around what was looked for."""
    when = datetime.fromtimestamp(row.at / 1000).astimezone().strftime("%d %b %Y")
    return Content.assemble(
        safe(row.author, f"bold {hue(row.hue)}"), "  ", safe(circle, "$muted"),
        (f"  {when}", "$muted"), "\n  ", _around(row.text, text),
    )  # fmt: skip


def _around(said: str, looked_for: str) -> Content:
    line = sanitise_line(" ".join(said.split()))
    words = [word.strip('"') for word in looked_for.split() if ":" not in word]
    folded = line.casefold()
    at = min((found for word in words if (found := folded.find(word.casefold())) >= 0), default=0)
    begin = max(0, at - BEFORE)
    return Content(("…" if begin else "") + line[begin:])
