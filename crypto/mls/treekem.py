"""TreeKEM (RFC 9420 sections 7.4 to 7.6): a new path of keys from a leaf to the root.

A committer makes a path in two steps, because what encrypts it is bound to the context of the new
epoch, and that context holds the hash of the new tree: `create_path` makes keys and tree,
`NewPath.encrypt` seals the path secrets. A receiver works in two steps too: `apply_path` does what
every member can check, `decrypt_path` what only its own keys can.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from crypto.mls import tree_math
from crypto.mls.cipher_suite import CipherSuite, SignatureKeyPair
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.errors import InvalidError, UndecryptableError, UsageError
from crypto.mls.hpke import HpkeCiphertext
from crypto.mls.kem import KemKeyPair
from crypto.mls.labeled import decrypt_with_label, derive_secret, encrypt_with_label
from crypto.mls.leaf_node import CommitSource, LeafNode
from crypto.mls.ratchet_tree import ParentNode, PathStep, RatchetTree
from crypto.mls.tree_hash import parent_hash
from crypto.mls.tree_math import LeafIndex, NodeIndex
from crypto.primitives import Rng
from crypto.secret import Secret

_LABEL = "UpdatePathNode"


@dataclass(frozen=True, slots=True)
class UpdatePathNode(Struct):
    """A node's new key, and its path secret for each node of the copath child's resolution."""

    encryption_key: bytes
    encrypted_path_secret: tuple[HpkeCiphertext, ...]

    def write(self, writer: Writer) -> None:
        writer.opaque(self.encryption_key)
        writer.structs(self.encrypted_path_secret)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque(), tuple(reader.vector(HpkeCiphertext.read)))


@dataclass(frozen=True, slots=True)
class UpdatePath(Struct):
    """A committer's new leaf, and the new nodes of its filtered direct path, lowest first."""

    leaf_node: LeafNode
    nodes: tuple[UpdatePathNode, ...]

    def write(self, writer: Writer) -> None:
        writer.struct(self.leaf_node)
        writer.structs(self.nodes)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(LeafNode.read(reader), tuple(reader.vector(UpdatePathNode.read)))


@dataclass(frozen=True, slots=True)
class TreeKemPrivate:
    """One member's secret keys: its leaf's, and those of ancestors that it is merged at."""

    leaf_index: LeafIndex
    leaf_key_pair: KemKeyPair
    node_key_pairs: Mapping[NodeIndex, KemKeyPair]

    def key_pair(self, node: NodeIndex) -> KemKeyPair | None:
        """The key pair of a node, or None where this member has none."""
        if node == tree_math.leaf_to_node(self.leaf_index):
            return self.leaf_key_pair
        return self.node_key_pairs.get(node)

    def pruned(self, tree: RatchetTree) -> TreeKemPrivate:
        """Without the keys of nodes that the tree no longer holds."""
        current = {index: node.encryption_key for index, node in tree.nodes()}
        kept = {
            index: pair
            for index, pair in self.node_key_pairs.items()
            if current.get(index) == pair.public
        }
        return replace(self, node_key_pairs=kept)

    def missing_node(self, tree: RatchetTree) -> NodeIndex | None:
        """An ancestor whose key this member should have and has not (section 4.2), or None."""
        for index in tree.direct_path(self.leaf_index):
            node = tree.parent(index)
            if node is None or self.leaf_index in node.unmerged_leaves:
                continue
            pair = self.node_key_pairs.get(index)
            if pair is None or pair.public != node.encryption_key:
                return index
        return None


@dataclass(frozen=True, slots=True)
class NewPath:
    """A path of our own: the tree with it, our new keys, and the secrets still to be sealed."""

    tree: RatchetTree
    private: TreeKemPrivate
    commit_secret: Secret
    leaf_node: LeafNode
    steps: tuple[PathStep, ...]
    path_secrets: tuple[Secret, ...]

    def encrypt(
        self, suite: CipherSuite, added: Collection[LeafIndex], context: bytes, rng: Rng
    ) -> UpdatePath:
        """Seal each path secret to those below its copath child but the leaves just added.

        `context` is the encoded provisional GroupContext: the new epoch and the new tree's hash,
        with the transcript hash of before (section 12.4.1).
        """
        nodes: list[UpdatePathNode] = []
        for step, path_secret in zip(self.steps, self.path_secrets, strict=True):
            public = self.private.node_key_pairs[step.node].public
            recipients = self.tree.resolution(step.copath_child, excluding=added)
            sealed = [
                encrypt_with_label(
                    suite,
                    self.tree.encryption_key(node),
                    _LABEL,
                    context,
                    path_secret.reveal(),
                    rng,
                )
                for node in recipients
            ]
            nodes.append(UpdatePathNode(public, tuple(sealed)))
        return UpdatePath(self.leaf_node, tuple(nodes))

    def path_secret_for(self, newcomer: LeafIndex) -> Secret:
        """The secret of the lowest node above both us and a newcomer, for its Welcome."""
        leaf = tree_math.leaf_to_node(newcomer)
        for step, path_secret in zip(self.steps, self.path_secrets, strict=True):
            if tree_math.contains(step.copath_child, leaf):
                return path_secret
        raise UsageError(f"leaf {newcomer} is not on the other side of any node of the path")


