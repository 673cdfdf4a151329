"""Glances: who is here, who is writing, and who has read how far, where the circle wants it shown.

docs/protocol.md section 5.10. A device sends none where the circle's state has neither `presence`
nor `heard`. What it hears of others it keeps in memory, but for how far they have read.
"""

from __future__ import annotations

from collections.abc import Iterator

from crypto.errors import PeerError
from crypto.glance import Glance, Here, open_glance, seal_glance
from relay import wire
from tui.engine import timeline
from tui.engine.circle import Circle, Connection
from tui.engine.seen import Seen, newest_own, own_here, wanted
from tui.engine.store.records import HeardRecord

AGAIN = 45_000
WRITING_AGAIN = 4_000
APART = 1_000
"""Milliseconds from one of a connection's glances to its next."""

SKEW = 600_000
"""Milliseconds that another's clock may be off, and that a relay could hold one back."""


def _own(circle: Circle) -> tuple[Here, int]:
    """What there is to be told of this person."""
    read = min(circle.record.read_position >> timeline.PLACE_BITS, circle.record.n)
    return own_here(circle), read if circle.view.state.heard else 0


def _due(circle: Circle, connection: Connection) -> int | None:
    """When the next is to be sent; None for not before something happens."""
    here, heard = _own(circle)
    last = connection.glance
    if last is None or connection.glance_owed or (here, heard) != (last.here, last.heard):
        return connection.glance_after
    if here < Here.HERE:
        return None
    return last.at + (WRITING_AGAIN if here is Here.WRITING else AGAIN)


def pump(circle: Circle) -> None:
    """Say how it is, if it is time to; and let go of what is over."""
    connection, now = circle.connection, circle.context.now()
    if circle.glances_end is not None and now >= circle.glances_end:
        _told(circle)
    if connection is None or not connection.caught_up or not wanted(circle):
        return
    due = _due(circle, connection)
    if due is None or now < due:
        return
    here, heard = _own(circle)
    asks = connection.glance is None
    glance = Glance(circle.leaf.public, now, here, heard, asks)
    state = circle.view.state
    sealed = seal_glance(state.beacon_key, circle.id, glance, circle.leaf, circle.context.rng)
    connection.glance, connection.glance_owed = glance, False
    connection.glance_after = now + APART
    connection.send(wire.Ephemeral(sealed))


def next_times(circle: Circle) -> Iterator[int]:
    """When something is to be done by itself."""
    if circle.glances_end is not None:
        yield circle.glances_end
    connection, attends = circle.connection, circle.context.attends
    if connection is None or not connection.caught_up or not wanted(circle):
        return
    due = _due(circle, connection)
    if due is not None:
        yield due
    yield from (attends.until, attends.writing_until)


def taken(circle: Circle, shown: wire.EphemeralOf) -> None:
    """Another device's glance; what none of this circle's devices sealed is passed over."""
    if not wanted(circle):
        return
    state, now = circle.view.state, circle.context.now()
    try:
        glance = open_glance(state.beacon_key, circle.id, shown.body)
    except PeerError:
        return
    index = circle.view.with_signature_key(glance.leaf_key)
    last = circle.glances.get(glance.leaf_key)
    if index is None or glance.leaf_key == circle.leaf.public or abs(glance.at - now) > SKEW:
        return
    if last is not None and glance.at <= last.at:
        return
    if glance.asks:
        circle.connected.glance_owed = True
    here = glance.here if state.presence else Here.UNTOLD
    circle.glances[glance.leaf_key] = Seen(glance.at, here, now)
    if state.heard and glance.heard:
        _heard(circle, circle.view.leaves[index].member, min(glance.heard, circle.record.n))
    _told(circle)


def _told(circle: Circle) -> None:
    """Screens are to look again; and when they will have to, if nothing more is heard."""
    now = circle.context.now()
    ends = [seen.ends(now) for seen in circle.glances.values()]
    circle.glances_end = min((end for end in ends if end is not None), default=None)
    circle.tell_changed()


# How far others have read.


def _heard(circle: Circle, member: bytes, n: int) -> None:
    if member == circle.member_key:
        return
    kept, end = circle.context.store.heard, (n + 1) << timeline.PLACE_BITS
    record = kept.get(circle.number, member)
    if record is not None and end <= record.before:
        return
    earlier = None if record is None else newest_own(circle, record.before)
    kept.delete(circle.number, member)
    kept.insert(HeardRecord(circle.number, member, end))
    newest = newest_own(circle, end)
    if newest is not None and (earlier is None or earlier.id != newest.id):
        for message in (earlier, newest):
            if message is not None:
                timeline.tell(circle, message)
