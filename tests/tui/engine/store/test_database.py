"""The profile's database: opened, encrypted, upgraded, written to in transactions."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path

import apsw
import pytest

from crypto.secret import Secret
from tests.relay.store.disk import Disk
from tui.engine.store import database
from tui.engine.store.database import (
    DamagedError,
    Database,
    DiskError,
    ForeignError,
    NewerError,
    schema_steps,
)

KEY = Secret(bytes(range(32)))
STEPS = ["CREATE TABLE note (text TEXT NOT NULL UNIQUE);"]


def opened(path: Path | str, key: Secret = KEY, steps: list[str] | None = None) -> Database:
    return Database.open(path, key, steps=STEPS if steps is None else steps)


def test_what_is_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "profile.db"
    first = opened(path)
    with first.transaction():
        assert first.insert("INSERT INTO note VALUES (?)", ("hello",)) == 1
        assert first.write("UPDATE note SET text = ?", ("good morning",)) == 1
    first.close()
    again = opened(path)
    assert again.rows("SELECT text FROM note") == [("good morning",)]
    assert again.row("SELECT text FROM note WHERE text = 'hello'") is None
    again.close()


def test_nothing_of_it_is_on_the_disk_in_clear(tmp_path: Path) -> None:
    path = tmp_path / "profile.db"
    profile = opened(path)
    with profile.transaction():
        profile.insert("INSERT INTO note VALUES (?)", ("a canary sings",))
    files = [file.read_bytes() for file in tmp_path.iterdir()]
    assert len(files) >= 2  # the database and its log
    assert not any(b"canary" in data or b"SQLite format" in data for data in files)
    profile.close()
    assert b"canary" not in path.read_bytes()


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    profile = opened(tmp_path / "profile.db")
    with pytest.raises(apsw.ConstraintError), profile.transaction():
        profile.insert("INSERT INTO note VALUES (?)", ("hello",))
        profile.insert("INSERT INTO note VALUES (?)", ("hello",))
    assert profile.rows("SELECT * FROM note") == []
    with profile.transaction():
        profile.insert("INSERT INTO note VALUES (?)", ("hello",))
    assert profile.rows("SELECT * FROM note") == [("hello",)]
    profile.close()


def test_nothing_is_written_outside_of_a_transaction_and_none_is_nested() -> None:
    profile = opened(":memory:")
    with pytest.raises(RuntimeError, match="outside"):
        profile.write("DELETE FROM note")
    with pytest.raises(RuntimeError, match="under way"), profile.transaction():
        with profile.transaction():
            pass
    profile.close()


def test_another_key_does_not_open_it(tmp_path: Path) -> None:
    path = tmp_path / "profile.db"
    opened(path).close()
    before = path.read_bytes()
    with pytest.raises(DamagedError, match="its key does not fit"):
        opened(path, Secret(bytes(32)))
    assert path.read_bytes() == before


def test_it_can_be_given_another_key(tmp_path: Path) -> None:
    path = tmp_path / "profile.db"
    profile = opened(path)
    with profile.transaction():
        profile.insert("INSERT INTO note VALUES (?)", ("hello",))
    other = Secret(os.urandom(32))
    profile.rekey(other)
    with profile.transaction():
        profile.insert("INSERT INTO note VALUES (?)", ("again",))
    profile.close()
    again = opened(path, other)
    assert again.rows("SELECT text FROM note ORDER BY text") == [("again",), ("hello",)]
    again.close()
    with pytest.raises(DamagedError):
        opened(path)


def _noise(path: Path) -> None:
    path.write_bytes(os.urandom(8192))


def _cut(path: Path) -> None:
    opened(path).close()
    data = path.read_bytes()
    path.write_bytes(data[:4096] + os.urandom(len(data) - 4096))


def _plain(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()


@pytest.mark.parametrize("damage", [_noise, _cut, _plain])
def test_what_is_damaged_says_so_and_is_left_alone(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / "profile.db"
    damage(path)
    before = path.read_bytes()
    with pytest.raises(DamagedError, match="Keep the file"):
        profile = opened(path)
        profile.rows("SELECT * FROM note")
    assert path.read_bytes() == before


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "profile.db"
    connection = apsw.Connection(str(path))
    database._unlock(connection, KEY)
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    with pytest.raises(ForeignError, match="not a profile"):
        opened(path)


def test_a_newer_one_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "profile.db"
    opened(path, steps=[*STEPS, "CREATE TABLE later (a);"]).close()
    with pytest.raises(NewerError, match="Update Hallway"):
        opened(path)


def test_an_upgraded_one_equals_a_new_one(tmp_path: Path) -> None:
    steps = schema_steps()
    schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
    new = opened(":memory:", steps=steps)
    for known in range(len(steps) + 1):
        path = tmp_path / f"{known}.db"
        opened(path, steps=steps[:known]).close()
        upgraded = opened(path, steps=steps)
        assert upgraded.rows(schema) == new.rows(schema)
        upgraded.close()


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="Is its folder there"):
        opened(tmp_path / "nowhere" / "profile.db")


def test_a_full_disk_says_so_and_keeps_what_was_there(tmp_path: Path) -> None:
    profile = opened(tmp_path / "profile.db")
    with profile.transaction():
        profile.insert("INSERT INTO note VALUES (?)", ("hello",))
    profile._connection.pragma("max_page_count", 3)
    with pytest.raises(DiskError, match="disk is full"), profile.transaction():
        profile.insert("INSERT INTO note VALUES (?)", ("x" * 100_000,))
    assert profile.rows("SELECT * FROM note") == [("hello",)]
    profile.close()


def test_somebody_else_in_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "profile.db"
    first = opened(path)
    with pytest.raises(DiskError, match="in use"):
        opened(path)
    first.close()
    opened(path).close()


def test_a_file_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    path = tmp_path / "profile.db"
    opened(path).close()
    profile = opened(path)
    profile._connection.pragma("query_only", True)
    with pytest.raises(DiskError, match="cannot be written"), profile.transaction():
        profile.insert("INSERT INTO note VALUES (?)", ("hello",))
    profile.close()


@pytest.mark.parametrize("room", [None, 0])
def test_what_a_dead_process_left_in_the_log_is_written_back(
    tmp_path: Path, room: int | None
) -> None:
    path = tmp_path / "profile.db"
    profile = opened(path)
    with profile.transaction():
        profile.insert("INSERT INTO note VALUES (?)", ("x" * 100_000,))
    copy = tmp_path / "copy.db"
    log = tmp_path / "copy.db-wal"
    copy.write_bytes(path.read_bytes())
    log.write_bytes((tmp_path / "profile.db-wal").read_bytes())
    before = log.stat().st_size
    assert before > 100_000
    disk = layer()
    disk.room = room
    again = Database.open(copy, KEY, steps=STEPS, vfs=f"multipleciphers-{disk.name}")
    assert log.stat().st_size == (0 if room is None else before)
    assert again.rows("SELECT length(text) FROM note") == [(100_000,)]
    disk.works()
    again.close()
    profile.close()


@cache
def layer() -> Disk:
    """SQLite's cipher stands on it by its name, and never lets go of it."""
    return Disk("profile", base="unix", quick=True)
