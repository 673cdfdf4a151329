"""A disk that is full or fails under an engine: a sentence, reading on, and nothing lost after it.

The databases are real files behind a file layer that fails on demand.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import apsw
import pytest

from crypto.secret import Secret
from relay import wire
from tests.harness import HOST, CrashingDatabase, Person, World
from tests.relay.store.disk import Disk
from tui.engine import commands
from tui.engine.commands import Command
from tui.engine.desk import DISK_WAIT
from tui.engine.events import (
    CardRead,
    CircleOpened,
    Entered,
    EntryMoved,
    Event,
    Finished,
    InviteMade,
    LinkState,
    Messages,
    Queued,
    Refused,
    SpokenEnded,
    SpokenOpened,
)
from tui.engine.store.database import Database

KEY = Secret(bytes(range(32)))


@cache
def layer() -> Disk:
    """One for all tests: SQLite's cipher stands on it by its name, and never lets go of it."""
    return Disk("engine", base="unix", quick=True)


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = layer()
    yield disk
    disk.works()
    for database in OPEN:
        database.close()
    OPEN.clear()


OPEN: list[Database] = []


def opened(disk: Disk, path: Path) -> CrashingDatabase:
    """A profile on that disk."""
    database = CrashingDatabase.open(path, KEY, vfs=f"multipleciphers-{disk.name}")
    assert isinstance(database, CrashingDatabase)
    OPEN.append(database)
    return database


class Watched(World):
    """A world in which nothing leaves a person's engine that is not in their database."""

    def deliver(self, socket: object, up: bool) -> None:
        for person in self.people:
            for each in person.sockets.values():
                for data in each.up:
                    self.check_kept(person, data)
        super().deliver(socket, up)  # type: ignore[arg-type]

    def check_kept(self, person: Person, data: bytes) -> None:
        for frame in wire.decode_from_client(data):
            if isinstance(frame, wire.Append):
                table = "outbox"
            elif isinstance(frame, wire.Commit):
                table = "pending"
            else:
                continue
            question = f"SELECT count(*) FROM {table} WHERE frame = ?"  # noqa: S608
            assert person.database.row(question, (frame.body,)) == (1,), "sent, and not kept"


def two(disk: Disk, path: Path, world: World) -> tuple[Person, Person]:
    """Ana, and Bo on that disk, in one circle."""
    ana = world.person("Ana")
    bo = world.person("Bo", database=opened(disk, path / "bo.db"))
    ana.opens()
    bo.joins(ana.invites())
    world.settle()
    ana.heard.clear()
    bo.heard.clear()
    return ana, bo


def test_a_full_disk_is_a_sentence_and_what_is_there_is_read(disk: Disk, tmp_path: Path) -> None:
    world = World()
    ana, bo = two(disk, tmp_path, world)
    ana.says("before")
    world.settle()
    disk.room = 0
    disk.failing = apsw.FullError  # the log's own room is used up, too
    refused = bo.refused(lambda ref: commands.SendText(ref=ref, text="lost"))
    assert refused.reason == "disk"
    assert refused.sentence.startswith("Your disk is full: nothing more can be kept in ")
    answer = bo.expect(Messages, lambda ref: commands.ReadMessages(ref=ref))
    assert [row.text for row in answer.rows if row.kind == "text"] == ["before"]
    facts = bo.circle()
    assert facts.link is LinkState.OFFLINE and facts.link_sentence == refused.sentence
    assert not facts.keeps
    (wish,) = bo.client.links().values()
    assert world.now < wish.not_before <= world.now + DISK_WAIT


def test_what_was_said_meanwhile_comes_once_there_is_room(disk: Disk, tmp_path: Path) -> None:
    world = World()
    ana, bo = two(disk, tmp_path, world)
    bo.says("waits")
    disk.failing = apsw.FullError
    for number in range(5):
        ana.says(f"hello {number}")
    world.wait(120_000)
    assert bo.texts() == ["Bo: waits"], "what can't be kept is not shown"
    disk.failing = None
    world.wait(DISK_WAIT)
    facts = bo.circle()
    assert (facts.link, facts.link_sentence, facts.keeps) == (LinkState.ONLINE, "", True)
    assert sorted(bo.texts()) == sorted(["Bo: waits", *(f"Ana: hello {n}" for n in range(5))])
    assert bo.texts() == ana.texts()
    assert bo.warnings() == ana.warnings() == []


