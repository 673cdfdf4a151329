"""Tree hashes and parent hashes (RFC 9420 sections 7.8 and 7.9), and what a tree from elsewhere
must fulfil by itself (sections 7.9.2 and 12.4.3.1)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise

from crypto.mls import tree_math
from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.codec import Writer
from crypto.mls.errors import InvalidError
from crypto.mls.ratchet_tree import LEAF_TYPE, PARENT_TYPE, ParentNode, RatchetTree
from crypto.mls.tree_math import LeafIndex, NodeIndex

MAX_LEAVES = 1024
"""Places for leaves that a group's tree has at most, so that none takes long to verify."""


def tree_hash(
    suite: CipherSuite,
    tree: RatchetTree,
    index: NodeIndex | None = None,
    without: Collection[LeafIndex] = (),
) -> bytes:
    """The hash of the subtree under a node, by default of the whole tree (section 7.8).

    With `without`, it is the hash that the subtree would have without those leaves: the *original*
    tree hash of section 7.9, where they are the unmerged leaves of the parent.
    """
    at = tree.root if index is None else index
    below = tree_math.leaves_below(at)
    left_out = [leaf for leaf in without if leaf in below]
    if left_out:
        return _hash_node(suite, tree, at, left_out)
    return tree.remembered_hash(at, lambda: _hash_node(suite, tree, at, ()))


def _hash_node(
    suite: CipherSuite, tree: RatchetTree, index: NodeIndex, without: Collection[LeafIndex]
) -> bytes:
    writer = Writer()
    if tree_math.is_leaf(index):
        leaf = tree_math.node_to_leaf(index)
        writer.uint8(LEAF_TYPE)
        writer.uint32(leaf)
        writer.optional(None if leaf in without else tree.leaf(leaf))
        return suite.hash(writer.getvalue())
    parent = tree.parent(index)
    if parent is not None and without:
        merged = tuple(leaf for leaf in parent.unmerged_leaves if leaf not in without)
        parent = replace(parent, unmerged_leaves=merged)
    writer.uint8(PARENT_TYPE)
    writer.optional(parent)
    writer.opaque(tree_hash(suite, tree, tree_math.left(index), without))
    writer.opaque(tree_hash(suite, tree, tree_math.right(index), without))
    return suite.hash(writer.getvalue())


def parent_hash(
    suite: CipherSuite, tree: RatchetTree, parent: ParentNode, copath_child: NodeIndex
) -> bytes:
    """What the child on the path, opposite to `copath_child`, says of `parent` (section 7.9)."""
    writer = Writer()
    writer.opaque(parent.encryption_key)
    writer.opaque(parent.parent_hash)
    writer.opaque(tree_hash(suite, tree, copath_child, parent.unmerged_leaves))
    return suite.hash(writer.getvalue())


def verify_tree(suite: CipherSuite, tree: RatchetTree) -> None:
    """`InvalidError` unless a tree from elsewhere holds together: all checks below, in order.

    Leaf signatures, lifetimes and capabilities are not looked at, nor is the tree's hash.
    """
    verify_unmerged_leaves(tree)
    verify_encryption_keys(suite, tree)
    verify_signature_keys(tree)
    verify_parent_hashes(suite, tree)


def verify_size(tree: RatchetTree) -> None:
    """`InvalidError` for a tree with more room than any group here needs."""
    if tree.leaf_count > MAX_LEAVES:
        raise InvalidError(f"a tree has room for {tree.leaf_count} leaves", "tree.size")


def verify_parent_hashes(suite: CipherSuite, tree: RatchetTree) -> None:
    """`InvalidError` unless every parent was put there by a member below it (section 7.9.2).

    The lists of unmerged leaves must have been verified before.
    """
    for index, node in tree.nodes():
        if not isinstance(node, ParentNode):
            continue
        left, right = tree_math.left(index), tree_math.right(index)
        if not (
            _is_vouched_for(suite, tree, node, left, right)
            or _is_vouched_for(suite, tree, node, right, left)
        ):
            raise InvalidError(
                f"no node below parent node {index} carries its parent hash", "tree.parent_hash"
            )


def _is_vouched_for(
    suite: CipherSuite,
    tree: RatchetTree,
    parent: ParentNode,
    child: NodeIndex,
    copath_child: NodeIndex,
) -> bool:
    """Whether a node that covers `child`, but for unmerged leaves, carries the parent's hash."""
    unmerged = {
        tree_math.leaf_to_node(leaf)
        for leaf in parent.unmerged_leaves
        if leaf in tree_math.leaves_below(child)
    }
    resolution = set(tree.resolution(child))
    covering = resolution - unmerged
    if len(covering) != 1 or not unmerged <= resolution:
        return False
    node = tree.node(covering.pop())
    expected = parent_hash(suite, tree, parent, copath_child)
    return node is not None and node.parent_hash == expected


def verify_unmerged_leaves(tree: RatchetTree) -> None:
    """`InvalidError` unless every list of unmerged leaves is sorted and can be (12.4.3.1).

    Each must be of a member below the node, and stand in the list of every node between them.
    """
    for index, node in tree.nodes():
        if not isinstance(node, ParentNode):
            continue
        unmerged = node.unmerged_leaves
        if any(a >= b for a, b in pairwise(unmerged)):
            raise InvalidError(
                f"the unmerged leaves of node {index} are not in increasing order",
                "tree.unmerged_order",
            )
        for leaf in unmerged:
            if not _can_be_unmerged(tree, index, leaf):
                raise InvalidError(
                    f"leaf {leaf} cannot be unmerged at node {index}", "tree.unmerged_leaf"
                )


def _can_be_unmerged(tree: RatchetTree, index: NodeIndex, leaf: LeafIndex) -> bool:
    if leaf not in tree_math.leaves_below(index) or tree.leaf(leaf) is None:
        return False
    path = tree.direct_path(leaf)
    between = map(tree.parent, path[: path.index(index)])
    return all(node is None or leaf in node.unmerged_leaves for node in between)


def verify_encryption_keys(suite: CipherSuite, tree: RatchetTree) -> None:
    """`InvalidError` unless every node has an encryption key of its own, and a usable one.

    Section 7.3 for leaves, 12.4.3.1 for parents. A key that nobody can encrypt to would stop every
    later Commit.
    """
    seen: set[bytes] = set()
    for index, node in tree.nodes():
        key = node.encryption_key
        if not suite.kem.valid_public(key):
            raise InvalidError(f"the key of node {index} is not usable", "tree.encryption_key")
        if key in seen:
            raise InvalidError(f"the key of node {index} occurs twice", "tree.key_reuse")
        seen.add(key)


def verify_signature_keys(tree: RatchetTree) -> None:
    """`InvalidError` unless every member has a signature key of its own (section 7.3)."""
    seen: set[bytes] = set()
    for leaf, node in tree.members():
        if node.signature_key in seen:
            raise InvalidError(
                f"the signature key of leaf {leaf} occurs twice", "tree.signature_key_reuse"
            )
        seen.add(node.signature_key)
