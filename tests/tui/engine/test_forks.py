"""Two conversations under one relay's signature: everything stops, and a person chooses."""

from __future__ import annotations

from dataclasses import replace

from crypto.access.binding import AccessKeyPair
from crypto.access.log import Head
from crypto.secret import Secret
from relay import wire
from tests.harness import Person, World
from tests.tui.engine.lying import LyingWorld
from tests.tui.engine.rogue import circle_of, show
from tests.tui.engine.test_beats import beat_of, sealed
from tests.tui.engine.test_heads import head as signed_head
from tests.tui.engine.test_lies import Second
from tui.engine import commands
from tui.engine.beats import EVERY
from tui.engine.events import Finished, LinkState

RELAY = AccessKeyPair.from_seed(Secret(b"\x07" * 32))


def three(seed: int = 1) -> tuple[World, Person, Person, Person]:
    world = World(seed)
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    ana.says("one")
    world.settle()
    return world, ana, bo, cy


def other_log(by: Person, to: Person, hash: bytes = b"x" * 32) -> wire.BeatOf:
    """A beat of somebody whom the relay has shown another log."""
    record = circle_of(to).record
    head = Head.sign(RELAY, circle_of(to).id, record.incarnation, record.n, hash)
    return sealed(by, replace(beat_of(by), head=head))


def test_whose_head_disagrees_is_told() -> None:
    _, ana, bo, cy = three()
    assert ana.circle().forks == []
    show(ana, other_log(bo, ana))
    facts = ana.circle()
    assert facts.link is LinkState.STOPPED and "has shown Bo another" in facts.link_sentence
    assert [(fork.name, fork.n) for fork in facts.forks] == [("Bo", circle_of(ana).record.n)]
    show(ana, other_log(cy, ana))
    assert [fork.name for fork in ana.circle().forks] == ["Bo", "Cy"]
    assert len(ana.warnings()) == 1
    no = ana.refused(lambda ref: commands.Rejoin(ref=ref))
    assert no.reason == "fork"


def test_ones_own_conversation_stands() -> None:
    world, ana, bo, cy = three()
    show(ana, other_log(bo, ana))
    show(ana, signed_ahead(bo, ana))
    ana.expect(Finished, lambda ref: commands.SettleFork(ref=ref, mine=True))
    facts = ana.circle()
    assert facts.link is LinkState.ONLINE and facts.forks == []
    assert "You chose that this conversation stands." in ana.notices()[-1]
    show(ana, other_log(bo, ana))  # what is known of Bo's is not news
    show(ana, other_log(bo, ana, b"y" * 32))
    assert ana.circle().link is LinkState.ONLINE
    ana.says("goes on")
    world.settle()
    assert cy.texts()[-1] == "Ana: goes on"
    ana.crash()
    world.wait(EVERY * 2)
    assert ana.circle().link is LinkState.ONLINE
    show(ana, other_log(cy, ana))
    assert ana.circle().link is LinkState.STOPPED
    assert [fork.name for fork in ana.circle().forks] == ["Cy"]


def signed_ahead(by: Person, to: Person) -> wire.BeatOf:
    record = circle_of(to).record
    head = Head.sign(RELAY, circle_of(to).id, record.incarnation, record.n + 1, b"z" * 32)
    return sealed(by, replace(beat_of(by), head=head))


def test_a_choice_is_made_without_a_connection_too() -> None:
    world, ana, bo, _ = three()
    show(ana, other_log(bo, ana))
    ana.offline = True
    world.settle()
    ana.expect(Finished, lambda ref: commands.SettleFork(ref=ref, member="Bo"))
    again = ana.refused(lambda ref: commands.SettleFork(ref=ref, member="Bo"))
    assert again.reason == "no_fork" and "asks to come in again" in ana.circle().link_sentence
    ana.offline = False
    world.wait(60_000)
    assert ana.circle().link is LinkState.ONLINE


def test_a_log_under_another_name_is_another_log_too() -> None:
    _, ana, bo, _ = three()
    record = circle_of(ana).record
    same = Head.sign(RELAY, circle_of(ana).id, b"z" * 16, record.n, record.chain)
    show(ana, sealed(bo, replace(beat_of(bo), head=same)))
    assert ana.circle().link is LinkState.ONLINE
    assert circle_of(ana).record.head[:16] == record.incarnation
    other = Head.sign(RELAY, circle_of(ana).id, b"z" * 16, record.n, b"x" * 32)
    show(ana, sealed(bo, replace(beat_of(bo), head=other)))
    assert ana.circle().link is LinkState.STOPPED and ana.circle().forks[0].name == "Bo"


def test_a_head_beyond_all_numbers_says_nothing() -> None:
    _, ana, bo, _ = three()
    record = circle_of(ana).record
    head = Head.sign(RELAY, circle_of(ana).id, record.incarnation, 2**63, b"x" * 32)
    show(ana, sealed(bo, replace(beat_of(bo), head=head)))
    assert ana.circle().link is LinkState.ONLINE and ana.warnings() == []
    assert not any("disagrees" in text for text in ana.notices())


