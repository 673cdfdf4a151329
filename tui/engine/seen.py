"""What others' glances have shown: who is here, who is writing, who has read how far.

`tui.engine.glances` hears and sends them.
"""

from __future__ import annotations

from dataclasses import dataclass

from crypto.glance import Here
from tui.engine.circle import Circle
from tui.engine.store.records import MessageRecord

LASTS = 90_000
"""Milliseconds for which somebody is taken to be here after their word."""

WRITING_LASTS = 8_000

LOOKED_AT = 500
"""Messages before the place that somebody has read to, among which the newest own one is sought."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest glance of a leaf: its own time, and when it was heard here."""

    at: int
    here: Here
    heard_at: int

    def now(self, now: int) -> Here:
        """What is still to be believed of it."""
        if self.here < Here.HERE or now >= self.heard_at + LASTS:
            return Here.AWAY
        writing = self.here is Here.WRITING and now < self.heard_at + WRITING_LASTS
        return Here.WRITING if writing else Here.HERE

    def ends(self, now: int) -> int | None:
        """When that changes by itself."""
        stands = self.now(now)
        if stands is Here.WRITING:
            return self.heard_at + WRITING_LASTS
        return self.heard_at + LASTS if stands is Here.HERE else None


def wanted(circle: Circle) -> bool:
    """Whether this circle's members show each other anything of this."""
    return circle.active and (circle.view.state.presence or circle.view.state.heard)


def own_here(circle: Circle) -> Here:
    """What is told of this person."""
    now, attends = circle.context.now(), circle.context.attends
    if not circle.view.state.presence:
        return Here.UNTOLD
    if attends.writing == circle.id and now < min(attends.writing_until, attends.until):
        return Here.WRITING
    return Here.HERE if now < attends.until else Here.AWAY


def here(circle: Circle, member: bytes) -> Here:
    """Where a member is, by whichever of their devices says most; UNTOLD where nobody is told."""
    if not wanted(circle) or not circle.view.state.presence:
        return Here.UNTOLD
    now = circle.context.now()
    if member == circle.member_key:
        return own_here(circle)
    leaves = (circle.view.leaves[at].signature_key for at in circle.view.devices(member))
    found = [circle.glances[leaf].now(now) for leaf in leaves if leaf in circle.glances]
    return max(found, default=Here.AWAY)


def newest_own(circle: Circle, before: int) -> MessageRecord | None:
    """The newest message of this person's before a position."""
    found = circle.context.store.messages.where(
        "circle = ? AND position IN (SELECT position FROM messages WHERE circle = ?"
        " AND position < ? ORDER BY position DESC LIMIT ?)"
        " AND author = ? AND type != 0 AND deleted = 0 ORDER BY position DESC LIMIT 1",
        circle.number,
        circle.number,
        before,
        LOOKED_AT,
        circle.member_key,
    )
    return found[0] if found else None


def heard_by(circle: Circle) -> dict[bytes, list[str]]:
    """By message: the names of those whom it was the newest own one that they have read."""
    if not wanted(circle) or not circle.view.state.heard:
        return {}
    names: dict[bytes, list[str]] = {}
    kept = {
        one.member: one.before
        for one in circle.context.store.heard.where("circle = ?", circle.number)
    }
    for member in circle.view.state.members:
        if member.member in kept:
            newest = newest_own(circle, kept[member.member])
            if newest is not None:
                names.setdefault(newest.id, []).append(circle.view.name(member.member))
    return names
