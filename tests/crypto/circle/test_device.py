"""A device's extension: its bytes, its bounds, and who vouches for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.circle.device import Device, Identity, device_statement
from crypto.errors import FieldError
from crypto.mls.errors import DecodeError
from tests.crypto.circle.scene import seeded

IDENTITY = Identity.generate(seeded("device"))
CIRCLE = b"\x0c" * 16
DEVICE = IDENTITY.device(CIRCLE, "Ana", "phone")

_texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8)


def test_its_bytes_are_those_of_the_page() -> None:
    device = Device("Ana", "", b"\x01" * 32, b"\x02" * 64)
    assert device.encode() == b"\x03Ana\x00" + b"\x01" * 32 + b"\x02" * 64


@given(_texts.filter(bool), _texts)
def test_any_device_is_read_as_it_was_written(name: str, label: str) -> None:
    device = Device(name, label, b"\x01" * 32, b"\x02" * 64)
    assert Device.decode(device.encode()) == device


def test_the_statement_is_that_of_the_page() -> None:
    expected = b"hallway device 1" + CIRCLE + b"\x01" * 32 + b"\x02" * 32
    assert device_statement(CIRCLE, b"\x01" * 32, b"\x02" * 32) == expected


def test_an_identity_is_three_different_pairs() -> None:
    keys = {IDENTITY.member.public, IDENTITY.leaf.public, IDENTITY.access.public}
    assert len(keys) == 3


def test_the_member_key_vouches_for_leaf_and_access_key_in_one_circle() -> None:
    member, leaf = IDENTITY.member.public, IDENTITY.leaf.public
    assert DEVICE.access_key == IDENTITY.access.public
    assert DEVICE.verify(CIRCLE, member, leaf)
    assert not DEVICE.verify(b"\x0d" * 16, member, leaf)
    assert not DEVICE.verify(CIRCLE, leaf, leaf)
    assert not DEVICE.verify(CIRCLE, member, member)
    assert not replace(DEVICE, access_key=b"\x01" * 32).verify(CIRCLE, member, leaf)
    assert not replace(DEVICE, signature=bytes(64)).verify(CIRCLE, member, leaf)


def test_a_name_and_a_label_may_change_without_the_member_key() -> None:
    renamed = replace(DEVICE, name="Anna", label="desk")
    assert renamed.verify(CIRCLE, IDENTITY.member.public, IDENTITY.leaf.public)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "a person's name has 1 to 64 bytes"),
        ({"name": "a" * 65}, "a person's name has 1 to 64 bytes"),
        ({"name": "a\x1b[2J"}, "control character"),
        ({"label": "a" * 33}, "a device's label has 0 to 32 bytes"),
        ({"access_key": bytes(31)}, "an access key"),
        ({"signature": bytes(63)}, "a device's signature"),
    ],
)
def test_what_is_out_of_bounds_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(FieldError, match=words):
        replace(DEVICE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a" * 64, "a"])
def test_the_longest_and_shortest_name_pass(name: str) -> None:
    assert replace(DEVICE, name=name, label="b" * 32).name == name


def test_bytes_out_of_bounds_are_refused_on_reading() -> None:
    with pytest.raises(FieldError, match="a person's name"):
        Device.decode(b"\x00" + DEVICE.encode()[4:])
    with pytest.raises(DecodeError, match="follow"):
        Device.decode(DEVICE.encode() + b"\x00")
    with pytest.raises(DecodeError):
        Device.decode(DEVICE.encode()[:-1])


def test_no_secret_is_shown() -> None:
    for pair in (IDENTITY.member, IDENTITY.leaf):
        assert pair.secret.reveal().hex() not in repr(IDENTITY)
    assert repr(IDENTITY.access.seed.reveal()) not in repr(IDENTITY)
