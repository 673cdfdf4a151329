"""Symbols, checksum and slips; the checksum is compared with the published cases of BIP 350."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import base32
from crypto.base32 import (
    ALPHABET,
    CHECKSUM_SYMBOLS,
    Slip,
    SlipKind,
    checksum,
    find_slip,
    to_number,
    to_symbols,
    value_of,
    verifies,
)

BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

# BIP 350, "Test vectors for Bech32m"
VALID = [
    "a1lqfn3a",
    "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
    "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
    "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
    "?1v759aa",
]

DATA = list(range(27))
PREFIX = "hallway/chat.example.org"
WHOLE = DATA + checksum(PREFIX, DATA)


def bech32m(text: str) -> tuple[str, list[int]]:
    prefix, _, data = text.rpartition("1")
    return prefix, [BECH32.index(symbol) for symbol in data]


@pytest.mark.parametrize("text", VALID)
def test_the_checksum_is_that_of_bip_350(text: str) -> None:
    prefix, values = bech32m(text)
    assert verifies(prefix, values)
    data = values[:-CHECKSUM_SYMBOLS]
    assert checksum(prefix, data) == values[-CHECKSUM_SYMBOLS:]


@pytest.mark.parametrize("text", ["m1vuxwez", "A1LQFN3A".lower()[:-1] + "q", VALID[2][:-1] + "q"])
def test_a_wrong_checksum_does_not_verify(text: str) -> None:
    assert not verifies(*bech32m(text))


def test_symbols_are_crockfords() -> None:
    assert [value_of(symbol) for symbol in ALPHABET] == list(range(32))
    assert [value_of(symbol) for symbol in ALPHABET.lower()] == list(range(32))
    assert [value_of(symbol) for symbol in "OoIiLl"] == [0, 0, 1, 1, 1, 1]
    assert [value_of(symbol) for symbol in "Uu-_é "] == [None] * 6


@given(st.integers(0, 2**135 - 1))
def test_numbers_survive_as_symbols(number: int) -> None:
    values = to_symbols(number, 27)
    assert len(values) == 27
    assert all(0 <= value < 32 for value in values)
    assert to_number(values) == number


def test_a_code_and_its_prefix_are_covered() -> None:
    assert verifies(PREFIX, WHOLE)
    assert not verifies("hallway/chat.example.com", WHOLE)
    assert not verifies(PREFIX, WHOLE[:-1])


def test_no_slip_is_taken_for_another() -> None:
    """Any three wrong symbols in up to 1,023 are noticed, so one slip explains what it explains.

    The code is linear and cyclic: were there three, there would be three with the first at the end
    and of value 1. So that no two others cancel it is all there is to show.
    """
    period = 1023
    alone: set[int] = set()
    for value in range(1, 32):
        state = value
        for _ in range(period):
            alone.add(state)
            state = base32._run(state, [0])
        assert state == value
    assert len(alone) == 31 * period
    assert not any(state ^ 1 in alone for state in alone if state >= 32)


@given(st.integers(0, 32), st.integers(1, 31))
def test_one_wrong_symbol_is_found(index: int, change: int) -> None:
    typed = [*WHOLE]
    typed[index] ^= change
    assert find_slip(PREFIX, typed, 33) == Slip(SlipKind.CHANGED, index)


@given(st.integers(0, 31))
def test_two_swapped_symbols_are_found(index: int) -> None:
    typed = [*WHOLE]
    typed[index], typed[index + 1] = typed[index + 1], typed[index]
    assert find_slip(PREFIX, typed, 33) == Slip(SlipKind.SWAPPED, index)


@given(st.integers(0, 32))
def test_a_missing_symbol_is_found(index: int) -> None:
    typed = WHOLE[:index] + WHOLE[index + 1 :]
    found = find_slip(PREFIX, typed, 33)
    assert found == Slip(SlipKind.MISSING, index)


@given(st.integers(0, 33), st.integers(0, 31))
def test_a_symbol_too_many_is_found(index: int, value: int) -> None:
    typed = [*WHOLE[:index], value, *WHOLE[index:]]
    found = find_slip(PREFIX, typed, 33)
    assert found is not None
    assert found.kind is SlipKind.EXTRA
    # the same symbol twice in a row: the first of the two is as good an answer
    assert typed[: found.index] + typed[found.index + 1 :] == WHOLE or found.index == 32


def test_more_than_one_slip_is_not_guessed_at() -> None:
    for typed in ([0] * 33, [0] * 32, [0] * 34, WHOLE[:31], [*WHOLE, 0, 0], []):
        assert find_slip(PREFIX, typed, 33) is None


@pytest.mark.parametrize("length", [16, 30, 31, 32, 34, 40])
def test_no_slip_leads_to_another_length(length: int) -> None:
    data = [7] * (length - CHECKSUM_SYMBOLS)
    whole = data + checksum(PREFIX, data)
    for index in (0, 9, length):
        assert find_slip(PREFIX, [*whole[:index], 1, *whole[index:]], 33) is None
        assert find_slip(PREFIX, [*whole[:index], *whole[index + 1 :]], 33) is None
    assert find_slip(PREFIX, whole, 33) is None
