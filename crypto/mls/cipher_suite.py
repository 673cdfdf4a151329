"""Cipher suites (RFC 9420 section 5.1): an object that is injected, so that another can be.

Hallway speaks `CHACHA20POLY1305_SUITE` (0x0003) only. A suite with another AEAD, KEM or code
point is another `CipherSuite` object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crypto import primitives
from crypto.mls.kem import DhKemX25519, Kem
from crypto.primitives import Rng
from crypto.secret import Secret


class Aead(Protocol):
    """An AEAD of RFC 9180 section 7.3; lengths in bytes."""

    @property
    def id(self) -> int: ...
    @property
    def key_length(self) -> int: ...
    @property
    def nonce_length(self) -> int: ...

    def seal(self, key: Secret, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        """Ciphertext and tag."""
        ...

    def open(self, key: Secret, nonce: bytes, aad: bytes, sealed: bytes) -> bytes | None:
        """The plaintext, or None where the tag does not verify."""
        ...


class ChaCha20Poly1305:
    """ChaCha20-Poly1305 (RFC 8439)."""

    id = 0x0003
    key_length = primitives.AEAD_KEY_LENGTH
    nonce_length = primitives.AEAD_NONCE_LENGTH

    def seal(self, key: Secret, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        return primitives.chacha20poly1305_seal(key, nonce, aad, plaintext)

    def open(self, key: Secret, nonce: bytes, aad: bytes, sealed: bytes) -> bytes | None:
        return primitives.chacha20poly1305_open(key, nonce, aad, sealed)


@dataclass(frozen=True, slots=True)
class SignatureKeyPair:
    """An Ed25519 key pair: the seed and its public key, 32 bytes each."""

    secret: Secret
    public: bytes

    @classmethod
    def generate(cls, rng: Rng) -> SignatureKeyPair:
        """A fresh key pair."""
        return cls.from_seed(Secret(rng(primitives.SECRET_KEY_LENGTH)))

    @classmethod
    def from_seed(cls, seed: Secret) -> SignatureKeyPair:
        """The key pair of a 32-byte seed."""
        return cls(seed, primitives.ed25519_public(seed))

    def sign(self, message: bytes) -> bytes:
        """A plain Ed25519 signature of 64 bytes; MLS signs through `labeled.sign_with_label`."""
        return primitives.ed25519_sign(self.secret, self.public, message)


@dataclass(frozen=True, slots=True)
class CipherSuite:
    """A suite with SHA-256 and Ed25519; `code` is its RFC 9420 number."""

    code: int
    name: str
    kem: Kem
    aead: Aead
    kdf_id: int = 0x0001  # HKDF-SHA256 (RFC 9180 section 7.2)
    hash_length: int = primitives.HASH_LENGTH  # Nh; also the KDF's output and the MAC's tag

    def hash(self, data: bytes) -> bytes:
        """The suite's hash: `hash_length` bytes."""
        return primitives.sha256(data)

    def mac(self, key: Secret, data: bytes) -> bytes:
        """HMAC with the suite's hash: `hash_length` bytes."""
        return primitives.hmac_sha256(key.reveal(), data)

    def extract(self, salt: Secret, input_key: Secret) -> Secret:
        """KDF.Extract."""
        return Secret(primitives.hkdf_extract(salt.reveal(), input_key.reveal()))

    def expand(self, secret: Secret, info: bytes, length: int) -> Secret:
        """KDF.Expand: `length` bytes."""
        return Secret(primitives.hkdf_expand(secret.reveal(), info, length))

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether an Ed25519 signature is valid; False for malformed input too."""
        return primitives.ed25519_verify(public, message, signature)


CHACHA20POLY1305_SUITE = CipherSuite(
    code=0x0003,
    name="MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
    kem=DhKemX25519(),
    aead=ChaCha20Poly1305(),
)
