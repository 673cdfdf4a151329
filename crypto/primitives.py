"""The primitives, each one libsodium's or the standard library's; the only importer of `nacl`.

Lengths are in bytes: X25519 and Ed25519 keys 32, Ed25519 signatures 64, ChaCha20-Poly1305 keys 32,
nonces 12, tags 16, SHA-256 digests 32.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import TypeAlias

from nacl import bindings, exceptions

from crypto.secret import Secret

Rng: TypeAlias = Callable[[int], bytes]
"""`rng(n)` gives n unpredictable bytes; `os.urandom` in the program, a seeded one in tests."""

HASH_LENGTH = 32
SIGNATURE_LENGTH = 64
PUBLIC_KEY_LENGTH = 32
SECRET_KEY_LENGTH = 32
AEAD_KEY_LENGTH = 32
AEAD_NONCE_LENGTH = 12
AEAD_TAG_LENGTH = 16


def sha256(data: bytes) -> bytes:
    """SHA-256 (FIPS 180-4): 32 bytes."""
    return hashlib.sha256(data).digest()


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA-256 (RFC 2104): 32 bytes."""
    return hmac.digest(key, data, "sha256")


def hkdf_extract(salt: bytes, input_key: bytes) -> bytes:
    """HKDF-Extract with SHA-256 (RFC 5869 section 2.2): a 32-byte pseudorandom key."""
    return hmac_sha256(salt or bytes(HASH_LENGTH), input_key)


def hkdf_expand(pseudorandom_key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand with SHA-256 (RFC 5869 section 2.3): `length` bytes, at most 8160."""
    if length > 255 * HASH_LENGTH:
        raise ValueError(f"HKDF-Expand gives at most {255 * HASH_LENGTH} bytes, not {length}")
    block = hmac_sha256(pseudorandom_key, info + b"\x01")
    output = block
    counter = 2
    while len(output) < length:
        block = hmac_sha256(pseudorandom_key, block + info + bytes((counter,)))
        output += block
        counter += 1
    return output[:length]


def ed25519_public(seed: Secret) -> bytes:
    """The Ed25519 public key (RFC 8032) of a 32-byte seed."""
    public, _ = bindings.crypto_sign_seed_keypair(seed.reveal())
    return bytes(public)


def ed25519_sign(seed: Secret, public: bytes, message: bytes) -> bytes:
    """Sign with a seed and its own public key (given, so that it is not computed each time)."""
    return bytes(bindings.crypto_sign(message, seed.reveal() + public)[:SIGNATURE_LENGTH])


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is valid; wrong lengths, S ≥ L and small-order keys are not."""
    if len(public) != PUBLIC_KEY_LENGTH or len(signature) != SIGNATURE_LENGTH:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public)
    except exceptions.BadSignatureError:
        return False
    return True


def x25519_public(secret: Secret) -> bytes:
    """The X25519 public key (RFC 7748) of a 32-byte secret."""
    return bytes(bindings.crypto_scalarmult_base(secret.reveal()))


def x25519(secret: Secret, public: bytes) -> Secret | None:
    """The shared secret; None where it is all zero, for a small-order point (RFC 7748 6.1)."""
    if len(public) != PUBLIC_KEY_LENGTH:
        return None
    try:
        return Secret(bindings.crypto_scalarmult(secret.reveal(), public))
    except exceptions.RuntimeError:
        return None


def chacha20poly1305_seal(key: Secret, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
    """AEAD_CHACHA20_POLY1305 (RFC 8439): ciphertext followed by its 16-byte tag."""
    return bytes(
        bindings.crypto_aead_chacha20poly1305_ietf_encrypt(plaintext, aad, nonce, key.reveal())
    )


def chacha20poly1305_open(key: Secret, nonce: bytes, aad: bytes, sealed: bytes) -> bytes | None:
    """The plaintext, or None where the tag does not verify."""
    if len(sealed) < AEAD_TAG_LENGTH:
        return None
    try:
        return bytes(
            bindings.crypto_aead_chacha20poly1305_ietf_decrypt(sealed, aad, nonce, key.reveal())
        )
    except exceptions.CryptoError:
        return None


def argon2id(passphrase: bytes, salt: bytes, memory_kib: int, passes: int) -> Secret:
    """A 32-byte key from a passphrase (RFC 9106, one lane); salt of 16 bytes."""
    return Secret(
        bindings.crypto_pwhash_alg(
            32,
            passphrase,
            salt,
            passes,
            memory_kib * 1024,
            bindings.crypto_pwhash_ALG_ARGON2ID13,
        )
    )
