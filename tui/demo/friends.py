"""The people of the demonstration: an engine each, in memory, and a script."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from crypto.secret import Secret
from tui.demo.script import Line
from tui.engine.client import Client
from tui.engine.commands import (
    Command,
    CreateInvite,
    Enter,
    OpenCircle,
    ReadCode,
    SendText,
)
from tui.engine.events import (
    CardRead,
    CircleOpened,
    Entered,
    Event,
    InviteMade,
    Queued,
    RowAdded,
)
from tui.engine.runner import Runner
from tui.engine.store.database import Database

Pause = Callable[[float], Awaitable[None]]
"""Waits so many seconds: `asyncio.sleep`."""

Answer = TypeVar("Answer")


class DemoError(Exception):
    """The demonstration can't go on; the sentence says why."""


class Friend:
    """Somebody with an engine of their own, of which nothing is kept."""

    def __init__(self, name: str, runner: Runner) -> None:
        self.name = name
        self.runner = runner

    async def opens(self, relay: str, name: str, cap: int) -> None:
        """Open the circle."""
        await self._ask(OpenCircle(name=name, person=self.name, relay=relay, cap=cap), CircleOpened)

    async def invites(self, uses: int, history: int = 0) -> str:
        """A code for so many."""
        made = await self._ask(CreateInvite(uses=uses, history=history), InviteMade)
        return made.invite.code

    async def joins(self, code: str) -> None:
        """Come in, and be let in by whoever is there."""
        card = await self._ask(ReadCode(code=code), CardRead)
        await self._ask(Enter(entry=card.entry, person=self.name), Entered)

    async def says(self, text: str) -> None:
        """Say something."""
        await self._ask(SendText(text=text), Queued)

    async def _ask(self, command: Command, answer: type[Answer]) -> Answer:
        event = await self.runner.ask(command)
        if not isinstance(event, answer):
            raise DemoError(getattr(event, "sentence", "The demonstration took a wrong turn."))
        return event


@asynccontextmanager
async def friend(
    name: str, now: Callable[[], int], broke: Callable[[BaseException], None] | None = None
) -> AsyncIterator[Friend]:
    """Somebody, for as long as the context lasts; `broke` as of `tui.engine.runner`."""
    database = Database.open(":memory:", Secret(os.urandom(32)))
    try:
        client = Client(database, rng=os.urandom, now=now)
        async with Runner(client, now, broke=broke) as runner:
            yield Friend(name, runner)
    finally:
        database.close()


class Company:
    """Friends who are in one circle, and act a script there."""

    def __init__(self, friends: dict[str, Friend], pause: Pause) -> None:
        self.friends = friends
        self._pause = pause

    async def act(self, lines: Iterable[Line]) -> None:
        """Say one line after another."""
        for line in lines:
            await self._pause(line.after)
            await self.friends[line.who].says(line.text)

    async def answer(self, host: Friend, to: str, answers: Iterable[Line]) -> None:
        """Answer what `to` says, as `host` hears it: a line each time, as long as there are any."""
        left = list(answers)
        async for event in host.runner.news():
            if left and _said_by(event, to):
                await self.act([left.pop(0)])


def _said_by(event: Event, name: str) -> bool:
    return isinstance(event, RowAdded) and event.row.author == name and event.row.kind == "text"


@asynccontextmanager
async def company(
    names: Iterable[str], now: Callable[[], int], pause: Pause
) -> AsyncIterator[Company]:
    """Friends of these names; what they do at the end is left undone."""
    async with AsyncExitStack() as stack:
        friends = {name: await stack.enter_async_context(friend(name, now)) for name in names}
        yield Company(friends, pause)


@asynccontextmanager
async def meanwhile(*parts: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Let several things happen while the context lasts; what fails ends alone."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
