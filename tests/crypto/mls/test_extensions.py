"""Extensions are kept as they came, known or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls import extensions
from crypto.mls.errors import DecodeError
from crypto.mls.extensions import (
    APPLICATION_ID,
    REQUIRED_CAPABILITIES,
    Extension,
    RequiredCapabilities,
)

code_points = st.integers(0, 0xFFFF)
some_code_points = st.lists(code_points, max_size=5).map(tuple)

GREASE = 0x0A0A


@given(code_points, st.binary(max_size=100))
def test_any_extension_is_read_back(extension_type: int, data: bytes) -> None:
    extension = Extension(extension_type, data)
    assert Extension.decode(extension.encode()) == extension


def test_the_types_are_those_of_section_17_3() -> None:
    assert extensions.APPLICATION_ID == 0x0001
    assert extensions.RATCHET_TREE == 0x0002
    assert extensions.REQUIRED_CAPABILITIES == 0x0003
    assert extensions.EXTERNAL_PUB == 0x0004
    assert extensions.EXTERNAL_SENDERS == 0x0005
    assert {1, 2, 3, 4, 5} == extensions.DEFAULT_EXTENSION_TYPES


def test_the_layout() -> None:
    assert Extension(GREASE, b"data").encode() == b"\x0a\x0a\x04data"


def test_the_data_are_not_printed() -> None:
    assert repr(Extension(GREASE, b"a key of the group")) == "Extension(extension_type=2570)"


@given(some_code_points, some_code_points, some_code_points)
def test_required_capabilities_are_read_back(
    extension_types: tuple[int, ...],
    proposal_types: tuple[int, ...],
    credential_types: tuple[int, ...],
) -> None:
    required = RequiredCapabilities(extension_types, proposal_types, credential_types)
    assert RequiredCapabilities.decode(required.encode()) == required
    listed = [Extension(GREASE, b""), required.as_extension()]
    assert extensions.required_capabilities(listed) == required


def test_the_layout_of_required_capabilities() -> None:
    required = RequiredCapabilities((0xF1,), (), (1, 2))
    assert required.as_extension() == Extension(0x0003, bytes.fromhex("0200f1 00 0400010002"))


def test_a_group_without_the_extension_requires_nothing() -> None:
    assert extensions.required_capabilities([]) == RequiredCapabilities()


@pytest.mark.parametrize("data", [b"", b"\0\0", b"\0\0\0\0", b"\x01\0\0\0"])
def test_malformed_required_capabilities_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        extensions.required_capabilities([Extension(REQUIRED_CAPABILITIES, data)])


def test_finding_one_by_its_type() -> None:
    listed = [Extension(GREASE, b"a"), Extension(APPLICATION_ID, b"b")]
    assert extensions.find_extension(listed, APPLICATION_ID) == b"b"
    assert extensions.find_extension(listed, REQUIRED_CAPABILITIES) is None
    assert extensions.find_extension([Extension(GREASE, b"")], GREASE) == b""


def test_a_type_that_occurs_twice_is_found() -> None:
    once = [Extension(GREASE, b"a"), Extension(APPLICATION_ID, b"a")]
    assert extensions.repeated_type([]) is None
    assert extensions.repeated_type(once) is None
    assert extensions.repeated_type([*once, Extension(GREASE, b"b")]) == GREASE
