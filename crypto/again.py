"""Messages that somebody missed, sent again by the device that wrote them.

docs/protocol.md section 5.1. They are sealed to a key that whoever asks has made for it.
The word of their author's leaf, which signs what carries them, is what vouches for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from crypto.content import ID_LENGTH, Again, Ask
from crypto.errors import FieldError
from crypto.fields import bounded, decoded, exact, read_number
from crypto.leaf_sealing import open_with, seal_to
from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.kem import KemKeyPair
from crypto.parts import CARRIED_LONGEST
from crypto.primitives import Rng

_PURPOSE = b"hallway again 1"


@dataclass(frozen=True, slots=True)
class Repeated(Struct):
    """One message as its author keeps it; an empty body: it held nothing to be shown."""

    counter: int
    id: bytes
    sent_at: int
    type: int
    body: bytes = field(repr=False)

    def __post_init__(self) -> None:
        exact(self.id, ID_LENGTH, "a message's id")
        bounded(len(self.body), 0, CARRIED_LONGEST, "the length of a message's body")
        if not self.counter:
            raise FieldError("messages are counted from 1")

    def write(self, writer: Writer) -> None:
        writer.uint64(self.counter)
        writer.raw(self.id)
        writer.uint64(self.sent_at)
        writer.uint16(self.type)
        writer.opaque(self.body)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            read_number(reader, "a message's counter"),
            reader.raw(ID_LENGTH),
            read_number(reader, "a message's time"),
            reader.uint16(),
            reader.opaque(),
        )


@dataclass(frozen=True, slots=True)
class Repeats(Struct):
    """What one envelope carries of them, by counter."""

    messages: tuple[Repeated, ...]

    def write(self, writer: Writer) -> None:
        writer.structs(self.messages)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(tuple(reader.vector(Repeated.read)))


def seal_again(
    suite: CipherSuite, circle_id: bytes, to: bytes, asked: Ask, repeats: Repeats, rng: Rng
) -> Again:
    """The content that answers what the leaf with signature key `to` asked."""
    info = _PURPOSE + circle_id
    return Again(to, seal_to(suite, asked.key, info, repeats.encode(), rng))


def open_again(suite: CipherSuite, circle_id: bytes, pair: KemKeyPair, again: Again) -> Repeats:
    """What was sent again to the key of an own `Ask`, or UnopenedError or FieldError."""
    what = "messages sent again"
    plaintext = open_with(suite, pair, _PURPOSE + circle_id, again.sealed, what)
    return decoded(Repeats, plaintext, what)
