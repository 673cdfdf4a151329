"""Many at the door at the same time: never more than there are chairs, and everybody is told."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.harness import Person, World
from tests.tui.engine.rogue import circle_of
from tui.engine import commands
from tui.engine.events import Entered, Refused

WHY = {
    "This code was already used.",
    "All chairs of this circle are taken.",
    "Enough people wait at this door already. Try again later.",
}
"""How somebody is told why there is no chair on this code."""


class Crowd:
    """A circle with some free chairs, and strangers who have all read the card of some code."""

    def __init__(self, seed: int, cap: int, inside: int, strangers: int) -> None:
        self.world = World(seed)
        self.cap = cap
        names = [f"Member {number}" for number in range(inside)]
        self.members = [self.world.person(name) for name in names]
        self.members[0].opens(cap=cap)
        if inside > 1:
            code = self.members[0].invites(uses=inside - 1)
            for person in self.members[1:]:
                person.joins(code)
        self.world.settle()
        self.strangers = [self.world.person(f"Stranger {number}") for number in range(strangers)]
        self.most = inside

    def codes(self) -> list[str]:
        """Single-use codes, as many as may be open at once."""
        return [member.invites() for member in self.members[:4] for _ in range(4)]

    def come(self, people: list[Person], codes: list[str]) -> Counter[str]:
        """All of these at once, spread over the codes: what became of each."""
        cards = [(who, who.reads(codes[place % len(codes)])) for place, who in enumerate(people)]
        for who, card in cards:
            who.ref = 99
            who.do(commands.Enter(ref=99, entry=card.entry, person=who.name))
        while self.world.step():
            self._count()
        self.world.wait(120_000)
        self._count()
        return Counter(self.outcome(who) for who in people)

    def _count(self) -> None:
        for member in self.members:
            self.most = max(self.most, len(circle_of(member).view.state.members))
        (shelf,) = self.world.store.shelves.values()
        live = self.world.hub.circles.get(shelf.creation.circle)
        if live is not None:
            self.most = max(self.most, len(live.confirmed.roster.chairs()))

    def outcome(self, who: Person) -> str:
        (answer,) = [event for event in who.heard if event.ref == 99]
        if isinstance(answer, Entered):
            return "in"
        assert isinstance(answer, Refused)
        assert answer.sentence in WHY, answer
        return answer.sentence

    def agree(self, came: int) -> None:
        """Everybody who is in sees the same people, and reads what is said."""
        inside = [*self.members, *(who for who in self.strangers if who.client.circles())]
        assert len(inside) == len(self.members) + came
        names = {member.name for member in inside}
        inside[-1].says("so many people")
        self.world.settle()
        for person in inside:
            seen = person.client.members(person.circle().id)
            assert {member.name for member in seen} == names
            assert person.texts() == [f"{inside[-1].name}: so many people"]
            assert person.warnings() == []


def test_more_codes_and_people_than_chairs() -> None:
    crowd = Crowd(1, cap=4, inside=1, strangers=12)
    became = crowd.come(crowd.strangers, crowd.codes()[:4])
    assert became["in"] == 3 and became.total() == 12
    assert crowd.most == 4
    crowd.agree(came=3)


@pytest.mark.parametrize("seed", range(3))
def test_whoever_did_not_get_in_comes_on_a_later_code(seed: int) -> None:
    crowd = Crowd(seed, cap=5, inside=1, strangers=8)
    first = crowd.come(crowd.strangers[:4], [crowd.members[0].invites()])
    assert first["in"] == 1 and first.total() == 4
    left = [who for who in crowd.strangers if not who.client.circles()]
    for who in left:
        who.heard.clear()
    later = crowd.come(left, crowd.codes())
    assert later["in"] == 3 and later.total() == 7
    assert crowd.most == 5
    crowd.agree(came=4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_hundred_at_the_doors_of_a_circle_of_eight(seed: int) -> None:
    """In two rounds of codes: whoever lost the first tries again in the second."""
    crowd = Crowd(seed, cap=8, inside=2, strangers=100)
    first = crowd.come(crowd.strangers, [crowd.members[0].invites() for _ in range(3)])
    assert first["in"] == 3 and first.total() == 100
    left = [who for who in crowd.strangers if not who.client.circles()]
    for who in left:
        who.heard.clear()
    later = crowd.come(left, crowd.codes())
    assert later["in"] == 3 and later.total() == 97
    assert crowd.most == 8
    crowd.agree(came=6)
