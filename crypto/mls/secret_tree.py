"""The secret tree (RFC 9420 section 9): a key of its own for every message of an epoch.

From one secret at the root every leaf gets a handshake ratchet and an application ratchet, and from
each ratchet comes one key after another. Nothing is derived before it is needed, and whatever could
derive a used key again is deleted: a node's secret once its children have theirs, a ratchet's
secret once it has moved on, a key once its message was read.

Receiving takes two steps, so that a forged message changes nothing: `peek` gives the key that a
message claims, `consume` moves the ratchet when the message has proved genuine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Self

from crypto.mls import tree_math
from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.codec import Reader, Writer
from crypto.mls.errors import DecodeError, KeyUsedError, TooFarAheadError, UsageError
from crypto.mls.labeled import derive_tree_secret, expand_with_label
from crypto.mls.tree_math import LeafIndex, NodeIndex
from crypto.secret import Secret

MAX_SKIPPED = 1000
"""How many generations of a ratchet a message may leave out."""

MAX_KEPT = 256
"""How many left-out keys are kept for late messages, in all ratchets together."""

MAX_GENERATION = 0xFFFF_FFFE
"""The last generation in use; the one after it must still fit into a `uint32`."""


class RatchetKind(IntEnum):
    """Proposals and Commits take their keys from one ratchet, application messages from another."""

    HANDSHAKE = 0
    APPLICATION = 1


@dataclass(frozen=True, slots=True)
class MessageKey:
    """The key and nonce of one message, and where they come from."""

    leaf: LeafIndex
    kind: RatchetKind
    generation: int
    key: Secret
    nonce: Secret


class _Ratchet(NamedTuple):
    """The secret of the next generation that was not reached yet."""

    generation: int
    secret: Secret


class _Descent(NamedTuple):
    """The way from a node that has a secret down to a leaf: what replaces that node's secret."""

    start: NodeIndex
    siblings: dict[NodeIndex, Secret]
    leaf_secret: Secret


