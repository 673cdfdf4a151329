"""The words that two members compare."""

from __future__ import annotations

import pytest

from crypto.comparing import WORDS, comparison_words
from crypto.errors import MisuseError
from crypto.words import number

CIRCLE, ANA, BO = bytes(range(16)), bytes(range(32)), bytes(range(32, 64))


def test_both_see_the_same_words() -> None:
    words = comparison_words(CIRCLE, ANA, BO)
    assert words == comparison_words(CIRCLE, BO, ANA)
    assert len(words) == WORDS and all(number(word) is not None for word in words)
    # A stored answer: members of different versions compare the same words.
    assert words == ("clergyman", "scythe", "clergyman", "womb", "lecturer", "epidemic")


@pytest.mark.parametrize(
    ("circle", "one", "other"),
    [
        (bytes(16), ANA, BO),
        (CIRCLE, bytes(32), BO),
        (CIRCLE, ANA, bytes(32)),
        (CIRCLE, ANA[:-1] + b"\x00", BO),
    ],
)
def test_another_circle_or_key_gives_other_words(circle: bytes, one: bytes, other: bytes) -> None:
    assert comparison_words(circle, one, other) != comparison_words(CIRCLE, ANA, BO)


def test_nobody_is_compared_with_themselves() -> None:
    with pytest.raises(MisuseError):
        comparison_words(CIRCLE, ANA, ANA)