def test_who_is_coming_in_is_told_and_comes_in_later(disk: Disk, tmp_path: Path) -> None:
    world = World()
    (ana,) = world.circle("Ana")
    code = ana.invites()
    bo = world.person("Bo", database=opened(disk, tmp_path / "bo.db"))
    card = bo.reads(code)
    disk.failing = apsw.FullError
    refused = bo.refused(lambda ref: commands.Enter(ref=ref, entry=card.entry, person="Bo"))
    assert refused.reason == "disk"
    disk.failing = None
    bo.do(commands.Enter(ref=77, entry=card.entry, person="Bo"))
    disk.failing = apsw.FullError
    world.settle()
    assert any("Your disk is full" in moved.sentence for moved in bo.told(EntryMoved))
    assert not [event for event in bo.heard if event.ref == 77]
    disk.failing = None
    world.wait(60_000)
    (answer,) = [event for event in bo.heard if event.ref == 77]
    assert isinstance(answer, Entered)


def test_who_opens_a_circle_is_answered_once_there_is_room(disk: Disk, tmp_path: Path) -> None:
    world = World()
    bo = world.person("Bo", database=opened(disk, tmp_path / "bo.db"))
    bo.do(commands.OpenCircle(ref=5, name="Hallway", person="Bo", relay=HOST))
    while not bo.client.circles():
        world.step()
    disk.failing = apsw.FullError
    world.settle()
    assert not [event for event in bo.heard if event.ref == 5]
    disk.failing = None
    world.wait(2 * DISK_WAIT)
    (answer,) = [event for event in bo.heard if event.ref == 5]
    assert isinstance(answer, CircleOpened)


@pytest.mark.parametrize("opens", [False, True], ids=["while it is made", "once it is open"])
def test_a_spoken_code_is_over_and_says_so(disk: Disk, tmp_path: Path, opens: bool) -> None:
    world = World()
    _, bo = two(disk, tmp_path, world)
    bo.do(commands.OpenSpoken(ref=5))
    if opens:
        world.settle()
        assert bo.told(SpokenOpened)
    disk.failing = apsw.FullError
    bo.do(commands.SendText(ref=6, text="lost"))
    answers = [event for event in bo.heard if event.ref == 5]
    assert len(answers) == 1
    if opens:
        (ended,) = bo.told(SpokenEnded)
        assert "Your disk is full" in ended.sentence
    else:
        assert isinstance(answers[0], Refused) and answers[0].reason == "disk"
    disk.failing = None
    world.wait(DISK_WAIT)
    bo.expect(SpokenOpened, lambda ref: commands.OpenSpoken(ref=ref))


def test_what_lives_on_a_connection_has_failed(disk: Disk, tmp_path: Path) -> None:
    world = World()
    _, bo = two(disk, tmp_path, world)
    bo.do(commands.OpenCircle(ref=5, name="Second", person="Bo", relay=HOST))
    disk.failing = apsw.FullError
    bo.do(commands.SendText(ref=6, text="lost"))
    refused = {event.ref: event.reason for event in bo.told(Refused)}
    assert refused == {5: "disk", 6: "disk"}


def test_a_circle_that_is_over_waits_for_no_disk(disk: Disk, tmp_path: Path) -> None:
    world = World()
    _, bo = two(disk, tmp_path, world)
    bo.do(commands.Leave(ref=5))
    world.wait(60_000)
    before = bo.circle()
    disk.failing = apsw.FullError
    refused = bo.refused(lambda ref: commands.SaveDraft(ref=ref, text="x"))
    assert refused.reason == "disk"
    assert bo.circle() == before


def test_an_fsync_that_fails_is_never_taken_for_kept(disk: Disk, tmp_path: Path) -> None:
    world = Watched()
    ana, bo = two(disk, tmp_path, world)
    disk.failing_syncs = apsw.IOError
    refused = bo.refused(lambda ref: commands.SendText(ref=ref, text="not kept"))
    assert refused.sentence.startswith("Your disk fails: ")
    assert bo.texts() == []
    ana.says("meanwhile")
    world.wait(60_000)
    assert bo.texts() == [], "what is not on the disk is not shown"
    disk.failing_syncs = None
    world.wait(DISK_WAIT)
    bo.says("kept")
    world.settle()
    assert ana.texts() == bo.texts() == ["Ana: meanwhile", "Bo: kept"]


Act = Callable[[int], Command]


def insist(world: World, person: Person, make: Act) -> Event:
    """Ask until the disk takes it, as a person would; every time there is one answer."""
    for _ in range(5):
        answer = person.ask(make)
        if not isinstance(answer, Refused) or answer.reason != "disk":
            return answer
        world.wait(2 * DISK_WAIT)
    raise AssertionError("the disk never takes it")


