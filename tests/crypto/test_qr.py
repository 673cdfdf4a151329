"""The QR code: a square of modules that says exactly the code's text."""

from __future__ import annotations

import pytest
import segno

from crypto.code import SealedCode
from crypto.qr import QUIET_ZONE, qr_matrix
from crypto.relay_address import Address
from tests.crypto.material import CODE


def test_it_is_a_square_with_three_finder_patterns() -> None:
    matrix = qr_matrix(CODE)
    assert {len(row) for row in matrix} == {len(matrix)}
    finder = [0b1111111, 0b1000001, 0b1011101, 0b1011101, 0b1011101, 0b1000001, 0b1111111]
    last = len(matrix) - 7
    for top, left in ((0, 0), (0, last), (last, 0)):
        corner = [matrix[top + row][left : left + 7] for row in range(7)]
        assert [int("".join("01"[module] for module in row), 2) for row in corner] == finder


def test_upper_case_keeps_it_small() -> None:
    upper = segno.make_qr(CODE.qr_text(), error="m", boost_error=False)
    lower = segno.make_qr(CODE.qr_text().lower(), error="m", boost_error=False)
    assert upper.mode == "alphanumeric"
    assert len(qr_matrix(CODE)) == upper.symbol_size(border=0)[0]
    assert upper.symbol_size() < lower.symbol_size()


@pytest.mark.parametrize("address", ["a.b", "chat.example.org", "relay." + "x" * 40 + ".example"])
def test_the_level_is_the_same_for_every_address(address: str) -> None:
    """Level M, however much room there is: the first two format bits, masked, are 1 and 0."""
    matrix = qr_matrix(SealedCode(Address.parse(address), CODE.secret))
    assert matrix[8][:2] == (True, False)


def test_every_code_has_its_own() -> None:
    other = SealedCode(Address.parse("[::1]:8470"), CODE.secret)
    assert qr_matrix(other) != qr_matrix(CODE)
    assert qr_matrix(CODE) == qr_matrix(CODE)


def test_readers_want_four_modules_of_white_around_it() -> None:
    assert QUIET_ZONE == segno.make_qr("x").default_border_size
