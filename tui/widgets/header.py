"""The top of a conversation: the circle's name, its chairs, its topic; where to go."""

from __future__ import annotations

from textual.content import Content

from tui.engine.events import CircleFacts
from tui.glyphs import Glyphs
from tui.keys import Keys
from tui.safe_text import sanitise_line
from tui.widgets.chairs import chairs

GAP = "   "


def header(facts: CircleFacts, glyphs: Glyphs, width: int) -> Content:
    """Name and chairs, and as much of the topic as has room in `width` columns."""
    name = Content.styled(sanitise_line(facts.name), "bold")
    taken = chairs(facts.chairs, facts.cap, glyphs)
    line = Content.assemble(name.truncate(max(8, width - 20), ellipsis=True), GAP, taken)
    if not facts.topic:
        return line
    room = width - line.cell_length - len(GAP)
    if room < 12:
        return line
    topic = Content.styled(sanitise_line(facts.topic), "$muted").truncate(room, ellipsis=True)
    return Content.assemble(line, GAP, topic)


def elsewhere(others: list[CircleFacts], glyphs: Glyphs, keys: Keys) -> Content:
    """For where the list of circles has no room: how to get to it, and whether it has news."""
    mark = ""
    if any(circle.mentioned for circle in others):
        mark = " @"
    elif any(circle.news for circle in others):
        mark = f" {glyphs.news}"
    style = "bold $accent" if mark == " @" else "bold $secondary"
    key = keys.shown("switch")
    return Content.assemble((key, "bold $accent"), (" circles", "$muted"), (mark, style))
