"""Extensions (RFC 9420 section 13): numbered data in leaves, key packages and the group.

The number may be any, known or not (section 13.5, GREASE): an extension is kept as it came.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from crypto.mls.codec import Reader, Struct, Writer

APPLICATION_ID = 0x0001
RATCHET_TREE = 0x0002
REQUIRED_CAPABILITIES = 0x0003
EXTERNAL_PUB = 0x0004
EXTERNAL_SENDERS = 0x0005

DEFAULT_EXTENSION_TYPES = frozenset(
    (APPLICATION_ID, RATCHET_TREE, REQUIRED_CAPABILITIES, EXTERNAL_PUB, EXTERNAL_SENDERS)
)
"""Types that every client knows and none lists in its capabilities (section 7.2)."""


@dataclass(frozen=True, slots=True)
class Extension(Struct):
    """One extension: its type and its data, not interpreted, and not printed: it may hold secrets
    that a group shares."""

    extension_type: int
    extension_data: bytes = field(repr=False)

    def write(self, writer: Writer) -> None:
        writer.uint16(self.extension_type)
        writer.opaque(self.extension_data)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.uint16(), reader.opaque())


@dataclass(frozen=True, slots=True)
class RequiredCapabilities(Struct):
    """What every member must support, as an extension of the group (section 11.1)."""

    extension_types: tuple[int, ...] = ()
    proposal_types: tuple[int, ...] = ()
    credential_types: tuple[int, ...] = ()

    def write(self, writer: Writer) -> None:
        for types in (self.extension_types, self.proposal_types, self.credential_types):
            write_types(writer, types)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(read_types(reader), read_types(reader), read_types(reader))

    def as_extension(self) -> Extension:
        """Itself, ready for the list of a GroupContext."""
        return Extension(REQUIRED_CAPABILITIES, self.encode())


def find_extension(extensions: Iterable[Extension], extension_type: int) -> bytes | None:
    """The data of the first extension of a type, or None."""
    for extension in extensions:
        if extension.extension_type == extension_type:
            return extension.extension_data
    return None


def required_capabilities(extensions: Iterable[Extension]) -> RequiredCapabilities:
    """What a GroupContext's extensions require; `DecodeError` where that is malformed."""
    data = find_extension(extensions, REQUIRED_CAPABILITIES)
    return RequiredCapabilities() if data is None else RequiredCapabilities.decode(data)


def repeated_type(extensions: Iterable[Extension]) -> int | None:
    """A type that occurs more than once, which no list may hold (section 13.4), or None."""
    seen: set[int] = set()
    for extension in extensions:
        if extension.extension_type in seen:
            return extension.extension_type
        seen.add(extension.extension_type)
    return None


def write_types(writer: Writer, types: Iterable[int]) -> None:
    """A vector of two-byte code points."""
    writer.vector(types, Writer.uint16)


def read_types(reader: Reader) -> tuple[int, ...]:
    """Read a vector of two-byte code points, unknown ones included."""
    return tuple(reader.vector(Reader.uint16))
