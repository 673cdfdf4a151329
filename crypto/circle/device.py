"""A member's device in a circle: the leaf extension `hallway_device`, and the keys behind it.

docs/protocol.md section 2. Three keys are made fresh for each circle, so that nothing links two of
them: the member key (the person; it never changes and never leaves the first device), the leaf key
(MLS signatures of one device) and the access key (the relay's only handle on that device). The
member key's signature ties the other two to the person and the circle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from crypto.access.binding import AccessKeyPair
from crypto.circle.fields import KEY_LENGTH, SIGNATURE_LENGTH, plain
from crypto.fields import exact, read_text, write_text
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.codec import Reader, Struct, Writer
from crypto.primitives import Rng, ed25519_verify

NAME_LONGEST = 64
LABEL_LONGEST = 32


def device_statement(circle_id: bytes, leaf_key: bytes, access_key: bytes) -> bytes:
    """What the member key signs: this leaf and this access key are a device of mine here."""
    return b"hallway device 1" + circle_id + leaf_key + access_key


@dataclass(frozen=True, slots=True)
class Device(Struct):
    """What a leaf says of the person and the device; `signature` is by the member key."""

    name: str
    label: str
    access_key: bytes
    signature: bytes

    def __post_init__(self) -> None:
        plain(self.name, 1, NAME_LONGEST, "a person's name")
        plain(self.label, 0, LABEL_LONGEST, "a device's label")
        exact(self.access_key, KEY_LENGTH, "an access key")
        exact(self.signature, SIGNATURE_LENGTH, "a device's signature")

    def write(self, writer: Writer) -> None:
        write_text(writer, self.name)
        write_text(writer, self.label)
        writer.raw(self.access_key)
        writer.raw(self.signature)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            read_text(reader),
            read_text(reader),
            reader.raw(KEY_LENGTH),
            reader.raw(SIGNATURE_LENGTH),
        )

    def verify(self, circle_id: bytes, member: bytes, leaf_key: bytes) -> bool:
        """Whether the member key vouches for this leaf and this access key in this circle."""
        statement = device_statement(circle_id, leaf_key, self.access_key)
        return ed25519_verify(member, statement, self.signature)


@dataclass(frozen=True, slots=True)
class Identity:
    """The three key pairs that a first device holds in one circle."""

    member: SignatureKeyPair
    leaf: SignatureKeyPair
    access: AccessKeyPair

    @classmethod
    def generate(cls, rng: Rng) -> Self:
        """Three fresh pairs, from 96 bytes of randomness."""
        return cls(
            SignatureKeyPair.generate(rng),
            SignatureKeyPair.generate(rng),
            AccessKeyPair.generate(rng),
        )

    def device(self, circle_id: bytes, name: str, label: str = "") -> Device:
        """The leaf extension of this device, signed by the member key."""
        return sign_device(
            self.member, circle_id, self.leaf.public, self.access.public, name, label
        )


def sign_device(
    member: SignatureKeyPair,
    circle_id: bytes,
    leaf_key: bytes,
    access_key: bytes,
    name: str,
    label: str = "",
) -> Device:
    """A device's extension, by whoever holds the member key."""
    signature = member.sign(device_statement(circle_id, leaf_key, access_key))
    return Device(name, label, access_key, signature)
