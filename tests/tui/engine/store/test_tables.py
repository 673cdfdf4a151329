"""Tables and records: every record fits its table, and a schema in steps equals one at once."""

from __future__ import annotations

from dataclasses import fields

import pytest

from crypto.secret import Secret
from tui.engine.store.backup import MADE_ANEW
from tui.engine.store.database import Database, schema_steps
from tui.engine.store.records import LeaverRecord, SenderRecord, Store
from tui.engine.store.tables import Table

KEY = Secret(bytes(32))


def opened() -> Database:
    return Database.open(":memory:", KEY)


def test_every_record_is_a_row_of_its_table_and_the_other_way_round() -> None:
    database = opened()
    store = Store(database)
    tables = {name: table for name, table in vars(store).items() if isinstance(table, Table)}
    listed = {
        str(row[0])
        for row in database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")
        if not str(row[0]).startswith("sqlite_")
    }
    assert set(tables) | set(MADE_ANEW) == listed
    for name, table in tables.items():
        columns = [str(row[1]) for row in database.rows(f"PRAGMA table_info({name})")]
        record = table._kind
        assert [field.name for field in fields(record)] == columns, name


def test_secrets_do_not_show_in_a_records_repr() -> None:
    for table in vars(Store(opened())).values():
        if not isinstance(table, Table):
            continue
        for field in fields(table._kind):
            secret = field.name in ("epoch", "snapshot", "secret", "key_package", "arrival")
            if (field.name.endswith("_seed") or secret) and field.type == "bytes":
                assert not field.repr, (table._name, field.name)


def test_rows_are_saved_found_and_deleted() -> None:
    database = opened()
    database._connection.pragma("foreign_keys", "off")
    store = Store(database)
    with database.transaction():
        store.senders.save(SenderRecord(1, b"a", 1, b"x"))
        store.senders.save(SenderRecord(1, b"b", 2, b"y"))
        store.senders.save(SenderRecord(1, b"a", 3, b"z"))
    assert store.senders.get(1, b"a") == SenderRecord(1, b"a", 3, b"z")
    assert store.senders.get(2, b"a") is None
    assert store.senders.where("circle = ? ORDER BY leaf_key", 1) == [
        SenderRecord(1, b"a", 3, b"z"),
        SenderRecord(1, b"b", 2, b"y"),
    ]
    with database.transaction():
        store.senders.delete(1, b"a")
    assert store.senders.get(1, b"a") is None


def test_nothing_is_saved_outside_of_a_transaction() -> None:
    store = Store(opened())
    with pytest.raises(RuntimeError):
        store.leavers.save(LeaverRecord(1, b"m", b"k", b"s"))


def test_an_upgraded_database_equals_a_new_one() -> None:
    def layout(database: Database) -> list[tuple[object, ...]]:
        return list(database.rows("SELECT type, name, sql FROM sqlite_schema ORDER BY name"))

    steps = schema_steps()
    new = layout(opened())
    for known in range(len(steps) + 1):
        database = Database.open(":memory:", KEY, steps=steps[:known])
        with database.transaction():
            for step in steps[known:]:
                database._connection.execute(step)
        assert layout(database) == new
