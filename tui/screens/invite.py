"""Inviting: a code to say, a code to send, and the codes that are open.

The spoken code lives as long as this dialog: closing it closes the code.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, ContentSwitcher, Static

from tui.engine.events import CircleChanged, CircleFacts, Event
from tui.screens.confirm import Confirm
from tui.screens.dialog import Choice, Choices, Dialog, keys, safe, title
from tui.screens.invite_open import OpenCodes
from tui.screens.invite_say import SayIt
from tui.screens.invite_send import SendIt
from tui.screens.room import hall, read
from tui.widgets.chairs import chairs

PAGES = {"say": "Say it", "send": "Send it", "codes": "Open codes"}
KEYS = {
    "n": "new_code",
    "y": "copy_code",
    "l": "copy_link",
    "w": "copy_words",
    "q": "qr",
    "x": "withdraw",
}
"""What keys do on the page that is open, as its methods; a page may know a part of them."""

TURN_AWAY = "Somebody is reading your card"
TURN_AWAY_BODY = "They were given this code and are about to come in. Closing it turns them away."


class Invite(Dialog[None]):
    """Three pages about one circle's codes."""

    KIND = "invite"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "page('say')", show=False),
        Binding("2", "page('send')", show=False),
        Binding("3", "page('codes')", show=False),
        *(Binding(key, f"on_page('{does}')", show=False) for key, does in KEYS.items()),
    ]

    def __init__(self, circle: CircleFacts, page: str = "say") -> None:
        super().__init__()
        self.circle = circle
        self._page = page

    def body(self) -> ComposeResult:
        """The pages' names, and the one that is open."""
        yield title(self._title())
        with Choices(id="pages"):
            for page, name in PAGES.items():
                yield Choice(name, id=f"page-{page}")
        with ContentSwitcher(initial=self._page, id="page"):
            yield SayIt(self.circle, id="say")
            yield SendIt(self.circle, id="send")
            yield OpenCodes(self.circle, id="codes")
        yield Static(keys(("1 2 3", "pages"), ("esc", "close")), id="card-foot")

    def _title(self) -> Content:
        circle = self.circle
        taken = chairs(circle.chairs, circle.cap, hall(self).glyphs)
        return Content.assemble(("Invite to ", "$muted"), safe(circle.name, "bold"), "   ", taken)

    def on_mount(self) -> None:
        """The page that is open has the focus."""
        self.action_page(self._page)

    def action_page(self, page: str) -> None:
        """Open a page."""
        self.query_one("#page", ContentSwitcher).current = page
        for name in PAGES:
            self.query_one(f"#page-{name}").set_class(name == page, "here")
        self.query_one(f"#page-{page}").focus()
        carrier = self.query_one(SayIt).carrier
        if page != "say":
            shown = self.query_one(SendIt) if page == "send" else self.query_one(OpenCodes)
            shown.carrier = carrier
            shown.refill()

    async def action_on_page(self, does: str) -> None:
        """Let the open page do what a key means there."""
        page = self.query_one(f"#{self.query_one('#page', ContentSwitcher).current}")
        method = getattr(page, does, None)
        if method is not None:
            await method()

    @on(Button.Pressed, "#pages Button")
    def _page_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_page((event.button.id or "").removeprefix("page-"))

    def hear(self, event: Event) -> None:
        """Codes are tried, used, and end."""
        if isinstance(event, CircleChanged) and event.circle == self.circle.id:
            self.circle = read(self).circle(event.circle)
            self.query_one(".card-title", Static).update(self._title())
        for page in (self.query_one(SayIt), self.query_one(SendIt), self.query_one(OpenCodes)):
            page.hear(event)

    @work
    async def action_close(self) -> None:  # type: ignore[override]
        """Close the spoken code, and go; a person who is at it is turned away knowingly."""
        say = self.query_one(SayIt)
        if say.somebody_is_at_it:
            confirm = Confirm(Content(TURN_AWAY), TURN_AWAY_BODY, yes="Close it", no="Keep it open")
            if not await self.app.push_screen_wait(confirm):
                return
        await say.close()
        self.dismiss(None)
