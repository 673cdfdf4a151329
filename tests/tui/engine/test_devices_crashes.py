"""A crash at every write of either side, and a cut after every step, while a device is linked.

Whatever was agreed upon goes on; what was not is said, and another code makes it whole: in the end
the new device is in all circles, once.
"""

from __future__ import annotations

import pytest

from crypto.secret import Secret
from tests.harness import Person, World
from tests.tui.engine.test_crashes import CountingDatabase
from tests.tui.engine.two import COMES_IN
from tui.engine import commands
from tui.engine.events import LinkAsked, LinkEnded, LinkOpened, LinkTaken, Refused

pytestmark = pytest.mark.slow  # whole worlds, one for each point


def somebody(world: World, name: str) -> Person:
    database = CountingDatabase.open(":memory:", Secret(bytes(32)))
    assert isinstance(database, CountingDatabase)
    return world.person(name, database=database)


def starts(bo: Person, laptop: Person) -> None:
    """A code on one device and typed on the other; a crash may have come before it was there."""
    bo.do(commands.CloseLink(ref=899))  # the one before, if nobody came to it
    bo.world.settle()
    bo.heard.clear()
    laptop.heard.clear()
    bo.do(commands.OpenLink(ref=900, history=5))
    bo.world.settle()
    codes = [event.code for event in bo.told(LinkOpened)]
    if codes:
        laptop.do(commands.FollowLink(ref=901, code=codes[0], label="laptop"))


def goes_on(world: World, bo: Person, laptop: Person, steps: int) -> int:
    """Let things happen, and say yes where that is asked; the steps that were taken."""
    for step in range(steps):
        if bo.told(LinkAsked) and bo.client._context.giver is not None:
            bo.do(commands.AnswerLink(ref=902, yes=True))
            bo.heard = [event for event in bo.heard if not isinstance(event, LinkAsked)]
        if not world.step():
            return step
    return steps


def whole(world: World, ana: Person, bo: Person, laptop: Person) -> None:
    """The laptop is in both circles once, heard and hearing; if need be, after another code."""
    world.wait(2 * COMES_IN)
    for _ in range(2):
        if len(laptop.client.circles()) == 2:
            break
        starts(bo, laptop)
        goes_on(world, bo, laptop, 10_000)
        world.wait(5 * COMES_IN)
    assert sorted(facts.name for facts in laptop.client.circles()) == ["Hallway", "Second"]
    for line in bo.client._desk.circle_lines():
        assert len(line.circle.view.devices(line.circle.member_key)) == 2
    laptop.says("here", circle="Hallway")
    ana.says("good")
    world.settle()
    said = ["Ana: good", "Bo: here"]
    assert sorted(ana.texts()) == sorted(bo.texts("Hallway")) == ["Ana: before", *said]
    assert sorted(laptop.texts("Hallway")) == said
    told = [row.text for row in laptop.rows("Hallway") if row.kind == "passed_on"]
    assert told == ["before"]
    for person in (ana, bo, laptop):
        for facts in person.client.circles():
            assert person.warnings(facts.id) == []


def set_up() -> tuple[World, Person, Person, Person]:
    world = World()
    ana, bo, laptop = (somebody(world, name) for name in ("Ana", "Bo", "laptop"))
    ana.opens()
    bo.joins(ana.invites())
    bo.opens("Second")
    ana.says("before")
    world.settle()
    return world, ana, bo, laptop


@pytest.mark.parametrize("edge", ["before", "after"])
@pytest.mark.parametrize("dies", ["first", "new"])
def test_a_crash_at_every_write(dies: str, edge: str) -> None:
    n = 1
    while True:
        world, ana, bo, laptop = set_up()
        dying = bo if dies == "first" else laptop
        assert isinstance(dying.database, CountingDatabase)
        dying.database.crash_at(n, edge)
        starts(bo, laptop)
        goes_on(world, bo, laptop, 10_000)
        world.wait(COMES_IN)
        crashed = dying.database.crashed
        dying.database.left, dying.database.crash = 0, ""
        whole(world, ana, bo, laptop)
        if not crashed:
            break
        n += 1
    assert n > 10  # so many writes are on the way


@pytest.mark.parametrize("cut", ["first", "new"])
def test_a_cut_after_every_step(cut: str) -> None:
    n = 1
    while True:
        world, ana, bo, laptop = set_up()
        starts(bo, laptop)
        taken = goes_on(world, bo, laptop, n)
        for socket in list((bo if cut == "first" else laptop).sockets.values()):
            socket.cut()
        goes_on(world, bo, laptop, 10_000)
        world.wait(COMES_IN)
        answers = [event for event in laptop.heard if event.ref == 901]
        assert len(answers) == 1 and isinstance(answers[0], LinkTaken | Refused)
        waits = bo.client._context.giver is not None  # nobody came to the nameplate
        assert len(bo.told(LinkEnded)) == (0 if waits else 1)
        whole(world, ana, bo, laptop)
        if taken < n:
            break
        n += 1
    assert n > 20
