"""The QR code of a sealed code, as modules for a screen to draw."""

from __future__ import annotations

from crypto.code import SealedCode

QUIET_ZONE = 4
"""Modules of white that a reader needs on every side (ISO/IEC 18004); the screen adds them."""


def qr_matrix(code: SealedCode) -> tuple[tuple[bool, ...], ...]:
    """Rows of modules, True for black, without the quiet zone."""
    # imported here, so that only who shows a QR code pays for it
    import segno

    made = segno.make_qr(code.qr_text(), error="m", boost_error=False)
    return tuple(tuple(bool(module) for module in row) for row in made.matrix)
