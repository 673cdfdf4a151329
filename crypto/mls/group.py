"""A group as one of its members sees it (RFC 9420 sections 11, 12 and 15).

    create, join ──▶ Group ── commit ───▶ PendingCommit ── merge ──▶ next epoch
                       ├───── process ──▶ StagedCommit ─── merge ──▶ next epoch
                       ├───── process ──▶ ApplicationMessage
                       └───── encrypt ──▶ bytes

A Group is in one epoch. These calls change it, and only when they succeed: `merge`, and what uses
up a ratchet key: `encrypt`, `commit`, and `process` of an application message. Before anything is
sent, and before anything received is acknowledged, the ratchets have to be stored again, after
`merge` the epoch too (`crypto.mls.snapshot`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.commit import Commit
from crypto.mls.committing import CommitRequest, make_commit, sign_group_info
from crypto.mls.epoch import Epoch, EpochAndRatchets, PskLookup, no_psks
from crypto.mls.errors import DecodeError, OwnLeafError, RefusedError, UsageError
from crypto.mls.evolution import CommitChange, CommitPolicy
from crypto.mls.extensions import Extension
from crypto.mls.framing import (
    AuthenticatedContent,
    FramedContent,
    MlsMessage,
    PrivateMessage,
    PublicMessage,
    Sender,
    WireFormat,
)
from crypto.mls.group_context import GroupContext
from crypto.mls.joining import create_group, join_group
from crypto.mls.key_package import KeyPackageSecrets
from crypto.mls.key_schedule import export_secret
from crypto.mls.leaf_node import LeafNode
from crypto.mls.processing import check_commit, follow_commit
from crypto.mls.proposals import Proposal
from crypto.mls.protection import (
    OpenedMessage,
    Padding,
    protect_private,
    protect_public,
    sign_content,
    unprotect_private,
    unprotect_public,
)
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.secret_tree import MAX_SKIPPED, RatchetKind
from crypto.mls.tree_math import LeafIndex
from crypto.mls.welcome import Welcome
from crypto.primitives import Rng
from crypto.secret import Secret


@dataclass(frozen=True, slots=True)
class ApplicationMessage:
    """What a member said: its leaf in this epoch, and the place in that leaf's ratchet."""

    sender: LeafIndex
    generation: int
    authenticated_data: bytes
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PendingCommit:
    """A Commit of our own that has not been ordered yet.

    `message` and `welcome` are MLSMessages, ready to send; `welcome` is None where nobody is added.
    To drop it is to forget it. It is made for the epoch with the number `base_epoch` and the
    confirmation tag `base_tag`, and leads to `state`.
    """

    message: bytes
    welcome: bytes | None
    base_epoch: int
    base_tag: bytes
    state: EpochAndRatchets


@dataclass(frozen=True, slots=True)
class StagedCommit:
    """Another member's Commit that has passed every check; to drop it is to forget it."""

    change: CommitChange
    base_epoch: int
    base_tag: bytes
    state: EpochAndRatchets | None

    @property
    def removes_us(self) -> bool:
        """Whether the Commit ends our membership: once merged, the group is not active."""
        return self.state is None


def no_padding(length: int) -> int:
    """The padding of a member that does not hide lengths."""
    return 0


