"""The conversation: a view over its rows, with a cursor on one of them, and keys that act on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive

from tui.actions import Where, bindings
from tui.engine.events import Row, RowKind
from tui.widgets.layout import Entry
from tui.widgets.rows_view import RowsView

SAID = (RowKind.TEXT, RowKind.PASSED_ON)
"""Rows that are messages."""


class Conversation(RowsView, can_focus=True):
    """`cursor` is the id of the row that keys act on while this has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.MESSAGES)]

    cursor: reactive[str | None] = reactive(None, repaint=False)

    class Copy(Message):
        """A person wants this text on the clipboard."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    class Write(Message):
        """A person wants to go back to the composer."""

    def begin_anew(self) -> None:
        """Another conversation is shown: the cursor is nowhere."""
        super().begin_anew()
        self.set_reactive(Conversation.cursor, None)

    def marks(self, entry: Entry) -> bool:
        """Whether the cursor is on a row, and keys act on it."""
        return self.has_focus and entry.row.id == self.cursor

    def on_focus(self) -> None:
        """Keys act on messages now: on the last one in view."""
        window = self._window
        if window is not None and window.entries and self._cursor_index() is None:
            bottom = min(round(self.scroll_y) + self.size.height, window.above + window.loaded)
            found = window.find(bottom - 1)
            self.cursor = window.entries[found[0] if found else -1].row.id
        self.refresh()

    def on_blur(self) -> None:
        """The bar goes out."""
        self.refresh()

    def _cursor_index(self) -> int | None:
        if self._window is None or self.cursor is None:
            return None
        return self._window.index_of(self.cursor)

    def watch_cursor(self) -> None:
        """Bring the row into view."""
        window, index = self._window, self._cursor_index()
        self.refresh()
        if window is None or index is None:
            return
        top, bottom = window.top(index), window.top(index + 1)
        if top < self.scroll_y:
            self.scroll_to(y=top, animate=False)
        elif bottom > self.scroll_y + self.size.height:
            self.scroll_to(y=min(top, bottom - self.size.height), animate=False)

    def _move(self, by: int) -> None:
        window, index = self._window, self._cursor_index()
        if window is None or not window.entries:
            return
        if index is None:
            index = len(window.entries) - by
        self.cursor = window.entries[min(max(0, index + by), len(window.entries) - 1)].row.id

    def action_older(self) -> None:
        """To the row above."""
        self._move(-1)

    def action_newer(self) -> None:
        """To the row below."""
        self._move(1)

    def action_page_up(self) -> None:
        """A page towards older rows."""
        self._page(-1)

    def action_page_down(self) -> None:
        """A page towards newer rows."""
        self._page(1)

    def _page(self, by: int) -> None:
        self.scroll_to(y=self.scroll_y + by * max(1, self.size.height - 2), animate=False)
        window = self._window
        if window is None:
            return
        edge = round(self.scroll_y) + (0 if by < 0 else self.size.height - 1)
        place = window.place_of(edge)
        if place is not None and self.has_focus:
            self.set_reactive(Conversation.cursor, place.id)
            self.refresh()

    def action_first(self) -> None:
        """To the first row of all."""
        window = self._window
        if window is not None and window.entries:
            window.open_at(window.source.position_at(0.0))
            self._settle(0)
            self.cursor = window.entries[0].row.id

    def action_last(self) -> None:
        """To the end."""
        window = self._window
        if window is not None and window.entries:
            if not window.at_end:
                window.open_end()
            self._settle(None)
            self.cursor = window.entries[-1].row.id

    def action_new(self) -> None:
        """To the line above what is new."""
        window = self._window
        if window is None or window.page.read is None:
            return
        following = window.source.after(window.page.read, 1)
        if following:
            self.jump(following[0].position)
            self.cursor = following[0].id

    @property
    def chosen(self) -> Row | None:
        """The message that the cursor is on; without one, the last."""
        return self._meant(lambda row: row.kind in SAID)

    @property
    def chosen_own(self) -> Row | None:
        """This person's message that the cursor is on; without a cursor, their last."""
        return self._meant(lambda row: row.mine and row.kind is RowKind.TEXT)

    @property
    def chosen_poll(self) -> Row | None:
        """The poll that the cursor is on; without a cursor, the last."""
        return self._meant(lambda row: row.poll is not None)

    @property
    def chosen_file(self) -> Row | None:
        """The message with a file that the cursor is on; without a cursor, the last."""
        return self._meant(lambda row: row.file is not None)

    def _meant(self, fits: Callable[[Row], bool]) -> Row | None:
        window, index = self._window, self._cursor_index()
        if window is None:
            return None
        if index is not None:
            row = window.entries[index].row
            return row if fits(row) else None
        return next((entry.row for entry in window.entries[::-1] if fits(entry.row)), None)

    def action_copy(self) -> None:
        """Copy the row's text."""
        window, index = self._window, self._cursor_index()
        if window is not None and index is not None:
            self.post_message(self.Copy(window.entries[index].written))

    def action_write(self) -> None:
        """Go back to the composer."""
        self.post_message(self.Write())

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row that was clicked."""
        offset = event.get_content_offset(self)
        window = self._window
        if offset is None or window is None or event.chain != 1:
            return
        found = window.find(self._line_at(offset.y))
        if found is not None:
            self.cursor = window.entries[found[0]].row.id
