"""Following another member's Commit (RFC 9420 section 12.4.2), in two parts.

`check_commit` is what comes out the same for every member. `follow_commit` is what depends on our
own keys; where that alone fails, we are stuck and others are not.
"""

from __future__ import annotations

from dataclasses import dataclass

from crypto.mls.commit import Commit
from crypto.mls.epoch import Epoch, EpochAndRatchets, PskLookup, look_up_psks
from crypto.mls.errors import InternalError, PeerError, StuckError
from crypto.mls.evolution import CommitChange, Evolution, apply_proposals
from crypto.mls.framing import AuthenticatedContent
from crypto.mls.treekem import apply_path, decrypt_path
from crypto.mls.validation import (
    check_members,
    check_path_leaf,
    check_path_present,
    check_proposals,
)
from crypto.secret import Secret, equal


@dataclass(frozen=True, slots=True)
class CheckedCommit:
    """A Commit that every member of the epoch finds valid."""

    content: AuthenticatedContent
    commit: Commit
    evolution: Evolution
    change: CommitChange


def check_commit(epoch: Epoch, content: AuthenticatedContent) -> CheckedCommit:
    """All that can be checked without secret keys; framing and signature have been.

    `InvalidError` or `RefusedError` where the Commit is not valid.
    """
    commit = content.content.content
    committer = content.content.sender.leaf_index
    suite, tree, group_id = epoch.suite, epoch.tree, epoch.context.group_id
    old_leaf = tree.leaf(committer)
    if not isinstance(commit, Commit) or old_leaf is None:
        raise InternalError("only a member's authenticated Commit is checked")
    proposals = check_proposals(suite, commit, committer, tree)
    check_path_present(commit, proposals)
    evolution = apply_proposals(epoch.context.extensions, tree, proposals, committer)
    new_tree = evolution.tree
    if commit.path is not None:
        check_path_leaf(suite, old_leaf, commit.path.leaf_node, group_id, committer)
        new_tree = apply_path(suite, new_tree, committer, commit.path, evolution.added_leaves())
    check_members(suite, new_tree, evolution.extensions)
    change = CommitChange(
        committer=committer,
        authenticated_data=content.content.authenticated_data,
        proposals=proposals,
        added=evolution.added,
        removed=evolution.removed,
        path_leaf=None if commit.path is None else commit.path.leaf_node,
        old_context=epoch.context,
        old_tree=tree,
        new_context=epoch.provisional_context(new_tree, evolution.extensions),
        new_tree=new_tree,
    )
    return CheckedCommit(content, commit, evolution, change)


def follow_commit(epoch: Epoch, checked: CheckedCommit, psks: PskLookup) -> EpochAndRatchets | None:
    """The next epoch, confirmed by the Commit's tag; None where the Commit removes us.

    `StuckError` where the Commit is good for all that anybody can check but not for our keys.
    """
    if any(removed.leaf == epoch.own_leaf for removed in checked.evolution.removed):
        return None
    try:
        return _follow(epoch, checked, psks)
    except StuckError:
        raise
    except PeerError as error:
        raise StuckError("the Commit is valid, but not for our keys", error.rule) from error


def _follow(epoch: Epoch, checked: CheckedCommit, psks: PskLookup) -> EpochAndRatchets:
    change, path = checked.change, checked.commit.path
    private, commit_secret = epoch.private, Secret(bytes(epoch.suite.hash_length))
    if path is not None:
        private, commit_secret = decrypt_path(
            epoch.suite,
            change.new_tree,
            epoch.private,
            change.committer,
            path,
            checked.evolution.added_leaves(),
            change.new_context.encode(),
        )
    psk_secret = look_up_psks(epoch.suite, checked.evolution.psks, psks)
    if psk_secret is None:
        raise StuckError("the Commit uses a pre-shared key that we do not have", "commit.psk")
    context = epoch.next_context(change, checked.content)
    state, _ = epoch.advance(change, context, private, commit_secret, psk_secret)
    tag = checked.content.auth.confirmation_tag
    if tag is None or not equal(tag, state.epoch.confirmation_tag):
        raise StuckError(
            "the Commit's confirmation tag is not that of the epoch we arrive at",
            "commit.confirmation_tag",
        )
    return state
