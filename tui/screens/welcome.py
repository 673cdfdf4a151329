"""The first screen of a fresh profile: a name, then a circle of one's own or somebody's code."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Middle, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui.engine.commands import OpenCircle
from tui.engine.events import NO_TOKEN, CircleOpened, Refused
from tui.screens.dialog import Choice, Choices, Field, paragraph, safe_sentences
from tui.screens.room import NoRelayError, RoomScreen, hall
from tui.screens.words import first_circle_name

LOGO = (
    "    ·  ●  ·    ",
    " ●           ● ",
    "·      ◍      ·",
    " ●           ● ",
    "    ·  ●  ·    ",
)
NAME_FIRST = "Type a name first. It is what the others see, in this circle alone."
NAME_LONGEST = 64


class Welcome(RoomScreen[None]):
    """Name, *Open a circle*, *I have a code*, *My other device*."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(self, *, ascii_only: bool = False, first: bool = True) -> None:
        super().__init__()
        self._ascii = ascii_only
        self._first = first
        self._busy = False

    def compose(self) -> ComposeResult:
        with Middle(), Center(), Vertical(id="welcome"):
            yield Static(self._logo(), id="logo")
            yield paragraph("A quiet place for the people you know.", id="tag")
            yield Static(Content("What should they call you?"), classes="label")
            yield Field(placeholder="your name", id="name", max_length=NAME_LONGEST)
            with Choices(id="choices"):
                yield Choice("Open a circle", id="open")
                yield Choice("I have a code", id="code")
                yield Choice("My other device", id="device")
            note = "No sign-up. Your keys are made here and stay here."
            yield paragraph(note, id="said", dim=True)

    def _logo(self) -> Content:
        rows = "\n".join(LOGO)
        if self._ascii:
            rows = rows.translate(str.maketrans("●·◍", "o.O"))
        return Content(rows).stylize("$accent")

    def on_mount(self) -> None:
        """Whoever starts typing types the name."""
        self.query_one("#name").focus()

    @property
    def person(self) -> str:
        """The name, as it was typed."""
        return self.query_one("#name", Input).value.strip()

    @on(Input.Submitted)
    def _named(self) -> None:
        if self.person:
            self.query_one("#open").focus()
        else:
            self.say(NAME_FIRST, wrong=True)

    @on(Button.Pressed, "#open")
    def _open_pressed(self) -> None:
        if not self.person:
            self.say(NAME_FIRST, wrong=True)
            self.query_one("#name").focus()
        elif not self._busy:
            self._busy = True
            self.open_circle(self.person)

    @on(Button.Pressed, "#code")
    def _code_pressed(self) -> None:
        hall(self).show_join(person=self.person)

    @on(Button.Pressed, "#device")
    def _device_pressed(self) -> None:
        from tui.screens.link_here import LinkHere

        self.app.push_screen(LinkHere())

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """A sentence below the choices."""
        status = self.query_one("#said", Static)
        status.set_class(wrong, "wrong")
        status.update(safe_sentences(sentence))

    @work
    async def open_circle(self, person: str) -> None:
        """From the name to a circle with one chair taken."""
        try:
            self.say("Opening a circle on the relay…")
            relay = await hall(self).relay()
            name = first_circle_name(person)
            answer = await hall(self).ask(OpenCircle(name=name, person=person, relay=relay))
        except NoRelayError as error:
            self.say(str(error), wrong=True)
            return
        finally:
            self._busy = False
        if isinstance(answer, CircleOpened):
            hall(self).show_circle(answer.circle, invite=True)
        elif isinstance(answer, Refused):
            self.say(answer.sentence, wrong=True)
            if answer.reason == NO_TOKEN:
                self.ask_for_token(person, name, answer.sentence)

    @work
    async def ask_for_token(self, person: str, name: str, sentence: str) -> None:
        """The relay wants a token, for which there is a field elsewhere."""
        from tui.screens.open_circle import OpenCircleDialog

        opened = await self.app.push_screen_wait(OpenCircleDialog(person, name, sentence))
        if opened is not None:
            hall(self).show_circle(opened, invite=True)

    def action_leave(self) -> None:
        """Back to the circles, if there are any; the first time there is nowhere to go back to."""
        if not self._first:
            self.app.pop_screen()
