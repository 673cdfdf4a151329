"""What the screen remembers between two starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.remembered import NAMES, Remembered
from tui.themes import THEMES


def test_there_are_the_themes_that_there_are() -> None:
    assert tuple(theme.name for theme in THEMES) == NAMES


def test_a_theme_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "theme"
    assert Remembered(path).theme == "dusk"
    Remembered(path).keep_theme("paper")
    assert Remembered(path).theme == "paper"


@pytest.mark.parametrize("content", [b"", b"neon\n", b"\xff\xfe"])
def test_what_is_no_theme_is_passed_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "theme"
    path.write_bytes(content)
    assert Remembered(path).theme == "dusk"


def test_a_disk_that_refuses_costs_no_more_than_that(tmp_path: Path) -> None:
    remembered = Remembered(tmp_path / "missing" / "theme")
    remembered.keep_theme("paper")
    assert remembered.theme == "paper"
    assert Remembered(None).theme == "dusk"
