"""Backups that are made, put back, and known for what they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from random import Random

import apsw
import pytest

from relay.backup import back_up, begin_anew, contents, restore
from relay.store.blobs import folder_of
from relay.store.contract import (
    STORED,
    Append,
    BlobChunk,
    Creation,
    Loaded,
    Outcome,
    PutBlob,
    StoreError,
)
from relay.store.migrations import steps
from relay.store.sqlite import SqliteStore
from tests.relay.store_contract import record

NOW = 1_700_000_000_000
CIRCLES = [bytes((k,)) * 16 for k in range(3)]
INCARNATION = b"i" * 16


class Opened:
    """A store whose answers are waited for."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store

    def does(self, intention: Creation | Append) -> Outcome:
        found: list[Outcome] = []
        self.store.submit(intention, found.append)
        while not found:
            self.store.settle()
        return found[0]

    def keeps(self, circle: bytes, data: bytes) -> Outcome:
        """Hand in a blob."""
        found: list[Outcome] = []
        put = PutBlob(circle, sha256(data).digest(), b"k" * 32, 0, len(data), data, NOW, 1000)
        self.store.put_blob(put, found.append)
        while not found:
            self.store.settle()
        return found[0]

    def gives(self, circle: bytes, data: bytes) -> bool:
        """Whether it gives the blob that has these bytes."""
        found: list[BlobChunk | None] = []
        self.store.read_blob(circle, sha256(data).digest(), 0, len(data), found.append)
        while not found:
            self.store.settle()
        return found[0] == BlobChunk(len(data), data)

    def load(self, circle: bytes) -> Loaded:
        found: list[Loaded | None] = []
        self.store.load(circle, found.append)
        while not found:
            self.store.settle()
        assert found[0] is not None
        return found[0]


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    store = SqliteStore(path, lambda: None, Random(3).randbytes)
    try:
        yield Opened(store)
    finally:
        store.close()


def filled(path: Path, entries: int = 2) -> Path:
    """A relay's database with three circles and entries in the first."""
    with opened(path) as relay:
        for circle in CIRCLES:
            relay.does(Creation(circle, b"k" * 32, 8, NOW, INCARNATION))
        for n in range(1, entries + 1):
            assert relay.does(Append(CIRCLES[0], record(n))) is STORED
    return path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    (tmp_path / "relay").mkdir()
    return filled(tmp_path / "relay" / "relay.db")


def header(path: Path, name: str) -> int:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(connection.pragma(name))
    finally:
        connection.close()


