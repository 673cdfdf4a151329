"""What is written to a terminal for who looks elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.notifying import BELL, Level, Way, sentence, wanted, way, written


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, Way.NONE),
        ({"TERM": "xterm-256color"}, Way.NONE),
        ({"TERM": "xterm-kitty"}, Way.OSC_99),
        ({"KITTY_WINDOW_ID": "1", "TERM": "tmux-256color"}, Way.OSC_99),
        ({"TERM_PROGRAM": "WezTerm"}, Way.OSC_9),
        ({"TERM_PROGRAM": "iTerm.app"}, Way.OSC_9),
        ({"WT_SESSION": "x"}, Way.OSC_9),
        ({"VTE_VERSION": "7003"}, Way.OSC_777),
        ({"TERM": "rxvt-unicode-256color"}, Way.OSC_777),
        ({"TERM_PROGRAM": "tmux", "TERM": "tmux"}, Way.NONE),
    ],
)
def test_which_way_a_terminal_understands(environ: dict[str, str], found: Way) -> None:
    assert way(environ) is found


@pytest.mark.parametrize("kind", Way)
def test_each_way_ends_with_a_bell(kind: Way) -> None:
    said = written(sentence("Friends", False), kind, in_tmux=False)
    assert said.endswith(BELL)
    assert ("Friends has news" in said) == (kind is not Way.NONE)


def test_in_tmux_it_is_handed_through() -> None:
    said = written(sentence("Friends", True), Way.OSC_9, in_tmux=True)
    assert said == "\x1bPtmux;\x1b\x1b]9;Friends names you\x1b\x1b\\\x1b\\\a"
    assert written(sentence("Friends", True), Way.NONE, in_tmux=True) == BELL


@given(st.text(max_size=40), st.sampled_from(list(Way)))
def test_a_name_can_not_leave_its_field(name: str, kind: Way) -> None:
    said = written(sentence(name, False), kind, in_tmux=False)
    usual = written(sentence("x", False), kind, in_tmux=False)
    for sign in ("\x1b", "\a", ";", "\x9c", "\x07", "\n"):
        assert said.count(sign) == usual.count(sign)


def test_what_is_wanted() -> None:
    assert [wanted(level, False) for level in Level] == [False, False, True]
    assert [wanted(level, True) for level in Level] == [False, True, True]
