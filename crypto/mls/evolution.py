"""What a Commit changes in the public state of a group (RFC 9420 section 12.3).

`apply_proposals` gives the tree and extensions that a list of proposals leads to. `CommitChange`
is the whole of what a Commit would do, for rules that lie above MLS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from crypto.mls.errors import InternalError
from crypto.mls.extensions import Extension
from crypto.mls.group_context import GroupContext
from crypto.mls.key_package import KeyPackage
from crypto.mls.leaf_node import LeafNode
from crypto.mls.proposals import (
    Add,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    Remove,
    Update,
)
from crypto.mls.psk import PreSharedKeyID
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.tree_math import LeafIndex


@dataclass(frozen=True, slots=True)
class Added:
    """A client that a Commit adds, and the leaf that it gets."""

    leaf: LeafIndex
    key_package: KeyPackage


@dataclass(frozen=True, slots=True)
class Removed:
    """A member that a Commit removes: its leaf, and the node that stood there."""

    leaf: LeafIndex
    leaf_node: LeafNode


@dataclass(frozen=True, slots=True)
class Evolution:
    """The tree and extensions after a list of proposals, before the committer's path."""

    extensions: tuple[Extension, ...]
    tree: RatchetTree
    added: tuple[Added, ...]
    removed: tuple[Removed, ...]
    psks: tuple[PreSharedKeyID, ...]

    def added_leaves(self) -> tuple[LeafIndex, ...]:
        """The leaves of those who are added, which a path is not encrypted to."""
        return tuple(added.leaf for added in self.added)


@dataclass(frozen=True, slots=True)
class CommitChange:
    """All that a Commit would do, public and checked, for a `CommitPolicy` to judge.

    `new_context` is the provisional GroupContext: its epoch, tree hash and extensions are the new
    epoch's, its transcript hash is still the old one. `new_tree` includes the committer's new path;
    `path_leaf` is the committer's new leaf node, None where the Commit has no path.
    """

    committer: LeafIndex
    authenticated_data: bytes
    proposals: tuple[Proposal, ...]
    added: tuple[Added, ...]
    removed: tuple[Removed, ...]
    path_leaf: LeafNode | None
    old_context: GroupContext
    old_tree: RatchetTree
    new_context: GroupContext
    new_tree: RatchetTree


CommitPolicy: TypeAlias = Callable[[CommitChange], None]
"""Rules that lie above MLS. It raises, whatever it likes, to refuse a Commit; the exception goes to
the caller of `Group.process` or `Group.commit`, and the group is what it was."""


def apply_proposals(
    extensions: tuple[Extension, ...],
    tree: RatchetTree,
    proposals: Sequence[Proposal],
    sender: LeafIndex,
) -> Evolution:
    """Apply a list that has been validated; `sender` is who an Update is for.

    The order is the RFC's: extensions, Updates, Removes, then Adds in the order of the list. The
    tree that is given stays as it is.
    """
    new_tree = tree.copy()
    removed: list[Removed] = []
    added: list[Added] = []
    psks: list[PreSharedKeyID] = []
    for proposal in sorted(proposals, key=_application_order):
        match proposal:
            case GroupContextExtensions():
                extensions = proposal.extensions
            case Update():
                new_tree.update_leaf(sender, proposal.leaf_node)
            case Remove():
                removed.append(Removed(proposal.removed, _member(new_tree, proposal.removed)))
                new_tree.remove_leaf(proposal.removed)
            case Add():
                leaf = new_tree.add_leaf(proposal.key_package.leaf_node)
                added.append(Added(leaf, proposal.key_package))
            case PreSharedKey():
                psks.append(proposal.psk)
            case _:
                raise InternalError("a proposal outside the subset was not refused")
    return Evolution(extensions, new_tree, tuple(added), tuple(removed), tuple(psks))


def _member(tree: RatchetTree, leaf: LeafIndex) -> LeafNode:
    leaf_node = tree.leaf(leaf)
    if leaf_node is None:
        raise InternalError(f"a Remove of leaf {leaf}, where nobody is, was not refused")
    return leaf_node


_ORDER: dict[type[Proposal], int] = {GroupContextExtensions: 0, Update: 1, Remove: 2, Add: 3}


def _application_order(proposal: Proposal) -> int:
    return _ORDER.get(type(proposal), 4)
