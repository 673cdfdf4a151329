"""Setting, changing or taking away the passphrase of the profile that is open."""

from __future__ import annotations

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui.screens.dialog import Choice, Choices, Dialog, Field, paragraph, safe_sentences, title
from tui.screens.room import hall
from tui.screens.unlock import LONGEST

FORGOTTEN = "Nobody can bring back what it protects if you forget it."
NOT_THE_SAME = "These were not the same. Nothing has changed."
NOT_EMPTY = "A passphrase has at least one character."
SET = "From now on this profile opens with its passphrase alone."
GONE = "The passphrase is gone. The key lies beside the database now, for your user alone."


class PassphraseDialog(Dialog[None]):
    """The one until now, where there is one; twice the new one."""

    KIND = "passphrase"

    def __init__(self) -> None:
        super().__init__()
        self._trying = False

    def body(self) -> ComposeResult:
        """Fields that show nothing, and what is wrong with what was typed."""
        there = hall(self).has_passphrase
        yield title(("Another passphrase" if there else "A passphrase for this profile", "bold"))
        if there:
            yield Static(Content("Until now"), classes="label")
            yield Field(password=True, id="old", max_length=LONGEST)
        yield Static(Content("From now on"), classes="label")
        yield Field(password=True, id="new", max_length=LONGEST)
        yield Static(Content("Once more"), classes="label")
        yield Field(password=True, id="again", max_length=LONGEST)
        yield paragraph(FORGOTTEN, id="said", dim=True)
        with Choices(classes="choices"):
            yield Choice("Set it", id="set")
            if there:
                yield Choice("Take it away", id="away", destructive=True)
            yield Choice("Cancel", id="no")

    def on_mount(self) -> None:
        """Ready to type."""
        self.query(Field).first().focus()

    def _typed(self, name: str) -> str:
        found = self.query(f"#{name}").results(Input)
        return next((field.value for field in found), "")

    @on(Button.Pressed, "#no")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        if event.input.id == "again":
            self._given()
        else:
            self.focus_next(Field)

    @on(Button.Pressed, "#set")
    def _given(self) -> None:
        new = self._typed("new")
        if not new:
            self.say(NOT_EMPTY, wrong=True)
        elif new != self._typed("again"):
            self.say(NOT_THE_SAME, wrong=True)
        else:
            self.attempt(new)

    @on(Button.Pressed, "#away")
    def _taken_away(self) -> None:
        self.attempt("")

    @work(exclusive=True)
    async def attempt(self, new: str) -> None:
        """Exchange it; a wrong one is taken out of its field."""
        if self._trying:
            return
        self._trying = True
        self.say("One moment…")
        try:
            wrong = await hall(self).protect(self._typed("old"), new)
        finally:
            self._trying = False
        if wrong:
            self.say(wrong, wrong=True)
            first = self.query(Field).first()
            first.value = ""
            first.focus()
        else:
            hall(self).say(SET if new else GONE)
            self.dismiss(None)

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """A sentence below the fields."""
        said = self.query_one("#said", Static)
        said.set_class(wrong, "wrong")
        said.update(safe_sentences(sentence))
