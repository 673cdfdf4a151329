"""Pastes are text: an ESC inside one never becomes a key.

A terminal brackets a paste with two sequences. Textual looks for other sequences in between, and
what follows an ESC there reaches the app as key presses. Every ESC of a paste but the closing
bracket's is therefore made visible before the parser reads it.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._xterm_parser import BRACKETED_PASTE_END as END
from textual._xterm_parser import BRACKETED_PASTE_START as START
from textual._xterm_parser import XTermParser
from textual.message import Message

ESC = "\x1b"
SHOWN_ESC = "\u241b"


class PasteGuard:
    """Passes terminal input on, chunk by chunk, with the ESCs inside pastes made visible."""

    def __init__(self) -> None:
        self._inside = False
        self._recent = ""  # the end of what was passed on: an opening bracket may be cut in two
        self._held = ""  # what may become the closing bracket

    def pass_on(self, chunk: str) -> str:
        """What the parser may see of the input so far."""
        text, self._held = self._held + chunk, ""
        passed: list[str] = []
        while text:
            text = self._paste(text, passed) if self._inside else self._keys(text, passed)
        return "".join(passed)

    def _keys(self, text: str, passed: list[str]) -> str:
        seen = self._recent + text
        at = seen.find(START)
        if at < 0:
            passed.append(text)
            self._recent = seen[-len(START) + 1 :]
            return ""
        self._inside, self._recent = True, ""
        end = at + len(START) - (len(seen) - len(text))
        passed.append(text[:end])
        return text[end:]

    def _paste(self, text: str, passed: list[str]) -> str:
        plain, escape, rest = text.partition(ESC)
        passed.append(plain)
        if not escape:
            return ""
        rest = ESC + rest
        if rest.startswith(END):
            self._inside = False
            passed.append(END)
            return rest[len(END) :]
        if END.startswith(rest):
            self._held = rest
            return ""
        passed.append(SHOWN_ESC)
        return rest[1:]


class PasteParser(XTermParser):
    """Textual's parser, behind a `PasteGuard`."""

    def __init__(self, debug: bool = False) -> None:
        self._guard = PasteGuard()
        super().__init__(debug)

    def feed(self, data: str) -> Iterable[Message]:
        """What the input means; an empty chunk is its end."""
        if not data:
            return super().feed(data)
        passed = self._guard.pass_on(data)
        # An empty chunk would mean the end to the parser: here it is a bracket half read.
        return super().feed(passed) if passed else ()
