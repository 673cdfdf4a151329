"""Where a conversation's rows come from: a page at a time, never all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tui.engine.events import Row

if TYPE_CHECKING:
    from tui.engine.client import Client

WAITING_FROM = 1 << 62
"""Own messages that have no place in the log yet stand from here on."""


class Source(Protocol):
    """The rows of one conversation, ordered by position."""

    def before(self, position: int | None, limit: int) -> list[Row]:
        """Up to `limit` rows before a position, the newest where it is None; oldest first."""
        ...

    def after(self, position: int, limit: int) -> list[Row]:
        """Up to `limit` rows after a position, oldest first."""
        ...

    def count(self) -> int:
        """About how many rows there are."""
        ...

    def position_at(self, share: float) -> int:
        """A position with about this share (0 … 1) of the rows before it."""
        ...

    def share_before(self, position: int) -> float:
        """About which share (0 … 1) of the rows stands before a position."""
        ...


class EngineSource:
    """A circle's rows, read from the profile's database through the engine."""

    def __init__(self, client: Client, circle: str) -> None:
        self._client = client
        self._circle = circle

    def before(self, position: int | None, limit: int) -> list[Row]:
        """See `Source`."""
        return self._client.rows_before(self._circle, position, limit)

    def after(self, position: int, limit: int) -> list[Row]:
        """See `Source`."""
        return self._client.rows_after(self._circle, position, limit)

    def count(self) -> int:
        """See `Source`."""
        return self._client.count_estimate(self._circle)

    def position_at(self, share: float) -> int:
        """As if rows stood at even distances in the log."""
        first, last = self._ends()
        return first + int((last - first) * share)

    def share_before(self, position: int) -> float:
        """As if rows stood at even distances in the log."""
        first, last = self._ends()
        return min(1.0, max(0, position - first) / max(1, last - first))

    def _ends(self) -> tuple[int, int]:
        first = self.after(-1, 1)
        last = self.before(WAITING_FROM, 1)
        return (first[0].position, last[0].position) if first and last else (0, 0)
