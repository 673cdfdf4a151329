"""A device that fell behind its circle stops, and comes in again on the person's word."""

from __future__ import annotations

import pytest

from crypto.access.binding import AccessKeyPair
from crypto.access.side_data import Cap, Rekey, encode
from crypto.primitives import sha256
from crypto.secret import Secret
from relay import wire
from tests.harness import CrashingDatabase, Person, World
from tests.tui.engine.rogue import circle_of, encrypted, entry, show
from tui.engine import commands
from tui.engine.events import Finished, LinkState
from tui.engine.following import OLD_COPY
from tui.engine.store.backup import MADE_ANEW

pytestmark = pytest.mark.slow  # whole circles, with a crash at every input


def copied(person: Person) -> list[tuple[str, list[tuple[object, ...]]]]:
    """Everything in a profile, as a backup would have it."""
    tables = [
        str(row[0])
        for row in person.database.rows(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        )
    ]
    kept = [table for table in tables if table not in MADE_ANEW]
    return [(table, list(person.database.rows(f"SELECT * FROM {table}"))) for table in kept]  # noqa: S608


def restored(person: Person, copy: list[tuple[str, list[tuple[object, ...]]]]) -> None:
    """The profile is what it was when the backup was made."""
    database: CrashingDatabase = person.database
    database._connection.pragma("foreign_keys", "off")
    with database.transaction():
        for table, rows in copy:
            database.write(f"DELETE FROM {table}")  # noqa: S608
            for row in rows:
                marks = ", ".join("?" for _ in row)
                database.write(f"INSERT INTO {table} VALUES ({marks})", row)  # type: ignore[arg-type]  # noqa: S608
    database._connection.pragma("foreign_keys", "on")
    person.crash()


def with_an_old_copy(seed: int = 1) -> tuple[World, Person, Person, Person]:
    """Bo's profile is restored from a backup that is older than what Bo has said."""
    world = World(seed)
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    bo.says("one")
    world.settle()
    copy = copied(bo)
    bo.says("two")
    world.settle()
    restored(bo, copy)
    return world, ana, bo, cy


def test_an_old_copy_stops_before_it_sends_anything() -> None:
    world, ana, bo, _ = with_an_old_copy()
    before = len(world.store.shelves[bytes.fromhex(ana.circle().id)].records)
    bo.says("three")
    world.wait(60_000)
    facts = bo.circle()
    assert facts.link is LinkState.STOPPED and "restored copy" in facts.link_sentence
    assert bo.client.may_return(facts.id)
    assert facts.waiting == 1
    assert len(world.store.shelves[bytes.fromhex(facts.id)].records) == before
    assert ana.texts() == ["Bo: one", "Bo: two"]


def test_it_comes_in_again_and_what_was_typed_is_sent() -> None:
    world, ana, bo, cy = with_an_old_copy()
    bo.says("three")
    world.wait(1_000)
    refused = bo.refused(lambda ref: commands.SendText(ref=ref, text="four"))
    assert refused.reason == "not_active"
    bo.expect(Finished, lambda ref: commands.Rejoin(ref=ref))
    world.wait(60_000)
    assert bo.circle().link is LinkState.ONLINE
    for person in (ana, cy):
        assert person.texts() == ["Bo: one", "Bo: two", "Bo: three"]
        assert "Bo's device came in again, with fresh keys." in person.notices()
        assert person.warnings() == []
    bo.says("five")
    ana.says("welcome back")
    world.settle()
    assert bo.texts()[-2:] == ana.texts()[-2:] == cy.texts()[-2:]
    assert ana.circle().chairs == 3
    no = bo.refused(lambda ref: commands.Rejoin(ref=ref))
    assert no.reason == "not_needed"


def test_coming_in_again_survives_crashes_and_cuts() -> None:
    for seed in range(8):
        world, ana, bo, cy = with_an_old_copy(seed)
        bo.says("three")
        world.wait(1_000)
        bo.do(commands.Rejoin())
        for number in range(80):
            if world.random.random() < 0.15:
                person = world.random.choice([ana, bo, cy])
                person.database.crash = world.random.choice(["before", "after"])
            if world.random.random() < 0.1 and world.sockets():
                world.random.choice(world.sockets()).cut()
            if number % 20 == 10:
                ana.says(f"meanwhile {number}")
            if world.random.random() < 0.2:
                world.now += 1_000
                world.tick()
            world.step()
        for person in world.people:
            person.database.crash = ""
        world.wait(3_600_000)
        if bo.circle().link is LinkState.STOPPED:
            bo.do(commands.Rejoin())  # the crash came before it was written down
            world.wait(3_600_000)
        assert bo.circle().link is LinkState.ONLINE, (seed, bo.circle())
        bo.says("end")
        world.wait(60_000)
        assert ana.texts() == cy.texts(), seed
        assert ana.texts()[-1] == "Bo: end" and "Bo: three" in ana.texts(), seed
        assert bo.texts()[-2:] == ana.texts()[-2:], seed
        assert sorted(set(ana.texts())) == sorted(ana.texts()), seed
        assert ana.warnings() == cy.warnings() == [], seed


def test_who_asks_twice_asks_once() -> None:
    world, ana, bo, _ = with_an_old_copy()
    world.wait(1_000)
    ana.offline = True
    world.people[2].offline = True
    world.settle()
    for _ in range(2):
        bo.expect(Finished, lambda ref: commands.Rejoin(ref=ref))
    kinds = [record.kind for record in world.store.shelves[bytes.fromhex(bo.circle().id)].records]
    assert kinds.count(4) == 1


