"""This person's devices: which there are, linking another one, taking one out."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Static

from tui.engine.commands import AnswerLink, CloseLink, OpenLink
from tui.engine.events import DeviceFacts, Event, LinkAsked, LinkEnded, LinkOpened, Refused
from tui.screens.dialog import Choice, Choices, Dialog, paragraph, safe, safe_sentences, title
from tui.screens.room import hall
from tui.screens.words import clock_time

REMOVABLE_MOST = 4
"""Devices that have a button here; of others, `hallway device remove LABEL`."""

SOME, ALL = 100, 0xFFFF
HISTORIES = {"none": 0, "some": SOME, "all": ALL}

HOW = (
    "On the other computer, choose My other device at the first screen, or type there: hallway "
    "device link CODE --label NAME"
)


@dataclass(frozen=True, slots=True)
class TakeOut:
    """The device of this label is to be taken out of every circle."""

    label: str


class DevicesDialog(Dialog[TakeOut | str]):
    """Answers `TakeOut`, or one of `HISTORIES` to link another device with; None for neither."""

    KIND = "devices"

    def __init__(self, devices: list[DeviceFacts]) -> None:
        super().__init__()
        self._devices = devices
        self._others = [facts for facts in devices if not facts.this][:REMOVABLE_MOST]

    def body(self) -> ComposeResult:
        """The devices, and what may be done."""
        yield title(Content.styled("Your devices", "bold"))
        yield Static(Content("\n").join(_lines(facts) for facts in self._devices), id="devices")
        yield paragraph(
            "Another device is you, too: it is in all your circles, takes no chair, and reads what "
            "is said from then on. Of before it is told as much as you choose.",
            dim=True,
        )
        with Choices(classes="choices"):
            yield Choice("Close", id="close")
            yield Choice("Link one", id="none")
            yield Choice(f"with {SOME} messages", id="some")
            yield Choice("with all", id="all")
        if self._others:
            with Choices(classes="choices"):
                for number, facts in enumerate(self._others):
                    label = f"Take out {safe(facts.label).plain}"
                    yield Choice(label, id=f"out-{number}", destructive=True)

    def on_mount(self) -> None:
        """A key pressed too early does nothing."""
        self.query_one("#close").focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        pressed = event.button.id or ""
        if pressed.startswith("out-"):
            self.dismiss(TakeOut(self._others[int(pressed.removeprefix("out-"))].label))
        else:
            self.dismiss(pressed if pressed in HISTORIES else None)


def _lines(facts: DeviceFacts) -> Content:
    this = Content.styled("  this one", "$muted") if facts.this else Content("")
    lines = [Content.assemble(safe(facts.label, "bold"), this)]
    for word, names in (("in", facts.circles), ("coming into", facts.coming)):
        if names:
            named = Content(", ").join(safe(name) for name in names)
            lines.append(Content.assemble((f"  {word} ", "$muted"), named))
    return Content("\n").join(lines)


class LinkDialog(Dialog[None]):
    """Shows the code, asks before anything is given, and says what came of it."""

    KIND = "link"

    def __init__(self, history: int) -> None:
        super().__init__()
        self._history = history
        self._open = False

    def body(self) -> ComposeResult:
        """The code, how it stands, and the choices that there are just then."""
        yield title(Content.styled("Link another device of yours", "bold"))
        yield Static(id="plate")
        yield Static(id="link-state")
        yield paragraph(HOW, id="link-how", dim=True)
        with Choices(classes="choices"):
            yield Choice("Close", id="close")
            yield Choice("No", id="no")
            yield Choice("It is mine: give it my circles", id="yes", destructive=True)

    def on_mount(self) -> None:
        """The code is what one comes here for."""
        self._asks(False)
        self._plate("")
        self._state("Making a code…")
        self.open_code()

    @work
    async def open_code(self) -> None:
        """Have the code made."""
        self._open = True
        answer = await hall(self).ask(OpenLink(history=self._history))
        if isinstance(answer, LinkOpened):
            self._plate(answer.code)
            until = clock_time(answer.expires_at)
            self._state(f"Good for one try, until {until}, while this is open.")
        elif isinstance(answer, Refused):
            self._open = False
            self._state(answer.sentence)

    def _plate(self, code: str) -> None:
        words, at, host = code.partition("@")
        shown = Content.assemble((words or "· · ·", "bold $accent"), (at + host, "$muted"))
        self.query_one("#plate", Static).update(shown)

    def _state(self, sentence: str | Content) -> None:
        content = safe_sentences(sentence) if isinstance(sentence, str) else sentence
        self.query_one("#link-state", Static).update(content)

    def _asks(self, asks: bool) -> None:
        """Whether it is to be answered just now; the focus is where nothing is given."""
        for id in ("no", "yes"):
            self.query_one(f"#{id}").display = asks
        self.query_one("#close").display = not asks
        self.query_one("#no" if asks else "#close").focus()

    def hear(self, event: Event) -> None:
        """Somebody typed the code, or it has ended."""
        match event:
            case LinkAsked(label=label, circles=circles):
                named = Content(", ").join(safe(name) for name in circles)
                asked = " asks to be a device of yours. It would be in "
                self._plate("")
                self._state(Content.assemble(safe(label, "bold"), asked, named, "."))
                self._asks(True)
            case LinkEnded(sentence=sentence):
                self._open = False
                self._plate("")
                self._state(sentence)
                self._asks(False)
            case _:
                pass

    @on(Button.Pressed)
    async def _answer(self, event: Button.Pressed) -> None:
        if event.button.id == "close":
            return self.action_close()
        self._asks(False)
        self._state("Giving it your circles…" if event.button.id == "yes" else "")
        answer = await hall(self).ask(AnswerLink(yes=event.button.id == "yes"))
        if isinstance(answer, Refused):
            self._state(answer.sentence)

    def action_close(self) -> None:
        """The code is over with this."""
        self._close()

    @work
    async def _close(self) -> None:
        if self._open:
            self._open = False
            await hall(self).ask(CloseLink())
        self.dismiss(None)
