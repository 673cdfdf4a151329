"""Spoken codes: words that carry a sealed code over the relay's rendezvous, once."""

from __future__ import annotations

from relay import wire
from relay.wire import Refusal
from tests.harness import Person, World
from tests.tui.engine.rogue import circle_of, show
from tui.engine import commands
from tui.engine.events import (
    CardRead,
    Entered,
    Exit,
    Finished,
    InviteMade,
    InviteUsed,
    LinkState,
    Refused,
    SpokenEnded,
    SpokenOpened,
    SpokenTried,
)
from tui.engine.spoken import LIFE


def opened(history: int | None = None) -> tuple[World, Person, Person, str]:
    """Ana with a spoken code on her screen, and Bo who is to be told."""
    world = World()
    (ana,) = world.circle("Ana")
    asked_at = world.now
    event = ana.expect(SpokenOpened, lambda ref: commands.OpenSpoken(ref=ref, history=history))
    assert event.expires_at == asked_at + LIFE
    return world, ana, world.person("Bo"), event.code


def test_three_words_let_somebody_in() -> None:
    world, ana, bo, code = opened()
    assert len(code.split("-")) == 3 and "@" not in code
    entered = bo.joins(code)
    assert isinstance(entered, Entered)
    world.settle()
    assert [event.right for event in ana.told(SpokenTried)] == [True]
    assert [event.name for event in ana.told(InviteUsed)] == ["Bo"]
    assert [event.sentence for event in ana.told(SpokenEnded)] == ["The spoken code was used."]
    assert ana.client.invites(ana.circle().id) == []
    ana.says("so here you are")
    world.settle()
    assert bo.texts() == ["Ana: so here you are"]


def test_an_address_is_there_where_the_relay_is_not_the_default() -> None:
    world = World()
    ana, bo = world.person("Ana", default="other.example"), world.person("Bo")
    ana.opens()
    event = ana.expect(SpokenOpened, lambda ref: commands.OpenSpoken(ref=ref))
    assert event.code.endswith("@chat.example.org")
    assert bo.reads(event.code).issuer == "Ana"


def test_the_history_of_a_spoken_code_is_on_its_card() -> None:
    _world, _ana, bo, code = opened(history=5)
    assert bo.reads(code).history == 5


def test_one_wrong_guess_spends_it() -> None:
    world, ana, bo, code = opened()
    nameplate, *_ = code.split("-")
    wrong = f"{nameplate}-{nameplate}-{nameplate}"
    refused = bo.refused(lambda ref: commands.ReadCode(ref=ref, code=wrong))
    assert refused.reason in ("wrong_words", "gone")
    world.wait(30_000)
    assert [event.right for event in ana.told(SpokenTried)] == [False]
    assert len(ana.told(SpokenEnded)) == 1
    assert ana.client.invites(ana.circle().id) == []  # what was behind it is withdrawn
    again = bo.refused(lambda ref: commands.ReadCode(ref=ref, code=code))
    assert again.reason in ("gone", "unknown")


def test_a_line_that_is_lost_spends_it_too() -> None:
    world, ana, _bo, _code = opened()
    for socket in world.sockets():
        socket.cut()
    world.wait(60_000)
    assert len(ana.told(SpokenEnded)) == 1
    assert ana.client.invites(ana.circle().id) == []


def test_its_time_is_over_after_ten_minutes() -> None:
    world, ana, _bo, _code = opened()
    world.wait(LIFE + 20_000)
    assert len(ana.told(SpokenEnded)) == 1
    assert ana.client.invites(ana.circle().id) == []


def test_closing_it_withdraws_it() -> None:
    world, ana, bo, code = opened()
    busy = ana.refused(lambda ref: commands.OpenSpoken(ref=ref))
    assert busy.reason == "open_already"
    ana.expect(Finished, lambda ref: commands.CloseSpoken(ref=ref))
    world.wait(30_000)
    assert ana.client.invites(ana.circle().id) == []
    assert ana.refused(lambda ref: commands.CloseSpoken(ref=ref)).reason == "none"
    refused = bo.refused(lambda ref: commands.ReadCode(ref=ref, code=code))
    assert refused.reason in ("gone", "unknown")


def test_it_needs_the_relay() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.offline = True
    world.settle()
    refused = ana.refused(lambda ref: commands.OpenSpoken(ref=ref))
    assert refused.exit is Exit.UNREACHABLE


def test_it_is_refused_when_the_line_goes_before_it_is_there() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.ref += 1
    ana.do(commands.OpenSpoken(ref=ana.ref))
    ana.do(commands.CloseSpoken(ref=99))
    assert [event.reason for event in ana.told(Refused)] == ["not_yet"]
    for socket in world.sockets():
        socket.cut()
    world.settle()
    assert [event.ref for event in ana.told(Refused)] == [99, ana.ref]


def test_no_chair_no_code() -> None:
    world = World()
    ana = world.person("Ana")
    ana.opens(cap=2)
    world.person("Bo").joins(ana.invites())
    refused = ana.refused(lambda ref: commands.OpenSpoken(ref=ref))
    assert "free chairs" in refused.sentence


def test_a_joiner_whose_relay_is_unknown_is_told() -> None:
    world, _, _, code = opened()
    cy = world.person("Cy", default="")
    refused = cy.refused(lambda ref: commands.ReadCode(ref=ref, code=code))
    assert refused.reason == "no_relay"
    assert cy.reads(f"{code}@chat.example.org").issuer == "Ana"