class SecretTree:
    """The ratchets of all leaves in one epoch.

    It is mutable, and `copy()` is cheap. `UsageError` for a leaf outside the tree.
    """

    __slots__ = ("_kept", "_leaf_count", "_nodes", "_ratchets", "_suite")

    def __init__(self, suite: CipherSuite, encryption_secret: Secret, leaf_count: int) -> None:
        """`leaf_count` is that of the ratchet tree: a power of two."""
        self._suite = suite
        self._leaf_count = leaf_count
        self._nodes = {tree_math.root(leaf_count): encryption_secret}
        self._ratchets: dict[LeafIndex, tuple[_Ratchet, _Ratchet]] = {}
        # In the order in which they were left out, so that the first is the oldest.
        self._kept: dict[tuple[LeafIndex, RatchetKind, int], MessageKey] = {}

    def copy(self) -> Self:
        """Another tree in the same state; what happens to the one does not touch the other."""
        twin = self.__class__.__new__(self.__class__)
        twin._suite, twin._leaf_count = self._suite, self._leaf_count
        twin._nodes, twin._ratchets = self._nodes.copy(), self._ratchets.copy()
        twin._kept = self._kept.copy()
        return twin

    # Sending and receiving

    def generation(self, leaf: LeafIndex, kind: RatchetKind) -> int:
        """The generation that a leaf's ratchet has reached: that of its next key."""
        return self._ratchet(leaf, kind).generation

    def next_key(self, leaf: LeafIndex, kind: RatchetKind) -> MessageKey:
        """The next key of our own leaf; it is given out once and then gone.

        The tree must be stored before what the key encrypts is sent: a key that is used twice,
        after a crash, betrays both messages.
        """
        ratchet = self._ratchet(leaf, kind)
        if ratchet.generation > MAX_GENERATION:
            raise UsageError("a ratchet has come to its end; a Commit begins a new one")
        key = self._key(leaf, kind, ratchet)
        self._move(leaf, kind, self._after(ratchet))
        return key

    def peek(self, leaf: LeafIndex, kind: RatchetKind, generation: int) -> MessageKey:
        """The key that a message claims to be sealed with; the tree stays as it is.

        `KeyUsedError` where it was used, or left out and since erased; `TooFarAheadError` where
        more than `MAX_SKIPPED` generations would be left out.
        """
        kept = self._kept.get((leaf, kind, generation))
        if kept is not None:
            return kept
        ratchet = self._ratchet(leaf, kind)
        _check_reach(ratchet, leaf, generation)
        while ratchet.generation < generation:
            ratchet = self._after(ratchet)
        return self._key(leaf, kind, ratchet)

    def consume(self, key: MessageKey) -> None:
        """Delete a key that `peek` gave, and keep those that its message left out.

        `KeyUsedError` where it was consumed already.
        """
        leaf, kind, generation = key.leaf, key.kind, key.generation
        if self._kept.pop((leaf, kind, generation), None) is not None:
            return
        ratchet = self._ratchet(leaf, kind)
        _check_reach(ratchet, leaf, generation)
        while ratchet.generation < generation:
            left_out = self._key(leaf, kind, ratchet)
            self._kept[leaf, kind, ratchet.generation] = left_out
            ratchet = self._after(ratchet)
        self._move(leaf, kind, self._after(ratchet))
        while len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]

    # Derivations

    def _key(self, leaf: LeafIndex, kind: RatchetKind, ratchet: _Ratchet) -> MessageKey:
        aead = self._suite.aead
        key = self._derive(ratchet, "key", aead.key_length)
        nonce = self._derive(ratchet, "nonce", aead.nonce_length)
        return MessageKey(leaf, kind, ratchet.generation, key, nonce)

    def _after(self, ratchet: _Ratchet) -> _Ratchet:
        secret = self._derive(ratchet, "secret", self._suite.hash_length)
        return _Ratchet(ratchet.generation + 1, secret)

    def _derive(self, ratchet: _Ratchet, label: str, length: int) -> Secret:
        return derive_tree_secret(self._suite, ratchet.secret, label, ratchet.generation, length)

    def _ratchet(self, leaf: LeafIndex, kind: RatchetKind) -> _Ratchet:
        """A leaf's ratchet where it stands, derived from above where the leaf has none yet."""
        ratchets = self._ratchets.get(leaf)
        if ratchets is None:
            ratchets = self._first_ratchets(self._descend(leaf).leaf_secret)
        return ratchets[kind]

    def _move(self, leaf: LeafIndex, kind: RatchetKind, to: _Ratchet) -> None:
        ratchets = self._ratchets.get(leaf)
        if ratchets is None:
            descent = self._descend(leaf)
            del self._nodes[descent.start]
            self._nodes.update(descent.siblings)
            ratchets = self._first_ratchets(descent.leaf_secret)
        handshake, application = ratchets
        self._ratchets[leaf] = (
            (to, application) if kind is RatchetKind.HANDSHAKE else (handshake, to)
        )

    def _first_ratchets(self, leaf_secret: Secret) -> tuple[_Ratchet, _Ratchet]:
        handshake = self._expand(leaf_secret, "handshake", b"")
        return _Ratchet(0, handshake), _Ratchet(0, self._expand(leaf_secret, "application", b""))

    def _descend(self, leaf: LeafIndex) -> _Descent:
        target = start = tree_math.leaf_to_node(leaf)
        while start not in self._nodes:
            start = tree_math.parent(start, self._leaf_count)
        node, secret = start, self._nodes[start]
        siblings: dict[NodeIndex, Secret] = {}
        while node != target:
            left, right = tree_math.left(node), tree_math.right(node)
            left_secret = self._expand(secret, "tree", b"left")
            right_secret = self._expand(secret, "tree", b"right")
            if target < node:
                node, secret, siblings[right] = left, left_secret, right_secret
            else:
                node, secret, siblings[left] = right, right_secret, left_secret
        return _Descent(start, siblings, secret)

    def _expand(self, secret: Secret, label: str, context: bytes) -> Secret:
        return expand_with_label(self._suite, secret, label, context, self._suite.hash_length)

    # Storing

    def encode(self) -> bytes:
        """The whole state as bytes, to be stored under a key: every secret is in them.

        The leaf count; the secrets of nodes; the ratchets of leaves; the kept keys, oldest first.
        """
        writer = Writer()
        writer.uint32(self._leaf_count)
        writer.opaque(b"".join(map(self._encode_node, sorted(self._nodes))))
        writer.opaque(b"".join(map(self._encode_ratchets, sorted(self._ratchets))))
        writer.opaque(b"".join(map(_encode_kept, self._kept.values())))
        return writer.getvalue()

    def _encode_node(self, node: NodeIndex) -> bytes:
        return node.to_bytes(4) + self._nodes[node].reveal()

    def _encode_ratchets(self, leaf: LeafIndex) -> bytes:
        return leaf.to_bytes(4) + b"".join(
            ratchet.generation.to_bytes(4) + ratchet.secret.reveal()
            for ratchet in self._ratchets[leaf]
        )

    @classmethod
    def decode(cls, suite: CipherSuite, data: bytes) -> Self:
        """The tree that `encode` wrote; `DecodeError` for bytes that it cannot have written."""
        reader = Reader(data)
        tree = cls(suite, Secret(b""), max(1, reader.uint32()))
        tree._nodes = dict(reader.vector(tree._read_node))
        tree._ratchets = dict(reader.vector(tree._read_ratchets))
        kept = reader.vector(tree._read_kept)
        tree._kept = {(key.leaf, key.kind, key.generation): key for key in kept}
        tree._check()
        if tree.encode() != data:  # also where something follows, stands twice or out of order
            raise DecodeError("the stored secret tree is not written as it would be")
        return tree

    def _read_secret(self, reader: Reader) -> Secret:
        return Secret(reader.raw(self._suite.hash_length))

    def _read_node(self, reader: Reader) -> tuple[NodeIndex, Secret]:
        return NodeIndex(reader.uint32()), self._read_secret(reader)

    def _read_ratchets(self, reader: Reader) -> tuple[LeafIndex, tuple[_Ratchet, _Ratchet]]:
        leaf = LeafIndex(reader.uint32())
        handshake = _Ratchet(reader.uint32(), self._read_secret(reader))
        return leaf, (handshake, _Ratchet(reader.uint32(), self._read_secret(reader)))

    def _read_kept(self, reader: Reader) -> MessageKey:
        leaf, kind = LeafIndex(reader.uint32()), reader.uint8()
        if kind not in _KINDS:
            raise DecodeError(f"a ratchet is of kind 0 or 1, not {kind}")
        generation, aead = reader.uint32(), self._suite.aead
        key, nonce = Secret(reader.raw(aead.key_length)), Secret(reader.raw(aead.nonce_length))
        return MessageKey(leaf, _KINDS[kind], generation, key, nonce)

    def _check(self) -> None:
        """That each leaf has ratchets, or one secret above it, and that kept keys were left out."""
        covered = [tree_math.leaves_below(node) for node in self._nodes]
        covered += [range(leaf, leaf + 1) for leaf in self._ratchets]
        end = 0
        for leaves in sorted(covered, key=lambda leaves: leaves.start):
            if leaves.start != end:
                raise DecodeError("the stored secret tree has a leaf twice, or not at all")
            end = leaves.stop
        if end != self._leaf_count or end != tree_math.full_leaf_count(end):
            raise DecodeError("the stored secret tree has a wrong number of leaves")
        if len(self._kept) > MAX_KEPT:
            raise DecodeError("the stored secret tree keeps too many keys")
        for leaf, kind, generation in self._kept:
            ratchets = self._ratchets.get(leaf)
            if ratchets is None or generation >= ratchets[kind].generation:
                raise DecodeError("the stored secret tree keeps a key that was never left out")


_KINDS = {int(kind): kind for kind in RatchetKind}


def _encode_kept(key: MessageKey) -> bytes:
    place = key.leaf.to_bytes(4) + key.kind.to_bytes(1) + key.generation.to_bytes(4)
    return place + key.key.reveal() + key.nonce.reveal()


def _check_reach(ratchet: _Ratchet, leaf: LeafIndex, generation: int) -> None:
    if generation < ratchet.generation:
        raise KeyUsedError(
            f"generation {generation} of leaf {leaf} was used already, or too old",
            "ratchet.key_used",
        )
    if generation > min(ratchet.generation + MAX_SKIPPED, MAX_GENERATION):
        raise TooFarAheadError(
            f"generation {generation} of leaf {leaf} leaves out more than {MAX_SKIPPED} messages",
            "ratchet.too_far_ahead",
        )
