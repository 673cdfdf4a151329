"""SQLite's write-ahead log: room for it, and when which thread writes it back into the file.

The third thread writes back what there is (a checkpoint) while the writing thread goes on, so it
never quite reaches the end, and only at the end the log begins anew. Those few last pages the
writing thread writes back itself, between two transactions.

An fsync of a file that has grown waits for the file system's journal too. Where the log is written
over instead, one takes two thirds of that, and the slowest in a hundred a third. So the log is made
long before it is needed, and begins anew before it is longer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import apsw

PAGE = 4096

CHECKPOINT_PAGES = 4_000
"""Pages in the log before it is written back."""

ROOM_PAGES = 6_000
"""Pages that the log of a relay has room for from the start."""

PATIENCE = 4
"""Times as many pages at which the writing thread does all of it, as the third never gets to."""

FEW = 8
"""The part of `CHECKPOINT_PAGES` that the writing thread may write back without keeping anybody."""


class WriteAhead:
    """The log of one file. `wanted` calls for the third thread, which then is to `write_back`."""

    def __init__(self, checkpoint: int, wanted: Callable[[int], None]) -> None:
        self._checkpoint = self._due = checkpoint
        self._wanted = wanted
        self._written_back = 0

    def grown(self, connection: apsw.Connection, schema: str, pages: int) -> int:
        """SQLite's hook after each commit of the writing thread: how long the log is."""
        if pages < self._checkpoint:
            self._due, self._written_back = self._checkpoint, 0
        elif self._nearly(pages) or pages >= PATIENCE * self._checkpoint:
            # Without a writer beside it this one reaches the end, and the log begins anew; if the
            # third thread is at it just now, a later commit tries again. So it does on a disk
            # without room for the file: what was committed is in the log, and stays there.
            self._written_back = 0
            with contextlib.suppress(apsw.BusyError, apsw.FullError):
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        elif pages >= self._due:
            self._due = pages + self._checkpoint
            self._wanted(pages)
        return apsw.SQLITE_OK

    def _nearly(self, pages: int) -> bool:
        written = self._written_back
        return written > 0 and pages - written <= max(1, self._checkpoint // FEW)

    def write_back(self, connection: apsw.Connection) -> None:
        """In the third thread: bring into the file what is in the log now."""
        # What fails here fails for the writing thread too, which says so.
        with contextlib.suppress(apsw.Error):
            _, written = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._written_back = written


def reserve(connection: apsw.Connection, pages: int) -> None:
    """Make the log of a relay's file this long, if nobody else writes and the disk has room.

    A transaction that is too large for its memory goes to the log as it is, and stays there when it
    is rolled back, until others are written over it. A file that may not grow so long only means
    that there is less room; a disk that takes nothing at all says so at the first append.
    """
    cache = connection.pragma("cache_size")
    connection.pragma("cache_size", 16)
    with contextlib.suppress(apsw.BusyError, apsw.FullError, apsw.IOError):
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE room (bytes BLOB)")
            connection.execute("INSERT INTO room VALUES (zeroblob(?))", (pages * PAGE,))
        finally:
            if connection.in_transaction:  # SQLite may have ended it by itself
                connection.execute("ROLLBACK")
            connection.pragma("cache_size", cache)
        # The first commit waits for all of it to be on the disk; nobody waits for this one.
        connection.execute("BEGIN IMMEDIATE; UPDATE relay SET key = key; COMMIT")
