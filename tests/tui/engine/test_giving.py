"""The first device's side of linking: what it gives, to whom, and what it says where it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.circle.arriving import key_package
from crypto.circle.device import Identity, sign_device
from crypto.link_messages import (
    Finished,
    Have,
    Hello,
    Keys,
    LinkMessage,
    NotTaken,
    Offer,
    Package,
    Taken,
    Vouched,
)
from relay import wire
from relay.limits import Rate
from tests.harness import GENEROUS, HOST, Person, World
from tests.tui.engine.rogue import circle_of, show
from tests.tui.engine.two import COMES_IN, Impostor, begins, false_new, links, pair
from tui.engine import commands
from tui.engine.circle import SUITE
from tui.engine.events import Exit, LinkAsked, LinkEnded, LinkOpened
from tui.engine.events import Finished as Done
from tui.engine.giving import LIFE
from tui.engine.store.database import DiskError


def bo_alone(*circles: str) -> tuple[World, Person]:
    world = World()
    (bo,) = world.circle("Bo")
    for name in circles:
        bo.opens(name)
    return world, bo


def ended(person: Person) -> LinkEnded:
    (event,) = person.told(LinkEnded)
    return event


def offered(impostor: Impostor) -> Offer:
    (offer,) = impostor.hears()
    assert isinstance(offer, Offer)
    return offer


def vouched(impostor: Impostor, keys: Identity) -> Vouched:
    (answer,) = impostor.says(Keys(keys.leaf.public, keys.access.public))
    assert isinstance(answer, Vouched)
    return answer


def package(person: Person, keys: Identity, label: str = "laptop", circle: bytes = b"") -> Package:
    """A package that the person's own key has vouched for, for their circle or another."""
    there = circle_of(person)
    device = sign_device(
        there.member, circle or there.id, keys.leaf.public, keys.access.public, "Bo", label
    )
    made = key_package(
        SUITE, there.member_key, keys.leaf, device, person.world.random.randbytes, person.world.now
    )
    return Package(made.key_package.encode())


def fresh(world: World) -> Identity:
    return Identity.generate(world.random.randbytes)


def devices(person: Person) -> int:
    circle = circle_of(person)
    return len(circle.view.devices(circle.member_key))


def test_what_is_offered_is_the_circle_and_no_secret() -> None:
    _world, bo = bo_alone()
    impostor = false_new(bo)
    offer, circle = offered(impostor), circle_of(bo)
    assert offer == Offer(
        circle.id,
        "Hallway",
        HOST,
        b"",
        circle.record.relay_key,
        circle.member_key,
        circle.leaf.public,
        "Bo",
    )
    assert circle.record.member_seed not in offer.encode()


def test_a_device_is_vouched_for_in_the_offered_circle_alone() -> None:
    world, bo = bo_alone()
    impostor, keys = false_new(bo), fresh(world)
    offer = offered(impostor)
    signature = vouched(impostor, keys).signature
    device = sign_device(
        circle_of(bo).member, offer.circle_id, keys.leaf.public, keys.access.public, "Bo"
    )
    assert device.signature == signature
    assert not replace(device, signature=signature).verify(
        b"x" * 16, offer.member, keys.leaf.public
    )


def test_a_device_that_was_signed_for_another_circle_is_not_taken() -> None:
    world, bo = bo_alone()
    impostor = false_new(bo)
    offered(impostor)
    refused, end = impostor.says(package(bo, fresh(world), circle=b"x" * 16))
    assert isinstance(refused, NotTaken) and "does not vouch" in refused.why
    assert end == Finished()
    world.wait(COMES_IN)
    assert devices(bo) == 1


def test_somebody_elses_device_is_not_taken() -> None:
    world, bo = bo_alone()
    impostor, stranger = false_new(bo), fresh(world)
    offered(impostor)
    device = stranger.device(circle_of(bo).id, "Bo", "laptop")
    made = key_package(
        SUITE, stranger.member.public, stranger.leaf, device, world.random.randbytes, world.now
    )
    refused, _ = impostor.says(Package(made.key_package.encode()))
    assert isinstance(refused, NotTaken)
    assert devices(bo) == 1


@pytest.mark.parametrize("nonsense", [b"nonsense", bytes(300)])
def test_what_is_no_key_package_is_not_taken(nonsense: bytes) -> None:
    _, bo = bo_alone()
    impostor = false_new(bo)
    offered(impostor)
    refused, _ = impostor.says(Package(nonsense))
    assert isinstance(refused, NotTaken)


def test_the_same_package_again_adds_one_device() -> None:
    world, bo = bo_alone()
    keys = fresh(world)
    for _ in range(2):
        impostor = false_new(bo)
        offered(impostor)
        assert impostor.says(package(bo, keys)) == [Taken(0), Finished()]
        show(bo, wire.Closed(0))
        bo.heard.clear()
        world.hub.close_nameplate(next(iter(bo.sockets.values())).session)  # type: ignore[arg-type]
    world.wait(COMES_IN)
    assert devices(bo) == 2


