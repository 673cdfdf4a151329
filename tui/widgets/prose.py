"""What somebody wrote as Markdown, made fit for a terminal: its text, and how parts of it look.

*Italic*, **bold**, ~~struck~~, `code`, fenced code with colours, > quotes and lists. The lines stay
those that were written, and so do links, whole. What isn't closed, or stands inside a word or
between figures, is text: of 2*3*4 nothing gets lost. The library finds the marks in a line; no
HTML, no image, no link with another text than its address comes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import TYPE_CHECKING

from tui.safe_text import SafeText, sanitise_block

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LINK = re.compile(r"https?://[^\s<>\"'‹›]+[^\s<>\"'‹›.,;:!?)\]}]")

FORMATTED_MOST = 4_000
"""Characters from a message's beginning in which marks are looked for: the time for it is bounded,
whatever somebody sends."""

_MARKS = re.compile(r"[*_~`\\]|^[ ]{0,3}(?:>|[-+] |\d+[.)] )", re.MULTILINE)
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})[ ]*([\w+#-]*)[^`]*\Z")
_QUOTE = re.compile(r"[ ]{0,3}>+ ?")
_ITEM = re.compile(r"\s*(?:[-+*]|\d{1,9}[.)]) (?=\S)")
_AFTER_LINK = re.compile(r"[*_~`]+\Z")
_HELD = "\x01"
"""Stands for a link while marks are looked for; no safe text holds it."""


class Face(Enum):
    """How a part looks."""

    BOLD = auto()
    ITALIC = auto()
    STRUCK = auto()
    CODE = auto()
    QUOTED = auto()
    MARKER = auto()  # of a list or a quotation
    KEYWORD = auto()
    STRING = auto()
    NUMBER = auto()
    NAME = auto()
    COMMENT = auto()


Part = tuple[int, int, Face]
"""A span of the text; later ones lie over earlier ones."""


Code = tuple[int, int, str]
"""A span of fenced code, and its language as it was written."""


@dataclass(frozen=True, slots=True)
class Prose:
    """What is read, and its parts in other faces."""

    text: SafeText
    parts: tuple[Part, ...] = ()
    code: tuple[Code, ...] = ()  # whose colours are found when it is drawn

    def moved(self, by: int, text: SafeText) -> Prose:
        """The same within another text, so many characters further on."""
        return Prose(
            text,
            tuple((start + by, end + by, face) for start, end, face in self.parts),
            tuple((start + by, end + by, language) for start, end, language in self.code),
        )


def read(written: SafeText) -> Prose:
    """A message's text without its marks."""
    if not _MARKS.search(written, 0, FORMATTED_MOST):
        return Prose(written)
    maker = _Maker()
    maker.lines(written[:FORMATTED_MOST].split("\n"))
    text = "".join(maker.pieces) + written[FORMATTED_MOST:]
    if not text.strip():
        return Prose(written)  # nothing but marks
    # It is made of parts of what was safe; joined anew, it need not be.
    safe = sanitise_block(text)
    return Prose(safe, tuple(maker.parts), tuple(maker.code)) if safe == text else Prose(safe)


class _Maker:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.parts: list[Part] = []
        self.code: list[Code] = []
        self._length = 0

    def _add(self, text: str) -> None:
        self.pieces.append(text)
        self._length += len(text)

    def _mark(self, start: int, face: Face) -> None:
        if start < self._length:
            self.parts.append((start, self._length, face))

    def lines(self, lines: list[str]) -> None:
        at, first = 0, True
        while at < len(lines):
            if not first:
                self._add("\n")
            fence = _FENCE.match(lines[at])
            if fence is not None:
                end = _closing(lines, at + 1, fence[1])
                if end > at + 1:
                    self._code(lines[at + 1 : end], fence[2].lower())
                    at, first = end + 1, False
                    continue
            self._line(lines[at])
            at, first = at + 1, False

    def _line(self, line: str) -> None:
        begin = self._length
        quote = _QUOTE.match(line)
        lead = quote or _ITEM.match(line)
        if lead is not None:
            self._add(lead[0])
            self._mark(begin, Face.MARKER)
            line = line[lead.end() :]
        start = self._length
        self._inline(line)
        if quote is not None:
            self._mark(start, Face.QUOTED)

    def _inline(self, line: str) -> None:
        if not _MARKS.search(line):
            self._add(line)
            return
        links: list[str] = []

        def hold(found: re.Match[str]) -> str:
            after = _AFTER_LINK.search(found[0])
            links.append(found[0][: after.start()] if after else found[0])
            return _HELD + (after[0] if after else "")

        tokens = _marks().parseInline(LINK.sub(hold, line))[0].children or []
        self._tokens(tokens, iter(links))

    def _tokens(self, tokens: list[Token], links: Iterator[str]) -> None:
        literal = _literal(tokens)
        opened: list[int] = []
        for number, token in enumerate(tokens):
            if token.type in ("text", "code_inline"):
                start = self._length
                parts = token.content.split(_HELD)
                self._add(parts[0] + "".join(next(links) + part for part in parts[1:]))
                if token.type == "code_inline":
                    self._mark(start, Face.CODE)
            elif number in literal:
                self._add(token.markup)
            elif token.nesting > 0:
                opened.append(self._length)
            else:
                self._mark(opened.pop(), _FACES[token.tag])

    def _code(self, lines: list[str], language: str) -> None:
        start = self._length
        self._add("\n".join(lines))
        self._mark(start, Face.CODE)
        if language:
            self.code.append((start, self._length, language))


_FACES = {"em": Face.ITALIC, "strong": Face.BOLD, "s": Face.STRUCK}


def _closing(lines: list[str], at: int, fence: str) -> int:
    """The line that closes a fence; the end where none does."""
    for number in range(at, len(lines)):
        line = lines[number].strip()
        if line and set(line) == {fence[0]} and len(line) >= len(fence):
            return number
    return len(lines)


def _literal(tokens: list[Token]) -> set[int]:
    """The marks that are text after all: inside a word or between figures, and __ of any kind."""
    found: set[int] = set()
    opened: list[int] = []
    for number, token in enumerate(tokens):
        if token.nesting > 0:
            opened.append(number)
        elif token.nesting < 0:
            first = opened.pop()
            before, after = _last(tokens[:first]), _first(tokens[number + 1 :])
            if before.isalnum() or after.isalnum() or token.markup == "__":
                found |= {first, number}
    return found


def _last(tokens: list[Token]) -> str:
    """The last character of what stands there, if it is text that does."""
    return next((token.content[-1:] for token in reversed(tokens) if token.content), "")


def _first(tokens: list[Token]) -> str:
    return next((token.content[:1] for token in tokens if token.content), "")


@cache
def _marks() -> MarkdownIt:
    from markdown_it import MarkdownIt  # when the first mark is met

    return MarkdownIt("zero").enable(["emphasis", "strikethrough", "backticks", "escape"])
