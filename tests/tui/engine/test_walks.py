"""Random walks: people write, come and go, links are cut, processes crash, the relay is killed.

Whatever happens, once everything is up again: nothing is lost, nothing is there twice, and
everybody reads the same in the same order.
"""

from __future__ import annotations

import pytest

from tests.harness import Person, World

WALKS = 12
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


@pytest.mark.parametrize("seed", range(WALKS))
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
