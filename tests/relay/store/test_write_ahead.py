"""When the write-ahead log is written back, and by whom, with both connections in one thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from relay.store.write_ahead import PATIENCE, WriteAhead, reserve

PAGES = 80


class File:
    """A database with a log; each `write` is a commit of two pages, or of `pages` and one."""

    def __init__(self, path: Path) -> None:
        self.wanted: list[int] = []
        self.lengths: list[int] = []
        self.log = WriteAhead(PAGES, self.wanted.append)
        self.writing = apsw.Connection(str(path))
        self.writing.pragma("journal_mode", "wal")
        self.writing.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, v)")
        self.tidying = apsw.Connection(str(path))
        self.count()
        self.writing.set_wal_hook(self._committed)
        self._longer = path.with_name(path.name + "-wal")

    def _committed(self, connection: apsw.Connection, schema: str, pages: int) -> int:
        self.lengths.append(pages)
        return self.log.grown(connection, schema, pages)

    def write(self, pages: int = 1) -> None:
        self.writing.execute("INSERT OR REPLACE INTO t VALUES (1, zeroblob(?))", (pages * 4096,))

    def count(self) -> int:
        found: int = self.tidying.execute("SELECT count(*) FROM t").get
        return found

    def size(self) -> int:
        return self._longer.stat().st_size

    def close(self) -> None:
        self.writing.close()
        self.tidying.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    file = File(tmp_path / "file.db")
    yield file
    file.close()


def fill(file: File) -> None:
    while not file.wanted:
        file.write()
    assert file.lengths[-1] >= PAGES > file.lengths[-2]


class TestWriteBack:
    def test_is_wanted_once_the_log_is_long(self, file: File) -> None:
        fill(file)
        file.write()
        assert len(file.wanted) == 1, "not at every commit"

    def test_to_the_end_where_nothing_is_written_meanwhile(self, file: File) -> None:
        fill(file)
        file.log.write_back(file.tidying)
        file.write()
        assert file.lengths[-1] < PAGES

    def test_the_writer_finishes_what_little_is_left(self, file: File) -> None:
        fill(file)
        reader = apsw.Connection(str(file.writing.filename))
        reader.execute("BEGIN; SELECT count(*) FROM t")
        file.write()
        file.log.write_back(file.tidying)  # no further than where somebody reads
        reader.execute("COMMIT")
        file.write()
        assert file.lengths[-1] > PAGES, "this one found the log as it was, and finished it"
        file.write()
        assert file.lengths[-1] < PAGES
        reader.close()

    def test_the_writer_does_it_all_where_nobody_else_does(self, file: File) -> None:
        fill(file)
        while len(file.lengths) < 1000 and file.lengths[-1] >= file.lengths[-2]:
            file.write()
        assert file.lengths[-1] < PAGES
        assert PATIENCE * PAGES <= file.lengths[-2] < (PATIENCE + 1) * PAGES
        assert len(file.wanted) == PATIENCE - 1

    def test_somebody_who_reads_keeps_the_log(self, file: File) -> None:
        reader = apsw.Connection(str(file.writing.filename))
        reader.execute("BEGIN; SELECT count(*) FROM t")
        for _ in range(PATIENCE * PAGES):
            file.write()
        assert file.lengths == sorted(file.lengths), "nothing is lost to whoever reads"
        reader.execute("COMMIT")
        reader.close()
        file.write()
        file.write()
        assert file.lengths[-1] < PAGES


class TestReserve:
    def test_leaves_a_long_log_and_nothing_else(self, tmp_path: Path) -> None:
        file = File(tmp_path / "file.db")
        file.writing.execute("CREATE TABLE relay (key); INSERT INTO relay VALUES (x'01')")
        file.writing.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        before = file.writing.pragma("cache_size")
        reserve(file.writing, 100)
        assert file.size() > 80 * 4096
        assert file.writing.pragma("cache_size") == before
        assert file.writing.execute("SELECT name FROM sqlite_schema ORDER BY name").fetchall() == [
            ("relay",),
            ("t",),
        ]
        long = file.size()
        fill(file)
        assert file.size() == long, "it is written over"
        file.close()

    def test_gives_way_to_another_writer(self, file: File) -> None:
        file.tidying.execute("BEGIN IMMEDIATE")
        reserve(file.writing, 100)
        file.tidying.execute("ROLLBACK")
        assert file.size() < 80 * 4096
        file.write()
        assert file.count() == 1