def test_two_devices_do_not_have_one_label() -> None:
    _world, _, bo, _ = pair()
    impostor = false_new(bo)
    offered(impostor)
    refused, _ = impostor.says(Keys(b"l" * 32, b"a" * 32))
    assert refused == NotTaken(
        "Another of your devices is called laptop here. Choose another label."
    )
    assert "called laptop here" in bo.client.circle().name or devices(bo) == 2


def test_a_package_with_a_label_that_is_taken() -> None:
    world, _, bo, _ = pair()
    impostor = false_new(bo, label="phone")
    offered(impostor)
    refused, _ = impostor.says(package(bo, fresh(world)))
    assert isinstance(refused, NotTaken) and "called laptop" in refused.why


def test_a_fourth_device_is_not_added() -> None:
    world, ana, bo, _ = pair()
    links(bo, world.person("phone"), label="phone")
    assert devices(bo) == 3
    fourth = world.person("tablet")
    taken = links(bo, fourth, label="tablet")
    assert taken.circles == []
    assert fourth.client.circles() == []
    world.wait(COMES_IN)
    assert devices(bo) == 3
    assert ana.warnings() == []


def test_which_circles_are_left_out_is_said() -> None:
    world, _, bo, _ = pair()
    bo.opens("Second")
    links(bo, world.person("phone"), label="phone")
    tablet = world.person("tablet")
    begins(bo, tablet, label="tablet")
    assert [asked.circles for asked in bo.told(LinkAsked)] == [["Second"]]
    bo.expect(Done, lambda ref: commands.AnswerLink(ref=ref, yes=True))
    world.wait(COMES_IN)
    event = ended(bo)
    assert (event.label, event.circles, event.done) == ("tablet", ["Second"], True)
    assert event.left == ["Hallway (you have 3 devices there)"]
    assert event.sentence.endswith("Left out: Hallway (you have 3 devices there).")


def test_a_circle_that_is_there_already_is_left_out() -> None:
    _world, bo = bo_alone()
    impostor = false_new(bo)
    offered(impostor)
    assert impostor.says(Have()) == [Finished()]
    show(bo, wire.Closed(0))
    assert ended(bo).sentence == "laptop was given nothing. Left out: Hallway (is there, or was)."


@pytest.mark.parametrize("message", [Taken(0), Hello("again"), Vouched(b"s" * 64)])
def test_what_does_not_come_now_ends_it(message: LinkMessage) -> None:
    _, bo = bo_alone()
    impostor = false_new(bo)
    offered(impostor)
    impostor.says(message)
    assert ended(bo).sentence.startswith("The other device did not keep to the order")
    bo.world.settle()
    assert bo.expect(LinkOpened, lambda ref: commands.OpenLink(ref=ref)).code


@pytest.mark.parametrize("label", [" laptop ", "\N{RIGHT-TO-LEFT OVERRIDE}pot"])
def test_a_label_that_is_none_ends_it(label: str) -> None:
    _, bo = bo_alone()
    false_new(bo, label)
    assert ended(bo).sentence == "The new device's label is not written as labels are."


def test_the_code_is_over_after_ten_minutes() -> None:
    world, bo = bo_alone()
    bo.expect(LinkOpened, lambda ref: commands.OpenLink(ref=ref))
    world.wait(LIFE)
    assert ended(bo).sentence.startswith("The code")
    assert bo.expect(LinkOpened, lambda ref: commands.OpenLink(ref=ref)).code


def test_closing_it_ends_it_for_both() -> None:
    world, bo = bo_alone()
    laptop = world.person("laptop")
    begins(bo, laptop)
    bo.expect(Done, lambda ref: commands.CloseLink(ref=ref))
    assert ended(bo).sentence == "You closed it."
    assert laptop.heard[-1].reason == "gone"  # type: ignore[union-attr]


def test_a_cut_line_says_what_was_given() -> None:
    world, bo = bo_alone("Second")
    impostor = false_new(bo)
    first = offered(impostor)
    taken, second = impostor.says(_package_for(bo, first, fresh(world)))
    assert taken == Taken(0) and isinstance(second, Offer)
    for socket in list(bo.sockets.values()):
        socket.cut()
    world.settle()
    event = ended(bo)
    assert (event.circles, event.done) == ([first.name], False)
    assert event.sentence == (
        "The line to the other device was lost. Make another code to go on. It is added to "
        f"{first.name}."
    )


def _package_for(bo: Person, offer: Offer, keys: Identity) -> Package:
    circle = bo.client._desk.circle(offer.circle_id.hex())
    device = sign_device(
        circle.member, circle.id, keys.leaf.public, keys.access.public, "Bo", "laptop"
    )
    made = key_package(
        SUITE, circle.member_key, keys.leaf, device, bo.world.random.randbytes, bo.world.now
    )
    return Package(made.key_package.encode())


