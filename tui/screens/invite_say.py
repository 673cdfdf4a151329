"""The page with the code to say aloud."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.engine.commands import CloseSpoken, OpenSpoken
from tui.engine.events import (
    CircleChanged,
    CircleFacts,
    Event,
    InviteUsed,
    LinkState,
    Refused,
    SpokenEnded,
    SpokenOpened,
    SpokenTried,
)
from tui.screens.dialog import keys, safe, safe_sentences
from tui.screens.room import hall, read
from tui.screens.words import clock_time, history_for_inviter, who_can_reach

WAITING = "waiting for somebody to use it…"
AT_IT = "Somebody said it right, and is reading the card…"
WRONG = "Somebody tried it and was wrong. The one guess is spent."
CONNECTING = "Waiting for the relay…"


class SayIt(Vertical):
    """Opens a spoken code when it is shown first, and says what becomes of it."""

    def __init__(self, circle: CircleFacts, *, id: str) -> None:
        super().__init__(id=id)
        self._circle = circle
        self._spoken: SpokenOpened | None = None
        self._asking = False
        self._unreachable = ""  # what was said of the relay that the code waits for
        self._came_in = ""
        self.somebody_is_at_it = False
        self.carrier: bytes | None = None
        """The sealed code that the spoken one carries: no code to be shown by itself."""

    def compose(self) -> ComposeResult:
        yield Static(id="plate")
        yield Static(id="spoken-state")
        yield Static(id="spoken-note", classes="dim")
        yield Static(id="spoken-keys")

    def on_mount(self) -> None:
        """The code is what one comes here for."""
        self.open_code()

    @property
    def code(self) -> str:
        """The code that is open, or an empty text."""
        return "" if self._spoken is None else self._spoken.code

    def _state(self, text: Content | str, glyph: str = "", style: str = "$warning") -> None:
        content = Content(text) if isinstance(text, str) else text
        mark = Content.styled(f"{glyph} ", style) if glyph else Content("")
        self.query_one("#spoken-state", Static).update(Content.assemble(mark, content))

    def _plate(self, code: str) -> None:
        words, at, host = code.partition("@")
        shown = Content.assemble((words or "· · ·", "bold $accent"), (at + host, "$muted"))
        self.query_one("#plate", Static).update(shown)
        copies = [("y", "copy it")] if words else []
        self.query_one("#spoken-keys", Static).update(keys(("n", "new code"), *copies))

    def _note(self) -> None:
        sentences = []
        if self._spoken is not None:
            until = clock_time(self._spoken.expires_at)
            sentences = [f"Say it to one person. It works once, until {until}, while this is open."]
        sentences.append(history_for_inviter(self._circle.history))
        sentences.append(who_can_reach(self._circle.relay))
        self.query_one("#spoken-note", Static).update(Content("\n".join(sentences)))

    @work
    async def open_code(self) -> None:
        """Have a code made; where the relay is not there yet, as soon as it is."""
        if self._asking:
            return
        self._asking = True
        self._unreachable = ""
        self._spoken = None
        self._plate("")
        self._note()
        self._state("Making a code…")
        before = self._own_codes()
        try:
            answer = await hall(self).ask(OpenSpoken(circle=self._circle.id))
        finally:
            self._asking = False
        if isinstance(answer, SpokenOpened):
            self._spoken = answer
            self.carrier = next(iter(self._own_codes() - before), None)
            self.somebody_is_at_it = False
            self._came_in = ""
            self._plate(answer.code)
            self._note()
            self._state(WAITING, "●")
        elif isinstance(answer, Refused):
            link = read(self).circle(self._circle.id).link
            if answer.reason == "unreachable" and link in (LinkState.CONNECTING, LinkState.OFFLINE):
                self._unreachable = answer.sentence
                self._wait_for_relay(link)
            else:
                self._state(safe_sentences(answer.sentence), "○", "$muted")

    def _wait_for_relay(self, link: LinkState) -> None:
        sentence = CONNECTING if link is LinkState.CONNECTING else self._unreachable
        self._state(safe_sentences(sentence), "○", "$muted")

    def _own_codes(self) -> set[bytes]:
        return {invite.id for invite in read(self).invites(self._circle.id) if invite.mine}

    async def new_code(self) -> None:
        """Another code instead of this one."""
        if not self._asking:
            await self.close()
            self.open_code()

    async def copy_code(self) -> None:
        """For the clipboard."""
        if self.code:
            hall(self).copy(self.code, "The code")

    async def close(self) -> None:
        """Close the code, if one is open."""
        if self._spoken is not None:
            self._spoken = None
            await hall(self).ask(CloseSpoken(circle=self._circle.id))

    def hear(self, event: Event) -> None:
        """The code was tried, used, or has ended."""
        match event:
            case SpokenTried(circle=circle, right=right) if circle == self._circle.id:
                self.somebody_is_at_it = right
                self._state(AT_IT if right else WRONG, "●", "$success" if right else "$error")
            case SpokenEnded(circle=circle, sentence=sentence) if circle == self._circle.id:
                self._spoken = None
                self.somebody_is_at_it = False
                self._plate("")
                self._note()
                if not (self._came_in or self._asking):  # whoever asks for another one knows
                    self._state(safe_sentences(sentence), "○", "$muted")
            case InviteUsed(circle=circle, name=name) if circle == self._circle.id:
                self._came_in = name
                self._state(Content.assemble(safe(name, "bold"), " is here."), "●", "$success")
            case CircleChanged(circle=circle) if circle == self._circle.id:
                self._circle = read(self).circle(circle)
                if self._unreachable and self._circle.link is LinkState.ONLINE:
                    self._unreachable = ""
                    self.open_code()
                elif self._unreachable:
                    self._wait_for_relay(self._circle.link)
            case _:
                pass
