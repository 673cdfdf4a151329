"""The chairs of a circle: the one number that is shown."""

from __future__ import annotations

from textual.content import Content

from tui.glyphs import UNICODE, Glyphs

DRAWN_MOST = 20
"""Circles with more chairs than that are told in figures alone."""


def chairs(taken: int, cap: int, glyphs: Glyphs = UNICODE) -> Content:
    """`●●●●●○○○ 5 of 8`."""
    figures = (f"{taken} of {cap}", "$muted")
    if cap > DRAWN_MOST:
        return Content.assemble(figures)
    on = glyphs.on * min(taken, cap)
    off = glyphs.off * max(0, cap - taken)
    return Content.assemble((on, "$foreground"), (off, "$muted"), " ", figures)
