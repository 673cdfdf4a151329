"""Checks by themselves; those that need a whole message are in `test_processing`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.mls.commit import Commit
from crypto.mls.errors import DecodeError, InvalidError
from crypto.mls.extensions import REQUIRED_CAPABILITIES, Extension
from crypto.mls.leaf_node import CommitSource, KeyPackageSource, Lifetime, UpdateSource
from crypto.mls.proposals import Add, GroupContextExtensions, PreSharedKey, Remove
from crypto.mls.psk import ExternalPsk, PreSharedKeyID
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.tree_hash import MAX_LEAVES
from crypto.mls.tree_math import LeafIndex
from crypto.mls.validation import (
    check_extensions,
    check_key_package,
    check_lifetime,
    check_members,
    check_path_present,
    check_psks,
    path_required,
)
from tests.crypto.mls.members import LIFETIME, SUITE, make_member, make_tree, seeded

MEMBER = make_member(seeded("validation"))
LEAF = MEMBER.key_package.leaf_node
PSK = PreSharedKey(PreSharedKeyID(ExternalPsk(b""), bytes(32)))


class TestLifetimes:
    @pytest.mark.parametrize("now", [LIFETIME.not_before, LIFETIME.not_after])
    def test_both_ends_belong_to_it(self, now: int) -> None:
        check_lifetime(LEAF, now)

    @pytest.mark.parametrize("now", [0, LIFETIME.not_before - 1, LIFETIME.not_after + 1])
    def test_outside_it_a_key_package_is_not_valid(self, now: int) -> None:
        with pytest.raises(InvalidError) as caught:
            check_lifetime(LEAF, now)
        assert caught.value.rule == "leaf.lifetime"

    def test_it_may_be_no_longer_than_the_application_says(self) -> None:
        leaf = replace(LEAF, source=KeyPackageSource(Lifetime(100, 200)))
        check_lifetime(leaf, 150, longest=100)
        with pytest.raises(InvalidError) as caught:
            check_lifetime(leaf, 150, longest=99)
        assert caught.value.rule == "leaf.lifetime_length"

    def test_other_leaves_have_none(self) -> None:
        for source in (UpdateSource(), CommitSource(b"")):
            check_lifetime(replace(LEAF, source=source), 0, longest=0)


class TestPaths:
    @pytest.mark.parametrize(
        ("proposals", "required"),
        [
            ((), True),
            ((Remove(LeafIndex(1)),), True),
            ((GroupContextExtensions(()),), True),
            ((PSK,), False),
            ((Add(MEMBER.key_package),), False),
            ((Add(MEMBER.key_package), PSK), False),
            ((Add(MEMBER.key_package), Remove(LeafIndex(1))), True),
        ],
    )
    def test_most_proposals_need_one(self, proposals: tuple[Add, ...], required: bool) -> None:
        assert path_required(proposals) is required
        commit = Commit(proposals, None)
        if not required:
            check_path_present(commit, proposals)
            return
        with pytest.raises(InvalidError) as caught:
            check_path_present(commit, proposals)
        assert caught.value.rule == "commit.path_required"


def test_a_good_key_package_passes() -> None:
    check_key_package(SUITE, MEMBER.key_package)


def test_extensions_may_differ_in_type_only() -> None:
    one = Extension(1, b"")
    check_extensions(())
    check_extensions((one, Extension(2, b"")))
    with pytest.raises(InvalidError, match="0x0001") as caught:
        check_extensions((one, Extension(2, b""), Extension(1, b"other data")))
    assert caught.value.rule == "extensions.repeated"


def test_the_same_key_with_another_nonce_is_another_use() -> None:
    other = PreSharedKeyID(ExternalPsk(b""), b"\x01" * 32)
    check_psks(SUITE, [PSK.psk, other])
    with pytest.raises(InvalidError) as caught:
        check_psks(SUITE, [PSK.psk, other, PSK.psk])
    assert caught.value.rule == "psk.repeated"


def test_required_capabilities_that_cannot_be_read_are_refused() -> None:
    tree, _ = make_tree(seeded("required"), 2)
    check_members(SUITE, tree, ())
    with pytest.raises(DecodeError):
        check_members(SUITE, tree, (Extension(REQUIRED_CAPABILITIES, b"\x01"),))


def test_a_commit_does_not_make_a_tree_larger_than_a_newcomer_takes() -> None:
    first, last = LEAF, make_member(seeded("last")).key_package.leaf_node
    largest = RatchetTree([first, *[None] * (2 * MAX_LEAVES - 3), last])
    assert largest.leaf_count == MAX_LEAVES
    check_members(SUITE, largest, ())
    with pytest.raises(InvalidError) as caught:
        check_members(SUITE, RatchetTree([first, *[None] * (2 * MAX_LEAVES - 1), last]), ())
    assert caught.value.rule == "tree.size"
