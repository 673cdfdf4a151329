"""The line below a conversation whose end is out of view: there is more further down."""

from __future__ import annotations

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.actions import BY_NAME, shown_key
from tui.glyphs import Glyphs
from tui.keys import Keys


class Newer(Static):
    """Says it without a number, and goes there where it is clicked."""

    class Chosen(Message):
        """A person wants to go to the end."""

    def show(self, missed: bool, glyphs: Glyphs, keys: Keys) -> None:
        """`missed` says that something came in since the reader is further up."""
        self.update(newer_content(missed, glyphs, keys))

    def on_click(self) -> None:
        """Go there."""
        self.post_message(self.Chosen())


def newer_content(missed: bool, glyphs: Glyphs, keys: Keys) -> Content:
    """What the line says."""
    key = shown_key(keys.of(BY_NAME["last"])[-1])
    told = ("new messages have come in", "bold $accent") if missed else ("newer messages", "$muted")
    return Content.assemble(
        (f"{glyphs.down} ", "bold $accent"),
        told,
        "   ",
        (key, "bold $accent"),
        (" go there", "$muted"),
    )
