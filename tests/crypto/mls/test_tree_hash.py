"""Tree hashes, and every way in which a tree from elsewhere may not hold together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.mls.codec import Writer
from crypto.mls.errors import InvalidError
from crypto.mls.leaf_node import CommitSource, LeafNode
from crypto.mls.ratchet_tree import ParentNode, RatchetTree
from crypto.mls.tree_hash import (
    parent_hash,
    tree_hash,
    verify_encryption_keys,
    verify_parent_hashes,
    verify_signature_keys,
    verify_tree,
    verify_unmerged_leaves,
)
from crypto.mls.tree_math import LeafIndex, NodeIndex
from crypto.mls.treekem import create_path
from tests.crypto.mls.members import GROUP_ID, SMALL_ORDER_POINTS, SUITE, make_tree, seeded
from tests.vectors import vectors


def nodes_of(tree: RatchetTree) -> list[LeafNode | ParentNode | None]:
    return [tree.node(NodeIndex(index)) for index in range(2 * tree.leaf_count - 1)]


def with_node(tree: RatchetTree, index: int, node: LeafNode | ParentNode | None) -> RatchetTree:
    nodes = nodes_of(tree)
    nodes[index] = node
    return RatchetTree(nodes)


def parent_at(tree: RatchetTree, index: int) -> ParentNode:
    node = tree.parent(NodeIndex(index))
    assert node is not None
    return node


def leaf_at(tree: RatchetTree, index: int) -> LeafNode:
    node = tree.leaf(LeafIndex(index))
    assert node is not None
    return node


def shared_tree(count: int, *committers: int, newcomers: int = 0) -> RatchetTree:
    """A tree in which these leaves made paths, one after another, and then others came."""
    tree, members = make_tree(seeded("members"), count + newcomers)
    rng = seeded("paths")
    late = [members.pop() for _ in range(newcomers)]
    for member in late:
        leaf = next(i for i, node in tree.members() if node == member.key_package.leaf_node)
        tree.remove_leaf(leaf)
    for committer in committers:
        key_pair = members[committer].signature_key_pair
        leaf = LeafIndex(committer)
        tree = create_path(
            SUITE, tree, leaf, leaf_at(tree, committer), key_pair, GROUP_ID, rng
        ).tree
    for member in reversed(late):
        tree.add_leaf(member.key_package.leaf_node)
    return tree


def refused(tree: RatchetTree, rule: str) -> None:
    with pytest.raises(InvalidError) as caught:
        verify_tree(SUITE, tree)
    assert caught.value.rule == rule


class TestVectors:
    def test_the_hash_of_every_node(self) -> None:
        for case in vectors("tree-validation"):
            tree = RatchetTree.decode(bytes.fromhex(case["tree"]))
            hashes = [
                tree_hash(SUITE, tree, NodeIndex(i)).hex() for i in range(len(nodes_of(tree)))
            ]
            assert hashes == case["tree_hashes"]
            assert tree_hash(SUITE, tree).hex() == case["tree_hashes"][tree.root]

    def test_the_trees_hold_together(self) -> None:
        for case in vectors("tree-validation"):
            verify_tree(SUITE, RatchetTree.decode(bytes.fromhex(case["tree"])))


class TestTreeHash:
    def test_a_leaf_by_hand(self) -> None:
        tree, members = make_tree(seeded(1), 1)
        leaf = members[0].key_package.leaf_node
        assert tree_hash(SUITE, tree) == SUITE.hash(b"\x01\0\0\0\0\x01" + leaf.encode())

    def test_a_blank_parent_by_hand(self) -> None:
        tree, _ = make_tree(seeded(1), 2)
        left, right = tree_hash(SUITE, tree, NodeIndex(0)), tree_hash(SUITE, tree, NodeIndex(2))
        assert tree_hash(SUITE, tree) == SUITE.hash(b"\x02\x00\x20" + left + b"\x20" + right)

    def test_without_some_leaves_it_is_that_of_the_tree_before_they_came(self) -> None:
        before = shared_tree(5, 0, 3)
        after = shared_tree(5, 0, 3, newcomers=2)
        late = (LeafIndex(5), LeafIndex(6))
        whole = tree_hash(SUITE, after)
        assert whole != tree_hash(SUITE, before)
        assert tree_hash(SUITE, after, without=late) == tree_hash(SUITE, before)
        assert tree_hash(SUITE, after) == whole  # the other hash was not remembered for this one
        left = NodeIndex(3)
        assert tree_hash(SUITE, after, left, late) == tree_hash(SUITE, after, left)

    def test_every_place_counts(self) -> None:
        tree, members = make_tree(seeded(1), 4)
        moved = tree.copy()
        moved.remove_leaf(LeafIndex(1))
        moved.remove_leaf(LeafIndex(2))
        moved.add_leaf(members[2].key_package.leaf_node)
        moved.add_leaf(members[1].key_package.leaf_node)
        assert tree_hash(SUITE, moved) != tree_hash(SUITE, tree)


def test_the_parent_hash_by_hand() -> None:
    tree = shared_tree(3, 0, newcomers=1)
    root = parent_at(tree, 3)
    assert root.unmerged_leaves == (3,)
    original = tree_hash(SUITE, shared_tree(3, 0), NodeIndex(5))
    writer = Writer()
    writer.opaque(root.encryption_key)
    writer.opaque(b"")
    writer.opaque(original)
    assert parent_hash(SUITE, tree, root, NodeIndex(5)) == SUITE.hash(writer.getvalue())


class TestParentHashes:
    @pytest.mark.parametrize(
        ("count", "committers", "newcomers"),
        [
            (1, (0,), 0),
            (2, (0,), 0),
            (2, (0, 1), 3),
            (5, (4,), 0),
            (7, (0, 6, 3), 1),
            (9, (8, 0, 5, 2), 4),
        ],
    )
    def test_paths_made_in_turn_hold(
        self, count: int, committers: tuple[int, ...], newcomers: int
    ) -> None:
        verify_tree(SUITE, shared_tree(count, *committers, newcomers=newcomers))

    def test_a_parent_with_another_key_is_refused(self) -> None:
        tree = shared_tree(4, 0)
        forged = replace(
            parent_at(tree, 3), encryption_key=SUITE.kem.generate_key_pair(seeded(9)).public
        )
        refused(with_node(tree, 3, forged), "tree.parent_hash")

    def test_a_parent_with_another_parent_hash_is_refused(self) -> None:
        tree = shared_tree(4, 0)
        for index in (1, 3):
            forged = replace(parent_at(tree, index), parent_hash=bytes(32))
            refused(with_node(tree, index, forged), "tree.parent_hash")

    def test_a_leaf_with_another_parent_hash_is_refused(self) -> None:
        tree = shared_tree(4, 0)
        leaf = replace(leaf_at(tree, 0), source=CommitSource(bytes(32)))
        refused(with_node(tree, 0, leaf), "tree.parent_hash")

    def test_a_parent_that_nobody_made_is_refused(self) -> None:
        tree, _ = make_tree(seeded(1), 4)
        node = ParentNode(SUITE.kem.generate_key_pair(seeded(2)).public, b"")
        for index in (1, 3, 5):
            refused(with_node(tree, index, node), "tree.parent_hash")

    def test_a_changed_copath_is_refused(self) -> None:
        tree = shared_tree(4, 0)
        other, _ = make_tree(seeded("other"), 4)
        refused(with_node(tree, 6, leaf_at(other, 3)), "tree.parent_hash")

    def test_a_blanked_link_is_refused(self) -> None:
        refused(with_node(shared_tree(4, 0), 1, None), "tree.parent_hash")

    def test_a_newcomer_hidden_below_a_parent_is_refused(self) -> None:
        tree = shared_tree(3, 0, newcomers=1)
        assert parent_at(tree, 3).unmerged_leaves == (3,)
        merged = replace(parent_at(tree, 3), unmerged_leaves=())
        refused(with_node(tree, 3, merged), "tree.parent_hash")

    def test_a_member_claimed_to_be_unmerged_is_refused(self) -> None:
        tree = shared_tree(4, 0)
        claimed = replace(parent_at(tree, 3), unmerged_leaves=(LeafIndex(2),))
        refused(with_node(tree, 3, claimed), "tree.parent_hash")

    def test_the_maker_itself_claimed_to_be_unmerged_is_refused(self) -> None:
        tree = shared_tree(2, 0)
        claimed = replace(parent_at(tree, 1), unmerged_leaves=(LeafIndex(0), LeafIndex(1)))
        refused(with_node(tree, 1, claimed), "tree.parent_hash")

    def test_an_unmerged_leaf_behind_a_merged_one_is_refused(self) -> None:
        # Node 3 names leaf 1 as unmerged, node 1 covers it: the resolution of node 1 lacks it.
        tree = shared_tree(4, 0)
        claimed = replace(parent_at(tree, 3), unmerged_leaves=(LeafIndex(1),))
        with pytest.raises(InvalidError) as caught:
            verify_parent_hashes(SUITE, with_node(tree, 3, claimed))
        assert caught.value.rule == "tree.parent_hash"


class TestUnmergedLeaves:
    def test_newcomers_are_accepted(self) -> None:
        tree = shared_tree(5, 0, 4, newcomers=3)
        assert parent_at(tree, 7).unmerged_leaves == (5, 6, 7)
        verify_unmerged_leaves(tree)

    @pytest.mark.parametrize("unmerged", [(6, 5), (5, 5), (5, 7, 6)])
    def test_any_order_but_increasing_is_refused(self, unmerged: tuple[int, ...]) -> None:
        tree = shared_tree(5, 0, newcomers=3)
        listed = replace(parent_at(tree, 7), unmerged_leaves=tuple(map(LeafIndex, unmerged)))
        refused(with_node(tree, 7, listed), "tree.unmerged_order")

    @pytest.mark.parametrize("leaf", [4, 8, 2**32 - 1])
    def test_a_leaf_that_is_not_below_is_refused(self, leaf: int) -> None:
        tree = shared_tree(5, 0, newcomers=3)
        listed = replace(parent_at(tree, 3), unmerged_leaves=(LeafIndex(leaf),))
        refused(with_node(tree, 3, listed), "tree.unmerged_leaf")

    def test_a_blank_leaf_is_refused(self) -> None:
        tree = shared_tree(5, 0)
        listed = replace(parent_at(tree, 7), unmerged_leaves=(LeafIndex(7),))
        refused(with_node(tree, 7, listed), "tree.unmerged_leaf")

    def test_a_leaf_that_a_node_between_does_not_list_is_refused(self) -> None:
        tree = shared_tree(4, 2, newcomers=0)
        between = parent_at(tree, 5)
        assert between.unmerged_leaves == ()
        listed = replace(parent_at(tree, 3), unmerged_leaves=(LeafIndex(3),))
        refused(with_node(tree, 3, listed), "tree.unmerged_leaf")


class TestKeys:
    def test_a_key_used_twice_is_refused(self) -> None:
        tree = shared_tree(4, 0)
        key = leaf_at(tree, 0).encryption_key
        for twice in (
            with_node(tree, 2, replace(leaf_at(tree, 1), encryption_key=key)),
            with_node(tree, 3, replace(parent_at(tree, 3), encryption_key=key)),
        ):
            refused(twice, "tree.key_reuse")

    @pytest.mark.parametrize("key", [SMALL_ORDER_POINTS[0], SMALL_ORDER_POINTS[3], b"", bytes(31)])
    def test_a_key_that_nobody_can_encrypt_to_is_refused(self, key: bytes) -> None:
        tree = shared_tree(4, 0)
        for unusable in (
            with_node(tree, 2, replace(leaf_at(tree, 1), encryption_key=key)),
            with_node(tree, 3, replace(parent_at(tree, 3), encryption_key=key)),
        ):
            with pytest.raises(InvalidError) as caught:
                verify_encryption_keys(SUITE, unusable)
            assert caught.value.rule == "tree.encryption_key"

    def test_a_signature_key_used_twice_is_refused(self) -> None:
        tree, _ = make_tree(seeded(1), 3)
        key = leaf_at(tree, 0).signature_key
        twice = with_node(tree, 4, replace(leaf_at(tree, 2), signature_key=key))
        refused(twice, "tree.signature_key_reuse")
        with pytest.raises(InvalidError) as caught:
            verify_signature_keys(twice)
        assert caught.value.rule == "tree.signature_key_reuse"