def test_a_choice_has_to_be_one() -> None:
    _, ana, bo, _ = three()
    for mine, member, reason in (
        (True, "Bo", "which"),
        (False, "", "which"),
        (True, "", "no_fork"),
        (False, "Bo", "no_fork"),
    ):
        no = ana.refused(
            lambda ref, mine=mine, member=member: commands.SettleFork(  # type: ignore[misc]
                ref=ref, mine=mine, member=member
            )
        )
        assert no.reason == reason
    show(ana, other_log(bo, ana))
    for member, reason in (("Ana", "self"), ("Nobody", "unknown_member")):
        no = ana.refused(
            lambda ref, member=member: commands.SettleFork(ref=ref, member=member)  # type: ignore[misc]
        )
        assert no.reason == reason


def test_where_the_relay_itself_is_elsewhere_this_one_can_not_go_on() -> None:
    world, ana, _, _ = three()
    record = circle_of(ana).record
    show(ana, signed_head(ana, record.n, b"x" * 32))
    assert ana.circle().link is LinkState.STOPPED
    assert "has shown this device another" in ana.circle().link_sentence
    no = ana.refused(lambda ref: commands.SettleFork(ref=ref, mine=True))
    assert no.reason == "relay_differs"
    assert [fork.name for fork in ana.circle().forks] == [""]
    for socket in ana.sockets.values():
        socket.cut()
    world.wait(60_000)  # the next connection shows this one again
    assert ana.circle().forks == []


def test_a_claim_without_the_relays_signature_stops_nothing() -> None:
    _, ana, bo, _ = three()
    beat = beat_of(bo)
    forged = replace(beat, head=replace(beat.head, hash=b"x" * 32))
    for _ in range(2):
        show(ana, sealed(bo, forged))
    assert ana.circle().link is LinkState.ONLINE and ana.warnings() == []
    (claim,) = [text for text in ana.notices() if "disagrees" in text]
    assert claim.startswith("Bo's client disagrees")


def forked(seed: int = 1) -> tuple[LyingWorld, Person, Person, Person]:
    """Bo has been shown a log without one of Ana's messages, and knows it."""
    world = LyingWorld(seed)
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    second = Second(bytes.fromhex(bo.circle().id), world, lambda entry: not second.left_out)
    world.victim, world.lie = bo, second.tell
    ana.says("kept from Bo")
    world.settle(wait=100)
    ana.says("told to all")
    world.settle(wait=100)
    cy.says("I heard")
    world.settle(wait=100)
    assert bo.circle().link is LinkState.STOPPED
    world.lie = None
    for socket in bo.sockets.values():
        socket.cut()
    world.wait(60_000)
    return world, ana, bo, cy


def test_another_members_conversation_stands() -> None:
    for seed in range(3):
        world, ana, bo, cy = forked(seed)
        assert {fork.name for fork in bo.circle().forks} & {"Ana", "Cy", ""}
        bo.expect(Finished, lambda ref: commands.SettleFork(ref=ref, member="Ana"))
        world.wait(60_000)
        assert bo.circle().link is LinkState.ONLINE, bo.circle().link_sentence
        assert bo.circle().forks == []
        world.wait(2 * EVERY)
        assert bo.circle().confirmed
        for person in (ana, cy):
            assert "Bo's device came in again, with fresh keys." in person.notices()
            assert person.warnings() == []
        bo.says("back")
        ana.says("welcome")
        world.settle()
        assert bo.texts()[-2:] == ana.texts()[-2:] == cy.texts()[-2:]
        assert circle_of(bo).record.chain == circle_of(ana).record.chain
        assert len(set(bo.texts())) == len(bo.texts())
        positions = [row.position for row in bo.rows()]
        assert positions == sorted(set(positions))


def test_coming_in_there_is_not_confirmed_by_somebody_else() -> None:
    world, ana, bo, cy = forked()
    ana.offline = True
    world.settle()
    bo.expect(Finished, lambda ref: commands.SettleFork(ref=ref, member="Ana"))
    world.wait(60_000)
    assert bo.circle().link is LinkState.ONLINE and not bo.circle().confirmed
    cy.says("not Ana")
    world.settle()
    assert not bo.circle().confirmed
    ana.offline = False
    world.wait(EVERY + 60_000)
    assert bo.circle().confirmed


def test_the_way_there_survives_a_crash_at_every_input() -> None:
    world, ana, bo, cy = forked()
    bo.expect(Finished, lambda ref: commands.SettleFork(ref=ref, member="Ana"))
    for number in range(40):
        bo.database.crash = "before" if number % 2 else "after"
        world.wait(5_000)
    bo.database.crash = ""
    world.wait(600_000)
    assert bo.circle().link is LinkState.ONLINE
    cy.says("end")
    world.settle()
    assert bo.texts()[-1] == "Cy: end"
    assert ana.warnings() == []
