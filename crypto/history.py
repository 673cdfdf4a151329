"""Messages of before, passed on to a newcomer by the member who let them in.

docs/protocol.md section 5.1. They are sealed to the newcomer's leaf alone, and come with whoever
passed them on as their only witness: the original signatures are not among them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from crypto.content import ID_LENGTH, Content, PassedOn, read_content
from crypto.fields import bounded, decoded, exact, read_number, read_text, sized, write_text
from crypto.leaf_sealing import open_with, seal_to
from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.kem import KemKeyPair
from crypto.parts import CARRIED_LONGEST
from crypto.primitives import PUBLIC_KEY_LENGTH, Rng

NAME_LONGEST = 64

_PURPOSE = b"hallway history 1"


@dataclass(frozen=True, slots=True)
class PassedOnMessage(Struct):
    """One message as its reader keeps it: who said it, when (ms since 1970), and what."""

    id: bytes
    author_name: str
    author: bytes
    sent_at: int
    type: int
    body: bytes = field(repr=False)

    def __post_init__(self) -> None:
        exact(self.id, ID_LENGTH, "a message's id")
        sized(self.author_name, 1, NAME_LONGEST, "an author's name")
        exact(self.author, PUBLIC_KEY_LENGTH, "an author's member key")
        bounded(len(self.body), 0, CARRIED_LONGEST, "the length of a message's body")

    @property
    def content(self) -> Content:
        """What the message holds, or FieldError."""
        return read_content(self.type, self.body)

    def write(self, writer: Writer) -> None:
        writer.raw(self.id)
        write_text(writer, self.author_name)
        writer.raw(self.author)
        writer.uint64(self.sent_at)
        writer.uint16(self.type)
        writer.opaque(self.body)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.raw(ID_LENGTH),
            read_text(reader),
            reader.raw(PUBLIC_KEY_LENGTH),
            read_number(reader, "a message's time"),
            reader.uint16(),
            reader.opaque(),
        )


@dataclass(frozen=True, slots=True)
class History(Struct):
    """The struct `PassedOn`: messages of before, oldest first."""

    messages: tuple[PassedOnMessage, ...]

    def write(self, writer: Writer) -> None:
        writer.structs(self.messages)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(tuple(reader.vector(PassedOnMessage.read)))


def seal_history(
    suite: CipherSuite,
    circle_id: bytes,
    leaf_key: bytes,
    encryption_key: bytes,
    history: History,
    rng: Rng,
) -> PassedOn:
    """The content that passes a history on to the leaf with these two public keys."""
    info = _PURPOSE + circle_id
    return PassedOn(leaf_key, seal_to(suite, encryption_key, info, history.encode(), rng))


def open_history(
    suite: CipherSuite, circle_id: bytes, leaf: KemKeyPair, passed_on: PassedOn
) -> History:
    """What was passed on to the own leaf, or UnopenedError or FieldError."""
    what = "messages passed on"
    plaintext = open_with(suite, leaf, _PURPOSE + circle_id, passed_on.sealed, what)
    return decoded(History, plaintext, "a history passed on")
