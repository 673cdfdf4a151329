"""Text that may reach a terminal: `SafeText`, made by this module alone.

Names and messages come from elsewhere. Whatever could steer a terminal, hide in it, or reorder what
stands beside it is replaced by something visible:

    ESC and the other C0 controls   their pictures (␛ ␇ …)
    C1, bidi and format controls,
    noncharacters, private use      one � for each run
    a fifth combining mark          dropped; a mark without a base stands on ◌
    a line break in a single line   ⏎

Joiners stay where scripts and emoji need them. Imports nothing of the screen: the command line
prints through it too.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

NAME_LENGTH = 64
"""Characters of a name that are shown."""

MARKS = 4
"""Combining marks that a cluster may carry."""

NO_NAME = "(no name)"

_CONTROL_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}

# Format characters (Cf) that are drawn, as the Arabic number signs are, are left out.
_HIDDEN = (
    "\x80-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
_PLANE_ENDS = "".join(
    f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17)
)
_HIDDEN_RUN = re.compile(f"[{_HIDDEN}{_PLANE_ENDS}\U000f0000-\U0010ffff]+")
_JOINERS = "\u200c\u200d"
_REPLACEMENT = "\ufffd"
_DOTTED_CIRCLE = "\u25cc"
_SPACES = re.compile(r"\s+")


class SafeText(str):
    """Text that can be drawn as it is. What is cut out of it or joined to it is plain `str`."""

    __slots__ = ()

    def __new__(cls, *_: Any) -> SafeText:
        raise TypeError("SafeText is made by safe_line, safe_body and safe_name alone")


def _made(text: str) -> SafeText:
    return str.__new__(SafeText, text)


def safe_body(text: str) -> SafeText:
    """A message: line breaks stay, tabs become four spaces."""
    if text.isascii() and text.isprintable():
        return _made(text)
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return _made("\n".join(map(_line, lines)))


def safe_line(text: str) -> SafeText:
    """One line: a sentence, a topic, what somebody says at the door."""
    if text.isascii() and text.isprintable():
        return _made(text)
    flat = text.replace("\r\n", "\n").replace("\t", " ").replace("\n", "\u23ce")
    return _made(_line(flat))


def safe_name(text: str) -> SafeText:
    """A name: one line, single spaces, `NAME_LENGTH` characters; never empty."""
    name = _SPACES.sub(" ", safe_line(text)).strip()
    if len(name) > NAME_LENGTH:
        # Cut before the cluster that crosses the end, so that no mark is left to the ellipsis.
        end = NAME_LENGTH - 1
        while end and _is_mark(name[end]):
            end -= 1
        name = name[:end] + "\u2026"
    return _made(name or NO_NAME)


def _line(text: str) -> str:
    if text.isascii():
        return text if text.isprintable() else text.translate(_CONTROL_PICTURES)
    shown = _HIDDEN_RUN.sub(_hidden, text.translate(_CONTROL_PICTURES))
    return _limit_marks(shown)


def _hidden(found: re.Match[str]) -> str:
    run = found.group()
    if len(run) == 1 and run in _JOINERS:
        before = found.string[found.start() - 1 : found.start()]
        after = found.string[found.end() : found.end() + 1]
        if _joins(before) and _joins(after):
            return run
    return _REPLACEMENT


def _joins(neighbour: str) -> bool:
    """Whether a joiner may stand beside this: letters of scripts that join, and symbols."""
    return neighbour > "\u02ff" and unicodedata.category(neighbour)[0] in "LMS"


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me")


def _limit_marks(line: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in line:
        if character < "\u0300" or not _is_mark(character):
            marks = 0
        else:
            marks += 1
            if not kept:
                kept.append(_DOTTED_CIRCLE)
            if marks > MARKS:
                continue
        kept.append(character)
    return "".join(kept)
