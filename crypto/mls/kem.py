"""Key encapsulation for HPKE (RFC 9180 section 4): what a suite needs, and DHKEM over X25519."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from crypto.mls.errors import InvalidError
from crypto.primitives import (
    SECRET_KEY_LENGTH,
    Rng,
    hkdf_expand,
    hkdf_extract,
    x25519,
    x25519_public,
)
from crypto.secret import Secret


@dataclass(frozen=True, slots=True)
class KemKeyPair:
    """An HPKE key pair; `public` as it stands in a structure."""

    secret: Secret
    public: bytes


class Kem(Protocol):
    """A KEM of RFC 9180 section 4; `id` is its two-byte code point."""

    @property
    def id(self) -> int: ...

    def derive_key_pair(self, input_key: Secret) -> KemKeyPair:
        """A key pair that depends on the input key alone."""
        ...

    def generate_key_pair(self, rng: Rng) -> KemKeyPair:
        """A fresh key pair."""
        ...

    def valid_public(self, public: bytes) -> bool:
        """Whether anybody could encapsulate to these bytes."""
        ...

    def public_of(self, secret: Secret) -> bytes:
        """The public key of a secret key."""
        ...

    def encapsulate(self, public: bytes, rng: Rng) -> tuple[Secret, bytes]:
        """(shared secret, encapsulated key); `InvalidError` for a public key that is none."""
        ...

    def decapsulate(self, encapsulated: bytes, key_pair: KemKeyPair) -> Secret:
        """The shared secret; `InvalidError` for an encapsulated key that is none."""
        ...


class DhKemX25519:
    """DHKEM(X25519, HKDF-SHA256) (RFC 9180 sections 4.1 and 7.1)."""

    id = 0x0020
    _SUITE_ID = b"KEM\x00\x20"

    def derive_key_pair(self, input_key: Secret) -> KemKeyPair:
        prk = self._labeled_extract(b"dkp_prk", input_key.reveal())
        secret = Secret(self._labeled_expand(prk, b"sk", b"", SECRET_KEY_LENGTH))
        return KemKeyPair(secret, x25519_public(secret))

    def generate_key_pair(self, rng: Rng) -> KemKeyPair:
        return self.derive_key_pair(Secret(rng(SECRET_KEY_LENGTH)))

    def valid_public(self, public: bytes) -> bool:
        return _usable(public)

    def public_of(self, secret: Secret) -> bytes:
        return x25519_public(secret)

    def encapsulate(self, public: bytes, rng: Rng) -> tuple[Secret, bytes]:
        ephemeral = self.generate_key_pair(rng)
        shared = _agree(ephemeral.secret, public)
        return self._shared_secret(shared, ephemeral.public + public), ephemeral.public

    def decapsulate(self, encapsulated: bytes, key_pair: KemKeyPair) -> Secret:
        shared = _agree(key_pair.secret, encapsulated)
        return self._shared_secret(shared, encapsulated + key_pair.public)

    def _shared_secret(self, shared: Secret, context: bytes) -> Secret:
        prk = self._labeled_extract(b"eae_prk", shared.reveal())
        return Secret(self._labeled_expand(prk, b"shared_secret", context, 32))

    def _labeled_extract(self, label: bytes, input_key: bytes) -> bytes:
        return hkdf_extract(b"", b"HPKE-v1" + self._SUITE_ID + label + input_key)

    def _labeled_expand(self, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
        labeled = length.to_bytes(2) + b"HPKE-v1" + self._SUITE_ID + label + info
        return hkdf_expand(prk, labeled, length)


@lru_cache(maxsize=4096)
def _usable(public: bytes) -> bool:
    # Any secret gives zero with a point of small order, so one that is known to all will do. The
    # keys of a tree are asked about again at each Commit: hence the cache, of public keys only.
    return x25519(Secret(bytes(SECRET_KEY_LENGTH)), public) is not None


def _agree(secret: Secret, public: bytes) -> Secret:
    shared = x25519(secret, public)
    if shared is None:
        raise InvalidError("an X25519 public key is malformed or of small order", "hpke.zero_dh")
    return shared
