"""A layout takes exactly what its table says, both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from crypto.access.arrays import (
    Check,
    Layout,
    array,
    blob,
    fixed,
    flag,
    nilable,
    text,
    uint,
)
from crypto.access.errors import MalformedError, MisuseError
from crypto.access.log import Kind


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    name: bytes


@dataclass(frozen=True, slots=True)
class Nothing:
    """Has no fields."""


LAYOUT: Layout[Point | Nothing] = Layout(
    "thing", {4: (Point, (uint(9), blob(3))), 7: (Nothing, ())}
)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (fixed(2), [b"ab"], [b"a", b"abc", "ab", bytearray(b"ab"), None]),
        (blob(2), [b"", b"ab"], [b"abc", "a", None, 1]),
        (uint(), [0, 2**64 - 1, Kind.COMMIT], [-1, 2**64, True, 1.0, "1", None]),
        (uint(5, 2), [2, 5], [1, 6, False]),
        (flag, [True, False], [0, 1, None]),
        (text(3), ["", "abc", "é"], ["abcd", "éé", b"a", None]),
        (nilable(uint(1)), [None, 0, 1], [2, b"", False]),
        (array(uint(5), 1, 2), [[0], [5, 5]], [[], [1, 2, 3], [6], [b""], (1,), None]),
    ],
    ids=["fixed", "blob", "uint", "bounds", "flag", "text", "nilable", "array"],
)
def test_a_check_takes_its_type_and_bounds_alone(
    check: Check, good: list[object], bad: list[object]
) -> None:
    assert all(check(value) for value in good)
    assert not any(check(value) for value in bad)


@pytest.mark.parametrize("record", [Point(9, b"abc"), Point(0, b""), Nothing()])
def test_a_record_survives_the_round_trip(record: Point | Nothing) -> None:
    assert LAYOUT.from_array(LAYOUT.to_array(record)) == record


def test_the_type_stands_first() -> None:
    assert LAYOUT.to_array(Point(2, b"n")) == [4, 2, b"n"]
    assert LAYOUT.to_array(Nothing()) == [7]
    assert LAYOUT.number(Point) == 4


def test_holds_says_which_records_are_in_the_table() -> None:
    assert LAYOUT.holds(Nothing())
    assert not LAYOUT.holds(4)


@pytest.mark.parametrize(
    ("parsed", "sentence"),
    [
        (None, "starts with its type"),
        ({}, "starts with its type"),
        ([], "starts with its type"),
        ([b"4", 1, b""], "starts with its type"),
        ([True, 1, b""], "starts with its type"),
        ([[4], 1, b""], "starts with its type"),
        ([5], "no thing of type 5"),
        ([4, 1], "has 2 fields, not 1"),
        ([4, 1, b"", 0], "has 2 fields, not 3"),
        ([7, None], "has 0 fields, not 1"),
        ([4, 10, b""], "Point.x"),
        ([4, 1, b"abcd"], "Point.name"),
        ([4, 1, "abc"], "Point.name"),
    ],
)
def test_what_is_not_in_the_table_is_refused(parsed: Any, sentence: str) -> None:
    with pytest.raises(MalformedError, match=sentence):
        LAYOUT.from_array(parsed)


def test_a_record_out_of_bounds_has_no_encoding() -> None:
    with pytest.raises(MisuseError, match=r"Point\.x"):
        LAYOUT.to_array(Point(10, b""))


def test_a_table_needs_a_check_for_each_field() -> None:
    with pytest.raises(MisuseError, match="2 fields, 1 checks"):
        Layout("thing", {1: (Point, (uint(),))})
