"""The SQLite store: the contract, and what is its own: the file, the disk, the sudden end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import apsw
import pytest

from relay.store.blobs import Disk as FileDisk
from relay.store.contract import (
    BROKEN,
    NO_SPACE,
    STORED,
    Append,
    Conflict,
    Cursor,
    Intention,
    Outcome,
    StoreError,
)
from relay.store.sqlite import SqliteStore
from tests.relay.blob_contract import BlobContract
from tests.relay.store.disk import Disk
from tests.relay.store_contract import (
    ANA,
    EVERYTHING,
    C,
    D,
    Desk,
    ForgettingContract,
    Issue,
    StoreContract,
    append,
    creation,
    record,
)

Opened = Callable[..., Desk]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "relay.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Opened]:
    stores: list[SqliteStore] = []

    def open_one(vfs: str | None = None, files: FileDisk | None = None, **options: int) -> Desk:
        def open_store(wake: Callable[[], None]) -> SqliteStore:
            rng = Random(len(stores)).randbytes
            stores.append(SqliteStore(path, wake, rng, vfs, disk=files, **options))
            return stores[-1]

        return Desk(open_store)

    yield open_one
    for store in stores:
        store.close()


class TestContract(StoreContract):
    @pytest.fixture
    def opened(self, opened: Opened) -> Opened:
        return opened

    @pytest.fixture
    def issue(self, path: Path) -> Issue:
        def issue(hashed: bytes, uses: int, until: int) -> None:
            with apsw.Connection(str(path)) as connection:
                connection.execute("INSERT INTO token VALUES (?, ?, ?)", (hashed, uses, until))

        return issue


class TestForgetting(ForgettingContract):
    @pytest.fixture
    def opened(self, opened: Opened) -> Opened:
        return opened


class TestBlobs(BlobContract):
    @pytest.fixture
    def opened(self, opened: Opened) -> Opened:
        return opened


class TestFile:
    def test_a_foreign_database_is_refused_and_left_alone(self, path: Path) -> None:
        other = apsw.Connection(str(path))
        other.execute("CREATE TABLE theirs (x)")
        other.close()
        before = path.read_bytes()
        with pytest.raises(StoreError, match="not a relay's"):
            SqliteStore(path, lambda: None)
        assert path.read_bytes() == before

    def test_what_is_no_database_is_refused_and_left_alone(self, path: Path) -> None:
        path.write_bytes(b"Dear diary, " * 1000)
        with pytest.raises(StoreError, match="damaged or not a relay's database"):
            SqliteStore(path, lambda: None)
        assert path.read_bytes() == b"Dear diary, " * 1000

    def test_a_newer_schema_is_refused(self, path: Path, opened: Opened) -> None:
        opened().store.close()
        newer = apsw.Connection(str(path))
        newer.pragma("user_version", 999)
        newer.close()
        with pytest.raises(StoreError, match=r"schema 999.*Update Hallway"):
            SqliteStore(path, lambda: None)

    def test_a_directory_that_is_not_there_is_a_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="Is its directory writable"):
            SqliteStore(tmp_path / "nowhere" / "relay.db", lambda: None)

    @pytest.mark.parametrize("damage", ["DELETE FROM relay", "UPDATE relay SET key = x''"])
    def test_a_relay_without_its_key_is_refused(
        self, path: Path, opened: Opened, damage: str
    ) -> None:
        opened().store.close()
        damaged = apsw.Connection(str(path))
        damaged.execute(damage)
        damaged.close()
        with pytest.raises(StoreError, match="lost the relay's key"):
            SqliteStore(path, lambda: None)


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk("watched")
    yield disk
    disk.unregister()


class TestWriteAheadLog:
    def test_it_is_written_back_before_it_grows_without_end(
        self, path: Path, opened: Opened
    ) -> None:
        desk = opened(checkpoint=8)
        desk.do(creation(C))
        log = path.with_name("relay.db-wal")
        longest = 0
        for n in range(1, 400):
            assert desk.do(append(C, n)) is STORED
            longest = max(longest, log.stat().st_size)
        assert longest < 100 * 4096, "each commit is a few pages; eight or so are due"
        assert path.stat().st_size > 20 * 4096
        assert len(desk.read(C)) == 399

    def test_a_thread_of_its_own_writes_it_back(self, opened: Opened, disk: Disk) -> None:
        desk = opened(disk.name, checkpoint=50)
        desk.do(creation(C))
        disk.writers.clear()
        n = 0
        while not disk.writers:
            n += 1
            assert desk.do(append(C, n)) is STORED
        assert disk.writers[0] == "store-tidy"

    def test_it_has_room_before_anything_is_written(self, path: Path, opened: Opened) -> None:
        log = path.with_name("relay.db-wal")
        desk = opened(room=1000)
        long = log.stat().st_size
        assert long > 900 * 4096 and path.stat().st_size < 50 * 4096
        assert desk.all([creation(C), append(C, 1)]) == [STORED, STORED]
        assert log.stat().st_size == long, "it is written over"
        copied = path.with_name("killed.db")
        copied.write_bytes(path.read_bytes())
        copied.with_name("killed.db-wal").write_bytes(log.read_bytes())
        found = apsw.Connection(str(copied))
        assert found.execute("SELECT count(*) FROM entry").get == 1, "no less and no more is there"
        assert found.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'room'").get == 0
        assert found.execute("PRAGMA integrity_check").get == "ok"
        found.close()

    def test_a_disk_without_that_much_room_has_what_there_is(
        self, opened: Opened, disk: Disk
    ) -> None:
        opened(disk.name).store.close()
        disk.room = 500 * 4096
        desk = opened(disk.name, room=1000)
        assert desk.all([creation(C), append(C, 1)]) == [STORED, STORED]

    def test_a_disk_that_fails_meanwhile_breaks_the_store(self, opened: Opened, disk: Disk) -> None:
        desk = opened(disk.name, checkpoint=1)
        desk.do(creation(C))
        disk.failing_files = apsw.IOError
        outcomes = {desk.do(append(C, n)) for n in range(1, 50)}
        assert BROKEN in outcomes


class TestDisk:
    def test_nothing_is_stored_before_the_log_is_synced(self, opened: Opened, disk: Disk) -> None:
        desk = opened(disk.name)
        desk.do(creation(C))
        for n in range(1, 6):
            disk.events.clear()
            desk.store.submit(append(C, n), lambda outcome: disk.events.append(f"answer {outcome}"))
            desk.ask(desk.store.circles)
            desk.do(append(D, 1))
            assert disk.events.index("sync") < disk.events.index(f"answer {STORED}")
            assert disk.events.index("write") < disk.events.index("sync")

    @pytest.mark.parametrize("what", ["failing", "failing_syncs"])
    def test_a_failing_disk_is_never_acknowledged_on_hope(
        self, opened: Opened, disk: Disk, what: str
    ) -> None:
        desk = opened(disk.name)
        desk.all([creation(C), append(C, 1)])
        setattr(disk, what, apsw.IOError)
        assert set(desk.all([append(C, 2), append(C, 3)])) == {BROKEN}
        setattr(disk, what, None)
        assert desk.do(append(C, 2)) is BROKEN, "it does not come back to life"
        assert desk.store.broken is not None
        assert "cannot write to its disk" in desk.store.broken
        assert desk.ask(desk.store.load, C) is None
        desk.store.close()
        again = opened()
        assert again.read(C) == [record(1)]

    @pytest.mark.parametrize("room", [None, 0])
    def test_what_a_dead_relay_left_in_its_log_is_written_back(
        self, path: Path, opened: Opened, disk: Disk, room: int | None
    ) -> None:
        desk = opened()
        desk.all([creation(C), *(append(C, n) for n in range(1, 200))])
        copy = path.with_name("copy")
        copy.mkdir()
        for left in ("relay.db", "relay.db-wal"):
            (copy / left).write_bytes(path.with_name(left).read_bytes())
        log = copy / "relay.db-wal"
        before = log.stat().st_size
        assert before > 50_000
        disk.room = room
        again = Desk(lambda wake: SqliteStore(copy / "relay.db", wake, vfs=disk.name))
        assert log.stat().st_size == (0 if room is None else before)
        assert again.read(C) == desk.read(C)
        disk.room = None
        again.store.close()

    def test_an_unreadable_disk_breaks_the_store(self, opened: Opened, disk: Disk) -> None:
        desk = opened()
        desk.all([creation(C), *(append(C, n) for n in range(1, 2000))])
        desk.store.close()
        desk = opened(disk.name)
        disk.fail_reads = True
        assert desk.ask(desk.store.read, C, 1, EVERYTHING, EVERYTHING) is None
        disk.fail_reads = False
        assert desk.store.broken is not None
        assert "cannot read its disk" in desk.store.broken
        assert desk.do(append(C, 2000)) is BROKEN


class TestFullDisk:
    def test_what_finds_no_room_is_refused_by_name_and_reading_goes_on(
        self, opened: Opened, disk: Disk
    ) -> None:
        desk = opened(disk.name)
        desk.all([creation(C), append(C, 1)])
        disk.room = 0
        for _ in range(3):
            wanted: list[Intention] = [append(C, 2), append(C, 3), creation(D), Cursor(C, ANA, 1)]
            assert set(desk.all(wanted)) == {NO_SPACE}
        assert desk.store.broken is None
        assert desk.read(C) == [record(1)]
        loaded = desk.ask(desk.store.load, C)
        assert (loaded.last.n, loaded.cursors) == (1, {})
        assert desk.ask(desk.store.circles) == [C]

    def test_once_there_is_room_all_is_as_before(self, opened: Opened, disk: Disk) -> None:
        desk = opened(disk.name)
        desk.all([creation(C), append(C, 1)])
        disk.room = 0
        assert desk.do(append(C, 2, tag=b"never there")) is NO_SPACE
        assert desk.do(append(C, 3)) == Conflict(1), "it was built upon what found no room"
        disk.room = None
        assert desk.all([append(C, 2), append(C, 3)]) == [STORED, STORED]
        desk.store.close()
        assert opened().read(C) == [record(n) for n in (1, 2, 3)]

    def test_a_disk_that_fills_up_and_empties_loses_nothing(
        self, opened: Opened, disk: Disk
    ) -> None:
        desk = opened(disk.name, checkpoint=20)
        desk.do(creation(C))
        chosen = Random(3)
        stored, refused = 0, 0
        while stored < 150:
            disk.room = chosen.choice([0, 3_000, 5_000, 20_000, None])
            outcome = desk.do(append(C, stored + 1, tag=bytes(chosen.randrange(9_000))))
            assert outcome in (STORED, NO_SPACE)
            stored += outcome is STORED
            refused += outcome is NO_SPACE
            assert len(desk.read(C)) == stored
        disk.room = None
        desk.store.close()
        assert refused > 10
        assert [each.n for each in opened().read(C)] == list(range(1, stored + 1))

    def test_the_log_begins_anew_in_the_room_that_it_has(
        self, path: Path, opened: Opened, disk: Disk
    ) -> None:
        desk = opened(disk.name)
        desk.all([creation(C), Cursor(C, ANA, 1)])
        desk.store.close()
        desk = opened(disk.name)
        disk.room = 12 * 4096
        refused = 0
        for n in range(2, 100):
            while desk.do(Cursor(C, ANA, n)) is NO_SPACE:
                refused += 1
        assert refused, "the log is as long as there is room"
        assert path.with_name("relay.db-wal").stat().st_size <= 12 * 4096
        assert desk.ask(desk.store.load, C).cursors == {ANA: 99}

    def test_a_file_without_room_does_not_undo_what_the_log_has(
        self, path: Path, opened: Opened, disk: Disk
    ) -> None:
        desk = opened(disk.name, checkpoint=1)
        desk.do(creation(C))
        disk.failing_files = apsw.FullError
        assert {desk.do(append(C, n)) for n in range(1, 50)} == {STORED}
        disk.failing_files = None
        assert desk.do(append(C, 50)) is STORED
        desk.store.close()
        assert len(opened().read(C)) == 50

    def test_one_that_can_not_even_be_opened_is_a_sentence(
        self, path: Path, opened: Opened, disk: Disk
    ) -> None:
        disk.room = 0
        with pytest.raises(StoreError, match="Is the disk full"):
            opened(disk.name)
        disk.room = None
        assert opened(disk.name).do(creation(C)) is STORED

    def test_a_relays_file_is_opened_without_writing(self, opened: Opened, disk: Disk) -> None:
        desk = opened(disk.name)
        desk.all([creation(C), append(C, 1)])
        desk.store.close()
        disk.room = 0
        again = opened(disk.name)
        assert again.read(C) == [record(1)]
        assert again.do(append(C, 2)) is NO_SPACE


WRITER = """
import sys, threading
from pathlib import Path
from relay.store.sqlite import SqliteStore
from tests.relay.store_contract import C, append, creation

