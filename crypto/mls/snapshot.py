"""What is stored of a member's state, as versioned bytes; every one of them is a secret.

    snapshot = uint16 version ‖ uint8 kind ‖ body ‖ SHA-256 of all before

Epoch and ratchets are apart, since the ratchets change with each message and are small. The hash
finds damage, not malice: whoever stores snapshots keeps them under a key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from crypto.mls.cipher_suite import CipherSuite, SignatureKeyPair
from crypto.mls.codec import Reader, Writer
from crypto.mls.epoch import Epoch, EpochAndRatchets
from crypto.mls.errors import DecodeError, SnapshotError
from crypto.mls.group import Group, PendingCommit
from crypto.mls.group_context import GroupContext
from crypto.mls.kem import KemKeyPair
from crypto.mls.key_package import KeyPackage, KeyPackageSecrets
from crypto.mls.key_schedule import EpochSecrets
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.secret_tree import SecretTree
from crypto.mls.tree_math import LeafIndex, NodeIndex
from crypto.mls.treekem import TreeKemPrivate
from crypto.primitives import HASH_LENGTH, sha256
from crypto.secret import Secret

VERSION = 1

T = TypeVar("T")


class Kind(IntEnum):
    """What a snapshot is of."""

    EPOCH = 1
    RATCHETS = 2
    PENDING_COMMIT = 3
    KEY_PACKAGE = 4
    STANDING = 5


# A group


def save_epoch(group: Group) -> Secret:
    """The part of a group that changes with `Group.merge` alone."""
    writer = _begin(Kind.EPOCH)
    _write_epoch(writer, group.state.epoch)
    return _seal(writer)


def save_ratchets(group: Group) -> Secret:
    """The part of a group that changes whenever a message is sent or read."""
    writer = _begin(Kind.RATCHETS)
    _write_ratchets(writer, group.state)
    return _seal(writer)


def restore_group(suite: CipherSuite, epoch: Secret, ratchets: Secret) -> Group:
    """The group of two snapshots; `SnapshotError` where they are damaged or not a pair."""
    restored = _open(epoch, Kind.EPOCH, lambda reader: _read_epoch(reader, suite))
    return Group(_open(ratchets, Kind.RATCHETS, lambda reader: _read_ratchets(reader, restored)))


def _write_epoch(writer: Writer, epoch: Epoch) -> None:
    writer.uint16(epoch.suite.code)
    writer.struct(epoch.context)
    writer.struct(epoch.tree)
    writer.uint32(epoch.own_leaf)
    _write_key_pair(writer, epoch.private.leaf_key_pair)
    writer.vector(sorted(epoch.private.node_key_pairs), Writer.uint32)
    for node in sorted(epoch.private.node_key_pairs):
        _write_key_pair(writer, epoch.private.node_key_pairs[node])
    _write_signature_key_pair(writer, epoch.signature_key_pair)
    writer.struct(epoch.secrets)
    writer.opaque(epoch.confirmation_tag)
    writer.opaque(epoch.interim_transcript_hash)


def _read_epoch(reader: Reader, suite: CipherSuite) -> Epoch:
    code = reader.uint16()
    if code != suite.code:
        raise SnapshotError(f"the stored group is of cipher suite {code:#06x}, not {suite.name}")
    context, tree = GroupContext.read(reader), RatchetTree.read(reader)
    leaf, leaf_key_pair = LeafIndex(reader.uint32()), _read_key_pair(reader)
    if leaf not in dict(tree.members()):
        raise SnapshotError("the stored member is not in the stored tree")
    nodes = [NodeIndex(node) for node in reader.vector(Reader.uint32)]
    above = set(tree.direct_path(leaf))
    if nodes != sorted(above.intersection(nodes)):
        raise SnapshotError("the stored keys are not of the nodes above the stored member")
    node_key_pairs = {node: _read_key_pair(reader) for node in nodes}
    return Epoch(
        suite=suite,
        context=context,
        tree=tree,
        private=TreeKemPrivate(leaf, leaf_key_pair, node_key_pairs),
        signature_key_pair=_read_signature_key_pair(reader),
        secrets=EpochSecrets.read(reader),
        confirmation_tag=reader.opaque(),
        interim_transcript_hash=reader.opaque(),
    )


def _write_ratchets(writer: Writer, state: EpochAndRatchets) -> None:
    writer.opaque(state.epoch.confirmation_tag)
    writer.opaque(state.ratchets.encode())


def _read_ratchets(reader: Reader, epoch: Epoch) -> EpochAndRatchets:
    if reader.opaque() != epoch.confirmation_tag:
        raise SnapshotError("the stored epoch and the stored ratchets do not belong together")
    return EpochAndRatchets(epoch, SecretTree.decode(epoch.suite, reader.opaque()))


# What is left of a group without its keys


@dataclass(frozen=True, slots=True)
class Standing:
    """Who was in a group's epoch, and where the member sat: nothing can be read or sent with it."""

    context: GroupContext
    tree: RatchetTree
    own_leaf: LeafIndex