def test_a_device_that_was_away_too_long_says_so() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    bo.offline = True
    world.settle()
    ana.says("early")
    world.settle()
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, topic="moved on"))
    world.now += 400 * 86_400_000
    shelf = world.store.shelves[bytes.fromhex(ana.circle().id)]
    for place, record in enumerate(shelf.records):
        shelf.records[place] = type(record)(
            record.n,
            record.kind,
            record.time,
            None,
            b"",
            record.sender,
            record.idempotency_id,
            record.entry_hash,
            record.chain,
        )
    bo.offline = False
    world.wait(60_000)
    assert "away for so long" in bo.circle().link_sentence
    assert "A message has gone before this device could read it." in bo.notices()
    assert bo.circle().link_sentence in bo.warnings()
    bo.expect(Finished, lambda ref: commands.Rejoin(ref=ref))
    world.wait(60_000)
    assert bo.circle().link is LinkState.ONLINE and bo.circle().topic == "moved on"


def asked() -> tuple[World, Person]:
    """Bo, who has asked to come in again, and to whom nobody answers."""
    world, ana, bo, cy = with_an_old_copy()
    world.wait(1_000)
    ana.offline = cy.offline = True
    world.settle(wait=0)
    bo.expect(Finished, lambda ref: commands.Rejoin(ref=ref))
    assert bo.circle().link is LinkState.STOPPED
    return world, bo


def test_a_welcome_that_is_none_leads_nowhere() -> None:
    world, bo = asked()
    before = bo.circle().link_sentence
    for parts in (
        [wire.Welcome(bytes(32), 0, 0, b"")],
        [wire.Welcome(bytes(32), 3, 9, b"part")],
        [wire.Welcome(bytes(32), 0, 9, b"half")],
        [wire.Welcome(bytes(32), 4, 9, b"other")],  # the hash is that of something else
    ):
        show(bo, *parts)
        assert bo.circle().link_sentence == before
    noise = b"no Welcome"
    show(bo, wire.Welcome(sha256(noise), 0, len(noise), noise))
    assert "does not hold" in bo.circle().link_sentence
    other = World(seed=5)
    (eve,) = other.circle("Eve")
    assert eve.circle().id != bo.circle().id
    show(eve, wire.Welcome(bytes(32), 0, 4, b"what"))
    assert eve.circle().link is LinkState.ONLINE
    assert world.people


def test_commits_that_are_not_the_answer_are_read_like_any_other() -> None:
    world, bo = asked()
    ana = world.people[0]
    for side_data in (b"noise", encode([Cap(3)])):
        show(bo, entry(bo, 2, encrypted(ana, b"no commit")[:-1] + b"\0", side_data))
        assert circle_of(bo).waits_for_welcome is False
    assert len(bo.warnings()) == 2


def test_while_the_welcome_is_fetched_nothing_is_read() -> None:
    world, bo = asked()
    rows = bo.database.rows("SELECT access_seed FROM rejoinings")
    assert isinstance(rows[0][0], bytes)
    new = AccessKeyPair.from_seed(Secret(rows[0][0])).public
    show(bo, entry(bo, 2, encrypted(bo, b"exchange"), encode([Rekey(bytes(32), new, bytes(64))])))
    assert circle_of(bo).waits_for_welcome
    position = circle_of(bo).record.n
    show(bo, entry(bo, 1, b"of the next group"))
    show(bo, wire.Gone(position + 1, 1, bytes(32)))
    assert circle_of(bo).record.n == position
    bo.crash()
    assert circle_of(bo).waits_for_welcome
    assert world.people


def test_a_request_of_a_device_that_is_not_there_is_passed_over() -> None:
    world, bo = asked()
    (body,) = bo.database.rows("SELECT body FROM rejoinings")[0]
    assert isinstance(body, bytes)
    ana = world.people[0]
    ana.offline = False
    world.wait(60_000)
    assert bo.circle().link is LinkState.ONLINE
    show(ana, entry(ana, 4, body))
    show(ana, entry(ana, 4, b"noise"))
    assert ana.notices()[-1] == "A request to come in again can't be read."


def test_an_old_copy_that_sees_a_change_of_its_own_stops() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    copy = copied(bo)
    bo.expect(Finished, lambda ref: commands.Rename(ref=ref, person="Bob"))
    world.settle()
    restored(bo, copy)
    world.wait(60_000)
    assert bo.circle().link is LinkState.STOPPED
    assert bo.circle().link_sentence == OLD_COPY
    assert ana.circle().link is LinkState.ONLINE


def test_once_it_is_let_in_the_new_key_is_bound_with() -> None:
    """The line is lost between the exchange of leaves and the Welcome."""
    world, ana, bo, cy = with_an_old_copy()
    bo.says("three")
    world.wait(1_000)
    bo.ref += 1
    bo.do(commands.Rejoin(ref=bo.ref))
    before = circle_of(bo).access.public
    while not circle_of(bo).waits_for_welcome:
        if not world.step():
            world.now += 1_000
            world.tick()
    for socket in world.sockets():
        socket.cut()
    bo.sync()
    while bo.circle().link is not LinkState.ONLINE:
        if not world.step():
            world.now += 1_000
            world.tick()
    world.wait(60_000)
    assert circle_of(bo).access.public != before
    assert bo.circle().link is LinkState.ONLINE and not circle_of(bo).waits_for_welcome
    assert ana.texts() == cy.texts() == ["Bo: one", "Bo: two", "Bo: three"]
