"""Devices by their labels over all circles: shown, removed before they are in, called alike."""

from __future__ import annotations

import pytest

from tests.harness import Person, World
from tests.tui.engine.rogue import circle_of
from tests.tui.engine.two import COMES_IN, begins, false_new, links, pair
from tui.engine import commands
from tui.engine.events import DeviceGoes, Devices, LinkEnded, LinkTaken, MemberFacts
from tui.engine.events import Finished as Done
from tui.engine.intentions import intend
from tui.engine.wishes import FollowName, RemoveDevice, decode


def listed(person: Person) -> list[tuple[str, bool, list[str], list[str]]]:
    found = person.expect(Devices, lambda ref: commands.ListDevices(ref=ref)).devices
    return [(each.label, each.this, each.circles, each.coming) for each in found]


def removes(person: Person, label: str) -> DeviceGoes:
    return person.expect(DeviceGoes, lambda ref: commands.RemoveDevice(ref=ref, label=label))


def refused(person: Person, label: str) -> str:
    return person.refused(lambda ref: commands.RemoveDevice(ref=ref, label=label)).reason


def waiting() -> tuple[World, Person, Person]:
    """Bo with two circles, of which the laptop has only come into one when the line is cut."""
    world = World()
    (bo,) = world.circle("Bo")
    bo.opens("Second")
    laptop = world.person("laptop")
    begins(bo, laptop)
    bo.do(commands.AnswerLink(yes=True))
    while not laptop.told(LinkTaken):
        world.step()
    return world, bo, laptop


def test_each_device_sees_all_and_itself_first() -> None:
    _, _, bo, laptop = pair()
    assert listed(bo) == [
        ("(without a label)", True, ["Hallway"], []),
        ("laptop", False, ["Hallway"], []),
    ]
    assert listed(laptop) == [
        ("laptop", True, ["Hallway"], []),
        ("(without a label)", False, ["Hallway"], []),
    ]


def test_what_is_under_way_is_shown_as_coming_and_can_be_taken_back() -> None:
    world, bo, laptop = waiting()
    (label, this, circles, coming) = listed_now(bo)[1]
    assert (label, this) == ("laptop", False)
    assert sorted({*circles, *coming}) == ["Hallway", "Second"] and "Second" in {*circles, *coming}
    goes = removes(bo, "laptop")
    assert sorted(goes.circles) == ["Hallway", "Second"]
    world.wait(COMES_IN)
    assert listed(bo) == [("(without a label)", True, ["Hallway", "Second"], [])]
    assert all(facts.left for facts in laptop.client.circles())
    for line in bo.client._desk.circle_lines():
        assert len(line.circle.view.leaves) == 1


def listed_now(person: Person) -> list[tuple[str, bool, list[str], list[str]]]:
    """As `listed`, before anything else happens."""
    person.heard.clear()
    person.do(commands.ListDevices(ref=77))
    (found,) = person.told(Devices)
    return [(each.label, each.this, each.circles, each.coming) for each in found.devices]


def test_who_is_none_of_this_persons_devices_is_not_removed() -> None:
    _, _, bo, laptop = pair()
    assert refused(bo, "phone") == "unknown_device"
    assert refused(laptop, "laptop") == "this_device"
    assert refused(bo, "(without a label)") == "this_device"


def test_the_first_device_can_be_removed_and_then_nobody_vouches() -> None:
    world, ana, bo, laptop = pair()
    assert removes(laptop, "(without a label)").circles == ["Hallway"]
    world.settle()
    assert bo.circle().left and not laptop.circle().left
    bo.says("still here")
    laptop.says("alone")
    world.settle()
    assert ana.texts() == ["Bo: alone"]
    assert laptop.refused(lambda ref: commands.OpenLink(ref=ref)).reason == "not_first"


def test_where_nothing_can_be_sent_it_is_said_and_the_rest_is_done() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    bo.opens("Bo's")
    laptop = world.person("laptop")
    links(bo, laptop)
    circle = bo.client._desk.circle("Hallway")
    with bo.database.transaction():
        circle.stop("stopped")
        circle.flush()
    goes = removes(bo, "laptop")
    assert (goes.circles, goes.left) == (["Bo's"], ["Hallway"])
    world.wait(COMES_IN)
    assert len(ana.client.members(ana.circle().id)[1].devices) == 2
    event_of = [facts.name for facts in laptop.client.circles() if facts.left]
    assert event_of == ["Bo's"]
    assert refused(bo, "phone") == "unknown_device"


