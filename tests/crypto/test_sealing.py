"""Sealed bytes: a nonce, and a ciphertext for one key and one purpose."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crypto.primitives import chacha20poly1305_seal
from crypto.sealing import open_, seal
from crypto.secret import Secret
from tests.crypto.material import flipped, scripted, seeded

KEY = Secret(b"k" * 32)
NONCE = bytes(range(12))


def test_it_is_the_nonce_and_the_ciphertext() -> None:
    sealed = seal(KEY, b"purpose", b"hello", scripted(NONCE))
    assert sealed == NONCE + chacha20poly1305_seal(KEY, NONCE, b"purpose", b"hello")


@given(st.binary(max_size=100), st.binary(max_size=20))
def test_it_opens_with_its_key_and_purpose(plaintext: bytes, aad: bytes) -> None:
    sealed = seal(KEY, aad, plaintext, seeded("nonce"))
    assert len(sealed) == len(plaintext) + 28
    assert open_(KEY, aad, sealed) == plaintext
    assert open_(KEY, aad + b"!", sealed) is None
    assert open_(Secret(bytes(32)), aad, sealed) is None


def test_no_bit_can_be_changed_and_no_byte_left_out() -> None:
    sealed = seal(KEY, b"", b"hello", seeded("nonce"))
    for index in range(len(sealed)):
        assert open_(KEY, b"", flipped(sealed, index)) is None
        assert open_(KEY, b"", sealed[:index]) is None
    assert open_(KEY, b"", sealed + b"\0") is None
