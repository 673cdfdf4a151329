"""Relays whose certificate nobody vouches for: the pin comes with the address, and goes along."""

from __future__ import annotations

import pytest

from tests.harness import HOST, Person, World
from tests.tui.engine.rogue import circle_of
from tests.tui.engine.test_moving import THERE, moves
from tui.engine import commands
from tui.engine.entering import OTHER_CERTIFICATE
from tui.engine.events import CircleOpened, EntryState, Exit, LinkState, SpokenOpened

pytestmark = pytest.mark.slow  # whole circles

PIN, THEIRS = b"p" * 32, b"x" * 32


def opening(relay: str, ref: int) -> commands.OpenCircle:
    return commands.OpenCircle(ref=ref, name="Hallway", person="Ana", relay=relay)


def pinned() -> tuple[World, Person, Person]:
    """Ana's circle at a relay that made its own certificate, and Bo who is not in yet."""
    world = World()
    world.certificates[HOST] = PIN
    ana = world.person("Ana", default=f"{HOST}+{PIN.hex()}")
    ana.expect(CircleOpened, lambda ref: opening(f"{HOST}+{PIN.hex()}", ref))
    return world, ana, world.person("Bo")


def test_a_circle_is_opened_by_the_pin_alone() -> None:
    world = World()
    world.certificates[HOST] = PIN
    ana = world.person("Ana")
    for relay in (HOST, f"{HOST}+{THEIRS.hex()}"):
        refused = ana.refused(lambda ref, relay=relay: opening(relay, ref))  # type: ignore[misc]
        assert (refused.exit, refused.sentence) == (Exit.UNREACHABLE, "Another certificate.")
    for relay in (f"{HOST}+beef", f"ws://{HOST}+{PIN.hex()}"):
        refused = ana.refused(lambda ref, relay=relay: opening(relay, ref))  # type: ignore[misc]
        assert refused.reason == "not_possible"
    ana.expect(CircleOpened, lambda ref: opening(f"{HOST}+{PIN.hex()}", ref))
    there, _ = circle_of(ana).view.state.relay
    assert (there.address, there.certificate_pin) == (HOST, PIN)
    assert circle_of(ana).record.pin == PIN


@pytest.mark.parametrize("spoken", [False, True])
def test_whoever_has_a_code_comes_in_without_the_pin(spoken: bool) -> None:
    world, ana, bo = pinned()
    if spoken:
        code = ana.expect(SpokenOpened, lambda ref: commands.OpenSpoken(ref=ref)).code
        assert "@" not in code, "the address is Ana's own relay's, pin or not"
    else:
        code = ana.invites()
    bo.joins(code)
    assert circle_of(bo).record.pin == PIN
    ana.says("so here you are")
    world.settle()
    assert bo.texts() == ["Ana: so here you are"]


def test_somebody_in_between_learns_nothing_and_lets_nobody_in() -> None:
    world, ana, bo = pinned()
    code = ana.invites()
    world.certificates[HOST] = THEIRS
    refused = bo.refused(lambda ref: commands.ReadCode(ref=ref, code=code))
    assert refused.reason == "certificate"
    assert refused.sentence == OTHER_CERTIFICATE.format(address=HOST)
    assert ana.notices() == [] and bo.client.circles() == []
    world.certificates[HOST] = PIN
    bo.joins(code)


def test_somebody_comes_in_between_once_the_card_is_read() -> None:
    world, ana, bo = pinned()
    code = ana.invites()
    card = bo.reads(code)
    world.certificates[HOST] = THEIRS
    bo.ref += 1
    bo.do(commands.Enter(ref=bo.ref, entry=card.entry, person="Bo"))
    world.wait(60_000)
    assert [line.state for line in bo.client.entries()] == [EntryState.ASKED]
    assert ana.notices() == []
    world.certificates[HOST] = PIN
    world.wait(10 * 60_000)
    assert bo.circle().link is LinkState.ONLINE


def test_a_circle_moves_to_a_pinned_relay_and_takes_its_people_along() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    world.relay(THERE)
    world.certificates[THERE] = PIN
    refused = ana.refused(lambda ref: commands.MoveCircle(ref=ref, relay=THERE))
    assert refused.sentence == "Another certificate."
    told = moves(ana, f"{THERE}+{PIN.hex()}")
    assert told.relay == THERE
    world.wait(60_000)
    ana.says("here")
    world.wait(60_000)
    assert bo.texts()[-1] == "Ana: here"
    for person in (ana, bo):
        facts = person.circle()
        assert (facts.relay, facts.link) == (THERE, LinkState.ONLINE)
        assert circle_of(person).record.pin == PIN
