"""A crash before and after every write between a pending commit and its merge.

Whoever commits, and whoever follows, dies at the edge of its n-th transaction, for every n until
the commit is through without one. It comes back with what its database holds: the same frame is in
the log once, everybody is in the same epoch, what was said meanwhile is there once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from crypto.secret import Secret
from tests.harness import CrashingDatabase, Person, World
from tests.tui.engine.rogue import circle_of
from tui.engine import commands
from tui.engine.events import LinkState

pytestmark = pytest.mark.slow  # whole circles, with a crash at every write


class CountingDatabase(CrashingDatabase):
    """A database whose process crashes at the edge of the n-th transaction from now on."""

    left: int = 0
    edge: str = ""

    def crash_at(self, n: int, edge: str) -> None:
        self.left, self.edge = n, edge

    @property
    def crashed(self) -> bool:
        return self.left == 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self.left:
            self.left -= 1
            self.crash = "" if self.left else self.edge
        with super().transaction():
            yield


def somebody(world: World, name: str) -> Person:
    database = CountingDatabase.open(":memory:", Secret(bytes(32)))
    assert isinstance(database, CountingDatabase)
    return world.person(name, database=database)


def changes_the_topic(ana: Person, bo: Person) -> None:
    ana.do(commands.ChangeSettings(topic="new"))


def removes_somebody(ana: Person, bo: Person) -> None:
    ana.do(commands.Remove(member="Cy"))


def races(ana: Person, bo: Person) -> None:
    """Both commit at once: the one who was too late makes its own anew."""
    changes_the_topic(ana, bo)
    bo.do(commands.Rename(person="Bob"))


Act = Callable[[Person, Person], None]


def frames(world: World, kind: int) -> list[bytes | None]:
    (shelf,) = world.store.shelves.values()
    return [record.body for record in shelf.records if record.kind == kind]


def through(act: Act, dies: int, n: int, edge: str) -> bool:
    """Whether somebody crashed on the way; the circle is as it should be in any case."""
    world = World()
    people = [somebody(world, name) for name in ("Ana", "Bo", "Cy")]
    ana, bo, _cy = people
    ana.opens()
    code = ana.invites(uses=2)
    for person in people[1:]:
        person.joins(code)
    world.settle()
    commits = len(frames(world, 2))
    database = people[dies].database
    assert isinstance(database, CountingDatabase)
    database.crash_at(n, edge)
    act(ana, bo)
    bo.says("meanwhile")
    world.wait(30_000)
    crashed = database.crashed
    database.left, database.crash = 0, ""
    world.wait(60_000)
    view = circle_of(ana).view
    if not view.state.topic and len(view.leaves) == 3:
        assert (dies, n, edge) == (0, 1, "before")  # the wish was never written down
    said = [text.partition(": ")[2] for text in bo.texts()]
    if not said:
        assert (dies, edge) == (1, "before")  # nor was the message
    for person in people:
        assert person.warnings() == []
        if person.circle().link is LinkState.STOPPED:
            assert act is removes_somebody and person is people[2]
            continue
        assert circle_of(person).members.epoch_authenticator == (
            circle_of(ana).members.epoch_authenticator
        )
        assert [text.partition(": ")[2] for text in person.texts()] == said
        assert list(person.database.rows("SELECT 1 FROM pending UNION SELECT 1 FROM outbox")) == []
    for kind in (1, 2):
        assert len(frames(world, kind)) == len(set(frames(world, kind)))
    assert len(frames(world, 2)) <= commits + 2
    return crashed


@pytest.mark.parametrize("edge", ["before", "after"])
@pytest.mark.parametrize("dies", [0, 1], ids=["committer", "follower"])
@pytest.mark.parametrize(
    "act",
    [
        races,
        pytest.param(changes_the_topic, marks=pytest.mark.slow),
        pytest.param(removes_somebody, marks=pytest.mark.slow),
    ],
)
def test_a_crash_at_every_write_between_a_pending_commit_and_its_merge(
    act: Act, dies: int, edge: str
) -> None:
    n = 1
    while through(act, dies, n, edge):
        n += 1
    assert n > 8  # so many writes are on the way
