"""QR codes on the screen: black on white, two modules a cell, white around them."""

from __future__ import annotations

import pytest

from crypto.code import SealedCode
from crypto.qr import qr_matrix
from crypto.relay_address import Address
from crypto.secret import Secret
from tests.tui.hall import Town, app_of, flat, shows
from tui.screens.qr import BLACK_ON_WHITE, QUIET, Matrix, QrDialog, drawn, matrix_of, size

pytestmark = pytest.mark.slow  # every one is a whole app

CODE = SealedCode(Address.parse("chat.example.org"), Secret(bytes(range(16))))
_CELLS = {" ": (False, False), "▀": (True, False), "▄": (False, True), "█": (True, True)}


@pytest.mark.parametrize("quiet", [2, 3, 4])
def test_the_modules_can_be_read_back(quiet: int) -> None:
    matrix = qr_matrix(CODE)
    shown = drawn(matrix, quiet)
    columns, rows = size(matrix, quiet)
    lines = shown.plain.split("\n")
    assert (len(lines[0]), len(lines)) == (columns, rows)
    read: list[tuple[bool, ...]] = []
    for line in lines:
        cells = [_CELLS[cell] for cell in line]
        read += [tuple(upper for upper, _ in cells), tuple(lower for _, lower in cells)]
    inner: Matrix = tuple(row[quiet:-quiet] for row in read[quiet : quiet + len(matrix)])
    assert inner == matrix
    assert not any(any(row) for row in read[:quiet])
    assert {str(span.style) for span in shown.spans} == {BLACK_ON_WHITE}


def test_a_code_as_text_has_the_same_modules() -> None:
    assert matrix_of(CODE.text()) == qr_matrix(CODE)


def test_a_spoken_code_has_none() -> None:
    with pytest.raises(TypeError):
        matrix_of("walrus-tulip-violin")


async def test_where_it_does_not_fit_it_says_how_large_it_is() -> None:
    app = app_of(Town().opening("ana"))
    async with app.run_test(size=(60, 15)) as pilot:
        await shows(pilot, "What should they call you?")
        await app.push_screen(QrDialog(CODE.text()))
        columns, rows = size(qr_matrix(CODE), 2)
        await shows(pilot, f"it takes {columns} columns and {rows} lines")
        await pilot.resize_terminal(100, 40)
        await shows(pilot, "█ ███ █", "esc close")
        assert "does not fit" not in flat(pilot)
        assert size(qr_matrix(CODE), QUIET)[1] < 40
