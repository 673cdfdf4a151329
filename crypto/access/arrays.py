"""Typed msgpack arrays `[type, field, …]`, as frames and side data are made of.

A `Layout` is one table: type number → dataclass and a check for each of its fields, in order. What
is not exactly in the table is refused: an unknown type, a field too many or too few, a wrong type,
length or bound. `True` is no number here, and a string is no bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Generic, TypeAlias, TypeVar

from crypto.access.errors import MalformedError, MisuseError

Check: TypeAlias = Callable[[object], bool]

UINT64_LIMIT = 1 << 64

R = TypeVar("R")


def fixed(length: int) -> Check:
    """Bytes of exactly this length."""
    return lambda value: type(value) is bytes and len(value) == length


def blob(limit: int) -> Check:
    """Bytes, at most `limit` of them."""
    return lambda value: type(value) is bytes and len(value) <= limit


def uint(highest: int = UINT64_LIMIT - 1, lowest: int = 0) -> Check:
    """A whole number from `lowest` to `highest`; without bounds a uint64."""
    return lambda value: (
        isinstance(value, int) and type(value) is not bool and lowest <= value <= highest
    )


def flag(value: object) -> bool:
    """true or false."""
    return type(value) is bool


def text(limit: int) -> Check:
    """A string of at most `limit` bytes of UTF-8."""
    return lambda value: type(value) is str and len(value.encode()) <= limit


def nilable(check: Check) -> Check:
    """nil, or what the other check takes."""
    return lambda value: value is None or check(value)


def array(check: Check, shortest: int, longest: int) -> Check:
    """An array whose items all pass."""
    return lambda value: (
        type(value) is list
        and shortest <= len(value) <= longest
        and all(check(item) for item in value)
    )


class Layout(Generic[R]):
    """The table of one family of arrays, both ways.

    :param what: what one such array is called in an error's sentence: "frame", "delta".
    """

    def __init__(self, what: str, rows: Mapping[int, tuple[type[R], tuple[Check, ...]]]) -> None:
        self.what = what
        self.rows = dict(rows)
        self._numbers = {kind: number for number, (kind, _) in self.rows.items()}
        self._names: dict[type[R], tuple[str, ...]] = {}
        for kind, checks in self.rows.values():
            names = tuple(field.name for field in fields(kind))  # type: ignore[arg-type]
            if len(names) != len(checks):
                raise MisuseError(f"{kind.__name__} has {len(names)} fields, {len(checks)} checks")
            self._names[kind] = names

    def number(self, kind: type[R]) -> int:
        """The type number that stands first in the array."""
        return self._numbers[kind]

    def holds(self, record: object) -> bool:
        """Whether this table has a row for the record's type."""
        return type(record) in self._numbers

    def to_array(self, record: R) -> list[Any]:
        """`[type, field, …]`, ready for msgpack; MisuseError where a field is out of bounds."""
        kind = type(record)
        number = self._numbers[kind]
        values = [getattr(record, name) for name in self._names[kind]]
        for value, check, name in zip(values, self.rows[number][1], self._names[kind], strict=True):
            if not check(value):
                raise MisuseError(f"{kind.__name__}.{name} is out of its bounds")
        return [number, *values]

    def from_array(self, parsed: object) -> R:
        """The record that an unpacked value stands for, or MalformedError."""
        if type(parsed) is not list or not parsed or type(parsed[0]) is not int:
            raise MalformedError(f"a {self.what} is an array that starts with its type")
        row = self.rows.get(parsed[0])
        if row is None:
            raise MalformedError(f"there is no {self.what} of type {parsed[0]}")
        kind, checks = row
        if len(parsed) != len(checks) + 1:
            raise MalformedError(
                f"a {self.what} of type {parsed[0]} has {len(checks)} fields, not {len(parsed) - 1}"
            )
        del parsed[0]
        for position, check in enumerate(checks):
            if not check(parsed[position]):
                name = self._names[kind][position]
                raise MalformedError(f"{kind.__name__}.{name} is not of its type or size")
        return kind(*parsed)
