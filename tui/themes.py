"""Dusk and paper: three background steps, one accent, eight hues for people.

All text stands at 4.5:1 or more on each of the three backgrounds. The hues are of equal lightness
(OKLCH: 0.80 in the dark, 0.49 on paper), in an order that keeps the first few far apart. A person's
hue is given by join order; style sheets and `Content` know them as `$hue-0` … `$hue-7`.
"""

from __future__ import annotations

from textual.theme import Theme

HUES = 8
DEFAULT_THEME = "dusk"

_DARK_HUES = (
    "#faa39c", "#89c3ff", "#92d094", "#e4a5de", "#ddb96b", "#5dd2d8", "#c2b0fb", "#bbc675",
)  # fmt: skip
_LIGHT_HUES = (
    "#99403c", "#1e63a1", "#2c7131", "#854480", "#7f5900", "#016e73", "#66509d", "#5f6700",
)  # fmt: skip


def _variables(hues: tuple[str, ...], **others: str) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in others.items()}
    return named | {f"hue-{number}": colour for number, colour in enumerate(hues)}


DUSK = Theme(
    name="dusk",
    dark=True,
    primary="#e8a86b",
    secondary="#7fb3c8",
    accent="#e8a86b",
    foreground="#d6dae3",
    background="#16191f",
    surface="#1e222a",
    panel="#12151a",
    success="#8fc48a",
    warning="#e3c169",
    error="#e5716f",
    variables=_variables(
        _DARK_HUES,
        muted="#868ea0",
        rule="#2a2f39",
        border_blurred="#00000000",
        scrollbar="#2a2f39",
        scrollbar_background="#16191f",
        scrollbar_hover="#3a404d",
        scrollbar_active="#e8a86b",
        scrollbar_background_hover="#16191f",
        scrollbar_background_active="#16191f",
        screen_selection_background="#38506b",
        screen_selection_foreground="#ffffff",
    ),
)
PAPER = Theme(
    name="paper",
    dark=False,
    primary="#a14a16",
    secondary="#2b6a80",
    accent="#a14a16",
    foreground="#2c2823",
    background="#fbf8f3",
    surface="#f1ebe1",
    panel="#efe8dc",
    success="#35702f",
    warning="#80590a",
    error="#b3332f",
    variables=_variables(
        _LIGHT_HUES,
        muted="#6b6257",
        rule="#ddd3c3",
        border_blurred="#00000000",
        scrollbar="#d8cdbb",
        scrollbar_background="#fbf8f3",
        scrollbar_hover="#c9bba4",
        scrollbar_active="#a14a16",
        scrollbar_background_hover="#fbf8f3",
        scrollbar_background_active="#fbf8f3",
        screen_selection_background="#bcd6ea",
        screen_selection_foreground="#000000",
    ),
)
THEMES = (DUSK, PAPER)


def hue(number: int) -> str:
    """A person's colour as a style; -1, for nobody in particular, is muted."""
    return "$muted" if number < 0 else f"$hue-{number % HUES}"