def create_path(
    suite: CipherSuite,
    tree: RatchetTree,
    committer: LeafIndex,
    leaf_node: LeafNode,
    signature_key_pair: SignatureKeyPair,
    group_id: bytes,
    rng: Rng,
) -> NewPath:
    """Make a committer's new path; `tree` has the Commit's proposals applied and stays as it is.

    Of `leaf_node` the credential, capabilities, extensions and signature key are taken; its
    encryption key, source and signature are made new.
    """
    steps = tuple(tree.filtered_direct_path(committer))
    path_secrets, commit_secret = _path_secrets(suite, Secret(rng(suite.hash_length)), len(steps))
    key_pairs = [_node_key_pair(suite, path_secret) for path_secret in path_secrets]
    leaf_key_pair = suite.kem.generate_key_pair(rng)
    parents, carried = _new_parents(suite, tree, steps, [pair.public for pair in key_pairs])
    signed = replace(
        leaf_node, encryption_key=leaf_key_pair.public, source=CommitSource(carried)
    ).signed(suite, signature_key_pair, group_id, committer)
    new_tree = tree.copy()
    new_tree.replace_path(committer, signed, parents)
    node_key_pairs = {step.node: pair for step, pair in zip(steps, key_pairs, strict=True)}
    private = TreeKemPrivate(committer, leaf_key_pair, node_key_pairs)
    return NewPath(new_tree, private, commit_secret, signed, steps, tuple(path_secrets))


def apply_path(
    suite: CipherSuite,
    tree: RatchetTree,
    sender: LeafIndex,
    path: UpdatePath,
    added: Collection[LeafIndex],
) -> RatchetTree:
    """The tree with a sender's path, or `InvalidError`; the same for every member.

    `tree` has the Commit's proposals applied and stays as it is; `added` are the leaves that they
    added. Of the new leaf, only its source, key and parent hash are judged here (12.4.2).
    """
    steps = tree.filtered_direct_path(sender)
    if len(path.nodes) != len(steps):
        raise InvalidError(
            f"the path has {len(path.nodes)} nodes instead of {len(steps)}", "path.length"
        )
    for step, path_node in zip(steps, path.nodes, strict=True):
        expected = len(tree.resolution(step.copath_child, excluding=added))
        if len(path_node.encrypted_path_secret) != expected:
            raise InvalidError(
                f"node {step.node} of the path is not sealed to {expected} receivers",
                "path.ciphertexts",
            )
    public_keys = [path_node.encryption_key for path_node in path.nodes]
    _verify_fresh(suite, tree, [path.leaf_node.encryption_key, *public_keys])
    if path.leaf_node.parent_hash is None:
        raise InvalidError("the leaf of a path does not come from a Commit", "path.leaf_source")
    parents, carried = _new_parents(suite, tree, steps, public_keys)
    if path.leaf_node.parent_hash != carried:
        raise InvalidError("the leaf of a path carries another parent hash", "path.parent_hash")
    new_tree = tree.copy()
    new_tree.replace_path(sender, path.leaf_node, parents)
    return new_tree


def decrypt_path(
    suite: CipherSuite,
    tree: RatchetTree,
    private: TreeKemPrivate,
    sender: LeafIndex,
    path: UpdatePath,
    added: Collection[LeafIndex],
    context: bytes,
) -> tuple[TreeKemPrivate, Secret]:
    """Our keys in the new tree and the commit secret; `UndecryptableError` where our part fails.

    `tree` is what `apply_path` gave for this path, `context` the encoded provisional GroupContext.
    """
    steps = tree.filtered_direct_path(sender)
    own_leaf = tree_math.leaf_to_node(private.leaf_index)
    ours = next(
        (i for i, step in enumerate(steps) if tree_math.contains(step.copath_child, own_leaf)),
        None,
    )
    if ours is None:
        raise UsageError("a member does not decrypt its own path")
    recipients = tree.resolution(steps[ours].copath_child, excluding=added)
    kept = private.pruned(tree)
    path_secret = _open_path_secret(suite, kept, recipients, path.nodes[ours], context)
    path_secrets, commit_secret = _path_secrets(suite, path_secret, len(steps) - ours)
    derived = _derived_keys(suite, tree, steps[ours:], path_secrets)
    return replace(kept, node_key_pairs={**kept.node_key_pairs, **derived}), commit_secret


