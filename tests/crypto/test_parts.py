"""Kept messages in parts that each fit one envelope."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crypto.again import Repeated
from crypto.parts import PART_LONGEST, in_parts

FIRST = Repeated(3, b"i" * 16, 1, 1, bytes(20_000))
SECOND = replace(FIRST, counter=4)


def length(messages: tuple[Repeated, ...]) -> int:
    return sum(len(message.encode()) for message in messages)


@given(st.lists(st.integers(0, 15_000), max_size=20))
def test_all_messages_are_kept_in_order(lengths: list[int]) -> None:
    listed = [
        replace(FIRST, counter=number, body=bytes(size)) for number, size in enumerate(lengths, 1)
    ]
    divided = in_parts(listed)
    assert [message for part in divided for message in part] == listed
    for part in divided:
        assert 0 < length(part) <= PART_LONGEST
    for part, following in pairwise(divided):
        assert length((*part, following[0])) > PART_LONGEST


def test_a_part_is_filled_to_its_last_byte() -> None:
    left = PART_LONGEST - length((FIRST, SECOND))
    for more, count in ((left, 1), (left + 1, 2)):
        assert len(in_parts([FIRST, replace(SECOND, body=bytes(20_000 + more))])) == count


def test_nothing_has_no_parts() -> None:
    assert in_parts([]) == []