def test_a_relay_may_be_named_beside_the_code() -> None:
    world, _, _, code = opened()
    cy = world.person("Cy", default="")
    asked = commands.ReadCode(ref=50, code=code, relay="chat.example.org")
    cy.do(asked)
    world.settle()
    assert [event.issuer for event in cy.told(CardRead)] == ["Ana"]
    wrong = cy.refused(lambda ref: commands.ReadCode(ref=ref, code=code, relay="no relay"))
    assert wrong.reason == "address"


def test_the_relay_speaks_of_a_nameplate_that_nobody_wanted() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    show(ana, wire.Nameplate([1, 2], 600), wire.Said(b"hello"), wire.Closed(0))
    assert ana.circle().link is LinkState.ONLINE
    assert ana.told(SpokenOpened) == [] == ana.told(SpokenEnded)
    world, ana, _bo, _code = opened()
    show(ana, wire.Nameplate([1, 2], 600))  # one is open already
    assert len(ana.told(SpokenOpened)) == 1


def test_a_line_lost_while_it_is_made_is_answered() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.do(commands.OpenSpoken(ref=77))
    for socket in world.sockets():
        socket.cut()
    ana.sync()
    (refused,) = [event for event in ana.told(Refused) if event.ref == 77]
    assert refused.exit is Exit.UNREACHABLE


def test_who_took_a_guess_and_went_has_spent_it() -> None:
    """Bo's first words have come, and Ana's answer has gone: that was the one guess."""
    world, ana, bo, code = opened()
    bo.do(commands.ReadCode(code=code, ref=5))
    spoken = circle_of(ana).spoken
    assert spoken is not None and spoken.inviter is not None
    while not spoken.inviter.guess_spent:
        assert world.step()
    for socket in world.sockets():
        socket.cut()
    world.settle()
    assert [event.right for event in ana.told(SpokenTried)] == [False]
    assert len(ana.told(SpokenEnded)) == 1


def left_behind(world: World, ana: Person) -> list[str]:
    """What a spoken code that came to nothing has left: it ought to be nothing at all."""
    world.wait(60_000)
    assert ana.circle().link is LinkState.ONLINE
    left = ["code" for _ in ana.client.invites(ana.circle().id)]
    left += ["shown" for _ in ana.told(InviteMade)]
    left += ["wish" for _ in ana.database.rows("SELECT 1 FROM intentions")]
    left += ["pending" for _ in ana.database.rows("SELECT 1 FROM pending")]
    left += ["spoken" for _ in ana.told(SpokenOpened)]
    return left


def asks(ana: Person) -> None:
    ana.do(commands.OpenSpoken(ref=77))


def refused_once(ana: Person) -> bool:
    return [event.exit for event in ana.told(Refused) if event.ref == 77] == [Exit.UNREACHABLE]


def cut(world: World) -> None:
    for socket in world.sockets():
        socket.cut()


def test_a_code_that_waits_for_its_turn_comes_to_nothing_with_the_line() -> None:
    """Another change is under way: no commit is made for the code yet, and none is afterwards."""
    world = World()
    (ana,) = world.circle("Ana")
    ana.do(commands.ChangeSettings(topic="new"))
    epoch = circle_of(ana).members.epoch
    asks(ana)
    cut(world)
    assert left_behind(world, ana) == [] and refused_once(ana)
    assert circle_of(ana).view.state.topic == "new"
    assert circle_of(ana).members.epoch == epoch + 1


def test_wherever_the_line_goes_nothing_is_left_behind() -> None:
    """From the command to the words on the screen, at each step of the world."""
    steps = 0
    while True:
        world = World()
        (ana,) = world.circle("Ana")
        asks(ana)
        for _ in range(steps):
            assert world.step()
        if ana.told(SpokenOpened):
            break
        cut(world)
        assert left_behind(world, ana) == [] and refused_once(ana), steps
        steps += 1
    assert steps > 4


def test_wherever_it_crashes_nothing_is_left_behind() -> None:
    steps = 0
    while True:
        world = World()
        (ana,) = world.circle("Ana")
        asks(ana)
        for _ in range(steps):
            assert world.step()
        if circle_of(ana).view.state.invites:
            break  # the code is in the log: what it was for is not written down
        ana.crash()
        assert left_behind(world, ana) == [], steps
        steps += 1
    assert steps > 2


def test_a_nameplate_that_cannot_be_had_leaves_no_code() -> None:
    """The code is in the log already when the relay says no."""
    world = World()
    (ana,) = world.circle("Ana")
    asks(ana)
    while not circle_of(ana).view.state.invites:
        assert world.step()
    show(ana, wire.Refused(None, Refusal.CROWDED))
    assert left_behind(world, ana) == [] and refused_once(ana)


def test_a_sealed_code_that_is_made_meanwhile_stays() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    asks(ana)
    ana.do(commands.CreateInvite(ref=78, uses=1, lifetime=3_600_000))
    cut(world)
    assert left_behind(world, ana) == ["code", "shown"] and refused_once(ana)
    (made,) = ana.told(InviteMade)
    assert made.ref == 78
    assert world.person("Bo").reads(made.invite.code).issuer == "Ana"


def test_an_answer_that_is_none_ends_it_for_who_was_told_the_words() -> None:
    world, _ana, bo, code = opened()
    bo.do(commands.ReadCode(code=code, ref=5))
    bo.sync()
    (socket,) = bo.sockets.values()
    while not socket.up:
        assert world.step()
    world.deliver(socket, up=True)
    show(bo, wire.Said(b"\x63"))
    (refused,) = bo.told(Refused)
    assert refused.ref == 5 and refused.reason == "wrong_words"
