"""A member whose client keeps no rule: everybody else refuses, alike and by name, and goes on.

Each row of the two tables of docs/protocol.md section 2 is tried; a row without an attack fails.
The relay takes part as far as it can see: what its own roster does not allow comes to the members
as if the relay were in league, without the side data that give it away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from crypto.code import SealedCode
from crypto.code_reading import read_code
from crypto.invite import InviteKeys
from tests.crypto.circle.test_docs import rows
from tests.harness import Person, World
from tests.tui.engine.attacks import ADDS, ATTACKS, EVICTS, RAISES, REUSES, Attack, Keys
from tests.tui.engine.renegade import Renegade
from tests.tui.engine.rogue import circle_of
from tui.engine import commands
from tui.engine.events import Finished, LinkState


def keys_of(code: str) -> InviteKeys:
    read = read_code(code)
    assert isinstance(read, SealedCode)
    return InviteKeys.of(read.secret)


def standing(person: Person) -> tuple[object, ...]:
    """All that a commit could change, of a person's circle."""
    circle = circle_of(person)
    group = circle.members
    return (
        group.context.encode(),
        group.tree.encode(),
        group.epoch_authenticator,
        circle.record.status,
        person.client.members(circle.hex),
        person.client.invites(circle.hex),
        person.circle().cap,
        person.circle().name,
        person.circle().topic,
    )


class Scene:
    """Ana (host), Bo, Cy, and Eve whose client is another one; a code is open, one is used up."""

    def __init__(self, host: bool) -> None:
        self.world = World()
        names = ("Ana", "Bo", "Cy", "Eve")
        self.ana, self.bo, self.cy, eve = (self.world.person(name) for name in names)
        self.ana.opens(cap=8)
        used = self.ana.invites(uses=3)
        for person in (self.bo, self.cy, eve):
            person.joins(used)
        if host:
            ids = [m.id for m in self.ana.client.members(self.ana.circle().id)]
            hosts = [ids[0], ids[3]]
            self.ana.expect(Finished, lambda ref: commands.AppointHosts(ref=ref, members=hosts))
        code = self.code = self.ana.invites(uses=2)
        self.keys = Keys(open=keys_of(code), used=keys_of(used))
        self.eve = Renegade(eve)
        self.count = 0

    @property
    def others(self) -> list[Person]:
        return [self.ana, self.bo, self.cy]

    def refuses(self, attack: Attack) -> list[str]:
        """What everybody is warned of; nobody's circle is another one for it."""
        before = [standing(person) for person in self.others]
        warned = [len(person.warnings()) for person in self.others]
        self.eve.follow()
        attempt = attack.make(self.eve, self.keys)
        if not self.eve.commits(attempt):
            assert self.eve.commits(replace(attempt, deltas=()))
        self.world.settle(wait=0)
        assert [standing(person) for person in self.others] == before
        new = [person.warnings()[count:] for person, count in zip(self.others, warned, strict=True)]
        assert new[0] == new[1] == new[2]
        return new[0]

    def goes_on(self) -> None:
        """Everybody reads what is said, and follows a rightful commit."""
        self.count += 1
        speaker, listeners = self.others[self.count % 3], self.others
        speaker.says(f"still here {self.count}")
        topic = f"topic {self.count}"
        self.ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, topic=topic))
        for person in listeners:
            assert person.texts()[-1] == f"{speaker.name}: still here {self.count}"
            assert (person.circle().topic, person.circle().link) == (topic, LinkState.ONLINE)
        assert circle_of(person).members.epoch_authenticator == (
            circle_of(speaker).members.epoch_authenticator
        )


@pytest.fixture(scope="module")
def scenes() -> Iterator[dict[bool, Scene]]:
    """One circle in which Eve is a member, one in which she is a host, too."""
    yield {host: Scene(host) for host in (False, True)}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.row}: {attack.what}")
def test_everybody_refuses_it_alike_names_it_and_goes_on(
    attack: Attack, scenes: dict[bool, Scene]
) -> None:
    scene = scenes[attack.host]
    (warning,) = scene.refuses(attack)
    assert warning.startswith("Eve tried what this circle does not allow, and it was refused:")
    assert attack.words in warning
    scene.goes_on()


def test_every_row_of_the_page_is_attacked() -> None:
    fields = {name for names, *_ in rows("| field | who | how |") for name in names.split(", ")}
    proposals = {name for name, _ in rows("| proposal | is rightful when |")}
    assert {attack.row for attack in ATTACKS} == fields | proposals


def test_what_is_worth_most_to_an_attacker_is_among_them() -> None:
    tried = {attack.what for attack in ATTACKS}
    assert tried >= {ADDS, EVICTS, RAISES, REUSES}
