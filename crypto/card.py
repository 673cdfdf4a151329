"""The card: what a holder of a code reads of the circle before deciding to come in.

docs/protocol.md section 3.3. It lies at the relay, sealed under a key that only the code gives, and
is signed by the invite's signing key, so that a relay can neither read nor exchange it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from crypto.errors import ForgedError, UnopenedError
from crypto.fields import bounded, decoded, exact, read_number, read_text, sized, write_text
from crypto.invite import InviteKeys
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.codec import Reader, Struct, Writer
from crypto.primitives import (
    PUBLIC_KEY_LENGTH,
    SIGNATURE_LENGTH,
    Rng,
    ed25519_verify,
)
from crypto.relay_address import RelayAddress
from crypto.sealing import open_, seal

CIRCLE_ID_LENGTH = 16
NAME_LONGEST = 64
TOPIC_LONGEST = 256
CAP_LOWEST, CAP_HIGHEST = 2, 50
DOOR_HIGHEST = 1

_PURPOSE = b"hallway card 1"


@dataclass(frozen=True, slots=True)
class Card(Struct):
    """A circle as its newcomer is shown it; `names` by join number, times in ms since 1970.

    `door` is 0 where the code is proof, 1 where a member is asked. `request_key` is what the
    request to come in is sealed to.
    """

    circle_id: bytes
    circle_name: str
    topic: str
    issuer: bytes
    issuer_name: str
    names: tuple[str, ...]
    cap: int
    door: int
    history: int
    expires_at: int
    written_at: int
    relay: RelayAddress
    relay_key: bytes
    request_key: bytes

    def __post_init__(self) -> None:
        exact(self.circle_id, CIRCLE_ID_LENGTH, "a circle's id")
        sized(self.circle_name, 1, NAME_LONGEST, "a circle's name")
        sized(self.topic, 0, TOPIC_LONGEST, "a circle's topic")
        exact(self.issuer, PUBLIC_KEY_LENGTH, "an issuer's member key")
        sized(self.issuer_name, 1, NAME_LONGEST, "an issuer's name")
        for name in self.names:
            sized(name, 1, NAME_LONGEST, "a member's name")
        bounded(self.cap, CAP_LOWEST, CAP_HIGHEST, "the number of chairs")
        bounded(len(self.names), 1, self.cap, "the number of members")
        bounded(self.door, 0, DOOR_HIGHEST, "the door's setting")
        exact(self.relay_key, PUBLIC_KEY_LENGTH, "a relay's key")
        exact(self.request_key, PUBLIC_KEY_LENGTH, "a request key")

    def write(self, writer: Writer) -> None:
        writer.raw(self.circle_id)
        write_text(writer, self.circle_name)
        write_text(writer, self.topic)
        writer.raw(self.issuer)
        write_text(writer, self.issuer_name)
        writer.vector(self.names, write_text)
        writer.uint8(self.cap)
        writer.uint8(self.door)
        writer.uint16(self.history)
        writer.uint64(self.expires_at)
        writer.uint64(self.written_at)
        writer.struct(self.relay)
        writer.raw(self.relay_key)
        writer.raw(self.request_key)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            circle_id=reader.raw(CIRCLE_ID_LENGTH),
            circle_name=read_text(reader),
            topic=read_text(reader),
            issuer=reader.raw(PUBLIC_KEY_LENGTH),
            issuer_name=read_text(reader),
            names=tuple(reader.vector(read_text)),
            cap=reader.uint8(),
            door=reader.uint8(),
            history=reader.uint16(),
            expires_at=read_number(reader, "a code's time"),
            written_at=read_number(reader, "a card's time"),
            relay=RelayAddress.read(reader),
            relay_key=reader.raw(PUBLIC_KEY_LENGTH),
            request_key=reader.raw(PUBLIC_KEY_LENGTH),
        )


@dataclass(frozen=True, slots=True)
class SignedCard(Struct):
    """A card with the signature of the invite that it belongs to; not verified yet."""

    card: Card
    signature: bytes

    @classmethod
    def sign(cls, card: Card, signing: SignatureKeyPair) -> Self:
        """The card signed by the invite's signing key."""
        return cls(card, signing.sign(_PURPOSE + card.encode()))

    def verify(self, signing_key: bytes) -> bool:
        """Whether the invite's signing key signed the card."""
        return ed25519_verify(signing_key, _PURPOSE + self.card.encode(), self.signature)

    def write(self, writer: Writer) -> None:
        writer.struct(self.card)
        writer.raw(self.signature)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(Card.read(reader), reader.raw(SIGNATURE_LENGTH))


def seal_card(keys: InviteKeys, card: Card, rng: Rng) -> bytes:
    """The card's bytes for the relay, signed and sealed with the invite's keys."""
    return seal(keys.card, _PURPOSE + keys.id, SignedCard.sign(card, keys.signing).encode(), rng)


def open_card(keys: InviteKeys, sealed: bytes) -> Card:
    """The card that the relay showed, verified.

    UnopenedError, FieldError or ForgedError where it is not one that this invite's issuer made.
    """
    plaintext = open_(keys.card, _PURPOSE + keys.id, sealed)
    if plaintext is None:
        raise UnopenedError(
            "The relay showed a card that was not made for this code. Ask for a new code."
        )
    signed = decoded(SignedCard, plaintext, "the card")
    if not signed.verify(keys.signing.public):
        raise ForgedError("The card is not signed by whoever made the code. Ask for a new code.")
    return signed.card
