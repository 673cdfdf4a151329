"""The styles of a conversation, read from the style sheet and the theme."""

from __future__ import annotations

from textual.style import Style
from textual.widget import Widget

from tui.glyphs import UNICODE
from tui.keys import Keys
from tui.themes import HUES
from tui.widgets.paint import Look
from tui.widgets.prose import Face

_NAMES = ("muted", "rule", "new", "link", "mention", "here", "raised", "warning")
_CODE_HUES = {Face.KEYWORD: 6, Face.STRING: 2, Face.NUMBER: 4, Face.NAME: 1}
PARTS = frozenset(f"conversation--{name}" for name in (*_NAMES, "code"))
"""The component classes that the style sheet gives colours to."""


def keys_of(widget: Widget) -> Keys:
    """This person's keys."""
    appearance = getattr(widget.app, "appearance", None)
    return Keys() if appearance is None else appearance.keys


def look_of(widget: Widget) -> Look:
    """The look of a widget that has `PARTS` among its component classes."""
    parts = {
        name: Style.from_styles(widget.get_component_styles(f"conversation--{name}"))
        for name in _NAMES
    }
    variables = widget.app.theme_variables
    hues = [Style.parse(variables[f"hue-{number}"]) for number in range(HUES)]
    code = Style.from_styles(widget.get_component_styles("conversation--code"))
    muted = Style(foreground=parts["muted"].foreground)
    faces = {
        Face.BOLD: Style(bold=True),
        Face.ITALIC: Style(italic=True),
        Face.STRUCK: Style(strike=True),
        Face.CODE: code,
        Face.QUOTED: Style(italic=True),
        Face.MARKER: muted,
        Face.COMMENT: muted + Style(italic=True),
    } | {face: Style(foreground=hues[number].foreground) for face, number in _CODE_HUES.items()}
    selection = widget.screen.get_component_styles("screen--selection")
    return Look(
        base=widget.visual_style,
        selection=Style.from_styles(selection),
        hue=lambda number: parts["muted"] if number < 0 else hues[number % HUES],
        faces=faces,
        glyphs=getattr(widget.app, "glyphs", UNICODE),
        **parts,
    )
