"""Asking to come in: the proof that a newcomer holds a code, and the sealed request.

docs/protocol.md section 3.4. The request is sealed to the invite's request key: any member may read
it, other holders of the code may not. Whether somebody is let in is `crypto.circle`'s to judge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from crypto.access.binding import INVITE_ID_LENGTH, admit_statement
from crypto.errors import FieldError, UnopenedError
from crypto.fields import decoded, exact, read_number, read_text, sized, write_text
from crypto.invite import InviteKeys
from crypto.mls import hpke
from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.errors import UndecryptableError
from crypto.mls.framing import MlsMessage
from crypto.mls.hpke import HpkeCiphertext
from crypto.mls.kem import KemKeyPair
from crypto.mls.key_package import KeyPackage
from crypto.primitives import (
    PUBLIC_KEY_LENGTH,
    SIGNATURE_LENGTH,
    Rng,
    ed25519_verify,
    sha256,
    x25519_public,
)
from crypto.secret import Secret

LINE_LONGEST = 256
RANK_WAIT = 2_000
"""Milliseconds that a device waits before it answers, for each device ranked before it."""


def entry_statement(
    invite_id: bytes,
    circle_id: bytes,
    member: bytes,
    leaf_key: bytes,
    init_key: bytes,
    access_key: bytes,
) -> bytes:
    """What the invite signing key signs of a newcomer: every key that comes in."""
    keys = member + leaf_key + init_key + access_key
    return b"hallway entry 1" + invite_id + circle_id + keys


@dataclass(frozen=True, slots=True)
class InviteProof(Struct):
    """The key package's extension `hallway_invite`: whoever made it holds the code."""

    invite_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        exact(self.invite_id, INVITE_ID_LENGTH, "an invite's id")
        exact(self.signature, SIGNATURE_LENGTH, "an invite's signature")

    @classmethod
    def sign(
        cls,
        keys: InviteKeys,
        circle_id: bytes,
        member: bytes,
        leaf_key: bytes,
        init_key: bytes,
        access_key: bytes,
    ) -> Self:
        """The proof of a newcomer with these keys, by the code's holder."""
        statement = entry_statement(keys.id, circle_id, member, leaf_key, init_key, access_key)
        return cls(keys.id, keys.signing.sign(statement))

    def verify(
        self,
        signing_key: bytes,
        circle_id: bytes,
        member: bytes,
        leaf_key: bytes,
        init_key: bytes,
        access_key: bytes,
    ) -> bool:
        """Whether this invite's signing key signed for these keys."""
        statement = entry_statement(
            self.invite_id, circle_id, member, leaf_key, init_key, access_key
        )
        return ed25519_verify(signing_key, statement, self.signature)

    def write(self, writer: Writer) -> None:
        writer.raw(self.invite_id)
        writer.raw(self.signature)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.raw(INVITE_ID_LENGTH), reader.raw(SIGNATURE_LENGTH))


@dataclass(frozen=True, slots=True)
class EntryRequest(Struct):
    """A request to come in. `line` is for those inside, `sent_at` in milliseconds since 1970."""

    key_package: KeyPackage
    line: str = field(repr=False)
    admit_signature: bytes
    sent_at: int

    def __post_init__(self) -> None:
        sized(self.line, 0, LINE_LONGEST, "a line to those inside")
        exact(self.admit_signature, SIGNATURE_LENGTH, "an invite's signature")

    @classmethod
    def make(
        cls,
        keys: InviteKeys,
        circle_id: bytes,
        key_package: KeyPackage,
        access_key: bytes,
        line: str,
        now: int,
    ) -> Self:
        """A request by the code's holder; the key package carries the `InviteProof` already."""
        signature = keys.signing.sign(admit_statement(circle_id, keys.id, access_key))
        return cls(key_package, line, signature, now)

    def write(self, writer: Writer) -> None:
        writer.opaque(MlsMessage(self.key_package).encode())
        write_text(writer, self.line)
        writer.raw(self.admit_signature)
        writer.uint64(self.sent_at)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            read_key_package(reader),
            read_text(reader),
            reader.raw(SIGNATURE_LENGTH),
            read_number(reader, "a request's time"),
        )


def read_key_package(reader: Reader) -> KeyPackage:
    """An `opaque<V>` that holds an MLSMessage with a key package, or a DecodeError."""
    body = MlsMessage.decode(reader.opaque()).body
    if not isinstance(body, KeyPackage):
        raise FieldError("what asks to come in is no key package")
    return body


def seal_request(
    suite: CipherSuite,
    request_key: bytes,
    circle_id: bytes,
    invite_id: bytes,
    request: EntryRequest,
    rng: Rng,
) -> bytes:
    """The body of a `request` entry, for everybody in the circle and nobody else.

    `InvalidError` where the card's request key is none.
    """
    info = _info(circle_id, invite_id)
    sealed = hpke.seal(suite, request_key, info, b"", request.encode(), rng)
    return sealed.kem_output + sealed.ciphertext


def open_request(
    suite: CipherSuite, request_secret: Secret, circle_id: bytes, invite_id: bytes, body: bytes
) -> EntryRequest:
    """The request in an entry's body; nothing in it is verified yet.

    UnopenedError or FieldError where it is none.
    """
    key_pair = KemKeyPair(request_secret, x25519_public(request_secret))
    sealed = HpkeCiphertext(body[:PUBLIC_KEY_LENGTH], body[PUBLIC_KEY_LENGTH:])
    try:
        plaintext = hpke.open_(suite, key_pair, _info(circle_id, invite_id), b"", sealed)
    except UndecryptableError as error:
        raise UnopenedError("a request to come in is not sealed to its invite's key") from error
    return decoded(EntryRequest, plaintext, "a request to come in")


def rank(body: bytes, own_leaf_key: bytes, leaf_keys: Iterable[bytes]) -> int:
    """How many devices answer a request before this one, by a hash that nobody can choose."""
    own = sha256(body + own_leaf_key)
    return sum(sha256(body + leaf_key) < own for leaf_key in leaf_keys)


def _info(circle_id: bytes, invite_id: bytes) -> bytes:
    return b"hallway request 1" + circle_id + invite_id
