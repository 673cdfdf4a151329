"""What was sent before, to be taken up again: a circle's own lines, in memory alone."""

from __future__ import annotations

MOST = 100
"""Lines that are kept; the oldest go first."""


class Recall:
    """One walks back through it and forth again; what one was writing waits at the near end."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._at: int | None = None  # where one stands; None while one is not walking
        self._writing = ""

    def sent(self, text: str) -> None:
        """Keep a line, once where it is the same as the last; a walk is over."""
        self._at = None
        if not self._lines or self._lines[-1] != text:
            self._lines.append(text)
            del self._lines[:-MOST]

    def earlier(self, writing: str) -> str | None:
        """The line before; None where there is none. `writing` is kept as a walk begins."""
        at = len(self._lines) if self._at is None else self._at
        if at == 0:
            return None
        if self._at is None:
            self._writing = writing
        self._at = at - 1
        return self._lines[self._at]

    def later(self) -> str | None:
        """The line after, and at last what was being written; None where one is not walking."""
        if self._at is None:
            return None
        self._at += 1
        if self._at < len(self._lines):
            return self._lines[self._at]
        self._at = None
        return self._writing
