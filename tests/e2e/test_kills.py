"""Power cuts: relay and clients are killed with -9, again and again, while people write.

Three people stay online, each in a process of their own that owns the profile. What they say is
asked of these processes over the profiles' sockets. At the end nothing that was taken is lost,
nothing is doubled, and all see the same in the same order.

Twenty rounds are one run, each with a seed of its own. `HALLWAY_KILL_ROUNDS` asks for more of them;
the runs that went well are kept in the file `HALLWAY_KILLS_DONE`, if one is named, and not done
again (docs/testing.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.e2e.machine import Machine, Person, Running
from tui.engine.commands import SendText
from tui.engine.events import Queued
from tui.engine.runner import OwnerGoneError, RemoteOwner
from tui.locations import Locations

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

ROUNDS = 20
RUNS = -(-int(os.environ.get("HALLWAY_KILL_ROUNDS", ROUNDS)) // ROUNDS)
DONE = os.environ.get("HALLWAY_KILLS_DONE", "")
NAMES = ("Ana", "Bo", "Cy")


class Online:
    """Somebody who stays online, and what was taken from them to be sent."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.locations = Locations.find(person.environ)
        self.tried: list[str] = []
        self.taken: list[str] = []
        self.tail = self.start()

    def start(self) -> Running:
        """Come online."""
        tail = self.person.start("tail", "--json")
        tail.online()
        return tail

    async def says(self, many: int, last: int | None = None) -> None:
        """Write that many messages at once; with `last`, be killed when so many were taken."""
        with contextlib.suppress(OwnerGoneError):
            owner = await RemoteOwner.connect(self.locations.socket)
            texts = [f"{self.person.name} {len(self.tried) + place}" for place in range(many)]
            self.tried += texts
            asked = [asyncio.ensure_future(owner.ask(SendText(text=text))) for text in texts]
            try:
                for text, answer in zip(texts, asked, strict=True):
                    assert isinstance(await answer, Queued)
                    self.taken.append(text)
                    if last is not None and len(self.taken) == last:
                        self.tail.popen.kill()
            finally:
                await owner.close()
                await asyncio.gather(*asked, return_exceptions=True)


def contains(text: str, line: str) -> bool:
    """Whether a line has a text in it."""
    return text in line


@dataclass(frozen=True)
class Run:
    """One of the runs of a test; `number` is its seed."""

    name: str
    number: int

    def was_done(self) -> bool:
        """Whether it went well already."""
        with contextlib.suppress(FileNotFoundError):
            return bool(DONE) and self.name in Path(DONE).read_text().splitlines()
        return False

    def done(self) -> None:
        """It went well."""
        if DONE:
            with open(DONE, "a") as done:
                done.write(f"{self.name}\n")


@pytest.fixture(params=range(1, RUNS + 1))
def run(request: pytest.FixtureRequest) -> Run:
    found = Run(request.node.name, request.param)
    if found.was_done():
        pytest.skip(f"it went well before, says {DONE}")
    return found


@pytest.fixture
def three(computer: Machine) -> list[Online]:
    people = [computer.person(name) for name in NAMES]
    ana = people[0]
    ana.opens("Friends")
    first = Online(ana)
    code = ana.code("Friends", "--uses", "2")
    for other in people[1:]:
        other.does("join", code, "--as", other.name, "--yes")
    return [first, *(Online(other) for other in people[1:])]


def all_agree(three: list[Online]) -> None:
    """Once nobody has anything left to send, all have the same."""
    for one in three:
        one.tail.end()
    # Reading ends when what waits has been sent: afterwards everything is in the log.
    for one in three:
        one.person.does("read")
    read = [one.person.texts("Friends") for one in three]
    assert read[0] == read[1] == read[2]
    assert len(set(read[0])) == len(read[0]), "doubled"
    for one in three:
        own = [text for text in read[0] if text in set(one.tried)]
        assert set(one.taken) <= set(own), "lost"
        assert own == [text for text in one.tried if text in set(own)], "out of order"


async def test_the_relay_is_killed_while_three_people_write(
    run: Run, computer: Machine, three: list[Online]
) -> None:
    chosen = Random(run.number)
    killed: set[int] = set()
    for turn in range(ROUNDS):
        writing = asyncio.gather(*(one.says(6) for one in three))
        # Killed at some entry of this round: when somebody has just read it.
        reader, writer = chosen.sample(three, 2)
        text = f'"{writer.person.name} {6 * turn + chosen.randrange(6)}"'
        await asyncio.to_thread(reader.tail.until, partial(contains, text))
        killed.add(computer.kill_relay())
        await writing
    assert len(killed) == ROUNDS, "each time it was another relay, that a client had started"
    assert all(len(one.taken) == 6 * ROUNDS for one in three)
    await asyncio.to_thread(all_agree, three)
    run.done()


async def test_clients_are_killed_while_they_send(run: Run, three: list[Online]) -> None:
    chosen = Random(1000 + run.number)
    for turn in range(ROUNDS):
        victim = three[turn % 3]
        last = len(victim.taken) + chosen.randrange(1, 25)
        others = (one.says(3) for one in three if one is not victim)
        await asyncio.gather(victim.says(25, last), *others)
        await asyncio.to_thread(victim.tail.ended)
        victim.tail = await asyncio.to_thread(victim.start)
    await asyncio.to_thread(all_agree, three)
    run.done()
