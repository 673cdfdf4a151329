"""The envelope: what every message carries inside encryption and signature, around its content.

docs/protocol.md section 5.1. Id, counter and previous id chain one leaf's messages; the head ties
them to the relay's log. A message that is encrypted anew keeps its id.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Self

from crypto.access.log import Head
from crypto.content import BODY_LONGEST, ID_LENGTH, Content, read_content, write_content
from crypto.errors import FieldError, NewerError
from crypto.fields import bounded, exact, read_head, read_number, write_head
from crypto.mls.codec import Reader, Struct, Writer
from crypto.primitives import Rng

ENVELOPE_VERSION = 1
NO_PREVIOUS = bytes(ID_LENGTH)


@dataclass(frozen=True, slots=True)
class Envelope(Struct):
    """One message; `sent_at` in milliseconds since 1970, `body` as it came.

    `counter` counts the leaf's messages from 1. `head` is the newest signed head that the sender
    has seen; whether its relay signed it is `head.verify`'s to say.
    """

    type: int
    id: bytes
    counter: int
    previous: bytes
    sent_at: int
    head: Head | None
    body: bytes = field(repr=False)

    def __post_init__(self) -> None:
        exact(self.id, ID_LENGTH, "a message's id")
        exact(self.previous, ID_LENGTH, "the id of the message before")
        bounded(len(self.body), 0, BODY_LONGEST, "the length of a message's body")
        if self.counter < 1 or (self.counter == 1) != (self.previous == NO_PREVIOUS):
            raise FieldError(
                "a leaf's first message, and no other, has the number 1 and no other before"
            )

    @property
    def content(self) -> Content:
        """What the message holds, or FieldError."""
        return read_content(self.type, self.body)

    def with_head(self, head: Head | None) -> Envelope:
        """The same message, to be encrypted anew with a newer head."""
        return replace(self, head=head)

    def write(self, writer: Writer) -> None:
        writer.uint8(ENVELOPE_VERSION)
        writer.uint16(self.type)
        writer.raw(self.id)
        writer.uint64(self.counter)
        writer.raw(self.previous)
        writer.uint64(self.sent_at)
        writer.uint8(self.head is not None)
        if self.head is not None:
            write_head(writer, self.head)
        writer.opaque(self.body)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        version = reader.uint8()
        if version != ENVELOPE_VERSION:
            raise NewerError(f"A message is of version {version}. Update Hallway to read it.")
        return cls(
            type=reader.uint16(),
            id=reader.raw(ID_LENGTH),
            counter=read_number(reader, "a message's counter"),
            previous=reader.raw(ID_LENGTH),
            sent_at=read_number(reader, "a message's time"),
            head=reader.optional(read_head),
            body=reader.opaque(),
        )


class Place(Enum):
    """Where a message stands in its sender's chain."""

    NEXT = "the one after the newest"
    REPEATED = "the newest or one before it: known, or a replay"
    AFTER_GAP = "messages between it and the newest are missing"
    BROKEN = "it names another message before it than the newest"


@dataclass(frozen=True, slots=True)
class SenderChain:
    """One leaf's messages up to its newest: its counter and id; (0, zeros) before the first."""

    counter: int = 0
    newest: bytes = NO_PREVIOUS

    def envelope(
        self, content: Content, head: Head | None, now: int, rng: Rng
    ) -> tuple[Envelope, SenderChain]:
        """The own next message, and the chain that ends in it; MisuseError for a bad content."""
        number, body = write_content(content)
        envelope = Envelope(number, rng(ID_LENGTH), self.counter + 1, self.newest, now, head, body)
        return envelope, SenderChain.after(envelope)

    @classmethod
    def after(cls, envelope: Envelope) -> SenderChain:
        """The chain that ends in this message."""
        return cls(envelope.counter, envelope.id)

    def place(self, envelope: Envelope) -> Place:
        """Where another's message stands after what has been read of its chain."""
        if envelope.counter <= self.counter:
            return Place.REPEATED
        if envelope.counter > self.counter + 1:
            return Place.AFTER_GAP
        return Place.NEXT if envelope.previous == self.newest else Place.BROKEN

    def missing(self, envelope: Envelope) -> int:
        """How many messages are missing between the newest and this one."""
        return max(0, envelope.counter - self.counter - 1)
