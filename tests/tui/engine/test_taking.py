"""The new device's side of linking: what it believes, what it keeps, and how it comes in or not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.circle.device import sign_device
from crypto.link_messages import (
    Declined,
    Finished,
    Have,
    Keys,
    LinkMessage,
    NotTaken,
    Offer,
    Package,
    Taken,
    Vouched,
)
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.primitives import sha256
from relay import wire
from relay.wire import Refusal
from tests.harness import HOST, Person, World
from tests.tui.engine.rogue import circle_of, show
from tests.tui.engine.two import COMES_IN, Impostor, begins, false_first, links, pair
from tui.engine import commands
from tui.engine.events import (
    Devices,
    Entered,
    EntryEnded,
    EntryMoved,
    Exit,
    LinkMoved,
    LinkTaken,
    Refused,
)
from tui.engine.events import (
    Finished as Done,
)
from tui.engine.store.database import DiskError
from tui.engine.taking import GONE_BY, LOST, RIGHT, WAITS

MEMBER = SignatureKeyPair.generate(lambda length: b"m" * length)
OFFER = Offer(b"c" * 16, "Hallway", HOST, b"", b"r" * 32, MEMBER.public, b"l" * 32, "Bo")


def laptop_alone() -> tuple[World, Person]:
    world = World()
    return world, world.person("laptop")


def signed(keys: LinkMessage, offer: Offer = OFFER, circle_id: bytes = b"") -> Vouched:
    assert isinstance(keys, Keys)
    id = circle_id or offer.circle_id
    device = sign_device(MEMBER, id, keys.leaf_key, keys.access_key, "Bo", "laptop")
    return Vouched(device.signature)


def waits(impostor: Impostor, offer: Offer = OFFER) -> None:
    """The new device has sent its package."""
    (keys,) = impostor.says(offer)
    (package,) = impostor.says(signed(keys, offer))
    assert isinstance(package, Package)


def taken(person: Person) -> LinkTaken:
    (event,) = person.told(LinkTaken)
    return event


def refusal(person: Person) -> Refused:
    (event,) = [event for event in person.told(Refused) if event.ref == person.ref]
    return event


def test_each_circle_has_fresh_keys_of_its_own() -> None:
    _, laptop = laptop_alone()
    impostor = false_first(laptop)
    (first,) = impostor.says(OFFER)
    impostor.says(signed(first))
    impostor.says(Taken(0))
    other = replace(OFFER, circle_id=b"d" * 16, name="Second")
    (second,) = impostor.says(other)
    assert isinstance(first, Keys) and isinstance(second, Keys)
    assert len({first.leaf_key, first.access_key, second.leaf_key, second.access_key}) == 4
    impostor.says(signed(second, other), Taken(0), Finished())
    event = taken(laptop)
    assert (event.circles, event.left, event.sentence) == (["Hallway", "Second"], [], "")
    assert [moved.sentence for moved in laptop.told(LinkMoved)] == [RIGHT]
    assert {entry.circle_name for entry in laptop.client.entries()} == {"Hallway", "Second"}
    listed = laptop.expect(Devices, lambda ref: commands.ListDevices(ref=ref)).devices
    assert [(d.label, d.this, d.circles, d.coming) for d in listed] == [
        ("laptop", True, [], ["Hallway", "Second"])
    ]


@pytest.mark.parametrize("what", ["nonsense", "another circle"])
def test_a_signature_that_does_not_hold_is_not_taken(what: str) -> None:
    _, laptop = laptop_alone()
    impostor = false_first(laptop)
    (keys,) = impostor.says(OFFER)
    bad = Vouched(b"s" * 64) if what == "nonsense" else signed(keys, circle_id=b"x" * 16)
    impostor.says(bad)
    assert "did not sign" in refusal(laptop).sentence
    assert laptop.client.entries() == []


@pytest.mark.parametrize(
    "message", [Taken(0), NotTaken("no"), Vouched(b"s" * 64), Have(), Keys(b"k" * 32, b"a" * 32)]
)
def test_what_does_not_come_now_ends_it(message: LinkMessage) -> None:
    _, laptop = laptop_alone()
    false_first(laptop).says(message)
    assert refusal(laptop).sentence.startswith("The other device did not keep to the order")


@pytest.mark.parametrize("message", [OFFER, Declined(), Finished(), Have()])
def test_nor_while_a_circle_is_offered(message: LinkMessage) -> None:
    _, laptop = laptop_alone()
    impostor = false_first(laptop)
    impostor.says(OFFER)
    impostor.says(message)
    assert refusal(laptop).sentence.startswith("The other device did not keep to the order")
    assert laptop.client.entries() == []


def test_an_offer_without_an_address_ends_it() -> None:
    _, laptop = laptop_alone()
    false_first(laptop).says(replace(OFFER, address="not an address"))
    assert refusal(laptop).sentence.startswith("The other device names no relay")


def test_bytes_that_are_no_message_end_it() -> None:
    _, laptop = laptop_alone()
    impostor = false_first(laptop)
    impostor.end.send(b"\xff")
    impostor.hears()
    assert refusal(laptop).reason == "strange"


def test_a_circle_that_is_not_taken_is_not_waited_for() -> None:
    _, laptop = laptop_alone()
    impostor = false_first(laptop)
    waits(impostor)
    assert len(laptop.client.entries()) == 1
    impostor.says(NotTaken("It is full."), Finished())
    assert taken(laptop).left == ["Hallway (It is full.)"]
    assert laptop.client.entries() == []


def test_a_line_that_is_cut_says_what_may_come_of_it() -> None:
    world, laptop = laptop_alone()
    impostor = false_first(laptop)
    waits(impostor)
    show_closed(laptop)
    event = taken(laptop)
    assert (event.circles, event.sentence) == (["Hallway"], LOST)
    assert [entry.circle_name for entry in laptop.client.entries()] == ["Hallway"]
    again = false_first(laptop)
    (package,) = again.says(OFFER)
    assert isinstance(package, Package)  # the one that it waits with
    world.now += 1


def show_closed(person: Person) -> None:
    link = next(iter(person.sockets))
    client = person.client
    person.guarded(lambda: client.link_received(link, wire.message(wire.Closed(0))))


def test_a_cut_before_anything_was_given() -> None:
    _, laptop = laptop_alone()
    impostor = false_first(laptop)
    impostor.says(OFFER)
    show_closed(laptop)
    assert refusal(laptop).sentence == LOST


def test_the_relay_is_not_there() -> None:
    world, laptop = laptop_alone()
    world.relay_down = True
    refused = laptop.refused(
        lambda ref: commands.FollowLink(ref=ref, code="walrus-tulip-violin", label="laptop")
    )
    assert refused.exit is Exit.UNREACHABLE


def test_refusals() -> None:
    world, laptop = laptop_alone()
    homeless = world.person("homeless", default="")
    code = "walrus-tulip-violin"

    def refused(person: Person, code: str, label: str = "laptop") -> str:
        return person.refused(
            lambda ref: commands.FollowLink(ref=ref, code=code, label=label)
        ).reason

    assert refused(laptop, code, "") == "no_label"
    assert refused(laptop, code, "x" * 33) == "name"
    assert refused(laptop, "walrus-tulip-vi0lin") == "code"
    assert refused(homeless, code) == "no_relay"
    laptop.do(commands.FollowLink(ref=90, code=code, label="laptop"))
    assert refused(laptop, code) == "open_already"


def test_many_circles_are_linked_as_fast_as_the_relay_listens() -> None:
    world = World()
    world.settings = replace(world.settings, strangers=type(world.settings)().strangers)
    world.restart_relay()
    (bo,) = world.circle("Bo")
    for number in range(8):
        bo.opens(f"Circle {number}")
    laptop = world.person("laptop")
    assert len(links(bo, laptop).circles) == 9
    assert len(laptop.client.circles()) == 9


def test_a_profile_with_other_circles_and_one_that_is_in_already() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    bo.opens("Bo's")
    event = links(bo, ana, label="shared")
    assert event.circles == ["Bo's"]
    assert event.left == ["Hallway (this profile is in it already, or was)"]
    assert {facts.name for facts in ana.client.circles()} == {"Hallway", "Bo's"}
    assert ana.circle("Bo's").me == "Bo"


# Waiting, and coming in.


def test_the_first_device_is_away_and_adds_it_when_it_is_back() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    laptop = world.person("laptop")
    begins(bo, laptop)
    bo.do(commands.AnswerLink(yes=True))
    while not bo.database.rows("SELECT 1 FROM intentions"):
        world.step()
    bo.offline = True
    world.wait(3_600_000)
    assert taken(laptop).circles == ["Hallway"]
    assert laptop.client.circles() == []
    (entry,) = laptop.client.entries()
    assert entry.circle_name == "Hallway"
    laptop.crash()
    bo.crash()
    bo.offline = False
    world.wait(600_000)
    assert laptop.circle().chairs == 2
    assert [event.name for event in laptop.told(Entered)] == ["Hallway"]
    ana.says("there you are")
    world.settle()
    assert laptop.texts() == ["Ana: there you are"]


def test_it_is_waited_for_a_week() -> None:
    world, laptop = laptop_alone()
    impostor = false_first(laptop)
    waits(impostor)
    impostor.says(Taken(0), Finished())
    world.wait(WAITS)
    (gone,) = laptop.told(EntryEnded)
    assert (gone.circle_name, gone.sentence) == ("Hallway", GONE_BY)
    laptop.crash()
    assert laptop.client.entries() == []


def test_it_can_be_given_up() -> None:
    world, laptop = laptop_alone()
    impostor = false_first(laptop)
    waits(impostor)
    impostor.says(Taken(0), Finished())
    laptop.expect(Done, lambda ref: commands.AbandonEntry(ref=ref, entry=(b"c" * 16).hex()))
    assert [gone.sentence for gone in laptop.told(EntryEnded)] == ["You gave it up."]
    assert laptop.client.entries() == []
    world.settle()


def awaiting() -> tuple[World, Person, Person]:
    """A laptop that is in at the relay, and has not fetched its Welcome yet."""
    world = World()
    (bo,) = world.circle("Bo")
    laptop = world.person("laptop")
    begins(bo, laptop)
    bo.do(commands.AnswerLink(yes=True))
    while not laptop.told(LinkTaken):
        world.step()
    laptop.offline = True
    world.wait(COMES_IN)
    assert len(circle_of(bo).view.leaves) == 2
    laptop.offline = False
    laptop.sync()
    show(laptop, wire.Hello(bytes(32), circle_of(bo).record.relay_key, world.now))
    show(laptop, wire.Bound(b"i" * 16, 0, bytes(32), bytes(64), 0, 0, 1, 8))
    return world, bo, laptop


def test_a_relay_that_swaps_the_welcome() -> None:
    for chunk, hashed in ((b"not it", b"not it"), (b"not it", b"it")):
        world, _, laptop = awaiting()
        show(laptop, wire.Welcome(sha256(hashed), 0, len(chunk), chunk))
        assert laptop.client.circles() == []
        ended = [gone.sentence for gone in laptop.told(EntryEnded)]
        if hashed == chunk:
            assert ended[0].startswith("This is not the circle that your other device named: ")
        else:
            world.wait(COMES_IN)  # it was the relay: the Welcome is fetched again
            assert laptop.circle().name == "Hallway"


def test_a_relay_that_mixes_up_the_parts() -> None:
    world, _, laptop = awaiting()
    show(laptop, wire.Welcome(bytes(32), 7, 20, b"part"))
    assert laptop.client.circles() == []
    world.wait(COMES_IN)
    assert laptop.circle().name == "Hallway"


def test_a_welcome_in_parts_is_waited_for() -> None:
    world, _, laptop = awaiting()
    show(laptop, wire.Welcome(bytes(32), 0, 20, b"part"))
    assert laptop.told(EntryEnded) == []
    world.settle()


@pytest.mark.parametrize("change", ["member_key", "first_leaf"])
def test_another_circle_than_was_named_is_not_entered(change: str) -> None:
    world = World()
    (bo,) = world.circle("Bo")
    laptop = world.person("laptop")
    begins(bo, laptop)
    bo.do(commands.AnswerLink(yes=True))
    while not laptop.told(LinkTaken):
        world.step()
    (record,) = laptop.client._desk.linkings()
    setattr(record, change, b"x" * 32)
    with laptop.database.transaction():
        laptop.client._context.store.linkings.save(record)
    laptop.crash()
    world.wait(COMES_IN)
    ended = [gone.sentence for gone in laptop.told(EntryEnded)]
    assert ended == ["This is not the circle that your other device named."]
    assert laptop.client.circles() == []


@pytest.mark.parametrize(
    ("refused", "sentence"),
    [
        (wire.Refused(None, Refusal.REMOVED, 0), "removed before it had come in"),
        (wire.Welcome(bytes(32), 0, 0, b""), "has expired"),
    ],
)
def test_what_ends_the_waiting(refused: wire.FromRelay, sentence: str) -> None:
    _, _, laptop = awaiting()
    show(laptop, refused)
    assert [sentence in gone.sentence for gone in laptop.told(EntryEnded)] == [True]


@pytest.mark.parametrize("code", [Refusal.TOO_FAST, Refusal.VERSION, Refusal.GOING, 9_999])
def test_what_only_delays_it(code: int) -> None:
    world, _, laptop = awaiting()
    show(laptop, wire.Refused(None, code, 5_000))
    assert laptop.told(EntryEnded) == []
    world.wait(600_000)
    assert laptop.circle().name == "Hallway"


def test_a_disk_that_fails_ends_the_exchange_and_keeps_what_waits() -> None:
    world, laptop = laptop_alone()
    impostor = false_first(laptop)
    waits(impostor)

    def fails() -> None:
        raise DiskError("The disk is full.")

    laptop.client._input(fails)
    laptop.collect()
    assert taken(laptop).sentence == "The disk is full."
    assert [entry.circle_name for entry in laptop.client.entries()] == ["Hallway"]
    assert any(moved.sentence == "The disk is full." for moved in laptop.told(EntryMoved))
    world.settle()


def test_a_crash_before_the_package_is_written_leaves_nothing_behind() -> None:
    _, laptop = laptop_alone()
    impostor = false_first(laptop)
    (keys,) = impostor.says(OFFER)
    laptop.database.crash = "before"
    impostor.says(signed(keys))
    assert laptop.client.entries() == []


def test_entries_of_the_log_are_for_the_circle_that_comes_of_it() -> None:
    world, _, laptop = awaiting()
    show(laptop, wire.CaughtUp(1))
    assert laptop.told(EntryEnded) == []
    world.settle()


def test_another_person_in_the_same_circle_sees_one_person() -> None:
    world, ana, bo, laptop = pair()
    ana.expect(Done, lambda ref: commands.Remove(ref=ref, member="Bo"))
    world.settle()
    assert bo.circle().left and laptop.circle().left
    assert laptop.notices()[-1] == "Ana removed you from this circle."
