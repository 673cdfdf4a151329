"""What of a circle a person is told: kept on this device."""

from __future__ import annotations

import pytest

from tests.harness import World
from tui.engine import commands
from tui.engine.events import Exit, Finished


@pytest.mark.parametrize("level", ["off", "mentions", "all", ""])
def test_it_is_kept_for_each_circle(level: str) -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.expect(Finished, lambda ref: commands.Notify(ref=ref, level=level))
    ana.crash()
    assert (ana.circle().notify, bo.circle().notify) == (level, "")


def test_there_are_three_levels() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    refused = ana.refused(lambda ref: commands.Notify(ref=ref, level="loud"))
    assert (refused.reason, refused.exit) == ("notify", Exit.USAGE)
