"""How a file is named in a sentence."""

from __future__ import annotations

from crypto.file import File

_THOUSAND = 1000


def described(file: File) -> str:
    """The row of a file, for whoever shows nothing but text: "a file: tea.jpg (1.2 MB)"."""
    return f"a file: {file.name} ({length(file.reference.size)})"


def length(size: int) -> str:
    """A length in bytes, as a person reads it."""
    if size < _THOUSAND:
        return "1 byte" if size == 1 else f"{size} bytes"
    if size <= (_THOUSAND - 1) * _THOUSAND:
        return f"{-(-size // _THOUSAND)} kB"
    tenths = -(-size * 10 // (_THOUSAND * _THOUSAND))
    return f"{tenths // 10}.{tenths % 10} MB"