def test_wrong_words_spend_the_code() -> None:
    world, bo = bo_alone()
    opened = bo.expect(LinkOpened, lambda ref: commands.OpenLink(ref=ref))
    plate, _, _ = opened.code.split("-")
    eve = world.person("Eve")
    guess = f"{plate}-tulip-violin"
    eve.refused(lambda ref: commands.FollowLink(ref=ref, code=guess, label="x"))
    assert "was not told these words" in ended(bo).sentence
    again = eve.refused(lambda ref: commands.FollowLink(ref=ref, code=opened.code, label="x"))
    assert again.reason == "gone"


def test_a_code_to_come_in_by_does_not_link() -> None:
    world, bo = bo_alone()
    code = bo.invites()
    laptop = world.person("laptop")
    refused = laptop.refused(lambda ref: commands.FollowLink(ref=ref, code=code, label="laptop"))
    assert refused.reason == "not_spoken"


def test_refusals() -> None:
    world, _, bo, laptop = pair()
    assert bo.refused(lambda ref: commands.CloseLink(ref=ref)).reason == "none"
    assert bo.refused(lambda ref: commands.AnswerLink(ref=ref, yes=True)).reason == "none"
    assert bo.refused(lambda ref: commands.OpenLink(ref=ref, history=-1)).exit is Exit.USAGE
    refused = laptop.refused(lambda ref: commands.OpenLink(ref=ref))
    assert refused.reason == "not_first"
    nobody = world.person("Nobody")
    assert nobody.refused(lambda ref: commands.OpenLink(ref=ref)).reason == "no_circle"
    bo.expect(LinkOpened, lambda ref: commands.OpenLink(ref=ref))
    assert bo.refused(lambda ref: commands.OpenLink(ref=ref)).reason == "open_already"
    assert bo.refused(lambda ref: commands.AnswerLink(ref=ref, yes=True)).reason == "not_asked"
    assert bo.refused(lambda ref: commands.OpenSpoken(ref=ref)).reason == "open_already"
    bo.offline = True
    world.settle()
    assert ended(bo).sentence == "The code is over. Nobody used it."
    assert bo.refused(lambda ref: commands.OpenLink(ref=ref)).reason == "unreachable"


def test_no_code_is_closed_before_it_is_there_and_none_comes_of_a_lost_line() -> None:
    _, bo = bo_alone()
    bo.do(commands.OpenLink(ref=90))
    bo.do(commands.CloseLink(ref=91))
    for socket in bo.sockets.values():
        socket.cut()
    bo.world.settle()
    answers = {event.ref: event.reason for event in bo.heard if event.ref in (90, 91)}  # type: ignore[union-attr]
    assert answers == {90: "unreachable", 91: "not_yet"}


def test_a_relay_that_opens_no_more_codes() -> None:
    world = World(settings=replace(GENEROUS, nameplates=Rate(1, 3_600_000)))
    (bo,) = world.circle("Bo")
    bo.expect(LinkOpened, lambda ref: commands.OpenLink(ref=ref))
    bo.expect(Done, lambda ref: commands.CloseLink(ref=ref))
    refused = bo.refused(lambda ref: commands.OpenLink(ref=ref))
    assert str(refused.sentence) == "The relay opens no code just now. Try again in a while."


def test_a_nameplate_that_goes_while_it_is_used() -> None:
    _world, bo = bo_alone()
    offered(false_new(bo))
    show(bo, wire.Refused(None, wire.Refusal.NAMEPLATE_GONE, 0))
    assert ended(bo).sentence.startswith("The line to the other device was lost.")


def test_frames_of_no_nameplate_are_passed_over() -> None:
    _, bo = bo_alone()
    bo.do(commands.OpenLink(ref=90))
    show(bo, wire.Said(b"too early"))
    bo.world.settle()
    show(bo, wire.Nameplate([1], 600))
    assert len(bo.told(LinkOpened)) == 1


def test_an_address_is_there_where_the_relay_is_not_the_default() -> None:
    world = World()
    bo, laptop = world.person("Bo", default="other.example"), world.person("laptop")
    bo.opens()
    assert links(bo, laptop).circles == ["Hallway"]


def test_a_disk_that_fails_ends_it_in_a_sentence() -> None:
    world, bo = bo_alone()
    bo.expect(LinkOpened, lambda ref: commands.OpenLink(ref=ref))

    def fails() -> None:
        raise DiskError("The disk is full.")

    bo.client._input(fails)
    bo.collect()
    assert ended(bo).sentence == "The disk is full."
    world.wait(10_000)
    bo.do(commands.OpenLink(ref=90))
    bo.client._input(fails, 91)
    bo.collect()
    assert {event.ref for event in bo.heard if event.ref >= 90} == {90, 91}
