"""What becomes of a circle's log when servers and relays die: nothing acknowledged is lost.

Three NATS servers and three relays, all processes. At two of the relays somebody writes, each
message once the last is acknowledged; then something befalls the cluster. However it goes on, every
entry that was acknowledged is in the log, once, at its number, and every relay shows the same log.

`HALLWAY_FAULT_ROUNDS=50` has each fault befall the same cluster so many times, one after the other.
`HALLWAY_FAULT_TABLE=FILE` has the seconds written there for which nothing was acknowledged.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import WebSocketException

from crypto.access.binding import AccessKeyPair
from relay import wire
from tests.relay.client import Client, fresh_id
from tests.relay.people import ANA, BO, CAM
from tests.relay.store.nats_cluster import NAMES, NatsCluster
from tests.relay.store.nats_server import needed
from tests.relay.test_cli import Process, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), needed]

ROUNDS = int(os.environ.get("HALLWAY_FAULT_ROUNDS", "1"))
TABLE = os.environ.get("HALLWAY_FAULT_TABLE")
ENOUGH = 20
"""Entries that each writer has acknowledged before something happens, and after."""

MANY = ("--messages-per-second", "100000", "--messages-at-once", "100000", "--store-sync", "always")


class Writer:
    """Has one message after the other ordered, at whichever relay is there; never twice the same
    under another id."""

    def __init__(self, key: AccessKeyPair, handshake: int, relays: list[Process]) -> None:
        self.acknowledged: dict[bytes, int] = {}
        self.longest = 0.0
        """Seconds between two acknowledgements, at most."""
        self._last = time.monotonic()
        self._key = key
        self._handshake = handshake
        self._relays = itertools.cycle(relays)
        self._more = asyncio.Event()
        self._task = asyncio.create_task(self._write())

    async def _write(self) -> None:
        count = itertools.count(1)
        wish = self._wish(next(count))
        while True:
            try:
                async with Client(next(self._relays).url) as client:
                    await client.say(client.binding(self._key, 0))
                    while True:
                        await client.say(wish)
                        await self._done(client, wish)
                        wish = self._wish(next(count))
            except (OSError, WebSocketException, Away):
                continue

    def _wish(self, number: int) -> wire.Append:
        body = b"%s %d" % (self._key.public, number)
        return wire.Append(fresh_id(), self._handshake, body)

    async def _done(self, client: Client, wish: wire.Append) -> None:
        while True:
            frame = await client.next()
            if isinstance(frame, wire.Done) and frame.idempotency_id == wish.idempotency_id:
                self.acknowledged[wish.body] = frame.n
                now = time.monotonic()
                self.longest, self._last = max(self.longest, now - self._last), now
                self._more.set()
                return
            if isinstance(frame, wire.Refused):
                raise Away

    async def has(self, count: int) -> None:
        """Wait until so many are acknowledged."""
        while len(self.acknowledged) < count:
            self._more.clear()
            waiting = asyncio.create_task(self._more.wait())
            await asyncio.wait({waiting, self._task}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if self._task.done():
                self._task.result()

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})


class Away(Exception):
    """The relay took nothing."""


async def log_at(relay: Process) -> list[tuple[int, bytes]]:
    """The whole log, as a device reads it that was never here."""
    entries: list[tuple[int, bytes]] = []
    async with Client(relay.url) as client:
        await client.say(client.binding(ANA, 0))
        while True:
            frame = await client.next()
            if isinstance(frame, wire.Entry):
                entries.append((frame.n, frame.body))
            elif isinstance(frame, wire.CaughtUp):
                return entries
            else:
                assert isinstance(frame, wire.Bound | wire.Head), frame


class World:
    """The cluster, the relays and the writers."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self.cluster = NatsCluster(folder / "nats")
        self.cluster.start()
        stack.callback(self.cluster.kill)
        self.relays = [self.relay(place) for place in range(3)]
        self.writers: list[Writer] = []

    def relay(self, place: int) -> Process:
        options = ("--store", self.cluster.urls, *MANY)
        return self._stack.enter_context(running(self._folder / f"relay{place}", *options))

    async def begin(self) -> None:
        async with Client(self.relays[0].url) as ana:
            await ana.create()
            handshake = await ana.bring_in(BO, CAM)
        self.writers = [
            Writer(BO, handshake, [self.relays[0], self.relays[1]]),
            Writer(CAM, handshake, [self.relays[1], self.relays[0]]),
        ]

    async def acknowledged(self, more: int) -> None:
        """Each writer has so many more."""
        counts = [len(writer.acknowledged) + more for writer in self.writers]
        await asyncio.gather(
            *(writer.has(count) for writer, count in zip(self.writers, counts, strict=True))
        )

    async def check(self) -> None:
        """One log for all, with each acknowledged entry at its number, and no entry twice."""
        logs = [await log_at(relay) for relay in self.relays]
        shortest = min(len(log) for log in logs)
        assert logs[0][:shortest] == logs[1][:shortest] == logs[2][:shortest]
        log = max(logs, key=len)
        assert [n for n, _ in log] == list(range(1, len(log) + 1))
        bodies = [body for _, body in log[2:]]
        assert len(set(bodies)) == len(bodies), "something was ordered twice"
        # What was acknowledged since the logs were read may not be in them.
        places = {body: n for writer in self.writers for body, n in writer.acknowledged.items()}
        at = dict(log)
        assert all(at[n] == body for body, n in places.items() if n <= len(log))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    with ExitStack() as stack:
        world = World(tmp_path, stack)
        await world.begin()
        await world.acknowledged(ENOUGH)
        yield world
        for writer in world.writers:
            await writer.end()


async def leader_killed(world: World) -> None:
    leader = await world.cluster.leader()
    world.cluster.kill(leader)
    await world.acknowledged(ENOUGH)
    world.cluster.start()


async def leader_held(world: World) -> None:
    """As a machine that stands still: its connections are open, and nothing comes of them."""
    leader = await world.cluster.leader()
    world.cluster.hold(leader)
    try:
        await world.acknowledged(ENOUGH)
    finally:
        world.cluster.let_go(leader)


async def two_of_three_down(world: World) -> None:
    """Nothing is acknowledged; what there is can be read; it goes on when they are back."""
    log = await log_at(world.relays[2])
    world.cluster.kill(*NAMES[:2])
    assert (await log_at(world.relays[2]))[: len(log)] == log
    world.cluster.start()


async def all_killed(world: World) -> None:
    world.cluster.kill()
    world.cluster.start()


async def relay_killed(world: World) -> None:
    """Under load; who was there goes to another one, with what was not acknowledged."""
    world.relays[0].popen.kill()
    world.relays[0].popen.wait()
    await world.acknowledged(ENOUGH)
    world.relays[0] = world.relay(0)


FAULTS = (leader_killed, leader_held, two_of_three_down, all_killed, relay_killed)


@pytest.mark.parametrize("befall", FAULTS, ids=lambda fault: fault.__name__)
async def test_nothing_that_was_acknowledged_is_lost(
    world: World, befall: Callable[[World], Awaitable[None]]
) -> None:
    for _ in range(ROUNDS):
        for writer in world.writers:
            writer.longest = 0.0
        await befall(world)
        await world.acknowledged(ENOUGH)
        took = max(writer.longest for writer in world.writers)
        await world.check()
        if TABLE:
            note(Path(TABLE), f"{befall.__name__} {took:.2f}\n")


def note(table: Path, line: str) -> None:
    with table.open("a") as file:
        file.write(line)
