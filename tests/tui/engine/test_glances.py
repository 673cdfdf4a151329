"""Who is here, who is writing, who has read how far: shown where the circle wants it alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.glance import Glance, Here, seal_glance
from crypto.secret import Secret
from relay import wire
from relay.wire.messages import decode_from_client
from tests.harness import Person, Socket, World
from tests.tui.engine.rogue import circle_of, show
from tui.engine import commands
from tui.engine.events import MemberFacts, RowChanged
from tui.engine.glances import SKEW
from tui.engine.seen import LASTS, WRITING_LASTS, Seen


class Counting(World):
    """A world that counts the ephemeral frames that devices send."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[bytes] = []

    def deliver(self, socket: Socket, up: bool) -> None:
        if up:
            frames = decode_from_client(socket.up[0])
            self.frames += [one.body for one in frames if isinstance(one, wire.Ephemeral)]
        super().deliver(socket, up)


def showing(*names: str, presence: bool = True, heard: bool = False) -> tuple[World, list[Person]]:
    world = World()
    people = world.circle(*names)
    people[0].do(commands.ChangeSettings(presence=presence, heard=heard))
    world.settle()
    return world, people


def member(person: Person, name: str) -> MemberFacts:
    found = person.client.members(person.circle().id)
    return next(one for one in found if one.name == name)


def heard(person: Person) -> dict[str, list[str]]:
    return {row.text: row.heard for row in person.rows() if row.heard}


def reads(person: Person) -> None:
    """Everything that is here."""
    person.do(commands.MarkRead(position=person.rows()[-1].position))
    person.world.settle(wait=2_000)


def test_who_is_here_is_seen_for_a_while() -> None:
    world, (ana, bo, cy) = showing("Ana", "Bo", "Cy")
    assert {member(ana, name).here for name in ("Ana", "Bo", "Cy")} == {"away"}
    bo.do(commands.Attend())
    world.settle(wait=2_000)
    assert member(ana, "Bo").here == member(cy, "Bo").here == member(bo, "Bo").here == "here"
    assert member(ana, "Cy").here == "away"
    world.wait(LASTS + 2_000)
    assert member(ana, "Bo").here == member(bo, "Bo").here == "away"


def test_whoever_stays_is_here_all_the_time() -> None:
    world, (ana, bo) = showing("Ana", "Bo")
    for _ in range(6):
        bo.do(commands.Attend())
        world.wait(30_000)
        assert member(ana, "Bo").here == "here"


def test_who_goes_is_gone() -> None:
    world, (ana, bo) = showing("Ana", "Bo")
    bo.do(commands.Attend())
    world.settle(wait=2_000)
    bo.do(commands.Attend(here=False))
    world.settle(wait=2_000)
    assert member(ana, "Bo").here == "away"


def test_who_writes_is_seen_in_that_circle_alone() -> None:
    world, (ana, bo) = showing("Ana", "Bo")
    circle = ana.circle().id
    bo.opens("Other")
    cy = world.person("Cy")
    cy.joins(bo.invites(circle="Other"))
    bo.do(commands.ChangeSettings(circle="Other", presence=True))
    world.settle()
    bo.do(commands.Attend(writing=circle))
    world.settle(wait=2_000)
    assert ana.client.circle(circle).writing == ["Bo"] and member(ana, "Bo").here == "writing"
    assert cy.circle().writing == [] and member(cy, "Bo").here == "here"
    assert bo.client.circle(circle).writing == []
    world.wait(2 * WRITING_LASTS)
    assert ana.client.circle(circle).writing == [] and member(ana, "Bo").here == "here"


def test_whoever_comes_later_asks_who_is_here() -> None:
    world, (ana, bo) = showing("Ana", "Bo")
    ana.offline = True
    world.settle()
    bo.do(commands.Attend())
    world.settle(wait=5_000)
    ana.offline = False
    world.settle(wait=5_000)
    assert member(ana, "Bo").here == "here"


def test_who_has_read_what() -> None:
    world, (ana, bo, cy) = showing("Ana", "Bo", "Cy", presence=False, heard=True)
    ana.says("one")
    world.settle()
    ana.says("two")
    world.settle()
    assert heard(ana) == {}
    reads(bo)
    assert heard(ana) == {"two": ["Bo"]}
    bo.says("three")
    world.settle()
    reads(cy)
    assert heard(ana) == {"two": ["Bo", "Cy"]} and heard(bo) == {"three": ["Cy"]}
    ana.says("four")
    world.settle()
    ana.heard.clear()
    reads(cy)
    assert heard(ana) == {"two": ["Bo"], "four": ["Cy"]}
    told = {event.row.text: event.row.heard for event in ana.told(RowChanged)}
    assert told == {"two": ["Bo"], "four": ["Cy"]}
    assert {one.here for one in ana.client.members(ana.circle().id)} == {""}
    ana.crash()
    assert heard(ana) == {"two": ["Bo"], "four": ["Cy"]}


def test_it_is_told_when_both_are_there() -> None:
    world, (ana, bo) = showing("Ana", "Bo", presence=False, heard=True)
    ana.says("one")
    world.settle()
    ana.offline = True
    world.settle()
    reads(bo)
    assert heard(ana) == {}
    ana.offline = False
    world.settle(wait=5_000)
    assert heard(ana) == {"one": ["Bo"]}


