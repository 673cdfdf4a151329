"""Coming in: cards, requests, Welcomes, what can go wrong on the way, and taking it up again."""

from __future__ import annotations

from crypto.access.binding import AccessKeyPair
from crypto.code_reading import read_code
from crypto.secret import Secret
from relay import wire
from relay.wire import Refusal
from tests.harness import NOW, Person, World
from tests.tui.engine.rogue import circle_of, show
from tui.engine import commands
from tui.engine.entering import refusal
from tui.engine.events import (
    CardRead,
    Entered,
    EntryEnded,
    EntryMoved,
    EntryState,
    Exit,
    Finished,
    InviteUsed,
    LinkState,
    Refused,
    RequestAnswered,
    RequestWaiting,
    RowKind,
)
from tui.engine.links import LONGEST_WAIT

BOUND = wire.Bound(b"i" * 16, 0, bytes(32), bytes(64), 0, 1, 2, 8)


def founded() -> tuple[World, Person, Person]:
    """Ana in her circle, and Bo who is not in yet."""
    world = World()
    (ana,) = world.circle("Ana")
    return world, ana, world.person("Bo")


def enter(person: Person, code: str, line: str = "") -> int:
    """Ask to be let in, without waiting for the answer; its ref."""
    card = person.reads(code)
    person.ref += 1
    person.do(commands.Enter(ref=person.ref, entry=card.entry, person=person.name, line=line))
    return person.ref


def answer(person: Person, ref: int) -> object:
    (found,) = [event for event in person.heard if event.ref == ref]
    return found


def test_a_card_says_what_there_is_to_know() -> None:
    _world, ana, bo = founded()
    card = bo.reads(ana.invites(history=7))
    assert (card.circle_name, card.issuer, card.names) == ("Hallway", "Ana", ["Ana"])
    assert (card.chairs, card.cap, card.history, card.asks_at_door) == (1, 8, 7, False)
    assert card.circle_id == ana.circle().id
    assert card.expires_at == NOW + 7 * 86_400_000
    assert bo.client.circles() == []


def test_somebody_comes_in_and_everybody_is_told() -> None:
    _world, ana, bo = founded()
    code = ana.invites()
    entered = bo.joins(code)
    assert entered.name == "Hallway" and entered.confirmed
    assert ana.notices() == ["Bo is here, on the code that you gave."]
    assert bo.notices() == ["You are here, on the code that Ana gave."]
    assert [event.name for event in ana.told(InviteUsed)] == ["Bo"]
    assert ana.client.invites(ana.circle().id) == []
    members = bo.client.members(entered.circle)
    assert [(m.name, m.host, m.me, m.invited_by, m.admitted_by) for m in members] == [
        ("Ana", True, False, "", ""),
        ("Bo", False, True, "Ana", "Ana"),
    ]


def test_codes_in_every_form_open_the_same_door() -> None:
    _world, ana, bo = founded()
    ana.invites(uses=3)
    (invite,) = ana.client.invites(ana.circle().id)
    for text in (invite.code, invite.words, invite.link):
        assert bo.reads(text).issuer == "Ana"
    assert invite.mine and invite.uses == 3 and invite.issuer == "Ana"


def test_a_third_comes_in_while_only_the_second_is_there() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    code = ana.invites()
    ana.offline = True
    world.settle()
    cy = world.person("Cy")
    entered = cy.joins(code)
    assert not entered.confirmed  # Ana's own device has not said that it is her circle
    assert not cy.circle().confirmed
    assert cy.told(EntryMoved)[-1].state is EntryState.UNCONFIRMED
    ana.offline = False
    world.wait(1000)
    assert cy.circle().confirmed
    cy.says("hello")
    world.settle()
    assert ana.texts() == bo.texts() == cy.texts() == ["Cy: hello"]
    assert ana.notices()[-1] == "Cy is here, on the code that you gave."


def test_a_request_waits_while_everybody_sleeps() -> None:
    world, ana, bo = founded()
    code = ana.invites()
    ana.offline = True
    world.settle()
    ref = enter(bo, code, "It's me")
    world.wait(60_000)
    assert [event for event in bo.heard if event.ref == ref] == []
    assert bo.client.entries()[0].state is EntryState.ASKED
    bo.crash()
    world.wait(60_000)
    assert bo.client.entries()[0].circle_name == "Hallway"
    ana.offline = False
    world.wait(600_000)
    assert bo.circle().name == "Hallway"
    assert ana.told(RequestWaiting)[0].request.line == "It's me"


