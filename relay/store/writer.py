"""The SQL that writes: intentions carried out inside a transaction that the caller begins and ends.

A batch of appends becomes few statements of many rows each, since every statement hands the
interpreter's lock away and has to wait to get it back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import TypeAlias

import apsw

from crypto.access.settlement import Settlement
from relay.store.blobs import Enter, RowChange, Strike
from relay.store.contract import (
    EXISTS,
    EXPIRED,
    NO_TOKEN,
    RESTARTED,
    SPENT,
    STORED,
    UNKNOWN,
    Append,
    Beat,
    Complete,
    Conflict,
    Creation,
    Cursor,
    Dismiss,
    Forget,
    Forgotten,
    Intention,
    Outcome,
    Record,
    Restart,
)
from relay.store.reader import find, only, standing, whole

FORGET_AT_ONCE = 2000
"""Entries that one `Forget` looks at; it goes on where it stopped the next time."""

_INSERT = (
    "INSERT INTO entry (circle, n, kind, time, sender, idempotency_id, entry_hash, chain, total,"
    " side_data, body) VALUES "
)
_PLACES = 11
_ROW = "(" + ",".join("?" * _PLACES) + ")"
_MOST_ROWS = 64
_INSERTS = [_INSERT + ",".join([_ROW] * rows) for rows in range(_MOST_ROWS + 1)]


NotAppended: TypeAlias = (
    Creation | Restart | Complete | Cursor | Beat | Dismiss | Forget | RowChange
)

Work: TypeAlias = Intention | RowChange
"""What callers of the store intend, and what its own blobs do."""


class Head:
    """Where a circle's log stands, as the writer knows it."""

    __slots__ = ("chain", "n", "number", "restarts", "total")

    def __init__(self, number: int, n: int, total: int, chain: bytes | None, restarts: int) -> None:
        self.number = number
        self.n = n
        self.total = total
        self.chain = chain
        self.restarts = restarts

    def fits(self, append: Append) -> bool:
        """Whether the append is the next entry, as far as it says and we know."""
        return append.record.n == self.n + 1 and (
            append.previous is None or self.chain is None or append.previous == self.chain
        )

    def take(self, record: Record) -> tuple[int | bytes | None, ...]:
        """The record's row, with the head moved onto it."""
        self.n = record.n
        self.chain = record.chain
        self.total += len(record.body or b"") + len(record.side_data)
        return (
            self.number,
            record.n,
            record.kind,
            record.time,
            record.sender,
            record.idempotency_id,
            record.entry_hash,
            record.chain,
            self.total,
            record.side_data,
            record.body,
        )

    def give_back(self, append: Append) -> None:
        """Step back over a record that was taken last and not written."""
        record = append.record
        self.n = record.n - 1
        self.chain = append.previous
        self.total -= len(record.body or b"") + len(record.side_data)


