"""The presentation language of RFC 9420 section 2: big-endian integers and counted vectors.

Vector lengths use the variable-size encoding of section 2.1.2 (RFC 9000 integers of 1, 2 or
4 bytes, shortest form only). A `Struct` is a frozen dataclass that writes itself and is read back;
`encode` and `decode` are for a whole one, and `decode` refuses bytes that follow it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Self, TypeVar

from crypto.mls.errors import DecodeError, UsageError

MAX_VECTOR_LENGTH = (1 << 30) - 1

T = TypeVar("T")


def encode_length(length: int) -> bytes:
    """A vector length of 0 … 2³⁰-1 in its shortest form (section 2.1.2)."""
    if length < 0x40:
        return length.to_bytes(1)
    if length < 0x4000:
        return (length | 0x4000).to_bytes(2)
    if length <= MAX_VECTOR_LENGTH:
        return (length | 0x8000_0000).to_bytes(4)
    raise UsageError(f"a vector of {length} bytes is longer than {MAX_VECTOR_LENGTH}")


class Writer:
    """Collects the encoding of a structure, field by field.

    `UsageError` for a number that does not fit its field.
    """

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def raw(self, data: bytes) -> None:
        """Bytes without a length: a fixed-size field, or an encoding made elsewhere."""
        self._parts.append(data)

    def uint8(self, value: int) -> None:
        self._integer(value, 1)

    def uint16(self, value: int) -> None:
        self._integer(value, 2)

    def uint32(self, value: int) -> None:
        self._integer(value, 4)

    def uint64(self, value: int) -> None:
        self._integer(value, 8)

    def _integer(self, value: int, size: int) -> None:
        try:
            self._parts.append(value.to_bytes(size))
        except OverflowError as error:
            raise UsageError(f"{value} does not fit a field of {size} bytes") from error

    def opaque(self, data: bytes) -> None:
        """`opaque field<V>`: a length and the bytes."""
        self._parts.append(encode_length(len(data)))
        self._parts.append(data)

    def struct(self, value: Struct) -> None:
        value.write(self)

    def optional(self, value: Struct | None) -> None:
        """`optional<T>` (section 2.1.1): a presence byte, then the value."""
        if value is None:
            self.uint8(0)
        else:
            self.uint8(1)
            value.write(self)

    def vector(self, items: Iterable[T], write_item: Callable[[Writer, T], None]) -> None:
        """`T field<V>`: the length in bytes, then each item by `write_item(writer, item)`."""
        inner = Writer()
        for item in items:
            write_item(inner, item)
        self.opaque(inner.getvalue())

    def structs(self, items: Iterable[Struct]) -> None:
        """A vector of structures."""
        self.vector(items, Writer.struct)

    def getvalue(self) -> bytes:
        """The whole encoding so far."""
        return b"".join(self._parts)


class Reader:
    """Reads a structure field by field; every shortage is a `DecodeError`."""

    __slots__ = ("_data", "_end", "_position")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self._data = data
        self._position = start
        self._end = len(data) if end is None else end

    def raw(self, length: int) -> bytes:
        """Exactly `length` bytes."""
        start = self._position
        stop = start + length
        if stop > self._end:
            raise DecodeError(
                f"{length} bytes announced, {self._end - start} left", "codec.truncated"
            )
        self._position = stop
        return self._data[start:stop]

    def uint8(self) -> int:
        return int.from_bytes(self.raw(1))

    def uint16(self) -> int:
        return int.from_bytes(self.raw(2))

    def uint32(self) -> int:
        return int.from_bytes(self.raw(4))

    def uint64(self) -> int:
        return int.from_bytes(self.raw(8))

    def length(self) -> int:
        """A vector length; a longer form than needed is refused (section 2.1.2)."""
        first = self.uint8()
        if first < 0x40:  # nearly all of them
            return first
        prefix = first >> 6
        if prefix == 3:
            raise DecodeError(
                "a vector length with the prefix 11 is not allowed", "codec.length_prefix"
            )
        size = 1 << prefix
        value = int.from_bytes(bytes((first & 0x3F,)) + self.raw(size - 1))
        if value < (1 << (8 * (size >> 1) - 2)):
            raise DecodeError(
                f"the length {value} is not written in its shortest form", "codec.shortest_length"
            )
        return value

    def opaque(self) -> bytes:
        """`opaque field<V>`."""
        return self.raw(self.length())

    def optional(self, read_item: Callable[[Reader], T]) -> T | None:
        """`optional<T>`: None, or the value by `read_item(reader)`."""
        present = self.uint8()
        if present > 1:
            raise DecodeError(f"a presence byte is 0 or 1, not {present}", "codec.presence")
        return read_item(self) if present else None

    def vector(self, read_item: Callable[[Reader], T]) -> list[T]:
        """`T field<V>`: items by `read_item(reader)` until the announced bytes are used up."""
        length = self.length()
        start = self._position
        if start + length > self._end:
            raise DecodeError(
                f"{length} bytes announced, {self._end - start} left", "codec.truncated"
            )
        inner = Reader(self._data, start, start + length)
        items: list[T] = []
        while not inner.at_end():
            items.append(read_item(inner))
        self._position = start + length
        return items

    def position(self) -> int:
        """Where the next field starts, from the beginning of the data given to the reader."""
        return self._position

    def since(self, start: int) -> bytes:
        """The bytes read since `position()` was `start`, for signatures over parts as received."""
        return self._data[start : self._position]

    def rest(self) -> bytes:
        """All bytes that are left."""
        return self.raw(self._end - self._position)

    def at_end(self) -> bool:
        return self._position == self._end

    def finish(self) -> None:
        """Refuse bytes that follow a complete structure."""
        if not self.at_end():
            raise DecodeError(
                f"{self._end - self._position} bytes follow the structure", "codec.trailing"
            )


class Struct(ABC):
    """A structure of the presentation language."""

    __slots__ = ()

    @abstractmethod
    def write(self, writer: Writer) -> None:
        """Append every field to `writer`."""

    @classmethod
    @abstractmethod
    def read(cls, reader: Reader) -> Self:
        """Read every field; `DecodeError` where they are not there or not allowed."""

    def encode(self) -> bytes:
        """The structure's bytes."""
        writer = Writer()
        self.write(writer)
        return writer.getvalue()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The structure that `data` holds, all of it; `DecodeError` otherwise."""
        reader = Reader(data)
        value = cls.read(reader)
        reader.finish()
        return value