def story(disk: Disk, path: Path, fails_after: int | None, error: type[apsw.Error]) -> int:
    """Bo opens a circle, Ana comes in, both talk, Bo goes by another name. How often Bo's disk
    was written to; once, after so many times, it fails."""
    world = Watched(seed=5)
    database = opened(disk, path)
    disk.calls = 0
    disk.failing_once, disk.failing_after = error, fails_after
    bo, ana = world.person("Bo", database=database), world.person("Ana")

    def opening(ref: int) -> Command:
        return commands.OpenCircle(ref=ref, name="Hallway", person="Bo", relay=HOST)

    assert isinstance(insist(world, bo, opening), CircleOpened)
    made = insist(world, bo, lambda ref: commands.CreateInvite(ref=ref))
    assert isinstance(made, InviteMade)
    card = ana.reads(made.invite.code)
    ana.do(commands.Enter(ref=77, entry=card.entry, person="Ana"))
    world.wait(60_000)  # it is Bo who lets her in, once he can
    assert [type(event) for event in ana.heard if event.ref == 77] == [Entered]
    taken = []
    for number in range(3):
        ana.says(f"a{number}")
        answer = insist(world, bo, lambda ref, n=number: commands.SendText(ref=ref, text=f"b{n}"))  # type: ignore[misc]
        assert isinstance(answer, Queued)
        taken.append(f"b{number}")
    renamed = insist(world, bo, lambda ref: commands.Rename(ref=ref, person="Robert"))
    assert isinstance(renamed, Finished)
    assert isinstance(
        insist(world, bo, lambda ref: commands.SaveDraft(ref=ref, text="x")), Finished
    )
    disk.failing_after = None
    world.wait(2 * DISK_WAIT)
    assert bo.texts() == ana.texts()
    assert [text for text in ana.texts() if text.startswith("Bo")] == [
        f"Bo: {text}" for text in taken
    ], "nothing lost, nothing doubled, in order"
    assert len(ana.texts()) == 6
    assert set(bo.states()) <= {"delivered", "confirmed"}
    assert ana.warnings() == bo.warnings() == []
    bo.crash()
    assert bo.texts() == ana.texts(), "and on the disk it is the same"
    return disk.calls


ERRORS = [apsw.FullError, apsw.IOError]


def test_a_disk_that_fails_once_anywhere_costs_nothing(disk: Disk, tmp_path: Path) -> None:
    calls = story(disk, tmp_path / "clean.db", None, apsw.IOError)
    assert calls > 100
    chosen = random.Random(11)
    for run in range(10):
        story(disk, tmp_path / f"{run}.db", chosen.randrange(calls), ERRORS[run % 2])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("error", ERRORS)
def test_a_disk_that_fails_once_at_every_write(
    disk: Disk, tmp_path: Path, error: type[apsw.Error]
) -> None:
    calls = story(disk, tmp_path / "clean.db", None, error)
    for after in range(calls):
        story(disk, tmp_path / f"{after}.db", after, error)


def test_a_disk_that_comes_and_goes(disk: Disk, tmp_path: Path) -> None:
    """Full, failing, or well, from one step to the next."""
    for seed in range(4):
        world = Watched(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        ana, bo = two(disk, folder, world)
        taken: list[str] = []
        for number in range(12):
            disk.failing = world.random.choice([None, None, apsw.FullError])
            disk.failing_syncs = world.random.choice([None, None, apsw.IOError])
            bo.heard.clear()
            bo.do(commands.SendText(ref=1000 + number, text=f"b{number}"))
            (answer,) = [event for event in bo.heard if event.ref == 1000 + number]
            if isinstance(answer, Queued):
                taken.append(f"Bo: b{number}")
            ana.says(f"a{number}")
            for _ in range(world.random.randrange(60)):
                world.step()
            world.now += world.random.choice([0, 0, DISK_WAIT])
        disk.failing = disk.failing_syncs = None
        world.wait(600_000)
        assert ana.texts() == bo.texts()
        assert [text for text in ana.texts() if text.startswith("Bo")] == taken
        assert len(ana.texts()) == 12 + len(taken)
        assert ana.warnings() == bo.warnings() == []


def test_a_code_that_is_being_read_can_be_read_again(disk: Disk, tmp_path: Path) -> None:
    world = World()
    ana, bo = two(disk, tmp_path, world)
    second = world.person("Ana2")
    second.opens("Second")
    code = second.invites()
    bo.do(commands.ReadCode(ref=5, code=code))
    disk.failing = apsw.FullError
    bo.do(commands.SendText(ref=6, text="lost"))
    (answer,) = [event for event in bo.heard if event.ref == 5]
    assert isinstance(answer, Refused) and answer.reason == "disk"
    disk.failing = None
    world.wait(DISK_WAIT)
    assert isinstance(bo.reads(code), CardRead)
    assert ana.circle().link is LinkState.ONLINE