class Writer:
    """Carries out intentions. `moved` hears of logs that another connection has taken further."""

    def __init__(self, connection: apsw.Connection, moved: Callable[[bytes, int], None]) -> None:
        self._connection = connection
        self._execute = connection.cursor().execute
        self._moved = moved
        self._heads: dict[bytes, Head] = {}
        self._seen: int | None = None

    def carry_out(self, batch: Sequence[Work]) -> list[Outcome]:
        """The outcomes in the order of the batch; true once the caller's commit is through."""
        self._notice_others()
        outcomes: list[Outcome] = [STORED] * len(batch)
        appends: list[tuple[int, Append]] = []
        for place, intention in enumerate(batch):
            if isinstance(intention, Append):
                appends.append((place, intention))
            else:
                self._append(appends, outcomes)
                appends = []
                outcomes[place] = self._other(intention)
        self._append(appends, outcomes)
        return outcomes

    def append_alone(self, batch: Sequence[Work]) -> bool:
        """Carry out a batch of nothing but next entries in one statement, which is a transaction by
        itself; whether it was such a batch. If not, nothing has been done.

        Where another connection has written first, no entry has a place that is free any more, and
        `carry_out` says what becomes of them; what else others have done is noticed afterwards.
        """
        taken: list[tuple[Head, Append]] = []
        values: list[int | bytes | None] = []
        for intention in batch if len(batch) <= _MOST_ROWS else ():
            if not isinstance(intention, Append) or intention.attachments or intention.invites:
                break
            head = self._heads.get(intention.circle)
            if head is None or not head.fits(intention):
                break
            taken.append((head, intention))
            values += head.take(intention.record)
        if len(taken) == len(batch):
            try:
                self._execute(_INSERTS[len(batch)], values)
            except apsw.ConstraintError:
                pass
            else:
                self._notice_others()
                return True
        for head, append in reversed(taken):
            head.give_back(append)
        return False

    def undone(self) -> None:
        """The caller rolled back: what was remembered of this transaction is void."""
        self._heads.clear()

    def _notice_others(self) -> None:
        seen = int(self._connection.pragma("data_version"))
        if seen == self._seen:
            return
        self._seen = seen
        before, self._heads = self._heads, {}
        for circle, head in before.items():
            now = self._head(circle)
            if now is not None and now.restarts != head.restarts:
                self._moved(circle, RESTARTED)
            elif now is not None and now.n != head.n:
                self._moved(circle, now.n)

    def _head(self, circle: bytes) -> Head | None:
        head = self._heads.get(circle)
        if head is None:
            row = only(
                self._execute,
                "SELECT number, coalesce(entry.n, base, 0), coalesce(total, 0),"
                " coalesce(chain, base_hash, zeroblob(32)) FROM circle"
                " LEFT JOIN entry ON entry.circle = number"
                " LEFT JOIN settlement ON settlement.circle = number"
                " WHERE id = ? ORDER BY entry.n DESC LIMIT 1",
                circle,
            )
            if row is None:
                return None
            number, n, total, chain = row
            restarts = standing(self._execute, number)[2]
            head = self._heads[circle] = Head(number, n, total, chain, restarts)
        return head

    def _append(self, appends: list[tuple[int, Append]], outcomes: list[Outcome]) -> None:
        """Write what follows on its log in as few statements as there can be."""
        fitting: list[tuple[int, Append]] = []
        values: list[int | bytes | None] = []
        for place, append in appends:
            head = self._head(append.circle)
            if head is None:
                outcomes[place] = UNKNOWN
            elif head.fits(append):
                values += head.take(append.record)
                fitting.append((place, append))
            else:
                # What waits to be written may hold the same idempotency id, so it goes first.
                self._write(fitting, values, outcomes)
                fitting, values = [], []
                outcomes[place] = self._append_one(append)
        self._write(fitting, values, outcomes)

    def _write(
        self,
        fitting: list[tuple[int, Append]],
        values: list[int | bytes | None],
        outcomes: list[Outcome],
    ) -> None:
        done, left = 0, len(fitting)
        while left:
            rows = min(left, _MOST_ROWS)
            try:
                self._execute(_INSERTS[rows], values[done * _PLACES : (done + rows) * _PLACES])
            except apsw.ConstraintError:
                # One of these has a known idempotency id, and what follows it conflicts.
                for _, append in reversed(fitting[done:]):
                    self._heads[append.circle].give_back(append)
                for place, append in fitting[done:]:
                    outcomes[place] = self._append_one(append)
                return
            for _, append in fitting[done : done + rows]:
                if append.attachments or append.invites:
                    self._write_beside(append)
            done += rows
            left -= rows

    def _append_one(self, append: Append) -> Outcome:
        head = self._heads[append.circle]
        record = append.record
        known = find(self._execute, head.number, record.idempotency_id)
        if known is not None:
            return known
        if not head.fits(append):
            return Conflict(head.n)
        self._execute(_INSERTS[1], head.take(record))
        self._write_beside(append)
        return STORED

    def _write_beside(self, append: Append) -> None:
        number = self._heads[append.circle].number
        for attachment in append.attachments:
            self._execute(
                "INSERT OR IGNORE INTO attachment (circle, hash, time, data) VALUES (?, ?, ?, ?)",
                (number, attachment.hash, append.record.time, attachment.data),
            )
        for invite in append.invites:
            # The first circle to name an id keeps it: a second could only have been told it.
            self._execute("INSERT OR IGNORE INTO invite VALUES (?, ?)", (invite, number))

    def _other(self, intention: NotAppended) -> Outcome:
        head = self._head(intention.circle)
        if isinstance(intention, Creation):
            return EXISTS if head is not None else self._create(intention, intention.settlement)
        if head is None:
            return UNKNOWN
        match intention:
            case Restart() | Complete():
                return self._restart(head, intention)
            case Cursor():
                self._execute(
                    "INSERT INTO cursor VALUES (?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET n = max(n, excluded.n)",
                    (head.number, intention.access_key, intention.n),
                )
            case Beat():
                self._execute(
                    "INSERT OR REPLACE INTO beat VALUES (?, ?, ?, ?)",
                    (head.number, intention.access_key, intention.time, intention.body),
                )
            case Dismiss():
                place = (head.number, intention.access_key)
                self._execute("DELETE FROM cursor WHERE circle = ? AND access_key = ?", place)
                self._execute("DELETE FROM beat WHERE circle = ? AND access_key = ?", place)
            case Enter():
                self._execute(
                    "INSERT OR REPLACE INTO blob VALUES (?, ?, ?, ?)",
                    (head.number, intention.hash, intention.size, intention.time),
                )
            case Strike():
                self._execute(
                    "DELETE FROM blob WHERE circle = ? AND time < ?",
                    (head.number, intention.before),
                )
            case Forget():
                return self._forget(head, intention)
        return STORED

    def _restart(self, head: Head, intention: Restart | Complete) -> Outcome:
        incarnation, complete, _ = standing(self._execute, head.number)
        if isinstance(intention, Restart):
            if incarnation != intention.before:
                return Conflict(head.n)
            self._execute(
                "INSERT INTO restart (circle, before, incarnation, time) VALUES (?, ?, ?, ?)",
                (head.number, intention.before, intention.incarnation, intention.time),
            )
            head.restarts += 1
        elif incarnation != intention.incarnation:
            return Conflict(head.n)
        elif not complete:
            self._execute(
                "UPDATE restart SET complete = 1 WHERE circle = ? AND incarnation = ?",
                (head.number, incarnation),
            )
            head.restarts += 1
        return STORED

    def _create(self, creation: Creation, settlement: Settlement | None) -> Outcome:
        refused = None if creation.token is None else self._spend(creation.token, creation.time)
        if refused is not None:
            return refused
        self._execute(
            "INSERT INTO circle (id, access_key, cap, time, incarnation) VALUES (?, ?, ?, ?, ?)",
            (
                creation.circle,
                creation.access_key,
                creation.cap,
                creation.time,
                creation.incarnation,
            ),
        )
        if settlement is not None:
            number, same = self._connection.last_insert_rowid(), creation.incarnation
            self._execute("UPDATE circle SET swept = ? WHERE number = ?", (settlement.base, number))
            self._execute(
                "INSERT INTO settlement (circle, base, base_hash, n, hash, alone, opened, cap,"
                " retention, former_key, seats) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (number, *astuple(settlement)),
            )
            self._execute(
                "INSERT INTO restart (circle, before, incarnation, time) VALUES (?, ?, ?, ?)",
                (number, same, same, creation.time),
            )
        return STORED

    def _spend(self, token: bytes, now: int) -> Outcome | None:
        """Take one use of a token; why not, if not."""
        # Found by its hash: how long that takes says nothing about any token.
        found = only(self._execute, "SELECT uses, until FROM token WHERE hash = ?", token)
        if found is None:
            return NO_TOKEN
        uses, until = found
        if uses < 1:
            return SPENT
        if until <= now:
            return EXPIRED
        self._execute("UPDATE token SET uses = uses - 1 WHERE hash = ?", (token,))
        return None

    def _forget(self, head: Head, forget: Forget) -> Forgotten:
        number = head.number
        swept = whole(self._execute, number)[0] - 1
        settled = min(forget.acknowledged, self._before(head, forget.settled_before))
        others = max(settled, self._before(head, forget.others_before))
        commits = max(settled, self._before(head, forget.commits_before))
        self._sweep(number, "kind <> 2", swept, min(others, swept + FORGET_AT_ONCE))
        self._sweep(number, "kind = 2", 0, commits)
        kept = ",".join("?" * len(forget.keep))
        self._execute(
            f"DELETE FROM attachment WHERE circle = ? AND time < ? AND hash NOT IN ({kept})",  # noqa: S608
            (number, forget.attachments_before, *forget.keep),
        )
        first_whole, size = whole(self._execute, number)
        return Forgotten(first_whole, size)

    def _sweep(self, number: int, kinds: str, above: int, to: int) -> None:
        """Take the bodies of entries above … to; commits keep their sender, for the roster."""
        chosen = f"FROM entry WHERE circle = ? AND n > ? AND n <= ? AND {kinds} AND body NOT NULL"
        place = (number, above, to)
        found = only(self._execute, f"SELECT sum(length(body)), max(n) {chosen}", *place)
        if found is None or found[1] is None:
            return
        freed, highest = found
        keeping = "CASE kind WHEN 2 THEN sender ELSE x'' END"
        self._execute(
            f"UPDATE entry SET body = NULL, sender = {keeping}"  # noqa: S608
            f" WHERE place IN (SELECT place {chosen})",
            place,
        )
        self._execute(
            "UPDATE circle SET swept = max(swept, ?), freed = freed + ? WHERE number = ?",
            (highest, freed, number),
        )

    def _before(self, head: Head, time: int) -> int:
        """The highest n whose time is before `time`, by halving: times do not fall along a log."""
        low, high = 0, head.n
        while low < high:
            middle = (low + high + 1) // 2
            at = only(
                self._execute,
                "SELECT time FROM entry WHERE circle = ? AND n = ?",
                head.number,
                middle,
            )
            # What is not here is of before the log came here.
            low, high = (middle, high) if at is None or at[0] < time else (low, middle - 1)
        return low