def test_a_stopped_circle_is_left_out_of_a_link() -> None:
    world = World()
    (bo,) = world.circle("Bo")
    bo.opens("Second")
    circle = bo.client._desk.circle("Second")
    with bo.database.transaction():
        circle.stop("stopped")
        circle.flush()
    links(bo, world.person("laptop"))
    assert [facts.chairs for facts in bo.client.circles()] == [1, 1]


def test_removing_twice_is_removing_once() -> None:
    world, _, bo, _ = pair()
    bo.offline = True
    world.settle()
    assert removes(bo, "laptop").circles == removes(bo, "laptop").circles == ["Hallway"]
    bo.offline = False
    world.wait(COMES_IN)
    assert len(circle_of(bo).view.leaves) == 2


def test_a_place_that_is_taken_meanwhile_is_named() -> None:
    world, _, bo, _ = pair()
    phone, tablet = world.person("phone"), world.person("tablet")
    wish = stored_wishes(bo, phone, "phone")
    other = stored_wishes(bo, tablet, "tablet")
    assert wish and other
    world.wait(COMES_IN)
    warned = [text for text in bo.warnings() if text.startswith("Your device tablet could not")]
    assert len(warned) == 1
    assert len(members(bo)[1].devices) == 3


def members(person: Person) -> list[MemberFacts]:
    return person.client.members(person.circle().id)


def stored_wishes(bo: Person, new: Person, label: str) -> int:
    """A device is taken while no commit can be made yet: the circle is held by another one."""
    circle = circle_of(bo)
    if circle.connection is not None:
        circle.connection.commit_after = bo.world.now + 30_000
    begins_again(bo, new, label)
    while not new.told(LinkTaken):
        if circle.connection is not None:
            circle.connection.commit_after = bo.world.now + 30_000
        bo.world.step()
    while bo.client._context.giver is not None:
        bo.world.step()
    bo.heard.clear()
    return len(bo.database.rows("SELECT 1 FROM intentions"))


def begins_again(bo: Person, new: Person, label: str) -> None:
    begins(bo, new, label=label)
    bo.do(commands.AnswerLink(yes=True))


def test_a_name_that_was_changed_on_both_is_left_as_it_is() -> None:
    world, _, bo, laptop = pair()
    bo.offline = True
    world.settle()
    bo.do(commands.Rename(person="Robert"))
    laptop.expect(Done, lambda ref: commands.Rename(ref=ref, person="Bob"))
    bo.offline = False
    world.wait(COMES_IN)
    assert (bo.circle().me, laptop.circle().me) == ("Robert", "Bob")


def test_leaving_on_one_device_is_leaving_on_all() -> None:
    world, ana, bo, laptop = pair()
    bo.expect(Done, lambda ref: commands.Leave(ref=ref))
    world.wait(COMES_IN)
    assert bo.circle().left and laptop.circle().left
    assert "You left, on another of your devices." in laptop.notices()
    assert laptop.notices()[-1] == "You left."
    assert ana.notices()[-1] == "Bo left."
    assert ana.circle().chairs == 1


def test_a_device_that_is_not_the_first_can_not_come_in_again_by_itself() -> None:
    _, _, _, laptop = pair()
    circle = circle_of(laptop)
    with laptop.database.transaction():
        circle.stop("stopped")
        circle.flush()
    answer = laptop.refused(lambda ref: commands.Rejoin(ref=ref))
    assert answer.reason == "not_first"
    with pytest.raises(ValueError, match="another device"):
        _ = circle.member


def test_own_reactions_come_along_with_what_was_said() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.says("look")
    world.settle()
    (row,) = [row for row in bo.rows() if row.kind == "text"]
    for person in (ana, bo):
        person.do(commands.React(id=row.id, what="\N{HEAVY BLACK HEART}"))
    world.settle()
    laptop = world.person("laptop")
    links(bo, laptop, history=10)
    (told,) = [row for row in laptop.rows() if row.text == "look"]
    assert [(sorted(r.names), r.mine) for r in told.reactions] == [(["Ana", "Bo"], True)]


