"""The rules as MLS asks for them: a `CommitPolicy` for `Group.process` and `Group.commit`.

    judge = CircleRules(entry.side_data)
    staged = group.process(entry.body, policy=judge)
    judge.outcome   # the new state, and what happened

The first thing that is wrong raises; the group then is what it was, and the entry is skipped.
"""

from __future__ import annotations

from crypto.access.errors import MalformedError
from crypto.access.side_data import Delta, decode
from crypto.circle.errors import AlteredError, CommitRefusedError, MisuseError, UpdateNeededError
from crypto.circle.extensions import context_extensions, state_of
from crypto.circle.happened import Outcome
from crypto.circle.plan import ANOTHER, BY_INVITE, PATH
from crypto.circle.rules import check
from crypto.circle.sides import SIDE_DATA, committed_hash
from crypto.circle.state import CircleState
from crypto.circle.view import Change, CircleView, Joiner, Leaf
from crypto.mls.errors import DecodeError
from crypto.mls.evolution import CommitChange
from crypto.mls.key_package import KeyPackage
from crypto.mls.proposals import Add, GroupContextExtensions, Remove

EXTENSIONS = "extensions"


class CircleRules:
    """Judges one commit together with the side data that came with it."""

    __slots__ = ("_outcome", "_side_data")

    def __init__(self, side_data: bytes) -> None:
        self._side_data = side_data
        self._outcome: Outcome | None = None

    @property
    def outcome(self) -> Outcome:
        """What the commit leads to; MisuseError before it was found rightful."""
        if self._outcome is None:
            raise MisuseError("No rightful commit has been judged yet.")
        return self._outcome

    def __call__(self, commit: CommitChange) -> None:
        view = CircleView.of(commit.old_context, commit.old_tree)
        author = view.leaves[commit.committer]
        try:
            change = self._change(view, commit)
        except CommitRefusedError as refused:
            refused.member, refused.name = author.member, author.name
            raise
        self._outcome = check(change)

    def _change(self, view: CircleView, commit: CommitChange) -> Change:
        for proposal in commit.proposals:
            if not isinstance(proposal, Add | Remove | GroupContextExtensions):
                raise CommitRefusedError(
                    ANOTHER, "A commit holds a proposal that circles do not use."
                )
        return Change(
            view,
            commit.committer,
            _new_state(view, commit),
            tuple(_joiner(added.key_package) for added in commit.added),
            tuple(removed.leaf for removed in commit.removed),
            _own_leaf(commit),
            _deltas(self._side_data, commit.authenticated_data),
        )


def _new_state(view: CircleView, commit: CommitChange) -> CircleState:
    extensions = commit.new_context.extensions
    try:
        state = state_of(extensions)
    except UpdateNeededError as newer:
        by_host = view.state.is_host(view.leaves[commit.committer].member)
        if by_host and newer.rules > view.state.rules:
            raise
        raise CommitRefusedError("rules", "Only a host can raise the rules' version.") from newer
    except DecodeError as error:
        raise CommitRefusedError(EXTENSIONS, f"The circle can't be so: {error}.") from error
    if extensions != context_extensions(view.genesis, state):
        raise CommitRefusedError(EXTENSIONS, "What a circle is made of never changes.")
    return state


def _joiner(key_package: KeyPackage) -> Joiner:
    try:
        return Joiner.of(key_package)
    except DecodeError as error:
        raise CommitRefusedError(BY_INVITE, f"A newcomer's device is none: {error}.") from error


def _own_leaf(commit: CommitChange) -> Leaf | None:
    if commit.path_leaf is None:
        return None
    try:
        return Leaf.of(commit.path_leaf)
    except DecodeError as error:
        raise CommitRefusedError(PATH, f"The device would be none: {error}.") from error


def _deltas(side_data: bytes, authenticated_data: bytes) -> tuple[Delta, ...]:
    try:
        deltas = decode(side_data)
    except MalformedError as error:
        raise AlteredError(SIDE_DATA, "What the relay is told is malformed.") from error
    if committed_hash(deltas) != authenticated_data:
        raise AlteredError(SIDE_DATA, "What the relay is told is not what was signed.")
    return deltas
