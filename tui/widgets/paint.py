"""Drawing a laid-out row as strips: colours, the bar of "here", links, the selection.

Segments of text carry where they come from, as (character of the text, position of the row):
Textual's selection is made of these, and so survives resizing, scrolling and rows coming in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip
from textual.style import Style

from tui.engine.events import Quote, RowKind
from tui.glyphs import Glyphs
from tui.safe_text import sanitise_line
from tui.widgets.code import colours
from tui.widgets.layout import GUTTER, TIME, Entry, Line, LineKind, head_facts
from tui.widgets.prose import LINK, Face

Mark = tuple[int, int, Style]
"""A span of a text, and what is laid over it."""


NOT_HERE = "a message that is not here"
TAKEN_BACK = "(taken back)"
"""What stands for a message that is answered."""

_ABOVE = -(1 << 20)
"""Characters are counted on from a segment's offset: wherever a line above the text is pointed at,
it stays before the text's beginning."""


def selected(span: tuple[int, int], length: int) -> tuple[int, int]:
    """Textual's span of a row (-1 for its end, less for what stands above it) in characters."""
    start, end = span
    end = length if end == -1 else min(max(end, 0), length)
    return min(max(start, 0), end), end


@dataclass(frozen=True, slots=True)
class Look:
    """The styles of the present theme."""

    base: Style
    muted: Style
    rule: Style
    new: Style
    link: Style
    mention: Style
    here: Style  # the bar
    raised: Style  # the background of the row that the cursor is on
    warning: Style
    selection: Style
    faces: Mapping[Face, Style]
    hue: Callable[[int], Style]
    glyphs: Glyphs


