"""Hashes, derivations, signatures and encryptions bound to a label (RFC 9420 sections 5.1, 5.2, 8).

Labels are given bare ("key", "FramedContentTBS"); the prefix "MLS 1.0 " is added here. Only
`ref_hash` takes its label whole, as the RFC does.
"""

from __future__ import annotations

from functools import lru_cache

from crypto.mls import hpke
from crypto.mls.cipher_suite import CipherSuite, SignatureKeyPair
from crypto.mls.codec import encode_length
from crypto.mls.hpke import HpkeCiphertext
from crypto.mls.kem import KemKeyPair
from crypto.primitives import Rng
from crypto.secret import Secret


def ref_hash(suite: CipherSuite, label: str, value: bytes) -> bytes:
    """RefHash (section 5.2): the reference of a key package or proposal."""
    return suite.hash(_opaque(label.encode()) + _opaque(value))


def expand_with_label(
    suite: CipherSuite, secret: Secret, label: str, context: bytes, length: int
) -> Secret:
    """ExpandWithLabel (section 8): `length` bytes."""
    return suite.expand(secret, length.to_bytes(2) + _labeled(label, context), length)


def derive_secret(suite: CipherSuite, secret: Secret, label: str) -> Secret:
    """DeriveSecret (section 8): as long as the suite's hash."""
    return expand_with_label(suite, secret, label, b"", suite.hash_length)


def derive_tree_secret(
    suite: CipherSuite, secret: Secret, label: str, generation: int, length: int
) -> Secret:
    """DeriveTreeSecret (section 9): `length` bytes for one generation of a ratchet."""
    return expand_with_label(suite, secret, label, generation.to_bytes(4), length)


def sign_with_label(
    suite: CipherSuite, key_pair: SignatureKeyPair, label: str, content: bytes
) -> bytes:
    """SignWithLabel (section 5.1.2): the signature."""
    return key_pair.sign(_labeled(label, content))


def verify_with_label(
    suite: CipherSuite, public: bytes, label: str, content: bytes, signature: bytes
) -> bool:
    """VerifyWithLabel (section 5.1.2): whether the signature is by this key over this content."""
    return suite.verify(public, _labeled(label, content), signature)


def encrypt_with_label(
    suite: CipherSuite, public: bytes, label: str, context: bytes, plaintext: bytes, rng: Rng
) -> HpkeCiphertext:
    """EncryptWithLabel (section 5.1.3); `InvalidError` for a public key that is none."""
    return hpke.seal(suite, public, _labeled(label, context), b"", plaintext, rng)


def decrypt_with_label(
    suite: CipherSuite,
    key_pair: KemKeyPair,
    label: str,
    context: bytes,
    ciphertext: HpkeCiphertext,
) -> bytes:
    """DecryptWithLabel (section 5.1.3): the plaintext, or `UndecryptableError`."""
    return hpke.open_(suite, key_pair, _labeled(label, context), b"", ciphertext)


def _labeled(label: str, content: bytes) -> bytes:
    """The tail that KDFLabel, SignContent and EncryptContext share: label and content, counted."""
    return _prefixed(label) + encode_length(len(content)) + content


@lru_cache(maxsize=64)  # a message takes a dozen labels, always the same
def _prefixed(label: str) -> bytes:
    return _opaque(b"MLS 1.0 " + label.encode())


def _opaque(data: bytes) -> bytes:
    return encode_length(len(data)) + data
