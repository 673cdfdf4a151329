"""The line above the composer: what is being answered or changed, and how to let go of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.engine.events import Row
from tui.glyphs import Glyphs
from tui.safe_text import sanitise_line
from tui.themes import hue


class Deed(StrEnum):
    """What Enter does with what is written."""

    ANSWER = "answer"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class About:
    """A message that what is written is about; `before` is what stood in the composer."""

    deed: Deed
    row: Row
    before: str = ""


class AboutLine(Static):
    """Not there while nothing is being answered or changed."""

    class LetGo(Message):
        """A person clicked it away."""

    def show(self, about: About | None, glyphs: Glyphs) -> None:
        """Say what it is about."""
        self.display = about is not None
        if about is not None:
            self.update(about_content(about, glyphs))

    def on_click(self) -> None:
        """Let go."""
        self.post_message(self.LetGo())


def about_content(about: About, glyphs: Glyphs) -> Content:
    """Its one line: whose words, their beginning, and the key."""
    row = about.row
    whose = (
        Content.styled("changing ", "$muted")
        if about.deed is Deed.CHANGE
        else Content.assemble((f"{sanitise_line(row.author)}: ", f"bold {hue(row.hue)}"))
    )
    first = sanitise_line(row.text.partition("\n")[0])
    return Content.assemble(
        (f"{glyphs.quote} ", "$muted"), ("esc", "bold $accent"), (" lets go   ", "$muted"),
        whose, (first, "$muted"),
    )  # fmt: skip
