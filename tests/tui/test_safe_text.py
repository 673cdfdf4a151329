"""What reaches a terminal: nothing that it obeys, and nothing that is hidden from the reader."""

from __future__ import annotations

import ast
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.repository.checkout import ROOT, modules
from tui.safe_text import MARKS_MOST, sanitise_block, sanitise_line

ANYTHING = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("", ""),
        ("\x1b[31mred", "␛[31mred"),
        ("bell\x07", "bell␇"),
        ("\x9b2J", "‹U+009B›2J"),
        ("del\x7f", "del␡"),
        ("two\nlines", "two␊lines"),
        ("a\tb", "a b"),
        ("evil\u202egnp.exe", "evil‹U+202E›gnp.exe"),
        ("\u2066hidden\u2069", "‹U+2066›hidden‹U+2069›"),
        ("zero\u200bwidth", "zero‹U+200B›width"),
        ("\ufeffmark", "‹U+FEFF›mark"),
        ("line\u2028end", "line‹U+2028›end"),
        ("tag\U000e0041", "tag‹U+E0041›"),
        ("half\ud800", "half‹U+D800›"),
        ("\u3164", "‹U+3164›"),
        ("a\u115f\u1160\uffa0", "a‹U+115F›‹U+1160›‹U+FFA0›"),
        ("\u2800", "‹U+2800›"),
        ("\uffff\U0001fffe\ufdd0\ufdef", "‹U+FFFF›‹U+1FFFE›‹U+FDD0›‹U+FDEF›"),
        ("\ufdcf\ufdf0\ufffd", "\ufdcf\ufdf0\ufffd"),
        ("schön, 日本, Ω", "schön, 日本, Ω"),
    ],
)
def test_a_line_shows_what_a_terminal_would_obey(text: str, shown: str) -> None:
    assert sanitise_line(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines", "two\nlines"),
        ("from\r\nelsewhere", "from\nelsewhere"),
        ("over\rwritten", "over␍written"),
        ("⣿\u2800⣿", "⣿\u2800⣿"),
        ("a\tb", "a    b"),
        ("\x1b]52;c;x\x07\n\u202e", "␛]52;c;x␇\n‹U+202E›"),
    ],
)
def test_a_block_keeps_its_lines(text: str, shown: str) -> None:
    assert sanitise_block(text) == shown


def test_marks_do_not_climb_out_of_the_line() -> None:
    assert sanitise_line("a" + "\u0301" * 4 + "b") == "a" + "\u0301" * 4 + "b"
    assert sanitise_line("a" + "\u0301" * 5) == "a" + "\u0301" * 4 + "‹1 mark›"
    assert sanitise_line("a" + "\u0301" * 9 + "b") == "a" + "\u0301" * 4 + "‹5 marks›b"


def test_a_mark_on_nothing_does_not_sit_on_what_stands_before() -> None:
    assert sanitise_line("\u0301a") == "◌\u0301a"
    assert sanitise_block("a\n\u0301b") == "a\n◌\u0301b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d🚀", "👩🚀"),
        ("❤\ufe0f\u200d🔥", "❤\ufe0f🔥"),
        ("👩🏽\u200d🚀", "👩🏽🚀"),
        ("Ana\u200d", "Ana‹U+200D›"),
        ("\u200dAna", "‹U+200D›Ana"),
        ("A\u200dna", "A‹U+200D›na"),
        ("A\u200cna", "A‹U+200C›na"),
        ("👩\u200c🚀", "👩‹U+200C›🚀"),
        ("👩\u200d\u200d🚀", "👩‹U+200D›‹U+200D›🚀"),
    ],
)
def test_joiners_stay_where_they_shape_letters(text: str, shown: str) -> None:
    assert sanitise_line(text) == shown


@given(ANYTHING)
@example("\u200d\x1b\u0301")
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    kept = "\u200c\u200d"
    for safe, also in ((sanitise_line(text), ""), (sanitise_block(text), "\n")):
        safe.encode()
        for character in safe:
            hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
            assert not hidden or character in kept + also


@given(ANYTHING)
@example("a" + "\u0301" * 6)
@example("👩\u200d\u0301🚀")
@example("a" + "\u0308" * 5 + "\u200cب")
@example("a" + "\u064e" * 4 + "\u200c\u064e\u0628")
@example("\u061c\u200cب")
def test_what_is_safe_stays_as_it_is(text: str) -> None:
    assert sanitise_line(sanitise_line(text)) == sanitise_line(text)
    assert sanitise_block(sanitise_block(text)) == sanitise_block(text)


@given(
    st.text(
        st.sampled_from(
            "aب\u0301َ\u0308\u0488क्\u200c\u200d\u061c\u070f👩🏽\ufe0f\u2800\u3164\x1b\t\n\ud800"
        )
    )
)
def test_joiners_and_marks_in_any_order_stay_as_they_are(text: str) -> None:
    assert sanitise_line(sanitise_line(text)) == sanitise_line(text)
    assert sanitise_block(sanitise_block(text)) == sanitise_block(text)


@given(st.text(st.sampled_from("a\u0301\u0308 \u200d\u200c\u0650क्👩\ufe0f\u202e")))
def test_no_letter_carries_more_marks_than_it_may(text: str) -> None:
    run = 0
    for character in sanitise_line(text):
        marks = unicodedata.category(character) in ("Mn", "Mc", "Me")
        run = run + 1 if marks else (run if character in "\u200c\u200d" else 0)
        assert run <= MARKS_MOST


def test_nothing_else_makes_safe_text() -> None:
    makers = {
        str(module)
        for module in modules()
        for node in ast.walk(ast.parse((ROOT / module).read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "SafeText"
    }
    assert makers == {"tui/safe_text.py"}
