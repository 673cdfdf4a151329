"""Conversations in memory, and rows to fill them with."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tui.engine.events import MessageState, Row, RowKind

BEGIN = int(datetime(2026, 6, 26, 9, 0, tzinfo=UTC).timestamp() * 1000)
MINUTE = 60_000
PEOPLE = ("maya", "Jonas", "priya", "Teo", "林小雨")
WORDS = ["the", "boat", "leaves", "at", "seven", "so", "bring", "warm", "socks", "明天見", "naïve"]


def row(
    number: int,
    text: str = "",
    author: str = "maya",
    *,
    minutes: float = 0.0,
    kind: RowKind = RowKind.TEXT,
    state: MessageState = MessageState.RECEIVED,
    hue: int = 0,
    mine: bool = False,
    by: str = "",
    late: bool = False,
    unconfirmed: bool = False,
    position: int | None = None,
) -> Row:
    """A row; its number gives its position and its id."""
    return Row(
        position=number << 16 if position is None else position,
        id=f"{number:032x}",
        circle="c",
        author=author,
        author_id=author,
        at=BEGIN + int(minutes * MINUTE),
        kind=kind,
        text=text or f"message {number}",
        state=state,
        hue=hue,
        mine=mine,
        by=by,
        late=late,
        unconfirmed=unconfirmed,
    )


def talk(count: int, seed: int = 7, gap: float = 4.0) -> list[Row]:
    """A long conversation, with the mix of lengths and authors that conversations have."""
    random_ = random.Random(seed)
    rows, minutes, who = [], 0.0, 0
    for number in range(1, count + 1):
        if random_.random() < 0.5:
            who = random_.randrange(len(PEOPLE))
        minutes += random_.expovariate(1 / gap)
        words = [random_.choice(WORDS) for _ in range(int(random_.lognormvariate(1.9, 0.9)))]
        text = " ".join([f"#{number}", *words])
        if random_.random() < 0.03:
            text += "\nand\tanother line"
        rows.append(row(number, text, PEOPLE[who], minutes=minutes, hue=who))
    return rows


@dataclass
class Shelf:
    """A source that remembers how much was asked of it."""

    rows: list[Row] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    def before(self, position: int | None, limit: int) -> list[Row]:
        self.asked.append(limit)
        found = [one for one in self.rows if position is None or one.position < position]
        return found[-limit:]

    def after(self, position: int, limit: int) -> list[Row]:
        self.asked.append(limit)
        return [one for one in self.rows if one.position > position][:limit]

    def count(self) -> int:
        return len(self.rows)

    def position_at(self, share: float) -> int:
        return int(share * self.rows[-1].position) if self.rows else 0

    def share_before(self, position: int) -> float:
        return min(1.0, position / self.rows[-1].position) if self.rows else 0.0

    def put(self, new: Row, was: int | None = None) -> None:
        """What the database does with a row that is new, or has moved."""
        gone = {new.position, was}
        self.rows = [one for one in self.rows if one.position not in gone] + [new]
        self.rows.sort(key=lambda one: one.position)
