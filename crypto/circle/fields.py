"""Reading, writing and bounding the fields that the circle's structures are made of.

A structure checks its bounds when it is made, read or not, so that none out of bounds exists.

What every member must judge alike is bounded here, and only by what no version of Unicode changes:
valid UTF-8, the number of bytes, and no control characters. The finer rules for names
(`crypto.circle.names`) are kept by whoever writes one and whoever answers the door.
"""

from __future__ import annotations

from crypto.circle.errors import BoundsError
from crypto.mls.codec import Reader, Writer

KEY_LENGTH = 32
SIGNATURE_LENGTH = 64
ID_LENGTH = 16

_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))


def bounded(value: int, lowest: int, highest: int, what: str) -> None:
    """A number from `lowest` to `highest`, or BoundsError."""
    if not lowest <= value <= highest:
        raise BoundsError(f"{what} is from {lowest} to {highest}, not {value}")


def exact(value: bytes, length: int, what: str) -> None:
    """Bytes of exactly this length, or BoundsError."""
    if len(value) != length:
        raise BoundsError(f"{what} has {length} bytes, not {len(value)}")


def sized(value: str, shortest: int, longest: int, what: str) -> None:
    """A text of so many bytes of UTF-8 without control characters, or BoundsError."""
    try:
        length = len(value.encode())
    except UnicodeEncodeError as error:
        raise BoundsError(f"{what} is not valid Unicode") from error
    if not shortest <= length <= longest:
        raise BoundsError(f"{what} has {shortest} to {longest} bytes, not {length}")
    if not _CONTROLS.isdisjoint(value):
        raise BoundsError(f"{what} holds a control character")


def write_text(writer: Writer, value: str) -> None:
    """`opaque text<V>` of UTF-8."""
    writer.opaque(value.encode())


def read_text(reader: Reader) -> str:
    """`opaque text<V>` of UTF-8, or BoundsError."""
    try:
        return reader.opaque().decode()
    except UnicodeDecodeError as error:
        raise BoundsError("a text is not valid UTF-8") from error