def test_the_circle_that_carried_it_is_over() -> None:
    _, _, bo, _ = pair()
    false_new(bo, label="phone")
    with bo.database.transaction():
        circle_of(bo).end("removed", "Ana removed you from this circle.")
    bo.guarded(bo.client.tick)
    (ended,) = bo.told(LinkEnded)
    assert ended.sentence == "You are not in Hallway any more, whose relay carried this."


def test_what_is_done_already_is_not_done_again() -> None:
    world, _, bo, laptop = pair()
    circle, own = circle_of(bo), circle_of(laptop).own
    with bo.database.transaction():
        intend(circle, RemoveDevice(b"x" * 32))
        intend(circle, FollowName("Nobody", "Somebody"))
        intend(circle, FollowName("Bo", "Somebody"))
    world.wait(COMES_IN)
    assert bo.database.rows("SELECT 1 FROM intentions") == []
    assert (bo.circle().me, own.name) == ("Bo", "Bo")


def test_a_first_device_in_one_circle_and_not_in_another() -> None:
    world, _, _, laptop = pair()
    laptop.opens("Own")
    phone = world.person("phone")
    begins(laptop, phone, label="phone")
    laptop.expect(Done, lambda ref: commands.AnswerLink(ref=ref, yes=True))
    world.wait(COMES_IN)
    (ended,) = laptop.told(LinkEnded)
    assert (ended.circles, ended.left) == (["Own"], ["Hallway (your key is on another device)"])
    assert names(phone) == ["Own"]


def test_circles_that_were_left_have_no_devices() -> None:
    world, _, bo, laptop = pair()
    bo.opens("Second")
    bo.expect(Done, lambda ref: commands.Leave(ref=ref, circle="Hallway"))
    world.wait(COMES_IN)
    assert listed(bo) == [("(without a label)", True, ["Second"], [])]
    assert refused(bo, "laptop") == "unknown_device"
    assert listed(laptop) == []


def test_of_two_that_are_coming_one_is_taken_back() -> None:
    world = World()
    (bo,) = world.circle("Bo")
    phone, tablet = world.person("phone"), world.person("tablet")
    assert stored_wishes(bo, phone, "phone") == 1
    assert stored_wishes(bo, tablet, "tablet") == 2
    assert removes(bo, "phone").circles == ["Hallway"]
    world.wait(COMES_IN)
    assert [label for label, *_ in listed(bo)] == ["(without a label)", "tablet"]
    assert (names(phone), names(tablet)) == ([], ["Hallway"])


def test_three_devices_take_a_new_name_on() -> None:
    world, ana, bo, laptop = pair()
    phone = world.person("phone")
    links(bo, phone, label="phone")
    laptop.expect(Done, lambda ref: commands.Rename(ref=ref, person="Robert"))
    world.wait(COMES_IN)
    assert [person.circle().me for person in (bo, laptop, phone)] == ["Robert"] * 3
    assert [text for text in ana.notices() if "Robert" in text] == ["Bo is called Robert now."]
    for person in (bo, laptop, phone):
        assert person.database.rows("SELECT 1 FROM intentions") == []


def test_the_same_device_is_not_added_twice() -> None:
    world = World()
    (bo,) = world.circle("Bo")
    laptop = world.person("laptop")
    assert stored_wishes(bo, laptop, "laptop") == 1
    ((wish,),) = bo.database.rows("SELECT wish FROM intentions")
    assert isinstance(wish, bytes)
    with bo.database.transaction():
        intend(circle_of(bo), decode(wish))
    world.wait(COMES_IN)
    assert bo.database.rows("SELECT 1 FROM intentions") == []
    assert len(circle_of(bo).view.leaves) == 2
    assert bo.warnings() == []


def test_what_is_on_its_way_into_the_log_is_taken_out_again() -> None:
    world = World()
    (bo,) = world.circle("Bo")
    laptop = world.person("laptop")
    begins(bo, laptop)
    bo.do(commands.AnswerLink(yes=True))
    while not bo.database.rows("SELECT 1 FROM pending"):
        world.step()
    assert removes(bo, "laptop").circles == ["Hallway"]
    world.wait(COMES_IN)
    assert listed(bo) == [("(without a label)", True, ["Hallway"], [])]
    assert names(laptop) == [] or laptop.circle().left


def names(person: Person) -> list[str]:
    return [facts.name for facts in person.client.circles()]
