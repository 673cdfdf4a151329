"""One circle in a file: what comes along, and what is not let in."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from random import Random

import apsw
import pytest

from crypto.access.log import Kind, chain, entry_hash
from crypto.access.side_data import Delta, encode
from crypto.primitives import sha256
from relay.backup import back_up
from relay.carrying import export, import_circle
from relay.store.blobs import folder_of
from relay.store.contract import (
    STORED,
    Append,
    Attachment,
    Beat,
    BlobChunk,
    Creation,
    Cursor,
    Intention,
    Kept,
    Outcome,
    PutBlob,
    Record,
    StoreError,
)
from relay.store.sqlite import SqliteStore
from tests.relay.people import ANA, BO, NOW, admit, invite, invite_id
from tests.relay.test_backup import opened

pytestmark = pytest.mark.slow  # nearly every one starts a relay

CIRCLES = [bytes((0xAB, k)) * 8 for k in range(3)]
WANTED = CIRCLES[1]


def does(store: SqliteStore, intention: Intention) -> None:
    found: list[Outcome] = []
    store.submit(intention, found.append)
    while not found:
        store.settle()
    assert found[0] is STORED, found


def log(circle: bytes) -> list[Record]:
    """A commit that opens an invite, one that Bo comes in with, and two messages."""
    records: list[Record] = []
    parts: Sequence[tuple[int, bytes, Sequence[Delta]]] = (
        (Kind.COMMIT, b"commit", [invite()]),
        (Kind.COMMIT, b"commit", [admit(BO, circle=circle)]),
        (Kind.MESSAGE, b"hello", []),
        (Kind.MESSAGE, circle, []),
    )
    for n, (kind, body, deltas) in enumerate(parts, 1):
        side_data = encode(deltas) if deltas else b""
        hashed = entry_hash(NOW + n, body, side_data)
        before = records[-1].chain if records else bytes(32)
        chained = chain(circle, n, kind, before, hashed)
        name = bytes((n,)) * 16
        records.append(Record(n, kind, NOW + n, body, side_data, ANA.public, name, hashed, chained))
    return records


def filled(folder: Path, seed: int = 3) -> Path:
    """A relay's database with three circles, in which something of everything is kept."""
    folder.mkdir()
    path = folder / "relay.db"
    store = SqliteStore(path, lambda: None, Random(seed).randbytes)
    for number, circle in enumerate(CIRCLES):
        does(store, Creation(circle, ANA.public, 8, NOW, bytes((number,)) * 16))
        for record in log(circle):
            first = record.n == 1
            attachments = (Attachment(b"h" * 32, b"card"),) if first else ()
            invites = (invite_id(number),) if first else ()
            does(store, Append(circle, record, attachments, invites))
        does(store, Cursor(circle, BO.public, 3))
        does(store, Beat(circle, BO.public, b"beat", NOW))
    store.close()
    return path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return filled(tmp_path / "relay")


@pytest.fixture
def carried(database: Path, tmp_path: Path) -> Path:
    export(database, WANTED.hex(), tmp_path / "one.circle")
    return tmp_path / "one.circle"


@pytest.fixture
def without(database: Path, carried: Path) -> Path:
    """The same relay, as it would be if it had lost the circle that was exported."""
    forgotten(database)
    return database


def forgotten(database: Path) -> None:
    """The circle is lost."""
    connection = apsw.Connection(str(database))
    (number,) = connection.execute("SELECT number FROM circle WHERE id = ?", (WANTED,)).fetchall()
    for table in ("entry", "attachment", "invite", "cursor", "beat", "blob"):
        connection.execute(f"DELETE FROM {table} WHERE circle = ?", number)  # noqa: S608
    connection.execute("DELETE FROM circle WHERE id = ?", (WANTED,))
    connection.close()