def test_a_door_that_asks_waits_for_a_yes() -> None:
    world, ana, bo = founded()
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, door_asks=True))
    code = ana.invites()
    assert bo.reads(code).asks_at_door
    ref = enter(bo, code)
    world.wait(60_000)
    assert bo.told(EntryMoved)[-1].state is EntryState.AT_THE_DOOR
    (waiting,) = ana.client.requests(ana.circle().id)
    assert waiting.asks and waiting.name == "Bo" and waiting.invited_by == "Ana"
    ana.expect(Finished, lambda ref: commands.AnswerRequest(ref=ref, n=waiting.n, admit=True))
    world.wait(5_000)
    assert isinstance(answer(bo, ref), Entered)
    assert ana.client.requests(ana.circle().id) == []
    assert ana.told(RequestAnswered)[-1].admitted


def test_a_no_at_the_door_is_not_shown_outside() -> None:
    world, ana, bo = founded()
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, door_asks=True))
    ref = enter(bo, ana.invites())
    world.wait(10_000)
    (waiting,) = ana.client.requests(ana.circle().id)
    ana.expect(Finished, lambda ref: commands.AnswerRequest(ref=ref, n=waiting.n, admit=False))
    world.wait(60_000)
    assert [event for event in bo.heard if event.ref == ref] == []
    assert ana.client.requests(ana.circle().id) == []
    refused = ana.refused(lambda ref: commands.AnswerRequest(ref=ref, n=waiting.n, admit=True))
    assert refused.reason == "nobody"
    bo.expect(
        Finished, lambda ref: commands.AbandonEntry(ref=ref, entry=bo.client.entries()[0].entry)
    )
    assert bo.client.entries() == []
    assert bo.told(EntryEnded)


def test_two_with_one_single_use_code() -> None:
    world, ana, bo = founded()
    cy = world.person("Cy")
    code = ana.invites()
    refs = [(bo, enter(bo, code)), (cy, enter(cy, code))]
    world.wait(60_000)
    answers = [answer(person, ref) for person, ref in refs]
    assert sorted(type(found).__name__ for found in answers) == ["Entered", "Refused"]
    (refused,) = [found for found in answers if isinstance(found, Refused)]
    assert refused.sentence == "This code was already used."
    assert ana.circle().chairs == 2


def test_codes_that_open_nothing_say_why() -> None:
    world, ana, bo = founded()
    code = ana.invites()
    slip = code[:-3] + ("A" if code[-3] != "A" else "B") + code[-2:]

    def read(text: str) -> Refused:
        return bo.refused(lambda ref: commands.ReadCode(ref=ref, code=text))

    assert read(slip).reason == "typo" and "group" in read(slip).sentence
    assert read("chat.example.org").reason == "code"
    assert read("").reason == "code"
    assert read("walrus").reason == "code"
    (invite,) = ana.client.invites(ana.circle().id)
    ana.expect(Finished, lambda ref: commands.RevokeInvite(ref=ref, invite_id=invite.id))
    assert read(code).reason == "revoked"
    used = ana.invites()
    bo.joins(used)
    cy = world.person("Cy")
    assert cy.refused(lambda ref: commands.ReadCode(ref=ref, code=used)).reason == "used"
    late = ana.invites()
    world.now += 8 * 86_400_000  # at once: eight days of heartbeats are not what is tested
    world.settle()
    assert cy.refused(lambda ref: commands.ReadCode(ref=ref, code=late)).reason == "expired"
    unknown = World(seed=99)
    (eve,) = unknown.circle("Eve")
    foreign = eve.invites()
    assert cy.refused(lambda ref: commands.ReadCode(ref=ref, code=foreign)).reason == "unknown"


def test_an_unreachable_relay_is_named() -> None:
    world, ana, bo = founded()
    code = ana.invites()
    world.relay_down = True
    refused = bo.refused(lambda ref: commands.ReadCode(ref=ref, code=code))
    assert (refused.reason, refused.exit) == ("unreachable", Exit.UNREACHABLE)
    assert "chat.example.org" in refused.sentence
    opening = bo.refused(
        lambda ref: commands.OpenCircle(ref=ref, name="X", person="Bo", relay="chat.example.org")
    )
    assert opening.exit is Exit.UNREACHABLE
    assert bo.client.circles() == []