def save_standing(standing: Standing) -> Secret:
    """What a backup holds of a group: live keys in a copy would be used twice."""
    writer = _begin(Kind.STANDING)
    writer.struct(standing.context)
    writer.struct(standing.tree)
    writer.uint32(standing.own_leaf)
    return _seal(writer)


def restore_standing(snapshot: Secret) -> Standing:
    """The standing of a snapshot; `SnapshotError` where it is damaged."""

    def read(reader: Reader) -> Standing:
        context, tree = GroupContext.read(reader), RatchetTree.read(reader)
        own_leaf = LeafIndex(reader.uint32())
        if own_leaf not in dict(tree.members()):
            raise SnapshotError("the stored member is not in the stored tree")
        return Standing(context, tree, own_leaf)

    return _open(snapshot, Kind.STANDING, read)


# A Commit of our own


def save_pending(pending: PendingCommit) -> Secret:
    """A Commit that waits to be ordered, with the epoch that it leads to."""
    writer = _begin(Kind.PENDING_COMMIT)
    writer.opaque(pending.message)
    writer.opaque(pending.welcome or b"")
    writer.uint64(pending.base_epoch)
    writer.opaque(pending.base_tag)
    _write_epoch(writer, pending.state.epoch)
    _write_ratchets(writer, pending.state)
    return _seal(writer)


def restore_pending(suite: CipherSuite, snapshot: Secret) -> PendingCommit:
    """The Commit of a snapshot; `SnapshotError` where it is damaged."""

    def read(reader: Reader) -> PendingCommit:
        message, welcome = reader.opaque(), reader.opaque() or None
        base_epoch, base_tag = reader.uint64(), reader.opaque()
        state = _read_ratchets(reader, _read_epoch(reader, suite))
        return PendingCommit(message, welcome, base_epoch, base_tag, state)

    return _open(snapshot, Kind.PENDING_COMMIT, read)


# A key package of our own


def save_key_package(member: KeyPackageSecrets) -> Secret:
    """A key package that waits for its Welcome, with its secret keys."""
    writer = _begin(Kind.KEY_PACKAGE)
    writer.struct(member.key_package)
    _write_key_pair(writer, member.init_key_pair)
    _write_key_pair(writer, member.leaf_key_pair)
    _write_signature_key_pair(writer, member.signature_key_pair)
    return _seal(writer)


def restore_key_package(snapshot: Secret) -> KeyPackageSecrets:
    """The key package of a snapshot; `SnapshotError` where it is damaged."""

    def read(reader: Reader) -> KeyPackageSecrets:
        return KeyPackageSecrets(
            KeyPackage.read(reader),
            _read_key_pair(reader),
            _read_key_pair(reader),
            _read_signature_key_pair(reader),
        )

    return _open(snapshot, Kind.KEY_PACKAGE, read)


# Key pairs: the public half is stored too, so that opening a database computes no curve points.


def _write_key_pair(writer: Writer, key_pair: KemKeyPair) -> None:
    writer.opaque(key_pair.secret.reveal())
    writer.opaque(key_pair.public)


def _read_key_pair(reader: Reader) -> KemKeyPair:
    return KemKeyPair(Secret(reader.opaque()), reader.opaque())


def _write_signature_key_pair(writer: Writer, key_pair: SignatureKeyPair) -> None:
    writer.opaque(key_pair.secret.reveal())
    writer.opaque(key_pair.public)


def _read_signature_key_pair(reader: Reader) -> SignatureKeyPair:
    return SignatureKeyPair(Secret(reader.opaque()), reader.opaque())


# The frame


def _begin(kind: Kind) -> Writer:
    writer = Writer()
    writer.uint16(VERSION)
    writer.uint8(kind)
    return writer


def _seal(writer: Writer) -> Secret:
    data = writer.getvalue()
    return Secret(data + sha256(data))


def _open(snapshot: Secret, kind: Kind, read: Callable[[Reader], T]) -> T:
    whole = snapshot.reveal()
    data = whole[:-HASH_LENGTH]
    if sha256(data) != whole[-HASH_LENGTH:]:
        raise SnapshotError("the stored state is damaged: its checksum is wrong")
    reader = Reader(data)
    try:
        version, found = reader.uint16(), reader.uint8()
        if version != VERSION:
            raise SnapshotError(f"the stored state is of version {version}, not {VERSION}")
        if found != kind:
            raise SnapshotError(f"the stored state is of kind {found}, not {kind.name}")
        value = read(reader)
        reader.finish()
    except DecodeError as error:
        raise SnapshotError(f"the stored state cannot be read: {error}") from error
    return value
