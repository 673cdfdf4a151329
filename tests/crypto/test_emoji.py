"""What is taken for one emoji, and what is not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.emoji import _BASES, EMOJI_LONGEST, is_emoji

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    "text",
    [
        "\u2764",
        "\u2764\ufe0f",
        "\U0001f44d",
        "\U0001f44d\U0001f3fd",
        "\u26f9\U0001f3ff\u200d\u2640\ufe0f",
        "\U0001f3f3\ufe0f\u200d\U0001f308",
        FAMILY,
        ENGLAND,
        "\U0001f1f3\U0001f1f4",
        "#\ufe0f\u20e3",
        "7\u20e3",
        "\u00a9",
        "\u3299",
        "\U0001faff",
        "\u23ff",
        "\u2328",
    ],
)
def test_emoji(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "é",
        " ",
        "7",
        "+1",
        "\u2764 ",
        "\u2764\n",
        "\u2764\u2764",
        "\u2764\ufe0f\ufe0f",
        "\u200d",
        "\ufe0f",
        "\u2764\u200d",
        "\u200d\u2764",
        "\U0001f1f3",
        "\U0001f1f3\U0001f1f4\U0001f1f3",
        "\u202e\u2764",
        "\u2764\u0301",
        "\u2329",
        "\u232a",
        "\U000e0067",
        "\U0001f3f4\U000e0067",
        "\U0001f44d\U0001f3fd\U0001f3fd",
        "\x1b",
        "\ud83d\udc4d",
        "\U0001fb00",
    ],
)
def test_not_one_emoji(text: str) -> None:
    assert not is_emoji(text)


def test_they_have_at_most_so_many_bytes() -> None:
    joined = "\u200d".join(["\U0001f44d"] * 9)
    assert len(joined.encode()) == EMOJI_LONGEST - 4
    longest = "\u2764" + "\u200d\u2764" * 10
    assert len(longest.encode()) == EMOJI_LONGEST - 1 and is_emoji(longest)
    exactly = "\U0001f44d" + "\u200d\u2764" * 10
    assert len(exactly.encode()) == EMOJI_LONGEST and is_emoji(exactly)
    assert not is_emoji("\U0001f44d\U0001f3fd" + "\u200d\u2764" * 10)


@given(st.from_regex(f"[{_BASES}]", fullmatch=True))
def test_bases_are_normal_and_nothing_that_a_terminal_obeys(base: str) -> None:
    assert is_emoji(base)
    assert unicodedata.normalize("NFC", base) == base
    assert unicodedata.category(base)[0] not in "CZ" or unicodedata.category(base) == "Cn"


@given(st.text(max_size=8))
def test_any_text_is_judged(text: str) -> None:
    if is_emoji(text):
        assert 0 < len(text.encode()) <= EMOJI_LONGEST
        assert unicodedata.is_normalized("NFC", text)
