"""QR codes, always black on white, whatever the theme is."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui.screens.dialog import Dialog, keys

BLACK_ON_WHITE = "#000000 on #ffffff"
QUIET = 4
"""Modules of white on every side that a reader may want."""

QUIET_LEAST = 2
"""What readers make do with as a rule; for small windows."""

_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}

Matrix = tuple[tuple[bool, ...], ...]


def matrix_of(code: str) -> Matrix:
    """The modules of a sealed code's QR code, without white around."""
    # imported here: drawing and reading codes costs time that the first paint should not pay
    from crypto.code import SealedCode
    from crypto.code_reading import read_code
    from crypto.qr import qr_matrix

    read = read_code(code)
    if not isinstance(read, SealedCode):
        raise TypeError("only a sealed code has a QR code")
    return qr_matrix(read)


def size(matrix: Matrix, quiet: int) -> tuple[int, int]:
    """Columns and rows of cells that it takes."""
    side = len(matrix) + 2 * quiet
    return side, (side + 1) // 2


def drawn(matrix: Matrix, quiet: int) -> Content:
    """Two modules a cell, one above the other."""
    side = len(matrix) + 2 * quiet
    blank = (False,) * side
    edge = (False,) * quiet
    rows = [blank] * quiet + [edge + row + edge for row in matrix] + [blank] * quiet
    if len(rows) % 2:
        rows.append(blank)
    lines = [
        "".join(_HALVES[above, below] for above, below in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
    return Content.styled("\n".join(lines), BLACK_ON_WHITE)


class QrDialog(Dialog[None]):
    """A QR code alone, as large as the window lets it be."""

    KIND = "qr"

    def __init__(self, code: str) -> None:
        super().__init__()
        self._matrix = matrix_of(code)

    def body(self) -> ComposeResult:
        """The code; where it does not fit, how large the window has to be."""
        yield Static(id="qr")
        yield Static(keys(("esc", "close")), id="qr-foot")

    def on_mount(self) -> None:
        self._fit()

    def on_resize(self) -> None:
        """With less room there is less white, and at last a sentence."""
        self._fit()

    def _fit(self) -> None:
        width, height = self.app.size
        shown = self.query_one("#qr", Static)
        for quiet in (QUIET, 3, QUIET_LEAST):
            columns, rows = size(self._matrix, quiet)
            if columns <= width and rows <= height:
                shown.update(drawn(self._matrix, quiet))
                break
        else:
            columns, rows = size(self._matrix, QUIET_LEAST)
            shown.update(
                Content(
                    f"The QR code does not fit: it takes {columns} columns and {rows} lines. "
                    "Make the window larger, or use the code itself."
                )
            )
        self.query_one("#qr-foot").display = rows + 1 <= height
