"""Finding what was said."""

from __future__ import annotations

from tui.engine import commands, searching, timeline
from tui.engine.answers.asker import Answers, Asker
from tui.engine.answers.circles import LIMIT_MOST, page
from tui.engine.events import Found


def search(asker: Asker, command: commands.Search) -> None:
    """In all circles, those that were left included; the newest first."""
    query = searching.read(command.text)
    limit = max(1, min(command.limit, LIMIT_MOST))
    circles = {line.circle.number: line.circle for line in asker.desk.circle_lines()}
    rows = []
    for record in searching.find(asker.context.store, query, limit, asker.context.now()):
        rows += timeline.rows(circles[record.circle], [record])
    asker.context.tell(Found(ref=command.ref, rows=page(rows)))


TABLE: Answers = {commands.Search: search}
