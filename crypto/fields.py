"""Bounds and texts for the structures that members, invites and relays exchange.

A structure checks its fields when it is made, read or not, so that none out of bounds exists.
"""

from __future__ import annotations

from typing import TypeVar

from crypto.access.log import HEAD_LENGTH, Head
from crypto.errors import FieldError
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.errors import DecodeError

S = TypeVar("S", bound=Struct)

NUMBER_HIGHEST = (1 << 63) - 1
"""Of counters, times and places in the log: what a database keeps as a whole number."""


def exact(value: bytes, length: int, what: str) -> None:
    """Bytes of exactly this length, or FieldError."""
    if len(value) != length:
        raise FieldError(f"{what} has {length} bytes, not {len(value)}")


def bounded(value: int, lowest: int, highest: int, what: str) -> None:
    """A number from `lowest` to `highest`, or FieldError."""
    if not lowest <= value <= highest:
        raise FieldError(f"{what} is from {lowest} to {highest}, not {value}")


def read_number(reader: Reader, what: str) -> int:
    """A `uint64` that any machine can count with: below 2^63, or FieldError."""
    value = reader.uint64()
    bounded(value, 0, NUMBER_HIGHEST, what)
    return value


def sized(value: str, shortest: int, longest: int, what: str) -> None:
    """A text of so many bytes of UTF-8, or FieldError."""
    try:
        length = len(value.encode())
    except UnicodeEncodeError as error:
        raise FieldError(f"{what} is not valid Unicode") from error
    if not shortest <= length <= longest:
        raise FieldError(f"{what} has {shortest} to {longest} bytes, not {length}")


def write_text(writer: Writer, value: str) -> None:
    """`opaque text<V>` of UTF-8."""
    writer.opaque(value.encode())


def read_text(reader: Reader) -> str:
    """`opaque text<V>` of UTF-8, or FieldError."""
    try:
        return reader.opaque().decode()
    except UnicodeDecodeError as error:
        raise FieldError("a text is not valid UTF-8") from error


def write_head(writer: Writer, head: Head) -> None:
    """The struct `Head` of docs/protocol.md section 5.1."""
    writer.raw(head.encode())


def read_head(reader: Reader) -> Head:
    """A `Head`; whether a relay signed it is `head.verify`'s to say."""
    return Head.decode(reader.raw(HEAD_LENGTH))


def decoded(kind: type[S], data: bytes, what: str) -> S:
    """The structure that the bytes hold, or FieldError whatever is wrong with them."""
    try:
        return kind.decode(data)
    except FieldError:
        raise
    except DecodeError as error:
        raise FieldError(f"{what} is not well formed") from error
