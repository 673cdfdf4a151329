"""Random walks: people write, come and go, links are cut, processes crash, the relay is killed.

Whatever happens, once everything is up again: nothing is lost, nothing is there twice, and
everybody reads the same in the same order.
"""

from __future__ import annotations

import pytest

from tests.harness import Person, World
from tui.engine import commands
from tui.engine.events import CardRead, InviteMade, LinkState
from tui.engine.timeline import WAITING_FROM

pytestmark = pytest.mark.slow  # many rounds

WALKS = 4
MANY = 60
STEPS = 400


class Walk:
    """One walk; `said` are the texts that were answered as written down."""

    def __init__(self, seed: int, *names: str) -> None:
        self.world = World(seed)
        self.random = self.world.random
        self.people = self.world.circle(*names)
        self.number = 0

    def somebody(self) -> Person:
        return self.random.choice(self.people)

    def says(self) -> None:
        person = self.somebody()
        self.number += 1
        person.says(f"{person.name} {self.number}")

    def cuts(self) -> None:
        sockets = self.world.sockets()
        if sockets:
            self.random.choice(sockets).cut()

    def crashes(self) -> None:
        self.somebody().database.crash = self.random.choice(["before", "after"])

    def goes_or_comes(self) -> None:
        person = self.somebody()
        person.offline = not person.offline

    def restarts_relay(self) -> None:
        self.world.restart_relay()

    def time_passes(self) -> None:
        self.world.now += self.random.randrange(3_000)
        self.world.tick()

    def go(self, steps: int) -> None:
        things = [
            (self.says, 6),
            (self.cuts, 2),
            (self.crashes, 3),
            (self.goes_or_comes, 1),
            (self.restarts_relay, 1),
            (self.time_passes, 4),
        ]
        for _ in range(steps):
            if self.random.random() < 0.85:
                self.world.step()
                continue
            thing = self.random.choices(*zip(*things, strict=True))[0]
            thing()

    def end(self) -> None:
        for person in self.people:
            person.offline = False
            person.database.crash = ""
        self.world.wait(3_600_000)


def written(person: Person) -> list[str]:
    """What this person's own database says that it wrote."""
    return [row.text for row in person.rows() if row.mine and row.kind == "text"]


SEEDS = [
    *range(WALKS),
    *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(WALKS, MANY)),
]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_doubled_or_out_of_order(seed: int) -> None:
    walk = Walk(seed, "Ana", "Bo", "Cy")
    walk.go(STEPS)
    walk.end()
    orders = [person.texts() for person in walk.people]
    assert orders[0] == orders[1] == orders[2]
    assert len(set(orders[0])) == len(orders[0])
    own = sorted(text for person in walk.people for text in written(person))
    assert sorted(text.partition(": ")[2] for text in orders[0]) == own
    for person in walk.people:
        assert person.warnings() == []
        assert person.circle().waiting == 0
        texts = written(person)
        assert texts == sorted(texts, key=lambda text: int(text.split()[1]))


def takes_part(person: Person) -> bool:
    return person.circle().link is not LinkState.STOPPED


class Comings(Walk):
    """A walk in the course of which people come, are removed, leave, and change things."""

    NEWCOMERS = ("Dee", "Eve", "Fay", "Gus")

    def __init__(self, seed: int) -> None:
        super().__init__(seed, "Ana", "Bo", "Cy")
        self.codes: list[str] = []
        self.left: list[str] = list(self.NEWCOMERS)

    def inside(self) -> list[Person]:
        return [person for person in self.people if takes_part(person)]

    def somebody(self) -> Person:
        return self.random.choice(self.inside() or self.people)

    def invites(self) -> None:
        self.somebody().do(commands.CreateInvite(uses=self.random.choice([1, 2])))

    def joins(self) -> None:
        codes = [
            event.invite.code for person in self.world.people for event in person.told(InviteMade)
        ]
        if codes and self.left:
            person = self.world.person(self.left.pop())
            person.do(commands.ReadCode(code=self.random.choice(codes), ref=7))

    def enters(self) -> None:
        for person in self.world.people:
            for card in person.told(CardRead):
                person.heard.remove(card)
                person.do(commands.Enter(entry=card.entry, person=person.name))
            if person not in self.people and person.client.circles():
                self.people.append(person)

    def goes(self) -> None:
        if len(self.inside()) > 2 and self.random.random() < 0.4:
            self.somebody().do(commands.Leave())

    def removes(self) -> None:
        if len(self.inside()) > 2 and self.random.random() < 0.4:
            self.somebody().do(commands.Remove(member=self.somebody().name))

    def changes(self) -> None:
        self.number += 1
        person = self.somebody()
        person.do(commands.ChangeSettings(topic=f"topic {self.number}"))
        ids = [member.id for member in person.client.members(person.circle().id)]
        person.do(commands.AppointHosts(members=ids))

    def go(self, steps: int) -> None:
        things = [
            (self.says, 8),
            (self.cuts, 2),
            (self.crashes, 3),
            (self.goes_or_comes, 1),
            (self.restarts_relay, 1),
            (self.time_passes, 6),
            (self.invites, 3),
            (self.joins, 4),
            (self.goes, 1),
            (self.removes, 1),
            (self.changes, 1),
        ]
        for _ in range(steps):
            if self.random.random() < 0.85:
                self.world.step()
            else:
                self.random.choices(*zip(*things, strict=True))[0]()
            self.enters()

    def end(self) -> None:
        for person in self.world.people:
            person.offline = False
            person.database.crash = ""
        self.world.wait(3_600_000)
        self.enters()
        self.world.wait(3_600_000)
        self.enters()


def ordered(person: Person) -> list[tuple[int, str]]:
    """What this person has read: place in the log and text."""
    return [
        (row.position >> 16, f"{row.author}: {row.text}")
        for row in person.rows()
        if row.kind == "text" and row.position < WAITING_FROM
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_people_come_and_go_and_read_the_same(seed: int) -> None:
    walk = Comings(seed)
    walk.go(STEPS * 2)
    walk.end()
    inside = walk.inside()
    (records,) = [shelf.records for shelf in walk.world.store.shelves.values()]
    longest = dict(entry for person in walk.people for entry in ordered(person))
    members = {
        tuple(member.name for member in person.client.members(person.circle().id))
        for person in inside
    }
    assert len(members) <= 1
    for names in members:
        assert sorted(names) == sorted(person.name for person in inside)
    for person in walk.people:
        assert [longest[n] for n, _ in ordered(person)] == [text for _, text in ordered(person)]
        assert person.warnings() == [] or not takes_part(person)
    for person in inside:
        facts = person.circle()
        assert (facts.waiting, facts.link) == (0, LinkState.ONLINE)
        since = person.database.row("SELECT since FROM circles")
        assert since is not None
        later = {n: text for n, text in longest.items() if n > int(str(since[0]))}
        assert dict(ordered(person)) == later
    assert records[-1].n >= 3
