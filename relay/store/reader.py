"""The SQL that reads: what is committed, seen through one connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import apsw

from crypto.access.settlement import Settlement
from crypto.primitives import SECRET_KEY_LENGTH
from crypto.secret import Secret
from relay.store.contract import RECENT, Creation, Known, Loaded, Record, Restart, StoreError

_COLUMNS = "n, kind, time, body, side_data, sender, idempotency_id, entry_hash, chain"
_BODILESS = _COLUMNS.replace("body", "CASE WHEN body NOT NULL THEN x'' END")

Execute: TypeAlias = Callable[..., apsw.Cursor]


class Reader:
    """Answers questions about what is committed."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._execute = connection.cursor().execute

    def relay_key(self) -> Secret:
        """The seed that `migrations.prepare` made."""
        row = only(self._execute, "SELECT key FROM relay")
        if row is None or len(row[0]) != SECRET_KEY_LENGTH:
            raise StoreError("The relay's database has lost the relay's key; restore a backup.")
        return Secret(row[0])

    def load(self, circle: bytes) -> Loaded | None:
        """What `Store.load` answers, all of one moment."""
        self._execute("BEGIN")
        try:
            row = only(
                self._execute,
                "SELECT number, access_key, cap, time, incarnation FROM circle WHERE id = ?",
                circle,
            )
            if row is None:
                return None
            creation = replace(Creation(circle, *row[1:]), settlement=self._settlement(row[0]))
            return self._load(creation, row[0])
        finally:
            self._execute("COMMIT")

    def _settlement(self, number: int) -> Settlement | None:
        row = only(
            self._execute,
            "SELECT base, base_hash, n, hash, alone, opened, cap, retention, former_key, seats"
            " FROM settlement WHERE circle = ?",
            number,
        )
        if row is None:
            return None
        base, base_hash, n, hash, alone, *roster = row
        return Settlement(base, base_hash, n, hash, bool(alone), *roster)

    def _load(self, creation: Creation, number: int) -> Loaded:
        def ask(question: str, *more: int) -> list[tuple[Any, ...]]:
            return self._execute(question, (number, *more)).fetchall()

        entries = f"SELECT {_BODILESS} FROM entry WHERE circle = ?"  # noqa: S608
        last = ask(f"{entries} ORDER BY n DESC LIMIT 1")
        recent = ask(
            "SELECT idempotency_id, n, time FROM entry WHERE circle = ? ORDER BY n DESC LIMIT ?",
            RECENT,
        )
        beats = ask("SELECT access_key, body, time FROM beat WHERE circle = ?")
        restarts = ask(
            "SELECT before, incarnation, time, complete FROM restart"
            " WHERE circle = ? ORDER BY place"
        )
        first_whole, size = whole(self._execute, number)
        return Loaded(
            creation=creation,
            turns=tuple(Record(*row) for row in ask(f"{entries} AND kind <> 1 ORDER BY n")),
            last=Record(*last[0]) if last else None,
            recent=tuple((id, n, time) for id, n, time in reversed(recent)),
            first_whole=first_whole,
            size=size,
            cursors=dict(ask("SELECT access_key, n FROM cursor WHERE circle = ?")),
            beats={key: (body, time) for key, body, time in beats},
            restarts=tuple(Restart(creation.circle, *row[:3]) for row in restarts),
            complete=not restarts or bool(restarts[-1][3]),
        )

    def read(self, circle: bytes, first: int, last: int, limit: int) -> list[Record]:
        """Records first … last, as many as fit, one at least if there is one."""
        records: list[Record] = []
        cursor = self._connection.cursor()
        cursor.execute(
            f"SELECT {_COLUMNS} FROM entry WHERE n >= ? AND n <= ?"  # noqa: S608
            " AND circle = (SELECT number FROM circle WHERE id = ?) ORDER BY n",
            (first, last, circle),
        )
        for row in cursor:
            record = Record(*row)
            limit -= len(record.body or b"") + len(record.side_data)
            if records and limit < 0:
                break
            records.append(record)
        # A question half answered would hold the write-ahead log open.
        cursor.close(force=True)
        return records

    def find(self, circle: bytes, idempotency_id: bytes) -> Known | None:
        """Where the entry with this idempotency id stands."""
        row = only(self._execute, "SELECT number FROM circle WHERE id = ?", circle)
        return None if row is None else find(self._execute, row[0], idempotency_id)

    def find_invite(self, invite: bytes) -> bytes | None:
        """The circle in which an invite was opened."""
        return self._one(
            "SELECT circle.id FROM invite JOIN circle ON number = circle WHERE invite.id = ?",
            invite,
        )

    def attachment(self, circle: bytes, hash: bytes) -> bytes | None:
        """A card or Welcome by its hash."""
        return self._one(
            "SELECT data FROM attachment JOIN circle ON number = circle"
            " WHERE circle.id = ? AND hash = ?",
            circle,
            hash,
        )

    def circles(self) -> list[bytes]:
        """The ids of all circles."""
        return [id for (id,) in self._execute("SELECT id FROM circle ORDER BY number")]

    def _one(self, question: str, *values: bytes) -> bytes | None:
        row = only(self._execute, question, *values)
        return None if row is None else row[0]


def only(execute: Execute, question: str, *values: int | bytes) -> tuple[Any, ...] | None:
    """The first row of the answer; the answer is read to its end, which frees the statement."""
    rows: list[tuple[Any, ...]] = execute(question, values).fetchall()
    return rows[0] if rows else None


def standing(execute: Execute, number: int) -> tuple[bytes, bool, int]:
    """The incarnation of circle `number`, whether it is complete, and how often that changed."""
    row = only(
        execute,
        "SELECT incarnation, complete, (SELECT sum(1 + complete) FROM restart WHERE circle = ?1)"
        " FROM restart WHERE circle = ?1 ORDER BY place DESC LIMIT 1",
        number,
    )
    if row is None:
        row = only(execute, "SELECT incarnation, 1, 0 FROM circle WHERE number = ?", number)
    return (b"", True, 0) if row is None else (row[0], bool(row[1]), row[2])


def find(execute: Execute, number: int, idempotency_id: bytes) -> Known | None:
    """Where the entry with this idempotency id stands in circle `number`."""
    row = only(
        execute,
        "SELECT n, time FROM entry WHERE circle = ? AND idempotency_id = ?",
        number,
        idempotency_id,
    )
    return None if row is None else Known(*row)


def whole(execute: Execute, number: int) -> tuple[int, int]:
    """The first n from which on all is whole, and the bytes that circle `number` holds."""
    row = only(
        execute,
        "SELECT swept + 1, coalesce((SELECT total FROM entry WHERE circle = number"
        " ORDER BY n DESC LIMIT 1), 0) - freed"
        " + (SELECT coalesce(sum(length(data)), 0) FROM attachment WHERE circle = number)"
        " + (SELECT coalesce(sum(size), 0) FROM blob WHERE circle = number)"
        " FROM circle WHERE number = ?",
        number,
    )
    return (1, 0) if row is None else (row[0], row[1])
