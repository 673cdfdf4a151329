"""Which texts are names, and which look like somebody else's."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.circle.errors import TextRefusedError
from crypto.circle.fields import plain
from crypto.circle.names import (
    circle_name,
    circle_topic,
    device_label,
    imitates,
    person_name,
    skeletons,
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ana", "Ana"),
        ("  Ana   Maria\t", "Ana Maria"),
        ("Ana\u00a0Maria", "Ana Maria"),
        ("Zoe\u0308", "Zoë"),
        ("José", "José"),
        ("Łukasz O'Neill-42", "Łukasz O'Neill-42"),
        ("שָׁלוֹם", unicodedata.normalize("NFC", "שָׁלוֹם")),
        ("हिन्दी", "हिन्दी"),
        ("李小龍", "李小龍"),
        ("🦊", "🦊"),
        ("a" * 64, "a" * 64),
        ("é" * 32, "é" * 32),
        ("z\u0301\u0302\u0303", "ź\u0302\u0303"),
    ],
)
def test_a_name_is_kept_tidied(typed: str, kept: str) -> None:
    assert person_name(typed) == kept
    assert person_name(kept) == kept


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "needs at least one letter"),
        ("   ", "needs at least one letter"),
        ("!?-", "needs at least one letter"),
        ("a" * 65, "at most 64 bytes, this one has 65"),
        ("é" * 33, "at most 64 bytes, this one has 66"),
        ("Ana\x1b[31m", "U+001B"),
        ("Ana\x07", "U+0007"),
        ("Ana\u202egnp", "U+202E"),
        ("An\u200ba", "U+200B"),
        ("A\u200dB", "U+200D"),
        ("\ufeffAna", "U+FEFF"),
        ("\ue000", "U+E000"),
        ("\ud800", "U+D800"),
        ("\u0378", "U+0378"),
        ("\u3164", "U+3164"),
        ("a\u2800", "U+2800"),
        ("a\u034f", "U+034F"),
        ("e" + "\u0301" * 5, "more than 3 marks"),
    ],
)
def test_what_cannot_be_a_name_is_refused_with_the_reason(typed: str, words: str) -> None:
    with pytest.raises(TextRefusedError) as caught:
        person_name(typed)
    assert words in str(caught.value)
    assert str(caught.value).startswith("A name ")
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("code", range(0x21, 0x7F))
def test_all_of_ascii_that_shows_may_stand_in_a_name(code: int) -> None:
    assert person_name(f"Ana {chr(code)}") == f"Ana {chr(code)}"


def test_marks_on_several_letters_are_not_stacked() -> None:
    name = "q\u0301\u0302\u0303" * 3
    assert person_name(name) == name


def test_each_kind_of_text_has_its_own_length() -> None:
    assert device_label("") == ""
    assert device_label("a" * 32) == "a" * 32
    assert circle_name("a" * 64) == "a" * 64
    assert circle_topic("") == ""
    assert circle_topic("a" * 256) == "a" * 256
    with pytest.raises(TextRefusedError, match="A device's label has at most 32 bytes"):
        device_label("a" * 33)
    with pytest.raises(TextRefusedError, match="A circle's name has at most 64 bytes"):
        circle_name("a" * 65)
    with pytest.raises(TextRefusedError, match="A circle's name needs at least one letter"):
        circle_name(" ")
    with pytest.raises(TextRefusedError, match="A topic has at most 256 bytes"):
        circle_topic("a" * 257)
    with pytest.raises(TextRefusedError, match="A topic needs at least one letter"):
        circle_topic("...")


@given(st.text(max_size=70))
def test_what_is_kept_as_a_name_is_one_for_every_member(typed: str) -> None:
    try:
        name = person_name(typed)
    except TextRefusedError:
        return
    plain(name, 1, 64, "a name")
    assert person_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert imitates(name, [name]) == name


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Ana", "Ana"),
        ("ana", "ANA"),
        ("Аna", "Ana"),  # a Cyrillic A
        ("αna", "ana"),  # a Greek alpha
        ("Αna", "Ana"),  # a Greek capital alpha
        ("Bo", "B0"),
        ("bo", "b0"),
        ("Bο", "Bo"),  # a Greek omicron
        ("Ian", "lan"),
        ("Ali", "Al1".replace("1", "ı")),
        ("Ali", "A|i"),
        ("Sam", "Sarn"),
        ("Ana", "Ana."),
        ("Ana", "A n a"),
        ("Ana-Maria", "Ana Maria"),
        ("José", "Jose"),
        ("Ａｎａ", "Ana"),  # full width
        ("𝐀𝐧𝐚", "Ana"),  # mathematical bold
        ("Ⅰan", "Ian"),  # the Roman number one
        ("🦊", "🦊"),
        ("Straße", "STRASSE"),
    ],
)
def test_a_name_that_looks_like_another_imitates_it(name: str, other: str) -> None:
    assert imitates(name, ["Zed", other]) == other
    assert imitates(other, ["Zed", name]) == name


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Ana", "Anna"),
        ("Ian", "Lan"),
        ("Ana", "Ana 2"),
        ("कि", "के"),
        ("🦊", "🐻"),
        ("李", "王"),
        ("...", "--"),
    ],
)
def test_names_that_can_be_told_apart_do_not(name: str, other: str) -> None:
    assert imitates(name, [other]) is None


def test_marks_are_left_out_up_to_the_ends_of_their_blocks() -> None:
    bare = skeletons("\u1b05")
    for mark in "\u0300\u036f\u1ab0\u1dc0\u1dff\u20d0\u20f0\ufe20\ufe2f":
        assert skeletons(f"\u1b05{mark}") == bare
    for letter in "\u02ff\u0370\u1b00":
        assert skeletons(f"\u1b05{letter}") != bare


def test_nobody_is_imitated_where_nobody_is() -> None:
    assert imitates("Ana", []) is None


@given(st.text(max_size=12))
def test_skeletons_do_not_depend_on_how_a_text_was_composed(text: str) -> None:
    assert skeletons(unicodedata.normalize("NFD", text)) == skeletons(
        unicodedata.normalize("NFC", text)
    )
