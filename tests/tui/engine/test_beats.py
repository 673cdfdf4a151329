"""Heartbeats: how often they are left, what they show, and whose are not listened to."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

from crypto.access.binding import AccessKeyPair
from crypto.access.log import Head
from crypto.beat import Beat, open_beat, seal_beat
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.secret import Secret
from relay import wire
from relay.wire import FromRelay
from tests.harness import Person, World
from tests.tui.engine.lying import LyingWorld
from tests.tui.engine.rogue import circle_of, show
from tui.engine import beats
from tui.engine.beats import ANSWER_EVERY, EVERY
from tui.engine.commands import Remove
from tui.engine.events import Finished, LinkState
from tui.engine.following import STUCK


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


def beats_heard(world: LyingWorld, victim: Person) -> list[wire.BeatOf]:
    """The beats that the relay shows to somebody from now on."""
    heard: list[wire.BeatOf] = []

    def listens(frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, wire.BeatOf):
            heard.append(frame)
        yield frame

    world.victim, world.lie = victim, listens
    return heard


def test_who_is_stuck_is_answered_at_once_and_once_a_minute() -> None:
    world = LyingWorld(1)
    ana, bo = world.circle("Ana", "Bo")
    world.wait(2_000)
    heard = beats_heard(world, bo)
    stuck = replace(beat_of(bo), stuck_at=circle_of(ana).record.n)
    for _ in range(3):
        show(ana, sealed(bo, stuck))
        world.settle(wait=1_000)
    assert len(heard) == 1
    world.now += ANSWER_EVERY
    show(ana, sealed(bo, stuck))
    world.settle(wait=1_000)
    assert len(heard) == 2
    ahead = replace(beat_of(bo), stuck_at=circle_of(ana).record.n + 1)
    world.now += ANSWER_EVERY
    show(ana, sealed(bo, ahead))
    world.settle(wait=1_000)
    assert len(heard) == 2  # not before the relay's head covers what it asks about
    ana.says("one more")
    world.settle(wait=2_000)
    assert len(heard) == 3


def test_only_a_later_epoch_that_covers_the_change_is_a_reason_to_come_in_again() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.says("one")
    world.settle()
    circle = circle_of(bo)
    with bo.database.transaction():
        circle.record.stuck_at = circle.record.n
        circle.stop(STUCK)
        circle.flush()
    beat = beat_of(ana)
    earlier = entry_chain(bo, circle.record.n - 1)
    for said in (
        beat,  # of the same epoch
        replace(beat, epoch=beat.epoch + 1, stuck_at=1),  # stuck itself
        replace(beat, epoch=beat.epoch + 1, head=earlier),  # of before the change
    ):
        show(bo, sealed(ana, said))
        assert bo.circle().link_sentence == STUCK
    show(bo, sealed(ana, replace(beat, epoch=beat.epoch + 1)))
    assert bo.circle().link_sentence.startswith("Ana's device has followed a change")
    assert bo.warnings() == [bo.circle().link_sentence]
    show(bo, sealed(ana, replace(beat, epoch=beat.epoch + 2)))
    assert len(bo.warnings()) == 1 and bo.client.may_return(bo.circle().id)


def entry_chain(person: Person, n: int) -> Head:
    """The relay's head of an earlier entry."""
    (row,) = person.database.rows("SELECT chain FROM entries WHERE n = ?", (n,))
    circle = circle_of(person)
    assert isinstance(row[0], bytes)
    relay = AccessKeyPair.from_seed(Secret(b"\x07" * 32))
    return Head.sign(relay, circle.id, circle.record.incarnation, n, row[0])


def test_who_speaks_under_a_former_key_gets_one_notice_under_it() -> None:
    world = LyingWorld(1)
    ana, bo, _cy = world.circle("Ana", "Bo", "Cy")
    bo.offline = True
    world.settle()
    former = circle_of(bo).view.state.beacon_key
    old = sealed(bo, beat_of(bo))
    ana.expect(Finished, lambda ref: Remove(ref=ref, member="Cy"))
    world.wait(2_000)
    shelf = next(iter(world.store.shelves.values()))
    for _ in range(2):
        show(ana, old)
        world.settle(wait=1_000)
    body, _ = shelf.beats[circle_of(ana).access.public]
    told = open_beat([former], circle_of(ana).id, body).beat
    assert told.epoch > circle_of(bo).members.epoch
    world.wait(EVERY)
    body, _ = shelf.beats[circle_of(ana).access.public]
    show(ana, old)
    world.settle(wait=1_000)
    assert shelf.beats[circle_of(ana).access.public][0] == body
