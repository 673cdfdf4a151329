"""Files in words."""

from __future__ import annotations

import pytest

from crypto.file import File
from tui.engine.describing import described, length


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (1_001, "2 kB"),
        (999_000, "999 kB"),
        (999_001, "1.0 MB"),
        (1_000_001, "1.1 MB"),
        (26_208_000, "26.3 MB"),
    ],
)
def test_a_length_in_words(size: int, words: str) -> None:
    assert length(size) == words


def test_a_file_in_words() -> None:
    file = File(bytes(64) + (1500).to_bytes(8), "tea.jpg", "image/jpeg")
    assert described(file) == "a file: tea.jpg (2 kB)"
