"""The few signs of the screen, and what stands for them where a terminal draws them two cells wide.

The setting `glyphs` chooses the second set; so does, if nothing is set, a locale that is not UTF-8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One cell each; never the only carrier of a meaning."""

    brand: str
    here: str  # "you are here": the circle, the message, the field
    on: str  # a chair taken, a link that stands
    off: str  # a chair free, a link that does not
    news: str
    warning: str
    quote: str
    rule: str
    dot: str  # between short facts
    ellipsis: str
    newline: str
    down: str
    verified: str
    new_device: str


UNICODE = Glyphs(
    brand="◍",
    here="▎",
    on="●",
    off="○",
    news="•",
    warning="▲",
    quote="╭",
    rule="─",
    dot="·",
    ellipsis="…",
    newline="⏎",
    down="↓",
    verified="◆",
    new_device="◇",
)
ASCII = Glyphs(
    brand="O",
    here="|",
    on="*",
    off="o",
    news="*",
    warning="!",
    quote="/",
    rule="-",
    dot="-",
    ellipsis="~",
    newline="/",
    down="v",
    verified="+",
    new_device="?",
)


def choose(environ: Mapping[str, str], asked: str = "auto") -> Glyphs:
    """The set that was asked for; with `auto`, the one that this terminal draws well, as far as the
    environment tells."""
    if asked != "auto":
        return ASCII if asked == "ascii" else UNICODE
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    encoding = locale.partition(".")[2].partition("@")[0].lower().replace("-", "")
    # Without any word on the encoding (LANG=C in many containers), nearly all terminals are UTF-8.
    return UNICODE if encoding in ("", "utf8") else ASCII
