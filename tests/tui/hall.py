"""The app over engines and a relay in memory, with a clock that nobody has to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
from textual.pilot import Pilot

from tests.harness import HOST, Person, World
from tests.tui.brisk import SECONDS, Brisk, until
from tests.tui.screen_text import FOLDER, assert_screen, screen_text
from tui.app import HallwayApp
from tui.engine.client import Client
from tui.engine.commands import Command
from tui.engine.events import Event
from tui.opening import OpeningError
from tui.remembered import Remembered
from tui.screens.room import Engine, NoRelayError


class Town:
    """A world whose people sit at screens: whatever one of them does goes to all at once."""

    def __init__(self, seed: int = 1) -> None:
        self.world = World(seed)
        self.screens: list[MemoryEngine] = []

    def settle(self) -> None:
        """Let everything happen that is going to happen, and tell the screens."""
        self.world.settle(wait=3_000)
        for screen in self.screens:
            screen.tell()

    def opening(self, name: str, *, person: Person | None = None) -> MemoryOpening:
        """What an app of somebody's is opened with."""
        there = person is not None
        return MemoryOpening(self, person or self.world.person(name), there)


class MemoryEngine:
    """A `tui.screens.room.Engine` on a person of the harness."""

    def __init__(self, town: Town, person: Person) -> None:
        self.town = town
        self.person = person
        self.asked: list[Command] = []
        self._answers: dict[int, asyncio.Future[Event]] = {}
        self._listeners: list[asyncio.Queue[Event]] = []
        self._told = len(person.heard)
        self._ref = 1_000_000
        self.disk = asyncio.Event()
        """Commands wait for it; a slow one is cleared."""
        self.disk.set()

    @property
    def client(self) -> Client:
        return self.person.client

    async def ask(self, command: Command) -> Event:
        self._ref += 1
        self.asked.append(command)
        await self.disk.wait()
        answer: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._answers[self._ref] = answer
        self.person.do(msgspec.structs.replace(command, ref=self._ref))
        self.town.settle()
        return await answer

    def tell(self) -> None:
        """Hand out what was heard since the last time."""
        fresh = self.person.heard[self._told :]
        self._told = len(self.person.heard)
        for event in fresh:
            answer = self._answers.pop(event.ref, None) if event.ref else None
            if answer is not None:
                if not answer.done():
                    answer.set_result(event)
                continue
            for queue in self._listeners:
                queue.put_nowait(event)

    async def news(self) -> AsyncIterator[Event]:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._listeners.append(queue)
        while True:
            yield await queue.get()


class MemoryOpening:
    """A `tui.opening.Opening` that opens a person of the harness."""

    def __init__(self, town: Town, person: Person, there: bool) -> None:
        self.town = town
        self._person = person
        self.there = there
        self.person = ""
        self.notify = "all"
        self.erased: list[str] = []
        self.refuses: OpeningError | None = None
        self.no_relay = ""
        self.passphrase = ""

    @property
    def locks(self) -> bool:
        return bool(self.passphrase)

    def erase_keys(self) -> None:
        self.erased.append("keys")

    def erase_rest(self) -> None:
        self.erased.append("rest")

    async def locked(self) -> bool:
        return self.locks

    async def unlock(self, passphrase: str) -> str:
        return "" if passphrase == self.passphrase else "That is not it. Try again."

    @asynccontextmanager
    async def engine(self, broke: Callable[[BaseException], None]) -> AsyncIterator[Engine]:
        if self.refuses is not None:
            raise self.refuses
        engine = MemoryEngine(self.town, self._person)
        self.town.screens.append(engine)
        self.town.settle()
        yield engine
        self.town.screens.remove(engine)

    async def relay(self) -> str:
        if self.no_relay:
            raise NoRelayError(self.no_relay)
        return HOST

    def now(self) -> int:
        return self.town.world.now


class BriskApp(Brisk, HallwayApp):
    """The app, for a pilot who does not idle."""


def app_of(opening: MemoryOpening, theme: Path | None = None, code: str = "") -> HallwayApp:
    """An app that nobody has started yet."""
    return BriskApp(opening, remembered=Remembered(theme), code=code)


async def shows(pilot: Pilot[None], *texts: str) -> None:
    """Let the app work until all of these stand on the screen."""
    await until(pilot, lambda: all(text in flat(pilot) for text in texts))


async def looks(pilot: Pilot[None], name: str) -> None:
    """Let the app work until the screen is the snapshot of this name."""
    path = FOLDER / f"{name}.txt"
    wanted = path.read_text("utf-8") if path.exists() else ""
    with suppress(AssertionError):
        await until(pilot, lambda: screen_text(pilot.app) == wanted, SECONDS / 4)
    assert_screen(pilot.app, name)


async def says(pilot: Pilot[None], text: str) -> None:
    """Let the app work until it has said this in a sentence that goes away by itself."""
    await until(pilot, lambda: any(text in said.message for said in pilot.app._notifications))


async def hides(pilot: Pilot[None], text: str) -> None:
    """Let the app work until this stands on the screen no more."""
    await until(pilot, lambda: text not in flat(pilot))


def flat(pilot: Pilot[None]) -> str:
    """The screen with its line breaks taken for spaces, to find sentences in it."""
    return " ".join(screen_text(pilot.app).split())
