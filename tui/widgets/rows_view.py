"""A scrolling view over rows in a database, however many there are.

It holds a window of a few hundred rows around what is looked at (`tui.widgets.window`) and draws
lines on demand. The text under a reader's eyes moves only when they scroll: pages that are read,
rows that come in late and better guesses of heights are made up for in the scroll position. At the
end, it follows what comes in.

    show(source, …)          another conversation, at its end or where it was left
    added(row), changed(…)   news of the engine, drawn at most 30 times a second
    jump(position)           to a row, loaded or not
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import tzinfo
from time import monotonic
from typing import ClassVar

from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer

from tui.engine.events import Row
from tui.safe_text import sanitise_line
from tui.widgets.copying import selected_text
from tui.widgets.layout import PATIENCE, WAITING, Entry, Page, lead
from tui.widgets.look import PARTS, look_of
from tui.widgets.paint import Painter, mention_of
from tui.widgets.rows import Source
from tui.widgets.strips import Strips
from tui.widgets.window import PAGE, Place, Window
from tui.widgets.wrap import wrap

FRAME = 1 / 30
"""Seconds between two drawings of what has come in."""


class RowsView(ScrollView):
    """See the module."""

    ALLOW_SELECT = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {*PARTS}

    following: reactive[bool] = reactive(True, repaint=False)
    """Whether the end is in view, so that what comes in is followed."""

    class Seen(Message, namespace="conversation"):
        """Everything in a circle up to this position has been in view, with the terminal in
        focus."""

        def __init__(self, circle: str, position: int) -> None:
            self.circle = circle
            self.position = position
            super().__init__()

    class Follows(Message, namespace="conversation"):
        """The end came into view or left it; `missed` says that something came in meanwhile."""

        def __init__(self, following: bool, missed: bool) -> None:
            self.following = following
            self.missed = missed
            super().__init__()

    def __init__(self, *, id: str | None = None, zone: tzinfo | None = None) -> None:
        super().__init__(id=id)
        self._zone = zone
        self._source: Source | None = None
        self._window: Window | None = None
        self._opening: Place | None = None
        self._read: int | None = None
        self._now: Callable[[], int] | None = None
        self._mention = mention_of("")
        self._empty = ""
        self._strips = Strips()
        self._painter: Painter | None = None
        self._pending: list[tuple[Row, int | None]] = []
        self._flushed = 0.0
        self._timer: Timer | None = None
        self._settling = False
        self._missed = False
        self._seen = 0
        self.patience = PATIENCE
        """Milliseconds before it is said of an own message that it waits; set it before `show`."""
        self._dense = False

    # What is shown.

    def show(
        self,
        source: Source | None,
        *,
        me: str = "",
        read: int | None = None,
        at: Place | None = None,
        empty: str = "",
        now: Callable[[], int] | None = None,
    ) -> None:
        """Show another conversation, at its end; where more is new than has room, at the new line.

        :param me: this person's name in it; `@name` is marked.
        :param read: the last position that was read, where there is news: the new line follows it.
        :param at: where it was left (see `place`), if one is to come back there.
        :param empty: what is said while there are no rows.
        :param now: milliseconds since 1970; where it is given, it is only said of own messages that
            they wait once they have waited for a while.
        """
        self._source, self._opening, self._read, self._now = source, at, read, now
        self._mention = mention_of(sanitise_line(me))
        self._empty = sanitise_line(empty)
        self._pending.clear()
        self._painter = None
        self._strips.clear()
        self._missed, self._seen = False, read or 0
        self._window = None
        self.begin_anew()
        self._open()

    def begin_anew(self) -> None:
        """Another conversation is shown: nothing of the one before is selected."""
        if self.text_selection is not None:
            self.screen.clear_selection()

    @property
    def place(self) -> Place | None:
        """Where the reader is, to come back to; None at the end."""
        if self.following or self._window is None:
            return None
        return self._window.place_of(round(self.scroll_y))

    @property
    def empty(self) -> bool:
        """Whether there are no rows."""
        return self._window is not None and not self._window.entries

    @property
    def loaded(self) -> list[Row]:
        """The rows that are in memory."""
        return [] if self._window is None else [entry.row for entry in self._window.entries]

    @property
    def pending(self) -> bool:
        """Whether something has come in that is not drawn yet."""
        return bool(self._pending)

    @property
    def missed(self) -> bool:
        """Whether something came in at the end while the reader was further up."""
        return self._missed

    def say_when_empty(self, sentence: str) -> None:
        """What is said while there are no rows."""
        self._empty = sanitise_line(sentence)
        self.refresh()

    def _open(self) -> None:
        width = self.scrollable_content_region.width
        if self._source is None or width <= 0:
            self.refresh()
            return
        page = Page(width, self._zone, self._read, self._now, self.patience, self._dense)
        self._window = window = Window(self._source, page)
        if self._opening is not None:
            window.open_at(self._opening.position)
        else:
            window.open_end()
        self._settle(self._opening or self._where_new(window))
        self._opening = None
        self._look_again_at(self.loaded[-1:])

    def _where_new(self, window: Window) -> Place | None:
        """Where the new begins, if more is new than has room at the end."""
        new = [] if self._read is None else window.source.after(self._read, 1)
        index = window.index_of(new[0].id) if new else None
        if not new or (index is not None and window.top(index) >= window.total - self.size.height):
            return None
        if index is None:
            window.open_at(new[0].position)
        return Place(new[0].id, new[0].position, -(self.size.height // 3))

    def on_mount(self) -> None:
        """What is in view counts as seen while somebody is at this terminal."""
        self.watch(self.app, "app_focus", self._note_view, init=False)

    def on_resize(self) -> None:
        """Lay out anew where the width has changed; keep the place in any case."""
        width = self.scrollable_content_region.width
        if self._window is None:
            self._open()
        elif width > 0 and width != self._window.page.width:
            self._lay_out(self._window, replace(self._window.page, width=width))
        else:
            self._settle(None if self.following else self._top_place())

    def choose_density(self, dense: bool) -> None:
        """A line for each message with its time and name, or names above what they say."""
        self._dense = dense
        if self._window is not None and self._window.page.dense is not dense:
            self._lay_out(self._window, replace(self._window.page, dense=dense))

    def _lay_out(self, window: Window, page: Page) -> None:
        place, following = self._top_place(), self.following
        self._strips.clear()
        self._painter = None
        window.lay_out(page)
        self._settle(None if following else place)

    def notify_style_update(self) -> None:
        """The theme has changed."""
        super().notify_style_update()
        self._strips.clear()
        self._painter = None

    # Scrolling.

    def _top_place(self) -> Place | None:
        return None if self._window is None else self._window.place_of(round(self.scroll_y))

    def _settle(self, to: int | Place | None) -> None:
        """Take the window's size over, and go to a line, a place, or (None) the end."""
        window = self._window
        if window is None:
            return
        self._settling = True
        try:
            for _ in range(4):
                if to is None:
                    line = window.total
                else:
                    line = to if isinstance(to, int) else window.line_of(to)
                self._scroll_now(line)
                kept = self._load()
                if kept is None:
                    break
                to = None if to is None else kept
        finally:
            self._settling = False
        self._note_view()
        self.refresh()

    def _scroll_now(self, line: int) -> None:
        window = self._window
        if window is None:
            return
        size = Size(window.page.width, window.total)
        if size != self.virtual_size:
            # Setting it as usual would lay out the whole screen, and only the scroll bar cares.
            self.set_reactive(ScrollView.virtual_size, size)
            self._scroll_update(size)
        self.scroll_y = self.scroll_target_y = float(line)

    def _load(self) -> Place | None:
        """Read what is near the view and not loaded; the place to keep, if anything was read."""
        window, height = self._window, self.size.height
        if window is None or not window.entries:
            return None
        top = round(self.scroll_y)
        first, last = window.above, window.above + window.loaded
        if top + height <= first - height or top >= last + height:
            return window.seek(top, height)
        place, changed = window.place_of(top), False
        if top - height < first:
            changed = window.load_before()
        if top + 2 * height > last:
            changed = window.load_after() or changed
        if not changed:
            return None
        window.trim(top if place is None else window.line_of(place))
        return place

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Somebody scrolled: read what comes into view."""
        super().watch_scroll_y(old_value, new_value)
        if self._settling or self._window is None:
            return
        if self.max_scroll_y and new_value >= self.max_scroll_y and self._window.at_end:
            self._note_view()
        else:
            self._settle(round(new_value))

    def _note_view(self) -> None:
        window = self._window
        if window is None:
            return
        bottom = round(self.scroll_y) + self.size.height
        following = window.at_end and bottom >= window.total
        if following:
            self._missed = False
        if following != self.following:
            self.following = following
            self.post_message(self.Follows(following, self._missed))
        self._note_seen(bottom)

    def _note_seen(self, bottom: int) -> None:
        window = self._window
        if window is None or not self.app.app_focus:
            return
        found = window.find(min(bottom, window.above + window.loaded) - 1)
        if found is None:
            return
        index = found[0] if window.top(found[0] + 1) <= bottom else found[0] - 1
        # Own messages that wait have no lasting position yet.
        while index >= 0 and window.entries[index].row.state in WAITING:
            index -= 1
        if index >= 0 and window.entries[index].row.position > self._seen:
            row = window.entries[index].row
            self._seen = row.position
            self.post_message(self.Seen(row.circle, row.position))

    def jump(self, position: int) -> None:
        """Show a row, a third down the view."""
        window = self._window
        if window is None:
            return
        index = _index_at(window, position)
        if index is None:
            window.open_at(position)
            index = _index_at(window, position)
        if index is not None:
            row = window.entries[index].row
            self._settle(Place(row.id, row.position, -(self.size.height // 3)))

    # News.

    def added(self, row: Row) -> None:
        """A row is new: at the end, or further up."""
        self.changed(row)

    def changed(self, row: Row, was: int | None = None) -> None:
        """A row is new or has changed; `was` is the position that it had, if it moved."""
        self._pending.append((row, was))
        if self._timer is None:
            wait = self._flushed + FRAME - monotonic()
            if wait <= 0:
                self._flush()
            else:
                self._timer = self.set_timer(wait, self._flush)

    def gone(self) -> None:
        """Rows are there no more: read what is around here anew."""
        window = self._window
        if window is None:
            return
        self._flush_now()
        place, following = self._top_place(), self.following
        self._strips.clear()
        self._reopen(window, place)
        self._settle(None if following else place)

    def _flush_now(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._flush()

    def _flush(self) -> None:
        self._timer, self._flushed = None, monotonic()
        window, pending = self._window, self._pending
        if window is None or not pending:
            pending.clear()
            return
        place, following = self._top_place(), self.following
        newest = window.entries[-1].row.position if window.entries else -1
        if not (following or self._missed) and any(row.position > newest for row, _ in pending):
            self._missed = True
            self.post_message(self.Follows(False, True))
        if len(pending) > PAGE:
            # So much has come that reading the page anew is less work than each row by itself.
            self._reopen(window, place)
        else:
            for row, was in pending:
                window.put(row, was)
            self._look_again_at([row for row, _ in pending])
            window.trim(window.total if following else round(self.scroll_y))
        pending.clear()
        self._settle(None if following else place)

    def _look_again_at(self, rows: list[Row]) -> None:
        if self._window is not None and any(self._window.page.fresh(row) for row in rows):
            self.set_timer(self.patience / 1000, self._say_what_waits)

    def _say_what_waits(self) -> None:
        """Own messages that were fresh a while ago, and wait still."""
        # What is loaded may be older than what is pending: said again behind that, a message would
        # stand there twice.
        self._flush_now()
        for row in self.loaded[::-1]:
            if row.state not in WAITING:
                break
            self.changed(row)

    def _reopen(self, window: Window, place: Place | None) -> None:
        if self.following or place is None:
            window.open_end()
        else:
            window.open_at(place.position)

    # Drawing.

    def _line_at(self, y: int) -> int:
        """The line at a line of the view; a short history sits at the bottom."""
        total = 0 if self._window is None else self._window.total
        return round(self.scroll_y) + y - max(0, self.size.height - total)

    def render_line(self, y: int) -> Strip:
        """One line of the view."""
        return self._line(self._line_at(y), y)

    def _line(self, line: int, y: int) -> Strip:
        painter, window = self._painter_now(), self._window
        if window is None or not window.entries:
            return self._empty_line(painter, y)
        found = window.find(line)
        if found is None:
            return painter.blank()
        index, within = found
        return self._entry_strips(painter, window.entries[index])[within]

    def _entry_strips(self, painter: Painter, entry: Entry) -> list[Strip]:
        selection = self.text_selection
        span = None if selection is None else selection.get_span(entry.row.position)
        return self._strips.of(painter, entry, self.marks(entry), span)

    def marks(self, entry: Entry) -> bool:
        """Whether the bar of "here" stands beside a row."""
        return False

    def _empty_line(self, painter: Painter, y: int) -> Strip:
        if not self._empty or self._window is None:
            return painter.blank()
        lines = wrap(self._empty, self._window.page.measure)
        at = y - (self.size.height - len(lines))
        if at < 0:
            return painter.blank()
        start, end = lines[at]
        return painter.plain(self._empty[start:end])

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a region, past Textual's cache of styled lines: `Strips` serves better."""
        top = self._line_at(0)
        strips = [self._line(top + y, y) for y in crop.line_range]
        background = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        left, right = crop.column_span
        style = self.visual_style.rich_style
        return [strip.crop_extend(left, right, style) for strip in strips]

    def _painter_now(self) -> Painter:
        if self._painter is None:
            width = self.scrollable_content_region.width
            before = lead(width) if self._dense else 0
            self._painter = Painter(look_of(self), width, self._mention, before)
        return self._painter

    # Selecting.

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw what is selected."""
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, from the database where it is not loaded."""
        window = self._window
        if window is None or not window.entries:
            return None
        return selected_text(window, selection), "\n"


def _index_at(window: Window, position: int) -> int | None:
    for index, entry in enumerate(window.entries):
        if entry.row.position == position:
            return index
    return None
