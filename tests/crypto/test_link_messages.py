"""What two devices say to each other: every kind there and back, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import FieldError
from crypto.link_messages import (
    ADDRESS_LONGEST,
    PACKAGE_LONGEST,
    Declined,
    Finished,
    Have,
    Hello,
    Keys,
    LinkMessage,
    NotTaken,
    Offer,
    Package,
    Taken,
    Vouched,
    decode,
    encode,
)

OFFER = Offer(
    b"c" * 16, "Hallway", "chat.example.org", b"p" * 32, b"r" * 32, b"m" * 32, b"l" * 32, "Bo"
)
MESSAGES: list[LinkMessage] = [
    Hello("laptop"),
    OFFER,
    Offer(b"c" * 16, "Hallway", "ws://[::1]", b"", b"r" * 32, b"m" * 32, b"l" * 32, "Bo"),
    Keys(b"l" * 32, b"a" * 32),
    Vouched(b"s" * 64),
    Package(b"package"),
    Have(),
    Taken(7_000),
    NotTaken("You have three devices here."),
    Declined(),
    Finished(),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_there_and_back(message: LinkMessage) -> None:
    assert decode(encode(message)) == message


@pytest.mark.parametrize("message", MESSAGES)
def test_nothing_behind_a_message_and_nothing_missing(message: LinkMessage) -> None:
    data = encode(message)
    with pytest.raises(FieldError):
        decode(data + b"\0")
    with pytest.raises(FieldError):
        decode(data[:-1])


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x0b", b"\xff"])
def test_no_other_kind(data: bytes) -> None:
    with pytest.raises(FieldError):
        decode(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        message = decode(data)
    except FieldError:
        return
    assert decode(encode(message)) == message


def test_bounds() -> None:
    with pytest.raises(FieldError):
        Hello("")
    with pytest.raises(FieldError):
        Hello("a\nb")
    with pytest.raises(FieldError):
        Offer(b"c" * 16, "H", "a", b"p", b"r" * 32, b"m" * 32, b"l" * 32, "Bo")
    with pytest.raises(FieldError):
        Package(b"")
    with pytest.raises(FieldError):
        Package(bytes(PACKAGE_LONGEST + 1))


def test_a_key_package_is_in_no_repr() -> None:
    assert "package'" not in repr(Package(b"package"))


@pytest.mark.parametrize(
    ("field", "length"),
    [("circle_id", 16), ("relay_key", 32), ("member", 32), ("leaf_key", 32), ("pin", 32)],
)
@pytest.mark.parametrize("by", [-1, 1])
def test_fields_of_an_offer_have_their_lengths(field: str, length: int, by: int) -> None:
    with pytest.raises(FieldError):
        replace(OFFER, **{field: bytes(length + by)})  # type: ignore[arg-type]


def test_the_address_of_an_offer_is_bounded() -> None:
    for length in (1, ADDRESS_LONGEST):
        assert replace(OFFER, address="a" * length).address == "a" * length
    for length in (0, ADDRESS_LONGEST + 1):
        with pytest.raises(FieldError):
            replace(OFFER, address="a" * length)


@pytest.mark.parametrize("length", [31, 33])
def test_keys_have_their_length(length: int) -> None:
    with pytest.raises(FieldError):
        Keys(bytes(length), bytes(32))
    with pytest.raises(FieldError):
        Keys(bytes(32), bytes(length))
    with pytest.raises(FieldError):
        Vouched(bytes(2 * length))


def test_a_key_package_is_bounded() -> None:
    for length in (1, PACKAGE_LONGEST):
        assert len(Package(bytes(length)).key_package) == length
    for length in (0, PACKAGE_LONGEST + 1):
        with pytest.raises(FieldError):
            Package(bytes(length))
