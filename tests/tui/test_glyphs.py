"""The signs of the screen."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from rich.cells import cell_len

from tui.glyphs import ASCII, UNICODE, Glyphs, choose


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_each_takes_one_cell(glyphs: Glyphs) -> None:
    assert all(cell_len(glyph) == len(glyph) == 1 for glyph in asdict(glyphs).values())


def test_the_second_set_is_ascii() -> None:
    assert "".join(asdict(ASCII).values()).isascii()


@pytest.mark.parametrize(
    ("environ", "chosen"),
    [
        ({}, UNICODE),
        ({"LANG": "C"}, UNICODE),
        ({"LANG": "en_GB.UTF-8"}, UNICODE),
        ({"LANG": "de_DE.utf8@euro"}, UNICODE),
        ({"LANG": "en_GB.UTF-8", "LC_CTYPE": "en_GB.ISO-8859-1"}, ASCII),
        ({"LANG": "en_GB.ISO-8859-1", "LC_ALL": "C.UTF-8"}, UNICODE),
    ],
)
def test_the_environment_chooses(environ: dict[str, str], chosen: Glyphs) -> None:
    assert choose(environ) is chosen


def test_a_person_chooses() -> None:
    assert choose({"LANG": "en_GB.UTF-8"}, "ascii") is ASCII
    assert choose({"LANG": "en_GB.ISO-8859-1"}, "unicode") is UNICODE
