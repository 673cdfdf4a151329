"""Coming in again: a device whose group state is lost or forked asks for a new leaf.

docs/protocol.md section 5.4. The request is sealed under the newest beacon key that the device has,
and signed by its member key and its old leaf key. Any member may commit the exchange of leaves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from crypto.access.binding import AccessKeyPair, rekey_statement
from crypto.beacon import open_under, seal_under
from crypto.entry import read_key_package
from crypto.errors import ForgedError
from crypto.fields import decoded, exact, read_number
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.framing import MlsMessage
from crypto.mls.key_package import KeyPackage
from crypto.primitives import (
    PUBLIC_KEY_LENGTH,
    SIGNATURE_LENGTH,
    Rng,
    ed25519_verify,
    sha256,
)
from crypto.secret import Secret

_PURPOSE = b"hallway rejoin 1"


def rejoin_statement(circle_id: bytes, old_leaf_key: bytes, key_package: KeyPackage) -> bytes:
    """What the old leaf key and the member key sign: this key package is that leaf's successor."""
    return _PURPOSE + circle_id + old_leaf_key + sha256(MlsMessage(key_package).encode())


@dataclass(frozen=True, slots=True)
class OldKeys:
    """What is left of a device: the keys by which it shows who it is."""

    member: SignatureKeyPair
    leaf: SignatureKeyPair
    access: AccessKeyPair


@dataclass(frozen=True, slots=True)
class Rejoin(Struct):
    """A request to come in again; `sent_at` in milliseconds since 1970. `verify` before use."""

    key_package: KeyPackage
    old_leaf_key: bytes
    rekey_signature: bytes
    leaf_signature: bytes
    member_signature: bytes
    sent_at: int

    def __post_init__(self) -> None:
        exact(self.old_leaf_key, PUBLIC_KEY_LENGTH, "a leaf key")
        for signature in (self.rekey_signature, self.leaf_signature, self.member_signature):
            exact(signature, SIGNATURE_LENGTH, "a signature")

    @classmethod
    def make(
        cls,
        circle_id: bytes,
        old: OldKeys,
        key_package: KeyPackage,
        new_access_key: bytes,
        now: int,
    ) -> Self:
        """A request for this key package, whose `Device` has the new access key."""
        statement = rejoin_statement(circle_id, old.leaf.public, key_package)
        return cls(
            key_package,
            old.leaf.public,
            old.access.sign(rekey_statement(circle_id, old.access.public, new_access_key)),
            old.leaf.sign(statement),
            old.member.sign(statement),
            now,
        )

    def verify(
        self, circle_id: bytes, member: bytes, old_access_key: bytes, new_access_key: bytes
    ) -> None:
        """ForgedError where one of its three signatures is not what it should be.

        :param member: the member key of the leaf that `old_leaf_key` names.
        :param old_access_key: that leaf's access key.
        :param new_access_key: the one in the key package's `Device`.
        """
        statement = rejoin_statement(circle_id, self.old_leaf_key, self.key_package)
        rekey = rekey_statement(circle_id, old_access_key, new_access_key)
        if not (
            ed25519_verify(self.old_leaf_key, statement, self.leaf_signature)
            and ed25519_verify(member, statement, self.member_signature)
            and ed25519_verify(old_access_key, rekey, self.rekey_signature)
        ):
            raise ForgedError("A device's request to come in again is not signed by its own keys.")

    def write(self, writer: Writer) -> None:
        writer.opaque(MlsMessage(self.key_package).encode())
        writer.raw(self.old_leaf_key)
        writer.raw(self.rekey_signature)
        writer.raw(self.leaf_signature)
        writer.raw(self.member_signature)
        writer.uint64(self.sent_at)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            read_key_package(reader),
            reader.raw(PUBLIC_KEY_LENGTH),
            reader.raw(SIGNATURE_LENGTH),
            reader.raw(SIGNATURE_LENGTH),
            reader.raw(SIGNATURE_LENGTH),
            read_number(reader, "a request's time"),
        )


def seal_rejoin(beacon_key: Secret, circle_id: bytes, rejoin: Rejoin, rng: Rng) -> bytes:
    """The body of a `rejoin` entry."""
    return seal_under(beacon_key, _PURPOSE, circle_id, rejoin.encode(), rng)


def open_rejoin(beacon_keys: Iterable[Secret], circle_id: bytes, body: bytes) -> Rejoin:
    """The request in an entry's body, not verified yet; UnopenedError or FieldError otherwise."""
    opened = open_under(beacon_keys, _PURPOSE, circle_id, body)
    return decoded(Rejoin, opened.plaintext, "a request to come in again")
