"""The rules that every commit is held to: per field of the state, who may change it and how.

The first table of docs/protocol.md section 2 is `TABLE`, row for row; a field of the state without
a row does not exist. `check` is the whole judgement: proposals (`crypto.circle.plan`), fields, side
data (`crypto.circle.sides`). It asks no clock and no log, so everybody judges alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from crypto.circle.errors import CommitRefusedError
from crypto.circle.happened import Outcome, outcome
from crypto.circle.plan import Plan, understand
from crypto.circle.sides import check_side_data
from crypto.circle.state import successor
from crypto.circle.view import Change


class Who(Enum):
    """Who may change a field."""

    HOSTS = "hosts"
    MEMBERS = "members"
    """Any member, within what the row says."""
    PROPOSALS = "proposals"
    """Nobody freely: the commit's proposals say what it becomes."""


@dataclass(frozen=True, slots=True)
class Row:
    """One field: what it is called in a sentence, who may change it, and the check on how."""

    field: str
    words: str
    who: Who
    how: Callable[[Plan], None]

    def judge(self, plan: Plan) -> None:
        """CommitRefusedError where the commit changes this field as it may not."""
        change = plan.change
        changed = getattr(change.new, self.field) != getattr(change.old, self.field)
        if changed and self.who is Who.HOSTS and not change.by_host:
            raise CommitRefusedError(self.field, f"Only a host can change {self.words}.")
        self.how(plan)


def check(change: Change) -> Outcome:
    """What a rightful commit leads to, or CommitRefusedError, with the committer's name on it."""
    try:
        plan = understand(change)
        for row in TABLE:
            row.judge(plan)
        check_side_data(plan)
    except CommitRefusedError as refused:
        refused.member, refused.name = change.author.member, change.author.name
        raise
    return outcome(plan)


def _freely(plan: Plan) -> None:
    """Within the bounds that the structure itself has."""


def _down(plan: Plan) -> None:
    before, after = plan.change.old.cap, plan.change.new.cap
    if after > before:
        raise CommitRefusedError(
            "cap", f"The number of chairs is never raised; {before} would become {after}."
        )
    taken = len(plan.members_after())
    if after < taken:
        raise CommitRefusedError("cap", f"{taken} chairs are taken; {after} would be too few.")


def _hosts(plan: Plan) -> None:
    change = plan.change
    if change.by_host:
        return
    stay = tuple(host for host in change.old.hosts if host not in plan.gone)
    if change.new.hosts != (stay or (successor(plan.members_after()),)):
        raise CommitRefusedError(
            "hosts",
            "Only a host can make hosts. When the last one goes, who has been in longest is next.",
        )


def _invites(plan: Plan) -> None:
    change = plan.change
    if plan.withdraws:
        if change.new.invites:
            raise CommitRefusedError("invites", "When somebody goes, all open codes go too.")
        return
    if plan.moves and change.new.invites:
        raise CommitRefusedError("invites", "When the circle moves, all open codes go.")
    spent = Counter(entry.invite.id for entry in plan.entries)
    for invite in change.new.invites:
        before = change.old.invite(invite.id)
        if before is None:
            if invite.issuer != change.author.member:
                raise CommitRefusedError("invites", "A code is made in one's own name only.")
        elif replace(invite, uses=before.uses) != before:
            raise CommitRefusedError("invites", "An open code can't be changed.")
        elif invite.uses != before.uses - spent[invite.id]:
            raise CommitRefusedError("invites", "A code loses one use for each who comes in on it.")
    for invite in change.old.invites:
        if change.new.invite(invite.id) is not None or invite.uses == spent[invite.id]:
            continue
        if not change.by_host and invite.issuer != change.author.member:
            raise CommitRefusedError("invites", "Only its issuer or a host can withdraw a code.")


def _beacon(plan: Plan) -> None:
    changed = plan.change.new.beacon_key != plan.change.old.beacon_key
    if changed != plan.withdraws:
        raise CommitRefusedError(
            "beacon_key", "The beacon key changes when somebody goes, and only then."
        )


def _next_join_number(plan: Plan) -> None:
    if plan.change.new.next_join_number != plan.change.old.next_join_number + len(plan.entries):
        raise CommitRefusedError(
            "next_join_number", "Join numbers go up by one for each who comes in."
        )


def _members(plan: Plan) -> None:
    if plan.change.new.members != plan.members_after():
        raise CommitRefusedError(
            "members", "The list of members is not what the commit's proposals make it."
        )


TABLE = (
    Row("rules", "the rules' version", Who.HOSTS, _freely),
    Row("name", "the circle's name", Who.HOSTS, _freely),
    Row("topic", "the topic", Who.HOSTS, _freely),
    Row("door", "how the door is kept", Who.HOSTS, _freely),
    Row("history", "the history that codes grant", Who.HOSTS, _freely),
    Row("retention", "how long the relay keeps messages", Who.HOSTS, _freely),
    Row("disappear", "how long messages stay", Who.HOSTS, _freely),
    Row("presence", "whether one sees who is here", Who.HOSTS, _freely),
    Row("heard", "whether one sees who read what", Who.HOSTS, _freely),
    Row("relays", "the relay's address", Who.HOSTS, _freely),
    Row("relay_key", "the relay's key", Who.HOSTS, _freely),
    Row("cap", "the number of chairs", Who.HOSTS, _down),
    Row("hosts", "who is a host", Who.MEMBERS, _hosts),
    Row("invites", "the open codes", Who.MEMBERS, _invites),
    Row("beacon_key", "the beacon key", Who.PROPOSALS, _beacon),
    Row("next_join_number", "the next join number", Who.PROPOSALS, _next_join_number),
    Row("members", "the list of members", Who.PROPOSALS, _members),
)
