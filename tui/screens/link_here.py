"""Making this computer another device of somebody who is in circles already."""

from __future__ import annotations

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui.engine.commands import FollowLink
from tui.engine.events import Entered, EntryEnded, Event, LinkMoved, LinkTaken, Refused
from tui.screens.dialog import Choice, Choices, Dialog, Field, paragraph, safe_sentences, title
from tui.screens.room import hall
from tui.screens.words import names_joined

HOW = "On the device that you have, type /devices there and link one: it shows the words."
LABEL_FIRST = "Say what this device is to be called. The others in your circles see it."
CODE_FIRST = "Type the words that your other device shows."
UNDER_WAY = "It is under way. Ctrl+Q ends Hallway; it goes on when you start it again."
NOTHING = "This device was given nothing."
LONGEST = 1024
LABEL_LONGEST = 32


class LinkHere(Dialog[None]):
    """A code and a label; then how it stands, until the first circle is there."""

    KIND = "join"

    def __init__(self) -> None:
        super().__init__()
        self._busy = False

    def body(self) -> ComposeResult:
        """Two fields, how it stands, two buttons."""
        yield title("Another device of yours")
        yield paragraph(HOW, dim=True)
        yield Field(placeholder="7-walrus-tulip", id="code", max_length=LONGEST)
        yield Field(placeholder="laptop", id="label", max_length=LABEL_LONGEST)
        yield Static(Content(LABEL_FIRST), id="said")
        with Choices(classes="choices"):
            yield Choice("Link this device", id="link")
            yield Choice("Cancel", id="cancel")

    def on_mount(self) -> None:
        """The words come first."""
        self.query_one("#code").focus()

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """A sentence below the fields."""
        said = self.query_one("#said", Static)
        said.set_class(wrong, "wrong")
        said.update(safe_sentences(sentence))

    def action_close(self) -> None:
        """Not while something is given."""
        if self._busy:
            self.say(UNDER_WAY)
        else:
            self.dismiss(None)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.action_close()

    @on(Input.Submitted, "#code")
    def _coded(self) -> None:
        self.query_one("#label").focus()

    @on(Button.Pressed, "#link")
    @on(Input.Submitted, "#label")
    def _begin(self) -> None:
        if self._busy:
            return
        for field, sentence in (("code", CODE_FIRST), ("label", LABEL_FIRST)):
            if not self.query_one(f"#{field}", Input).value.strip():
                self.say(sentence, wrong=True)
                self.query_one(f"#{field}").focus()
                return
        self._busy = True
        self.link()

    @work
    async def link(self) -> None:
        """From the words to circles."""
        code, label = (
            self.query_one(f"#{name}", Input).value.strip() for name in ("code", "label")
        )
        config = hall(self).config
        relay = config.default_relay if config is not None else ""
        self.say("Looking for your other device…")
        answer = await hall(self).ask(FollowLink(code=code, label=label, relay=relay))
        if isinstance(answer, LinkTaken) and answer.circles:
            left = f" Left out: {names_joined(answer.left)}." if answer.left else ""
            self.say(f"Coming into {names_joined(answer.circles)}.{left} {answer.sentence}".strip())
            return
        self._busy = False
        sentence = answer.sentence if isinstance(answer, LinkTaken | Refused) else ""
        self.say(sentence or NOTHING, wrong=True)
        self.query_one("#code").focus()

    def hear(self, event: Event) -> None:
        """How it stands; the first circle that is there ends it."""
        match event:
            case LinkMoved(sentence=sentence) if self._busy:
                self.say(sentence)
            case EntryEnded(sentence=sentence, circle_name=name) if self._busy:
                self._busy = False
                self.say(f"{name}: {sentence}", wrong=True)
            case Entered(circle=circle) if self._busy:
                hall(self).show_circle(circle)
            case _:
                pass
