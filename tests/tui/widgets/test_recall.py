"""What was sent before."""

from __future__ import annotations

from tui.widgets.recall import MOST, Recall


def test_nothing_was_sent() -> None:
    recall = Recall()
    assert recall.earlier("x") is None
    assert recall.later() is None


def test_back_and_forth_ends_at_what_was_being_written() -> None:
    recall = Recall()
    recall.sent("one")
    recall.sent("two")
    assert [recall.earlier("new"), recall.earlier("two"), recall.earlier("one")] == [
        "two",
        "one",
        None,
    ]
    assert [recall.later(), recall.later(), recall.later()] == ["two", "new", None]


def test_sending_ends_a_walk() -> None:
    recall = Recall()
    recall.sent("one")
    recall.earlier("")
    recall.sent("two")
    assert recall.later() is None
    assert recall.earlier("") == "two"


def test_the_same_twice_is_kept_once_and_the_oldest_go() -> None:
    recall = Recall()
    recall.sent("first")
    for number in range(MOST):
        recall.sent(str(number))
        recall.sent(str(number))
    walked = [recall.earlier("") for _ in range(MOST + 1)]
    assert walked == [*map(str, reversed(range(MOST))), None]
