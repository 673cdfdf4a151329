"""Somebody is at the door of a circle that asks: yes, no, or later, which has the focus."""

from __future__ import annotations

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Static

from tui.engine.commands import AnswerRequest
from tui.engine.events import Event, Refused, RequestAnswered, RequestFacts
from tui.screens.dialog import Choice, Choices, Dialog, paragraph, safe, safe_sentences, title
from tui.screens.room import hall


class Door(Dialog[None]):
    """Who asks, on whose code, with which line."""

    def __init__(self, request: RequestFacts, circle_name: str) -> None:
        super().__init__()
        self._request = request
        self._circle_name = circle_name
        self._answering = False

    def body(self) -> ComposeResult:
        """The request, and three answers."""
        request = self._request
        yield title(
            safe(request.name, "bold"),
            (" is at the door of ", "$muted"),
            safe(self._circle_name, "bold"),
        )
        if request.line:
            yield Static(Content.assemble("“", safe(request.line), "”"), classes="quoted")
        yield paragraph(
            Content.assemble("The code came from ", safe(request.invited_by, "bold"), "."),
            dim=True,
        )
        yield paragraph(
            "A yes gives one chair. A no is not told; whoever asks just stays outside.",
            id="said",
            dim=True,
        )
        with Choices(classes="choices"):
            yield Choice("Later", id="later")
            yield Choice("Let in", id="yes")
            yield Choice("No", id="no", destructive=True)

    def on_mount(self) -> None:
        """Nobody is let in by a key that was meant for a message."""
        self.query_one("#later").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "later":
            self.dismiss(None)
        elif not self._answering:
            self._answering = True
            self.answer(event.button.id == "yes")

    @work
    async def answer(self, admit: bool) -> None:
        """Have it answered."""
        request = self._request
        try:
            command = AnswerRequest(circle=request.circle, n=request.n, admit=admit)
            answer = await hall(self).ask(command)
        finally:
            self._answering = False
        if isinstance(answer, Refused):
            self.query_one("#said", Static).update(safe_sentences(answer.sentence))
        else:
            self.dismiss(None)

    def hear(self, event: Event) -> None:
        """Another member's client may be faster."""
        if (
            isinstance(event, RequestAnswered)
            and (event.circle, event.n) == (self._request.circle, self._request.n)
            and not self._answering
        ):
            self.dismiss(None)
