"""What a relay may show to who is not in yet, and answers that belong to nothing."""

from __future__ import annotations

from crypto.access.log import Kind
from relay import wire
from tests.harness import Person, World
from tests.tui.engine.rogue import circle_of, encrypted, entry, show
from tui.engine import commands
from tui.engine.events import LinkState


def position(person: Person) -> int:
    return circle_of(person).record.n


def test_entries_before_ones_own_arrival_are_folded_and_nothing_else() -> None:
    """Neither messages nor commits of others, nor one whose side data nobody can read."""
    world = World()
    ana, _bo = world.circle("Ana", "Bo")
    circle = circle_of(ana)
    since, circle.record.since = circle.record.since, -1
    before, rows = position(ana), len(ana.rows())
    show(ana, entry(ana, Kind.MESSAGE, b"noise"))
    show(ana, entry(ana, Kind.COMMIT, b"noise", b"\x90"))
    framed = encrypted(ana, b"not even a commit")
    show(ana, entry(ana, Kind.COMMIT, framed, b"\xc1"))
    show(ana, entry(ana, Kind.COMMIT, framed, b"\x90"))
    assert position(ana) == before + 4
    assert len(ana.rows()) == rows and circle.arriving
    circle.record.since = since


def test_a_request_that_has_gone_is_nothing_to_speak_of() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    rows, before = len(ana.rows()), position(ana)
    show(ana, wire.Gone(before + 1, Kind.REQUEST, bytes(32)))
    assert position(ana) == before + 1 and len(ana.rows()) == rows
    assert ana.circle().link is LinkState.ONLINE


def test_an_answer_to_what_nobody_sent_changes_nothing() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    before = position(ana)
    show(ana, wire.Done(b"x" * 16, before + 1, world.now), wire.Done(b"x" * 16, 99, world.now))
    assert position(ana) == before and ana.circle().link is LinkState.ONLINE


def test_who_is_leaving_says_nothing_more() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    bo.offline = True
    world.settle()
    bo.do(commands.Leave())
    refused = bo.refused(lambda ref: commands.SendText(ref=ref, text="one more thing"))
    assert refused.reason == "leaving"
    bo.offline = False
    world.wait(60_000)
    assert bo.circle().left and len(ana.client.members(ana.circle().id)) == 1
