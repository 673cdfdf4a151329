"""A profile that its passphrase opens: the first thing that is shown of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Button, Input, Static

from tui.screens.dialog import (
    Choice,
    Choices,
    Dialog,
    Field,
    keys,
    paragraph,
    safe_sentences,
    title,
)

LONGEST = 1024
NOBODY_ELSE = "Only its passphrase opens it, and nobody can bring that back."


class Unlock(Dialog[bool]):
    """Answers True once the passphrase was right, False where it is left.

    :param unlock: tries a passphrase; what is wrong with it, or an empty text.
    """

    KIND = "unlock"

    def __init__(self, unlock: Callable[[str], Awaitable[str]]) -> None:
        super().__init__()
        self._unlock = unlock
        self._trying = False

    def body(self) -> ComposeResult:
        """A field that shows nothing, what is wrong with what was typed, two buttons."""
        yield title(("This profile is locked", "bold"))
        yield paragraph(NOBODY_ELSE, dim=True)
        yield Field(placeholder="passphrase", password=True, id="passphrase", max_length=LONGEST)
        yield Static(keys(("enter", "opens it"), ("esc", "ends Hallway")), id="said")
        with Choices(classes="choices"):
            yield Choice("Open it", id="open")
            yield Choice("Quit", id="quit")

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one("#passphrase").focus()

    @on(Button.Pressed, "#quit")
    def action_close(self) -> None:
        """Leave it locked."""
        self.dismiss(False)

    @on(Button.Pressed, "#open")
    @on(Input.Submitted)
    def _given(self) -> None:
        if not self._trying:
            self._trying = True
            self.attempt(self.query_one("#passphrase", Input).value)

    @work
    async def attempt(self, passphrase: str) -> None:
        """Try it; a wrong one is taken out of the field."""
        self.say("One moment…")
        try:
            wrong = await self._unlock(passphrase)
        finally:
            self._trying = False
        field = self.query_one("#passphrase", Input)
        field.value = ""
        if wrong:
            self.say(wrong, wrong=True)
            field.focus()
        else:
            self.dismiss(True)

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """A sentence below the field."""
        said = self.query_one("#said", Static)
        said.set_class(wrong, "wrong")
        said.update(safe_sentences(sentence))
