"""A circle moves between real relays: once while the one that it is on tells of it, and once after
that was killed."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.e2e.machine import Machine, Running, free_port
from tests.e2e.test_backup import sees
from tests.e2e.test_kills import Online

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


class Relay:
    """A relay of its own, that nobody starts again."""

    def __init__(self, computer: Machine, name: str) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.running: Running = computer.start(
            computer.environ,
            *("relay", "--listen", self.address, "--data", str(computer.folder / name)),
        )
        self.running.until(lambda line: self.address in line)

    def kill(self) -> None:
        """A power cut."""
        self.running.end(signal.SIGKILL)


async def talk(people: list[Online]) -> None:
    """Everybody says something, and has read what the others said last."""
    await asyncio.gather(*(one.says(3) for one in people))
    for one in people:
        await asyncio.to_thread(sees, one, [other for other in people if other is not one])


async def test_three_people_move_twice(computer: Machine) -> None:
    first, second, third = (Relay(computer, name) for name in ("one", "two", "three"))
    ana, bo, cy = (computer.person(name) for name in ("Ana", "Bo", "Cy"))
    ana.opens("Friends", "--relay", first.address)
    people = [Online(ana)]
    code = ana.code("Friends", "--uses", "2")
    for other in (bo, cy):
        other.does("join", code, "--as", other.name, "--yes")
        people.append(Online(other))
    await talk(people)

    moved = await asyncio.to_thread(ana.does, "move", "Friends", second.address)
    assert moved.out.startswith("hallway-move:") and second.address in moved.err
    await talk(people)
    for one in people:
        assert second.address in one.person.does("circles").out
    assert bo.run("move", "Friends", third.address).code == 1

    first.kill()
    await talk(people)
    second.kill()
    refused = await asyncio.to_thread(ana.run, "move", "Friends", third.address)
    assert refused.code == 3 and "--gone" in refused.err
    gone = await asyncio.to_thread(ana.does, "move", "Friends", third.address, "--gone", "--json")
    given = gone.lines()[0]["code"]
    assert bo.run("move", "Friends", "--code", given[:-4]).code == 1
    await asyncio.to_thread(bo.does, "move", "Friends", "--code", given)
    await asyncio.to_thread(cy.does, "move", "Friends", "--code", "-", says=given + "\n")
    await talk(people)

    texts = []
    for one in people:
        one.tail.end()
        rows = one.person.does("read", "Friends", "--last", "5000", "--json").lines()
        assert [row["text"] for row in rows if row["kind"] == "warning"] == []
        notices = [row["text"] for row in rows if row["kind"] == "notice"]
        assert sum("moved the circle to" in text for text in notices) == 2
        texts.append([row["text"] for row in rows if row["kind"] == "text"])
        assert third.address in one.person.does("circles").out
    assert texts[0] == texts[1] == texts[2]
    assert sorted(texts[0]) == sorted(text for one in people for text in one.tried)
