"""Leaf nodes: read back, signed for their place, able to do what they say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.credential import BasicCredential, X509Credential
from crypto.mls.errors import DecodeError, UsageError
from crypto.mls.extensions import DEFAULT_EXTENSION_TYPES, Extension, RequiredCapabilities
from crypto.mls.leaf_node import (
    MLS10,
    Capabilities,
    CommitSource,
    KeyPackageSource,
    LeafNode,
    LeafNodeSource,
    Lifetime,
    UpdateSource,
)
from crypto.mls.tree_math import LeafIndex
from tests.crypto.mls.members import CAPABILITIES, GROUP_ID, LIFETIME, SUITE, make_member, seeded
from tests.crypto.mls.test_credential import credentials
from tests.crypto.mls.test_extensions import GREASE, code_points, some_code_points

KEY_PAIR = SignatureKeyPair.generate(seeded("leaf"))
LEAF = LeafNode(
    encryption_key=SUITE.kem.generate_key_pair(seeded("leaf key")).public,
    signature_key=KEY_PAIR.public,
    credential=BasicCredential(b"Ana"),
    capabilities=CAPABILITIES,
    source=KeyPackageSource(LIFETIME),
)
PLACE = LeafIndex(3)

times = st.integers(0, 2**64 - 1)
sources: st.SearchStrategy[LeafNodeSource] = st.one_of(
    st.builds(KeyPackageSource, st.builds(Lifetime, times, times)),
    st.just(UpdateSource()),
    st.builds(CommitSource, st.binary(max_size=32)),
)
leaf_nodes = st.builds(
    LeafNode,
    encryption_key=st.binary(max_size=40),
    signature_key=st.binary(max_size=40),
    credential=credentials,
    capabilities=st.builds(Capabilities, *[some_code_points] * 5),
    source=sources,
    extensions=st.lists(st.builds(Extension, code_points, st.binary(max_size=20)), max_size=3).map(
        tuple
    ),
    signature=st.binary(max_size=70),
)


class TestLayout:
    @given(leaf_nodes)
    def test_what_is_written_is_read_back(self, leaf: LeafNode) -> None:
        assert LeafNode.decode(leaf.encode()) == leaf

    def test_the_fields_in_their_order(self) -> None:
        leaf = LeafNode(
            b"enc",
            b"sig",
            BasicCredential(b"Ana"),
            Capabilities((1,), (3,), (GREASE,), (), (1, 2)),
            KeyPackageSource(Lifetime(1, 2)),
            (Extension(GREASE, b"x"),),
            b"signed",
        )
        assert leaf.encode() == (
            b"\x03enc\x03sig\x00\x01\x03Ana"
            b"\x02\x00\x01\x02\x00\x03\x02\x0a\x0a\x00\x04\x00\x01\x00\x02"
            b"\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02"
            b"\x04\x0a\x0a\x01x\x06signed"
        )

    def test_the_three_sources(self) -> None:
        by_commit = replace(LEAF, source=CommitSource(b"hash")).encode()
        assert b"\x03\x04hash" in by_commit
        by_update = replace(LEAF, source=UpdateSource()).encode()
        assert len(by_update) == len(by_commit) - len(b"\x04hash")

    @pytest.mark.parametrize("code", [0, 4, 255])
    def test_another_source_is_refused(self, code: int) -> None:
        encoded = replace(LEAF, source=UpdateSource()).encode()
        assert encoded[-3:] == b"\x02\x00\x00"  # source, no extensions, no signature
        with pytest.raises(DecodeError, match=f"1, 2 or 3, not {code}"):
            LeafNode.decode(encoded[:-3] + bytes((code, 0, 0)))

    def test_the_parent_hash_is_that_of_a_commit_alone(self) -> None:
        assert replace(LEAF, source=CommitSource(b"hash")).parent_hash == b"hash"
        assert replace(LEAF, source=CommitSource(b"")).parent_hash == b""
        assert replace(LEAF, source=UpdateSource()).parent_hash is None
        assert LEAF.parent_hash is None


class TestSignature:
    def test_a_key_packages_leaf_is_bound_to_no_place(self) -> None:
        leaf = LEAF.signed(SUITE, KEY_PAIR)
        assert leaf.verify(SUITE)
        assert leaf.verify(SUITE, GROUP_ID, PLACE)

    @pytest.mark.parametrize("source", [UpdateSource(), CommitSource(b"hash")])
    def test_a_members_leaf_is_bound_to_its_place(self, source: LeafNodeSource) -> None:
        leaf = replace(LEAF, source=source).signed(SUITE, KEY_PAIR, GROUP_ID, PLACE)
        assert leaf.verify(SUITE, GROUP_ID, PLACE)
        assert not leaf.verify(SUITE, GROUP_ID, LeafIndex(PLACE + 1))
        assert not leaf.verify(SUITE, GROUP_ID + b"!", PLACE)

    @pytest.mark.parametrize("source", [UpdateSource(), CommitSource(b"hash")])
    @pytest.mark.parametrize(("group_id", "place"), [(None, None), (GROUP_ID, None), (None, PLACE)])
    def test_a_members_leaf_needs_its_whole_place(
        self, source: LeafNodeSource, group_id: bytes | None, place: LeafIndex | None
    ) -> None:
        leaf = replace(LEAF, source=source)
        with pytest.raises(UsageError, match="its group and its place"):
            leaf.signed(SUITE, KEY_PAIR, group_id, place)
        with pytest.raises(UsageError, match="its group and its place"):
            leaf.verify(SUITE, group_id, place)

    @pytest.mark.parametrize(
        "change",
        [
            {"encryption_key": bytes(32)},
            {"signature_key": SignatureKeyPair.generate(seeded("other")).public},
            {"credential": BasicCredential(b"Bo")},
            {"credential": X509Credential((b"Ana",))},
            {"capabilities": replace(CAPABILITIES, extensions=(GREASE,))},
            {"source": KeyPackageSource(replace(LIFETIME, not_after=LIFETIME.not_after + 1))},
            {"source": UpdateSource()},
            {"extensions": (Extension(GREASE, b""),)},
            {"signature": bytes(64)},
            {"signature": b""},
        ],
        ids=lambda change: "".join(change),
    )
    def test_every_field_is_signed(self, change: dict[str, object]) -> None:
        leaf = replace(LEAF.signed(SUITE, KEY_PAIR), **change)  # type: ignore[arg-type]
        assert not leaf.verify(SUITE, GROUP_ID, PLACE)

    def test_only_its_own_key_may_sign(self) -> None:
        with pytest.raises(UsageError, match="its own signature key"):
            LEAF.signed(SUITE, SignatureKeyPair.generate(seeded("other")))

    def test_a_members_leaf_verifies(self) -> None:
        assert make_member(seeded(1)).key_package.leaf_node.verify(SUITE)


class TestCapabilities:
    NOTHING = Capabilities((), (), (), (), ())

    def test_default_extensions_and_proposals_need_no_listing(self) -> None:
        assert self.NOTHING.supports_extensions(DEFAULT_EXTENSION_TYPES)
        assert self.NOTHING.supports_proposals(range(1, 8))

    @pytest.mark.parametrize("code", [0, 8, GREASE])
    def test_others_do(self, code: int) -> None:
        listing = replace(self.NOTHING, extensions=(code,), proposals=(code,), credentials=(code,))
        assert listing.supports_extensions([code])
        assert listing.supports_proposals([code])
        assert listing.supports_credentials([code])
        assert not self.NOTHING.supports_extensions([code])
        assert not self.NOTHING.supports_proposals([code])
        assert not self.NOTHING.supports_credentials([code])

    def test_no_credential_is_a_default_one(self) -> None:
        assert not self.NOTHING.supports_credentials([BasicCredential.credential_type])

    def test_meeting_what_a_group_requires(self) -> None:
        able = replace(self.NOTHING, extensions=(0xF0,), proposals=(0xF1,), credentials=(0xF2,))
        assert able.meet(RequiredCapabilities((0xF0, 1), (0xF1, 1), (0xF2,)))
        assert self.NOTHING.meet(RequiredCapabilities())
        for required in (
            RequiredCapabilities(extension_types=(0xF0, 0xF3)),
            RequiredCapabilities(proposal_types=(0xF1, 0xF3)),
            RequiredCapabilities(credential_types=(0xF2, 0xF3)),
        ):
            assert not able.meet(required)


def test_thousands_of_code_points_are_not_compared_each_with_each() -> None:
    comparisons = 0

    class Counted(int):
        def __eq__(self, other: object) -> bool:
            nonlocal comparisons
            comparisons += 1
            return int(self) == other

        def __hash__(self) -> int:
            return hash(int(self))

    types = tuple(map(Counted, range(100, 2100)))
    listing = Capabilities((), (), types, types, types)
    assert listing.meet(RequiredCapabilities(types[::-1], types[::-1], types[::-1]))
    assert comparisons < 10 * len(types)


def test_the_version_is_that_of_section_6() -> None:
    assert MLS10 == 0x0001


def test_a_lifetime_covers_both_its_ends() -> None:
    lifetime = Lifetime(10, 20)
    assert [lifetime.covers(now) for now in (9, 10, 15, 20, 21)] == [False, True, True, True, False]
