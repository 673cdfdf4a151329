"""The last look at every line before it is drawn, whichever widget made it.

`SafeText` is what keeps remote text harmless. This stands behind it for the day when a widget is
handed something else: no control or bidi character ever leaves in a segment's text.
"""

from __future__ import annotations

import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_BAD = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Backstop(LineFilter):
    """Replaces what must not reach a terminal by �."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same list where nothing is wrong with it, which is nearly always."""
        bad = _BAD.search
        for segment in segments:
            if bad(segment.text):
                return [
                    Segment(_BAD.sub("\ufffd", text), style, control)
                    for text, style, control in segments
                ]
        return segments
