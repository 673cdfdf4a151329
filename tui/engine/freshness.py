"""Whether the relay keeps the end of the log back: what others' devices vouch for, and since when.

docs/protocol.md section 5.6. Another device's signed word shows that this log was whole at that
time. Where it names an entry that this device is not shown, the relay keeps something back, and the
conversation says so. Where nobody vouches any more, nothing is proved: it may be that nobody else
is there, and so it is said beside the circle's name alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from crypto.access.log import Head
from crypto.circle.view import Leaf
from tui.engine import timeline
from tui.engine.circle import Circle

STALE_AFTER = 11 * 60_000
"""Milliseconds without a word after which there is no proof: two heartbeats, and some more."""

REMEMBERED = 3_600_000
"""Milliseconds before a connection in which a word counts as one that others are there."""

HELD_BACK = 60_000
"""Milliseconds for which an entry may be on its way."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Somebody signed for an entry that was not shown here; the relay, where `name` is empty."""

    n: int
    name: str
    since: int


def vouched(circle: Circle, leaf: Leaf, head: Head, at: int) -> None:
    """A device has signed, at this time, for a log that fits ours: another member's word counts."""
    record = circle.record
    if leaf.member == circle.member_key:
        return
    record.fresh_at = max(record.fresh_at, min(at, circle.context.now()))
    record.covered = max(record.covered, head.n)
    circle.changed()


def ahead(circle: Circle, n: int, name: str) -> None:
    """A head that the relay signed is of an entry that was not shown here."""
    if circle.ahead is None:
        circle.ahead = Ahead(n, name, circle.context.now())


def look(circle: Circle) -> None:
    """Say what is to be said about it; after every input."""
    record, now = circle.record, circle.context.now()
    if circle.ahead is not None and record.n >= circle.ahead.n:
        circle.ahead = None
    if record.ahead and record.n >= record.ahead:
        record.ahead = record.ahead_since = 0
        timeline.notice(circle, "What the relay had kept back is here now.")
        circle.tell_changed()
    due = _due(circle)
    if due is not None and due <= now and circle.ahead is not None:
        record.ahead, record.ahead_since = circle.ahead.n, circle.ahead.since
        whose = f"{circle.ahead.name}'s device has" if circle.ahead.name else "it has itself"
        verb = "seen" if circle.ahead.name else "signed"
        text = f"The relay keeps something back: {whose} {verb} more than this device is shown."
        timeline.notice(circle, text, warning=True, at=record.ahead_since)
        circle.tell_changed()
    stale_at = _stale_at(circle)
    stale = stale_at is not None and stale_at <= now
    if stale != circle.stale:
        circle.stale = stale
        circle.tell_changed()


def _due(circle: Circle) -> int | None:
    """When it is to be said that something is kept back, None where nothing is."""
    connection = circle.connection
    if connection is None or not connection.caught_up or not circle.active:
        return None
    if circle.ahead is None or circle.record.ahead:
        return None
    return max(circle.ahead.since, connection.caught_up_at) + HELD_BACK


def _stale_at(circle: Circle) -> int | None:
    """When nothing is proved any more, unless somebody vouches before; None with nobody there."""
    connection, fresh_at = circle.connection, circle.record.fresh_at
    if connection is None or not connection.caught_up or not circle.active:
        return None
    if fresh_at <= connection.caught_up_at - REMEMBERED:
        return None
    return max(fresh_at, connection.caught_up_at) + STALE_AFTER


def next_time(circle: Circle) -> list[int]:
    """When there is something to say, unless something comes before."""
    return [time for time in (_due(circle), _stale_at(circle)) if time is not None]
