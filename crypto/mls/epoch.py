"""One member's view of one epoch, and the step from one to the next (RFC 9420 sections 8, 12.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from crypto.mls.cipher_suite import CipherSuite, SignatureKeyPair
from crypto.mls.errors import InternalError
from crypto.mls.evolution import CommitChange
from crypto.mls.extensions import Extension
from crypto.mls.framing import AuthenticatedContent
from crypto.mls.group_context import GroupContext
from crypto.mls.key_schedule import (
    EpochSecrets,
    NewEpoch,
    compute_confirmation_tag,
    derive_epoch,
    derive_joiner_secret,
)
from crypto.mls.leaf_node import LeafNode
from crypto.mls.psk import PreSharedKeyID, derive_psk_secret
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.secret_tree import SecretTree
from crypto.mls.transcript import confirmed_transcript_hash, interim_transcript_hash
from crypto.mls.tree_hash import tree_hash
from crypto.mls.tree_math import LeafIndex
from crypto.mls.treekem import TreeKemPrivate
from crypto.secret import Secret

PskLookup: TypeAlias = Callable[[PreSharedKeyID], Secret | None]
"""Where pre-shared keys come from: the secret of an id, or None where we do not have it."""


def no_psks(psk: PreSharedKeyID) -> None:
    """The look-up of a member that has no pre-shared keys."""


def look_up_psks(
    suite: CipherSuite, ids: tuple[PreSharedKeyID, ...], psks: PskLookup
) -> Secret | None:
    """The `psk_secret` of these ids (section 8.4), or None where one of them is not to be had."""
    found: list[tuple[PreSharedKeyID, Secret]] = []
    for psk_id in ids:
        psk = psks(psk_id)
        if psk is None:
            return None
        found.append((psk_id, psk))
    return derive_psk_secret(suite, found)


@dataclass(frozen=True, slots=True)
class Epoch:
    """All that is fixed for an epoch: public state, our keys in it, its secrets.

    What moves within the epoch, the ratchets, is the `SecretTree` beside it.
    """

    suite: CipherSuite
    context: GroupContext
    tree: RatchetTree
    private: TreeKemPrivate
    signature_key_pair: SignatureKeyPair
    secrets: EpochSecrets
    confirmation_tag: bytes
    interim_transcript_hash: bytes

    @classmethod
    def begin(
        cls,
        suite: CipherSuite,
        context: GroupContext,
        tree: RatchetTree,
        private: TreeKemPrivate,
        signature_key_pair: SignatureKeyPair,
        derived: NewEpoch,
    ) -> EpochAndRatchets:
        """The epoch that `context` is of, from its derived secrets, and its fresh ratchets."""
        tag = compute_confirmation_tag(
            suite, derived.secrets.confirmation_key, context.confirmed_transcript_hash
        )
        interim = interim_transcript_hash(suite, context.confirmed_transcript_hash, tag)
        epoch = cls(
            suite, context, tree, private, signature_key_pair, derived.secrets, tag, interim
        )
        ratchets = SecretTree(suite, derived.encryption_secret, tree.leaf_count)
        return EpochAndRatchets(epoch, ratchets)

    @property
    def own_leaf(self) -> LeafIndex:
        """Our own place in the tree."""
        return self.private.leaf_index

    def own_leaf_node(self) -> LeafNode:
        """Our own leaf."""
        leaf_node = self.tree.leaf(self.own_leaf)
        if leaf_node is None:
            raise InternalError("our own leaf is blank")
        return leaf_node

    def signature_key(self, leaf: LeafIndex) -> bytes | None:
        """The signature key of a member, None where nobody is."""
        leaf_node = self.tree.leaf(leaf)
        return None if leaf_node is None else leaf_node.signature_key

    def provisional_context(
        self, tree: RatchetTree, extensions: tuple[Extension, ...]
    ) -> GroupContext:
        """The next epoch's context but for the transcript, which is still ours (12.4.1)."""
        return replace(
            self.context,
            epoch=self.context.epoch + 1,
            tree_hash=tree_hash(self.suite, tree),
            extensions=extensions,
        )

    def next_context(self, change: CommitChange, commit: AuthenticatedContent) -> GroupContext:
        """The next epoch's context, whose transcript includes the signed Commit."""
        confirmed = confirmed_transcript_hash(self.suite, self.interim_transcript_hash, commit)
        return replace(change.new_context, confirmed_transcript_hash=confirmed)

    def advance(
        self,
        change: CommitChange,
        context: GroupContext,
        private: TreeKemPrivate,
        commit_secret: Secret,
        psk_secret: Secret,
    ) -> Advance:
        """The next epoch, and the joiner secret that its newcomers are sent (section 8)."""
        joiner_secret = derive_joiner_secret(
            self.suite, self.secrets.init_secret, commit_secret, context
        )
        derived = derive_epoch(self.suite, joiner_secret, psk_secret, context)
        new = Epoch.begin(
            self.suite, context, change.new_tree, private, self.signature_key_pair, derived
        )
        return Advance(new, joiner_secret)


class EpochAndRatchets(NamedTuple):
    """A member's whole state: what lasts as long as the epoch, and what each message moves."""

    epoch: Epoch
    ratchets: SecretTree


class Advance(NamedTuple):
    """The state after a Commit, and the secret that lets newcomers into it."""

    state: EpochAndRatchets
    joiner_secret: Secret
