"""Emoji by their names."""

from __future__ import annotations

import pytest

from crypto.emoji import is_emoji
from tui import emoji_names


def test_names() -> None:
    emoji_names.warm_up()
    assert emoji_names.of_name(":tada:") == emoji_names.of_name("TADA") == "🎉"
    assert emoji_names.of_name("no such") is None
    assert emoji_names.beginning("tad", 3) == [("tada", "🎉")]
    assert len(emoji_names.beginning("fa", 4)) == 4
    assert emoji_names.beginning("zzzz", 4) == []
    assert all(is_emoji(one) for one in emoji_names.USUAL)


@pytest.mark.parametrize(
    ("text", "found"),
    [("a :tada:", (6, "🎉")), (":nothing_so:", None), ("tada:", None), (":tada: ", None)],
)
def test_a_name_that_is_closed(text: str, found: tuple[int, str] | None) -> None:
    assert emoji_names.closed(text) == found


@pytest.mark.parametrize(
    ("text", "begun"),
    [(":ta", "ta"), ("so :ta", "ta"), ("7:30", None), (":t", None), ("so: ta", None)],
)
def test_a_name_that_is_begun(text: str, begun: str | None) -> None:
    assert emoji_names.begun(text) == begun
