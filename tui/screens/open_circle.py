"""Opening one more circle: its name, one's own name there, and how many chairs."""

from __future__ import annotations

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui.engine.commands import OpenCircle
from tui.engine.events import NO_TOKEN, CircleOpened, Refused
from tui.screens.dialog import Choice, Choices, Dialog, Field, paragraph, safe_sentences, title
from tui.screens.room import NoRelayError, hall

CAP, CAP_LEAST, CAP_MOST = 8, 2, 50
CAP_SENTENCE = f"A circle has {CAP_LEAST} to {CAP_MOST} chairs."
TOKEN_LABEL = "The token that the relay's operator gave you:"  # noqa: S105 - a label
RELAY_LABEL = "At which relay? The address that its operator gave you, pin and all:"
USUAL = "the usual one"
CAP_NOTE = "The number of chairs can be lowered later, never raised. Only they count here."


class OpenCircleDialog(Dialog[str]):
    """Answers with the new circle's id."""

    def __init__(self, person: str = "", circle: str = "", wanted: str = "") -> None:
        """`wanted`: what the relay says that wants a token, where it has been asked already."""
        super().__init__()
        self._person, self._circle, self._wanted = person, circle, wanted
        self._opening = False

    def body(self) -> ComposeResult:
        """Four fields, and where the relay wants a token a fifth; two buttons."""
        yield title("Open a circle")
        yield Static(Content("What is it called?"), classes="label")
        yield Field(self._circle, id="circle", placeholder="Kitchen table", max_length=64)
        yield Static(Content("What should they call you there?"), classes="label")
        yield Field(self._person, id="person", max_length=64)
        yield Static(Content("How many chairs?"), classes="label")
        yield Field(str(CAP), id="cap", type="integer", max_length=2)
        yield Static(Content(RELAY_LABEL), classes="label")
        yield Field(id="relay", placeholder=USUAL)
        yield Static(Content(TOKEN_LABEL), id="token-label", classes="label")
        yield Field(id="token")
        yield paragraph(CAP_NOTE, id="said", dim=True)
        with Choices(classes="choices"):
            yield Choice("Open it", id="open")
            yield Choice("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Ready to type."""
        self._show_token(bool(self._wanted))
        if self._wanted:
            self.say(self._wanted, wrong=True)

    def _show_token(self, wanted: bool) -> None:
        for name in ("#token-label", "#token"):
            self.query_one(name).display = wanted
        self.query_one("#token" if wanted else "#circle").focus()

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """A sentence above the buttons."""
        said = self.query_one("#said", Static)
        said.set_class(wrong, "wrong")
        said.update(safe_sentences(sentence))

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#open")
    @on(Input.Submitted)
    def _begin(self) -> None:
        fields = {field.id: field.value.strip() for field in self.query(Input)}
        missing = next((name for name in ("circle", "person", "cap") if not fields[name]), None)
        if missing is not None:
            self.query_one(f"#{missing}").focus()
        elif not CAP_LEAST <= int(fields["cap"]) <= CAP_MOST:
            self.say(CAP_SENTENCE, wrong=True)
            self.query_one("#cap").focus()
        elif not self._opening:
            self._opening = True
            token = fields["token"] or None
            self.open_circle(
                fields["circle"], fields["person"], int(fields["cap"]), token, fields["relay"]
            )

    @work
    async def open_circle(
        self, name: str, person: str, cap: int, token: str | None, relay: str
    ) -> None:
        """Ask the relay for it, the usual one where none is named."""
        self.say("Opening it on the relay…")
        try:
            relay = relay or await hall(self).relay()
            command = OpenCircle(name=name, person=person, relay=relay, cap=cap, token=token)
            answer = await hall(self).ask(command)
        except NoRelayError as error:
            self.say(str(error), wrong=True)
            return
        finally:
            self._opening = False
        if isinstance(answer, CircleOpened):
            self.dismiss(answer.circle)
        elif isinstance(answer, Refused):
            if answer.reason == NO_TOKEN:
                self._show_token(True)
            self.say(answer.sentence, wrong=True)
