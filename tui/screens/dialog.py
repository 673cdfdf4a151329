"""Dialogs: a card above what is there, and the whole screen where there is little room."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui.safe_text import sanitise_block, sanitise_line
from tui.screens.room import Hearing, fit

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer], Hearing):
    """A card; Esc closes it with no answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "close", show=False),
        Binding("pageup", "turn(-1)", show=False),
        Binding("pagedown", "turn(1)", show=False),
    ]
    KIND = ""
    """A class of the card, for the style sheet."""

    def on_compose(self) -> None:
        """Be laid out for this terminal from the first frame on."""
        fit(self)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="card", classes=self.KIND, can_focus=False):
            yield from self.body()

    def body(self) -> ComposeResult:
        """What the card shows."""
        yield from ()

    def action_turn(self, by: int) -> None:
        """Scroll a card that has no room for all of it."""
        card = self.query_one("#card", VerticalScroll)
        card.scroll_relative(y=by * max(1, card.size.height - 2), animate=False)

    def action_close(self) -> None:
        """Go away without an answer."""
        self.dismiss(None)


class Choice(Button):
    """A button of one line, as dialogs have them."""

    def __init__(
        self, label: str, *, id: str, destructive: bool = False, disabled: bool = False
    ) -> None:
        super().__init__(
            Content(label),
            variant="error" if destructive else "default",
            id=id,
            compact=True,
            disabled=disabled,
        )
        # While Textual shows that a button was pressed, it can't be pressed again.
        self.active_effect_duration = 0


class Field(Input):
    """A field of one line; what stands in it already is not taken for a selection."""

    def __init__(self, value: str = "", **named: Any) -> None:
        super().__init__(value, compact=True, select_on_focus=False, **named)


class Choices(Horizontal):
    """Buttons in a row; the arrow keys go from one to the next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]


def safe(text: str, style: str = "") -> Content:
    """A name, or anything else of one line, that came from elsewhere."""
    return Content.styled(sanitise_line(text), style)


def safe_sentences(text: str) -> Content:
    """What the engine says: our own sentences, with names in them that are others'."""
    return Content(sanitise_block(text))


def title(*parts: Content | tuple[str, str] | str) -> Static:
    """The first line of a card."""
    return Static(Content.assemble(*parts), classes="card-title")


def paragraph(text: str | Content, *, id: str | None = None, dim: bool = False) -> Static:
    """Sentences of our own; what came from elsewhere comes in as `Content`."""
    content = Content(text) if isinstance(text, str) else text
    return Static(content, id=id, classes="dim" if dim else "")


def keys(*pairs: tuple[str, str]) -> Content:
    """Keys and what they do, in one line."""
    parts: list[tuple[str, str]] = []
    for key, does in pairs:
        parts += [(key, "bold $accent"), (f" {does}   ", "$muted")]
    return Content.assemble(*parts).rstrip()
