"""Sentences made from plain facts."""

from __future__ import annotations

import pytest

from tui.screens.words import (
    DAY,
    HOUR,
    MINUTE,
    chairs_left,
    clock_time,
    first_circle_name,
    history_for_inviter,
    history_for_newcomer,
    names_joined,
    time_left,
    who_can_reach,
)


@pytest.mark.parametrize(
    ("taken", "cap", "sentence"),
    [
        (1, 8, "7 of 8 chairs are free"),
        (7, 8, "The last of 8 chairs is free"),
        (8, 8, "All 8 chairs are taken"),
        (9, 8, "All 8 chairs are taken"),
    ],
)
def test_chairs_left(taken: int, cap: int, sentence: str) -> None:
    assert chairs_left(taken, cap) == sentence


def test_history_is_told_to_both_sides_alike() -> None:
    assert "nothing" in history_for_newcomer(0) and "nothing" in history_for_inviter(0)
    assert "the last message from" in history_for_newcomer(1)
    assert "the last message from" in history_for_inviter(1)
    assert "the last 20 messages" in history_for_newcomer(20)
    assert "the last 20 messages" in history_for_inviter(20)


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (0, "0 seconds"),
        (1_000, "1 second"),
        (59_000, "59 seconds"),
        (MINUTE, "1 minute"),
        (10 * MINUTE, "10 minutes"),
        (HOUR, "60 minutes"),
        (2 * HOUR, "2 hours"),
        (47 * HOUR, "47 hours"),
        (2 * DAY, "2 days"),
        (7 * DAY, "7 days"),
    ],
)
def test_time_left(span: int, told: str) -> None:
    assert time_left(span) == told


def test_names_as_a_sentence_lists_them() -> None:
    assert names_joined([]) == ""
    assert names_joined(["Ana"]) == "Ana"
    assert names_joined(["Ana", "Bo"]) == "Ana and Bo"
    assert names_joined(["Ana", "Bo", "Cy"]) == "Ana, Bo and Cy"


def test_a_first_circle_has_a_name_that_a_circle_may_have() -> None:
    assert first_circle_name("Ana") == "Ana's circle"
    assert first_circle_name("é" * 32) == "A circle"


@pytest.mark.parametrize(
    "relay", ["127.0.0.1:7600", "localhost", "[::1]:7600", "wss://127.0.0.1:7600", "wss://[::1]"]
)
def test_a_relay_on_this_computer_says_so(relay: str) -> None:
    assert "only somebody at this computer can reach it" in who_can_reach(relay)


@pytest.mark.parametrize("relay", ["chat.example.org", "ws://chat.example.org:8080"])
def test_another_relay_is_named(relay: str) -> None:
    assert who_can_reach(relay).startswith("The relay is chat.example.org;")


def test_the_clock_on_the_wall() -> None:
    assert clock_time(1_760_000_000_000) == "08:53"
