"""Suite 0x0001 for talking to others: as 0x0003, with AES-128-GCM from `cryptography`."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.kem import DhKemX25519
from crypto.secret import Secret


class Aes128Gcm:
    """AES-128-GCM (NIST SP 800-38D)."""

    id = 0x0001
    key_length = 16
    nonce_length = 12

    def seal(self, key: Secret, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        return AESGCM(key.reveal()).encrypt(nonce, plaintext, aad)

    def open(self, key: Secret, nonce: bytes, aad: bytes, sealed: bytes) -> bytes | None:
        try:
            return AESGCM(key.reveal()).decrypt(nonce, sealed, aad)
        except InvalidTag:
            return None


AES128GCM_SUITE = CipherSuite(
    code=0x0001,
    name="MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
    kem=DhKemX25519(),
    aead=Aes128Gcm(),
)
