"""Members of a bare ratchet tree that commit, add and remove: TreeKEM without a group above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from crypto.mls.key_package import KeyPackageSecrets
from crypto.mls.leaf_node import LeafNode
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.tree_hash import tree_hash, verify_tree
from crypto.mls.tree_math import LeafIndex
from crypto.mls.treekem import (
    NewPath,
    TreeKemPrivate,
    UpdatePath,
    apply_path,
    create_path,
    decrypt_path,
    join_path,
)
from crypto.primitives import Rng
from crypto.secret import Secret
from tests.crypto.mls.members import GROUP_ID, SUITE, make_member


@dataclass
class Crowd:
    """The one public tree, and every member's secret keys, by leaf."""

    rng: Rng
    tree: RatchetTree
    secrets: dict[LeafIndex, KeyPackageSecrets]
    privates: dict[LeafIndex, TreeKemPrivate] = field(default_factory=dict)

    @classmethod
    def founded(cls, rng: Rng) -> Crowd:
        """One member alone."""
        founder = make_member(rng)
        leaf = LeafIndex(0)
        crowd = cls(rng, RatchetTree([founder.key_package.leaf_node]), {leaf: founder})
        crowd.privates[leaf] = TreeKemPrivate(leaf, founder.leaf_key_pair, {})
        return crowd

    @classmethod
    def of(cls, rng: Rng, count: int) -> Crowd:
        """Members that came in one by one, each added by the one before with a path."""
        crowd = cls.founded(rng)
        for number in range(1, count):
            crowd.commit(LeafIndex(number - 1), adding=1)
        return crowd

    def propose(
        self, adding: int, removing: Sequence[LeafIndex]
    ) -> tuple[RatchetTree, dict[LeafIndex, KeyPackageSecrets]]:
        """The tree after some Removes and Adds, and who would come in where."""
        tree = self.tree.copy()
        for leaf in removing:
            tree.remove_leaf(leaf)
        newcomers = [make_member(self.rng) for _ in range(adding)]
        return tree, {tree.add_leaf(n.key_package.leaf_node): n for n in newcomers}

    def make_path(self, tree: RatchetTree, committer: LeafIndex) -> NewPath:
        """A committer's new path over a tree with the proposals applied."""
        key_pair = self.secrets[committer].signature_key_pair
        return create_path(
            SUITE, tree, committer, member_at(tree, committer), key_pair, GROUP_ID, self.rng
        )

    def seal(self, path: NewPath, added: Sequence[LeafIndex]) -> tuple[UpdatePath, bytes]:
        """The path as it is sent, and the context that it is sealed under."""
        context = tree_hash(SUITE, path.tree)
        return path.encrypt(SUITE, added, context, self.rng), context

    def commit(
        self,
        committer: LeafIndex,
        *,
        adding: int = 0,
        removing: Sequence[LeafIndex] = (),
        with_path: bool = True,
    ) -> None:
        """Let everybody follow one Commit, and check that all arrive at the same place."""
        tree, newcomers = self.propose(adding, removing)
        added = list(newcomers)
        for leaf in removing:
            del self.privates[leaf], self.secrets[leaf]
        path_secrets: dict[LeafIndex, Secret | None] = dict.fromkeys(added)
        if with_path:
            path = self.make_path(tree, committer)
            update, context = self.seal(path, added)
            tree = self._follow(tree, committer, path, update, added, context)
            path_secrets = {leaf: path.path_secret_for(leaf) for leaf in added}
        self.tree = tree
        self.privates = {leaf: own.pruned(tree) for leaf, own in self.privates.items()}
        for leaf, newcomer in newcomers.items():
            self.secrets[leaf] = newcomer
            self.privates[leaf] = join_path(
                SUITE, tree, leaf, newcomer.leaf_key_pair, committer, path_secrets[leaf]
            )
        self.check()

    def _follow(
        self,
        tree: RatchetTree,
        committer: LeafIndex,
        path: NewPath,
        update: UpdatePath,
        added: Sequence[LeafIndex],
        context: bytes,
    ) -> RatchetTree:
        new_tree = apply_path(SUITE, tree, committer, UpdatePath.decode(update.encode()), added)
        assert new_tree == path.tree
        assert member_at(new_tree, committer).verify(SUITE, GROUP_ID, committer)
        for leaf, private in self.privates.items():
            if leaf == committer:
                self.privates[leaf] = path.private
            else:
                self.privates[leaf], commit_secret = decrypt_path(
                    SUITE, new_tree, private, committer, update, added, context
                )
                assert commit_secret == path.commit_secret
        return new_tree

    def check(self) -> None:
        """The tree holds together, and everybody has exactly the keys that it should have."""
        verify_tree(SUITE, self.tree)
        assert set(self.privates) == {leaf for leaf, _ in self.tree.members()}
        for leaf, private in self.privates.items():
            assert private.leaf_index == leaf
            assert private.leaf_key_pair.public == member_at(self.tree, leaf).encryption_key
            expected = {
                index: node.encryption_key
                for index in self.tree.direct_path(leaf)
                if (node := self.tree.parent(index)) and leaf not in node.unmerged_leaves
            }
            held = {index: pair.public for index, pair in private.node_key_pairs.items()}
            assert held == expected
            assert private.missing_node(self.tree) is None


def member_at(tree: RatchetTree, leaf: LeafIndex) -> LeafNode:
    """The leaf of somebody who is known to be there."""
    node = tree.leaf(leaf)
    assert node is not None
    return node
