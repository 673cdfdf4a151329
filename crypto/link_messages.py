"""What two devices of one person say to each other over a channel of `crypto.linking`.

docs/protocol.md section 3.6. The new device begins with `Hello`; the first one, once its person has
said yes, offers one circle after the other, and says `Finished` at the end:

    offer ──▶          keys are made for this circle alone
          ◀── keys
    vouched ──▶        the member key's signature over them
          ◀── package  written down on the new device before it is sent
    taken ──▶          written down on the first device before it is sent

A new device that waits for a circle already answers an offer with the package that it has; one that
is in it, or was, with `Have`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self, TypeAlias

from crypto.circle.device import LABEL_LONGEST, NAME_LONGEST
from crypto.circle.fields import ID_LENGTH, KEY_LENGTH, SIGNATURE_LENGTH, plain
from crypto.errors import FieldError
from crypto.fields import decoded, exact, read_text, sized, write_text
from crypto.mls.codec import Reader, Struct, Writer
from crypto.primitives import HASH_LENGTH

CIRCLE_NAME_LONGEST = 64
ADDRESS_LONGEST = 300
PACKAGE_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Hello(Struct):
    """How the new device is to be called."""

    label: str

    def __post_init__(self) -> None:
        plain(self.label, 1, LABEL_LONGEST, "a device's label")

    def write(self, writer: Writer) -> None:
        write_text(writer, self.label)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(read_text(reader))


@dataclass(frozen=True, slots=True)
class Offer(Struct):
    """A circle, its relay, and who its person is there.

    `pin` is the SHA-256 of the relay's certificate, or empty; `leaf_key` is the first device's.
    """

    circle_id: bytes
    name: str
    address: str
    pin: bytes
    relay_key: bytes
    member: bytes
    leaf_key: bytes
    person: str

    def __post_init__(self) -> None:
        exact(self.circle_id, ID_LENGTH, "a circle's id")
        plain(self.name, 1, CIRCLE_NAME_LONGEST, "a circle's name")
        sized(self.address, 1, ADDRESS_LONGEST, "a relay's address")
        if len(self.pin) not in (0, HASH_LENGTH):
            raise FieldError(f"a pin has {HASH_LENGTH} bytes, or none")
        exact(self.relay_key, KEY_LENGTH, "a relay's key")
        exact(self.member, KEY_LENGTH, "a member key")
        exact(self.leaf_key, KEY_LENGTH, "a leaf key")
        plain(self.person, 1, NAME_LONGEST, "a person's name")

    def write(self, writer: Writer) -> None:
        writer.raw(self.circle_id)
        write_text(writer, self.name)
        write_text(writer, self.address)
        writer.opaque(self.pin)
        writer.raw(self.relay_key)
        writer.raw(self.member)
        writer.raw(self.leaf_key)
        write_text(writer, self.person)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.raw(ID_LENGTH),
            read_text(reader),
            read_text(reader),
            reader.opaque(),
            reader.raw(KEY_LENGTH),
            reader.raw(KEY_LENGTH),
            reader.raw(KEY_LENGTH),
            read_text(reader),
        )


@dataclass(frozen=True, slots=True)
class Keys(Struct):
    """The new device's keys for the circle that was offered."""

    leaf_key: bytes
    access_key: bytes

    def __post_init__(self) -> None:
        exact(self.leaf_key, KEY_LENGTH, "a leaf key")
        exact(self.access_key, KEY_LENGTH, "an access key")

    def write(self, writer: Writer) -> None:
        writer.raw(self.leaf_key)
        writer.raw(self.access_key)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.raw(KEY_LENGTH), reader.raw(KEY_LENGTH))


@dataclass(frozen=True, slots=True)
class Vouched(Struct):
    """The member key's signature over circle id, leaf key and access key."""

    signature: bytes

    def __post_init__(self) -> None:
        exact(self.signature, SIGNATURE_LENGTH, "a device's signature")

    def write(self, writer: Writer) -> None:
        writer.raw(self.signature)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.raw(SIGNATURE_LENGTH))


@dataclass(frozen=True, slots=True)
class Package(Struct):
    """The new device's key package for the circle that was offered."""

    key_package: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.key_package) <= PACKAGE_LONGEST:
            raise FieldError(f"a key package has 1 to {PACKAGE_LONGEST} bytes")

    def write(self, writer: Writer) -> None:
        writer.opaque(self.key_package)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque())


@dataclass(frozen=True, slots=True)
class _Bare(Struct):
    def write(self, writer: Writer) -> None:
        """Nothing but its kind."""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls()


@dataclass(frozen=True, slots=True)
class Have(_Bare):
    """The new device's profile is in that circle, or was."""


@dataclass(frozen=True, slots=True)
class Taken(Struct):
    """The first device adds the new one to that circle, in `after` milliseconds."""

    after: int

    def write(self, writer: Writer) -> None:
        writer.uint32(self.after)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.uint32())


@dataclass(frozen=True, slots=True)
class NotTaken(Struct):
    """The first device can't add the new one to that circle; `why` is a sentence."""

    why: str

    def __post_init__(self) -> None:
        plain(self.why, 1, 512, "a sentence")

    def write(self, writer: Writer) -> None:
        write_text(writer, self.why)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(read_text(reader))


@dataclass(frozen=True, slots=True)
class Declined(_Bare):
    """The person said no on the first device."""


@dataclass(frozen=True, slots=True)
class Finished(_Bare):
    """There is no other circle."""


LinkMessage: TypeAlias = (
    Hello | Offer | Keys | Vouched | Package | Have | Taken | NotTaken | Declined | Finished
)

_KINDS: dict[int, type[LinkMessage]] = {
    1: Hello,
    2: Offer,
    3: Keys,
    4: Vouched,
    5: Package,
    6: Have,
    7: Taken,
    8: NotTaken,
    9: Declined,
    10: Finished,
}
_NUMBERS = {kind: number for number, kind in _KINDS.items()}


def encode(message: LinkMessage) -> bytes:
    """The message's kind, one byte, and its struct."""
    return bytes((_NUMBERS[type(message)],)) + message.encode()


def decode(data: bytes) -> LinkMessage:
    """The message, or FieldError."""
    kind = _KINDS.get(data[0]) if data else None
    if kind is None:
        raise FieldError("a message between two devices is of no known kind")
    return decoded(kind, data[1:], "a message between two devices")
