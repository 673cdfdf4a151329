"""Commits of our own: one at a time, resent as they are, made anew where another one wins."""

from __future__ import annotations

import pytest

from relay import wire
from relay.limits import Rate, Settings
from relay.wire import Refusal
from tests.harness import Person, World
from tui.engine import commands, mending
from tui.engine.events import Finished, InviteMade, Refused, RequestAnswered

USUAL = Settings(failures=Rate(1000, 1))


def commits(world: World) -> int:
    (shelf,) = world.store.shelves.values()
    return [record.kind for record in shelf.records].count(2)


def pending(person: Person) -> list[tuple[object, ...]]:
    return list(person.database.rows("SELECT intention, idempotency, frame FROM pending"))


def refuse(person: Person, code: int, number: int = 0) -> None:
    """The relay refuses the pending commit."""
    ((_, idempotency, _),) = pending(person)
    assert isinstance(idempotency, bytes)
    (socket,) = person.sockets.values()
    client = person.client
    data = wire.message(wire.Refused(idempotency, code, number))
    socket.up.clear()
    person.guarded(lambda: client.link_received(socket.link, data))


def test_two_at_the_same_time_are_both_done() -> None:
    for seed in range(8):
        world = World(seed)
        ana, bo = world.circle("Ana", "Bo")
        before = commits(world)
        for person in (ana, bo):
            person.ref = 10
            person.do(commands.CreateInvite(ref=10, uses=2))
        assert pending(ana) and pending(bo)
        world.wait(20_000)
        assert len(ana.told(InviteMade)) == len(bo.told(InviteMade)) == 1
        assert len(ana.client.invites(ana.circle().id)) == 2
        assert commits(world) == before + 2
        assert pending(ana) == pending(bo) == []


def test_under_the_relays_usual_rates_all_come_through() -> None:
    world = World(settings=USUAL)
    ana, bo = world.circle("Ana", "Bo")
    for number in range(4):
        for person in (ana, bo):
            person.do(commands.CreateInvite(ref=100 + number))
    world.wait(600_000)
    assert len(ana.told(InviteMade)) == len(bo.told(InviteMade)) == 4
    assert len(ana.client.invites(ana.circle().id)) == 8
    fifth = ana.refused(lambda ref: commands.CreateInvite(ref=ref))
    assert "at most 4" in fifth.sentence


def test_no_message_goes_while_a_commits_fate_is_unknown() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.do(commands.ChangeSettings(topic="first"))
    assert pending(ana)
    ana.says("second")
    assert ana.states() == ["waiting"]
    ana.crash()
    world.wait(60_000)
    assert pending(ana) == []
    assert bo.circle().topic == "first" and bo.texts() == ["Ana: second"]


def test_the_same_bytes_are_sent_again() -> None:
    world = World()
    ana, _ = world.circle("Ana", "Bo")
    ana.do(commands.ChangeSettings(topic="again"))
    frame = pending(ana)
    before = commits(world)
    for _ in range(3):
        ana.crash()
        ana.sync()
        assert pending(ana) == frame
    world.wait(60_000)
    assert commits(world) == before + 1


def test_a_commit_whose_answer_was_lost_is_known_again() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.do(commands.ChangeSettings(topic="once"))
    (socket,) = ana.sockets.values()
    while socket.up:
        world.deliver(socket, up=True)
    world.store.settle()
    socket.cut()
    assert pending(ana)
    before = commits(world)
    world.wait(60_000)
    assert pending(ana) == [] and commits(world) == before
    assert ana.circle().topic == bo.circle().topic == "once"
    assert ana.notices()[-1] == "You set the topic: once."


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (Refusal.FULL, "full"),
        (Refusal.NOT_ALLOWED, "not_allowed"),
        (Refusal.TOO_LARGE, "too_large"),
        (999, "not_allowed"),
    ],
)
def test_what_the_relay_does_not_take_is_said(code: int, reason: str) -> None:
    world = World()
    ana, _ = world.circle("Ana", "Bo")
    ana.do(commands.CreateInvite(ref=10))
    refuse(ana, code)
    assert [event.reason for event in ana.told(Refused)] == [reason]
    assert pending(ana) == []
    ana.says("and on")
    world.settle()
    assert ana.states() == ["delivered"]


@pytest.mark.parametrize("code", [Refusal.TOO_FAST, Refusal.TURN, Refusal.UNSTAGED])
def test_what_it_does_not_take_yet_waits(code: int) -> None:
    world = World()
    ana, _ = world.circle("Ana", "Bo")
    ana.do(commands.CreateInvite(ref=10))
    refuse(ana, code, 5_000)
    assert pending(ana)
    world.settle(wait=1_000)
    assert pending(ana)
    world.wait(20_000)
    assert len(ana.told(InviteMade)) == 1


def test_what_came_to_nothing_is_finished() -> None:
    world = World()
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    bo.do(commands.Leave())
    world.wait(60_000)
    for person in (ana, cy):
        assert person.database.rows("SELECT * FROM intentions") == []
        assert person.database.rows("SELECT * FROM leavers") == []


def test_a_commit_beside_which_the_relay_puts_something_else_is_skipped() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.do(commands.ChangeSettings(topic="altered"))
    ((_, _, frame),) = pending(ana)
    assert isinstance(frame, bytes)
    (socket,) = ana.sockets.values()
    client = ana.client
    row = ana.database.row("SELECT n FROM circles")
    assert row is not None
    n = int(str(row[0])) + 1
    data = wire.message(wire.Entry(n, 2, world.now, frame, b"\x91\x92\x07\x02"))
    ana.guarded(lambda: client.link_received(socket.link, data))
    assert ana.circle().topic == ""
    assert "altered" in ana.warnings()[0]
    assert bo.circle().topic == ""
    again = wire.message(wire.Entry(n + 1, 2, world.now, frame, b"\x90"))
    ana.guarded(lambda: client.link_received(socket.link, again))
    assert len(ana.warnings()) == 1  # a replay: it was judged at its first place


