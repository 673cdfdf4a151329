"""Heartbeats: this device's word on where it is, and what the others' words show.

docs/protocol.md section 5.2. At most one every five minutes, while the circle is connected; and one
more for a device that can't follow a commit, or that still speaks under a former beacon key.
"""

from __future__ import annotations

from crypto.beat import Beat, open_beat, seal_beat
from crypto.circle.view import Leaf
from crypto.errors import PeerError
from crypto.secret import Secret, equal
from relay import wire
from tui.engine import following, freshness, heads, timeline
from tui.engine.circle import Circle, Connection, Witness

EVERY = 5 * 60_000
ANSWER_EVERY = 60_000
"""Milliseconds in which one device that is stuck is answered once."""

FOLLOWED = (
    "{name}'s device has followed a change to the circle that this device can't follow. Come in "
    "again to go on, with fresh keys."
)


def beat_when_due(circle: Circle) -> None:
    """Leave a heartbeat at the relay, if it is time for one."""
    connection, now = circle.connection, circle.context.now()
    if connection is None or not connection.caught_up or not circle.context.beats:
        return
    _answer(circle, connection)
    if circle.record.stuck_at and not connection.asked_stuck:
        connection.asked_stuck, connection.beat_after = True, 0  # the others are asked at once
    if now >= connection.beat_after and _leave(circle, connection, None):
        connection.beat_after = now + EVERY


def _leave(circle: Circle, connection: Connection, key: Secret | None) -> bool:
    """Leave one under a beacon key, the newest unless another is given."""
    head = heads.newest(circle)
    if head is None or circle.group is None or not (circle.active or circle.record.stuck_at):
        return False
    beat = Beat(
        leaf_key=circle.leaf.public,
        epoch=circle.members.epoch,
        epoch_authenticator=circle.members.epoch_authenticator.reveal(),
        head=head,
        counter=circle.record.counter,
        stuck_at=circle.record.stuck_at or None,
        at=circle.context.now(),
    )
    beacon = circle.view.state.beacon_key if key is None else key
    sealed = seal_beat(beacon, circle.id, beat, circle.leaf, circle.context.rng)
    connection.send(wire.Beat(sealed))
    return True


def _answer(circle: Circle, connection: Connection) -> None:
    """Speak to those who wait for a word, once the relay's head covers what they ask about."""
    head = heads.newest(circle)
    for leaf_key, (key, at) in list(circle.beats_owed.items()):
        if head is not None and circle.active and head.n >= at:
            del circle.beats_owed[leaf_key]
            _leave(circle, connection, key)


def heard(circle: Circle, shown: wire.BeatOf) -> None:
    """Another device's heartbeat; what none of this circle's devices sealed is passed over."""
    if circle.group is None or circle.arriving or circle.record.branch:
        return
    former = circle.context.store.beacons.where("circle = ?", circle.number)
    keys = [circle.view.state.beacon_key, *(Secret(beacon.key) for beacon in former)]
    try:
        opened = open_beat(keys, circle.id, shown.body)
    except PeerError:
        return
    beat = opened.beat
    index = circle.view.with_signature_key(beat.leaf_key)
    if index is None:
        return
    leaf = circle.view.leaves[index]
    fits = heads.note(circle, beat.head, Witness.of(leaf))
    _owe(circle, leaf, beat, opened.beacon_key)
    if fits:
        freshness.vouched(circle, leaf, beat.head, beat.at)
        _unstick(circle, leaf, beat)
    same = beat.epoch == circle.members.epoch and equal(
        beat.epoch_authenticator, circle.members.epoch_authenticator.reveal()
    )
    if same and not circle.record.confirmed and leaf.member == circle.record.issuer:
        circle.record.confirmed = 1
        circle.tell_changed()


def _owe(circle: Circle, leaf: Leaf, beat: Beat, key: Secret) -> None:
    """Whoever is stuck, or does not know the newest beacon key, is told where we are."""
    if leaf.signature_key == circle.leaf.public or not circle.active:
        return
    now, newest = circle.context.now(), circle.view.state.beacon_key
    if beat.stuck_at is not None:
        given, every = (leaf.signature_key, b"stuck"), ANSWER_EVERY
    elif not equal(key.reveal(), newest.reveal()):
        given, every = (leaf.signature_key, key.reveal()), following.BEACON_KEPT
    else:
        return
    last = circle.beats_given.get(given)
    if last is None or now >= last + every:
        circle.beats_given[given] = now
        circle.beats_owed[leaf.signature_key] = (key, beat.stuck_at or 0)


def _unstick(circle: Circle, leaf: Leaf, beat: Beat) -> None:
    """Another's word that it followed what this device can't follow: there is a way back."""
    record = circle.record
    if not record.stuck_at or beat.stuck_at is not None or record.sentence != following.STUCK:
        return
    if beat.epoch > circle.members.epoch and beat.head.n >= record.stuck_at:
        record.sentence = FOLLOWED.format(name=leaf.name)
        timeline.notice(circle, record.sentence, warning=True)
        circle.tell_changed()
