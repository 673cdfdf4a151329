"""Who is in, and how the circle stands: for windows that have no room for it beside."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui.engine.events import CircleFacts
from tui.screens.dialog import Dialog, keys, safe, title
from tui.screens.room import hall, read
from tui.screens.state import LABEL, circle_state
from tui.widgets.columns import Columns
from tui.widgets.people import people


class PeopleDialog(Dialog[None]):
    """Members, then facts."""

    KIND = "people"

    def __init__(self, circle: CircleFacts) -> None:
        super().__init__()
        self._circle = circle

    def body(self) -> ComposeResult:
        """As it stands now."""
        client, circle = read(self), self._circle
        yield title(("People of ", "$muted"), safe(circle.name, "bold"))
        yield Static(people(client.members(circle.id), hall(self).glyphs))
        yield Static(Content("Circle"), classes="label dim")
        state = circle_state(circle, client.invites(circle.id), hall(self).now())
        yield Columns(state, label=LABEL)
        yield Static(keys(("esc", "close")), id="card-foot")
