"""Hybrid public key encryption (RFC 9180) in base mode, one message to a key schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.errors import InvalidError, UndecryptableError
from crypto.mls.kem import KemKeyPair
from crypto.primitives import Rng
from crypto.secret import Secret

_MODE_BASE = b"\x00"
_NO_SALT = Secret(b"")
_NO_PSK = b""


@dataclass(frozen=True, slots=True)
class HpkeCiphertext(Struct):
    """An encapsulated key and what is sealed under it (RFC 9420 section 7.6)."""

    kem_output: bytes
    ciphertext: bytes

    def write(self, writer: Writer) -> None:
        writer.opaque(self.kem_output)
        writer.opaque(self.ciphertext)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque(), reader.opaque())


def seal(
    suite: CipherSuite, public: bytes, info: bytes, aad: bytes, plaintext: bytes, rng: Rng
) -> HpkeCiphertext:
    """SealBase (section 6.1): encrypt one message to a public key.

    `InvalidError` for a public key that is none, or of small order.
    """
    shared_secret, kem_output = suite.kem.encapsulate(public, rng)
    key, nonce = _key_schedule(suite, shared_secret, info)
    return HpkeCiphertext(kem_output, suite.aead.seal(key, nonce, aad, plaintext))


def open_(
    suite: CipherSuite, key_pair: KemKeyPair, info: bytes, aad: bytes, sealed: HpkeCiphertext
) -> bytes:
    """OpenBase (section 6.1): the message, or `UndecryptableError` whatever the reason."""
    try:
        shared_secret = suite.kem.decapsulate(sealed.kem_output, key_pair)
    except InvalidError as error:
        raise UndecryptableError(
            "an HPKE ciphertext holds no usable encapsulated key", "hpke.encapsulated_key"
        ) from error
    key, nonce = _key_schedule(suite, shared_secret, info)
    plaintext = suite.aead.open(key, nonce, aad, sealed.ciphertext)
    if plaintext is None:
        raise UndecryptableError(
            "an HPKE ciphertext does not open with this key and context", "hpke.ciphertext"
        )
    return plaintext


def _key_schedule(suite: CipherSuite, shared_secret: Secret, info: bytes) -> tuple[Secret, bytes]:
    """Key and first nonce (section 5.1); a single message never needs the second."""
    suite_id = b"HPKE" + b"".join(
        code.to_bytes(2) for code in (suite.kem.id, suite.kdf_id, suite.aead.id)
    )

    def extract(salt: Secret, label: bytes, input_key: bytes) -> Secret:
        return suite.extract(salt, Secret(b"HPKE-v1" + suite_id + label + input_key))

    psk_id_hash = extract(_NO_SALT, b"psk_id_hash", _NO_PSK)
    info_hash = extract(_NO_SALT, b"info_hash", info)
    context = _MODE_BASE + psk_id_hash.reveal() + info_hash.reveal()
    secret = extract(shared_secret, b"secret", _NO_PSK)

    def expand(label: bytes, length: int) -> Secret:
        labeled = length.to_bytes(2) + b"HPKE-v1" + suite_id + label + context
        return suite.expand(secret, labeled, length)

    key = expand(b"key", suite.aead.key_length)
    return key, expand(b"base_nonce", suite.aead.nonce_length).reveal()
