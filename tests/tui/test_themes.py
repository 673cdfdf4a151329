"""Colours that can be read, and told apart."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import Theme

from tui.themes import CONTRAST, DEFAULT_THEME, HUES, TERMINAL, THEMES, hue

WANTED = {CONTRAST.name: 7.0}
USUAL = 4.5
OURS = [theme for theme in THEMES if theme is not TERMINAL]
"""Themes whose colours are ours to choose."""


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in Color.parse(colour).normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def lightness(colour: str) -> float:
    """L of OKLab."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in Color.parse(colour).normalized
    )
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return float(0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short)


def backgrounds(theme: Theme) -> list[str]:
    return [str(theme.background), str(theme.surface), str(theme.panel)]


def hues(theme: Theme) -> list[str]:
    return [theme.variables[f"hue-{number}"] for number in range(HUES)]


def texts(theme: Theme) -> list[str]:
    named = [
        theme.foreground,
        theme.accent,
        theme.secondary,
        theme.success,
        theme.warning,
        theme.error,
        theme.variables["muted"],
    ]
    return [str(colour) for colour in named] + hues(theme)


def test_the_measure_knows_black_and_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert lightness("#ffffff") == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
def test_all_text_can_be_read(theme: Theme) -> None:
    for text in texts(theme):
        for background in backgrounds(theme):
            assert contrast(text, background) >= WANTED.get(theme.name, USUAL), (text, background)


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
def test_text_on_colour_can_be_read(theme: Theme) -> None:
    variables = theme.variables
    assert contrast(variables["on-accent"], str(theme.accent)) >= USUAL
    assert contrast(variables["on-accent"], str(theme.error)) >= USUAL
    assert (
        contrast(variables["screen-selection-foreground"], variables["screen-selection-background"])
        >= USUAL
    )


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
def test_nobody_stands_out_by_lightness(theme: Theme) -> None:
    values = [lightness(colour) for colour in hues(theme)]
    assert max(values) - min(values) < 0.015
    assert len(set(hues(theme))) == HUES


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
def test_three_backgrounds_part_the_panes(theme: Theme) -> None:
    assert len({luminance(colour) for colour in backgrounds(theme)}) == 3


def test_the_terminal_s_own_colours_are_nobody_else_s() -> None:
    colours = [*texts(TERMINAL), *backgrounds(TERMINAL), *TERMINAL.variables.values()]
    assert all(colour.startswith("ansi_") for colour in colours)
    assert len(set(hues(TERMINAL))) == HUES


def test_names_of_hues() -> None:
    assert hue(0) == "$hue-0"
    assert hue(HUES + 3) == "$hue-3"
    assert hue(-1) == "$muted"
    assert DEFAULT_THEME in {theme.name for theme in THEMES}
