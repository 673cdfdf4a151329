"""Spans of time, as people write and read them: 30m, 12h, 7d."""

from __future__ import annotations

import re

_UNITS = (("d", "day", 86_400), ("h", "hour", 3_600), ("m", "minute", 60), ("s", "second", 1))
_SPAN = re.compile(r"([0-9]{1,9}) ?([dhm])")


def read_span(text: str) -> int | None:
    """The seconds of a number and d, h or m; None where it is none."""
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        return None
    return int(found[1]) * next(size for unit, _, size in _UNITS if unit == found[2])


def written(seconds: int) -> str:
    """As `read_span` takes it: 12h."""
    number, unit, _ = _largest(seconds)
    return f"{number}{unit}"


def in_words(seconds: int) -> str:
    """In the largest unit that it is a whole number of: 12 hours."""
    number, _, name = _largest(seconds)
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _largest(seconds: int) -> tuple[int, str, str]:
    return next((seconds // size, unit, name) for unit, name, size in _UNITS if seconds % size == 0)
