"""Glances: a device's signed word on whether its person is here, and how far they have read.

docs/protocol.md section 5.9. They are never kept by the relay, and are sent only where the circle's
state has `presence` or `heard`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from crypto.beacon import open_under, seal_under
from crypto.errors import FieldError, ForgedError, MisuseError
from crypto.fields import decoded, exact, read_number
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.codec import Reader, Struct, Writer
from crypto.primitives import PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, Rng, ed25519_verify
from crypto.secret import Secret

_PURPOSE = b"hallway glance 1"


class Here(IntEnum):
    """Where a person is, as far as the circle is told."""

    UNTOLD = 0
    AWAY = 1
    HERE = 2
    WRITING = 3


@dataclass(frozen=True, slots=True)
class Glance(Struct):
    """`at` in milliseconds since 1970; `heard` is the newest entry that was read, 0 where it isn't
    told. Whoever hears one that `asks` answers with one of their own."""

    leaf_key: bytes
    at: int
    here: Here
    heard: int
    asks: bool

    def __post_init__(self) -> None:
        exact(self.leaf_key, PUBLIC_KEY_LENGTH, "a leaf key")

    def write(self, writer: Writer) -> None:
        writer.raw(self.leaf_key)
        writer.uint64(self.at)
        writer.uint8(self.here)
        writer.uint64(self.heard)
        writer.uint8(self.asks)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            leaf_key=reader.raw(PUBLIC_KEY_LENGTH),
            at=read_number(reader, "a glance's time"),
            here=Here(_choice(reader, len(Here))),
            heard=read_number(reader, "an entry's number"),
            asks=bool(_choice(reader, 2)),
        )


@dataclass(frozen=True, slots=True)
class SignedGlance(Struct):
    """A glance with its leaf's signature; not verified yet."""

    glance: Glance
    signature: bytes

    @classmethod
    def sign(cls, circle_id: bytes, glance: Glance, leaf: SignatureKeyPair) -> Self:
        """The glance signed by the leaf that it speaks of."""
        if glance.leaf_key != leaf.public:
            raise MisuseError("a device signs glances of its own leaf only")
        return cls(glance, leaf.sign(_PURPOSE + circle_id + glance.encode()))

    def verify(self, circle_id: bytes) -> bool:
        """Whether the leaf that the glance speaks of signed it, for this circle."""
        statement = _PURPOSE + circle_id + self.glance.encode()
        return ed25519_verify(self.glance.leaf_key, statement, self.signature)

    def write(self, writer: Writer) -> None:
        writer.struct(self.glance)
        writer.raw(self.signature)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(Glance.read(reader), reader.raw(SIGNATURE_LENGTH))


def seal_glance(
    beacon_key: Secret, circle_id: bytes, glance: Glance, leaf: SignatureKeyPair, rng: Rng
) -> bytes:
    """A glance for the other devices that are connected."""
    signed = SignedGlance.sign(circle_id, glance, leaf)
    return seal_under(beacon_key, _PURPOSE, circle_id, signed.encode(), rng)


def open_glance(beacon_key: Secret, circle_id: bytes, sealed: bytes) -> Glance:
    """The glance, its signature verified; whether its leaf is a member's is for the reader to see.

    UnopenedError, FieldError or ForgedError where it is none that a device of this circle sealed.
    """
    opened = open_under([beacon_key], _PURPOSE, circle_id, sealed)
    signed = decoded(SignedGlance, opened.plaintext, "a glance")
    if not signed.verify(circle_id):
        raise ForgedError("a glance is not signed by the leaf that it speaks of")
    return signed.glance


def _choice(reader: Reader, among: int) -> int:
    value = reader.uint8()
    if value >= among:
        raise FieldError(f"a glance has no choice {value} there")
    return value
