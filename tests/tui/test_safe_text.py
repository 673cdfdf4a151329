"""What may reach a terminal."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.safe_text import (
    MARKS,
    NAME_LENGTH,
    NO_NAME,
    SafeText,
    safe_body,
    safe_line,
    safe_name,
)

DRAWN_FORMAT = {
    *range(0x600, 0x606),
    0x6DD,
    0x70F,
    0x890,
    0x891,
    0x8E2,
    0x110BD,
    0x110CD,
}
"""Format characters that are drawn: Arabic, Syriac and Kaithi number signs."""

anything = st.text(alphabet=st.characters(exclude_categories=()))


def test_nobody_else_makes_one() -> None:
    with pytest.raises(TypeError, match="alone"):
        SafeText("\x1b[31m")


def test_plain_text_is_left_as_it_is() -> None:
    for text in ("", "hello [bold]you[/]", "Bodø — 07:10", "太好了！", "Grüße", "  indented"):
        assert safe_body(text) == safe_line(text) == text


def test_escape_sequences_are_shown() -> None:
    assert safe_body("\x1b]0;title\x07") == "␛]0;title␇"
    assert safe_line("é\x1b[31m\x7f") == "é␛[31m␡"
    assert safe_body("a\x9b31mb") == "a\ufffd31mb"


def test_line_breaks_stay_in_messages_only() -> None:
    assert safe_body("one\r\ntwo\nthree\rfour") == "one\ntwo\nthree␍four"
    assert safe_line("one\r\ntwo\nthree") == "one⏎two⏎three"
    assert safe_name("Ana\nhost") == "Ana⏎host"
    assert safe_body("one\u2028two\u2029") == "one\ufffdtwo\ufffd"


def test_tabs_become_spaces() -> None:
    assert safe_body("a\tb") == "a    b"
    assert safe_line("a\tb") == "a b"


def test_bidi_controls_are_shown_once_a_run() -> None:
    assert safe_line("file\u202e\u2066gpj.exe") == "file\ufffdgpj.exe"


def test_joiners_stay_where_they_join() -> None:
    family = "👩\u200d👩\u200d👧"
    persian = "می\u200cخواهم"
    assert safe_body(family) == family
    assert safe_name(persian) == persian
    assert safe_name("an\u200da") == "an\ufffda"
    assert safe_name("\u200dana\u200d") == "\ufffdana\ufffd"
    assert safe_body("👩\u200d\u200d👩") == "👩\ufffd👩"


def test_marks_are_limited() -> None:
    assert safe_body("e" + "\u0301" * 9 + "x") == "e" + "\u0301" * MARKS + "x"
    assert safe_body("\u0301a") == "\u25cc\u0301a"
    assert safe_body("a\n\u0301") == "a\n\u25cc\u0301"


def test_names_are_one_short_line() -> None:
    assert safe_name("  Ana \u3000 of  Bodø ") == "Ana of Bodø"
    assert safe_name("") == safe_name(" \t ") == NO_NAME
    assert safe_name("é" * 200) == "é" * (NAME_LENGTH - 1) + "…"
    marked = safe_name("a" * (NAME_LENGTH - 2) + "e\u0301\u0301zzz")
    assert marked == "a" * (NAME_LENGTH - 2) + "…"


def test_blank_letters_are_shown() -> None:
    for blank in "\u115f\u1160\u3164\uffa0\u2800":
        assert safe_name(blank) == "\ufffd"


def test_every_character_alone() -> None:
    """Whatever Unicode calls a control, a format character, private or a surrogate is not passed
    on, but for those that are drawn."""
    passed = {"Zs", "Cn"}
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        category = unicodedata.category(character)
        if category[0] == "C" and category not in passed and code not in DRAWN_FORMAT:
            if character != "\n":
                assert character not in safe_body(character), hex(code)
            assert character not in safe_line(character), hex(code)
        elif category in ("Zl", "Zp"):
            assert safe_body(character) == "\ufffd"


@given(anything)
def test_always_drawable(text: str) -> None:
    for made in (safe_body(text), safe_line(text), safe_name(text)):
        assert isinstance(made, SafeText)
        made.encode()
        assert not any(
            unicodedata.category(each) in ("Cc", "Cs", "Co") for each in made if each != "\n"
        )
    assert "\n" not in safe_line(text)
    assert 0 < len(safe_name(text)) <= NAME_LENGTH


@given(anything)
def test_twice_is_once(text: str) -> None:
    assert safe_body(safe_body(text)) == safe_body(text)
    assert safe_line(safe_line(text)) == safe_line(text)
    assert safe_name(safe_name(text)) == safe_name(text)