def test_a_full_circle_takes_nobody() -> None:
    world = World()
    ana, bo, cy = world.person("Ana"), world.person("Bo"), world.person("Cy")
    ana.opens(cap=3)
    first, second = ana.invites(), ana.invites()
    third = ana.refused(lambda ref: commands.CreateInvite(ref=ref, uses=3))
    assert "free chairs" in third.sentence
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, cap=2))
    bo.joins(first)
    card = cy.reads(second)
    refused = cy.refused(lambda ref: commands.Enter(ref=ref, entry=card.entry, person="Cy"))
    assert refused.reason == "full"
    assert cy.client.entries() == []


def test_a_name_that_imitates_another_is_refused_before_anything_is_sent() -> None:
    _world, ana, bo = founded()
    card = bo.reads(ana.invites())
    refused = bo.refused(lambda ref: commands.Enter(ref=ref, entry=card.entry, person="Αna"))
    assert refused.reason == "imitates"
    refused = bo.refused(lambda ref: commands.Enter(ref=ref, entry=card.entry, person=""))
    assert refused.reason == "not_possible"
    long = bo.refused(
        lambda ref: commands.Enter(ref=ref, entry=card.entry, person="Bo", line="x" * 300)
    )
    assert long.reason == "too_long"
    entered = bo.ask(lambda ref: commands.Enter(ref=ref, entry=card.entry, person="Bo"))
    assert isinstance(entered, Entered)


def test_one_profile_comes_into_a_circle_once() -> None:
    _world, ana, bo = founded()
    code = ana.invites(uses=2)
    bo.joins(code)
    card = bo.reads(code)
    refused = bo.refused(lambda ref: commands.Enter(ref=ref, entry=card.entry, person="Bo"))
    assert refused.reason == "in_already"
    unknown = bo.refused(lambda ref: commands.Enter(ref=ref, entry="nothing", person="Bo"))
    assert unknown.reason == "unknown_entry"


def test_a_newcomer_reads_what_the_code_grants_and_no_more() -> None:
    world, ana, bo = founded()
    for number in range(5):
        ana.says(f"before {number}")
    world.settle()
    bo.joins(ana.invites(history=3))
    world.settle()
    shown = [(row.kind, row.author, row.text, row.by) for row in bo.rows() if row.author]
    assert shown == [(RowKind.PASSED_ON, "Ana", f"before {number}", "Ana") for number in (2, 3, 4)]
    assert bo.rows()[3].text == "You are here, on the code that Ana gave."
    cy = world.person("Cy")
    cy.joins(ana.invites())
    world.settle()
    assert [row for row in cy.rows() if row.author] == []


def test_long_histories_come_in_parts_and_in_order() -> None:
    world, ana, bo = founded()
    for number in range(8):
        ana.says(f"{number} " + "x" * 15_000)
    world.settle()
    bo.joins(ana.invites(history=50))
    world.wait(1000)
    assert [row.text[0] for row in bo.rows() if row.kind is RowKind.PASSED_ON] == list("01234567")


def test_coming_in_survives_every_crash() -> None:
    for seed in range(10):
        world = World(seed)
        (ana,) = world.circle("Ana")
        bo = world.person("Bo")
        code = ana.invites(history=2)
        ana.says("before")
        world.settle()
        enter(bo, code)
        for _ in range(60):
            if world.random.random() < 0.2:
                person = world.random.choice([ana, bo])
                person.database.crash = world.random.choice(["before", "after"])
            if world.random.random() < 0.1 and world.sockets():
                world.random.choice(world.sockets()).cut()
            world.step()
        for person in world.people:
            person.database.crash = ""
        world.wait(3_600_000)
        if not bo.client.circles():
            assert bo.client.entries() == [], seed  # the crash came before it was written down
            continue
        bo.says("after")
        world.wait(60_000)
        assert ana.texts() == ["Ana: before", "Bo: after"], seed
        assert bo.texts() == ["Bo: after"], seed
        assert [row.text for row in bo.rows() if row.kind is RowKind.PASSED_ON] == ["before"], seed
        assert ana.circle().chairs == 2 and bo.circle().confirmed, seed


