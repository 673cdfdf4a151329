"""Rows ↔ dataclasses: a table whose columns are the fields of one record type.

The SQL here is made of a table's name and its record's field names alone, never of values.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Generic, TypeVar

from tui.engine.store.database import Database, Value

R = TypeVar("R")


class Table(Generic[R]):
    """One table. `key` are the columns of its primary key, in their order.

    Where the first of them is `auto`, SQLite gives it on `insert`.
    """

    def __init__(
        self, database: Database, name: str, kind: type[R], *key: str, auto: bool = False
    ) -> None:
        self._database = database
        self._kind = kind
        self._key = key
        self._auto = auto
        self._name = name
        self._columns = tuple(field.name for field in fields(kind))  # type: ignore[arg-type]
        self._inserted = self._columns[1:] if auto else self._columns
        listed = ", ".join(self._inserted)
        marks = ", ".join("?" for _ in self._inserted)
        self._select = f"SELECT {', '.join(self._columns)} FROM {name}"  # noqa: S608
        self._insert = f"INSERT INTO {name} ({listed}) VALUES ({marks})"  # noqa: S608
        where = " AND ".join(f"{column} = ?" for column in key)
        others = [column for column in self._columns if column not in key]
        assigned = ", ".join(f"{column} = ?" for column in others)
        self._others = others
        self._update = f"UPDATE {name} SET {assigned} WHERE {where}"  # noqa: S608
        self._delete = f"DELETE FROM {name} WHERE {where}"  # noqa: S608
        self._where = where

    def insert(self, record: R) -> int:
        """Add a row; the number that SQLite gave it, where it gives one."""
        values = tuple(getattr(record, column) for column in self._inserted)
        return self._database.insert(self._insert, values)

    def save(self, record: R) -> None:
        """Overwrite the row with this record's key, or add it."""
        key = tuple(getattr(record, column) for column in self._key)
        values = tuple(getattr(record, column) for column in self._others)
        if not self._others or not self._database.write(self._update, (*values, *key)):
            self.insert(record)

    def delete(self, *key: Value) -> None:
        """Delete the row of a key, if there is one."""
        self._database.write(self._delete, key)

    def get(self, *key: Value) -> R | None:
        """The record of a key, or None."""
        found = self.where(self._where, *key)
        return found[0] if found else None

    def where(self, condition: str, *values: Value) -> list[R]:
        """The records that a condition holds for; it may end in an order and a limit."""
        rows: list[tuple[Any, ...]] = self._database.rows(
            f"{self._select} WHERE {condition}", values
        )
        return [self._kind(*row) for row in rows]
