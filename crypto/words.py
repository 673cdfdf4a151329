"""The words that codes are spoken and written in: the EFF's short list 2.

docs/protocol.md sections 3.2 and 3.5. 1,296 words in a fixed order; a word's number is its place,
from 0. The first three letters tell each apart, and two words are never one slip from each other.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from crypto.primitives import Rng

COUNT = 1296
TELLING = 3
"""Letters that tell every word from the others."""

_DRAWS = 0x10000 - 0x10000 % COUNT


def word(number: int) -> str:
    """The word of a number from 0 to 1295."""
    return _words()[number]


def number(text: str) -> int | None:
    """The number of a word, or of three or more of its first letters, in any case; or None."""
    lowered = text.lower()
    found = _numbers().get(lowered[:TELLING])
    if found is None or len(lowered) < TELLING or not _words()[found].startswith(lowered):
        return None
    return found


def complete(beginning: str) -> tuple[str, ...]:
    """The words that begin so, in order; an empty beginning gives none."""
    lowered = beginning.lower()
    return tuple(word for word in _words() if lowered and word.startswith(lowered))


def suggest(text: str) -> str | None:
    """The word that this was meant to be, if one slip or the end of the word was wrong."""
    lowered = text.lower()
    near = [word for word in _words() if _one_slip_apart(word, lowered)]
    same_start = _numbers().get(lowered[:TELLING])
    if len(near) == 1:
        return near[0]
    return None if same_start is None else _words()[same_start]


def choose(rng: Rng, count: int) -> tuple[int, ...]:
    """`count` numbers of words, each drawn evenly from all."""
    chosen: list[int] = []
    while len(chosen) < count:
        drawn = int.from_bytes(rng(2))
        if drawn < _DRAWS:
            chosen.append(drawn % COUNT)
    return tuple(chosen)


@cache
def _words() -> tuple[str, ...]:
    listed = resources.files("crypto").joinpath("data", "words.txt").read_text("ascii")
    return tuple(listed.split())


@cache
def _numbers() -> dict[str, int]:
    return {word[:TELLING]: number for number, word in enumerate(_words())}


def _one_slip_apart(a: str, b: str) -> bool:
    """Whether one letter put in, left out or exchanged, or two neighbours swapped, make b of a."""
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    rest_a, rest_b = a[start:], b[start:]
    if len(a) != len(b):
        longer, shorter = (rest_a, rest_b) if len(a) > len(b) else (rest_b, rest_a)
        return longer[1:] == shorter
    swapped = rest_a[1::-1] + rest_a[2:]
    return rest_a[1:] == rest_b[1:] or swapped == rest_b
