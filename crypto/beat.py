"""Heartbeats: a device's signed word on where it is in the log and which epoch it has.

docs/protocol.md section 5.2. By them the others notice that the relay hides the tail of the log,
shows two logs, or that a device could not follow a commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from crypto.access.log import Head
from crypto.beacon import open_under, seal_under
from crypto.errors import FieldError, ForgedError, MisuseError
from crypto.fields import decoded, exact, read_head, read_number, write_head
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.codec import Reader, Struct, Writer
from crypto.primitives import (
    HASH_LENGTH,
    PUBLIC_KEY_LENGTH,
    SIGNATURE_LENGTH,
    Rng,
    ed25519_verify,
)
from crypto.secret import Secret

_PURPOSE = b"hallway beat 1"


@dataclass(frozen=True, slots=True)
class Beat(Struct):
    """Where a device is; `at` in milliseconds since 1970, `counter` of its newest message.

    `stuck_at` is the entry whose commit it cannot follow, None where it follows all.
    """

    leaf_key: bytes
    epoch: int
    epoch_authenticator: bytes
    head: Head
    counter: int
    stuck_at: int | None
    at: int

    def __post_init__(self) -> None:
        exact(self.leaf_key, PUBLIC_KEY_LENGTH, "a leaf key")
        exact(self.epoch_authenticator, HASH_LENGTH, "an epoch authenticator")

    def write(self, writer: Writer) -> None:
        writer.raw(self.leaf_key)
        writer.uint64(self.epoch)
        writer.raw(self.epoch_authenticator)
        write_head(writer, self.head)
        writer.uint64(self.counter)
        writer.uint8(self.stuck_at is not None)
        writer.uint64(self.stuck_at or 0)
        writer.uint64(self.at)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            leaf_key=reader.raw(PUBLIC_KEY_LENGTH),
            epoch=read_number(reader, "an epoch"),
            epoch_authenticator=reader.raw(HASH_LENGTH),
            head=read_head(reader),
            counter=read_number(reader, "a message's counter"),
            stuck_at=_read_stuck(reader),
            at=read_number(reader, "a heartbeat's time"),
        )


@dataclass(frozen=True, slots=True)
class SignedBeat(Struct):
    """A beat with its leaf's signature; not verified yet."""

    beat: Beat
    signature: bytes

    @classmethod
    def sign(cls, circle_id: bytes, beat: Beat, leaf: SignatureKeyPair) -> Self:
        """The beat signed by the leaf that it speaks of."""
        if beat.leaf_key != leaf.public:
            raise MisuseError("a device signs beats of its own leaf only")
        return cls(beat, leaf.sign(_PURPOSE + circle_id + beat.encode()))

    def verify(self, circle_id: bytes) -> bool:
        """Whether the leaf that the beat speaks of signed it, for this circle."""
        statement = _PURPOSE + circle_id + self.beat.encode()
        return ed25519_verify(self.beat.leaf_key, statement, self.signature)

    def write(self, writer: Writer) -> None:
        writer.struct(self.beat)
        writer.raw(self.signature)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(Beat.read(reader), reader.raw(SIGNATURE_LENGTH))


@dataclass(frozen=True, slots=True)
class HeardBeat:
    """A verified beat, and the beacon key that it came under: not the newest, if it is late.

    Whether `beat.leaf_key` is a member's is for the reader to look up.
    """

    beat: Beat
    beacon_key: Secret


def seal_beat(
    beacon_key: Secret, circle_id: bytes, beat: Beat, leaf: SignatureKeyPair, rng: Rng
) -> bytes:
    """A beat for the relay's slot of this device."""
    signed = SignedBeat.sign(circle_id, beat, leaf)
    return seal_under(beacon_key, _PURPOSE, circle_id, signed.encode(), rng)


def open_beat(beacon_keys: Iterable[Secret], circle_id: bytes, sealed: bytes) -> HeardBeat:
    """The beat in a slot, its signature verified.

    UnopenedError, FieldError or ForgedError where it is none that a device of this circle sealed.
    """
    opened = open_under(beacon_keys, _PURPOSE, circle_id, sealed)
    signed = decoded(SignedBeat, opened.plaintext, "a heartbeat")
    if not signed.verify(circle_id):
        raise ForgedError("a heartbeat is not signed by the leaf that it speaks of")
    return HeardBeat(signed.beat, opened.key)


def _read_stuck(reader: Reader) -> int | None:
    stuck, stuck_at = reader.uint8(), read_number(reader, "an entry's number")
    if stuck > 1 or (stuck_at and not stuck):
        raise FieldError("a device is stuck at an entry or not")
    return stuck_at if stuck else None
