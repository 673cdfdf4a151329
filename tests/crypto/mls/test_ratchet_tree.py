"""The ratchet tree: who is in it, what covers whom, and how it grows and shrinks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.codec import Writer
from crypto.mls.errors import DecodeError, UsageError
from crypto.mls.leaf_node import LeafNode
from crypto.mls.ratchet_tree import Node, ParentNode, RatchetTree
from crypto.mls.tree_hash import tree_hash
from crypto.mls.tree_math import LeafIndex, NodeIndex
from tests.crypto.mls.members import SUITE, make_member, make_tree, seeded
from tests.vectors import vectors

LEAVES = [
    make_member(seeded(f"leaf {n}"), b"member %d" % n).key_package.leaf_node for n in range(9)
]


def parent(name: str, *unmerged: int) -> ParentNode:
    return ParentNode(name.encode(), b"", tuple(map(LeafIndex, unmerged)))


def tree_of(*nodes: LeafNode | ParentNode | None) -> RatchetTree:
    return RatchetTree(nodes)


def encoded(*nodes: Node | None) -> bytes:
    """The bytes of these nodes, whatever the rules say."""
    writer = Writer()
    for node in nodes:
        if node is None:
            writer.uint8(0)
        else:
            writer.raw(b"\x01\x01" if isinstance(node, LeafNode) else b"\x01\x02")
            writer.struct(node)
    whole = Writer()
    whole.opaque(writer.getvalue())
    return whole.getvalue()


class TestVectors:
    def test_trees_are_read_back(self) -> None:
        for case in vectors("tree-validation"):
            data = bytes.fromhex(case["tree"])
            assert RatchetTree.decode(data).encode() == data

    def test_resolutions(self) -> None:
        for case in vectors("tree-validation"):
            tree = RatchetTree.decode(bytes.fromhex(case["tree"]))
            found = [tree.resolution(NodeIndex(i)) for i in range(len(case["resolutions"]))]
            assert found == case["resolutions"]

    def test_leaf_signatures(self) -> None:
        for case in vectors("tree-validation"):
            tree = RatchetTree.decode(bytes.fromhex(case["tree"]))
            members = list(tree.members())
            assert members
            group_id = bytes.fromhex(case["group_id"])
            assert all(leaf.verify(SUITE, group_id, index) for index, leaf in members)


class TestLooking:
    TREE = tree_of(LEAVES[0], parent("p"), LEAVES[1], None, LEAVES[2])

    def test_it_is_always_full(self) -> None:
        assert self.TREE.leaf_count == 4
        assert self.TREE.root == 3
        assert [tree_of(*[None] * n).leaf_count for n in range(9)] == [1, 1, 2, 2, 4, 4, 4, 4, 8]

    def test_nodes(self) -> None:
        assert self.TREE.node(NodeIndex(1)) == parent("p")
        assert self.TREE.node(NodeIndex(6)) is None
        for outside in (-1, 7, 1000):
            with pytest.raises(UsageError, match="lies outside a tree of 7 nodes"):
                self.TREE.node(NodeIndex(outside))

    def test_leaves(self) -> None:
        assert self.TREE.leaf(LeafIndex(2)) == LEAVES[2]
        for nobody in (3, 4, 2**32 - 1, -1):
            assert self.TREE.leaf(LeafIndex(nobody)) is None

    def test_parents(self) -> None:
        assert self.TREE.parent(NodeIndex(1)) == parent("p")
        assert self.TREE.parent(NodeIndex(3)) is None
        assert self.TREE.parent(NodeIndex(0)) is None

    def test_members_and_nodes_go_from_the_left(self) -> None:
        assert list(self.TREE.members()) == list(enumerate(LEAVES[:3]))
        assert [index for index, _ in self.TREE.nodes()] == [0, 1, 2, 4]

    def test_encryption_keys(self) -> None:
        assert self.TREE.encryption_key(NodeIndex(1)) == b"p"
        assert self.TREE.encryption_key(NodeIndex(2)) == LEAVES[1].encryption_key
        with pytest.raises(UsageError, match="blank"):
            self.TREE.encryption_key(NodeIndex(3))

    def test_equality_is_that_of_the_nodes(self) -> None:
        assert self.TREE == RatchetTree.decode(self.TREE.encode())
        assert self.TREE != tree_of(LEAVES[0], None, LEAVES[1], None, LEAVES[2])
        assert self.TREE.__eq__("tree") is NotImplemented
        with pytest.raises(TypeError, match="unhashable"):
            hash(self.TREE)


class TestResolution:
    def test_a_node_covers_itself_and_its_unmerged_leaves(self) -> None:
        tree = tree_of(LEAVES[0], parent("p", 1), LEAVES[1], parent("root", 1, 2), LEAVES[2])
        assert tree.resolution(NodeIndex(3)) == [3, 2, 4]
        assert tree.resolution(NodeIndex(1)) == [1, 2]
        assert tree.resolution(NodeIndex(4)) == [4]

    def test_a_blank_node_is_covered_from_below(self) -> None:
        tree = tree_of(LEAVES[0], parent("p", 1), LEAVES[1], None, LEAVES[2])
        assert tree.resolution(NodeIndex(3)) == [1, 2, 4]
        assert tree.resolution(NodeIndex(5)) == [4]
        assert tree.resolution(NodeIndex(6)) == []

    def test_excluded_leaves_are_left_out(self) -> None:
        tree = tree_of(LEAVES[0], parent("p", 1), LEAVES[1], None, LEAVES[2])
        assert tree.resolution(NodeIndex(3), excluding=[LeafIndex(1)]) == [1, 4]
        assert tree.resolution(NodeIndex(3), excluding={LeafIndex(0)}) == [1, 2, 4]
        assert tree.resolution(NodeIndex(4), excluding=[LeafIndex(2)]) == []

    def test_the_filtered_path_skips_where_nobody_is_on_the_other_side(self) -> None:
        tree = tree_of(LEAVES[0], None, None, None, LEAVES[1], None, None, None, LEAVES[2])
        assert tree.direct_path(LeafIndex(0)) == [1, 3, 7]
        assert tree.filtered_direct_path(LeafIndex(0)) == [(3, 5), (7, 11)]
        assert tree.filtered_direct_path(LeafIndex(4)) == [(7, 3)]

    def test_a_lone_member_has_no_path(self) -> None:
        assert tree_of(LEAVES[0]).filtered_direct_path(LeafIndex(0)) == []


class TestAdding:
    def test_the_leftmost_blank_leaf_is_taken(self) -> None:
        tree = tree_of(LEAVES[0], None, None, None, LEAVES[2])
        assert tree.add_leaf(LEAVES[3]) == 1
        assert tree.add_leaf(LEAVES[4]) == 3
        assert tree.leaf_count == 4

    def test_a_full_tree_is_doubled(self) -> None:
        tree = tree_of(LEAVES[0])
        assert [tree.add_leaf(leaf) for leaf in LEAVES[1:]] == [1, 2, 3, 4, 5, 6, 7, 8]
        assert tree.leaf_count == 16
        assert list(tree.members()) == list(enumerate(LEAVES))

    def test_the_newcomer_is_unmerged_at_every_ancestor(self) -> None:
        tree = tree_of(
            LEAVES[0], parent("left"), LEAVES[1], parent("root", 3), None, None, LEAVES[3]
        )
        tree.add_leaf(LEAVES[2])
        assert tree.parent(NodeIndex(3)) == parent("root", 2, 3)  # sorted
        assert tree.parent(NodeIndex(1)) == parent("left")
        assert tree.parent(NodeIndex(5)) is None

    def test_above_a_doubled_tree_nothing_is_shared_yet(self) -> None:
        tree = tree_of(LEAVES[0], parent("old root"), LEAVES[1])
        tree.add_leaf(LEAVES[2])
        assert tree.parent(NodeIndex(1)) == parent("old root")
        assert tree.parent(NodeIndex(3)) is None


class TestUpdating:
    def test_the_direct_path_becomes_blank(self) -> None:
        tree = tree_of(
            LEAVES[0], parent("left"), LEAVES[1], parent("root"), LEAVES[2], parent("right")
        )
        tree.update_leaf(LeafIndex(1), LEAVES[8])
        assert [index for index, _ in tree.nodes()] == [0, 2, 4, 5]
        assert tree.leaf(LeafIndex(1)) == LEAVES[8]

    def test_a_path_is_replaced(self) -> None:
        tree = tree_of(LEAVES[0], parent("left"), LEAVES[1], parent("root"), LEAVES[2])
        tree.replace_path(LeafIndex(0), LEAVES[8], {NodeIndex(3): parent("new root")})
        assert tree == tree_of(LEAVES[8], None, LEAVES[1], parent("new root"), LEAVES[2])

    @pytest.mark.parametrize("nobody", [1, 2, 2**32 - 1])
    def test_where_nobody_is_nothing_changes(self, nobody: int) -> None:
        tree = tree_of(LEAVES[0], parent("root"), None)
        before = tree.copy()
        with pytest.raises(UsageError, match=f"no member at leaf {nobody}"):
            tree.update_leaf(LeafIndex(nobody), LEAVES[1])
        with pytest.raises(UsageError, match=f"no member at leaf {nobody}"):
            tree.remove_leaf(LeafIndex(nobody))
        assert tree == before


class TestRemoving:
    def test_leaf_and_direct_path_become_blank(self) -> None:
        tree = tree_of(
            LEAVES[0],
            parent("left"),
            LEAVES[1],
            parent("root"),
            LEAVES[2],
            parent("right"),
            LEAVES[3],
        )
        tree.remove_leaf(LeafIndex(0))
        assert [index for index, _ in tree.nodes()] == [2, 4, 5, 6]
        assert tree.leaf_count == 4

    def test_empty_right_halves_are_dropped(self) -> None:
        tree, _ = make_tree(seeded(1), 5)
        tree.remove_leaf(LeafIndex(3))
        assert tree.leaf_count == 8
        tree.remove_leaf(LeafIndex(2))
        assert tree.leaf_count == 8
        tree.remove_leaf(LeafIndex(4))
        assert tree.leaf_count == 2

    def test_the_last_member_leaves_one_blank_leaf(self) -> None:
        tree = tree_of(LEAVES[0], parent("root"), LEAVES[1])
        tree.remove_leaf(LeafIndex(0))
        assert tree.leaf_count == 2
        tree.remove_leaf(LeafIndex(1))
        assert (tree.leaf_count, list(tree.nodes())) == (1, [])


class TestCopy:
    def test_a_copy_goes_its_own_way(self) -> None:
        tree, _ = make_tree(seeded(1), 3)
        before = tree.encode()
        twin = tree.copy()
        assert twin == tree
        twin.remove_leaf(LeafIndex(0))
        twin.add_leaf(LEAVES[0])
        twin.add_leaf(LEAVES[1])
        twin.add_leaf(LEAVES[2])
        assert tree.encode() == before

    @given(
        st.integers(1, 6),
        st.lists(st.tuples(st.sampled_from("arup"), st.integers(0, 7)), max_size=12),
    )
    def test_remembered_hashes_are_always_those_of_the_nodes(
        self, count: int, steps: list[tuple[str, int]]
    ) -> None:
        tree, _ = make_tree(seeded(count), count)
        tree_hash(SUITE, tree)
        for action, number in steps:
            members = [index for index, _ in tree.members()]
            leaf = members[number % len(members)]
            tree = tree.copy()
            if action == "a":
                tree.add_leaf(LEAVES[number])
            elif action == "r" and len(members) > 1:
                tree.remove_leaf(leaf)
            elif action == "u":
                tree.update_leaf(leaf, LEAVES[number])
            else:
                path = {node: parent(f"{node} {number}") for node in tree.direct_path(leaf)}
                tree.replace_path(leaf, LEAVES[number], path)
            anew = RatchetTree([tree.node(NodeIndex(i)) for i in range(2 * tree.leaf_count - 1)])
            assert tree_hash(SUITE, tree) == tree_hash(SUITE, anew)
            assert RatchetTree.decode(tree.encode()) == tree


class TestDecoding:
    def test_the_layout(self) -> None:
        tree = tree_of(LEAVES[0], parent("p", 1), LEAVES[1], None, LEAVES[2])
        leaves = [b"\x01\x01" + leaf.encode() for leaf in LEAVES[:3]]
        node = b"\x01\x02\x01p\x00\x04\x00\x00\x00\x01"
        content = leaves[0] + node + leaves[1] + b"\x00" + leaves[2]
        writer = Writer()
        writer.opaque(content)
        assert tree.encode() == writer.getvalue()

    def test_blank_nodes_at_the_end_are_not_written(self) -> None:
        tree = tree_of(LEAVES[0], None, LEAVES[1], None, None, None, None)
        assert tree.encode() == encoded(LEAVES[0], None, LEAVES[1])

    def test_a_blank_node_at_the_end_is_refused(self) -> None:
        for nodes in ((), (None,), (LEAVES[0], None), (LEAVES[0], None, LEAVES[1], None)):
            with pytest.raises(DecodeError, match=r"not blank \(tree\.last_node\)"):
                RatchetTree.decode(encoded(*nodes))

    def test_a_node_of_the_wrong_type_is_refused(self) -> None:
        with pytest.raises(DecodeError, match=r"node 0 .* wrong type \(tree\.node_type\)"):
            RatchetTree.decode(encoded(parent("p")))
        with pytest.raises(DecodeError, match=r"node 1 .* wrong type \(tree\.node_type\)"):
            RatchetTree.decode(encoded(LEAVES[0], LEAVES[1]))

    @pytest.mark.parametrize("node_type", [0, 3, 255])
    def test_an_unknown_type_is_refused(self, node_type: int) -> None:
        with pytest.raises(DecodeError, match=f"1 or 2, not {node_type}"):
            RatchetTree.decode(bytes((2, 1, node_type)))

    @given(st.binary(max_size=12), st.binary(max_size=12), st.lists(st.integers(0, 2**32 - 1)))
    def test_a_parent_node_is_read_back(
        self, key: bytes, parent_hash: bytes, unmerged: list[int]
    ) -> None:
        node = ParentNode(key, parent_hash, tuple(map(LeafIndex, unmerged)))
        assert ParentNode.decode(node.encode()) == node

    @given(st.binary(max_size=200))
    def test_any_bytes_are_refused_or_read(self, data: bytes) -> None:
        try:
            tree = RatchetTree.decode(data)
        except DecodeError:
            return
        assert tree.encode() == data
