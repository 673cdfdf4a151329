"""A circle as one epoch shows it, and a commit as the rules see it.

The rules need little of MLS: who sits on which leaf, what the commit adds and removes, the state
before and after, and the side data. `CircleView` and `Change` hold just that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from crypto.access.side_data import Delta
from crypto.circle.device import Device
from crypto.circle.extensions import (
    HALLWAY_INVITE,
    device_of,
    genesis_of,
    member_of,
    state_of,
)
from crypto.circle.genesis import Genesis
from crypto.circle.state import CircleState
from crypto.entry import InviteProof
from crypto.mls.extensions import find_extension
from crypto.mls.group_context import GroupContext
from crypto.mls.key_package import KeyPackage
from crypto.mls.leaf_node import LeafNode
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.tree_math import LeafIndex


@dataclass(frozen=True, slots=True)
class Leaf:
    """A device of a member: the member key, the leaf's signature key, and what it says."""

    member: bytes
    signature_key: bytes
    device: Device

    @classmethod
    def of(cls, node: LeafNode) -> Self:
        """What a leaf node says; DecodeError where it is not one of a circle."""
        member = member_of(node.credential)
        return cls(member, node.signature_key, device_of(node.extensions))

    @property
    def access_key(self) -> bytes:
        """The key by which the relay knows this device."""
        return self.device.access_key

    @property
    def name(self) -> str:
        """What the person is called on this device."""
        return self.device.name

    def vouched_for(self, circle_id: bytes) -> bool:
        """Whether the member key signed that this leaf and access key are its device's."""
        return self.device.verify(circle_id, self.member, self.signature_key)


@dataclass(frozen=True, slots=True)
class Joiner:
    """What a key package brings in; `proof` is there where it comes by an invite."""

    leaf: Leaf
    init_key: bytes
    proof: InviteProof | None = None

    @classmethod
    def of(cls, key_package: KeyPackage) -> Self:
        """What a key package says; DecodeError where it is not one for a circle."""
        data = find_extension(key_package.extensions, HALLWAY_INVITE)
        proof = None if data is None else InviteProof.decode(data)
        return cls(Leaf.of(key_package.leaf_node), key_package.init_key, proof)


@dataclass(frozen=True, slots=True)
class CircleView:
    """A circle in one epoch: its id, genesis and state, and who sits on which leaf."""

    circle_id: bytes
    epoch: int
    genesis: Genesis
    state: CircleState
    leaves: Mapping[LeafIndex, Leaf]

    @classmethod
    def of(cls, context: GroupContext, tree: RatchetTree) -> Self:
        """The view of a group; DecodeError or UpdateNeededError where it is no such circle."""
        return cls(
            context.group_id,
            context.epoch,
            genesis_of(context.extensions),
            state_of(context.extensions),
            {index: Leaf.of(node) for index, node in tree.members()},
        )

    def devices(self, member: bytes) -> list[LeafIndex]:
        """The leaves of a member, lowest first."""
        return [index for index, leaf in self.leaves.items() if leaf.member == member]

    def with_access_key(self, access_key: bytes) -> LeafIndex | None:
        """The leaf of an access key, or None."""
        found = (i for i, leaf in self.leaves.items() if leaf.access_key == access_key)
        return next(found, None)

    def with_signature_key(self, signature_key: bytes) -> LeafIndex | None:
        """The leaf of a signature key, or None."""
        found = (i for i, leaf in self.leaves.items() if leaf.signature_key == signature_key)
        return next(found, None)

    def name(self, member: bytes) -> str:
        """What a member is called: as on the first of its devices; empty for who is not in."""
        return next((leaf.name for leaf in self.leaves.values() if leaf.member == member), "")

    def names(self) -> dict[bytes, str]:
        """Everybody's name by member key, in the order in which they came in."""
        return {record.member: self.name(record.member) for record in self.state.members}


@dataclass(frozen=True, slots=True)
class Change:
    """A commit as the rules see it.

    `added` is in the commit's order. `own_leaf` is the committer's leaf after the commit, None
    where it has no path. `deltas` are its side data.
    """

    view: CircleView
    committer: LeafIndex
    new: CircleState
    added: tuple[Joiner, ...] = ()
    removed: tuple[LeafIndex, ...] = ()
    own_leaf: Leaf | None = None
    deltas: tuple[Delta, ...] = ()

    @property
    def old(self) -> CircleState:
        """The state before the commit."""
        return self.view.state

    @property
    def author(self) -> Leaf:
        """The committer's leaf before the commit."""
        return self.view.leaves[self.committer]

    @property
    def by_host(self) -> bool:
        """Whether the committer was a host before the commit."""
        return self.old.is_host(self.author.member)

    def leaves_after(self) -> list[Leaf]:
        """All leaves after the commit."""
        stay = (
            self.own_leaf if index == self.committer and self.own_leaf is not None else leaf
            for index, leaf in self.view.leaves.items()
            if index not in self.removed
        )
        return [*stay, *(joiner.leaf for joiner in self.added)]