class TestBackUp:
    def test_it_is_one_file_for_its_owner_alone(self, database: Path, tmp_path: Path) -> None:
        target = tmp_path / "copies" / "one.db"
        target.parent.mkdir()
        found = back_up(database, target)
        assert (found.circles, found.entries) == (3, 2)
        assert found.size == target.stat().st_size
        assert [each.name for each in target.parent.iterdir()] == ["one.db"]
        assert target.stat().st_mode & 0o077 == 0
        assert str(found).startswith("circles: 3, entries: 2, size: 0.")

    def test_a_relay_that_runs_goes_on(self, database: Path, tmp_path: Path) -> None:
        with opened(database) as relay:
            assert relay.does(Append(CIRCLES[0], record(3))) is STORED
            assert back_up(database, tmp_path / "one.db").entries == 3
            assert relay.does(Append(CIRCLES[0], record(4))) is STORED
        assert contents(tmp_path / "one.db").entries == 3

    def test_a_file_that_is_there_stays_unless_it_may_go(
        self, database: Path, tmp_path: Path
    ) -> None:
        target = tmp_path / "one.db"
        target.write_text("precious")
        with pytest.raises(StoreError, match="is there already"):
            back_up(database, target)
        assert target.read_text() == "precious"
        assert back_up(database, target, replace=True).circles == 3

    def test_it_never_takes_the_databases_own_place(self, database: Path) -> None:
        before = database.read_bytes()
        with pytest.raises(StoreError, match="is there already"):
            back_up(database, database.parent / ".." / "relay" / "relay.db", replace=True)
        assert database.read_bytes() == before

    def test_without_a_database_it_is_a_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="There is no relay's database in"):
            back_up(tmp_path / "relay.db", tmp_path / "one.db")
        assert list(tmp_path.iterdir()) == []

    def test_where_nothing_can_be_written_it_is_a_sentence(
        self, database: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(StoreError, match="cannot be written: No such file or directory"):
            back_up(database, tmp_path / "nowhere" / "one.db")
        with pytest.raises(StoreError, match="cannot be written"):
            back_up(database, database.parent, replace=True)
        assert not list(tmp_path.rglob("*.part"))

    def test_of_a_damaged_database_no_copy_is_made(self, database: Path, tmp_path: Path) -> None:
        whole = database.read_bytes()
        database.write_bytes(whole[:8192] + b"\xff" * 8192 + whole[16384:])
        with pytest.raises(StoreError, match="damaged"):
            back_up(database, tmp_path / "one.db")
        assert not (tmp_path / "one.db").exists() and not list(tmp_path.rglob("*.part"))

    def test_another_programs_database_is_not_backed_up(self, tmp_path: Path) -> None:
        other = apsw.Connection(str(tmp_path / "relay.db"))
        other.execute("CREATE TABLE diary (day)")
        other.close()
        with pytest.raises(StoreError, match="not a relay's"):
            back_up(tmp_path / "relay.db", tmp_path / "one.db")


class TestRestore:
    def test_where_nothing_is_yet(self, database: Path, tmp_path: Path) -> None:
        back_up(database, tmp_path / "one.db")
        (tmp_path / "fresh").mkdir()
        found, aside = restore(tmp_path / "fresh" / "relay.db", tmp_path / "one.db")
        assert (found.circles, found.entries) == (3, 2)
        assert aside is None
        assert [each.name for each in (tmp_path / "fresh").iterdir()] == ["relay.db"]

    def test_what_was_there_is_kept_with_all_that_it_had(
        self, database: Path, tmp_path: Path
    ) -> None:
        back_up(database, tmp_path / "one.db")
        filled_later = apsw.Connection(str(database))
        filled_later.execute("UPDATE circle SET cap = 9")
        with pytest.raises(StoreError, match="With --replace it is kept under another name"):
            restore(database, tmp_path / "one.db")
        filled_later.close()
        for number in (1, 2):
            _, aside = restore(database, tmp_path / "one.db", replace=True)
            assert aside == database.with_name(f"relay.db.replaced-{number}")
        first = apsw.Connection(str(database.with_name("relay.db.replaced-1")))
        assert first.execute("SELECT DISTINCT cap FROM circle").get == 9
        first.close()
        assert contents(database).entries == 2

    def test_a_log_of_the_old_database_is_not_taken_for_the_new_ones(
        self, database: Path, tmp_path: Path
    ) -> None:
        back_up(database, tmp_path / "one.db")
        whole = database.read_bytes()
        database.write_bytes(b"\xff" * len(whole))
        database.with_name("relay.db-wal").write_bytes(b"left behind")
        _, aside = restore(database, tmp_path / "one.db", replace=True)
        assert aside is not None
        assert aside.with_name(aside.name + "-wal").read_bytes() == b"left behind"
        assert not database.with_name("relay.db-wal").exists()
        assert contents(database).entries == 2

    @pytest.mark.parametrize(
        ("made", "sentence"),
        [
            (None, "is not there, or no file"),
            (b"", "is empty"),
            (b"Dear diary, " * 1000, "damaged, or not a relay's database"),
        ],
    )
    def test_what_is_no_backup_changes_nothing(
        self, database: Path, tmp_path: Path, made: bytes | None, sentence: str
    ) -> None:
        if made is not None:
            (tmp_path / "one.db").write_bytes(made)
        before = database.read_bytes()
        with pytest.raises(StoreError, match=sentence):
            restore(database, tmp_path / "one.db", replace=True)
        assert database.read_bytes() == before
        assert [each.name for each in database.parent.iterdir()] == ["relay.db"]

    def test_a_newer_schema_is_refused(self, database: Path, tmp_path: Path) -> None:
        back_up(database, tmp_path / "one.db")
        newer = apsw.Connection(str(tmp_path / "one.db"))
        newer.pragma("user_version", len(steps()) + 1)
        newer.close()
        with pytest.raises(StoreError, match="written by a newer Hallway"):
            restore(database, tmp_path / "one.db", replace=True)

    def test_the_database_is_no_backup_of_itself(self, database: Path) -> None:
        with pytest.raises(StoreError, match="There is a relay's database already"):
            restore(database, database, replace=True)


class TestBeginAnew:
    @pytest.mark.parametrize("by_hand", [False, True])
    def test_every_log_that_was_put_back_is_another_incarnation(
        self, database: Path, tmp_path: Path, by_hand: bool
    ) -> None:
        back_up(database, tmp_path / "one.db")
        if by_hand:
            database.write_bytes((tmp_path / "one.db").read_bytes())
        else:
            restore(database, tmp_path / "one.db", replace=True)
        with pytest.raises(StoreError, match="is a backup"), opened(database):
            pass
        assert begin_anew(database, Random(1).randbytes, NOW + 5) == 3
        assert begin_anew(database, Random(2).randbytes, NOW + 6) == 0, "it is no copy any more"
        seen = set()
        with opened(database) as relay:
            for circle in CIRCLES:
                loaded = relay.load(circle)
                (restart,) = loaded.restarts
                assert not loaded.complete
                assert (restart.before, restart.time) == (INCARNATION, NOW + 5)
                seen.add(restart.incarnation)
        assert len(seen - {INCARNATION}) == 3

    def test_what_was_restored_once_is_restored_again(self, database: Path, tmp_path: Path) -> None:
        for number in (1, 2):
            back_up(database, tmp_path / f"{number}.db")
            restore(database, tmp_path / f"{number}.db", replace=True)
            assert begin_anew(database, Random(number).randbytes, NOW) == 3
        with opened(database) as relay:
            first, second = relay.load(CIRCLES[0]).restarts
        assert second.before == first.incarnation

    def test_the_relays_own_database_is_left_alone(self, database: Path) -> None:
        before = database.read_bytes()
        assert begin_anew(database, Random(1).randbytes, NOW) == 0
        assert database.read_bytes() == before
        assert begin_anew(database.with_name("none.db"), Random(1).randbytes, NOW) == 0
        assert not database.with_name("none.db").exists()

    def test_an_old_backup_is_brought_up_to_date(self, tmp_path: Path) -> None:
        old = apsw.Connection(str(tmp_path / "old.db"))
        old.execute(steps()[0])
        old.execute("INSERT INTO relay VALUES (1, zeroblob(32))")
        old.execute(
            "INSERT INTO circle (id, access_key, cap, time, incarnation)"
            " VALUES (zeroblob(16), zeroblob(32), 8, 1, ?)",
            (INCARNATION,),
        )
        old.pragma("user_version", 1)
        old.pragma("application_id", 0x48574C59)
        old.close()
        back_up(tmp_path / "old.db", tmp_path / "one.db")
        assert header(tmp_path / "one.db", "user_version") == 1
        restore(tmp_path / "relay.db", tmp_path / "one.db")
        assert begin_anew(tmp_path / "relay.db", Random(1).randbytes, NOW) == 1
        with opened(tmp_path / "relay.db") as relay:
            (restart,) = relay.load(bytes(16)).restarts
            assert restart.before == INCARNATION
            assert relay.store.relay_key.reveal() == bytes(32)


class TestBlobs:
    def test_they_are_in_a_folder_beside_it_and_come_back(
        self, database: Path, tmp_path: Path
    ) -> None:
        target = tmp_path / "one.db"
        with opened(database) as relay:
            relay.keeps(CIRCLES[0], b"before")
            back_up(database, target)
            relay.keeps(CIRCLES[1], b"after")
        assert len(list(folder_of(target).rglob("*"))) == 2
        restore(database, target, replace=True)
        begin_anew(database, Random(4).randbytes, NOW)
        with opened(database) as relay:
            assert relay.gives(CIRCLES[0], b"before")
            assert not relay.gives(CIRCLES[1], b"after")
        aside = database.with_name("relay.db.replaced-1")
        assert (folder_of(aside) / CIRCLES[1].hex() / sha256(b"after").hexdigest()).is_file()

    def test_of_one_that_is_put_back_without_its_folder_the_rest_is_there(
        self, database: Path, tmp_path: Path
    ) -> None:
        with opened(database) as relay:
            relay.keeps(CIRCLES[0], b"a file")
        back_up(database, tmp_path / "one.db")
        (tmp_path / "elsewhere").mkdir()
        moved = (tmp_path / "one.db").rename(tmp_path / "elsewhere" / "one.db")
        restore(tmp_path / "new.db", moved)
        begin_anew(tmp_path / "new.db", Random(4).randbytes, NOW)
        with opened(tmp_path / "new.db") as relay:
            assert not relay.gives(CIRCLES[0], b"a file")
            assert relay.load(CIRCLES[0]).last is not None
            relay.keeps(CIRCLES[0], b"a file")
            assert relay.gives(CIRCLES[0], b"a file")
