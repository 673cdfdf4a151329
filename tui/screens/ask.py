"""One question with one line for its answer: another name, a topic, a circle's name."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Input

from tui.screens.dialog import Choice, Choices, Dialog, Field, paragraph, title


class Ask(Dialog[str]):
    """Answers with the line, tidied of spaces at its ends; None where nothing was changed."""

    def __init__(
        self, asked: Content, *, value: str, yes: str, note: str = "", longest: int = 64
    ) -> None:
        super().__init__()
        self._asked = asked
        self._value = value
        self._yes = yes
        self._note = note
        self._longest = longest

    def body(self) -> ComposeResult:
        """Question, line, two buttons."""
        yield title(self._asked)
        yield Field(self._value, id="line", max_length=self._longest)
        if self._note:
            yield paragraph(self._note, dim=True)
        with Choices(classes="choices"):
            yield Choice(self._yes, id="yes")
            yield Choice("Cancel", id="no")

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one("#line").focus()

    @on(Button.Pressed, "#no")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#yes")
    @on(Input.Submitted)
    def _answered(self) -> None:
        line = self.query_one("#line", Input).value.strip()
        self.dismiss(line if line != self._value.strip() else None)
