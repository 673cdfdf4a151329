"""Spans of time, written and read."""

from __future__ import annotations

import pytest

from tui.spans import in_words, read_span, written


@pytest.mark.parametrize(
    ("text", "seconds", "words", "again"),
    [
        ("1m", 60, "1 minute", "1m"),
        (" 90M ", 5_400, "90 minutes", "90m"),
        ("60m", 3_600, "1 hour", "1h"),
        ("12 h", 43_200, "12 hours", "12h"),
        ("365d", 31_536_000, "365 days", "365d"),
        ("2000d", 172_800_000, "2,000 days", "2000d"),
    ],
)
def test_a_span_is_read_and_said(text: str, seconds: int, words: str, again: str) -> None:
    assert read_span(text) == seconds
    assert in_words(seconds) == words
    assert written(seconds) == again


@pytest.mark.parametrize(
    "text", ["", "h", "12", "1.5h", "-1h", "1w", "12h30m", "1234567890m", "١h"]
)
def test_what_is_no_span_is_none(text: str) -> None:
    assert read_span(text) is None


def test_seconds_alone_are_said_as_such() -> None:
    assert (in_words(61), written(61)) == ("61 seconds", "61s")
