"""Emoji by their names: `:tada:` is 🎉. What is kept and sent is the plain character.

The names are those of the `emoji` package, whose table takes a while to read: `warm_up` does that
in a thread, soon after the first paint.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache

from crypto.emoji import is_emoji

_NAMED = re.compile(r":([a-z0-9_+-]{2,40}):\Z")
_BEGUN = re.compile(r"(?:^|\s|[^\w:]):([a-z0-9_+-]{2,40})\Z")

USUAL = ("❤️", "👍", "😂", "🎉", "😮", "😢", "🙏", "👀")
"""Offered before anything is typed."""


@cache
def _names() -> dict[str, str]:
    import emoji

    found: dict[str, str] = {}
    for character, facts in emoji.EMOJI_DATA.items():
        if facts["status"] > emoji.STATUS["fully_qualified"] or not is_emoji(character):
            continue
        for name in (*facts.get("alias", ()), facts["en"]):
            found.setdefault(name.strip(":").lower(), character)
    return found


@cache
def _sorted() -> tuple[str, ...]:
    return tuple(sorted(_names()))


def warm_up() -> None:
    """Read the table."""
    _sorted()


def of_name(name: str) -> str | None:
    """The emoji of a name, with or without its colons."""
    return _names().get(name.strip(":").lower())


def beginning(start: str, most: int) -> list[tuple[str, str]]:
    """Names that begin like this, the shortest first, each with its emoji."""
    begun = start.strip(":").lower()
    names = _sorted()
    at = bisect_left(names, begun)
    found = []
    while at < len(names) and names[at].startswith(begun):
        found.append(names[at])
        at += 1
    found.sort(key=lambda name: (len(name), name))
    return [(name, _names()[name]) for name in found[:most]]


def closed(text: str) -> tuple[int, str] | None:
    """Where a text ends with a name between colons: how long that is, and its emoji."""
    found = _NAMED.search(text)
    character = of_name(found.group(1)) if found else None
    return None if found is None or character is None else (len(found.group(0)), character)


def begun(text: str) -> str | None:
    """The beginning of a name that a text ends with, if it ends with one."""
    found = _BEGUN.search(text)
    return found.group(1) if found else None
