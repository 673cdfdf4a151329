"""Where a code is typed: Tab completes its words."""

from __future__ import annotations

import re
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from tui.screens.dialog import Field

SPOKEN_WORDS = 3
SHOWN = 6
"""How many words are shown where what was typed begins more than one."""

_LAST = re.compile(r"[a-z]+\Z")
_SPLIT = re.compile(r"[\s\-]+")


class CodeField(Field):
    """One line; what it says about completions is for whoever shows it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", show=False)]

    class Completions(Message):
        """What was typed begins all of these words."""

        def __init__(self, words: tuple[str, ...]) -> None:
            super().__init__()
            self.words = words

    def action_complete(self) -> None:
        """Complete the last word as far as it is clear; with nothing to complete, go on."""
        completed, words = complete_code(self.value)
        if completed != self.value:
            self.value = completed
            self.cursor_position = len(completed)
        elif not words:
            self.screen.focus_next()
            return
        self.post_message(self.Completions(words if len(words) > 1 else ()))


def complete_code(typed: str) -> tuple[str, tuple[str, ...]]:
    """What was typed with its last word completed, and all words that it may become.

    A whole word of a spoken code is given the dash that follows it, until three are there.
    """
    # imported here: the list of words is not needed before somebody asks for one
    from crypto.words import complete

    lowered = typed.lower()
    last = _LAST.search(lowered)
    if last is None or "/" in lowered or "@" in lowered:
        return typed, ()
    words = complete(last.group())
    if not words:
        return typed, ()
    head = lowered[: last.start()]
    if len(words) > 1:
        return head + _common(words), words[:SHOWN]
    whole = head + words[0]
    if len([part for part in _SPLIT.split(whole) if part]) < SPOKEN_WORDS:
        whole += "-"
    return whole, words


def _common(words: tuple[str, ...]) -> str:
    first, last = min(words), max(words)
    length = next((at for at, letter in enumerate(first) if last[at] != letter), len(first))
    return first[:length]
