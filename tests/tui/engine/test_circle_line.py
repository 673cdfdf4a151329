"""A circle's connection: what its relay refuses, and what it must not say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from relay import wire
from relay.wire import FromRelay, Refusal
from tests.harness import HOST, Person, World
from tests.tui.engine.lying import LyingWorld
from tests.tui.engine.rogue import circle_of, show
from tui.engine import commands
from tui.engine.circle_line import ACKNOWLEDGE_ENTRIES, ACKNOWLEDGE_WAIT
from tui.engine.events import (
    CircleGone,
    CircleOpened,
    LinkState,
    Refused,
    SpokenEnded,
    SpokenOpened,
)


def cut(person: Person) -> None:
    for socket in person.sockets.values():
        socket.cut()


def test_a_log_that_the_relay_does_not_sign_is_not_listened_to() -> None:
    def unsigned(frame: FromRelay) -> Iterable[FromRelay]:
        yield replace(frame, signature=bytes(64)) if isinstance(frame, wire.Bound) else frame

    world = LyingWorld(1)
    (ana,) = world.circle("Ana")
    world.victim, world.lie = ana, unsigned
    cut(ana)
    world.settle(wait=2_500)
    assert ana.circle().link is not LinkState.ONLINE
    assert ana.circle().link_sentence == "The relay's word on the log is not signed by its key."
    world.lie = None
    world.wait(60_000)
    assert ana.circle().link is LinkState.ONLINE


def test_how_one_came_in_has_to_be_shown() -> None:
    world = World()
    ana, _bo = world.circle("Ana", "Bo")
    circle_of(ana).record.since = -1
    show(ana, wire.CaughtUp(circle_of(ana).record.n))
    assert ana.circle().link is LinkState.OFFLINE
    assert "how this device came in" in ana.circle().link_sentence


@pytest.mark.parametrize("code", [Refusal.NAMEPLATE_GONE, Refusal.CROWDED])
def test_a_nameplate_that_the_relay_takes_back(code: Refusal) -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.expect(SpokenOpened, lambda ref: commands.OpenSpoken(ref=ref))
    show(ana, wire.Refused(None, code, 0))
    assert len(ana.told(SpokenEnded)) == 1
    world.settle()
    assert ana.client.invites(ana.circle().id) == []


def test_a_refusal_without_a_name_that_is_about_nothing_here() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    show(ana, wire.Refused(None, Refusal.TOO_LARGE, 0), wire.Refused(b"x" * 16, Refusal.STALE, 9))
    assert ana.circle().link is LinkState.ONLINE


class Refusing:
    """A relay that opens no circle, and says why."""

    def __init__(self, code: Refusal) -> None:
        self.code = code

    def tell(self, frame: FromRelay) -> Iterable[FromRelay]:
        yield frame if isinstance(frame, wire.Hello) else wire.Refused(None, self.code, 0)


def founding(code: Refusal) -> tuple[LyingWorld, Person]:
    """Ana's circle is made, and on its way to the relay."""
    world = LyingWorld(1)
    ana = world.person("Ana")
    world.victim, world.lie = ana, Refusing(code).tell
    ana.do(commands.OpenCircle(ref=5, name="Lake", person="Ana", relay=HOST))
    while not ana.client.circles():
        assert world.step()
    return world, ana


def test_a_relay_that_is_ending_is_asked_again() -> None:
    world, ana = founding(Refusal.GOING)
    world.settle(wait=100)
    assert ana.circle().link_sentence == "The relay is being shut down."
    assert ana.told(Refused) == []
    world.lie = None
    world.wait(60_000)
    assert [event.ref for event in ana.told(CircleOpened)] == [5]


@pytest.mark.parametrize("crashed", [False, True])
def test_a_circle_that_the_relay_does_not_open_is_gone(crashed: bool) -> None:
    world, ana = founding(Refusal.NO_TOKEN)
    if crashed:  # and nobody waits for the answer any more
        ana.crash()
    world.settle()
    assert [event.reason for event in ana.told(Refused)] == ([] if crashed else ["no_token"])
    assert len(ana.told(CircleGone)) == 1
    assert ana.client.circles() == []


def test_what_is_held_is_acknowledged_now_and_then_and_after_a_cut() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    circle, key = circle_of(bo).id, circle_of(bo).access.public
    held = circle_of(bo).record.n
    shelf = world.store.shelves[circle]
    assert shelf.cursors[key] == held
    ana.says("one")
    world.settle(wait=0)
    assert circle_of(bo).record.n == held + 1
    assert shelf.cursors[key] == held
    world.wait(ACKNOWLEDGE_WAIT)
    assert shelf.cursors[key] == held + 1
    ana.says("two")
    world.settle(wait=0)
    cut(bo)
    world.settle(wait=0)
    assert shelf.cursors[key] == held + 1
    world.wait(60_000)
    assert shelf.cursors[key] == circle_of(bo).record.n >= held + 2


def test_what_is_held_is_acknowledged_after_so_many_entries() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    key, held = circle_of(bo).access.public, circle_of(bo).record.n
    for number in range(ACKNOWLEDGE_ENTRIES):
        ana.do(commands.SendText(text=str(number)))
    world.settle(wait=0)
    assert circle_of(bo).record.n == held + ACKNOWLEDGE_ENTRIES
    assert world.store.shelves[circle_of(bo).id].cursors[key] == held + ACKNOWLEDGE_ENTRIES


def test_what_is_acknowledged_before_the_log_is_known_is_not_believed() -> None:
    """The relay was put back from a backup: what it says to be in its log may stand elsewhere."""
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    backup = world.backup()
    bo.says("lost")
    world.settle()
    world.put_back(backup)
    while circle_of(ana).connection is None or circle_of(ana).connected.mending is None:
        if not world.step():
            world.now += 1_000
            world.tick()
    ana.says("waits")
    n = circle_of(ana).record.n
    (row,) = ana.database.rows("SELECT idempotency FROM outbox")
    assert isinstance(row[0], bytes)
    show(ana, wire.Done(row[0] or bytes(16), n + 1, world.now))
    assert circle_of(ana).record.n == n and ana.states() == ["waiting"]
    world.wait(60_000)
    assert ana.texts() == bo.texts() == ["Bo: lost", "Ana: waits"]
