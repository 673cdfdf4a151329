"""A relay that leaves a newcomer something else than the way into the circle of the card."""

from __future__ import annotations

import pytest

from crypto.access.binding import AccessKeyPair
from crypto.primitives import sha256
from crypto.secret import Secret
from relay import wire
from relay.wire import Refusal
from tests.harness import Person, World
from tests.tui.engine.rogue import show
from tui.engine import commands
from tui.engine.events import EntryEnded, EntryMoved, EntryState, Refused
from tui.engine.links import LinkKind

RELAY = AccessKeyPair.from_seed(Secret(b"\x07" * 32)).public
HELLO = wire.Hello(b"n" * 32, RELAY, 1)
BOUND = wire.Bound(b"i" * 16, 0, bytes(32), bytes(64), 0, 1, 2, 8)


def probing() -> tuple[World, Person]:
    """Bo has asked, and looks whether somebody has answered, at a relay that a test plays."""
    world = World()
    (ana,) = world.circle("Ana")
    bo = world.person("Bo")
    card = bo.reads(ana.invites())
    ana.offline = True
    world.settle(wait=0)
    bo.do(commands.Enter(ref=7, entry=card.entry, person="Bo"))
    world.settle(wait=0)
    show(bo, wire.Answer(0))
    bo.sync()
    bo.sync()
    (socket,) = bo.sockets.values()
    (wish,) = bo.client.links().values()
    assert wish.kind is LinkKind.CIRCLE
    socket.session = None
    show(bo, HELLO)
    return world, bo


def ended(bo: Person) -> str:
    """Why it has come to nothing."""
    assert [event.entry for event in bo.told(EntryEnded)] and bo.client.entries() == []
    (refused,) = [event for event in bo.told(Refused) if event.ref == 7]
    return refused.sentence


def test_nothing_is_left_there() -> None:
    _, bo = probing()
    show(bo, BOUND, wire.Welcome(bytes(32), 0, 0, b""))
    assert "expired" in ended(bo)


def test_what_is_there_is_no_welcome() -> None:
    _, bo = probing()
    show(bo, BOUND, wire.Welcome(sha256(b"noise"), 0, 5, b"noise"))
    assert "not the circle of the card" in ended(bo)
    assert bo.client.circles() == []


def test_it_was_altered_on_the_way() -> None:
    _, bo = probing()
    show(bo, BOUND, wire.Welcome(bytes(32), 0, 5, b"noise"))
    assert bo.told(EntryEnded) == []  # the connection is given up, and another one tried
    assert bo.client.entries()[0].state is EntryState.ASKED


def test_its_parts_do_not_fit() -> None:
    _, bo = probing()
    show(bo, BOUND, wire.Welcome(bytes(32), 0, 9, b"noi"))
    show(bo, wire.Welcome(bytes(32), 4, 9, b"se"))
    assert bo.told(EntryEnded) == [] and bo.client.entries()


def test_the_relay_has_removed_the_device() -> None:
    _, bo = probing()
    show(bo, wire.Refused(None, Refusal.REMOVED))
    assert "ask anew, with fresh keys" in ended(bo)
    assert bo.client.links() == {}


@pytest.mark.parametrize("code", [Refusal.GOING, Refusal.TOO_FAST, Refusal.VERSION])
def test_a_relay_that_can_not_just_now_is_asked_again(code: int) -> None:
    world, bo = probing()
    show(bo, wire.Refused(None, code, 4_000))
    (wish,) = bo.client.links().values()
    assert wish.not_before > world.now
    assert bo.told(EntryEnded) == []


def test_another_relay_answers() -> None:
    _, bo = probing()
    bo.client.link_closed(next(iter(bo.client.links())))
    bo.world.now += 60_000
    bo.sync()
    bo.sync()
    (socket,) = bo.sockets.values()
    socket.session = None
    show(bo, wire.Hello(b"n" * 32, b"x" * 32, 1))
    assert bo.client.entries() and bo.told(EntryEnded) == []


def test_giving_up_on_a_code_that_was_used_by_another() -> None:
    world, bo = probing()
    show(bo, wire.Refused(None, Refusal.FORBIDDEN))
    bo.sync()
    bo.sync()
    (socket,) = bo.sockets.values()
    socket.session = None
    show(bo, HELLO)
    show(bo, wire.Refused(None, Refusal.INVITE_USED))
    bo.sync()
    bo.sync()
    (socket,) = bo.sockets.values()
    socket.session = None
    show(bo, HELLO, wire.Refused(None, Refusal.FORBIDDEN))
    assert ended(bo) == "This code was already used."
    assert next(event.state for event in bo.told(EntryMoved)) is EntryState.ASKED
    assert world.people


def test_a_request_that_the_relay_does_not_take() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    code = ana.invites(uses=7)
    ana.offline = True
    for name in ("Bo", "Cy", "Dee"):
        person = world.person(name)
        card = person.reads(code)
        person.do(commands.Enter(entry=card.entry, person=name))
        world.settle(wait=0)
    eve = world.person("Eve")
    card = eve.reads(code)
    refused = eve.refused(lambda ref: commands.Enter(ref=ref, entry=card.entry, person="Eve"))
    assert refused.reason == "waiting" and eve.client.entries() == []
