"""Coming in, second half: who invites, who is in, chairs, history; then a name, and the way in."""

from __future__ import annotations

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui.engine.commands import AbandonEntry, Enter
from tui.engine.events import (
    CardRead,
    Entered,
    EntryEnded,
    EntryMoved,
    EntryState,
    Event,
    Refused,
)
from tui.limit import USUAL, exceeded
from tui.screens.dialog import (
    Choice,
    Choices,
    Dialog,
    Field,
    keys,
    paragraph,
    safe,
    safe_sentences,
    title,
)
from tui.screens.room import hall, read
from tui.screens.words import chairs_left, history_for_newcomer, names_joined, time_left
from tui.widgets.chairs import chairs
from tui.widgets.columns import Columns, Pair

NAME_LONGEST = 64
LINE_LONGEST = 200
NAME_FIRST = "Type the name that they will see. It is for this circle alone."


class CardDialog(Dialog[None]):
    """Makes room for the circle when in. Who goes away before that goes on coming in."""

    KIND = "card"

    def __init__(self, card: CardRead, person: str = "") -> None:
        super().__init__()
        self._card = card
        self._person = person
        self._asking = False

    def body(self) -> ComposeResult:
        """Facts, name, two buttons."""
        card = self._card
        yield title(safe(card.issuer, "bold"), (" invites you to", "$muted"))
        yield Static(safe(card.circle_name, "bold $accent"), id="circle-name")
        if card.topic:
            yield Static(safe(card.topic), classes="dim")
        yield Columns(self._facts(), label=8, id="facts")
        config = hall(self).config
        limit = USUAL if config is None else config.people
        reminder = exceeded(limit, read(self).people(), card.names)
        if reminder:
            yield paragraph(Content.styled(reminder, "$warning"))
        yield Static(Content("What should they call you?"), classes="label")
        yield Field(self._person, placeholder="your name", id="name", max_length=NAME_LONGEST)
        if card.asks_at_door:
            yield Field(
                placeholder="a line for whoever opens, if you like",
                id="line",
                max_length=LINE_LONGEST,
            )
        yield paragraph(keys(("enter", "come in")), id="said", dim=True)
        with Choices(classes="choices"):
            yield Choice("Come in", id="enter")
            yield Choice("Not now", id="later")

    def _facts(self) -> list[Pair]:
        card = self._card
        door = (
            "Somebody inside says yes before you are in."
            if card.asks_at_door
            else "Open to whoever has the code."
        )
        ends = time_left(max(0, card.expires_at - hall(self).now()))
        facts = [
            ("inside", safe(names_joined(card.names), "bold")),
            ("chairs", chairs(card.chairs, card.cap)),
            ("", Content(chairs_left(card.chairs, card.cap) + ".")),
            ("before", Content(history_for_newcomer(card.history))),
            ("door", Content(door)),
            ("relay", safe(card.relay)),
            ("code", Content(f"good for {ends} more")),
        ]
        return [(Content.styled(label, "$muted"), text) for label, text in facts]

    def on_mount(self) -> None:
        """The name is asked for; the card was read on the way there."""
        self.query_one("#name").focus()

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """A sentence above the buttons."""
        said = self.query_one("#said", Static)
        said.set_class(wrong, "wrong")
        said.update(safe_sentences(sentence))

    @on(Button.Pressed, "#enter")
    @on(Input.Submitted)
    def _begin(self) -> None:
        person = self.query_one("#name", Input).value.strip()
        if not person:
            self.say(NAME_FIRST, wrong=True)
            self.query_one("#name").focus()
        elif not self._asking:
            self._asking = True
            self.enter(person)

    @on(Button.Pressed, "#later")
    def action_close(self) -> None:
        """Go away; what has been asked at a door goes on."""
        self.dismiss(None)
        hall(self).show_waiting()

    @on(Button.Pressed, "#give-up")
    async def _give_up(self) -> None:
        self.dismiss(None)
        await hall(self).ask(AbandonEntry(entry=self._card.entry))

    @work
    async def enter(self, person: str) -> None:
        """Ask to be let in; a member's client, or a member, answers."""
        lines = self.query("#line").results(Input)
        line = next((field.value.strip() for field in lines), "")
        self.say("Asking at the door…")
        try:
            answer = await hall(self).ask(Enter(entry=self._card.entry, person=person, line=line))
        finally:
            self._asking = False
        if isinstance(answer, Entered):
            hall(self).show_circle(answer.circle)
        elif isinstance(answer, Refused):
            self.say(answer.sentence, wrong=True)
            self.query_one("#name").focus()

    def hear(self, event: Event) -> None:
        """How far it has got; what has been asked goes on when this is closed."""
        if not isinstance(event, EntryMoved | EntryEnded) or event.entry != self._card.entry:
            return
        if isinstance(event, EntryMoved) and event.state in (
            EntryState.ASKED,
            EntryState.AT_THE_DOOR,
        ):
            self.say(event.sentence or "Asked. Somebody inside has to answer.")
            self._wait()

    def _wait(self) -> None:
        """From here on the choice is between waiting elsewhere and giving it up."""
        if self.query("#give-up"):
            return
        for field in self.query(Input):
            field.disabled = True
        self.query_one("#enter").display = False
        later = self.query_one("#later", Button)
        later.label = Content("Wait in the background")
        self.query_one(Choices).mount(Choice("Give it up", id="give-up", destructive=True))
        later.focus()
