"""`nonce[12] ‖ ChaCha20-Poly1305(key, nonce, aad, …)`: how cards, beats and keys are sealed.

docs/protocol.md sections 3.3, 3.5, 5.2 and 5.4. The nonce is random, and each key seals few enough
things that none comes twice.
"""

from __future__ import annotations

from crypto.primitives import (
    AEAD_NONCE_LENGTH,
    Rng,
    chacha20poly1305_open,
    chacha20poly1305_seal,
)
from crypto.secret import Secret


def seal(key: Secret, aad: bytes, plaintext: bytes, rng: Rng) -> bytes:
    """Nonce, ciphertext and tag: 28 bytes more than the plaintext."""
    nonce = rng(AEAD_NONCE_LENGTH)
    return nonce + chacha20poly1305_seal(key, nonce, aad, plaintext)


def open_(key: Secret, aad: bytes, sealed: bytes) -> bytes | None:
    """The plaintext, or None where the bytes were not sealed with this key for this purpose."""
    nonce, ciphertext = sealed[:AEAD_NONCE_LENGTH], sealed[AEAD_NONCE_LENGTH:]
    return chacha20poly1305_open(key, nonce, aad, ciphertext)
