"""Members: names, hosts, going and coming again."""

from __future__ import annotations

from crypto.access.binding import depart_statement
from crypto.circle.names import person_name
from crypto.content import Leave
from tui.engine import commands, facts, returning, saying, settling
from tui.engine.answers.asker import Answers, Asker
from tui.engine.answers.circles import tidied
from tui.engine.errors import WishError
from tui.engine.events import CircleGone, Members
from tui.engine.intentions import intend
from tui.engine.store.records import VerifiedRecord
from tui.engine.wishes import Hosts, RemoveMember, Rename

LEAVING = -1
"""In a circle's `left_at`: the word is written, and not in the log yet."""


def remove(asker: Asker, command: commands.Remove) -> None:
    """Have a member removed."""
    circle = asker.inside(command.circle)
    member = asker.member(circle, command.member)
    if member == circle.member_key:
        raise WishError("self", "To go yourself, leave the circle.")
    intend(circle, RemoveMember(member), ref=command.ref)


def leave(asker: Asker, command: commands.Leave) -> None:
    """Leave; the others are told, and one of them carries it out."""
    circle = asker.inside(command.circle)
    access = circle.access
    statement = depart_statement(circle.id, access.public)
    saying.write(circle, Leave(access.sign(statement)))
    circle.record.left_at = LEAVING
    circle.tell_changed()
    asker.finish(command.ref)


def forget(asker: Asker, command: commands.Forget) -> None:
    """Erase a circle that this person is no longer in."""
    line = asker.desk.circle_line(command.circle)
    if line.circle.group is not None and line.circle.active:
        raise WishError("inside", "You are in this circle. Leave it first.")
    asker.context.store.circles.delete(line.circle.number)
    line.over = True
    asker.context.tell(CircleGone(circle=line.circle.hex))
    asker.finish(command.ref)


def rejoin(asker: Asker, command: commands.Rejoin) -> None:
    """Come in again."""
    line = asker.desk.circle_line(command.circle)
    if facts.may_settle(line.circle):
        raise WishError("fork", "There are two conversations here. Say first whose of them stands.")
    returning.ask(line.circle)
    line.hurry()
    asker.finish(command.ref)


def settle_fork(asker: Asker, command: commands.SettleFork) -> None:
    """Choose between two conversations."""
    line = asker.desk.circle_line(command.circle)
    if command.mine == bool(command.member):
        raise WishError("which", "Say whose conversation stands: yours, or a member's.")
    if command.mine:
        settling.settle_mine(line.circle)
    else:
        settling.settle_with(line.circle, asker.member(line.circle, command.member))
    line.hurry()
    asker.finish(command.ref)


def rename(asker: Asker, command: commands.Rename) -> None:
    """Be called otherwise."""
    circle = asker.inside(command.circle)
    intend(circle, Rename(tidied(person_name, command.person)), ref=command.ref)


def appoint_hosts(asker: Asker, command: commands.AppointHosts) -> None:
    """Change who is host."""
    circle = asker.inside(command.circle)
    members = tuple(asker.member(circle, member) for member in command.members)
    intend(circle, Hosts(members), ref=command.ref)


def list_members(asker: Asker, command: commands.ListMembers) -> None:
    """Who is in."""
    circle = asker.desk.circle(command.circle)
    members = facts.member_facts(circle)
    asker.context.tell(Members(ref=command.ref, circle=circle.hex, members=members))


def verify_member(asker: Asker, command: commands.Verify) -> None:
    """Remember a comparison, or forget it."""
    circle = asker.desk.circle(command.circle)
    if not circle.inside:
        raise WishError("not_active", circle.record.sentence or "You are not in that circle.")
    member = asker.member(circle, command.member)
    if member == circle.member_key:
        raise WishError("self", "Nobody compares words with themselves.")
    store = asker.context.store
    if command.on:
        leaves = b"".join(facts.leaf_keys(circle, member))
        store.verified.save(VerifiedRecord(circle.number, member, leaves, asker.context.now()))
    else:
        store.verified.delete(circle.number, member)
    circle.tell_changed()
    asker.finish(command.ref)


TABLE: Answers = {
    commands.Remove: remove,
    commands.Leave: leave,
    commands.Forget: forget,
    commands.Rejoin: rejoin,
    commands.SettleFork: settle_fork,
    commands.Rename: rename,
    commands.Verify: verify_member,
    commands.AppointHosts: appoint_hosts,
    commands.ListMembers: list_members,
}
