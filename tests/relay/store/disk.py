"""A file layer for SQLite that counts what reaches the disk, and fails when told to."""

from __future__ import annotations

import threading
from typing import Any

import apsw


class Disk(apsw.VFS):
    """Registered as `name`, above the layer `base`; `events` are what happens to the write-ahead
    log.

    `writers` are the threads that write elsewhere, the first one first.
    `failing` is the error of every write, `failing_files` of those beside the write-ahead log,
    `failing_syncs` of every fsync, which leaves open what is on the disk.
    `room` is how many bytes the files may still grow together; None for without end.
    `failing_after` is how many writes and fsyncs go well before one fails, with the error
    `failing_once`; None where none does. With `quick`, an fsync does nothing where it goes well.
    """

    def __init__(self, name: str, base: str = "", quick: bool = False) -> None:
        self.name = name
        self.base = base
        self.quick = quick
        self.failing_after: int | None = None
        self.failing_once: type[apsw.Error] = apsw.IOError
        self.calls = 0
        self.failing: type[apsw.Error] | None = None
        self.failing_files: type[apsw.Error] | None = None
        self.failing_syncs: type[apsw.Error] | None = None
        self.fail_reads = False
        self.room: int | None = None
        self.events: list[str] = []
        self.writers: list[str] = []
        super().__init__(name, base=base)

    def xOpen(self, name: Any, flags: Any) -> DiskFile:
        return DiskFile(self, name, flags)

    def works(self) -> None:
        """Everything goes well from here on."""
        self.failing = self.failing_files = self.failing_syncs = None
        self.failing_after = self.room = None
        self.fail_reads = False

    def called(self) -> None:
        """A write or an fsync begins."""
        self.calls += 1
        if self.failing_after is not None:
            self.failing_after -= 1
            if self.failing_after < 0:
                self.failing_after = None
                raise self.failing_once("the disk says no, this once")

    def grow(self, by: int) -> None:
        """A file is to be so much longer; FullError where there is no room for that."""
        if self.room is not None and by > 0:
            if by > self.room:
                raise apsw.FullError("no space left")
            self.room -= by


class DiskFile(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: Any) -> None:
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._wal = str(path).endswith("-wal")
        super().__init__(disk.base, name, flags)

    def xWrite(self, data: Any, offset: int) -> None:
        if self._disk.failing is not None:
            raise self._disk.failing("the disk says no")
        if not self._wal and self._disk.failing_files is not None:
            raise self._disk.failing_files("the disk says no")
        self._disk.called()
        self._disk.grow(offset + len(data) - self.xFileSize())
        if self._wal:
            self._disk.events.append("write")
        else:
            name = threading.current_thread().name
            self._disk.writers += [] if name in self._disk.writers else [name]
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        if self._disk.failing_syncs is not None:
            raise self._disk.failing_syncs("the disk does not answer")
        self._disk.called()
        if self._wal:
            self._disk.events.append("sync")
        if not self._disk.quick:
            super().xSync(flags)

    def xRead(self, amount: int, offset: int) -> bytes:
        if self._disk.fail_reads:
            raise apsw.IOError("the disk is unreadable")
        return super().xRead(amount, offset)