def test_what_is_turned_off_is_shown_no_more() -> None:
    world, (ana, bo) = showing("Ana", "Bo", heard=True)
    ana.says("one")
    world.settle()
    bo.do(commands.Attend())
    reads(bo)
    assert heard(ana) == {"one": ["Bo"]} and member(ana, "Bo").here == "here"
    ana.do(commands.ChangeSettings(presence=False, heard=False))
    world.settle()
    assert heard(ana) == {} and member(ana, "Bo").here == ""
    assert ana.circle().writing == []


def test_nothing_is_sent_where_it_is_off() -> None:
    world = Counting()
    ana, bo = world.circle("Ana", "Bo")
    ana.says("one")
    bo.do(commands.Attend(writing=bo.circle().id))
    reads(bo)
    world.wait(5 * 60_000)
    assert world.frames == []
    ana.do(commands.ChangeSettings(presence=True))
    world.settle(wait=5_000)
    assert len(world.frames) >= 2
    assert len({len(frame) for frame in world.frames}) == 1


def test_not_more_than_one_a_second() -> None:
    world = Counting()
    _ana, bo = world.circle("Ana", "Bo")
    _ana.do(commands.ChangeSettings(presence=True, heard=True))
    world.settle(wait=10_000)
    world.frames.clear()
    circle = bo.circle().id
    for number in range(40):
        bo.do(commands.Attend(writing=circle if number % 2 else ""))
        world.wait(100)
    assert 3 <= len(world.frames) <= 5


def glance(by: Person, **other: object) -> Glance:
    made = Glance(circle_of(by).leaf.public, by.world.now, Here.HERE, 0, asks=False)
    return replace(made, **other)  # type: ignore[arg-type]


def sealed(by: Person, made: Glance, key: Secret | None = None) -> wire.EphemeralOf:
    circle = circle_of(by)
    beacon = circle.view.state.beacon_key if key is None else key
    body = seal_glance(beacon, circle.id, made, circle.leaf, by.world.random.randbytes)
    return wire.EphemeralOf(circle.own.access_key, body)


def test_what_is_not_to_be_believed_is_passed_over() -> None:
    world, (ana, bo) = showing("Ana", "Bo", heard=True)
    now = world.now
    ana.says("one")
    world.settle()
    show(ana, sealed(bo, glance(bo, at=now + SKEW + 60_000)))
    show(ana, sealed(bo, glance(bo, at=now - SKEW - 60_000)))
    show(ana, sealed(bo, glance(bo), Secret(b"k" * 32)))
    show(ana, wire.EphemeralOf(b"k" * 32, b"nonsense"))
    show(ana, sealed(ana, glance(ana)))
    assert member(ana, "Bo").here == "away"
    show(ana, sealed(bo, glance(bo, heard=1 << 40)))
    assert member(ana, "Bo").here == "here"
    assert heard(ana) == {"one": ["Bo"]}
    show(ana, sealed(bo, glance(bo, at=world.now - 1, here=Here.AWAY)))
    assert member(ana, "Bo").here == "here"
    show(ana, sealed(bo, glance(bo, at=world.now + 1, here=Here.AWAY, heard=1)))
    assert member(ana, "Bo").here == "away"
    assert heard(ana) == {"one": ["Bo"]}


def test_who_was_removed_is_heard_no_more() -> None:
    world, (ana, bo, cy) = showing("Ana", "Bo", "Cy")
    late = glance(cy, at=world.now + 60_000)
    key = circle_of(cy).view.state.beacon_key
    old = sealed(cy, late)
    ana.do(commands.Remove(member="Cy"))
    world.settle()
    show(bo, old)
    newest = circle_of(bo).view.state.beacon_key
    assert newest != key
    show(bo, sealed_by_stranger(cy, late, newest, circle_of(bo).id))
    assert all(seen.at < late.at for seen in circle_of(bo).glances.values())


def sealed_by_stranger(by: Person, made: Glance, key: Secret, circle: bytes) -> wire.EphemeralOf:
    leaf = circle_of(by).leaf
    body = seal_glance(key, circle, made, leaf, by.world.random.randbytes)
    return wire.EphemeralOf(b"k" * 32, body)


def test_one_of_several_devices_is_enough() -> None:
    seen = Seen(1, Here.HERE, 1_000)
    assert seen.now(1_000) is Here.HERE and seen.ends(1_000) == 1_000 + LASTS
    assert seen.now(1_000 + LASTS) is Here.AWAY and seen.ends(1_000 + LASTS) is None
    writing = replace(seen, here=Here.WRITING)
    assert writing.now(2_000) is Here.WRITING and writing.ends(2_000) == 1_000 + WRITING_LASTS
    assert writing.now(1_000 + WRITING_LASTS) is Here.HERE
    assert replace(seen, here=Here.UNTOLD).now(1_000) is Here.AWAY


@pytest.mark.parametrize("texts", [(), ("mine",)])
def test_who_has_read_nothing_of_mine_is_not_named(texts: tuple[str, ...]) -> None:
    world, (ana, bo) = showing("Ana", "Bo", presence=False, heard=True)
    bo.says("first")
    world.settle()
    reads(bo)
    for text in texts:
        ana.says(text)
        world.settle()
    assert heard(ana) == {}
