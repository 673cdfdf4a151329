"""Asking before something that cannot be undone; the focus is on Cancel."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button

from tui.screens.dialog import Choice, Choices, Dialog, paragraph, title


class Confirm(Dialog[bool]):
    """`asked` is the question, `body` what follows from a yes; answers True for a yes alone."""

    def __init__(self, asked: Content, *body: Content | str, yes: str, no: str = "Cancel") -> None:
        super().__init__()
        self._asked = asked
        self._body = body
        self._yes = yes
        self._no = no

    def body(self) -> ComposeResult:
        """Question, consequences, two buttons."""
        yield title(self._asked)
        for text in self._body:
            yield paragraph(text, dim=True)
        with Choices(classes="choices"):
            yield Choice(self._no, id="no")
            yield Choice(self._yes, id="yes", destructive=True)

    def on_mount(self) -> None:
        """A key pressed too early does no harm."""
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_close(self) -> None:
        """Esc is a no."""
        self.dismiss(False)
