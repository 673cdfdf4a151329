"""Kept messages that travel inside another: how long one may be, and how many go together.

docs/protocol.md section 5.1: what is passed on to a newcomer, and what is sent again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from crypto.mls.codec import Struct

S = TypeVar("S", bound=Struct)

PART_LONGEST = 48_000
"""Bytes of messages that one part carries."""

CARRIED_LONGEST = 47_000
"""Bytes of a body that can be carried: one message always fits a part."""


def in_parts(messages: Iterable[S]) -> list[tuple[S, ...]]:
    """The messages in parts that each fit one envelope, in the same order."""
    parts: list[list[S]] = []
    room = 0
    for message in messages:
        length = len(message.encode())
        if length > room:
            parts.append([])
            room = PART_LONGEST
        parts[-1].append(message)
        room -= length
    return [tuple(part) for part in parts]
