"""Runners over real sockets: a relay in this event loop, people with a Runner each, no waiting."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from crypto.secret import Secret
from relay.hub import Hub
from relay.server import Server
from relay.store.sqlite import SqliteStore
from tests.harness import GENEROUS, CrashingDatabase
from tui.engine.client import Client
from tui.engine.commands import Command, CreateInvite, Enter, OpenCircle, ReadCode, SendText
from tui.engine.events import CardRead, CircleOpened, Entered, Event, InviteMade, LinkState, Queued
from tui.engine.remote import Owner
from tui.engine.runner import Revive, Runner

PATIENCE = 30
"""Seconds after which a test has failed; nothing waits that long."""

E = TypeVar("E")


def clock() -> int:
    return time.time_ns() // 1_000_000


class Relay:
    """A relay in this process: it may be ended and started again, on the same port and database."""

    def __init__(self, folder: Path, tls: ssl.SSLContext | None = None) -> None:
        self.folder = folder
        self.tls = tls
        self.port = 0
        self.server: Server | None = None
        self._store: SqliteStore | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(server.settle)

        store = SqliteStore(self.folder / "relay.db", wake)
        server = Server(Hub(store, GENEROUS, clock, os.urandom))
        self.port = await server.listen("127.0.0.1", self.port, self.tls)
        self.server, self._store = server, store

    async def stop(self) -> None:
        if self.server is not None and self._store is not None:
            await self.server.stop()
            self._store.close()
            self.server = None


@asynccontextmanager
async def relay_in(folder: Path, tls: ssl.SSLContext | None = None) -> AsyncIterator[Relay]:
    relay = Relay(folder, tls)
    await relay.start()
    try:
        yield relay
    finally:
        await relay.stop()


def fresh_database() -> CrashingDatabase:
    """An empty profile."""
    database = CrashingDatabase.open(":memory:", Secret(bytes(32)))
    assert isinstance(database, CrashingDatabase)
    return database


async def asked(owner: Owner, command: Command, kind: type[E]) -> E:
    """The answer of this kind."""
    answer = await asyncio.wait_for(owner.ask(command), PATIENCE)
    assert isinstance(answer, kind), answer
    return answer


class Person:
    """Somebody with a Runner; what it told so far is in `heard`."""

    def __init__(self, name: str, runner: Runner, database: CrashingDatabase) -> None:
        self.name = name
        self.runner = runner
        self.client = runner.client
        self.database = database
        self.heard: list[Event] = []
        self.broken: list[BaseException] = []
        self._news = runner.news()

    async def until(self, so: Callable[[], object]) -> None:
        """Hear news until something is so."""
        async with asyncio.timeout(PATIENCE):
            while not so():
                self.heard.append(await anext(self._news))

    async def opens(self, relay: str) -> None:
        command = OpenCircle(name="Lake", person=self.name, relay=relay)
        await asked(self.runner, command, CircleOpened)

    async def invites(self) -> str:
        made = await asked(self.runner, CreateInvite(), InviteMade)
        return made.invite.code

    async def joins(self, code: str) -> None:
        card = await asked(self.runner, ReadCode(code=code), CardRead)
        await asked(self.runner, Enter(entry=card.entry, person=self.name), Entered)

    async def says(self, text: str) -> None:
        await asked(self.runner, SendText(text=text), Queued)

    def texts(self) -> list[str]:
        rows = self.client.rows_before(self.client.circle().id, None, 10_000)
        return [f"{row.author}: {row.text}" for row in rows if row.kind == "text"]

    async def linked(self, state: LinkState) -> None:
        """Wait until the circle's connection is so."""
        await self.until(lambda: self.client.circle().link is state)

    async def reads(self, *texts: str) -> None:
        """Wait until exactly this is what was said."""
        await self.until(lambda: self.texts() == list(texts))


@asynccontextmanager
async def person(name: str, *, revive: Revive | None = None) -> AsyncIterator[Person]:
    database = fresh_database()
    client = Client(database, rng=os.urandom, now=clock)
    broken: list[BaseException] = []
    async with Runner(client, clock, revive=revive, broke=broken.append) as runner:
        found = Person(name, runner, database)
        found.broken = broken
        yield found
    database.close()
