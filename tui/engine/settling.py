"""A person chooses between two conversations that the relay has shown under one name.

docs/protocol.md section 5.7. This one: then the devices on the other one are not listened to about
the log. Or a member's: then this device comes in again there, and folds the log afresh.
"""

from __future__ import annotations

from crypto.access.log import EMPTY_CHAIN
from tui.engine import returning, timeline
from tui.engine.circle import ACTIVE, STOPPED, Circle
from tui.engine.errors import WishError
from tui.engine.store.records import ForkRecord


def settle_mine(circle: Circle) -> None:
    """The person has chosen this conversation."""
    forks = _open(circle)
    if any(not fork.leaf_key for fork in forks):
        raise WishError(
            "relay_differs",
            "The relay shows this device another conversation now than before, so that this one "
            "can't go on. Say whose conversation stands, and come in there again.",
        )
    for fork in forks:
        fork.settled = 1
        circle.context.store.forks.save(fork)
    others = {fork.leaf_key for fork in forks}
    circle.heads = {
        n: (head, witness)
        for n, (head, witness) in circle.heads.items()
        if witness.leaf_key not in others
    }
    circle.record.status, circle.record.sentence = ACTIVE, ""
    names = ", ".join(sorted({fork.name for fork in forks}))
    text = (
        "You chose that this conversation stands. What is said on the other one is not read here, "
        f"and it was seen by {names}, who can come in again here."
    )
    timeline.notice(circle, text)
    circle.tell_changed()


def settle_with(circle: Circle, member: bytes) -> None:
    """The person has chosen a member's conversation: this device comes in again there."""
    _open(circle)
    if member == circle.member_key:
        raise WishError("self", "Your own conversation is this one.")
    record, store = circle.record, circle.context.store
    name = circle.view.name(member)
    text = (
        f"You chose that {name}'s conversation stands. What follows here was said on the other "
        "one, up to where this device comes in again."
    )
    returning.ask(circle)
    timeline.notice(circle, text)
    record.branch, record.branch_end = member, max(record.branch_end, record.n)
    record.n, record.chain, record.handshake, record.head = 0, EMPTY_CHAIN, 0, b""
    record.ahead = record.ahead_since = record.covered = 0
    record.sub = timeline.next_place(circle, 0)
    record.sentence = f"This device asks to come in again where {name} is."
    for table in ("entries", "sent", "incarnations"):
        store.database.write(f"DELETE FROM {table} WHERE circle = ?", (circle.number,))  # noqa: S608
    circle.heads.clear()
    circle.ahead = None
    if circle.connection is not None:
        circle.connection.begin_again = True
    circle.tell_changed()


def _open(circle: Circle) -> list[ForkRecord]:
    """The heads of another log, where the person has yet to choose."""
    forks = circle.context.store.forks.where("circle = ? AND settled = 0", circle.number)
    if circle.record.status != STOPPED or circle.group is None or circle.record.branch:
        forks = []
    if not forks:
        raise WishError("no_fork", "There are no two conversations here to choose from.")
    return forks
