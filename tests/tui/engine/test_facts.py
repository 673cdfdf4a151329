"""Circles, members and codes as they are shown: to who is in, and to who is not any more."""

from __future__ import annotations

from crypto.code_reading import read_code
from tests.harness import World
from tests.tui.engine.rogue import circle_of
from tui.engine import commands
from tui.engine.facts import may_return


def test_a_circle_that_was_left_has_no_people_and_no_codes() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.invites()
    bo.ask(lambda ref: commands.Leave(ref=ref))
    world.settle()
    facts = bo.circle()
    assert facts.left and facts.name == "Hallway"
    assert (facts.hosts, facts.i_am_host, facts.history) == ([], False, 0)
    assert (facts.disappear, facts.presence, facts.heard) == (0, False, False)
    assert bo.client.members(facts.id) == [] == bo.client.invites(facts.id)
    assert not bo.client.may_return(facts.id) and not may_return(circle_of(bo))


def test_who_is_in_and_by_whom() -> None:
    world = World()
    _ana, bo, _cy = world.circle("Ana", "Bo", "Cy")
    facts = {member.name: member for member in bo.client.members(bo.circle().id)}
    assert [member.name for member in facts.values()] == ["Ana", "Bo", "Cy"]
    assert [member.me for member in facts.values()] == [False, True, False]
    assert [member.host for member in facts.values()] == [True, False, False]
    assert facts["Ana"].invited_by == ""
    assert facts["Cy"].invited_by == "Ana" and facts["Cy"].admitted_by in ("Ana", "Bo")
    assert len({member.hue for member in facts.values()}) == 3


def test_a_code_is_written_out_for_who_made_it_alone() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    code = ana.invites(uses=3)
    world.settle()
    (own,) = ana.client.invites(ana.circle().id)
    assert (own.mine, own.code, own.uses, own.came_in) == (True, code, 3, [])
    read = read_code(code)
    assert read_code(own.words) == read == read_code(own.link)
    (others,) = bo.client.invites(bo.circle().id)
    assert (others.mine, others.issuer, others.uses) == (False, "Ana", 3)
    assert (others.code, others.words, others.link) == ("", "", "")
    world.person("Cy").joins(code)
    (own,) = ana.client.invites(ana.circle().id)
    assert (own.uses, own.came_in) == (2, ["Cy"])
