"""The relay's roster after a skipped commit: a host's device tells the relay anew who is here.

docs/protocol.md section 4.4. The relay can't read a commit, and does what stands beside it. Where
the members skip the commit, that was done all the same.
"""

from __future__ import annotations

from crypto.access.log import Kind
from crypto.access.side_data import encode
from crypto.entry import RANK_WAIT, rank
from relay import wire
from tui.engine.circle import Circle
from tui.engine.intentions import holds, intend
from tui.engine.wishes import PutRight

AFTER = 10_000
"""Milliseconds that a host's device waits: a flood of such commits is answered once."""

DOUBT = 60_000
"""Milliseconds for which the relay's no is not the last word, after a commit that was skipped."""

NOTHING = encode(())


def skipped(circle: Circle, shown: wire.Entry) -> None:
    """A commit is in the log that nobody follows: what stood beside it is to be undone."""
    if shown.side_data != NOTHING:
        put_right_soon(circle, shown.body)


def in_doubt(circle: Circle) -> bool:
    """Whether the relay may hold something else than the tree, which a host is about to undo."""
    row = circle.context.store.database.row(
        "SELECT sender, side_data, time FROM entries WHERE circle = ? AND kind = ? AND n > ? "
        "ORDER BY n DESC LIMIT 1",
        (circle.number, Kind.COMMIT, circle.record.since),
    )
    if row is None:
        return False
    sender, side_data, time = row
    followed = bool(sender) or side_data == NOTHING
    return not followed and circle.context.now() < int(str(time)) + DOUBT


def put_right_soon(circle: Circle, body: bytes) -> None:
    """Mean to put the roster right, in this device's turn among the hosts' (by a commit's body)."""
    state, wish = circle.view.state, PutRight()
    if not state.is_host(circle.member_key) or holds(circle, wish):
        return
    hosts = [
        leaf.signature_key for leaf in circle.view.leaves.values() if state.is_host(leaf.member)
    ]
    wait = AFTER + RANK_WAIT * rank(body, circle.own.signature_key, hosts)
    intend(circle, wish, not_before=circle.context.now() + wait)
