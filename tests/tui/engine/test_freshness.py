"""A relay that keeps the end back is named; where nobody vouches, nothing is claimed."""

from __future__ import annotations

from collections.abc import Iterable

from relay import wire
from relay.wire import Entry, FromRelay
from tests.harness import HOST, Person, World, fresh_database
from tests.tui.engine.lying import LyingWorld
from tests.tui.engine.rogue import circle_of
from tui.engine.beats import EVERY
from tui.engine.client import Client
from tui.engine.events import LinkState
from tui.engine.freshness import HELD_BACK, REMEMBERED, STALE_AFTER

BACK = "What the relay had kept back is here now."


def keeps_back(frame: FromRelay) -> Iterable[FromRelay]:
    if not isinstance(frame, Entry | wire.Head):
        yield frame


def silent(frame: FromRelay) -> Iterable[FromRelay]:
    if not isinstance(frame, wire.BeatOf):
        yield frame


def again(person: Person) -> None:
    for socket in person.sockets.values():
        socket.cut()


def test_what_another_device_has_seen_and_this_one_has_not_is_kept_back() -> None:
    world = LyingWorld(1)
    ana, bo = world.circle("Ana", "Bo")
    world.victim, world.lie = bo, keeps_back
    said_at = world.now
    ana.says("kept back")
    world.wait(EVERY + HELD_BACK + 2_000)
    text = "The relay keeps something back: Ana's device has seen more than this device is shown."
    assert bo.warnings() == [text] and ana.warnings() == []
    assert said_at < bo.circle().behind_since <= world.now
    world.wait(2 * EVERY)
    assert bo.circle().link is LinkState.ONLINE and bo.texts() == []
    bo.crash()
    world.wait(2 * EVERY)
    assert bo.warnings() == [text]  # once, however often it is seen
    world.lie = None
    again(bo)
    world.wait(60_000)
    assert bo.texts() == ["Ana: kept back"]
    assert BACK in bo.notices()
    assert bo.circle().behind_since == 0


def test_what_the_relay_has_signed_itself_it_has_to_show() -> None:
    world = LyingWorld(1)
    ana, bo = world.circle("Ana", "Bo")
    world.victim = bo
    world.lie = lambda frame: () if isinstance(frame, Entry | wire.BeatOf) else (frame,)
    ana.says("kept back")
    world.wait(HELD_BACK + 10_000)
    text = "The relay keeps something back: it has itself signed more than this device is shown."
    assert bo.warnings() == [text]


def test_what_is_on_its_way_for_a_moment_is_not_kept_back() -> None:
    world = LyingWorld(1)
    ana, bo = world.circle("Ana", "Bo")
    held: list[FromRelay] = []

    def slow(frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, Entry):
            held.append(frame)
        else:
            yield frame

    world.victim, world.lie = bo, slow
    ana.says("slow")
    world.wait(HELD_BACK // 2)
    (socket,) = bo.sockets.values()
    data = wire.message(*held)
    bo.guarded(lambda: bo.client.link_received(socket.link, data))
    world.lie = None
    world.wait(EVERY + 2 * HELD_BACK)
    assert bo.texts() == ["Ana: slow"] and bo.warnings() == []
    assert circle_of(bo).ahead is None


def test_heartbeats_that_stop_leave_no_proof() -> None:
    world = LyingWorld(1)
    _, bo = world.circle("Ana", "Bo")
    world.wait(EVERY + 1_000)
    assert bo.circle().fresh_at >= world.now - EVERY and not bo.circle().stale
    world.victim, world.lie = bo, silent
    last = bo.circle().fresh_at
    world.wait(STALE_AFTER + 1_000)
    facts = bo.circle()
    assert facts.stale and facts.fresh_at == last
    assert facts.link is LinkState.ONLINE and bo.warnings() == []
    world.lie = None
    world.wait(EVERY + 1_000)
    assert not bo.circle().stale and bo.circle().fresh_at > last


def test_who_is_alone_is_told_nothing() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    bo.offline = True
    world.wait(2 * REMEMBERED)
    again(ana)
    world.wait(2 * STALE_AFTER)
    assert not ana.circle().stale and ana.warnings() == []


def test_a_word_of_tomorrow_is_one_of_now() -> None:
    world = World()
    _, bo = world.circle("Ana", "Bo")
    world.people[0].client = Client(
        world.people[0].database,
        rng=world.random.randbytes,
        now=lambda: world.now + 86_400_000,
        default_relay=HOST,
    )
    again(world.people[0])
    world.wait(60_000)
    assert bo.circle().fresh_at <= world.now


def test_who_wants_no_heartbeats_leaves_none() -> None:
    world = World()
    quiet = world.person("Ana", database=fresh_database())
    quiet.client = Client(
        quiet.database,
        rng=world.random.randbytes,
        now=lambda: world.now,
        default_relay=HOST,
        beats=False,
    )
    quiet.opens()
    bo = world.person("Bo")
    bo.joins(quiet.invites())
    world.wait(2 * EVERY)
    (shelf,) = world.store.shelves.values()
    assert list(shelf.beats) == [circle_of(bo).access.public]
