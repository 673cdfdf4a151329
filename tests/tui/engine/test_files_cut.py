"""Files whose way is cut: by the network, the relay's end, or one's own, at every step."""

from __future__ import annotations

import pytest

from tests.harness import Person, World
from tests.tui.engine.filing import CHUNK, attaches, read, row, some, stands, way
from tests.tui.engine.test_files import kept, pair
from tui.engine import commands

pytestmark = pytest.mark.slow

DATA = some(2 * CHUNK + 5)


def steps(world: World, count: int) -> None:
    """So many things happen."""
    for _ in range(count):
        if not world.step():
            world.now += 70
            world.tick()


def arrived(world: World, ana: Person, bo: Person, id: str) -> None:
    """In the end the file is said once, whole, and from one sealing."""
    world.settle(wait=600_000)
    assert [found.id for found in bo.rows() if found.author] == [id]
    assert row(ana, id).state in ("delivered", "confirmed")
    assert ana.database.rows("SELECT count(*) FROM files")[0][0] == 0
    assert len(kept(world)) == 1
    stands(bo, id)
    world.settle(wait=600_000)
    assert read(bo, id) == DATA


@pytest.mark.parametrize("before", range(1, 26, 2))
@pytest.mark.parametrize("end", ["cut", "crash", "relay"])
def test_what_is_sent_goes_on(before: int, end: str) -> None:
    world, ana, bo = pair(before)
    id = attaches(ana, DATA)
    steps(world, before)
    if end == "cut":
        for socket in list(ana.sockets.values()):
            socket.cut()
    elif end == "crash":
        ana.crash()
    else:
        world.restart_relay()
    arrived(world, ana, bo, id)


@pytest.mark.parametrize("edge", ["before", "after"])
@pytest.mark.parametrize("inputs", range(8))
def test_a_crash_at_the_edge_of_an_input(edge: str, inputs: int) -> None:
    world, ana, bo = pair(inputs)
    id = attaches(ana, DATA)
    for _ in range(inputs):
        steps(world, 3)
    ana.database.crash = edge
    arrived(world, ana, bo, id)


@pytest.mark.parametrize("before", range(1, 20, 2))
@pytest.mark.parametrize("end", ["cut", "crash", "relay", "edge"])
def test_what_is_fetched_goes_on(before: int, end: str) -> None:
    world, ana, bo = pair(before)
    id = attaches(ana, DATA)
    world.settle(wait=60_000)
    bo.do(commands.FetchFile(id=id))
    steps(world, before)
    if end == "cut":
        for socket in list(bo.sockets.values()):
            socket.cut()
    elif end == "crash":
        bo.crash()
    elif end == "edge":
        bo.database.crash = "after" if before % 4 == 1 else "before"
    else:
        world.restart_relay()
    world.settle(wait=600_000)
    assert way(bo, id) == ("here", 100)
    assert read(bo, id) == DATA


def test_a_relay_that_lost_what_it_had_is_given_it_again() -> None:
    world, ana, bo = pair()
    backup = world.backup()
    id = attaches(ana, DATA)
    steps(world, 12)
    world.put_back(backup)
    arrived(world, ana, bo, id)
