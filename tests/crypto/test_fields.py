"""Bounds, texts and heads as structures hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import pytest

from crypto.errors import FieldError
from crypto.fields import (
    NUMBER_HIGHEST,
    bounded,
    decoded,
    exact,
    read_head,
    read_number,
    read_text,
    sized,
    write_head,
    write_text,
)
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.errors import DecodeError
from tests.crypto.material import HEAD


@dataclass(frozen=True, slots=True)
class Named(Struct):
    """A structure of one text, to try reading on."""

    name: str

    def write(self, writer: Writer) -> None:
        write_text(writer, self.name)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(read_text(reader))


def test_bytes_have_one_length() -> None:
    exact(b"ab", 2, "a thing")
    for value in (b"a", b"abc"):
        with pytest.raises(FieldError, match=f"a thing has 2 bytes, not {len(value)}"):
            exact(value, 2, "a thing")


def test_numbers_have_bounds() -> None:
    bounded(1, 1, 3, "a number")
    bounded(3, 1, 3, "a number")
    for value in (0, 4):
        with pytest.raises(FieldError, match=f"a number is from 1 to 3, not {value}"):
            bounded(value, 1, 3, "a number")


def test_texts_are_counted_in_bytes() -> None:
    sized("", 0, 4, "a name")
    sized("éé", 4, 4, "a name")
    for value in ("", "ééé"):
        with pytest.raises(FieldError, match="a name has 1 to 4 bytes"):
            sized(value, 1, 4, "a name")


def test_a_lone_surrogate_is_no_text() -> None:
    with pytest.raises(FieldError, match="not valid Unicode"):
        sized("\ud800", 0, 10, "a name")


def test_texts_are_utf8() -> None:
    assert Named("Zoë").encode() == b"\x04Zo\xc3\xab"
    assert Named.decode(b"\x04Zo\xc3\xab") == Named("Zoë")
    for data in (b"\x01\xff", b"\x03\xed\xa0\x80", b"\x02\xc0\x80"):
        with pytest.raises(FieldError, match="UTF-8"):
            Named.decode(data)


def test_whatever_is_wrong_with_bytes_is_a_field_error() -> None:
    assert decoded(Named, b"\x01a", "a thing") == Named("a")
    with pytest.raises(FieldError, match="a thing is not well formed"):
        decoded(Named, b"\x02a", "a thing")
    with pytest.raises(FieldError, match="UTF-8"):
        decoded(Named, b"\x01\xff", "a thing")


def test_a_field_error_is_a_decode_error() -> None:
    assert issubclass(FieldError, DecodeError)


def test_a_head_stands_in_a_structure() -> None:
    writer = Writer()
    write_head(writer, HEAD)
    assert writer.getvalue() == HEAD.encode()
    reader = Reader(writer.getvalue())
    assert read_head(reader) == HEAD
    reader.finish()
    with pytest.raises(DecodeError):
        read_head(Reader(HEAD.encode()[:-1]))


def test_numbers_are_what_any_machine_counts_with() -> None:
    for value in (0, NUMBER_HIGHEST):
        assert read_number(Reader(value.to_bytes(8)), "a number") == value
    for value in (NUMBER_HIGHEST + 1, 2**64 - 1):
        with pytest.raises(FieldError, match="a number is from 0"):
            read_number(Reader(value.to_bytes(8)), "a number")
