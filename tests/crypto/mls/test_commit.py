"""Commits: proposals by value and by reference, with a path and without."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.codec import Reader
from crypto.mls.commit import Commit, ProposalReference, read_proposal_or_ref
from crypto.mls.errors import DecodeError
from tests.crypto.mls.test_proposals import simple_proposals
from tests.vectors import vectors


@given(st.lists(simple_proposals | st.builds(ProposalReference, st.binary(max_size=40))))
def test_a_commit_without_a_path_survives_the_round_trip(
    proposals: list[ProposalReference],
) -> None:
    commit = Commit(tuple(proposals), None)
    assert Commit.decode(commit.encode()) == commit


def test_a_commit_with_a_path_is_read() -> None:
    commits = [Commit.decode(bytes.fromhex(case["commit"])) for case in vectors("messages")]
    assert any(commit.path is not None for commit in commits)
    assert any(
        isinstance(proposal, ProposalReference)
        for commit in commits
        for proposal in commit.proposals
    )


@pytest.mark.parametrize("kind", [0, 3, 255])
def test_a_proposal_is_by_value_or_by_reference(kind: int) -> None:
    with pytest.raises(DecodeError, match="type 1 or 2"):
        read_proposal_or_ref(Reader(bytes((kind, 0))))
