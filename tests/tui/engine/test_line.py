"""Connections that are to be had later: how much later at most; at once where somebody waits."""

from __future__ import annotations

import pytest

from relay import wire
from relay.wire import Refusal
from tests.harness import Person, World
from tests.tui.engine.rogue import circle_of, show
from tui.engine import commands
from tui.engine.commands import Command
from tui.engine.events import Finished, LinkState
from tui.engine.line import HURRY_EVERY
from tui.engine.links import LONGEST_WAIT, LinkId, LinkWish


def attempt(person: Person) -> tuple[LinkId, LinkWish]:
    """The one connection that is wanted."""
    ((link, wish),) = person.client.links().items()
    return link, wish


def away(*names: str) -> tuple[World, Person]:
    """The first of these people, in back-off from a relay that is down, minutes long."""
    world = World()
    ana = world.circle(*names)[0]
    world.relay_down = True
    world.restart_relay()
    world.wait(20 * 60_000)
    _, wish = attempt(ana)
    while wish.not_before <= world.now + HURRY_EVERY:  # a moment before an attempt
        world.wait(HURRY_EVERY)
        _, wish = attempt(ana)
    assert ana.circle().link is LinkState.OFFLINE
    assert ana.circle().next_try == wish.not_before
    return world, ana


COMMANDS: list[Command] = [
    commands.SendText(text="hello"),
    commands.CreateInvite(),
    commands.OpenSpoken(),
    commands.Rename(person="Anna"),
    commands.Remove(member="Bo"),
    commands.ChangeSettings(topic="boats"),
    commands.TryNow(),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_what_is_to_be_sent_is_tried_at_once(command: Command) -> None:
    world, ana = away("Ana", "Bo")
    before, _ = attempt(ana)
    world.relay_down = False
    ana.do(command)
    link, wish = attempt(ana)
    assert link != before and wish.not_before == world.now
    assert ana.circle().link is LinkState.CONNECTING
    assert ana.circle().link_sentence == "" and ana.circle().next_try is None
    now = world.now
    world.settle(wait=0)
    assert world.now == now and ana.circle().link is LinkState.ONLINE
    assert not ana.circle().unsent


def test_it_is_tried_once_every_few_seconds_and_no_more() -> None:
    world, ana = away("Ana")
    ana.says("one")
    world.settle(wait=0)
    link, wish = attempt(ana)
    assert ana.circle().link is LinkState.OFFLINE and wish.not_before > world.now
    ana.says("two")
    assert attempt(ana) == (link, wish)
    assert ana.circle().link is LinkState.OFFLINE
    assert wish.not_before > world.now + HURRY_EVERY
    world.now += HURRY_EVERY
    ana.says("three")
    assert attempt(ana)[1].not_before == world.now
    world.now -= 3_600_000  # the clock is set back
    world.settle(wait=0)
    ana.says("four")
    world.relay_down = False
    world.settle()
    assert ana.texts() == ["Ana: one", "Ana: two", "Ana: three", "Ana: four"]
    assert ana.circle().waiting == 0


def test_an_attempt_that_is_under_way_is_waited_for() -> None:
    world, ana = away("Ana")
    _, wish = attempt(ana)
    world.now = wish.not_before
    before = attempt(ana)
    ana.says("hello")
    assert attempt(ana) == before
    assert ana.circle().link is LinkState.CONNECTING
    world.settle(wait=0)
    assert ana.circle().link is LinkState.OFFLINE


def test_a_relay_that_asks_to_wait_is_not_hurried() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    show(ana, wire.Refused(None, Refusal.TOO_FAST, 9_000))
    # While bound that is about a nameplate; it closes a connection before.
    circle_of(ana).connection = None
    show(ana, wire.Refused(None, Refusal.TOO_FAST, 9_000))
    before = attempt(ana)
    assert before[1].not_before == world.now + 9_000
    ana.says("hello")
    ana.do(commands.TryNow(ref=7))
    assert [event.ref for event in ana.told(Finished)] == [7]
    assert attempt(ana) == before


def test_no_relay_is_waited_for_longer_than_five_minutes() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    circle_of(ana).connection = None
    show(ana, wire.Refused(None, Refusal.TOO_FAST, 10**15))
    assert attempt(ana)[1].not_before == world.now + LONGEST_WAIT
    assert ana.circle().next_try == world.now + LONGEST_WAIT
    assert ana.circle().link_sentence == "The relay asks to wait."


def test_a_circle_that_was_left_is_not_tried() -> None:
    world = World()
    _ana, bo = world.circle("Ana", "Bo")
    bo.do(commands.Leave())
    world.wait(60_000)
    assert bo.circle().left
    bo.expect(Finished, lambda ref: commands.TryNow(ref=ref))
    assert bo.client.links() == {}
    assert bo.circle().link is not LinkState.CONNECTING
