"""A person's devices: linked over a spoken code, one person everywhere, removed for good."""

from __future__ import annotations

from crypto.access.log import Kind
from crypto.access.side_data import AddDevice
from crypto.circle.arriving import key_package
from crypto.circle.device import Identity
from crypto.content import Text, write_content
from crypto.mls.proposals import Add
from tests.harness import World
from tests.tui.engine.rogue import circle_of, committed, encrypted, entry, envelope, show
from tests.tui.engine.two import COMES_IN, begins, links, pair
from tui.engine import commands
from tui.engine.circle import SUITE
from tui.engine.events import (
    DeviceFacts,
    DeviceGoes,
    Devices,
    Finished,
    LinkEnded,
    LinkState,
    LinkTaken,
)


def test_a_second_device_is_in_and_takes_no_chair() -> None:
    world, ana, bo, laptop = pair()
    assert laptop.circle().chairs == 2
    assert laptop.circle().me == "Bo"
    assert laptop.circle().link is LinkState.ONLINE
    assert laptop.notices() == ["This device is here now, beside your other one."]
    assert "Bo added a device: laptop." in ana.notices()
    assert "You added a device: laptop." in bo.notices()
    (_, member) = ana.client.members(ana.circle().id)
    assert (member.name, member.devices) == ("Bo", ["", "laptop"])
    laptop.says("from the sofa")
    bo.says("from the desk")
    ana.says("to both")
    world.settle()
    expected = {"Bo: from the sofa", "Bo: from the desk", "Ana: to both"}
    for person in (ana, bo, laptop):
        assert set(person.texts()) == expected
        assert person.warnings() == []
    for person in (bo, laptop):
        mine = {row.text for row in person.rows() if row.mine}
        assert mine == {"from the sofa", "from the desk"}


def test_what_was_said_before_comes_along() -> None:
    _, _, _, laptop = pair(history=2, said=("one", "two", "three"))
    told = [(row.text, row.author, row.by) for row in laptop.rows() if row.kind == "passed_on"]
    assert told == [("two", "Ana", "Bo"), ("three", "Ana", "Bo")]


def test_all_circles_of_the_first_device() -> None:
    world = World()
    (bo,) = world.circle("Bo")
    bo.opens("Second")
    bo.opens("Third")
    laptop = world.person("laptop")
    taken = links(bo, laptop)
    assert sorted(taken.circles) == ["Hallway", "Second", "Third"]
    assert (taken.left, taken.sentence) == ([], "")
    assert sorted(facts.name for facts in laptop.client.circles()) == sorted(taken.circles)
    listed = bo.expect(Devices, lambda ref: commands.ListDevices(ref=ref)).devices
    assert [(device.label, device.this, len(device.circles)) for device in listed] == [
        ("(without a label)", True, 3),
        ("laptop", False, 3),
    ]


def test_a_no_gives_nothing() -> None:
    world = World()
    (bo,) = world.circle("Bo")
    laptop = world.person("laptop")
    begins(bo, laptop)
    bo.expect(Finished, lambda ref: commands.AnswerLink(ref=ref, yes=False))
    world.wait(COMES_IN)
    assert laptop.heard[-1].reason == "declined"  # type: ignore[union-attr]
    assert [ended.done for ended in bo.told(LinkEnded)] == [False]
    assert laptop.client.circles() == []
    assert laptop.told(LinkTaken) == []


def test_a_removed_device_is_locked_out() -> None:
    world, ana, bo, laptop = pair()
    laptop.says("before")
    world.settle()
    goes = bo.expect(DeviceGoes, lambda ref: commands.RemoveDevice(ref=ref, label="laptop"))
    assert (goes.circles, goes.left) == (["Hallway"], [])
    world.settle()
    assert laptop.circle().left
    assert laptop.notices()[-1] == "Another of your devices took this one out of the circle."
    laptop.says("after")
    ana.says("without you")
    world.settle()
    assert ana.texts() == bo.texts() == ["Bo: before", "Ana: without you"]
    assert laptop.texts() == ["Bo: before"]
    removed = "Bo removed one of their own devices: laptop. All open codes were withdrawn."
    assert ana.notices()[-1] == removed
    listed = bo.expect(Devices, lambda ref: commands.ListDevices(ref=ref)).devices
    assert listed == [DeviceFacts(label="(without a label)", this=True, circles=["Hallway"])]


def test_a_new_name_is_taken_on_by_the_other_device_and_told_once() -> None:
    world, ana, bo, laptop = pair()
    laptop.expect(Finished, lambda ref: commands.Rename(ref=ref, person="Robert"))
    world.wait(COMES_IN)
    assert bo.circle().me == laptop.circle().me == "Robert"
    assert [text for text in ana.notices() if "Robert" in text] == ["Bo is called Robert now."]


def test_a_removed_device_that_speaks_on_is_heard_by_nobody() -> None:
    world, ana, bo, laptop = pair()
    content = envelope(*write_content(Text("still here"))).encode()
    laptop.offline = True  # as a program of another making, that does not take the removal in
    bo.expect(DeviceGoes, lambda ref: commands.RemoveDevice(ref=ref, label="laptop"))
    world.settle()
    frame = encrypted(laptop, content)
    for person in (ana, bo):
        show(person, entry(person, Kind.MESSAGE, frame))
        assert person.texts() == []
        assert person.warnings() == ["An entry that nobody can read was skipped."]
    laptop.offline = False
    laptop.says("still here")
    world.settle()
    assert ana.texts() == []
    assert laptop.circle().link is LinkState.STOPPED


def test_nobody_adds_a_device_for_somebody_else() -> None:
    """Ana's program makes a device for Bo, with a member key that is not Bo's."""
    world, ana, bo, laptop = pair()
    view, rng = circle_of(ana).view, world.random.randbytes
    forged = Identity.generate(rng)
    device = forged.device(view.circle_id, "Bo", "spy")
    member = circle_of(bo).member_key
    made = key_package(SUITE, member, forged.leaf, device, rng, world.now)
    commit = committed(ana, [Add(made.key_package)], [AddDevice(forged.access.public)])
    for person in (bo, laptop):
        before = circle_of(person).members.epoch
        show(person, entry(person, Kind.COMMIT, commit.body, commit.side_data))
        assert circle_of(person).members.epoch == before
        assert person.warnings()[-1].startswith(
            "Ana tried what this circle does not allow, and it was refused: "
        )