def tables(path: Path) -> dict[str, int]:
    """How many rows each table has."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    found = {
        str(name): int(str(connection.execute(f"SELECT count(*) FROM {name}").get))  # noqa: S608
        for (name,) in names
    }
    connection.close()
    return {name: rows for name, rows in found.items() if rows}


def alters(path: Path, sql: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()


class TestExport:
    def test_all_of_the_one_and_nothing_of_the_others(self, carried: Path) -> None:
        whole = {"circle": 1, "entry": 4, "attachment": 1, "invite": 1, "cursor": 1, "beat": 1}
        assert tables(carried) == whole | {"carried": 1}
        data = carried.read_bytes()
        assert WANTED in data and CIRCLES[0] not in data and CIRCLES[2] not in data
        assert carried.stat().st_mode & 0o077 == 0

    def test_the_relays_key_stays_where_it_is(self, database: Path, carried: Path) -> None:
        connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
        seed = connection.execute("SELECT key FROM relay").get
        connection.close()
        assert isinstance(seed, bytes) and seed not in carried.read_bytes()

    def test_a_relay_that_runs_goes_on(self, database: Path, tmp_path: Path) -> None:
        with opened(database):
            assert export(database, WANTED.hex().upper(), tmp_path / "one.circle") == 4

    def test_out_of_a_backup(self, database: Path, tmp_path: Path) -> None:
        back_up(database, tmp_path / "one.db")
        assert export(tmp_path / "one.db", "ab01", tmp_path / "one.circle") == 4

    @pytest.mark.parametrize(
        ("circle", "sentence"),
        [
            ("", "no circle begins"),
            ("ac", "no circle begins"),
            ("%", "no circle begins"),
            ("ab", "several circles begin"),
        ],
    )
    def test_it_has_to_be_clear_which(
        self, database: Path, tmp_path: Path, circle: str, sentence: str
    ) -> None:
        with pytest.raises(StoreError, match=sentence):
            export(database, circle, tmp_path / "one.circle")
        assert not (tmp_path / "one.circle").exists()

    def test_what_cannot_be(self, database: Path, tmp_path: Path) -> None:
        (tmp_path / "there").write_text("precious")
        with pytest.raises(StoreError, match="is there already"):
            export(database, WANTED.hex(), tmp_path / "there")
        with pytest.raises(StoreError, match="is there already"):
            export(database, WANTED.hex(), database, replace=True)
        with pytest.raises(StoreError, match="is not there"):
            export(tmp_path / "none", WANTED.hex(), tmp_path / "one.circle")
        alters(database, "PRAGMA user_version = 1")
        with pytest.raises(StoreError, match="Start the relay on it once"):
            export(database, WANTED.hex(), tmp_path / "one.circle")
        assert (tmp_path / "there").read_text() == "precious"


class TestImport:
    def test_it_is_back_as_it_was_and_another_incarnation(
        self, without: Path, carried: Path
    ) -> None:
        assert import_circle(without, carried, Random(5).randbytes, NOW + 9) == (WANTED.hex(), 4)
        with opened(without) as relay:
            loaded = relay.load(WANTED)
            assert loaded.creation.incarnation == bytes((1,)) * 16
            assert [record.n for record in loaded.turns] == [1, 2]
            assert loaded.last is not None and loaded.last.chain == log(WANTED)[-1].chain
            assert loaded.cursors == {BO.public: 3}
            assert loaded.beats == {BO.public: (b"beat", NOW)}
            (restart,) = loaded.restarts
            assert (restart.before, restart.time) == (bytes((1,)) * 16, NOW + 9)
            assert not loaded.complete
            found: list[Sequence[Record] | None] = []
            relay.store.read(WANTED, 1, 4, 1 << 20, found.append)
            known: list[bytes | None] = []
            relay.store.find_invite(invite_id(1), known.append)
            while not known:
                relay.store.settle()
            assert found == [log(WANTED)]
            assert known == [WANTED]
            assert relay.load(CIRCLES[2]).complete, "the others are as they were"

    def test_once_is_enough(self, without: Path, carried: Path) -> None:
        import_circle(without, carried, Random(5).randbytes, NOW)
        before = tables(without)
        with pytest.raises(StoreError, match="is here already"):
            import_circle(without, carried, Random(5).randbytes, NOW)
        assert tables(without) == before

    def test_another_relay_does_not_take_it(self, tmp_path: Path, carried: Path) -> None:
        other = filled(tmp_path / "other", seed=4)
        with pytest.raises(StoreError, match="is of another relay"):
            import_circle(other, carried, Random(5).randbytes, NOW)

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE entry SET body = x'00' WHERE n = 3",
            "UPDATE entry SET time = 5 WHERE n = 3",
            "UPDATE entry SET chain = zeroblob(32) WHERE n = 4",
            "UPDATE entry SET kind = 2 WHERE n = 3",
            "UPDATE entry SET side_data = x'00' WHERE n = 2",
            "UPDATE entry SET sender = zeroblob(32) WHERE n = 2",
            "UPDATE entry SET n = 9 WHERE n = 4",
            "DELETE FROM entry WHERE n = 1",
            "UPDATE circle SET id = x'00'",
            "DELETE FROM circle",
            "DELETE FROM carried",
        ],
    )
    def test_what_was_tampered_with_is_not_let_in(
        self, without: Path, carried: Path, sql: str
    ) -> None:
        alters(carried, sql)
        before = tables(without)
        with pytest.raises(StoreError, match="is damaged"):
            import_circle(without, carried, Random(5).randbytes, NOW)
        assert tables(without) == before

    def test_what_is_gone_of_an_entry_does_no_harm(self, without: Path, carried: Path) -> None:
        alters(carried, "UPDATE entry SET body = NULL WHERE n = 3")
        assert import_circle(without, carried, Random(5).randbytes, NOW)[1] == 4

    def test_what_is_no_such_file(self, without: Path, carried: Path, tmp_path: Path) -> None:
        back_up(without, tmp_path / "one.db")
        (tmp_path / "diary").write_bytes(b"Dear diary, " * 1000)
        for name, sentence in (
            ("one.db", "holds no circle"),
            ("none", "is not there"),
            ("diary", "damaged, or not a relay's database"),
        ):
            with pytest.raises(StoreError, match=sentence):
                import_circle(without, tmp_path / name, Random(5).randbytes, NOW)
        alters(carried, "PRAGMA user_version = 1000")
        with pytest.raises(StoreError, match="has schema 1000"):
            import_circle(without, carried, Random(5).randbytes, NOW)
        with pytest.raises(StoreError, match="There is no relay's database"):
            import_circle(tmp_path / "x.db", carried, Random(5).randbytes, NOW)


class TestBlobs:
    def test_those_of_the_circle_go_along(self, database: Path, tmp_path: Path) -> None:
        for circle in CIRCLES:
            hand_in(database, circle, b"a file of " + circle)
        target = tmp_path / "one.circle"
        export(database, WANTED.hex(), target)
        assert [each.name for each in folder_of(target).iterdir()] == [WANTED.hex()]
        shutil.rmtree(folder_of(database) / WANTED.hex())
        forgotten(database)
        import_circle(database, target, Random(9).randbytes, NOW)
        data = b"a file of " + WANTED
        store, found = SqliteStore(database, lambda: None), list[BlobChunk | None]()
        store.read_blob(WANTED, sha256(data), 0, 99, found.append)
        store.close()
        assert found == [BlobChunk(len(data), data)]


def hand_in(database: Path, circle: bytes, data: bytes) -> None:
    store, found = SqliteStore(database, lambda: None), list[Outcome]()
    store.put_blob(
        PutBlob(circle, sha256(data), b"k" * 32, 0, len(data), data, NOW, 1000), found.append
    )
    store.close()
    assert found == [Kept(len(data), fresh=True)]
