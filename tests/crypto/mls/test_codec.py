"""The presentation language: every form is read back, every other one is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.cipher_suite import CipherSuite, SignatureKeyPair
from crypto.mls.codec import MAX_VECTOR_LENGTH, Reader, Struct, Writer, encode_length
from crypto.mls.credential import BasicCredential, X509Credential
from crypto.mls.errors import DecodeError, UsageError
from crypto.mls.extensions import Extension, RequiredCapabilities
from crypto.mls.hpke import HpkeCiphertext
from crypto.mls.kem import KemKeyPair
from crypto.mls.key_package import KeyPackage, KeyPackageSecrets
from crypto.mls.leaf_node import (
    Capabilities,
    CommitSource,
    KeyPackageSource,
    LeafNode,
    Lifetime,
    UpdateSource,
)
from crypto.mls.ratchet_tree import ParentNode
from crypto.mls.treekem import NewPath, TreeKemPrivate, UpdatePath, UpdatePathNode
from tests.vectors import vectors


@dataclass(frozen=True, slots=True)
class Sample(Struct):
    """One field of each kind."""

    small: int
    medium: int
    large: int
    huge: int
    data: bytes
    maybe: Inner | None
    numbers: tuple[int, ...]
    inners: tuple[Inner, ...]
    fixed: bytes

    def write(self, writer: Writer) -> None:
        writer.uint8(self.small)
        writer.uint16(self.medium)
        writer.uint32(self.large)
        writer.uint64(self.huge)
        writer.opaque(self.data)
        writer.optional(self.maybe)
        writer.vector(self.numbers, Writer.uint16)
        writer.structs(self.inners)
        writer.raw(self.fixed)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.uint8(),
            reader.uint16(),
            reader.uint32(),
            reader.uint64(),
            reader.opaque(),
            reader.optional(Inner.read),
            tuple(reader.vector(Reader.uint16)),
            tuple(reader.vector(Inner.read)),
            reader.raw(3),
        )


@dataclass(frozen=True, slots=True)
class Inner(Struct):
    data: bytes

    def write(self, writer: Writer) -> None:
        writer.opaque(self.data)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque())


inners = st.builds(Inner, st.binary(max_size=100))
samples = st.builds(
    Sample,
    small=st.integers(0, 2**8 - 1),
    medium=st.integers(0, 2**16 - 1),
    large=st.integers(0, 2**32 - 1),
    huge=st.integers(0, 2**64 - 1),
    data=st.binary(max_size=200),
    maybe=st.none() | inners,
    numbers=st.lists(st.integers(0, 2**16 - 1), max_size=50).map(tuple),
    inners=st.lists(inners, max_size=5).map(tuple),
    fixed=st.binary(min_size=3, max_size=3),
)

EXAMPLE = Sample(1, 2, 3, 4, b"data", Inner(b"x"), (5, 6), (Inner(b""), Inner(b"y")), b"end")
EXAMPLE_BYTES = bytes.fromhex(
    "01 0002 00000003 0000000000000004 0464617461 010178 0400050006 03000179 656e64"
)


class TestStruct:
    def test_the_layout(self) -> None:
        assert EXAMPLE.encode() == EXAMPLE_BYTES
        assert Sample.decode(EXAMPLE_BYTES) == EXAMPLE

    @given(samples)
    def test_what_is_written_is_read_back(self, sample: Sample) -> None:
        assert Sample.decode(sample.encode()) == sample

    @given(samples)
    def test_one_byte_more_is_refused(self, sample: Sample) -> None:
        with pytest.raises(DecodeError, match="1 bytes follow the structure"):
            Sample.decode(sample.encode() + b"\0")

    @pytest.mark.parametrize("length", range(len(EXAMPLE_BYTES)))
    def test_fewer_bytes_are_refused(self, length: int) -> None:
        with pytest.raises(DecodeError):
            Sample.decode(EXAMPLE_BYTES[:length])

    @given(st.binary(max_size=100))
    def test_any_bytes_decode_to_what_encodes_to_them(self, data: bytes) -> None:
        try:
            sample = Sample.decode(data)
        except DecodeError:
            return
        assert sample.encode() == data


class TestLength:
    def test_the_working_group_vectors(self) -> None:
        for case in vectors("deserialization"):
            header = bytes.fromhex(case["vlbytes_header"])
            assert Reader(header).length() == case["length"]
            assert encode_length(case["length"]) == header

    @pytest.mark.parametrize(
        ("length", "encoded"),
        [
            (0, "00"),
            (63, "3f"),
            (64, "4040"),
            (16383, "7fff"),
            (16384, "80004000"),
            (MAX_VECTOR_LENGTH, "bfffffff"),
        ],
    )
    def test_the_shortest_form_at_every_bound(self, length: int, encoded: str) -> None:
        assert encode_length(length).hex() == encoded
        assert Reader(bytes.fromhex(encoded)).length() == length

    @given(st.integers(0, MAX_VECTOR_LENGTH))
    def test_every_length_is_read_back(self, length: int) -> None:
        assert Reader(encode_length(length)).length() == length

    def test_longer_vectors_are_the_callers_mistake(self) -> None:
        with pytest.raises(UsageError, match="longer than 1073741823"):
            encode_length(MAX_VECTOR_LENGTH + 1)

    @pytest.mark.parametrize("encoded", ["4000", "403f", "80000000", "8000003f", "80003fff"])
    def test_longer_forms_than_needed_are_refused(self, encoded: str) -> None:
        with pytest.raises(DecodeError, match="shortest form"):
            Reader(bytes.fromhex(encoded)).length()

    @pytest.mark.parametrize("encoded", ["c0", "ff", "c000000000000000", "ffffffffffffffff"])
    def test_the_prefix_11_is_refused(self, encoded: str) -> None:
        with pytest.raises(DecodeError, match="prefix 11"):
            Reader(bytes.fromhex(encoded)).length()

    @pytest.mark.parametrize("encoded", ["", "40", "80", "8000", "800040"])
    def test_a_cut_length_is_refused(self, encoded: str) -> None:
        with pytest.raises(DecodeError, match="announced"):
            Reader(bytes.fromhex(encoded)).length()


class TestReader:
    @pytest.mark.parametrize(
        "read", [Reader.uint8, Reader.uint16, Reader.uint32, Reader.uint64, Reader.opaque]
    )
    def test_nothing_is_read_from_nothing(self, read: Callable[[Reader], object]) -> None:
        with pytest.raises(DecodeError):
            read(Reader(b""))

    def test_a_failed_read_says_what_was_missing(self) -> None:
        with pytest.raises(DecodeError, match="4 bytes announced, 2 left"):
            Reader(b"\x01\x02").uint32()

    @pytest.mark.parametrize("presence", [2, 0x7F, 0xFF])
    def test_a_presence_byte_is_0_or_1(self, presence: int) -> None:
        with pytest.raises(DecodeError, match=r"presence byte.*\(codec\.presence\)"):
            Reader(bytes((presence, 0))).optional(Reader.uint8)

    def test_a_vector_longer_than_the_data_is_refused_before_its_items(self) -> None:
        with pytest.raises(DecodeError, match="5 bytes announced, 4 left"):
            Reader(b"\x05\x00\x01\x00\x02").vector(Reader.uint16)

    def test_an_item_may_not_reach_beyond_its_vector(self) -> None:
        with pytest.raises(DecodeError, match="2 bytes announced, 1 left"):
            Reader(b"\x03\x00\x01\x00\x02").vector(Reader.uint16)

    def test_a_vector_leaves_what_follows_it(self) -> None:
        reader = Reader(b"\x02\x00\x01\x07")
        assert reader.vector(Reader.uint16) == [1]
        assert reader.uint8() == 7
        assert reader.at_end()

    def test_a_vector_within_a_vector(self) -> None:
        writer = Writer()
        writer.vector([b"a", b"", b"bc"], Writer.opaque)
        assert Reader(writer.getvalue()).vector(Reader.opaque) == [b"a", b"", b"bc"]

    def test_position_and_since_give_the_bytes_as_received(self) -> None:
        reader = Reader(b"\x01\x02\x03\x04")
        reader.uint8()
        start = reader.position()
        reader.uint16()
        assert start == 1
        assert reader.since(start) == b"\x02\x03"

    def test_positions_within_a_vector_count_from_the_beginning_of_all(self) -> None:
        reader = Reader(b"\xff\x02\x01\x02")
        reader.uint8()
        assert reader.vector(lambda inner: (inner.position(), inner.uint8())) == [(2, 1), (3, 2)]

    def test_the_rest_is_all_that_is_left(self) -> None:
        reader = Reader(b"\x01\x02\x03")
        reader.uint8()
        assert reader.rest() == b"\x02\x03"
        assert reader.rest() == b""
        reader.finish()

    def test_finish_refuses_what_follows(self) -> None:
        with pytest.raises(DecodeError, match="2 bytes follow"):
            Reader(b"\x01\x02").finish()


def test_numbers_that_do_not_fit_are_not_cut() -> None:
    writer = Writer()
    for write, bits in (
        (writer.uint8, 8),
        (writer.uint16, 16),
        (writer.uint32, 32),
        (writer.uint64, 64),
    ):
        with pytest.raises(UsageError):
            write(1 << bits)
        with pytest.raises(UsageError):
            write(-1)
    assert writer.getvalue() == b""


FROZEN: tuple[type[Any], ...] = (
    BasicCredential,
    Capabilities,
    CommitSource,
    Extension,
    HpkeCiphertext,
    KeyPackage,
    KeyPackageSource,
    LeafNode,
    Lifetime,
    ParentNode,
    RequiredCapabilities,
    UpdatePath,
    UpdatePathNode,
    UpdateSource,
    X509Credential,
    # Not structures, but values that are shared as if they were:
    CipherSuite,
    KemKeyPair,
    KeyPackageSecrets,
    NewPath,
    SignatureKeyPair,
    TreeKemPrivate,
)


@pytest.mark.parametrize("kind", FROZEN, ids=lambda kind: kind.__name__)
def test_structures_cannot_be_changed(kind: type[Any]) -> None:
    value = object.__new__(kind)
    assert not hasattr(value, "__dict__")
    for name in (*(field.name for field in fields(kind)), "anything"):
        with pytest.raises((FrozenInstanceError, TypeError)):
            setattr(value, name, b"")
