"""A circle in memory: what is there only while it is connected, or while this device is in."""

from __future__ import annotations

import pytest

from tests.harness import World
from tests.tui.engine.rogue import circle_of
from tui.engine import commands
from tui.engine.events import Finished, LinkState


def test_who_is_no_member_has_no_group() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    circle = circle_of(bo)
    assert circle.members.epoch == circle_of(ana).members.epoch
    ana.expect(Finished, lambda ref: commands.Remove(ref=ref, member="Bo"))
    world.settle()
    with pytest.raises(ValueError, match="not a member"):
        _ = circle.members


def test_without_a_connection_there_is_nothing_to_speak_on() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    line = ana.client._desk.circle_line("")
    assert line.connected is line.session
    assert line.circle.connected is line.circle.connection
    ana.offline = True
    world.settle()
    for owner in (line, line.circle):
        with pytest.raises(ValueError, match="no connection"):
            _ = owner.connected


def test_what_stopped_it_first_is_what_is_said() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    circle = circle_of(ana)
    with ana.database.transaction():
        circle.stop("This was first.")
        circle.stop("And this came of it.")
    assert ana.circle().link is LinkState.STOPPED
    assert ana.circle().link_sentence == "This was first."
