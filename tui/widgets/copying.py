"""What a selection says: the text of one row, or a transcript of several."""

from __future__ import annotations

from collections.abc import Iterator

from textual.selection import Selection

from tui.widgets.layout import Entry, entry
from tui.widgets.paint import selected
from tui.widgets.window import PAGE, Window

MOST = 20_000
"""Rows that are copied at once."""


def selected_text(window: Window, selection: Selection) -> str:
    """The text between a selection's ends; with times and names, where it spans several rows.

    An end that lies outside of the conversation means the first or last row that is loaded.
    """
    start, end = selection
    first = window.entries[0].row.position if start is None else start.y
    last = window.entries[-1].row.position if end is None else end.y
    parts: list[tuple[Entry, str]] = []
    for made in _between(window, first, last):
        span = selection.get_span(made.row.position)
        if span is not None:
            begin, stop = selected(span, len(made.body))
            parts.append((made, made.body[begin:stop]))
    if len(parts) == 1:
        return parts[0][1]
    return "\n".join(_line(made, text) for made, text in parts if text)


def _line(made: Entry, text: str) -> str:
    time = f"{made.when:%H:%M}"
    return f"{time} {made.name}: {text}" if made.said else f"{time} {text}"


def _between(window: Window, first: int, last: int) -> Iterator[Entry]:
    position, count = first - 1, 0
    while count < MOST:
        rows = window.source.after(position, PAGE)
        for row in rows:
            if row.position > last:
                return
            yield entry(row, None, window.page)
        if len(rows) < PAGE:
            return
        position, count = rows[-1].position, count + len(rows)
