"""The ratchet tree's public side (RFC 9420 sections 4.1, 7.1, 7.7, 12.4.3.3).

Nodes are immutable; a tree changes in place, and `copy()` is cheap: whoever wants to try something
tries it on a copy. The tree is always full, its unused places are blank (None).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self, TypeAlias

from crypto.mls import tree_math
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.errors import DecodeError, UsageError
from crypto.mls.leaf_node import LeafNode
from crypto.mls.tree_math import LeafIndex, NodeIndex


@dataclass(frozen=True, slots=True)
class ParentNode(Struct):
    """A node above the leaves: a key that all members below it share, but for the unmerged."""

    encryption_key: bytes
    parent_hash: bytes
    unmerged_leaves: tuple[LeafIndex, ...] = ()

    def write(self, writer: Writer) -> None:
        writer.opaque(self.encryption_key)
        writer.opaque(self.parent_hash)
        writer.vector(self.unmerged_leaves, Writer.uint32)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.opaque(),
            reader.opaque(),
            tuple(LeafIndex(leaf) for leaf in reader.vector(Reader.uint32)),
        )


Node: TypeAlias = LeafNode | ParentNode

LEAF_TYPE = 1
PARENT_TYPE = 2


class PathStep(NamedTuple):
    """A node of a direct path and its child that is not on the path."""

    node: NodeIndex
    copath_child: NodeIndex


class RatchetTree(Struct):
    """All nodes of a group's tree. It encodes as the data of the `ratchet_tree` extension."""

    __slots__ = ("_hashes", "_nodes")

    def __init__(self, nodes: Sequence[Node | None]) -> None:
        leaf_count = tree_math.full_leaf_count(len(nodes) // 2 + 1)
        blanks = tree_math.node_width(leaf_count) - len(nodes)
        self._nodes: list[Node | None] = [*nodes, *[None] * blanks]
        self._hashes: dict[NodeIndex, bytes] = {}

    def copy(self) -> RatchetTree:
        """A tree of its own with the same nodes, and the hashes computed so far."""
        twin = RatchetTree.__new__(RatchetTree)
        twin._nodes = self._nodes.copy()
        twin._hashes = self._hashes.copy()
        return twin

    def __eq__(self, other: object) -> bool:
        return self._nodes == other._nodes if isinstance(other, RatchetTree) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it changes

    # Looking

    @property
    def leaf_count(self) -> int:
        """The number of places for leaves, blank ones included: a power of two."""
        return len(self._nodes) // 2 + 1

    @property
    def root(self) -> NodeIndex:
        return tree_math.root(self.leaf_count)

    def node(self, index: NodeIndex) -> Node | None:
        """A node, or None where it is blank; `UsageError` outside the tree."""
        if not 0 <= index < len(self._nodes):
            raise UsageError(f"node {index} lies outside a tree of {len(self._nodes)} nodes")
        return self._nodes[index]

    def leaf(self, index: LeafIndex) -> LeafNode | None:
        """A member's leaf, or None where there is no member, outside the tree too."""
        if not 0 <= index < self.leaf_count:
            return None
        node = self._nodes[tree_math.leaf_to_node(index)]
        return node if isinstance(node, LeafNode) else None

    def parent(self, index: NodeIndex) -> ParentNode | None:
        """A parent node, or None where it is blank, or a leaf."""
        node = self.node(index)
        return node if isinstance(node, ParentNode) else None

    def encryption_key(self, index: NodeIndex) -> bytes:
        """A node's public key; `UsageError` where it is blank."""
        node = self.node(index)
        if node is None:
            raise UsageError(f"node {index} is blank and has no key")
        return node.encryption_key

    def members(self) -> Iterator[tuple[LeafIndex, LeafNode]]:
        """Every leaf that is not blank, from the left."""
        for index, node in self.nodes():
            if isinstance(node, LeafNode):
                yield tree_math.node_to_leaf(index), node

    def nodes(self) -> Iterator[tuple[NodeIndex, Node]]:
        """Every node that is not blank, from the left."""
        for index, node in enumerate(self._nodes):
            if node is not None:
                yield NodeIndex(index), node

    def direct_path(self, leaf: LeafIndex) -> list[NodeIndex]:
        """The ancestors of a leaf, lowest first."""
        return tree_math.direct_path(tree_math.leaf_to_node(leaf), self.leaf_count)

    def resolution(
        self, index: NodeIndex, excluding: Collection[LeafIndex] = ()
    ) -> list[NodeIndex]:
        """The fewest nodes that cover all members below a node (section 4.1.1).

        `excluding` are leaves to leave out of the result, as a Commit does with those it adds.
        """
        nodes = self._resolution(index)
        if not excluding:
            return nodes
        left_out = {tree_math.leaf_to_node(leaf) for leaf in excluding}
        return [node for node in nodes if node not in left_out]

    def _resolution(self, index: NodeIndex) -> list[NodeIndex]:
        node = self.node(index)
        if isinstance(node, LeafNode):
            return [index]
        if isinstance(node, ParentNode):
            return [index, *map(tree_math.leaf_to_node, node.unmerged_leaves)]
        if tree_math.is_leaf(index):
            return []
        below = self._resolution(tree_math.left(index))
        return below + self._resolution(tree_math.right(index))

    def filtered_direct_path(self, leaf: LeafIndex) -> list[PathStep]:
        """The direct path without nodes whose copath child covers nobody (section 4.1.2)."""
        start = tree_math.leaf_to_node(leaf)
        copath = tree_math.copath(start, self.leaf_count)
        return [
            PathStep(node, child)
            for node, child in zip(self.direct_path(leaf), copath, strict=True)
            if self._resolution(child)
        ]

    # Changing

    def add_leaf(self, leaf_node: LeafNode) -> LeafIndex:
        """Put a new member at the leftmost blank leaf, made by doubling where there is none.

        It is unmerged at every ancestor that is not blank (section 12.1.1).
        """
        leaf = next(
            (LeafIndex(i) for i, node in enumerate(self._nodes[::2]) if node is None),
            LeafIndex(self.leaf_count),
        )
        if leaf == self.leaf_count:
            self._nodes += [None] * (len(self._nodes) + 1)
        self._set(tree_math.leaf_to_node(leaf), leaf_node)
        for index in self.direct_path(leaf):
            above = self.parent(index)
            if above is not None:
                unmerged = tuple(sorted((*above.unmerged_leaves, leaf)))
                self._set(index, replace(above, unmerged_leaves=unmerged))
        return leaf

    def update_leaf(self, leaf: LeafIndex, leaf_node: LeafNode) -> None:
        """Replace a member's leaf and blank its direct path (section 12.1.2)."""
        self.replace_path(leaf, leaf_node, {})

    def remove_leaf(self, leaf: LeafIndex) -> None:
        """Blank a member's leaf and direct path, and drop empty right halves (12.1.3)."""
        self._require_member(leaf)
        self._set(tree_math.leaf_to_node(leaf), None)
        for index in self.direct_path(leaf):
            self._set(index, None)
        self._truncate()

    def replace_path(
        self, leaf: LeafIndex, leaf_node: LeafNode, parents: Mapping[NodeIndex, ParentNode]
    ) -> None:
        """Replace a member's leaf and direct path; what `parents` lacks becomes blank."""
        self._require_member(leaf)
        self._set(tree_math.leaf_to_node(leaf), leaf_node)
        for index in self.direct_path(leaf):
            self._set(index, parents.get(index))

    def _require_member(self, leaf: LeafIndex) -> None:
        if self.leaf(leaf) is None:
            raise UsageError(f"there is no member at leaf {leaf}")

    def _truncate(self) -> None:
        """Halve the tree as long as its right half is blank (section 7.7)."""
        while self.leaf_count > 1 and not any(self._nodes[self.root + 1 :]):
            del self._nodes[self.root :]
        self._hashes = {i: value for i, value in self._hashes.items() if i < len(self._nodes)}

    def _set(self, index: NodeIndex, node: Node | None) -> None:
        self._nodes[index] = node
        self._hashes.pop(index, None)
        for above in tree_math.direct_path(index, self.leaf_count):
            self._hashes.pop(above, None)

    def remembered_hash(self, index: NodeIndex, compute: Callable[[], bytes]) -> bytes:
        """A node's tree hash, computed once until something below it changes."""
        known = self._hashes.get(index)
        if known is None:
            known = self._hashes[index] = compute()
        return known

    # Reading and writing

    def write(self, writer: Writer) -> None:
        """`optional<Node> ratchet_tree<V>`, without the blank nodes at its end."""
        last = max((index for index, _ in self.nodes()), default=-1)
        writer.vector(self._nodes[: last + 1], _write_node)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`DecodeError` for no nodes, a blank one at the end, a node of the wrong type."""
        nodes = reader.vector(lambda inner: inner.optional(_read_node))
        if not nodes or nodes[-1] is None:
            raise DecodeError("a ratchet tree ends with a node that is not blank", "tree.last_node")
        for index, node in enumerate(nodes):
            if node is not None and isinstance(node, ParentNode) != bool(index % 2):
                raise DecodeError(
                    f"node {index} of a ratchet tree is of the wrong type", "tree.node_type"
                )
        return cls(nodes)


def _write_node(writer: Writer, node: Node | None) -> None:
    if node is None:
        writer.uint8(0)
        return
    writer.uint8(1)
    writer.uint8(LEAF_TYPE if isinstance(node, LeafNode) else PARENT_TYPE)
    writer.struct(node)


def _read_node(reader: Reader) -> Node:
    node_type = reader.uint8()
    if node_type == LEAF_TYPE:
        return LeafNode.read(reader)
    if node_type == PARENT_TYPE:
        return ParentNode.read(reader)
    raise DecodeError(f"a node's type is 1 or 2, not {node_type}")
