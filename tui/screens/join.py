"""Coming in, first half: a code is typed or pasted, and its card fetched."""

from __future__ import annotations

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui.engine.commands import ReadCode
from tui.engine.events import CardRead, Refused
from tui.screens.code_field import CodeField
from tui.screens.dialog import (
    Choice,
    Choices,
    Dialog,
    keys,
    paragraph,
    safe_sentences,
    title,
)
from tui.screens.room import hall

CODE_LONGEST = 1024


class Join(Dialog[None]):
    """Makes room for the card of the code.

    :param code: one that was given with the command.
    :param person: what this person is called as a rule.
    """

    KIND = "join"

    def __init__(self, code: str = "", person: str = "") -> None:
        super().__init__()
        self._code = code
        self._person = person
        self._reading = False

    def body(self) -> ComposeResult:
        """A field, what is wrong with what stands in it, two buttons."""
        yield title("Come in with a code")
        yield paragraph(
            "Three words that somebody told you, or the code, the link or the fourteen words that "
            "they sent.",
            dim=True,
        )
        yield CodeField(
            self._code,
            placeholder="walrus-tulip-violin",
            id="code",
            max_length=CODE_LONGEST,
        )
        yield Static(keys(("tab", "completes a word"), ("enter", "reads the code")), id="said")
        with Choices(classes="choices"):
            yield Choice("Read the code", id="read")
            yield Choice("Cancel", id="cancel")

    def on_mount(self) -> None:
        """A code that came with the command is read at once."""
        self.query_one("#code").focus()
        if self._code:
            self._begin()

    def say(self, sentence: str | Content, *, wrong: bool = False) -> None:
        """A sentence below the field."""
        said = self.query_one("#said", Static)
        said.set_class(wrong, "wrong")
        said.update(safe_sentences(sentence) if isinstance(sentence, str) else sentence)

    @on(CodeField.Completions)
    def _completions(self, message: CodeField.Completions) -> None:
        self.say(" ".join(message.words))

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#read")
    @on(Input.Submitted, "#code")
    def _begin(self) -> None:
        if not self._reading:
            self._reading = True
            self.read_card(self.query_one("#code", Input).value)

    @work
    async def read_card(self, code: str) -> None:
        """Fetch the card; a typo is named before anybody is asked."""
        self.say("Reading the card…")
        try:
            answer = await hall(self).ask(ReadCode(code=code))
        finally:
            self._reading = False
        if isinstance(answer, CardRead):
            hall(self).show_card(answer, self._person)
        elif isinstance(answer, Refused):
            self.say(answer.sentence, wrong=True)
            self.query_one("#code").focus()
