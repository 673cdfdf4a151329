"""The numbered schema: whatever a file began as, it ends as a new one does."""

from __future__ import annotations

from pathlib import Path
from random import Random

import apsw
import pytest

from relay.store.contract import StoreError
from relay.store.copying import COPY_ID
from relay.store.migrations import APPLICATION_ID, connect, prepare, steps


def shape(connection: apsw.Connection) -> list[tuple[object, ...]]:
    """Everything that the schema says, and the header's numbers."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name")
    header = tuple(connection.pragma(name) for name in ("user_version", "application_id"))
    return [*rows.fetchall(), header]


def prepared(path: Path) -> apsw.Connection:
    connection = connect(path)
    prepare(connection, path, Random(1).randbytes)
    return connection


@pytest.mark.parametrize("done", range(len(steps()) + 1))
def test_an_upgraded_file_equals_a_new_one(tmp_path: Path, done: int) -> None:
    old = apsw.Connection(str(tmp_path / "old.db"))
    for step in steps()[:done]:
        old.execute(step)
    old.pragma("user_version", done)
    old.pragma("application_id", APPLICATION_ID)
    old.close()
    with prepared(tmp_path / "old.db") as upgraded, prepared(tmp_path / "new.db") as new:
        assert shape(upgraded) == shape(new)


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old = apsw.Connection(str(path))
    old.execute("CREATE TABLE beat (x)")
    old.pragma("application_id", APPLICATION_ID)
    before = shape(old)
    with pytest.raises(apsw.SQLError, match="table beat already exists"):
        prepared(path)
    assert shape(old) == before


def test_the_settings_that_durability_rests_on(tmp_path: Path) -> None:
    connection = prepared(tmp_path / "relay.db")
    full = 2
    assert connection.pragma("synchronous") == full
    assert connection.pragma("journal_mode") == "wal"


def test_the_key_is_made_once_and_is_the_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    key = prepared(path).execute("SELECT key FROM relay").get
    again = connect(path)
    prepare(again, path, Random(2).randbytes)
    assert again.execute("SELECT key FROM relay").get == key
    assert path.stat().st_mode & 0o077 == 0


def old_file(path: Path, done: int) -> None:
    """A file of an earlier schema with a relay's key."""
    old = apsw.Connection(str(path))
    for step in steps()[:done]:
        old.execute(step)
    old.execute("INSERT INTO relay VALUES (1, zeroblob(32))")
    old.pragma("user_version", done)
    old.pragma("application_id", APPLICATION_ID)
    old.close()


def test_a_copy_is_laid_beside_a_file_before_it_is_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    old_file(path, 1)
    with prepared(path):
        pass
    kept = apsw.Connection(str(tmp_path / "relay.db.schema-1"))
    assert kept.pragma("user_version") == 1
    assert kept.pragma("application_id") == COPY_ID
    assert kept.execute("SELECT key FROM relay").get == bytes(32)
    with prepared(path):
        pass
    assert not list(tmp_path.glob("relay.db.schema-[2-9]")), "nothing more was to be done"


def test_without_the_copy_nothing_is_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    old_file(path, 1)
    (tmp_path / "relay.db.schema-1").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        prepared(path)
    after = apsw.Connection(str(path))
    assert after.pragma("user_version") == 1


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    with prepared(path) as connection:
        connection.pragma("user_version", len(steps()) + 1)
    with pytest.raises(
        StoreError, match=r"written by a newer Hallway \(schema \d+, this one knows"
    ):
        prepared(path)


def test_a_copy_is_not_taken_for_the_relays_own(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    with prepared(path) as connection:
        connection.pragma("application_id", COPY_ID)
    with pytest.raises(StoreError, match="is a backup"):
        prepared(path)
    again = connect(path)
    prepare(again, path, Random(1).randbytes, copied=True)
    assert again.pragma("application_id") == COPY_ID
