"""A relay whose disk is full: said in a sentence, waited for, and nothing lost or out of order."""

from __future__ import annotations

from relay import wire
from relay.live import NO_SPACE_WAIT
from relay.wire import Refusal
from tests.harness import HOST, World
from tui.engine import commands
from tui.engine.circle import RELAY_FULL
from tui.engine.entering import refusal
from tui.engine.events import (
    CircleOpened,
    Entered,
    EntryMoved,
    Exit,
    InviteMade,
    LinkState,
    Refused,
)
from tui.engine.links import LONGEST_WAIT


def test_messages_wait_and_come_in_order() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    world.store.full = True
    for number in range(5):
        ana.says(str(number))
    world.settle(wait=0)
    assert ana.circle().link is LinkState.ONLINE
    assert ana.circle().link_sentence == RELAY_FULL
    assert ana.states() == ["waiting"] * 5 and bo.texts() == []
    world.wait(5 * NO_SPACE_WAIT)
    assert ana.states() == ["waiting"] * 5
    world.store.full = False
    world.wait(2 * NO_SPACE_WAIT)
    assert bo.texts() == [f"Ana: {number}" for number in range(5)]
    assert ana.circle().link_sentence == ""
    assert ana.warnings() == bo.warnings() == []


def test_a_change_waits_and_is_made() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    world.store.full = True
    ana.do(commands.CreateInvite(ref=5))
    world.wait(3 * NO_SPACE_WAIT)
    assert ana.circle().link_sentence == RELAY_FULL
    assert not [event for event in ana.heard if event.ref == 5]
    world.store.full = False
    world.wait(2 * NO_SPACE_WAIT)
    (made,) = [event for event in ana.heard if event.ref == 5]
    assert isinstance(made, InviteMade)
    assert ana.circle().link_sentence == ""
    assert bo.warnings() == []


def test_no_relay_makes_a_client_wait_without_end() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    world.store.full = True
    ana.says("waits")
    ana.do(commands.CreateInvite(ref=5))
    row = ana.database.row("SELECT idempotency FROM outbox")
    pending = ana.database.row("SELECT idempotency FROM pending")
    assert row is not None and pending is not None
    (socket,) = ana.sockets.values()
    socket.up.clear()
    client = ana.client
    for (idempotency,) in (row, pending):
        assert isinstance(idempotency, bytes)
        frame = wire.Refused(idempotency, Refusal.NO_SPACE, 1 << 50)
        data = wire.message(frame)
        ana.guarded(lambda data=data: client.link_received(socket.link, data))  # type: ignore[misc]
    world.store.full = False
    world.wait(LONGEST_WAIT + 1)
    assert bo.texts() == ["Ana: waits"]
    assert [event for event in ana.heard if event.ref == 5]


def test_a_circle_is_not_opened_and_leaves_nothing() -> None:
    world = World()
    ana = world.person("Ana")
    world.store.full = True

    def opening(ref: int) -> commands.Command:
        return commands.OpenCircle(ref=ref, name="Hallway", person="Ana", relay=HOST)

    refused = ana.refused(opening)
    assert refused.reason == "no_space" and "short of room" in refused.sentence
    assert ana.client.circles() == []
    world.store.full = False
    assert isinstance(ana.ask(opening), CircleOpened)


def test_who_comes_in_is_told_and_comes_in_later() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    bo = world.person("Bo")
    card = bo.reads(ana.invites())
    world.store.full = True
    bo.do(commands.Enter(ref=5, entry=card.entry, person="Bo"))
    world.wait(3 * NO_SPACE_WAIT)
    assert RELAY_FULL in {moved.sentence for moved in bo.told(EntryMoved)}
    assert not bo.told(Refused)
    world.store.full = False
    world.wait(3 * NO_SPACE_WAIT)
    (entered,) = [event for event in bo.heard if event.ref == 5]
    assert isinstance(entered, Entered)


def test_a_refusal_before_a_card_is_a_sentence() -> None:
    error = refusal(wire.Refused(None, Refusal.NO_SPACE, NO_SPACE_WAIT))
    assert (error.reason, str(error), error.exit) == ("no_space", RELAY_FULL, Exit.UNREACHABLE)


def test_a_device_that_wants_to_come_in_again_asks_again() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    circle = next(line.circle for line in bo.client._desk.circle_lines())
    circle.stop("This device fell behind.")
    with bo.database.transaction():
        circle.flush()
    bo.crash()
    world.settle()
    world.store.full = True
    bo.do(commands.Rejoin(ref=5))
    world.wait(3 * NO_SPACE_WAIT)
    assert bo.circle().link is LinkState.STOPPED
    world.store.full = False
    world.wait(20 * NO_SPACE_WAIT)
    bo.says("in again")
    world.settle()
    assert ana.texts() == ["Bo: in again"]
