"""The circles of a profile: names and marks, no numbers."""

from __future__ import annotations

from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.engine.events import CircleFacts, LinkState
from tui.glyphs import UNICODE, Glyphs
from tui.safe_text import sanitise_line


class CircleList(OptionList):
    """One line a circle; choosing one posts `Chosen`."""

    class Chosen(Message):
        """Somebody wants to go to this circle."""

        def __init__(self, circle: str) -> None:
            super().__init__()
            self.circle = circle

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, compact=True)
        self._circles: list[CircleFacts] = []
        self._current = ""
        self._glyphs = UNICODE

    def show(self, circles: list[CircleFacts], current: str, glyphs: Glyphs) -> None:
        """Show these; `current` is the one that the conversation is of."""
        self._circles, self._current, self._glyphs = circles, current, glyphs
        self._refill()

    def on_resize(self) -> None:
        """Marks stand at the right edge."""
        self.call_after_refresh(self._refill)

    def _refill(self) -> None:
        width = self.scrollable_content_region.width
        if width <= 0 or not self.is_attached:
            return
        self.clear_options()
        for circle in self._circles:
            self.add_option(Option(self._line(circle, width), id=circle.id))
        places = [at for at, circle in enumerate(self._circles) if circle.id == self._current]
        self.highlighted = places[0] if places else None

    def _line(self, circle: CircleFacts, width: int) -> Content:
        here = circle.id == self._current
        mark, style = self._mark(circle)
        room = max(1, width - 2 - (len(mark) + 1 if mark else 0))
        known = here or circle.news
        name = Content.styled(
            sanitise_line(circle.name), "bold $foreground" if known else "$muted"
        ).truncate(room, ellipsis=True, pad=True)
        return Content.assemble(
            (self._glyphs.here if here else " ", "$accent"),
            name,
            " " if mark else "",
            (mark, style),
        )

    def _mark(self, circle: CircleFacts) -> tuple[str, str]:
        """What is worth knowing of a circle that one is not looking at."""
        if circle.left:
            return "left", "$muted"
        if circle.link is LinkState.STOPPED:
            return self._glyphs.warning, "bold $error"
        if circle.mentioned:
            return "@", "bold $accent"
        if circle.news:
            return self._glyphs.news, "bold $secondary"
        if circle.link is not LinkState.ONLINE:
            return self._glyphs.off, "$muted"
        if circle.notify == "off":
            return "muted", "$muted"
        return "", ""

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Hand it on as what it means."""
        event.stop()
        if event.option.id is not None:
            self.post_message(self.Chosen(event.option.id))