def join_path(
    suite: CipherSuite,
    tree: RatchetTree,
    leaf_index: LeafIndex,
    leaf_key_pair: KemKeyPair,
    signer: LeafIndex,
    path_secret: Secret | None,
) -> TreeKemPrivate:
    """A newcomer's keys, from the path secret in its Welcome if there is one (12.4.3.1).

    `InvalidError` where they are not those of the tree, or one is missing without which a later
    path could not be decrypted.
    """
    own_leaf = tree_math.leaf_to_node(leaf_index)
    derived: dict[NodeIndex, KemKeyPair] = {}
    if path_secret is not None:
        common = [
            step
            for step in tree.filtered_direct_path(signer)
            if tree_math.contains(step.node, own_leaf)
        ]
        path_secrets, _ = _path_secrets(suite, path_secret, len(common))
        try:
            derived = _derived_keys(suite, tree, common, path_secrets)
        except UndecryptableError as error:
            raise InvalidError(
                "the Welcome's path secret is not that of the tree", "welcome.path_secret"
            ) from error
    private = TreeKemPrivate(leaf_index, leaf_key_pair, derived)
    missing = private.missing_node(tree)
    if missing is not None:
        raise InvalidError(
            f"the Welcome gives no key for node {missing} above the newcomer",
            "welcome.path_secret",
        )
    return private


def _path_secrets(suite: CipherSuite, first: Secret, count: int) -> tuple[list[Secret], Secret]:
    """`count` path secrets from the first on, and the commit secret that follows (section 7.4)."""
    secrets = [first]
    for _ in range(count):
        secrets.append(derive_secret(suite, secrets[-1], "path"))
    return secrets[:-1], secrets[-1]


def _node_key_pair(suite: CipherSuite, path_secret: Secret) -> KemKeyPair:
    return suite.kem.derive_key_pair(derive_secret(suite, path_secret, "node"))


def _derived_keys(
    suite: CipherSuite, tree: RatchetTree, steps: Sequence[PathStep], path_secrets: list[Secret]
) -> dict[NodeIndex, KemKeyPair]:
    """The key pair of each step's node, compared with what the tree holds (section 12.4.2)."""
    derived: dict[NodeIndex, KemKeyPair] = {}
    for step, path_secret in zip(steps, path_secrets, strict=True):
        key_pair = _node_key_pair(suite, path_secret)
        node = tree.parent(step.node)
        if node is None or node.encryption_key != key_pair.public:
            raise UndecryptableError(
                f"the path secret does not lead to the public key of node {step.node}",
                "path.derived_key",
            )
        derived[step.node] = key_pair
    return derived


def _open_path_secret(
    suite: CipherSuite,
    private: TreeKemPrivate,
    recipients: Sequence[NodeIndex],
    path_node: UpdatePathNode,
    context: bytes,
) -> Secret:
    for recipient, sealed in zip(recipients, path_node.encrypted_path_secret, strict=True):
        key_pair = private.key_pair(recipient)
        if key_pair is not None:
            return Secret(decrypt_with_label(suite, key_pair, _LABEL, context, sealed))
    raise UndecryptableError(
        "the path is sealed to none of the keys that this member holds", "path.not_ours"
    )


def _new_parents(
    suite: CipherSuite, tree: RatchetTree, steps: Sequence[PathStep], public_keys: list[bytes]
) -> tuple[dict[NodeIndex, ParentNode], bytes]:
    """The path's parent nodes, linked from the root down, and the parent hash for the leaf."""
    parents: dict[NodeIndex, ParentNode] = {}
    carried = b""
    for step, public in reversed(list(zip(steps, public_keys, strict=True))):
        node = ParentNode(public, carried)
        parents[step.node] = node
        carried = parent_hash(suite, tree, node, step.copath_child)
    return parents, carried


def _verify_fresh(suite: CipherSuite, tree: RatchetTree, public_keys: Sequence[bytes]) -> None:
    """Every new key is usable and occurs nowhere else, in the tree or the path (12.4.2)."""
    seen = {node.encryption_key for _, node in tree.nodes()}
    for public in public_keys:
        if not suite.kem.valid_public(public):
            raise InvalidError("the path holds a key that is not usable", "path.encryption_key")
        if public in seen:
            raise InvalidError("the path holds a key that occurs elsewhere", "path.key_reuse")
        seen.add(public)
