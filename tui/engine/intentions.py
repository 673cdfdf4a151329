"""What this device means to commit: written down, in order, until it is done or can't be."""

from __future__ import annotations

from tui.engine.circle import Circle
from tui.engine.store.records import IntentionRecord
from tui.engine.wishes import Wish, decode, encode


def intend(circle: Circle, wish: Wish, *, ref: int = 0, not_before: int = 0) -> int:
    """Have something committed when its turn comes; the intention's number."""
    record = IntentionRecord(0, circle.number, encode(wish), not_before)
    number = circle.context.store.intentions.insert(record)
    if ref:
        circle.context.refs[number] = ref
    return number


def next_due(circle: Circle) -> IntentionRecord | None:
    """The first intention whose time has come."""
    found = circle.context.store.intentions.where(
        "circle = ? AND not_before <= ? ORDER BY number LIMIT 1",
        circle.number,
        circle.context.now(),
    )
    return found[0] if found else None


def next_time(circle: Circle) -> int | None:
    """When the next intention's time comes."""
    found = circle.context.store.intentions.where(
        "circle = ? ORDER BY not_before LIMIT 1", circle.number
    )
    return found[0].not_before if found else None


def holds(circle: Circle, wish: Wish) -> bool:
    """Whether the same is intended already."""
    waiting = circle.context.store.intentions.where("circle = ?", circle.number)
    return any(decode(intention.wish) == wish for intention in waiting)