def test_a_room_fills_on_one_code() -> None:
    world = World()
    names = ["Ana"] + [f"Person {number}" for number in range(8)]
    people = [world.person(name) for name in names]
    people[0].opens(cap=9)
    code = people[0].invites(uses=8)
    for person in people[1:]:
        person.joins(code)
    people[-1].says("a full room")
    world.settle()
    assert all(person.texts() == ["Person 7: a full room"] for person in people)
    assert people[3].circle().chairs == 9
    full = people[0].refused(lambda ref: commands.CreateInvite(ref=ref))
    assert "free chairs" in full.sentence


def test_revoking_a_code_twice_is_refused() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.invites()
    (invite,) = ana.client.invites(ana.circle().id)
    ana.expect(Finished, lambda ref: commands.RevokeInvite(ref=ref, invite_id=invite.id))
    again = ana.refused(lambda ref: commands.RevokeInvite(ref=ref, invite_id=invite.id))
    assert "not open any more" in again.sentence


def test_messages_go_while_a_refused_commit_waits() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.do(commands.ChangeSettings(topic="later"))
    ana.says("now")
    assert ana.states() == ["waiting"]
    refuse(ana, Refusal.TOO_FAST, 60_000)
    assert ana.states() == ["sent"]
    world.settle(wait=1_000)
    assert bo.texts() == ["Ana: now"] and bo.circle().topic == ""
    world.wait(120_000)
    assert bo.circle().topic == "later"


def test_what_another_did_first_is_not_waited_for() -> None:
    world = World()
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    code = ana.invites(uses=2)
    dee = world.person("Dee")
    card = dee.reads(code)
    dee.do(commands.Enter(entry=card.entry, person="Dee"))
    for person in (ana, bo, cy):  # one after the other is held up, so that each one tries
        while not pending(person) and not dee.client.circles():
            if not world.step():
                world.now += 500
                world.tick()
        if pending(person):
            refuse(person, Refusal.TOO_FAST, 30_000)
        if dee.client.circles():
            break
    world.wait(120_000)
    assert dee.circle().chairs == 4
    for person in (ana, bo, cy):
        assert not person.circle().unsent and pending(person) == []
        assert person.notices().count("Dee is here, on the code that Ana gave.") == (
            0 if person is ana else 1
        )


def at_the_door(world: World) -> tuple[Person, int]:
    """Ana, at whose circle's door Bo waits for a yes; the number of his request."""
    (ana,) = world.circle("Ana")
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, door_asks=True))
    bo = world.person("Bo")
    card = bo.reads(ana.invites())
    bo.do(commands.Enter(ref=50, entry=card.entry, person="Bo"))
    world.wait(10_000)
    (waiting,) = ana.client.requests(ana.circle().id)
    return ana, waiting.n


def test_a_yes_that_is_taken_back_lets_nobody_in() -> None:
    """No commit was made for it yet: another change is under way."""
    world = World()
    ana, n = at_the_door(world)
    before = commits(world)
    ana.do(commands.ChangeSettings(ref=9, topic="new"))
    ana.do(commands.AnswerRequest(ref=10, n=n, admit=True))
    ana.do(commands.AnswerRequest(ref=11, n=n, admit=False))
    world.wait(30_000)
    assert sorted(event.ref for event in ana.told(Finished) if event.ref >= 9) == [9, 10, 11]
    assert ana.circle().chairs == 1 and commits(world) == before + 1


def test_a_yes_that_is_taken_back_offline_comes_to_nothing() -> None:
    world = World()
    ana, n = at_the_door(world)
    ana.offline = True
    world.settle(wait=0)
    before = commits(world)
    ana.do(commands.AnswerRequest(ref=10, n=n, admit=True))
    ana.do(commands.AnswerRequest(ref=11, n=n, admit=False))
    ana.offline = False
    world.wait(30_000)
    assert sorted(event.ref for event in ana.told(Finished) if event.ref >= 10) == [10, 11]
    assert ana.circle().chairs == 1 and commits(world) == before
    assert ana.database.rows("SELECT * FROM intentions") == []


def test_a_yes_that_is_taken_back_too_late_and_is_refused() -> None:
    """The commit is under way; when the relay refuses it, nobody waits there any more."""
    world = World()
    ana, n = at_the_door(world)
    ana.do(commands.AnswerRequest(ref=10, n=n, admit=True))
    ana.do(commands.AnswerRequest(ref=11, n=n, admit=False))
    refuse(ana, Refusal.FULL)
    assert [event.ref for event in ana.told(Refused)] == [10]
    assert pending(ana) == []
    assert [event.admitted for event in ana.told(RequestAnswered)] == [False]


def test_a_commit_for_what_was_given_up_meanwhile_is_let_go_of() -> None:
    """The entry that it answers was lost with a relay's data; the relay takes no commit on it."""
    world = World()
    ana, n = at_the_door(world)
    ana.do(commands.AnswerRequest(ref=10, n=n, admit=True))
    with ana.database.transaction():
        mending._forget_plans(ana.client._desk.circle(""), n - 1)
    refuse(ana, Refusal.NOT_ALLOWED)
    assert pending(ana) == []
    ana.says("and on")
    world.settle()
    assert ana.states() == ["delivered"]
