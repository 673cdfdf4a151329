"""Indices in an array-based tree (RFC 9420 section 4.1 and appendix C).

Leaves stand at even node indices, parents at odd ones; the tree is always full, so its number of
leaves is a power of two. For four leaves:

                3
          1           5
        0   2       4   6      node index
        0   1       2   3      leaf index
"""

from __future__ import annotations

from typing import NewType

from crypto.mls.errors import UsageError

LeafIndex = NewType("LeafIndex", int)
"""The place of a leaf among the leaves, from 0."""

NodeIndex = NewType("NodeIndex", int)
"""The place of a node in the array of all nodes, from 0."""


def leaf_to_node(leaf: LeafIndex) -> NodeIndex:
    """The node index of a leaf."""
    return NodeIndex(2 * leaf)


def node_to_leaf(node: NodeIndex) -> LeafIndex:
    """The leaf index of a node; `UsageError` for a parent node."""
    if not is_leaf(node):
        raise UsageError(f"node {node} is a parent, not a leaf")
    return LeafIndex(node >> 1)


def is_leaf(node: NodeIndex) -> bool:
    """Whether a node index is that of a leaf."""
    return node & 1 == 0


def level(node: NodeIndex) -> int:
    """The height of a node above the leaves: 0 for a leaf."""
    return (~node & (node + 1)).bit_length() - 1


def node_width(leaf_count: int) -> int:
    """The number of nodes of a tree with `leaf_count` leaves."""
    return 2 * leaf_count - 1


def full_leaf_count(leaf_count: int) -> int:
    """The number of leaves of the smallest full tree with room for `leaf_count` (at least 1)."""
    return 1 << (leaf_count - 1).bit_length()


def root(leaf_count: int) -> NodeIndex:
    """The root of a full tree with `leaf_count` leaves."""
    return NodeIndex(leaf_count - 1)


def left(node: NodeIndex) -> NodeIndex:
    """The left child; `UsageError` for a leaf."""
    return NodeIndex(node ^ (1 << (_parent_level(node) - 1)))


def right(node: NodeIndex) -> NodeIndex:
    """The right child; `UsageError` for a leaf."""
    return NodeIndex(node ^ (3 << (_parent_level(node) - 1)))


def _parent_level(node: NodeIndex) -> int:
    if is_leaf(node):
        raise UsageError(f"node {node} is a leaf and has no children")
    return level(node)


def parent(node: NodeIndex, leaf_count: int) -> NodeIndex:
    """The parent; `UsageError` for the root and for a node outside the tree."""
    if node == root(leaf_count) or not 0 <= node < node_width(leaf_count):
        raise UsageError(f"node {node} has no parent in a tree of {leaf_count} leaves")
    height = level(node)
    return NodeIndex((node | (1 << height)) & ~(1 << (height + 1)))


def sibling(node: NodeIndex, leaf_count: int) -> NodeIndex:
    """The other child of the node's parent; `UsageError` for the root."""
    above = parent(node, leaf_count)
    return right(above) if node < above else left(above)


def direct_path(node: NodeIndex, leaf_count: int) -> list[NodeIndex]:
    """The ancestors of a node, its parent first and the root last; empty for the root."""
    path: list[NodeIndex] = []
    while node != root(leaf_count):
        node = parent(node, leaf_count)
        path.append(node)
    return path


def copath(node: NodeIndex, leaf_count: int) -> list[NodeIndex]:
    """The sibling of the node and of each of its ancestors but the root, lowest first.

    It goes in step with `direct_path`: the i-th of the one is a child of the i-th of the other.
    """
    path: list[NodeIndex] = []
    while node != root(leaf_count):
        path.append(sibling(node, leaf_count))
        node = parent(node, leaf_count)
    return path


def common_ancestor(a: NodeIndex, b: NodeIndex) -> NodeIndex:
    """The lowest node that is, or stands above, both nodes."""
    height_a, height_b = level(a), level(b)
    if contains(a, b):
        return a
    if contains(b, a):
        return b
    shift = max(height_a, height_b)
    while a >> shift != b >> shift:
        shift += 1
    return NodeIndex(((a >> shift) << shift) + (1 << (shift - 1)) - 1)


def contains(ancestor: NodeIndex, node: NodeIndex) -> bool:
    """Whether `node` is `ancestor` or stands below it."""
    reach = (1 << level(ancestor)) - 1
    return ancestor - reach <= node <= ancestor + reach


def leaves_below(node: NodeIndex) -> range:
    """The leaf indices, as plain numbers, of the subtree under a node."""
    reach = (1 << level(node)) - 1
    return range((node - reach) >> 1, ((node + reach) >> 1) + 1)