class Group:
    """One member's state of a group: an epoch, and the ratchets of its messages."""

    __slots__ = ("_state",)

    def __init__(self, state: EpochAndRatchets) -> None:
        """For `crypto.mls.snapshot` and the class methods here."""
        self._state: EpochAndRatchets | None = state

    # Coming in

    @classmethod
    def create(
        cls,
        suite: CipherSuite,
        group_id: bytes,
        member: KeyPackageSecrets,
        rng: Rng,
        *,
        extensions: tuple[Extension, ...] = (),
    ) -> Group:
        """Begin a group of one, in epoch 0 (section 11).

        `member` is a fresh key package of the founder, whose leaf it becomes; `extensions` are
        those of the GroupContext. `InvalidError` where the two do not fit.
        """
        return cls(create_group(suite, group_id, member, extensions, rng))

    @classmethod
    def join(
        cls,
        suite: CipherSuite,
        welcome: bytes,
        member: KeyPackageSecrets,
        *,
        psks: PskLookup = no_psks,
        ratchet_tree: bytes | None = None,
        now: int | None = None,
    ) -> Group:
        """Enter by a Welcome (an MLSMessage), all of it verified (section 12.4.3.1).

        `member` is the key package that was added, to be used once; `ratchet_tree` is for a Welcome
        that does not bring its tree. With `now` (Unix seconds) the lifetimes of the leaves are
        checked. That the group is the one that was meant, and not one that we are in already, is
        the caller's to check.

        `DecodeError`, `InvalidError`, or `UndecryptableError` where it is not for this key package.
        """
        body = MlsMessage.decode(welcome).body
        if not isinstance(body, Welcome):
            raise DecodeError("this is a message of another kind, not a Welcome", "welcome.kind")
        tree = None if ratchet_tree is None else RatchetTree.decode(ratchet_tree)
        return cls(join_group(suite, body, member, psks, tree, now))

    # Looking

    @property
    def is_active(self) -> bool:
        """Whether we are a member; if not, every other call is a `UsageError`."""
        return self._state is not None

    @property
    def state(self) -> EpochAndRatchets:
        """Epoch and ratchets; for `crypto.mls.snapshot`."""
        if self._state is None:
            raise UsageError("we were removed from this group, nothing is left of it")
        return self._state

    @property
    def _epoch(self) -> Epoch:
        return self.state.epoch

    @property
    def context(self) -> GroupContext:
        """The GroupContext of this epoch."""
        return self._epoch.context

    @property
    def epoch(self) -> int:
        """The number of this epoch."""
        return self.context.epoch

    @property
    def tree(self) -> RatchetTree:
        """A copy of this epoch's tree."""
        return self._epoch.tree.copy()

    @property
    def own_leaf(self) -> LeafIndex:
        """Our own leaf's index, constant as long as we are a member."""
        return self._epoch.own_leaf

    def members(self) -> Iterator[tuple[LeafIndex, LeafNode]]:
        """All members' leaves, our own included, from the left."""
        return self._epoch.tree.members()

    def member(self, leaf: LeafIndex) -> LeafNode | None:
        """The member at a leaf, or None where nobody is."""
        return self._epoch.tree.leaf(leaf)

    @property
    def epoch_authenticator(self) -> Secret:
        """What members compare to know that they are in the same epoch (section 8.7)."""
        return self._epoch.secrets.epoch_authenticator

    @property
    def resumption_psk(self) -> Secret:
        """This epoch's secret for use as a pre-shared key later (section 8.6)."""
        return self._epoch.secrets.resumption_psk

    def export(self, label: str, context: bytes, length: int) -> Secret:
        """A secret of this epoch for other uses: MLS-Exporter (section 8.5)."""
        epoch = self._epoch
        return export_secret(epoch.suite, epoch.secrets.exporter_secret, label, context, length)

    def group_info(self, extensions: tuple[Extension, ...] = ()) -> bytes:
        """A GroupInfo with the ratchet tree, signed by us, as an MLSMessage (section 12.4.3)."""
        return MlsMessage(sign_group_info(self._epoch, extensions)).encode()

    # Sending

    def encrypt(
        self,
        data: bytes,
        rng: Rng,
        *,
        authenticated_data: bytes = b"",
        padding: Padding = no_padding,
    ) -> bytes:
        """An application message as an MLSMessage; uses up a key (section 15).

        `padding` says how many zero bytes go after a content of a given length. The ratchets must
        be stored before the message is sent.
        """
        epoch, ratchets = self.state
        content = FramedContent(
            epoch.context.group_id,
            epoch.context.epoch,
            Sender.member(epoch.own_leaf),
            authenticated_data,
            data,
        )
        signed = sign_content(
            epoch.suite,
            epoch.signature_key_pair,
            WireFormat.PRIVATE_MESSAGE,
            content,
            epoch.context,
        )
        message = protect_private(
            epoch.suite, signed, epoch.secrets.sender_data_secret, ratchets, padding, rng
        )
        return MlsMessage(message).encode()

    def commit(
        self,
        proposals: Sequence[Proposal],
        rng: Rng,
        *,
        now: int,
        authenticated_data: bytes = b"",
        force_path: bool = False,
        leaf_extensions: tuple[Extension, ...] | None = None,
        group_info_extensions: tuple[Extension, ...] = (),
        psks: PskLookup = no_psks,
        policy: CommitPolicy | None = None,
        padding: Padding = no_padding,
        in_clear: bool = False,
    ) -> PendingCommit:
        """A Commit of these proposals, and the Welcome of those whom it adds (section 12.4.1).

        It has a path where the proposals need one, `force_path` asks for it, or `leaf_extensions`
        gives our leaf new extensions. `now` (Unix seconds) is for the lifetimes of key packages
        that are added; `policy` is asked before anything is signed; `in_clear` makes it a
        PublicMessage. `group_info_extensions` go into the Welcome's GroupInfo.

        This group stays in its epoch until `merge`, but has used up a key of its handshake ratchet,
        which must be stored, with the PendingCommit, before it is sent. `InvalidError` where the
        Commit would break a rule, `UsageError` where a pre-shared key is missing, or after 1,000
        Commits of ours in one epoch: nobody would read another one.
        """
        epoch, ratchets = self.state
        wire_format = WireFormat.PUBLIC_MESSAGE if in_clear else WireFormat.PRIVATE_MESSAGE
        request = CommitRequest(
            proposals=tuple(proposals),
            now=now,
            authenticated_data=authenticated_data,
            force_path=force_path,
            leaf_extensions=leaf_extensions,
            group_info_extensions=group_info_extensions,
            psks=psks,
            policy=policy,
            wire_format=wire_format,
        )
        made = make_commit(epoch, request, rng)
        message: PublicMessage | PrivateMessage
        if in_clear:
            message = protect_public(
                epoch.suite, made.content, epoch.context, epoch.secrets.membership_key
            )
        else:
            self._check_commits_left()
            message = protect_private(
                epoch.suite, made.content, epoch.secrets.sender_data_secret, ratchets, padding, rng
            )
        return PendingCommit(
            message=MlsMessage(message).encode(),
            welcome=None if made.welcome is None else MlsMessage(made.welcome).encode(),
            base_epoch=epoch.context.epoch,
            base_tag=epoch.confirmation_tag,
            state=made.state,
        )

    def _check_commits_left(self) -> None:
        # Commits are refused or end the epoch, so others' ratchets of ours still stand at 0.
        if self.state.ratchets.generation(self.own_leaf, RatchetKind.HANDSHAKE) > MAX_SKIPPED:
            raise UsageError("too many Commits of ours came to nothing in this epoch")

    # Receiving

    def process(
        self,
        message: bytes,
        *,
        policy: CommitPolicy | None = None,
        psks: PskLookup = no_psks,
        allow_public: bool = False,
    ) -> ApplicationMessage | StagedCommit:
        """Verify a message of this epoch (an MLSMessage): the only way from bytes to content.

        An application message uses up its key. A Commit changes nothing until it is merged; it is
        checked in the order: frame and signature, what every member can check, `policy`, what only
        our own keys can show. With `allow_public`, Commits may come as PublicMessage.

        Errors, after each of which the group is what it was: `DecodeError`, `RefusedError`,
        `InvalidError`, whatever the policy raises; `UndecryptableError`, for a replay
        `KeyUsedError` (our own messages included); `OwnLeafError` for one of our own that this
        state has not sent, or may not have where it came in clear; `StuckError` for a Commit that
        others can follow and we cannot.
        """
        body = MlsMessage.decode(message).body
        if isinstance(body, PrivateMessage):
            opened = self._unprotect(body)
            data = opened.content.content.content
            if isinstance(data, bytes):
                return self._accept(opened, data)
            return self._stage(opened.content, policy, psks)
        if isinstance(body, PublicMessage):
            if not allow_public:
                raise RefusedError(
                    "a message in clear; this group takes encrypted ones only", "framing.in_clear"
                )
            epoch = self._epoch
            content = unprotect_public(
                epoch.suite, body, epoch.context, epoch.secrets.membership_key, epoch.signature_key
            )
            return self._stage(content, policy, psks)
        raise DecodeError("a group takes PublicMessage and PrivateMessage only", "framing.kind")

    def _unprotect(self, message: PrivateMessage) -> OpenedMessage:
        epoch, ratchets = self.state
        return unprotect_private(
            epoch.suite,
            message,
            epoch.context,
            epoch.secrets.sender_data_secret,
            ratchets,
            epoch.signature_key,
        )

    def _accept(self, opened: OpenedMessage, data: bytes) -> ApplicationMessage:
        framed = opened.content.content
        self._refuse_own(framed.sender)
        self.state.ratchets.consume(opened.key)
        return ApplicationMessage(
            framed.sender.leaf_index, opened.key.generation, framed.authenticated_data, data
        )

    def _stage(
        self, content: AuthenticatedContent, policy: CommitPolicy | None, psks: PskLookup
    ) -> StagedCommit:
        epoch = self._epoch
        self._refuse_own(content.content.sender)
        if not isinstance(content.content.content, Commit):
            raise RefusedError(
                "a proposal on its own; here proposals come within Commits only",
                "framing.lone_proposal",
            )
        checked = check_commit(epoch, content)
        if policy is not None:
            policy(checked.change)
        return StagedCommit(
            change=checked.change,
            base_epoch=epoch.context.epoch,
            base_tag=epoch.confirmation_tag,
            state=follow_commit(epoch, checked, psks),
        )

    def _refuse_own(self, sender: Sender) -> None:
        if sender.leaf_index == self.own_leaf:
            raise OwnLeafError(
                "a message of our own leaf that this state has not sent: it is an old copy",
                "framing.own_leaf",
            )

    # Going on

    def merge(self, commit: PendingCommit | StagedCommit) -> None:
        """Enter the epoch that a Commit leads to; the keys of this one are gone.

        `UsageError` where the Commit was not made for the epoch that the group is in.
        """
        epoch = self._epoch
        if (commit.base_epoch, commit.base_tag) != (epoch.context.epoch, epoch.confirmation_tag):
            raise UsageError("the Commit was made for another epoch than the group is in")
        self._state = commit.state