def test_every_refusal_has_a_sentence() -> None:
    for code in [*wire.Refusal, 999]:
        for frame in (wire.Refused(None, code), wire.Answer(code)):
            assert str(refusal(frame)).endswith(".")


def test_a_code_of_another_relay_is_dialled_there() -> None:
    _world, ana, bo = founded()
    code = read_code(ana.invites())
    bo.do(commands.ReadCode(code=code.text()))
    (wish,) = bo.client.links().values()
    assert wish.address.dialled == "chat.example.org" and wish.circle == ""
    assert CardRead not in {type(event) for event in bo.heard}


def test_an_answer_that_nobody_was_there_to_hear_is_found() -> None:
    world, ana, bo = founded()
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, door_asks=True))
    ref = enter(bo, ana.invites(uses=2))
    world.settle(wait=0)
    (socket,) = bo.sockets.values()
    deaf = socket.session
    assert deaf is not None
    deaf.lost()  # the relay has lost the guest, who does not know it yet
    (waiting,) = ana.client.requests(ana.circle().id)
    ana.expect(Finished, lambda ref: commands.AnswerRequest(ref=ref, n=waiting.n, admit=True))
    world.wait(LONGEST_WAIT)
    assert isinstance(answer(bo, ref), Entered)


def test_what_is_given_up_is_given_up_alone() -> None:
    """Of a circle that this person is in, and of another way in, nothing changes."""
    world, ana, bo = founded()
    bo.opens("Boats")
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, door_asks=True))
    ref = enter(bo, ana.invites())
    world.settle()
    bo.expect(Finished, lambda ref: commands.AbandonEntry(ref=ref, entry="00" * 8))
    assert [entry.circle_name for entry in bo.client.entries()] == ["Hallway"]
    (entry,) = bo.client.entries()
    bo.expect(Finished, lambda ref: commands.AbandonEntry(ref=ref, entry=entry.entry))
    refused = answer(bo, ref)
    assert isinstance(refused, Refused) and refused.reason == "given_up"
    assert bo.client.entries() == [] and bo.circle("Boats").link is LinkState.ONLINE


def test_a_relay_that_takes_a_guest_for_a_device_is_not_waited_for() -> None:
    """It is bound to nothing: there is no card, and with the connection the reading ends."""
    world, ana, bo = founded()
    code = ana.invites()
    bo.do(commands.ReadCode(ref=7, code=code))
    bo.sync()
    (socket,) = bo.sockets.values()
    while not socket.frames:
        assert world.step()
    socket.frames.clear()
    show(bo, wire.Hello(b"n" * 32, world.hub.key.public, world.now), BOUND)
    assert bo.told(CardRead) == [] == bo.told(Refused)
    socket.cut()
    bo.sync()
    (refused,) = bo.told(Refused)
    assert refused.exit is Exit.UNREACHABLE


def test_a_code_that_goes_while_somebody_waits_on_it() -> None:
    """The relay says that it was withdrawn; nobody has let this person in: that is why."""
    world, ana, bo = founded()
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, door_asks=True))
    ref = enter(bo, ana.invites())
    world.settle()
    ana.offline = True
    world.settle(wait=0)
    show(bo, wire.Answer(Refusal.INVITE_REVOKED))
    world.wait(60_000)
    refused = answer(bo, ref)
    assert isinstance(refused, Refused) and "withdrawn" in refused.sentence
    assert bo.client.entries() == []


def test_a_circle_that_says_another_relay_than_its_card() -> None:
    """The relay has another key than it had when the circle began, and Ana's device hides it."""
    world, ana, bo = founded()
    other = AccessKeyPair.from_seed(Secret(b"\x08" * 32))
    world.hub.key = other
    circle = circle_of(ana)
    with ana.database.transaction():
        circle.record.relay_key = other.public
        circle.context.store.circles.save(circle.record)
    ana.crash()
    ref = enter(bo, ana.invites())
    world.wait(60_000)
    refused = answer(bo, ref)
    assert isinstance(refused, Refused) and "another relay than the card" in refused.sentence
    assert bo.client.circles() == []
