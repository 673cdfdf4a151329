"""Making a Commit and the Welcome of those it adds (RFC 9420 section 12.4.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.commit import Commit
from crypto.mls.epoch import Epoch, EpochAndRatchets, PskLookup, look_up_psks, no_psks
from crypto.mls.errors import UsageError
from crypto.mls.evolution import CommitChange, CommitPolicy, Evolution, apply_proposals
from crypto.mls.extensions import RATCHET_TREE, Extension
from crypto.mls.framing import (
    AuthenticatedContent,
    FramedContent,
    Sender,
    WireFormat,
)
from crypto.mls.key_schedule import derive_welcome_secret
from crypto.mls.proposals import Add, Proposal
from crypto.mls.protection import sign_content
from crypto.mls.tree_math import LeafIndex
from crypto.mls.treekem import NewPath, TreeKemPrivate, UpdatePath, create_path
from crypto.mls.validation import (
    check_lifetime,
    check_members,
    check_path_leaf,
    check_proposals,
    path_required,
)
from crypto.mls.welcome import (
    EncryptedGroupSecrets,
    GroupInfo,
    GroupSecrets,
    Welcome,
    seal_group_info,
    seal_group_secrets,
)
from crypto.primitives import Rng
from crypto.secret import Secret


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """What a Commit is to do; the fields are explained at `Group.commit`."""

    proposals: tuple[Proposal, ...]
    now: int
    authenticated_data: bytes = b""
    force_path: bool = False
    leaf_extensions: tuple[Extension, ...] | None = None
    group_info_extensions: tuple[Extension, ...] = ()
    psks: PskLookup = no_psks
    policy: CommitPolicy | None = None
    wire_format: WireFormat = WireFormat.PRIVATE_MESSAGE


@dataclass(frozen=True, slots=True)
class MadeCommit:
    """A Commit with its tag, still to be framed, the state it leads to and the Welcome."""

    content: AuthenticatedContent
    change: CommitChange
    state: EpochAndRatchets
    welcome: Welcome | None


def make_commit(epoch: Epoch, request: CommitRequest, rng: Rng) -> MadeCommit:
    """Build it, hold it to the rules that its receivers will, and arrive at the next epoch.

    `InvalidError` where a rule is broken, `UsageError` for a pre-shared key that we do not have;
    what the policy raises goes through.
    """
    suite = epoch.suite
    evolution, new_path = _evolve(epoch, request, rng)
    new_tree = evolution.tree if new_path is None else new_path.tree
    change = CommitChange(
        committer=epoch.own_leaf,
        authenticated_data=request.authenticated_data,
        proposals=request.proposals,
        added=evolution.added,
        removed=evolution.removed,
        path_leaf=None if new_path is None else new_path.leaf_node,
        old_context=epoch.context,
        old_tree=epoch.tree,
        new_context=epoch.provisional_context(new_tree, evolution.extensions),
        new_tree=new_tree,
    )
    check_members(suite, new_tree, evolution.extensions)
    if request.policy is not None:
        request.policy(change)
    psk_secret = look_up_psks(suite, evolution.psks, request.psks)
    if psk_secret is None:
        raise UsageError("a pre-shared key of the Commit is not to be had")
    path, private, commit_secret = _seal_path(
        epoch, change, new_path, evolution.added_leaves(), rng
    )
    signed = _sign(epoch, request, Commit(request.proposals, path))
    context = epoch.next_context(change, signed)
    state, joiner_secret = epoch.advance(change, context, private, commit_secret, psk_secret)
    welcome = None
    if change.added:
        secrets = GroupSecrets(joiner_secret, None, evolution.psks)
        sealed_info = seal_group_info(
            suite,
            derive_welcome_secret(suite, joiner_secret, psk_secret),
            sign_group_info(state.epoch, request.group_info_extensions),
        )
        welcome = _make_welcome(suite, change, new_path, secrets, sealed_info, rng)
    content = signed.with_confirmation_tag(state.epoch.confirmation_tag)
    return MadeCommit(content, change, state, welcome)


def _evolve(epoch: Epoch, request: CommitRequest, rng: Rng) -> tuple[Evolution, NewPath | None]:
    """The tree after the proposals, and our path on top of it where there is to be one."""
    suite, group_id, own_leaf = epoch.suite, epoch.context.group_id, epoch.own_leaf
    proposals = check_proposals(suite, Commit(request.proposals, None), own_leaf, epoch.tree)
    for proposal in proposals:
        if isinstance(proposal, Add):
            check_lifetime(proposal.key_package.leaf_node, request.now)
    evolution = apply_proposals(epoch.context.extensions, epoch.tree, proposals, own_leaf)
    new_leaf = old_leaf = epoch.own_leaf_node()
    if request.leaf_extensions is not None:
        new_leaf = replace(old_leaf, extensions=request.leaf_extensions)
    if new_leaf is old_leaf and not (request.force_path or path_required(proposals)):
        return evolution, None
    path = create_path(
        suite, evolution.tree, own_leaf, new_leaf, epoch.signature_key_pair, group_id, rng
    )
    check_path_leaf(suite, old_leaf, path.leaf_node, group_id, own_leaf)
    return evolution, path


def _seal_path(
    epoch: Epoch,
    change: CommitChange,
    new_path: NewPath | None,
    added: tuple[LeafIndex, ...],
    rng: Rng,
) -> tuple[UpdatePath | None, TreeKemPrivate, Secret]:
    """The path for the others, our own keys after it, and its commit secret."""
    if new_path is None:
        return None, epoch.private, Secret(bytes(epoch.suite.hash_length))
    path = new_path.encrypt(epoch.suite, added, change.new_context.encode(), rng)
    return path, new_path.private, new_path.commit_secret


def _sign(epoch: Epoch, request: CommitRequest, commit: Commit) -> AuthenticatedContent:
    content = FramedContent(
        epoch.context.group_id,
        epoch.context.epoch,
        Sender.member(epoch.own_leaf),
        request.authenticated_data,
        commit,
    )
    return sign_content(
        epoch.suite, epoch.signature_key_pair, request.wire_format, content, epoch.context
    )


def sign_group_info(epoch: Epoch, extensions: tuple[Extension, ...] = ()) -> GroupInfo:
    """An epoch's GroupInfo, signed by us; the ratchet tree goes before the extensions given."""
    return GroupInfo.signed(
        epoch.suite,
        epoch.signature_key_pair,
        epoch.context,
        (Extension(RATCHET_TREE, epoch.tree.encode()), *extensions),
        epoch.confirmation_tag,
        epoch.own_leaf,
    )


def _make_welcome(
    suite: CipherSuite,
    change: CommitChange,
    new_path: NewPath | None,
    secrets: GroupSecrets,
    sealed_info: bytes,
    rng: Rng,
) -> Welcome:
    """One Welcome for all newcomers, to each the path secret that it shares with us."""
    entries: list[EncryptedGroupSecrets] = []
    for added in change.added:
        path_secret = None if new_path is None else new_path.path_secret_for(added.leaf)
        sealed = seal_group_secrets(
            suite,
            added.key_package.init_key,
            sealed_info,
            replace(secrets, path_secret=path_secret),
            rng,
        )
        entries.append(EncryptedGroupSecrets(added.key_package.reference(suite), sealed))
    return Welcome(suite.code, tuple(entries), sealed_info)
