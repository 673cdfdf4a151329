"""A cipher suite is what it is made of, and nothing looks behind it."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from crypto import primitives
from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE, Aead, CipherSuite, SignatureKeyPair
from crypto.secret import Secret
from tests.crypto.mls.aes_suite import AES128GCM_SUITE
from tests.crypto.mls.members import seeded


def test_the_suite_is_number_3() -> None:
    assert CHACHA20POLY1305_SUITE.code == 0x0003
    assert CHACHA20POLY1305_SUITE.name == "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519"
    assert CHACHA20POLY1305_SUITE.kdf_id == 0x0001
    assert CHACHA20POLY1305_SUITE.hash_length == 32


@pytest.mark.parametrize("suite", [CHACHA20POLY1305_SUITE, AES128GCM_SUITE], ids=lambda s: s.name)
class TestAnySuite:
    def test_hash_and_mac(self, suite: CipherSuite) -> None:
        assert suite.hash(b"abc") == hashlib.sha256(b"abc").digest()
        expected = hmac.digest(b"key", b"abc", "sha256")
        assert suite.mac(Secret(b"key"), b"abc") == expected

    def test_extract_and_expand(self, suite: CipherSuite) -> None:
        extracted = suite.extract(Secret(b"salt"), Secret(b"input"))
        assert extracted.reveal() == primitives.hkdf_extract(b"salt", b"input")
        expanded = suite.expand(extracted, b"info", 50)
        assert expanded.reveal() == primitives.hkdf_expand(extracted.reveal(), b"info", 50)

    def test_the_aead_opens_what_it_sealed(self, suite: CipherSuite) -> None:
        aead: Aead = suite.aead
        key, nonce = Secret(bytes(range(aead.key_length))), bytes(aead.nonce_length)
        sealed = aead.seal(key, nonce, b"aad", b"plaintext")
        assert aead.open(key, nonce, b"aad", sealed) == b"plaintext"
        assert aead.open(key, nonce, b"other", sealed) is None
        assert aead.open(key, nonce, b"aad", sealed[:-1]) is None

    def test_signatures(self, suite: CipherSuite) -> None:
        key_pair = SignatureKeyPair.generate(seeded(1))
        signature = key_pair.sign(b"message")
        assert len(signature) == 64
        assert suite.verify(key_pair.public, b"message", signature)
        assert not suite.verify(key_pair.public, b"massage", signature)
        assert not suite.verify(b"", b"message", signature)


def test_the_two_suites_differ_in_the_aead() -> None:
    assert CHACHA20POLY1305_SUITE.aead.id == 0x0003
    assert AES128GCM_SUITE.aead.id == 0x0001


def test_a_signature_key_pair_comes_from_its_seed() -> None:
    key_pair = SignatureKeyPair.generate(seeded(1))
    assert key_pair == SignatureKeyPair.from_seed(Secret(seeded(1)(32)))
    assert key_pair.public == primitives.ed25519_public(key_pair.secret)


def test_a_signature_key_pair_does_not_show_its_seed() -> None:
    assert "secret=Secret(32 bytes)" in repr(SignatureKeyPair.generate(seeded(1)))
