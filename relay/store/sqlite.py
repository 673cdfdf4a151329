"""The store in one SQLite file: a thread that writes, a thread that reads.

    submit ─▶ queue ─▶ writing thread: BEGIN, all that queued meanwhile, COMMIT (fsync) ─┐
    read … ─▶ queue ─▶ reading thread ───────────────────────────────────────────────────┤
    settle ◀──────────────────────── wake ◀──────────────────────────────── endings ◀────┘

The writing thread has no timer: while one transaction is on its way to the disk the next gathers,
so that a lone append waits for nothing and many share one fsync. A third thread writes the log back
into the file now and then (`write_ahead`); an append that had to wait for that would wait ten times
as long. A fourth one has the blobs, which are files (`relay.store.blobs`): a log never waits for
one.

Where the disk is full, SQLite says so before it writes the frame that would make a transaction
hold: the transaction is rolled back, and it is certain that it never was. Every other error, an
fsync that fails above all, leaves that open, and breaks the store.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import apsw

from crypto.primitives import Rng
from crypto.secret import Secret
from relay.store.blobs import Blobs, Disk, RowChange, folder_of
from relay.store.contract import (
    BROKEN,
    NO_SPACE,
    STORED,
    BlobChunk,
    Intention,
    Known,
    Loaded,
    Outcome,
    PutBlob,
    Record,
    SweepBlobs,
)
from relay.store.migrations import connect, named, prepare
from relay.store.reader import Reader
from relay.store.write_ahead import CHECKPOINT_PAGES, WriteAhead, reserve
from relay.store.writer import Work, Writer

Done: TypeAlias = Callable[[Outcome], None]
Answer = TypeVar("Answer")
Item = TypeVar("Item")


class SqliteStore:
    """A `relay.store.contract.Store` in the file `path`, which is made if it is not there.

    `wake` is called from the store's threads. `vfs` names the SQLite file layer to go through
    (tests put one in between that fails). `room` is how many pages the write-ahead log has room for
    from the start. `disk` writes the blobs (tests give one that fails). StoreError if the file
    cannot be used.
    """

    def __init__(
        self,
        path: Path,
        wake: Callable[[], None],
        rng: Rng = os.urandom,
        vfs: str | None = None,
        checkpoint: int = CHECKPOINT_PAGES,
        room: int = 0,
        disk: Disk | None = None,
    ) -> None:
        self._wake = wake
        self._broken: str | None = None
        self._cramped = False
        self._moved: Callable[[bytes, int], None] = _ignore
        self._endings: deque[Callable[[], None]] = deque()
        with named(path):
            writing = connect(path, vfs)
            prepare(writing, path, rng)
            if room:
                reserve(writing, room)
            reading = connect(path, vfs)
            tidying = connect(path, vfs)
            filing = connect(path, vfs)
            # A connection that has read nothing yet does not know that there is a write-ahead log.
            Reader(tidying).relay_key()
            Reader(filing).relay_key()
            self._relay_key = Reader(reading).relay_key()
        self._intentions = _Queue[tuple[Work, Done]]()
        self._questions = _Queue[Callable[[Reader], None]]()
        self._full = _Queue[int]()
        self._filing = _Queue[Callable[[Blobs], None]]()
        blobs = Blobs(filing, folder_of(path), disk or Disk(), self._change_row)
        self._log = WriteAhead(checkpoint, self._full.put)
        self._threads = [
            threading.Thread(target=self._write, args=(writing,), name="store-write", daemon=True),
            threading.Thread(target=self._answer, args=(reading,), name="store-read", daemon=True),
            threading.Thread(target=self._tidy, args=(tidying,), name="store-tidy", daemon=True),
            threading.Thread(
                target=self._file, args=(blobs, filing), name="store-blobs", daemon=True
            ),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def relay_key(self) -> Secret:
        """As in the contract."""
        return self._relay_key

    @property
    def broken(self) -> str | None:
        """As in the contract."""
        return self._broken

    def listen(self, moved: Callable[[bytes, int], None]) -> None:
        """As in the contract."""
        self._moved = moved

    def submit(self, intention: Intention, done: Done) -> None:
        """As in the contract."""
        self._intentions.put((intention, done))

    def load(self, circle: bytes, done: Callable[[Loaded | None], None]) -> None:
        """As in the contract."""
        self._ask(lambda reader: reader.load(circle), done)

    def read(
        self,
        circle: bytes,
        first: int,
        last: int,
        limit: int,
        done: Callable[[Sequence[Record] | None], None],
    ) -> None:
        """As in the contract."""
        self._ask(lambda reader: reader.read(circle, first, last, limit), done)

    def find(
        self, circle: bytes, idempotency_id: bytes, done: Callable[[Known | None], None]
    ) -> None:
        """As in the contract."""
        self._ask(lambda reader: reader.find(circle, idempotency_id), done)

    def find_invite(self, invite: bytes, done: Callable[[bytes | None], None]) -> None:
        """As in the contract."""
        self._ask(lambda reader: reader.find_invite(invite), done)

    def attachment(self, circle: bytes, hash: bytes, done: Callable[[bytes | None], None]) -> None:
        """As in the contract."""
        self._ask(lambda reader: reader.attachment(circle, hash), done)

    def circles(self, done: Callable[[Sequence[bytes] | None], None]) -> None:
        """As in the contract."""
        self._ask(lambda reader: reader.circles(), done)

    def put_blob(self, put: PutBlob, done: Done) -> None:
        """As in the contract."""
        self._keep(lambda blobs: blobs.put(put), done)

    def sweep_blobs(self, sweep: SweepBlobs, done: Done) -> None:
        """As in the contract."""
        self._keep(lambda blobs: blobs.sweep(sweep), done)

    def read_blob(
        self,
        circle: bytes,
        hash: bytes,
        offset: int,
        limit: int,
        done: Callable[[BlobChunk | None], None],
    ) -> None:
        """As in the contract."""

        def answer(blobs: Blobs) -> None:
            found = None
            try:
                if self._broken is None:
                    found = blobs.read(circle, hash, offset, limit)
            except apsw.Error as error:
                self._broken = f"The relay cannot read its disk: {error}."
            self._endings.append(partial(done, found))

        self._filing.put(answer)

    def settle(self) -> None:
        """As in the contract."""
        endings = self._endings
        while endings:
            endings.popleft()()

    def close(self) -> None:
        """As in the contract."""
        # The blobs first: they wait for rows.
        self._filing.close()
        self._threads[-1].join()
        self._intentions.close()
        self._questions.close()
        self._full.close()
        for thread in self._threads:
            thread.join()
        self.settle()

    def _ask(
        self, question: Callable[[Reader], Answer], done: Callable[[Answer | None], None]
    ) -> None:
        def answer(reader: Reader) -> None:
            found = None
            try:
                if self._broken is None:
                    found = question(reader)
            except apsw.Error as error:
                self._broken = f"The relay cannot read its disk: {error}."
            self._endings.append(partial(done, found))

        self._questions.put(answer)

    def _keep(self, carry_out: Callable[[Blobs], Outcome], done: Done) -> None:
        def keep(blobs: Blobs) -> None:
            outcome: Outcome = BROKEN
            try:
                if self._broken is None:
                    outcome = carry_out(blobs)
            except (OSError, apsw.Error) as error:
                self._broken = f"The relay cannot write files to its disk: {error}."
            self._endings.append(partial(done, outcome))

        self._filing.put(keep)

    def _change_row(self, change: RowChange) -> Outcome:
        """Have the writing thread change a row, and wait for it."""
        outcomes: list[Outcome] = []
        through = threading.Event()
        self._intentions.put((change, _Told(outcomes, through)))
        through.wait()
        return outcomes[0]

    def _file(self, blobs: Blobs, connection: apsw.Connection) -> None:
        while wanted := self._filing.take():
            for each in wanted:
                each(blobs)
                self._wake()
        _let_go(connection)

    def _answer(self, connection: apsw.Connection) -> None:
        reader = Reader(connection)
        while questions := self._questions.take():
            for question in questions:
                question(reader)
            self._wake()
        _let_go(connection)

    def _write(self, connection: apsw.Connection) -> None:
        connection.set_wal_hook(self._log.grown)
        writer = Writer(connection, self._hear)
        while waiting := self._intentions.take():
            outcomes = self._transaction(connection, writer, [item for item, _ in waiting])
            for (_, done), outcome in zip(waiting, outcomes, strict=True):
                if isinstance(done, _Told):
                    done(outcome)
            self._endings.append(partial(_settle, waiting, outcomes))
            self._wake()
        _let_go(connection)

    def _tidy(self, connection: apsw.Connection) -> None:
        while self._full.take():
            self._log.write_back(connection)
        _let_go(connection)

    def _transaction(
        self, connection: apsw.Connection, writer: Writer, batch: list[Work]
    ) -> list[Outcome]:
        if self._broken is None:
            try:
                outcomes: list[Outcome] = [STORED] * len(batch)
                if not writer.append_alone(batch):
                    connection.execute("BEGIN IMMEDIATE")
                    outcomes = writer.carry_out(batch)
                    connection.execute("COMMIT")
                self._cramped = False
                return outcomes
            except apsw.FullError:
                self._make_room()
                if _rolled_back(connection):
                    writer.undone()
                    return [NO_SPACE] * len(batch)
                self._broken = "The relay's disk is full, and what was begun cannot be undone."
            except apsw.Error as error:
                self._broken = f"The relay cannot write to its disk: {error}."
        return [BROKEN] * len(batch)

    def _make_room(self) -> None:
        """Once it is written back, the log begins anew, in the room that it has already."""
        if not self._cramped:
            self._cramped = True
            self._full.put(0)

    def _hear(self, circle: bytes, n: int) -> None:
        self._endings.append(lambda: self._moved(circle, n))


class _Queue(Generic[Item]):
    """What waits for a thread, which takes all of it at once."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        with self._changed:
            self._items.append(item)
            if len(self._items) == 1:
                self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take(self) -> list[Item]:
        """All that waits, at least one; nothing once the queue is closed and empty."""
        with self._changed:
            while not self._items and not self._closed:
                self._changed.wait()
            items, self._items = self._items, []
            return items


class _Told:
    """Another thread of the store waits for the outcome, and hears it before anybody settles."""

    def __init__(self, outcomes: list[Outcome], through: threading.Event) -> None:
        self._outcomes = outcomes
        self._through = through

    def __call__(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self._through.set()


def _settle(waiting: list[tuple[Work, Done]], outcomes: list[Outcome]) -> None:
    for (_, done), outcome in zip(waiting, outcomes, strict=True):
        if not isinstance(done, _Told):
            done(outcome)


def _rolled_back(connection: apsw.Connection) -> bool:
    try:
        if connection.in_transaction:  # SQLite may have done it by itself
            connection.execute("ROLLBACK")
    except apsw.Error:
        return False
    return True


def _let_go(connection: apsw.Connection) -> None:
    # The last to close writes the log back; where that fails, the next start makes up for it.
    with contextlib.suppress(apsw.Error):
        connection.close()


def _ignore(circle: bytes, n: int) -> None:
    """Nobody listens."""
