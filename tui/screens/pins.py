"""What is pinned in a circle; Enter goes to where it was said."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.engine.events import Row
from tui.screens.dialog import Dialog, keys, safe, title
from tui.themes import hue

NONE = "Nothing is pinned here. P on a message pins it, for all."


class PinsDialog(Dialog[Row]):
    """Answers with the row to go to."""

    KIND = "pins"

    def __init__(self, circle: str, rows: list[Row]) -> None:
        super().__init__()
        self._circle = circle
        self._rows = rows

    def body(self) -> ComposeResult:
        """A line each, by when it was said."""
        yield title(("Pinned in ", "$muted"), safe(self._circle, "bold"))
        if not self._rows:
            yield Static(Content(NONE), classes="dim")
        else:
            yield OptionList(
                *(
                    Option(
                        Content.assemble(
                            safe(row.author, f"bold {hue(row.hue)}"), "  ",
                            safe(row.text.partition("\n")[0]),
                        )
                    )
                    for row in self._rows
                ),
                compact=True,
            )  # fmt: skip
        yield Static(keys(("enter", "go there"), ("esc", "close")), id="card-foot")

    def on_mount(self) -> None:
        """Ready to choose."""
        if self._rows:
            self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(self._rows[message.option_index])
