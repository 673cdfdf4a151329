"""A profile's backup: what was said and who one is, and nothing that is live."""

from __future__ import annotations

from pathlib import Path

import pytest

from crypto.secret import Secret
from tests.harness import CrashError, CrashingDatabase, Person, World, fresh_database
from tests.tui.engine.rogue import circle_of
from tui.engine import commands
from tui.engine.events import Finished, LinkState
from tui.engine.returning import ALONE
from tui.engine.store import backup
from tui.engine.store.database import Database
from tui.engine.store.records import Store

KEY = Secret(bytes(range(32)))


def written(person: Person, path: Path) -> Database:
    """A backup of somebody's profile, opened."""
    person.expect(Finished, lambda ref: commands.Backup(ref=ref, path=str(path), key=KEY.reveal()))
    return Database.open(path, KEY)


def restored(world: World, person: Person, path: Path) -> Person:
    """The person at another computer, with the backup."""
    source = Database.open(path, KEY)
    database: CrashingDatabase = fresh_database()
    with database.transaction():
        backup.copy(source, database)
    source.close()
    return world.person(person.name, person.default, database)


def test_every_table_is_kept_or_left_out() -> None:
    rows = fresh_database().rows(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    )
    assert sorted(str(row[0]) for row in rows) == sorted(
        backup.KEPT + backup.LEFT_OUT + backup.MADE_ANEW
    )


def test_nothing_live_is_in_it(tmp_path: Path) -> None:
    world = World()
    ana, _ = world.circle("Ana", "Bo")
    ana.says("a canary among words")
    world.settle()
    group = circle_of(ana).members
    secret = group.state.epoch.secrets.exporter_secret.reveal()
    private = group.state.epoch.private.leaf_key_pair.secret.reveal()
    copy = written(ana, tmp_path / "copy")
    for table in backup.LEFT_OUT:
        assert copy.rows(f"SELECT * FROM {table}") == []  # noqa: S608
    for table in backup.KEPT:
        for row in copy.rows(f"SELECT * FROM {table}"):  # noqa: S608
            for value in row:
                assert not (isinstance(value, bytes) and (secret in value or private in value))
    (record,) = Store(copy).circles.where("1")
    assert record.status == "stopped" and record.sentence == backup.RESTORED
    assert b"canary" not in (tmp_path / "copy").read_bytes()
    copy.close()
    assert repr(commands.Backup(path="there", key=KEY.reveal())) == "Backup(path='there')"


def test_another_computer_comes_in_with_it_and_the_first_is_out(tmp_path: Path) -> None:
    world = World()
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    bo.says("one")
    world.settle()
    ana.do(commands.React(id=bo.rows()[-1].id, what="♥"))
    world.settle()
    written(bo, tmp_path / "copy").close()
    ana.says("two")
    world.settle()
    bo.says("three")
    world.settle()
    bo.offline = True
    again = restored(world, bo, tmp_path / "copy")
    world.wait(1_000)
    facts = again.circle()
    assert facts.link is LinkState.STOPPED and facts.link_sentence == backup.RESTORED
    assert (facts.cap, facts.chairs, facts.left) == (8, 3, False)
    assert again.texts() == ["Bo: one"] and again.rows()[-1].reactions
    assert [member.name for member in again.client.members(facts.id)] == ["Ana", "Bo", "Cy"]
    assert again.client.invites(facts.id) == []
    assert again.client.may_return(facts.id)
    assert again.refused(lambda ref: commands.SendText(ref=ref, text="no")).reason == "not_active"
    again.expect(Finished, lambda ref: commands.Rejoin(ref=ref))
    world.wait(60_000)
    assert again.circle().link is LinkState.ONLINE
    again.says("four")
    world.settle()
    ana.says("five")
    world.wait(60_000)
    # What the others said meanwhile is sent again; one's own from the lost device is not.
    assert sorted(again.texts()) == ["Ana: five", "Ana: two", "Bo: four", "Bo: one"]
    for person in (ana, cy):
        assert person.texts() == ["Bo: one", "Ana: two", "Bo: three", "Bo: four", "Ana: five"]
        assert "Bo's device came in again, with fresh keys." in person.notices()
        assert person.warnings() == []
    bo.offline = False
    world.wait(60_000)
    assert bo.circle().link is LinkState.STOPPED
    assert bo.texts() == ["Bo: one", "Ana: two", "Bo: three"]
    assert again.circle().link is LinkState.ONLINE


