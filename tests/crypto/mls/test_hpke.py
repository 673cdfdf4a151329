"""HPKE: the answers of RFC 9180 appendix A.2.1, and what does not open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls import hpke
from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.errors import InvalidError, UndecryptableError
from crypto.mls.hpke import HpkeCiphertext
from crypto.mls.kem import KemKeyPair
from crypto.secret import Secret
from tests.crypto.mls.aes_suite import AES128GCM_SUITE
from tests.crypto.mls.members import SMALL_ORDER_POINTS, SUITE, seeded

EPHEMERAL_INPUT = bytes.fromhex("909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b")
RECEIVER = KemKeyPair(
    Secret(bytes.fromhex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb")),
    bytes.fromhex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"),
)
INFO = b"Ode on a Grecian Urn"
AAD = b"Count-0"
PLAINTEXT = b"Beauty is truth, truth beauty"
KEM_OUTPUT = bytes.fromhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a")
SEALED = HpkeCiphertext(
    KEM_OUTPUT,
    bytes.fromhex(
        "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"
    ),
)


def test_seal_gives_the_answer_of_the_rfc() -> None:
    asked: list[int] = []

    def rng(length: int) -> bytes:
        asked.append(length)
        return EPHEMERAL_INPUT

    assert hpke.seal(SUITE, RECEIVER.public, INFO, AAD, PLAINTEXT, rng) == SEALED
    assert asked == [32]


def test_open_gives_the_answer_of_the_rfc() -> None:
    assert hpke.open_(SUITE, RECEIVER, INFO, AAD, SEALED) == PLAINTEXT


@given(st.binary(max_size=50), st.binary(max_size=50), st.binary(max_size=200), st.integers())
def test_what_is_sealed_opens(info: bytes, aad: bytes, plaintext: bytes, seed: int) -> None:
    rng = seeded(seed)
    receiver = SUITE.kem.generate_key_pair(rng)
    sealed = hpke.seal(SUITE, receiver.public, info, aad, plaintext, rng)
    assert hpke.open_(SUITE, receiver, info, aad, sealed) == plaintext


@given(st.binary(max_size=50), st.binary(max_size=200), st.integers())
@pytest.mark.parametrize(
    ("suite", "aead"),
    [(SUITE, AEAD.CHACHA20_POLY1305), (AES128GCM_SUITE, AEAD.AES_128_GCM)],
    ids=["ChaCha20-Poly1305", "AES-128-GCM"],
)
def test_it_agrees_with_another_library(
    suite: CipherSuite, aead: AEAD, info: bytes, plaintext: bytes, seed: int
) -> None:
    theirs = Suite(KEM.X25519, KDF.HKDF_SHA256, aead)
    rng = seeded(seed)
    receiver = suite.kem.generate_key_pair(rng)
    ours = hpke.seal(suite, receiver.public, info, b"", plaintext, rng)
    secret = X25519PrivateKey.from_private_bytes(receiver.secret.reveal())
    assert theirs.decrypt(ours.kem_output + ours.ciphertext, secret, info) == plaintext
    public = X25519PublicKey.from_public_bytes(receiver.public)
    sealed = theirs.encrypt(plaintext, public, info)
    back = HpkeCiphertext(sealed[:32], sealed[32:])
    assert hpke.open_(suite, receiver, info, b"", back) == plaintext


def test_each_sealing_has_a_key_of_its_own() -> None:
    rng = seeded(1)
    first = hpke.seal(SUITE, RECEIVER.public, INFO, AAD, PLAINTEXT, rng)
    second = hpke.seal(SUITE, RECEIVER.public, INFO, AAD, PLAINTEXT, rng)
    assert first.kem_output != second.kem_output
    assert first.ciphertext != second.ciphertext


def test_another_info_aad_key_or_suite_does_not_open() -> None:
    other = SUITE.kem.generate_key_pair(seeded(2))
    for key_pair, info, aad in (
        (RECEIVER, INFO + b"!", AAD),
        (RECEIVER, INFO, AAD + b"!"),
        (other, INFO, AAD),
        (KemKeyPair(RECEIVER.secret, other.public), INFO, AAD),
    ):
        with pytest.raises(UndecryptableError, match="this key and context"):
            hpke.open_(SUITE, key_pair, info, aad, SEALED)
    with pytest.raises(UndecryptableError):
        hpke.open_(AES128GCM_SUITE, RECEIVER, INFO, AAD, SEALED)


@pytest.mark.parametrize("position", [0, 20, -1])
def test_an_altered_ciphertext_does_not_open(position: int) -> None:
    altered = bytearray(SEALED.ciphertext)
    altered[position] ^= 1
    with pytest.raises(UndecryptableError):
        hpke.open_(SUITE, RECEIVER, INFO, AAD, replace(SEALED, ciphertext=bytes(altered)))


@pytest.mark.parametrize("kem_output", [*SMALL_ORDER_POINTS, b"", KEM_OUTPUT[:-1]], ids=bytes.hex)
def test_an_unusable_encapsulated_key_does_not_open(kem_output: bytes) -> None:
    with pytest.raises(UndecryptableError, match=r"\(hpke\.encapsulated_key\)"):
        hpke.open_(SUITE, RECEIVER, INFO, AAD, replace(SEALED, kem_output=kem_output))


@pytest.mark.parametrize("public", [*SMALL_ORDER_POINTS, b"", RECEIVER.public + b"\0"])
def test_nothing_is_sealed_to_an_unusable_key(public: bytes) -> None:
    with pytest.raises(InvalidError) as caught:
        hpke.seal(SUITE, public, INFO, AAD, PLAINTEXT, seeded(3))
    assert caught.value.rule == "hpke.zero_dh"


def test_a_ciphertext_is_read_back() -> None:
    assert HpkeCiphertext.decode(SEALED.encode()) == SEALED
    assert SEALED.encode() == b"\x20" + KEM_OUTPUT + b"\x2d" + SEALED.ciphertext
