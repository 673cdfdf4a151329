"""Who speaks to a relay: access key pairs, and the statements that they sign.

docs/protocol.md section 4.2 (create, bind, guest) and 4.4 (admit, rekey, depart). A statement
begins with its purpose, so that a signature made for one never serves as another; those of section
4.2 also hold the relay's nonce and the address as dialled, so that one relay can't use at another
what it was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from crypto.access.errors import MisuseError
from crypto.primitives import Rng, ed25519_public, ed25519_sign, ed25519_verify
from crypto.secret import Secret

CIRCLE_ID_LENGTH = 16
INVITE_ID_LENGTH = 16
ACCESS_KEY_LENGTH = 32
NONCE_LENGTH = 32
SIGNATURE_LENGTH = 64
HOST_LIMIT = 255


@dataclass(frozen=True, slots=True)
class AccessKeyPair:
    """An Ed25519 pair that signs to a relay: a device's, an invite's, or the relay's own."""

    seed: Secret
    public: bytes

    @classmethod
    def from_seed(cls, seed: Secret) -> Self:
        """The pair of a 32-byte seed."""
        return cls(seed, ed25519_public(seed))

    @classmethod
    def generate(cls, rng: Rng) -> Self:
        """A fresh pair."""
        return cls.from_seed(Secret(rng(32)))

    def sign(self, statement: bytes) -> bytes:
        """A 64-byte signature over one of the statements below."""
        return ed25519_sign(self.seed, self.public, statement)


def verify(access_key: bytes, statement: bytes, signature: bytes) -> bool:
    """Whether this public key signed the statement."""
    return ed25519_verify(access_key, statement, signature)


def _dialled(host: str) -> bytes:
    encoded = host.encode()
    if not 0 < len(encoded) <= HOST_LIMIT:
        raise MisuseError(f"an address has 1 to {HOST_LIMIT} bytes, not {len(encoded)}")
    return len(encoded).to_bytes(1) + encoded


def create_statement(
    nonce: bytes, host: str, circle_id: bytes, access_key: bytes, cap: int
) -> bytes:
    """Signed by the founder's access key to open a circle at the relay `host`."""
    return b"hallway create 1" + nonce + _dialled(host) + circle_id + access_key + cap.to_bytes(1)


def settle_statement(
    nonce: bytes, host: str, circle_id: bytes, access_key: bytes, settlement: bytes
) -> bytes:
    """Signed by a host's access key to bring a circle to the relay `host`."""
    return b"hallway settle 1" + nonce + _dialled(host) + circle_id + access_key + settlement


def bind_statement(nonce: bytes, host: str, circle_id: bytes, access_key: bytes) -> bytes:
    """Signed by a device's access key to speak for it on one socket."""
    return b"hallway bind 1" + nonce + _dialled(host) + circle_id + access_key


def guest_statement(nonce: bytes, host: str, invite_id: bytes) -> bytes:
    """Signed by an invite's access key to read its card and hand in requests."""
    return b"hallway guest 1" + nonce + _dialled(host) + invite_id


def admit_statement(circle_id: bytes, invite_id: bytes, access_key: bytes) -> bytes:
    """Signed by an invite's *signing* key: this access key may take a chair on it."""
    return b"hallway admit 1" + circle_id + invite_id + access_key


def rekey_statement(circle_id: bytes, old: bytes, new: bytes) -> bytes:
    """Signed by the old access key: the new one takes its place."""
    return b"hallway rekey 1" + circle_id + old + new


def depart_statement(circle_id: bytes, access_key: bytes) -> bytes:
    """Signed by an access key whose member leaves; anybody may hand it in."""
    return b"hallway depart 1" + circle_id + access_key
