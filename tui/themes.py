"""Dusk, paper, contrast, and the terminal's own colours.

Three background steps, one accent, eight hues for people. All text stands at 4.5:1 or more on each
of the three backgrounds, in contrast at 7:1. The hues are of equal lightness (OKLCH: 0.80 in the
dark, 0.49 on paper, 0.86 in contrast), in an order that keeps the first few far apart. A person's
hue is given by join order; style sheets and `Content` know them as `$hue-0` … `$hue-7`.

In the terminal's own colours there are sixteen, and whoever chose them knows whether they can be
read: what is muted elsewhere is the plain colour there, and the panes have one background.
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

_BRIGHT_HUES = (
    "#febebb", "#afd5fe", "#99e89b", "#ffb3fc", "#f8ca65", "#49eaf2", "#d4c8fe", "#cedb73",
)  # fmt: skip
_ANSI_HUES = (
    "ansi_red", "ansi_blue", "ansi_green", "ansi_magenta",
    "ansi_yellow", "ansi_cyan", "ansi_bright_magenta", "ansi_bright_green",
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
        on_accent="#16191f",
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
        on_accent="#fbf8f3",
    ),
)
CONTRAST = Theme(
    name="contrast",
    dark=True,
    primary="#ffd24a",
    secondary="#9bdcff",
    accent="#ffd24a",
    foreground="#ffffff",
    background="#000000",
    surface="#161616",
    panel="#0b0b0b",
    success="#8cf09a",
    warning="#ffe07a",
    error="#ffa19b",
    variables=_variables(
        _BRIGHT_HUES,
        muted="#c8c8c8",
        rule="#6f6f6f",
        border_blurred="#00000000",
        scrollbar="#6f6f6f",
        scrollbar_background="#000000",
        scrollbar_hover="#9a9a9a",
        scrollbar_active="#ffd24a",
        scrollbar_background_hover="#000000",
        scrollbar_background_active="#000000",
        screen_selection_background="#ffffff",
        screen_selection_foreground="#000000",
        on_accent="#000000",
    ),
)
TERMINAL = Theme(
    name="terminal",
    ansi=True,
    dark=True,
    primary="ansi_yellow",
    secondary="ansi_cyan",
    accent="ansi_yellow",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    variables=_variables(
        _ANSI_HUES,
        muted="ansi_default",
        rule="ansi_default",
        ansi_background="ansi_black",
        ansi_foreground="ansi_white",
        border_blurred="ansi_default",
        scrollbar="ansi_default",
        scrollbar_background="ansi_default",
        scrollbar_hover="ansi_yellow",
        scrollbar_active="ansi_yellow",
        scrollbar_corner_color="ansi_default",
        scrollbar_background_hover="ansi_default",
        scrollbar_background_active="ansi_default",
        screen_selection_background="ansi_cyan",
        screen_selection_foreground="ansi_black",
        input_selection_background="ansi_cyan",
        input_selection_foreground="ansi_black",
        input_cursor_background="ansi_yellow",
        input_cursor_foreground="ansi_black",
        block_cursor_background="ansi_yellow",
        block_cursor_foreground="ansi_black",
        on_accent="ansi_black",
    ),
)
THEMES = (DUSK, PAPER, CONTRAST, TERMINAL)


def hue(number: int) -> str:
    """A person's colour as a style; -1, for nobody in particular, is muted."""
    return "$muted" if number < 0 else f"$hue-{number % HUES}"
