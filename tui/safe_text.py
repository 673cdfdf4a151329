"""Text that came from elsewhere, made fit for a terminal.

`SafeText` is made here and nowhere else, by `sanitise_line` for what stands in one line (names,
topics, labels) and by `sanitise_block` for what may have several (messages). What a terminal would
obey, and what changes how other characters are drawn, is shown instead:

    control characters           ␛ ␇ ␀ …, their pictures; those above U+0080 as ‹U+009B›
    format characters            ‹U+202E›: bidi controls, zero-width ones, tags, byte order marks
    surrogates, U+2028, U+2029   likewise, and so are noncharacters
    letters that show nothing    ‹U+3164›: Hangul's fillers; in one line, where it would make a name
                                 that nobody sees, the empty Braille pattern as well
    the fifth mark on a letter   left out with those after it, and counted: ‹3 marks›
    a mark on nothing            on a dotted circle

Two format characters have their place. A joiner or non-joiner that shapes a letter (RFC 5892
appendix A) stays. A joiner between two pictures goes: they are shown side by side, as a terminal
that can't join them shows them, and so take the room that was reckoned for them.

Sanitising what is safe changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NewType

SafeText = NewType("SafeText", str)
"""Text that holds nothing that a terminal obeys."""

MARKS_MOST = 4
"""Combining marks that one letter may carry."""

TAB = "    "

_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0")
_EMPTY_PATTERN = "\u2800"
"""Drawn as nothing. In a text of several lines it is what pictures of Braille are spaced with."""

_NON_JOINER, _JOINER = "\u200c", "\u200d"
_DOTTED_CIRCLE = "\u25cc"
_VIRAMA = 9

_MARKS: Final = frozenset({"Mn", "Me", "Mc"})
_SHOWN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_PLAIN: Final = re.compile(r"[\x20-\x7e]*")


def sanitise_line(text: str) -> SafeText:
    """One line: line ends are shown, too, and tabs are spaces."""
    if _PLAIN.fullmatch(text):
        return SafeText(text)
    return SafeText(_clean(text.replace("\t", " ")).replace(_EMPTY_PATTERN, "‹U+2800›"))


def sanitise_block(text: str) -> SafeText:
    """Any number of lines, ended by `\\n` alone; a tab is four spaces."""
    lines = text.replace("\r\n", "\n").replace("\t", TAB).split("\n")
    return SafeText("\n".join(line if _PLAIN.fullmatch(line) else _clean(line) for line in lines))


def _clean(line: str) -> str:
    """A line in which every character is looked at."""
    shown: list[str] = []
    marks = 0
    on_something = False
    for place, character in enumerate(line):
        category = unicodedata.category(character)
        if category in _MARKS:
            marks += 1
            if marks <= MARKS_MOST:
                shown.append(character if on_something else _DOTTED_CIRCLE + character)
                on_something = True
            continue
        if character in (_JOINER, _NON_JOINER) and marks <= MARKS_MOST:
            before, after = "".join(shown[-1:])[-1:], line[place + 1 : place + 2]
            if character == _JOINER and _is_picture(before) and _is_picture(after):
                continue
            if _shapes(before, after, marks):
                shown.append(character)
                continue
        _count(shown, marks)
        marks = 0
        on_something = True
        shown.append(_visible(character) if _is_hidden(character) else character)
    _count(shown, marks)
    return "".join(shown)


def _count(shown: list[str], marks: int) -> None:
    """Say how many marks were left out."""
    if marks > MARKS_MOST:
        more = marks - MARKS_MOST
        shown.append(f"‹{more} mark{'s' if more > 1 else ''}›")


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"‹U+{code:04X}›"


def _is_none(character: str) -> bool:
    """Noncharacters: no text holds them, and terminals do with them what they like."""
    code = ord(character)
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _is_hidden(character: str) -> bool:
    """Whether it is not shown as it is."""
    category = unicodedata.category(character)
    return category in _SHOWN or character in _BLANK or _is_none(character)


def _shapes(before: str, after: str, marks: int) -> bool:
    """Whether a joiner between these shapes a letter. Both are as they are shown, `before` with
    so many marks."""
    if not before or not after:
        return False
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if _is_hidden(after) or (marks == MARKS_MOST and unicodedata.category(after) in _MARKS):
        return False
    return _is_cursive(before) and _is_cursive(after)


def _is_cursive(character: str) -> bool:
    """Letters of Arabic, Syriac and their like, and the marks on them."""
    return unicodedata.bidirectional(character) in ("AL", "NSM")


def _is_picture(character: str) -> bool:
    """Symbols, the tones of skin after them, and what asks for their coloured form."""
    return character == "\ufe0f" or (
        bool(character) and unicodedata.category(character) in ("So", "Sk")
    )
