"""The primitives against the answers in their RFCs, and against another library."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from crypto import primitives
from crypto.secret import Secret
from tests.crypto.mls.members import SMALL_ORDER_POINTS

ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493

seeds = st.binary(min_size=32, max_size=32)


def test_sha256_of_fips_180_4() -> None:
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert primitives.sha256(b"abc").hex() == expected


def test_hmac_sha256_of_rfc_4231() -> None:
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert primitives.hmac_sha256(b"Jefe", b"what do ya want for nothing?").hex() == expected


class TestHkdf:
    def test_rfc_5869_first_case(self) -> None:
        salt, info = bytes(range(13)), bytes(range(0xF0, 0xFA))
        key = primitives.hkdf_extract(salt, b"\x0b" * 22)
        assert key.hex() == "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"
        assert primitives.hkdf_expand(key, info, 42).hex() == (
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        )

    def test_rfc_5869_third_case_without_salt_and_info(self) -> None:
        key = primitives.hkdf_extract(b"", b"\x0b" * 22)
        assert key.hex() == "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"
        assert primitives.hkdf_expand(key, b"", 42).hex() == (
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
        )

    @pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 64, 65, 8159, 8160])
    def test_expand_agrees_with_another_library(self, length: int) -> None:
        key = bytes(range(32))
        ours = primitives.hkdf_expand(key, b"info", length)
        assert len(ours) == length
        if length:
            assert ours == HKDFExpand(hashes.SHA256(), length, b"info").derive(key)

    def test_expand_refuses_more_than_255_blocks(self) -> None:
        with pytest.raises(ValueError, match="at most 8160 bytes, not 8161"):
            primitives.hkdf_expand(bytes(32), b"", 8161)


class TestEd25519:
    SEED = Secret(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    SIGNATURE = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
        "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )

    def test_rfc_8032_first_case(self) -> None:
        assert primitives.ed25519_public(self.SEED) == self.PUBLIC
        assert primitives.ed25519_sign(self.SEED, self.PUBLIC, b"") == self.SIGNATURE
        assert primitives.ed25519_verify(self.PUBLIC, b"", self.SIGNATURE)

    @given(seeds, st.binary(max_size=200))
    def test_it_agrees_with_another_library(self, seed: bytes, message: bytes) -> None:
        theirs = Ed25519PrivateKey.from_private_bytes(seed)
        public = theirs.public_key().public_bytes_raw()
        assert primitives.ed25519_public(Secret(seed)) == public
        signature = primitives.ed25519_sign(Secret(seed), public, message)
        assert signature == theirs.sign(message)
        assert primitives.ed25519_verify(public, message, signature)

    def test_another_message_or_key_is_refused(self) -> None:
        other = primitives.ed25519_public(Secret(bytes(32)))
        assert not primitives.ed25519_verify(self.PUBLIC, b"x", self.SIGNATURE)
        assert not primitives.ed25519_verify(other, b"", self.SIGNATURE)

    @pytest.mark.parametrize("byte", [0, 31, 32, 63])
    def test_an_altered_signature_is_refused(self, byte: int) -> None:
        altered = bytearray(self.SIGNATURE)
        altered[byte] ^= 1
        assert not primitives.ed25519_verify(self.PUBLIC, b"", bytes(altered))

    def test_wrong_lengths_are_refused(self) -> None:
        # A 65-byte signature would otherwise be a 64-byte one and a longer message.
        assert not primitives.ed25519_verify(self.PUBLIC, b"", self.SIGNATURE[:-1])
        assert not primitives.ed25519_verify(self.PUBLIC, b"", self.SIGNATURE + b"\0")
        assert not primitives.ed25519_verify(self.PUBLIC, b"", b"")
        assert not primitives.ed25519_verify(self.PUBLIC[:-1], b"", self.SIGNATURE)
        assert not primitives.ed25519_verify(self.PUBLIC + b"\0", b"", self.SIGNATURE)

    def test_bytes_may_not_move_between_signature_and_message(self) -> None:
        signature = primitives.ed25519_sign(self.SEED, self.PUBLIC, b"message")
        moved = signature + b"m"
        assert not primitives.ed25519_verify(self.PUBLIC, b"essage", moved)

    def test_s_plus_the_group_order_is_refused(self) -> None:
        s = int.from_bytes(self.SIGNATURE[32:], "little") + ED25519_ORDER
        malleated = self.SIGNATURE[:32] + s.to_bytes(32, "little")
        assert not primitives.ed25519_verify(self.PUBLIC, b"", malleated)

    def test_a_key_of_small_order_is_refused(self) -> None:
        # With the neutral element as key, R = neutral and S = 0 satisfy the bare equation.
        neutral = b"\x01" + bytes(31)
        assert not primitives.ed25519_verify(neutral, b"any", neutral + bytes(32))

    def test_another_library_takes_what_is_signed_here(self) -> None:
        theirs = Ed25519PublicKey.from_public_bytes(self.PUBLIC)
        theirs.verify(primitives.ed25519_sign(self.SEED, self.PUBLIC, b"m"), b"m")
        with pytest.raises(InvalidSignature):
            theirs.verify(self.SIGNATURE, b"m")


class TestX25519:
    ANA = Secret(bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
    BO = Secret(bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))

    def test_rfc_7748_section_6_1(self) -> None:
        ana, bo = primitives.x25519_public(self.ANA), primitives.x25519_public(self.BO)
        assert ana.hex() == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
        assert bo.hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
        shared = Secret(
            bytes.fromhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
        )
        assert primitives.x25519(self.ANA, bo) == shared
        assert primitives.x25519(self.BO, ana) == shared

    @given(seeds, seeds)
    def test_it_agrees_with_another_library(self, ours: bytes, theirs: bytes) -> None:
        their_key = X25519PrivateKey.from_private_bytes(theirs)
        public = primitives.x25519_public(Secret(ours))
        shared = primitives.x25519(Secret(ours), their_key.public_key().public_bytes_raw())
        assert shared is not None
        assert shared.reveal() == their_key.exchange(X25519PublicKey.from_public_bytes(public))

    @pytest.mark.parametrize("point", SMALL_ORDER_POINTS, ids=bytes.hex)
    def test_a_point_of_small_order_gives_nothing(self, point: bytes) -> None:
        assert primitives.x25519(Secret(bytes(range(32))), point) is None

    @pytest.mark.parametrize("length", [0, 31, 33])
    def test_a_key_of_another_length_gives_nothing(self, length: int) -> None:
        assert primitives.x25519(Secret(bytes(range(32))), b"\x09" * length) is None


class TestChaCha20Poly1305:
    KEY = Secret(bytes(range(0x80, 0xA0)))
    NONCE = bytes.fromhex("070000004041424344454647")
    AAD = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    PLAINTEXT = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for "
        b"the future, sunscreen would be it."
    )

    def seal(self) -> bytes:
        return primitives.chacha20poly1305_seal(self.KEY, self.NONCE, self.AAD, self.PLAINTEXT)

    def test_rfc_8439_section_2_8_2(self) -> None:
        sealed = self.seal()
        assert sealed[:16].hex() == "d31a8d34648e60db7b86afbc53ef7ec2"
        assert sealed[-16:].hex() == "1ae10b594f09e26a7e902ecbd0600691"
        opened = primitives.chacha20poly1305_open(self.KEY, self.NONCE, self.AAD, sealed)
        assert opened == self.PLAINTEXT

    @given(seeds, st.binary(min_size=12, max_size=12), st.binary(max_size=40), st.binary())
    def test_it_agrees_with_another_library(
        self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes
    ) -> None:
        sealed = primitives.chacha20poly1305_seal(Secret(key), nonce, aad, plaintext)
        assert sealed == ChaCha20Poly1305(key).encrypt(nonce, plaintext, aad)
        assert primitives.chacha20poly1305_open(Secret(key), nonce, aad, sealed) == plaintext

    @pytest.mark.parametrize("byte", [0, 50, -16, -1])
    def test_an_altered_ciphertext_does_not_open(self, byte: int) -> None:
        altered = bytearray(self.seal())
        altered[byte] ^= 1
        opened = primitives.chacha20poly1305_open(self.KEY, self.NONCE, self.AAD, bytes(altered))
        assert opened is None

    def test_another_key_nonce_or_aad_does_not_open(self) -> None:
        sealed = self.seal()
        open_ = primitives.chacha20poly1305_open
        assert open_(Secret(bytes(32)), self.NONCE, self.AAD, sealed) is None
        assert open_(self.KEY, bytes(12), self.AAD, sealed) is None
        assert open_(self.KEY, self.NONCE, b"", sealed) is None

    @pytest.mark.parametrize("length", [0, 1, 15])
    def test_less_than_a_tag_does_not_open(self, length: int) -> None:
        short = self.seal()[:length]
        assert primitives.chacha20poly1305_open(self.KEY, self.NONCE, self.AAD, short) is None


class TestArgon2id:
    def test_it_agrees_with_another_library(self) -> None:
        salt = bytes(range(16))
        ours = primitives.argon2id(b"open sesame", salt, 2048, 2)
        theirs = Argon2id(salt=salt, length=32, iterations=2, lanes=1, memory_cost=2048)
        assert ours.reveal() == theirs.derive(b"open sesame")

    def test_every_input_matters(self) -> None:
        results = {
            primitives.argon2id(passphrase, salt, memory, passes).reveal()
            for passphrase, salt, memory, passes in (
                (b"a", bytes(16), 64, 1),
                (b"b", bytes(16), 64, 1),
                (b"a", bytes(15) + b"\x01", 64, 1),
                (b"a", bytes(16), 65, 1),
                (b"a", bytes(16), 64, 2),
            )
        }
        assert len(results) == 5


def test_the_lengths_are_those_of_the_primitives() -> None:
    assert hashlib.sha256().digest_size == primitives.HASH_LENGTH
    public = primitives.ed25519_public(Secret(bytes(primitives.SECRET_KEY_LENGTH)))
    assert len(public) == primitives.PUBLIC_KEY_LENGTH
    signature = primitives.ed25519_sign(Secret(bytes(32)), public, b"")
    assert len(signature) == primitives.SIGNATURE_LENGTH
    sealed = primitives.chacha20poly1305_seal(
        Secret(bytes(primitives.AEAD_KEY_LENGTH)), bytes(primitives.AEAD_NONCE_LENGTH), b"", b""
    )
    assert len(sealed) == primitives.AEAD_TAG_LENGTH
