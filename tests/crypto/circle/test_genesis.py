"""The genesis and the circle id that follows from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.circle.errors import UpdateNeededError
from crypto.circle.genesis import Genesis
from crypto.errors import FieldError
from crypto.mls.errors import DecodeError
from crypto.primitives import sha256

GENESIS = Genesis(b"\x01" * 32, 8, 0x0102030405060708, b"\x02" * 16)
ENCODED = bytes.fromhex("0001" + "01" * 32 + "08" + "0102030405060708" + "02" * 16)


def test_its_bytes_are_those_of_the_page() -> None:
    assert GENESIS.encode() == ENCODED
    assert Genesis.decode(ENCODED) == GENESIS


def test_the_circle_id_is_the_beginning_of_a_hash_over_it() -> None:
    assert GENESIS.circle_id() == sha256(b"hallway circle 1" + ENCODED)[:16]


@given(
    st.binary(min_size=32, max_size=32),
    st.integers(2, 50),
    st.integers(0, 2**64 - 1),
    st.binary(min_size=16, max_size=16),
)
def test_any_genesis_is_read_as_it_was_written(
    founder: bytes, cap: int, created_at: int, random: bytes
) -> None:
    genesis = Genesis(founder, cap, created_at, random)
    assert Genesis.decode(genesis.encode()) == genesis


@pytest.mark.parametrize("cap", [0, 1, 51, 255])
def test_a_cap_beyond_2_to_50_is_refused(cap: int) -> None:
    with pytest.raises(FieldError, match="number of chairs"):
        Genesis.decode(ENCODED[:34] + bytes((cap,)) + ENCODED[35:])


@pytest.mark.parametrize("cap", [2, 50])
def test_the_smallest_and_the_largest_circle_are_possible(cap: int) -> None:
    assert Genesis.decode(ENCODED[:34] + bytes((cap,)) + ENCODED[35:]).cap == cap


def test_keys_of_another_length_are_refused() -> None:
    with pytest.raises(FieldError, match="founder"):
        Genesis(bytes(31), 8, 0, bytes(16))
    with pytest.raises(FieldError, match="random"):
        Genesis(bytes(32), 8, 0, bytes(15))


def test_another_version_asks_for_an_update() -> None:
    with pytest.raises(UpdateNeededError, match="Update Hallway") as caught:
        Genesis.decode(b"\x00\x02" + ENCODED[2:])
    assert caught.value.rules == 2


@pytest.mark.parametrize("damaged", [ENCODED[:-1], ENCODED + b"\x00", b""])
def test_bytes_too_few_or_too_many_are_refused(damaged: bytes) -> None:
    with pytest.raises(DecodeError):
        Genesis.decode(damaged)
