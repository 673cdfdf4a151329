"""The part of a conversation that is in memory: a few pages of rows around what is looked at.

Heights of loaded rows are exact; above and below them, `above` and `below` lines are guessed. Rows
come and go a page at a time. A reader's place is kept by naming it before a change (`place_of`) and
asking where it is afterwards (`line_of`): whatever is guessed anew above never moves the text.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate

from tui.engine.events import Row
from tui.widgets.layout import Entry, Page, entry, lay_out
from tui.widgets.rows import Source

PAGE = 128
"""Rows that are read at once."""

MOST = 5 * PAGE
"""Rows in memory, before those furthest from the reader are let go."""

LINES_A_ROW = 2.2
"""The guess before anything is known."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a loaded row: a place that survives rows coming and going elsewhere."""

    id: str
    position: int
    line: int


class Window:
    """Rows from a source, laid out for a page."""

    def __init__(self, source: Source, page: Page) -> None:
        self.source = source
        self.page = page
        self.entries: list[Entry] = []
        self.above = 0
        self.below = 0
        self.at_start = False
        self.at_end = False
        self._prior: Entry | None = None  # the row before the first loaded one
        self._tops: list[int] | None = None

    # Where things are, in lines from the top of the conversation.

    @property
    def loaded(self) -> int:
        """Lines of the loaded rows."""
        return self._top_list()[-1]

    @property
    def total(self) -> int:
        """Lines of the whole conversation, as far as they are known."""
        return self.above + self.loaded + self.below

    def _top_list(self) -> list[int]:
        if self._tops is None:
            self._tops = list(accumulate((each.height for each in self.entries), initial=0))
        return self._tops

    def top(self, index: int) -> int:
        """The first line of a loaded row."""
        return self.above + self._top_list()[index]

    def find(self, line: int) -> tuple[int, int] | None:
        """The loaded row at a line, and which of its lines it is; None where none is."""
        at = line - self.above
        if not 0 <= at < self.loaded:
            return None
        index = bisect_right(self._top_list(), at) - 1
        return index, at - self._top_list()[index]

    def index_of(self, id: str) -> int | None:
        """The loaded row with this id."""
        for index in range(len(self.entries) - 1, -1, -1):
            if self.entries[index].row.id == id:
                return index
        return None

    def place_of(self, line: int) -> Place | None:
        """The nearest loaded place at or around a line; None where nothing is loaded."""
        if not self.entries:
            return None
        inside = min(max(line, self.above), self.above + self.loaded - 1)
        found = self.find(inside)
        if found is None:
            return None
        index, within = found
        row = self.entries[index].row
        return Place(row.id, row.position, within + line - inside)

    def line_of(self, place: Place) -> int:
        """Where a place is now; where its row is gone, that of the row that follows it."""
        index = self.index_of(place.id)
        if index is None:
            index = min(self._bisect(place.position), len(self.entries) - 1)
            return self.top(max(0, index)) if self.entries else 0
        return self.top(index) + place.line

    # Opening.

    def open_end(self) -> None:
        """Load the newest rows."""
        rows = self.source.before(None, PAGE + 1)
        self._fill(rows, len(rows) <= PAGE, True)
        guess = self._lines(self.source.count() - len(self.entries))
        self.above = 0 if self.at_start else max(PAGE, guess)
        self.below = 0

    def open_at(self, position: int) -> None:
        """Load the rows around a position."""
        older = self.source.before(position, PAGE + 1)
        newer = self.source.after(position - 1, PAGE)
        self._fill(older + newer, len(older) <= PAGE, len(newer) < PAGE)
        everything = self._lines(self.source.count())
        share = self.source.share_before(self.entries[0].row.position) if self.entries else 0.0
        self.above = 0 if self.at_start else max(PAGE, round(everything * share))
        self.below = 0 if self.at_end else max(PAGE, everything - self.above - self.loaded)

    def seek(self, line: int, height: int) -> Place | None:
        """Load the rows that a line far from what is loaded may belong to; what stands there now.

        :param height: lines of the view whose top is at `line`.
        """
        share = min(1.0, line / max(1, self.total - height))
        self.open_at(self.source.position_at(share))
        if not self.entries:
            return None
        index = min(self._bisect(self.source.position_at(share)), len(self.entries) - 1)
        # The guess above is chosen so that the scroll bar stays where it was put.
        self.above = 0 if self.at_start else max(PAGE, line - self._top_list()[index])
        row = self.entries[index].row
        return Place(row.id, row.position, 0)

    def lay_out(self, page: Page) -> None:
        """Lay everything out anew: the width has changed, the density, or what counts as read."""
        scale = self.page.measure / page.measure
        self.above, self.below = round(self.above * scale), round(self.below * scale)
        other, self.page = page.dense is not self.page.dense, page
        if other:  # what stands behind a text is another thing there
            prior = self._prior
            self._prior = None if prior is None else entry(prior.row, None, page)
            self.entries = self._entries([each.row for each in self.entries], self._prior)
        else:
            before = self._prior
            for each in self.entries:
                lay_out(each, before, page)
                before = each
        self._tops = None

    def _fill(self, rows: list[Row], at_start: bool, at_end: bool) -> None:
        self.at_start, self.at_end = at_start, at_end
        self._prior = None
        if not at_start:
            self._prior, rows = entry(rows[0], None, self.page), rows[1:]
        self.entries = self._entries(rows, self._prior)
        self._tops = None

    def _entries(self, rows: list[Row], before: Entry | None) -> list[Entry]:
        made = []
        for row in rows:
            before = entry(row, before, self.page)
            made.append(before)
        return made

    def _lines(self, rows: float) -> int:
        known = len(self.entries)
        each = self.loaded / known if known else LINES_A_ROW
        return max(0, round(rows * each))

    # Coming and going.

    def load_before(self) -> bool:
        """Read the page above; whether there was one."""
        if self.at_start or not self.entries:
            return False
        rows = self.source.before(self.entries[0].row.position, PAGE + 1)
        self.at_start = len(rows) <= PAGE
        self._prior = None
        if not self.at_start:
            self._prior, rows = entry(rows[0], None, self.page), rows[1:]
        height = self.loaded
        made = self._entries(rows, self._prior)
        joint = made[-1] if made else None
        lay_out(self.entries[0], joint, self.page)
        self.entries[:0] = made
        self._tops = None
        guess = self.above - (self.loaded - height)
        self.above = 0 if self.at_start else max(PAGE, guess)
        return True

    def load_after(self) -> bool:
        """Read the page below; whether there was one."""
        if self.at_end or not self.entries:
            return False
        rows = self.source.after(self.entries[-1].row.position, PAGE)
        self.at_end = len(rows) < PAGE
        height = self.loaded
        self.entries += self._entries(rows, self.entries[-1])
        self._tops = None
        guess = self.below - (self.loaded - height)
        self.below = 0 if self.at_end else max(PAGE, guess)
        return True

    def trim(self, line: int) -> None:
        """Let go of what is furthest from a line, where there is too much."""
        spare = len(self.entries) - MOST
        if spare < PAGE:
            return
        middle = self.above + self.loaded // 2
        if line < middle:
            gone = self.entries[-spare:]
            del self.entries[-spare:]
            self.below += sum(each.height for each in gone)
            self.at_end = False
        else:
            gone = self.entries[:spare]
            del self.entries[:spare]
            self.above += sum(each.height for each in gone)
            self._prior, self.at_start = gone[-1], False
        self._tops = None

    # Changes.

    def put(self, row: Row, was: int | None = None) -> None:
        """A row is new, has changed, or has moved here from the position `was`."""
        if was is not None and was != row.position:
            self._take(was)
        at = self._bisect(row.position)
        if at < len(self.entries) and self.entries[at].row.position == row.position:
            self._replace(at, row)
        elif at == len(self.entries) and not self.at_end:
            self.below += self._lines(1)
        elif at == 0 and self._prior is not None and row.position <= self._prior.row.position:
            self._put_above(row)
        else:
            self.entries.insert(at, entry(row, self._before(at), self.page))
            self._join(at + 1)

    def _put_above(self, row: Row) -> None:
        if self._prior is not None and row.position == self._prior.row.position:
            self._prior = entry(row, None, self.page)
            self._join(0)
        else:
            self.above += self._lines(1)

    def _take(self, position: int) -> None:
        at = self._bisect(position)
        if at < len(self.entries) and self.entries[at].row.position == position:
            del self.entries[at]
            self._join(at)

    def _replace(self, at: int, row: Row) -> None:
        self.entries[at] = entry(row, self._before(at), self.page)
        self._join(at + 1)

    def _join(self, at: int) -> None:
        """What stands before a row has changed: find its lines again."""
        if at < len(self.entries):
            lay_out(self.entries[at], self._before(at), self.page)
        self._tops = None

    def _before(self, at: int) -> Entry | None:
        return self.entries[at - 1] if at else self._prior

    def _bisect(self, position: int) -> int:
        return bisect_left(self.entries, position, key=lambda each: each.row.position)

    def read_to(self, read: int | None) -> None:
        """What counts as new has changed."""
        self.lay_out(replace(self.page, read=read))
