"""Pastes are text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._xterm_parser import BRACKETED_PASTE_END as END
from textual._xterm_parser import BRACKETED_PASTE_START as START
from textual._xterm_parser import XTermParser
from textual.events import Key, Paste
from textual.message import Message

from tui.pastes import PasteGuard, PasteParser


def fed(*chunks: str) -> list[Message]:
    parser = PasteParser()
    return [message for chunk in chunks for message in parser.feed(chunk)]


def told(messages: list[Message]) -> list[str]:
    return [
        f"paste {message.text!r}" if isinstance(message, Paste) else f"key {message.key}"
        for message in messages
        if isinstance(message, Paste | Key)
    ]


def test_keys_are_keys() -> None:
    assert told(fed("a\x1b[A\r")) == ["key a", "key up", "key enter"]


def test_a_paste_is_one_event() -> None:
    assert told(fed(f"x{START}one\ntwo{END}y")) == ["key x", "paste 'one\\ntwo'", "key y"]


@pytest.mark.parametrize(
    "steering", ["\x1b[A", "\x1b", "\x1b\x1b", "\x1bOP", "\x1b[200~", "\x1b[201"]
)
def test_an_escape_inside_is_shown(steering: str) -> None:
    shown = steering.replace("\x1b", "\u241b")
    assert told(fed(f"{START}a{steering}b{END}q")) == [f"paste {'a' + shown + 'b'!r}", "key q"]


def test_textual_by_itself_would_press_keys() -> None:
    """What this guards against; where it no longer holds, the guard can go."""
    messages = list(XTermParser().feed(f"{START}a\x1b[Zx{END}"))
    assert any(isinstance(message, Key) for message in messages)


def test_brackets_may_come_in_pieces() -> None:
    text = f"k{START}one\x1b[31mtwo{END}l{START}three{END}"
    whole = told(fed(text))
    assert whole == ["key k", "paste 'one␛[31mtwo'", "key l", "paste 'three'"]
    assert told(fed(*text)) == whole


@given(st.lists(st.sampled_from([START, END, "\x1b", "[", "2", "a", "\n"])), st.integers(1, 9))
def test_chunks_do_not_matter(parts: list[str], size: int) -> None:
    text = "".join(parts) + END
    whole, cut = PasteGuard(), PasteGuard()
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    assert "".join(map(cut.pass_on, chunks)) == whole.pass_on(text)


def test_the_end_of_input_is_told() -> None:
    parser = PasteParser()
    assert list(parser.feed("")) == []
    assert parser.is_eof
