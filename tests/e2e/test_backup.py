"""A real relay whose database is put back from a copy: nothing is lost, nothing doubled.

Two people talk, the relay's database is copied as an operator would do it, and they go on: they
talk more, and one of them makes a code, which is a commit. Then the relay dies, and comes back with
the copy; it dies once more while it is given what it lost.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from tests.e2e.machine import Machine
from tests.e2e.test_kills import Online
from tui.engine.mending import IS_WHOLE_AGAIN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

IS_MENDED = "give it what it lost"


class Disk:
    """The relay's database, and a copy of it."""

    def __init__(self, computer: Machine) -> None:
        self._computer = computer
        (self._path,) = computer.relay_home.glob("*.db")
        self._copy = computer.folder / "copy.db"

    def copy(self) -> None:
        """A consistent copy of a database that is in use."""
        source = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
        target = apsw.Connection(str(self._copy))
        with target.backup("main", source, "main") as backup:
            backup.step()
        source.close()
        target.close()

    def put_back(self) -> None:
        """Power off, the copy in the database's place; whoever comes first starts the relay."""
        self._computer.kill_relay()
        for beside in ("-wal", "-shm"):
            Path(f"{self._path}{beside}").unlink(missing_ok=True)
        self._path.write_bytes(self._copy.read_bytes())


def sees(one: Online, others: list[Online]) -> None:
    """Wait until somebody has read the last that the others have said."""
    lasts = {f'"{other.tried[-1]}"' for other in others}

    def seen(line: str) -> bool:
        lasts.difference_update({last for last in lasts if last in line})
        return not lasts

    one.tail.until(seen)


async def talk(ana: Online, bo: Online, many: int) -> None:
    """Both say something, and have read what the other said last."""
    await asyncio.gather(ana.says(many), bo.says(many))
    await asyncio.to_thread(sees, ana, [bo])
    await asyncio.to_thread(sees, bo, [ana])


async def code(one: Online) -> None:
    """A commit."""
    await asyncio.to_thread(one.person.code, "Friends")


def is_mended(line: str) -> bool:
    """Whether a tail says that the relay is given what it lost."""
    return IS_MENDED in line


def read(one: Online) -> dict[str, list[str]]:
    """What stands in somebody's conversation, by kind, once their tail has ended."""
    one.tail.end()
    kinds: dict[str, list[str]] = {"text": [], "notice": [], "warning": []}
    for row in one.person.does("read", "Friends", "--last", "5000", "--json").lines():
        kinds[row["kind"]].append(row["text"])
    return kinds


async def test_a_database_that_is_put_back_is_made_whole(computer: Machine) -> None:
    people = computer.person("Ana"), computer.person("Bo")
    people[0].opens("Friends")
    ana = Online(people[0])
    people[1].does("join", people[0].code("Friends"), "--as", "Bo", "--yes")
    bo = Online(people[1])
    disk = Disk(computer)
    await talk(ana, bo, 5)
    disk.copy()
    await asyncio.gather(code(bo), talk(ana, bo, 20))
    bo.tail.end()
    before = read(ana)["text"]
    disk.put_back()

    # Bo is away still, so that the relay goes on waiting for more.
    ana.tail = ana.person.start("tail", "--json")
    await asyncio.to_thread(ana.tail.until, is_mended, err=True)
    assert IS_MENDED in ana.person.does("circles").out
    computer.kill_relay()
    await ana.says(3)
    bo.tail = bo.start()
    await asyncio.to_thread(ana.tail.online)
    await talk(ana, bo, 5)

    after = await asyncio.to_thread(read, ana)
    theirs = await asyncio.to_thread(read, bo)
    assert after["text"] == theirs["text"]
    assert after["text"][: len(before)] == before
    assert sorted(after["text"]) == sorted(ana.tried + bo.tried)
    for kinds in (after, theirs):
        assert kinds["notice"].count(IS_WHOLE_AGAIN) == 1
        assert kinds["warning"] == []