woken = threading.Event()
store = SqliteStore(Path(sys.argv[1]), woken.set)
stored = int(sys.argv[2])
acknowledged = stored

def done(outcome):
    global acknowledged
    assert outcome.name == "STORED", outcome
    acknowledged += 1
    print(acknowledged, flush=True)

if stored == 0:
    store.submit(creation(C), lambda outcome: None)
n = stored
while True:
    while n < acknowledged + 20:
        n += 1
        store.submit(append(C, n), done)
    woken.wait(10)
    woken.clear()
    store.settle()
"""


@pytest.mark.slow
def test_kill_9_loses_nothing_that_was_acknowledged(path: Path, opened: Opened) -> None:
    chosen = Random(9)
    stored = 0
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(stored)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
            text=True,
        ) as writer:
            assert writer.stdout is not None
            acknowledged = stored
            for _ in range(chosen.randrange(1, 120)):
                acknowledged = int(writer.stdout.readline())
            os.kill(writer.pid, signal.SIGKILL)
            rest = writer.stdout.read().split()
            acknowledged = int(rest[-1]) if rest else acknowledged
        desk = opened()
        records = desk.read(C)
        stored = len(records)
        assert stored >= acknowledged
        assert records == [record(n) for n in range(1, stored + 1)]
        assert desk.ask(desk.store.load, C).last.n == stored
        desk.store.close()


def test_many_writers_agree_on_one_log(opened: Opened) -> None:
    """Two stores over one file, each deciding again after a conflict: one log, nothing lost."""
    ours, theirs = opened(), opened()
    ours.do(creation(C))
    chosen = Random(4)
    conflicts = 0
    for k in range(20):
        mine = record(1, tag=b"ours %d" % k)
        outcome: Outcome = Conflict(len(ours.read(C)))
        while isinstance(outcome, Conflict):
            supposed = outcome.n + 1
            if chosen.random() < 0.4:
                assert theirs.do(append(C, supposed, tag=b"theirs")) is STORED
            outcome = ours.do(Append(C, replace(mine, n=supposed)))
            conflicts += isinstance(outcome, Conflict)
    records = theirs.read(C)
    assert [r.n for r in records] == list(range(1, 21 + conflicts))
    bodies = [r.body for r in records if b"ours" in (r.body or b"")]
    assert bodies == [record(1, tag=b"ours %d" % k).body for k in range(20)]
    assert conflicts > 3
