"""Proposals: the numbers of their types, unknown ones, and the round trip of each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.codec import Reader, Writer
from crypto.mls.errors import DecodeError
from crypto.mls.extensions import Extension
from crypto.mls.proposals import (
    DEFAULT_PROPOSAL_TYPES,
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    Update,
    read_proposal,
    write_proposal,
)
from crypto.mls.tree_math import LeafIndex
from tests.vectors import vectors

extensions = st.lists(
    st.builds(Extension, st.integers(0, 0xFFFF), st.binary(max_size=80)), max_size=4
).map(tuple)
simple_proposals = st.one_of(
    st.builds(Remove, st.integers(0, 0xFFFF_FFFF).map(LeafIndex)),
    st.builds(
        ReInit,
        st.binary(max_size=40),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFF),
        extensions,
    ),
    st.builds(ExternalInit, st.binary(max_size=40)),
    st.builds(GroupContextExtensions, extensions),
)


def written(proposal: Proposal) -> bytes:
    writer = Writer()
    write_proposal(writer, proposal)
    return writer.getvalue()


@given(simple_proposals)
def test_a_proposal_survives_the_round_trip(proposal: Proposal) -> None:
    reader = Reader(written(proposal))
    assert read_proposal(reader) == proposal
    reader.finish()


def test_types_have_the_numbers_of_the_registry() -> None:
    kinds = (Add, Update, Remove, PreSharedKey, ReInit, ExternalInit, GroupContextExtensions)
    assert [kind.proposal_type for kind in kinds] == [1, 2, 3, 4, 5, 6, 7]
    assert set(range(1, 8)) == DEFAULT_PROPOSAL_TYPES


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("add_proposal", Add),
        ("update_proposal", Update),
        ("remove_proposal", Remove),
        ("pre_shared_key_proposal", PreSharedKey),
        ("re_init_proposal", ReInit),
        ("external_init_proposal", ExternalInit),
        ("group_context_extensions_proposal", GroupContextExtensions),
    ],
)
def test_the_type_goes_before_the_body(name: str, kind: type[Proposal]) -> None:
    body = bytes.fromhex(vectors("messages")[0][name])
    data = kind.proposal_type.to_bytes(2) + body
    proposal = read_proposal(Reader(data))
    assert type(proposal) is kind
    assert written(proposal) == data


@pytest.mark.parametrize("proposal_type", [0, 8, 0x0A0A, 0xFFFF])
def test_an_unknown_type_cannot_be_read(proposal_type: int) -> None:
    with pytest.raises(DecodeError, match="unknown"):
        read_proposal(Reader(proposal_type.to_bytes(2) + bytes(8)))