@dataclass(frozen=True, slots=True)
class Painter:
    """Draws rows for one width and one reader."""

    look: Look
    width: int
    mention: re.Pattern[str] | None  # what calls this person
    lead: int = 0  # cells for time and name before the text; 0 where these stand above it

    def paint(self, entry: Entry, here: bool, span: tuple[int, int] | None) -> list[Strip]:
        """An entry's lines. `here`: the cursor is on it; `span`: what is selected of its text."""
        marks = self._marks(entry, span)
        return [self._line(entry, line, here, marks) for line in entry.lines]

    def plain(self, text: str) -> Strip:
        """A muted line of our own."""
        look = self.look
        parts = [(" " * GUTTER, look.base), (text, look.muted)]
        return self._strip((Segment(part, (look.base + style).rich_style) for part, style in parts))

    def blank(self) -> Strip:
        """An empty line."""
        return Strip.blank(self.width, self.look.base.rich_style)

    def _line(self, entry: Entry, line: Line, here: bool, marks: list[Mark]) -> Strip:
        if line.kind is LineKind.TEXT:
            return self._text(entry, line, here, marks)
        if line.kind is LineKind.HEAD:
            return self._head(entry, here)
        if line.kind is LineKind.QUOTE and entry.row.reply is not None:
            return self._quote(entry, entry.row.reply, here)
        look, dash = self.look, self.look.glyphs.rule
        if line.kind is LineKind.DAY:
            label = f" {entry.when:%A} {entry.when.day} {entry.when:%B %Y} "
            left = max(0, (self.width - len(label)) // 2)
            right = max(0, self.width - left - len(label))
            return self._anchored(
                entry, [(dash * left, look.rule), (label, look.muted), (dash * right, look.rule)]
            )
        if line.kind is LineKind.NEW:
            return self._anchored(entry, [(dash * (self.width - 6) + " new " + dash, look.new)])
        return self._anchored(entry, [(" " * self.width, look.base)])

    def _head(self, entry: Entry, here: bool) -> Strip:
        look, row = self.look, entry.row
        facts = [f"{entry.when:%H:%M}", *head_facts(row)]
        name = look.hue(row.hue) + Style(bold=True)
        parts = [
            *self._gutter(entry, here),
            (entry.name, name),
            ("  " + "   ".join(facts), look.muted),
        ]
        return self._anchored(entry, parts, look.raised if here else look.base)

    def _quote(self, entry: Entry, quote: Quote, here: bool) -> Strip:
        look = self.look
        text = sanitise_line(quote.text) if quote.author else NOT_HERE
        said = f"  {text or TAKEN_BACK}" if quote.author else text
        room = self.width - GUTTER - self.lead - 3
        name = fitted(sanitise_line(quote.author), room // 2, look.glyphs.ellipsis)
        said = fitted(said, room - cell_len(name), look.glyphs.ellipsis)
        parts = [
            *self._gutter(entry, here),
            (" " * self.lead, Style()),
            (f"{look.glyphs.quote} ", look.rule),
            (name, look.hue(quote.hue)),
            (said, look.muted),
        ]
        return self._anchored(entry, parts, look.raised if here else look.base)

    def _anchored(
        self, entry: Entry, parts: list[tuple[str, Style]], base: Style | None = None
    ) -> Strip:
        """A line above the text: to the selection it is the text's beginning."""
        ground = self.look.base if base is None else base
        anchor = entry.row.position
        return self._strip(
            (
                Segment(text, (ground + style).rich_style_with_offset(_ABOVE, anchor))
                for text, style in parts
            ),
            ground,
        )

    def _gutter(self, entry: Entry, here: bool, first: bool = False) -> list[tuple[str, Style]]:
        look = self.look
        bar = (look.glyphs.here if here else " ", look.here)
        if first and entry.row.kind is RowKind.WARNING:
            return [bar, (look.glyphs.warning, look.warning), (" ", Style())]
        return [bar, (" ", Style()), (" ", Style())]

    def _lead(self, entry: Entry, first: bool) -> list[tuple[str, Style]]:
        """Time and name, where they stand on the line of the text."""
        if not self.lead:
            return []
        if not first:
            return [(" " * self.lead, Style())]
        look, room = self.look, self.lead - TIME - 2
        name = "*" if entry.row.me else entry.name if entry.said else ""
        name = fitted(name, room, look.glyphs.ellipsis)
        style = look.hue(entry.row.hue) + Style(bold=True)
        return [
            (f"{entry.when:%H:%M} {' ' * (room - cell_len(name))}", look.muted),
            (name, style),
            (" ", Style()),
        ]

    def _text(self, entry: Entry, line: Line, here: bool, marks: list[Mark]) -> Strip:
        ground = self.look.raised if here else self.look.base
        anchor, text = entry.row.position, entry.text
        end = line.end
        while end > line.start and text[end - 1] == " ":
            end -= 1
        segments = [
            Segment(cell, (ground + style).rich_style_with_offset(line.start, anchor))
            for cell, style in (
                *self._gutter(entry, here, line.start == 0),
                *self._lead(entry, line.start == 0),
            )
        ]
        for start, stop, style in _cut(line.start, end, marks):
            rich = (ground + style).rich_style_with_offset(start, anchor)
            segments.append(Segment(text[start:stop], rich))
        return self._strip(segments, ground)

    def _strip(self, segments: Iterable[Segment], ground: Style | None = None) -> Strip:
        """A strip of exactly the width; what is too wide (names can be) is cut."""
        made = list(segments)
        used = sum(cell_len(segment.text) for segment in made)
        if used < self.width:
            base = self.look.base if ground is None else ground
            made.append(Segment(" " * (self.width - used), base.rich_style))
            used = self.width
        strip = Strip(made, used)
        return strip if used == self.width else strip.crop(0, self.width)

    def _marks(self, entry: Entry, span: tuple[int, int] | None) -> list[Mark]:
        look, body, text = self.look, entry.body, entry.text
        marks: list[Mark] = []
        if entry.row.kind is RowKind.WARNING:
            marks.append((0, len(body), look.warning))
        elif entry.row.kind is RowKind.TEXT or entry.row.kind is RowKind.PASSED_ON:
            if entry.row.me:
                marks.append((0, len(entry.name), look.hue(entry.row.hue) + Style(bold=True)))
            marks += [(start, end, look.faces[face]) for start, end, face in entry.prose.parts]
            for begin, stop, language in entry.prose.code:
                marks += [
                    (begin + start, begin + end, look.faces[face])
                    for start, end, face in colours(body[begin:stop], language)
                ]
            if "://" in body:
                marks += [(*found.span(), look.link) for found in LINK.finditer(body)]
            if self.mention is not None:
                marks += [(*found.span(), look.mention) for found in self.mention.finditer(body)]
        else:
            marks.append((0, len(body), look.muted))
        if entry.tail:
            marks.append((len(body), len(text), look.muted))
        if span is not None:
            start, end = selected(span, len(body))
            marks.append((start, end, look.selection))
        return marks


def _cut(start: int, end: int, marks: list[Mark]) -> Iterator[Mark]:
    """A line's span in pieces, each with all that is laid over it; later marks win."""
    if not marks:
        yield start, end, Style()
        return
    edges = {start, end}
    for begin, stop, _ in marks:
        edges.update(edge for edge in (begin, stop) if start < edge < end)
    places = sorted(edges)
    for begin, stop in pairwise(places):
        style = Style()
        for mark_start, mark_end, mark in marks:
            if mark_start <= begin and stop <= mark_end:
                style += mark
        yield begin, stop, style


def mention_of(me: str) -> re.Pattern[str] | None:
    """What calls a person of this name: `@name`, in any case."""
    return re.compile(rf"(?<!\w)@{re.escape(me)}(?!\w)", re.IGNORECASE) if me else None


def fitted(text: str, cells: int, ellipsis: str) -> str:
    """A text in at most so many cells; where it is cut, the ellipsis says so."""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, max(0, cells - 1)).rstrip() + ellipsis
