"""What the circle's texts may hold, and the lengths of its keys.

What every member must judge alike is bounded only by what no version of Unicode changes: valid
UTF-8, the number of bytes, and no control characters. The finer rules for names
(`crypto.circle.names`) are kept by whoever writes one and whoever answers the door.
"""

from __future__ import annotations

from crypto.errors import FieldError
from crypto.fields import sized

KEY_LENGTH = 32
SIGNATURE_LENGTH = 64
ID_LENGTH = 16

_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))


def plain(value: str, shortest: int, longest: int, what: str) -> None:
    """A text of so many bytes of UTF-8 without control characters, or FieldError."""
    sized(value, shortest, longest, what)
    if not _CONTROLS.isdisjoint(value):
        raise FieldError(f"{what} holds a control character")