def test_coming_in_survives_crashes(tmp_path: Path) -> None:
    for seed in range(4):
        world = World(seed)
        ana, bo, _ = world.circle("Ana", "Bo", "Cy")
        bo.says("one")
        world.settle()
        path = tmp_path / str(seed)
        written(bo, path).close()
        bo.offline = True
        again = restored(world, bo, path)
        again.do(commands.Rejoin())
        for number in range(60):
            if world.random.random() < 0.2:
                person = world.random.choice([ana, again])
                person.database.crash = world.random.choice(["before", "after"])
            if number == 30:
                ana.says("meanwhile")
            world.now += 1_000
            world.tick()
        again.do(commands.Rejoin())
        world.wait(120_000)
        assert again.circle().link is LinkState.ONLINE, seed
        again.says("two")
        world.wait(60_000)
        assert ana.texts()[-1] == "Bo: two"


def test_what_waits_stands_in_the_composer_again(tmp_path: Path) -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.says("one")
    world.settle()
    ana.offline = True
    ana.says("two")
    ana.says("three")
    ana.do(commands.React(id=bo.rows()[-1].id, what="♥"))
    ana.do(commands.SaveDraft(text="four"))
    written(ana, tmp_path / "copy").close()
    again = restored(world, ana, tmp_path / "copy")
    again.offline = True
    assert again.circle().draft == "two\nthree\nfour"
    assert again.texts() == ["Ana: one"] and not again.rows()[-1].reactions
    assert ana.texts() == ["Ana: one", "Ana: two", "Ana: three"]


def test_circles_that_ended_or_never_began(tmp_path: Path) -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    bo.says("so long")
    world.settle()
    bo.expect(Finished, lambda ref: commands.Leave(ref=ref))
    world.wait(10_000)
    bo.opens("Mine")
    written(bo, tmp_path / "copy").close()
    again = restored(world, bo, tmp_path / "copy")
    world.wait(1_000)
    left, mine = again.client.circles()
    assert left.left and again.texts(left.id) == ["Bo: so long"]
    refused = again.refused(lambda ref: commands.Rejoin(ref=ref, circle=mine.id))
    assert refused.sentence == ALONE
    assert ana.circle().chairs == 1


def test_a_circle_that_is_being_opened_is_not_in_it(tmp_path: Path) -> None:
    world = World()
    ana = world.person("Ana")
    ana.opens()
    with ana.database.transaction():
        ana.database.write("UPDATE circles SET status = 'founding'")
    copy = written(ana, tmp_path / "copy")
    assert Store(copy).circles.where("1") == []
    copy.close()


def test_a_backup_of_what_was_restored(tmp_path: Path) -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    bo.says("one")
    world.settle()
    written(bo, tmp_path / "first").close()
    bo.offline = True
    second = restored(world, bo, tmp_path / "first")
    written(second, tmp_path / "second").close()
    second.offline = True
    third = restored(world, bo, tmp_path / "second")
    third.expect(Finished, lambda ref: commands.Rejoin(ref=ref))
    world.wait(60_000)
    third.says("two")
    world.settle()
    assert ana.texts() == ["Bo: one", "Bo: two"]


def test_a_place_that_cannot_be_written_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    path = str(tmp_path / "nowhere" / "copy")
    no = ana.refused(lambda ref: commands.Backup(ref=ref, path=path, key=KEY.reveal()))
    assert no.reason == "backup" and "cannot be opened" in no.sentence
    ana.says("one")
    world.settle()
    assert bo.texts() == ["Ana: one"]


@pytest.mark.parametrize("crash", ["before", "after"])
def test_restoring_is_all_or_nothing(tmp_path: Path, crash: str) -> None:
    world = World()
    ana, _ = world.circle("Ana", "Bo")
    written(ana, tmp_path / "copy").close()
    source, database = Database.open(tmp_path / "copy", KEY), fresh_database()
    database.crash = crash
    with pytest.raises(CrashError), database.transaction():
        backup.copy(source, database)
    assert len(database.rows("SELECT 1 FROM circles")) == (crash == "after")
    source.close()
