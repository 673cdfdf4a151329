"""DHKEM(X25519, HKDF-SHA256): the answers of RFC 9180 appendix A.2.1, and bad keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.errors import InvalidError
from crypto.mls.kem import DhKemX25519, Kem
from crypto.secret import Secret
from tests.crypto.mls.members import SMALL_ORDER_POINTS, seeded

KEM: Kem = DhKemX25519()

EPHEMERAL_INPUT = bytes.fromhex("909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b")
ENCAPSULATED = bytes.fromhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a")
RECEIVER_INPUT = bytes.fromhex("1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df")
RECEIVER_SECRET = bytes.fromhex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb")
RECEIVER_PUBLIC = bytes.fromhex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a")
SHARED_SECRET = Secret(
    bytes.fromhex("0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7")
)


def test_the_code_point_is_that_of_rfc_9180() -> None:
    assert KEM.id == 0x0020


def test_derive_key_pair_gives_the_answer_of_the_rfc() -> None:
    key_pair = KEM.derive_key_pair(Secret(RECEIVER_INPUT))
    assert key_pair.secret.reveal() == RECEIVER_SECRET
    assert key_pair.public == RECEIVER_PUBLIC


def test_a_generated_key_pair_comes_from_32_random_bytes() -> None:
    rng = seeded(1)
    expected = KEM.derive_key_pair(Secret(rng(32)))
    assert KEM.generate_key_pair(seeded(1)) == expected


def test_public_of_a_secret() -> None:
    assert KEM.public_of(Secret(RECEIVER_SECRET)) == RECEIVER_PUBLIC


def test_encapsulate_gives_the_answer_of_the_rfc() -> None:
    answer = KEM.encapsulate(RECEIVER_PUBLIC, lambda length: EPHEMERAL_INPUT[:length])
    assert answer == (SHARED_SECRET, ENCAPSULATED)


def test_decapsulate_gives_the_answer_of_the_rfc() -> None:
    receiver = KEM.derive_key_pair(Secret(RECEIVER_INPUT))
    assert KEM.decapsulate(ENCAPSULATED, receiver) == SHARED_SECRET


@given(st.integers())
def test_both_sides_agree(seed: int) -> None:
    rng = seeded(seed)
    receiver = KEM.generate_key_pair(rng)
    shared, encapsulated = KEM.encapsulate(receiver.public, rng)
    assert KEM.decapsulate(encapsulated, receiver) == shared
    assert KEM.valid_public(receiver.public)
    assert KEM.valid_public(encapsulated)


@pytest.mark.parametrize(
    "public", [*SMALL_ORDER_POINTS, b"", bytes(range(31)), bytes(range(33))], ids=bytes.hex
)
def test_an_unusable_key_is_refused_everywhere(public: bytes) -> None:
    assert not KEM.valid_public(public)
    with pytest.raises(InvalidError, match=r"hpke\.zero_dh"):
        KEM.encapsulate(public, seeded(1))
    with pytest.raises(InvalidError, match=r"hpke\.zero_dh"):
        KEM.decapsulate(public, KEM.derive_key_pair(Secret(RECEIVER_INPUT)))


def test_a_key_pair_does_not_show_its_secret() -> None:
    shown = repr(KEM.derive_key_pair(Secret(RECEIVER_INPUT)))
    assert "Secret(32 bytes)" in shown
    assert RECEIVER_SECRET.hex() not in shown
    assert repr(RECEIVER_SECRET)[2:-1] not in shown
