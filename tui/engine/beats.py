"""Heartbeats: this device's word on where it is, and what the others' words show.

docs/protocol.md section 5.2. At most one every five minutes, while the circle is connected.
"""

from __future__ import annotations

from crypto.beat import Beat, open_beat, seal_beat
from crypto.errors import PeerError
from crypto.secret import Secret, equal
from relay import wire
from tui.engine import heads
from tui.engine.circle import Circle

EVERY = 5 * 60_000


def beat_when_due(circle: Circle) -> None:
    """Leave a heartbeat at the relay, if it is time for one."""
    connection, now = circle.connection, circle.context.now()
    if connection is None or not connection.caught_up or now < connection.beat_after:
        return
    head = heads.newest(circle)
    if head is None or circle.group is None or not (circle.active or circle.record.stuck_at):
        return
    connection.beat_after = now + EVERY
    beat = Beat(
        leaf_key=circle.leaf.public,
        epoch=circle.members.epoch,
        epoch_authenticator=circle.members.epoch_authenticator.reveal(),
        head=head,
        counter=circle.record.counter,
        stuck_at=circle.record.stuck_at or None,
        at=now,
    )
    key = circle.view.state.beacon_key
    sealed = seal_beat(key, circle.id, beat, circle.leaf, circle.context.rng)
    connection.send(wire.Beat(sealed))


def heard(circle: Circle, shown: wire.BeatOf) -> None:
    """Another device's heartbeat; what none of this circle's devices sealed is passed over."""
    if circle.group is None or circle.arriving:
        return
    former = circle.context.store.beacons.where("circle = ?", circle.number)
    keys = [circle.view.state.beacon_key, *(Secret(beacon.key) for beacon in former)]
    try:
        beat = open_beat(keys, circle.id, shown.body).beat
    except PeerError:
        return
    index = circle.view.with_signature_key(beat.leaf_key)
    if index is None:
        return
    leaf = circle.view.leaves[index]
    if heads.note(circle, beat.head, leaf.name) and leaf.member != circle.member.public:
        if beat.head.n > circle.record.covered:
            circle.record.covered = beat.head.n
            circle.changed()
    same = beat.epoch == circle.members.epoch and equal(
        beat.epoch_authenticator, circle.members.epoch_authenticator.reveal()
    )
    if same and not circle.record.confirmed and leaf.member == circle.record.issuer:
        circle.record.confirmed = 1
        circle.tell_changed()
