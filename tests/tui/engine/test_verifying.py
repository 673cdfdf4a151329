"""Words that were compared, and silence that is let be: known to this device alone."""

from __future__ import annotations

import pytest

from tests.harness import Person, World
from tests.tui.engine.test_returning import with_an_old_copy
from tui.engine import commands
from tui.engine.events import CircleChanged, Finished, MemberFacts, Members
from tui.engine.facts import SEASON

pytestmark = pytest.mark.slow  # whole circles


def member(person: Person, name: str) -> MemberFacts:
    found = person.client.members(person.circle().id)
    return next(one for one in found if one.name == name)


def test_a_comparison_is_remembered_and_may_be_forgotten() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    entries = len(world.store.shelves[bytes.fromhex(ana.circle().id)].records)
    assert not member(ana, "Bo").verified
    ana.expect(Finished, lambda ref: commands.Verify(ref=ref, member="Bo"))
    assert CircleChanged(circle=ana.circle().id) in ana.heard
    ana.crash()
    assert member(ana, "Bo").verified and not member(ana, "Bo").new_device
    listed = ana.expect(Members, lambda ref: commands.ListMembers(ref=ref)).members
    assert [one.verified for one in listed] == [False, True]
    assert not member(bo, "Ana").verified
    assert len(world.store.shelves[bytes.fromhex(ana.circle().id)].records) == entries
    ana.expect(Finished, lambda ref: commands.Verify(ref=ref, member="Bo", on=False))
    assert not member(ana, "Bo").verified


def test_who_cannot_be_compared_with() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    assert ana.refused(lambda ref: commands.Verify(ref=ref, member="Ana")).reason == "self"
    assert ana.refused(lambda ref: commands.Verify(ref=ref, member="X")).reason == "unknown_member"
    bo.do(commands.Leave())
    world.wait(10_000)
    assert bo.refused(lambda ref: commands.Verify(ref=ref, member="Ana")).reason == "not_active"


def test_a_device_that_comes_in_again_is_new_until_it_is_verified() -> None:
    world, ana, bo, _ = with_an_old_copy()
    ana.do(commands.Verify(member="Bo"))
    bo.says("three")
    world.wait(1_000)
    bo.do(commands.Rejoin())
    world.wait(60_000)
    assert member(ana, "Bo").verified and member(ana, "Bo").new_device
    ana.do(commands.Verify(member="Bo"))
    assert member(ana, "Bo").verified and not member(ana, "Bo").new_device


def test_once_a_season_the_silence_of_a_circle_is_seen() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    world.now += SEASON
    assert ana.circle().silent_since == 0, "nobody has spoken here yet"
    bo.says("hello")
    world.settle()
    spoken = bo.rows()[-1].at
    world.now = spoken + SEASON - 1
    assert ana.circle().silent_since == 0
    world.now += 1
    assert ana.circle().silent_since == bo.circle().silent_since == spoken
    ana.expect(Finished, lambda ref: commands.Rest(ref=ref))
    assert (ana.circle().silent_since, bo.circle().silent_since) == (0, spoken)
    world.now += SEASON
    assert ana.circle().silent_since == spoken
    ana.says("hello again")
    world.settle()
    assert ana.circle().silent_since == bo.circle().silent_since == 0
    world.now += SEASON
    bo.do(commands.Leave())
    world.wait(10_000)
    assert bo.circle().silent_since == 0
