"""Applying proposals: the working group's `tree-operations` vectors, and the order of a list."""

from __future__ import annotations

from typing import Any

import pytest

from crypto.mls.codec import Reader
from crypto.mls.errors import InternalError
from crypto.mls.evolution import apply_proposals
from crypto.mls.proposals import ExternalInit, Remove, read_proposal
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.tree_hash import tree_hash
from crypto.mls.tree_math import LeafIndex
from tests.crypto.mls.aes_suite import AES128GCM_SUITE
from tests.vectors import vectors


@pytest.mark.parametrize("case", vectors("tree-operations"))
def test_a_proposal_leads_to_the_tree_of_the_vector(case: dict[str, Any]) -> None:
    before = RatchetTree.decode(bytes.fromhex(case["tree_before"]))
    assert tree_hash(AES128GCM_SUITE, before).hex() == case["tree_hash_before"]
    proposal = read_proposal(Reader(bytes.fromhex(case["proposal"])))
    evolution = apply_proposals((), before, [proposal], LeafIndex(case["proposal_sender"]))
    assert evolution.tree.encode().hex() == case["tree_after"]
    assert tree_hash(AES128GCM_SUITE, evolution.tree).hex() == case["tree_hash_after"]
    assert before.encode().hex() == case["tree_before"]


def a_tree() -> RatchetTree:
    return RatchetTree.decode(bytes.fromhex(vectors("tree-operations")[0]["tree_before"]))


def test_what_validation_should_have_refused_is_our_own_bug() -> None:
    with pytest.raises(InternalError, match="subset"):
        apply_proposals((), a_tree(), [ExternalInit(b"")], LeafIndex(0))
    with pytest.raises(InternalError, match="nobody"):
        apply_proposals((), a_tree(), [Remove(LeafIndex(1 << 20))], LeafIndex(0))
