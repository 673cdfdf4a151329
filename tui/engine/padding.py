"""Lengths are hidden: what is sent fills one of four sizes (docs/protocol.md section 1)."""

from __future__ import annotations

SIZES = (1024, 4096, 16384, 65536)
"""Bytes of a framed content with its padding."""


def padding(length: int) -> int:
    """The zero bytes after a framed content of `length` bytes, so that it fills a size."""
    return next((size - length for size in SIZES if length <= size), 0)
