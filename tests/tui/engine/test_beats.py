"""Heartbeats: how often they are left, what they show, and whose are not listened to."""

from __future__ import annotations

import os
from dataclasses import replace

from crypto.access.log import Head
from crypto.beat import Beat, open_beat, seal_beat
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.secret import Secret
from relay import wire
from tests.harness import Person, World
from tests.tui.engine.rogue import circle_of, show
from tui.engine import beats
from tui.engine.beats import EVERY
from tui.engine.events import LinkState


def left_at_the_relay(world: World) -> dict[bytes, bytes]:
    (shelf,) = world.store.shelves.values()
    return {key: body for key, (body, _) in shelf.beats.items()}


def beat_of(person: Person) -> Beat:
    """What a person's device says in a beat just now."""
    circle = circle_of(person)
    return Beat(
        leaf_key=circle.leaf.public,
        epoch=circle.members.epoch,
        epoch_authenticator=circle.members.epoch_authenticator.reveal(),
        head=Head.decode(circle.record.head),
        counter=circle.record.counter,
        stuck_at=None,
        at=person.world.now,
    )


def sealed(by: Person, beat: Beat, key: SignatureKeyPair | None = None) -> wire.BeatOf:
    circle = circle_of(by)
    beacon = circle.view.state.beacon_key
    body = seal_beat(beacon, circle.id, beat, key or circle.leaf, os.urandom)
    return wire.BeatOf(circle.access.public, body)


def covered(person: Person) -> int:
    return circle_of(person).record.covered


def test_one_is_left_every_five_minutes() -> None:
    world = World()
    ana, _bo = world.circle("Ana", "Bo")
    world.wait(EVERY)
    first = left_at_the_relay(world)
    assert len(first) == 2
    world.wait(EVERY // 2)
    assert left_at_the_relay(world) == first
    world.wait(EVERY)
    second = left_at_the_relay(world)
    assert all(second[key] != first[key] for key in first)
    circle = circle_of(ana)
    body = second[circle.access.public]
    beat = open_beat([circle.view.state.beacon_key], circle.id, body).beat
    assert beat.leaf_key == circle.leaf.public and beat.stuck_at is None
    assert beat.head.n == circle.record.n


def test_it_covers_what_its_sender_has_seen() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.says("one")
    world.settle()
    before = covered(ana)
    assert ana.states() == ["delivered"]
    show(ana, sealed(bo, beat_of(bo)))
    assert covered(ana) > before and ana.states() == ["confirmed"]
    older = replace(beat_of(bo), head=Head.decode(circle_of(bo).record.head))
    show(ana, sealed(bo, older))
    assert ana.states() == ["confirmed"]


def test_ones_own_covers_nothing() -> None:
    world = World()
    ana, _bo = world.circle("Ana", "Bo")
    ana.says("one")
    world.settle()
    show(ana, sealed(ana, beat_of(ana)))
    assert ana.states() == ["delivered"]


def test_a_head_of_another_incarnation_covers_nothing() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.says("one")
    world.settle()
    beat = beat_of(bo)
    show(ana, sealed(bo, replace(beat, head=replace(beat.head, incarnation=b"z" * 16))))
    assert ana.states() == ["delivered"] and ana.circle().link is LinkState.ONLINE


def test_strangers_and_noise_are_not_listened_to() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.says("one")
    world.settle()
    stranger = SignatureKeyPair.from_seed(Secret(b"s" * 32))
    theirs = replace(beat_of(bo), leaf_key=stranger.public)
    show(ana, sealed(bo, theirs, stranger))  # someone who knows the beacon key, and is not in
    show(ana, wire.BeatOf(b"k" * 32, b"noise"))
    assert ana.states() == ["delivered"]
    assert ana.circle().link is LinkState.ONLINE and ana.warnings() == []


def test_who_is_not_in_yet_reads_none() -> None:
    """Whose keys the group has, is not known before the entry that brought one in was seen."""
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.says("one")
    world.settle()
    heard = sealed(bo, beat_of(bo))
    circle = circle_of(ana)
    since, circle.record.since = circle.record.since, -1
    beats.heard(circle, heard)
    circle.record.since = since
    assert ana.states() == ["delivered"]
    beats.heard(circle, heard)
    assert ana.states() == ["confirmed"]


def test_the_inviters_beat_confirms_a_newcomer() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    circle_of(bo).record.confirmed = 0
    another = replace(beat_of(ana), epoch_authenticator=b"x" * 32)
    show(bo, sealed(ana, another))
    assert not bo.circle().confirmed
    show(bo, sealed(ana, beat_of(ana)))
    assert bo.circle().confirmed
