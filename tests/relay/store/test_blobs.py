"""Blobs on the disk: whatever goes wrong between two steps, no row is without its file."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import apsw
import pytest

from relay.store.blobs import Blobs, Disk, RowChange, copy_blobs, folder_of
from relay.store.contract import (
    BROKEN,
    NO_SPACE,
    STORED,
    BlobChunk,
    Kept,
    Outcome,
    PutBlob,
    SweepBlobs,
)
from relay.store.migrations import connect, prepare
from relay.store.sqlite import SqliteStore
from relay.store.writer import Writer
from tests.relay.blob_contract import ALWAYS, BYTES, CHUNK, HASH, NEVER, ask, fetched, hand_in, put
from tests.relay.blob_contract import kept as kept_by
from tests.relay.store.disk import Disk as DatabaseDisk
from tests.relay.store_contract import ANA, BO, C, D, Desk, append, creation

STEPS = 10
"""To hand in three chunks: each is written and synced; at the end the file is synced, gets its
name, and it and its folder are synced."""


class CutError(Exception):
    """The power is gone."""


class Failing(Disk):
    """Goes well so often, and then no more: before a step, or with what it did half done."""

    def __init__(self, after: int, error: Callable[[], Exception], half: bool = False) -> None:
        self.left = after
        self.error = error
        self.half = half

    def _step(self) -> bool:
        """Whether the step is done at all."""
        self.left -= 1
        if self.left < 0 and not self.half:
            raise self.error()
        return self.left >= 0

    def append(self, path: Path, offset: int, data: bytes) -> None:
        well = self._step()
        super().append(path, offset, data if well else data[: len(data) // 2])
        self._failed(well)

    def sync(self, path: Path) -> None:
        well = self._step()
        super().sync(path)
        self._failed(well)

    def rename(self, path: Path, name: Path) -> None:
        well = self._step()
        super().rename(path, name)
        self._failed(well)

    def _failed(self, well: bool) -> None:
        if not well:
            raise self.error()


def full() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


def failing() -> OSError:
    return OSError(errno.EIO, "Input/output error")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store = SqliteStore(tmp_path / "relay.db", lambda: None, Random(1).randbytes)
    store.submit(creation(C), lambda outcome: None)
    store.submit(creation(D), lambda outcome: None)
    store.close()
    return tmp_path / "relay.db"


@pytest.fixture
def begun(path: Path) -> Iterator[Callable[..., Blobs]]:
    connections: list[apsw.Connection] = []

    def begin(disk: Disk | None = None, vfs: str | None = None) -> Blobs:
        reading, writing = connect(path, vfs), connect(path, vfs)
        connections.extend((reading, writing))

        def write(change: RowChange) -> Outcome:
            writer = Writer(writing, lambda circle, n: None)
            try:
                with writing:
                    (outcome,) = writer.carry_out([change])
            except apsw.FullError:
                return NO_SPACE
            return outcome

        return Blobs(reading, folder_of(path), disk or Disk(), write)

    yield begin
    for connection in connections:
        connection.close()


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[..., Desk]]:
    stores: list[SqliteStore] = []

    def open_one(disk: Disk | None = None, vfs: str | None = None) -> Desk:
        def open_store(wake: Callable[[], None]) -> SqliteStore:
            stores.append(SqliteStore(path, wake, vfs=vfs, disk=disk))
            return stores[-1]

        return Desk(open_store)

    yield open_one
    for store in stores:
        store.close()


def all_in(blobs: Blobs, by: bytes = ANA) -> Outcome:
    """Hand in from where it stands."""
    outcome = blobs.put(ask(by))
    while isinstance(outcome, Kept) and outcome.offset < len(BYTES):
        outcome = blobs.put(put(outcome.offset, by=by))
    return outcome


def rows(path: Path) -> int:
    connection = apsw.Connection(str(path))
    count = connection.execute("SELECT count(*) FROM blob").get
    connection.close()
    assert isinstance(count, int)
    return count


def files(path: Path) -> list[str]:
    return sorted(each.name for each in (folder_of(path) / C.hex()).iterdir())


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("after", range(STEPS + 1))
class TestEveryStep:
    def test_a_sudden_end(
        self, path: Path, begun: Callable[..., Blobs], after: int, half: bool
    ) -> None:
        blobs, whole = begun(Failing(after, CutError, half)), False
        try:
            whole = all_in(blobs) == Kept(250, fresh=True)
        except CutError:
            pass
        assert whole == (after == STEPS)
        assert rows(path) == whole
        again = begun()
        assert (again.read(C, HASH, 0, 250) is not None) == whole
        assert all_in(again) == Kept(250, fresh=not whole)
        assert again.read(C, HASH, 0, 250) == BlobChunk(250, BYTES)
        assert files(path) == [HASH.hex()]

    def test_a_full_disk(
        self, path: Path, begun: Callable[..., Blobs], after: int, half: bool
    ) -> None:
        blobs = begun(Failing(after, full, half))
        assert all_in(blobs) == (Kept(250, fresh=True) if after == STEPS else NO_SPACE)
        assert rows(path) == (after == STEPS)
        before = begun().put(ask())
        assert isinstance(before, Kept) and before.offset >= min(after // 2 * CHUNK, 250)
        # Asking made it whole, where all the bytes were there.
        assert all_in(begun()) == Kept(250, fresh=before.offset < 250)
        assert begun().read(C, HASH, 0, 250) == BlobChunk(250, BYTES)

    def test_a_disk_that_fails(
        self, path: Path, opened: Callable[..., Desk], after: int, half: bool
    ) -> None:
        desk = opened(Failing(after, failing, half))
        outcome = hand_in(desk)
        if after == STEPS:
            assert outcome == Kept(250, fresh=True)
            return
        assert outcome is BROKEN
        assert desk.store.broken is not None and "Input/output error" in desk.store.broken
        assert desk.do(append(C, 1)) is BROKEN, "nothing is acknowledged any more"
        assert rows(path) == 0
        again = opened()
        assert fetched(again) is None
        assert hand_in(again) == Kept(250, fresh=True)
        assert fetched(again) == BYTES


class TestDisk:
    def test_a_row_that_finds_no_room_is_written_later(
        self, path: Path, begun: Callable[..., Blobs]
    ) -> None:
        disk = DatabaseDisk("blob rows")
        blobs = begun(vfs=disk.name)
        disk.room = 0
        assert all_in(blobs) is NO_SPACE
        assert files(path) == [HASH.hex()]
        assert blobs.read(C, HASH, 0, 1) is None
        disk.works()
        assert blobs.put(ask(BO)) == Kept(250, fresh=True)
        disk.room = 0
        assert blobs.sweep(SweepBlobs(C, ALWAYS, ALWAYS)) is NO_SPACE
        assert blobs.read(C, HASH, 0, 250) == BlobChunk(250, BYTES)

    def test_a_database_without_room_is_a_full_disk(self, opened: Callable[..., Desk]) -> None:
        disk = DatabaseDisk("blob room")
        desk = opened(vfs=disk.name)
        disk.room = 0
        assert hand_in(desk) is NO_SPACE
        assert desk.store.broken is None
        disk.works()
        assert kept_by(desk, ask()) == Kept(250, fresh=True)
        assert desk.do(append(C, 1)) is STORED
        assert desk.moved == [], "no log has moved"

    def test_a_row_of_which_nobody_knows_breaks_the_store(
        self, path: Path, opened: Callable[..., Desk]
    ) -> None:
        disk = DatabaseDisk("blob syncs")
        desk = opened(vfs=disk.name)
        disk.failing_syncs = apsw.IOError
        assert hand_in(desk) is BROKEN
        assert desk.store.broken is not None
        assert desk.ask(desk.store.sweep_blobs, SweepBlobs(C, ALWAYS, ALWAYS)) is BROKEN
        disk.works()
        again = opened()
        assert all(kept_by(again, put(at)) for at in range(0, 250, CHUNK))
        assert fetched(again) == BYTES

    def test_rows_that_cannot_be_read(self, opened: Callable[..., Desk]) -> None:
        disk = DatabaseDisk("blob reads")
        desk = opened(vfs=disk.name)
        disk.fail_reads = True
        assert desk.ask(desk.store.read_blob, C, HASH, 0, 1) is None
        assert desk.store.broken is not None and "cannot read" in desk.store.broken
        assert desk.ask(desk.store.read_blob, C, HASH, 0, 1) is None
        assert kept_by(desk, ask()) is BROKEN

    def test_a_file_that_is_gone_or_cut_can_be_handed_in_again(
        self, path: Path, begun: Callable[..., Blobs]
    ) -> None:
        blobs = begun()
        all_in(blobs)
        file = folder_of(path) / C.hex() / HASH.hex()
        for harm in (file.unlink, lambda: file.write_bytes(BYTES[:-1])):
            harm()
            assert blobs.read(C, HASH, 0, 1) is None
            assert all_in(blobs) == Kept(250, fresh=True)
            assert blobs.read(C, HASH, 0, 250) == BlobChunk(250, BYTES)

    def test_a_file_of_other_bytes_without_a_row_is_nothing(
        self, path: Path, begun: Callable[..., Blobs]
    ) -> None:
        blobs = begun()
        blobs.put(put(0))
        (folder_of(path) / C.hex() / HASH.hex()).write_bytes(bytes(250))
        assert all_in(blobs) == Kept(250, fresh=True)
        assert blobs.read(C, HASH, 0, 250) == BlobChunk(250, BYTES)

    def test_another_process_was_quicker(self, path: Path, begun: Callable[..., Blobs]) -> None:
        class Taken(Disk):
            def rename(self, path: Path, name: Path) -> None:
                begun().put(ask())
                super().rename(path, name)

        assert all_in(begun(Taken())) in (Kept(250), Kept(250, fresh=True))
        assert begun().read(C, HASH, 0, 250) == BlobChunk(250, BYTES)

    def test_files_are_the_users_alone(self, path: Path, begun: Callable[..., Blobs]) -> None:
        all_in(begun())
        folder = folder_of(path)
        modes = [each.stat().st_mode & 0o777 for each in (folder, *sorted(folder.rglob("*")))]
        assert modes == [0o700, 0o700, 0o600]


class TestSweep:
    def test_what_no_row_names_goes_once_it_is_old(
        self, path: Path, begun: Callable[..., Blobs]
    ) -> None:
        blobs = begun()
        all_in(blobs)
        blobs.put(PutBlob(C, b"h" * 32, BO, 0, 9, b"part", 0, 1000))
        stray = folder_of(path) / C.hex() / ("0" * 64)
        stray.write_bytes(b"of nobody")
        for each in (stray, stray.with_name(HASH.hex())):
            os.utime(each, (10, 10))
        part = f"{(b'h' * 32).hex()}.{BO.hex()}"
        assert blobs.sweep(SweepBlobs(C, NEVER, 10_000)) is STORED
        assert files(path) == sorted([stray.name, HASH.hex(), part])
        assert blobs.sweep(SweepBlobs(C, NEVER, 10_001)) is STORED
        assert files(path) == sorted([HASH.hex(), part]), "a row's file stays, and what is young"
        assert blobs.sweep(SweepBlobs(D, ALWAYS, ALWAYS)) is STORED, "and a circle without any"


class TestCopy:
    def test_whole_ones_go_along(self, path: Path, begun: Callable[..., Blobs]) -> None:
        blobs = begun()
        all_in(blobs)
        blobs.put(PutBlob(C, b"h" * 32, BO, 0, 9, b"part", 0, 1000))
        target = path.with_name("copy.db")
        assert copy_blobs(path, target) == 1
        assert [each.name for each in folder_of(target).rglob("*") if each.is_file()] == [
            HASH.hex()
        ]
        assert (folder_of(target) / C.hex() / HASH.hex()).read_bytes() == BYTES
        assert copy_blobs(path, target) == 0, "what is there already is the same"
        assert copy_blobs(path, path.with_name("one.circle"), D) == 0
        assert copy_blobs(path, path.with_name("one.circle"), C) == 1
        assert copy_blobs(path.with_name("nothing.db"), target) == 0
        blobs.sweep(SweepBlobs(C, ALWAYS, ALWAYS))
        assert copy_blobs(path, target) == 0
        assert list((folder_of(target) / C.hex()).iterdir()) == [], "it holds what there is"


def test_the_schema_has_a_table_of_them(tmp_path: Path) -> None:
    connection = connect(tmp_path / "new.db")
    prepare(connection, tmp_path / "new.db", Random(1).randbytes)
    assert connection.execute("SELECT count(*) FROM blob").get == 0
    connection.close()
