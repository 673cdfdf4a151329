"""GroupContext: its bytes, and that they are written once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.codec import Writer
from crypto.mls.errors import DecodeError
from crypto.mls.extensions import Extension
from crypto.mls.group_context import GroupContext
from tests.vectors import vectors

uint16 = st.integers(0, 0xFFFF)
contexts = st.builds(
    GroupContext,
    version=uint16,
    cipher_suite=uint16,
    group_id=st.binary(max_size=70),
    epoch=st.integers(0, 2**64 - 1),
    tree_hash=st.binary(max_size=32),
    confirmed_transcript_hash=st.binary(max_size=32),
    extensions=st.lists(st.builds(Extension, uint16, st.binary(max_size=80)), max_size=3).map(
        tuple
    ),
)


def a_context() -> GroupContext:
    extensions = (Extension(0xF001, b"data"),)
    return GroupContext(1, 3, b"group", 7, b"\x01" * 32, b"\x02" * 32, extensions)


@given(contexts)
def test_a_context_survives_the_round_trip(context: GroupContext) -> None:
    data = context.encode()
    again = GroupContext.decode(data)
    assert again == context
    assert again.encode() == data


def test_fields_stand_in_the_order_of_the_rfc() -> None:
    assert (
        a_context().encode().hex()
        == (
            "0001"  # version
            "0003"  # cipher suite
            "05" + b"group".hex() + "0000000000000007"
            "20" + "01" * 32 + "20" + "02" * 32 + "07" + "f001" + "04" + b"data".hex()
        )
    )


def test_the_bytes_are_those_of_the_vectors() -> None:
    (case,) = vectors("key-schedule")
    for number, epoch in enumerate(case["epochs"]):
        context = GroupContext(
            version=1,
            cipher_suite=case["cipher_suite"],
            group_id=bytes.fromhex(case["group_id"]),
            epoch=number,
            tree_hash=bytes.fromhex(epoch["tree_hash"]),
            confirmed_transcript_hash=bytes.fromhex(epoch["confirmed_transcript_hash"]),
            extensions=(),
        )
        assert context.encode().hex() == epoch["group_context"]


def test_the_bytes_are_written_once() -> None:
    context = a_context()
    assert context.encode() is context.encode()


def test_a_changed_context_has_bytes_of_its_own() -> None:
    context = a_context()
    before = context.encode()
    after = replace(context, epoch=8)
    assert after.encode() != before
    assert GroupContext.decode(after.encode()).epoch == 8
    assert context.encode() == before


def test_what_was_written_makes_no_difference_to_equality() -> None:
    written, fresh = a_context(), a_context()
    written.encode()
    assert written == fresh
    assert hash(written) == hash(fresh)
    assert repr(written) == repr(fresh)


def test_a_context_inside_another_structure_has_the_same_bytes() -> None:
    writer = Writer()
    writer.struct(a_context())
    assert writer.getvalue() == a_context().encode()


def test_a_context_with_more_or_less_is_refused() -> None:
    data = a_context().encode()
    for damaged in (data + b"\x00", data[:-1], b""):
        with pytest.raises(DecodeError):
            GroupContext.decode(damaged)
