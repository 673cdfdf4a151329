"""The word list, and finding words by their beginning or despite a slip."""

from __future__ import annotations

from importlib import resources
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import words
from tests.crypto.material import scripted, seeded

ALL = [words.word(number) for number in range(words.COUNT)]
numbers = st.integers(0, words.COUNT - 1)


def test_the_list_is_whole() -> None:
    assert len(set(ALL)) == words.COUNT == 6**4
    assert (ALL[0], ALL[1280], ALL[-1]) == ("aardvark", "yoyo", "zucchini")
    assert all(word.isascii() and word.isalpha() and word.islower() for word in ALL)
    with pytest.raises(IndexError):
        words.word(words.COUNT)


def test_its_licence_stands_beside_it() -> None:
    licence = resources.files("crypto").joinpath("data", "words.LICENSE.txt").read_text("utf-8")
    assert "Electronic Frontier Foundation" in licence
    assert "Creative Commons Attribution" in licence
    assert "yoyo" in licence


def test_three_letters_tell_each_word_apart() -> None:
    assert len({word[: words.TELLING] for word in ALL}) == words.COUNT
    assert min(map(len, ALL)) >= words.TELLING


@given(numbers, st.integers(3, 10))
def test_a_word_is_known_by_its_beginning(number: int, length: int) -> None:
    word = words.word(number)
    assert words.number(word) == number
    assert words.number(word[:length].upper()) == number


@pytest.mark.parametrize("text", ["", "wa", "walk", "walrusx", "walrsu", "xyz", "wal rus", "ﬁsh"])
def test_another_word_has_no_number(text: str) -> None:
    assert words.number(text) is None


def test_completion_lists_in_order() -> None:
    assert words.complete("") == ()
    assert words.complete("wal") == ("walrus",)
    assert words.complete("WAL") == ("walrus",)
    assert words.complete("qqq") == ()
    assert words.complete("yo") == ("yoyo", "yodel", "yogurt")


@given(numbers, st.data())
def test_one_slip_is_recognised(number: int, data: st.DataObject) -> None:
    word = words.word(number)
    at = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    kind = data.draw(st.sampled_from(["changed", "extra", "missing"]))
    rest = word[at:] if kind == "extra" else word[at + 1 :]
    slipped = word[:at] + ("" if kind == "missing" else letter) + rest
    others = [other for other in ALL if other != word and words._one_slip_apart(other, slipped)]
    if words.number(slipped) is None and not others:
        assert words.suggest(slipped) == word


def test_what_may_be_two_words_is_neither() -> None:
    assert words.suggest("sawn") is None, "dawn, or swan"


def test_a_slip_at_the_end_is_recognised() -> None:
    for slipped in ("violi", "violinn", "violim", "iolin", "vviolin"):
        assert words.suggest(slipped) == "violin"
    assert words.suggest("liolin") == "violin"


def test_swapped_letters_are_recognised() -> None:
    assert words.suggest("awlrus") == "walrus"
    assert words.suggest("WALRSU") == "walrus"


def test_a_wrong_end_is_recognised_by_the_beginning() -> None:
    assert words.suggest("walnuts") == "walrus"
    assert words.suggest("qqqq") is None
    assert words.suggest("") is None


def test_no_two_words_are_one_slip_apart() -> None:
    lengths = {word: len(word) for word in ALL}
    near = [
        (a, b)
        for a, b in product(ALL, ALL)
        if a < b and abs(lengths[a] - lengths[b]) < 2 and words._one_slip_apart(a, b)
    ]
    assert near == []


def test_words_are_drawn_evenly_and_by_the_callers_randomness() -> None:
    assert words.choose(scripted(b"\x00\x00", b"\x05\x0f", b"\x05\x10"), 3) == (0, 1295, 0)
    assert words.choose(scripted(b"\xfd\x1f", b"\x00\x07"), 2) == (1295, 7)
    # 64,800 and above would make the first words likelier, and are drawn again
    assert words.choose(scripted(b"\xfd\x20", b"\xff\xff", b"\x00\x07"), 1) == (7,)
    assert words.choose(seeded("none"), 0) == ()
