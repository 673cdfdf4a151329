"""Asking whoever owns the profile: this process's Runner, or another process over its socket.

A RemoteOwner has the two calls that a Runner has: `ask` and `news`.

    RunnerError             nobody drives the engine any more
    └── OwnerGoneError      the process that owned the profile has ended
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol, Self
from weakref import WeakSet

import msgspec

from tui.engine.commands import Command
from tui.engine.control import Ask, ControlError, Told, Watch, asker_ear, encode, greeted
from tui.engine.events import Event

READ_SIZE = 65_536
GREETING_SECONDS = 10

_ENDED = "The Hallway that owned this profile has ended."


class RunnerError(Exception):
    """Nobody drives the engine any more; what was asked may or may not have happened."""


class OwnerGoneError(RunnerError):
    """The process that owned the profile has ended."""


class Owner(Protocol):
    """Whoever carries out commands: this process's Runner, or another's."""

    async def ask(self, command: Command) -> Event:
        """Carry out a command; its one answer. The command's own `ref` does not matter."""
        ...

    def news(self) -> AsyncIterator[Event]:
        """What happens from this call on, answers to others' commands left out."""
        ...


class Listeners:
    """Those in this process who hear the news. Who lets go of the iterator is one no more."""

    def __init__(self) -> None:
        self._queues: WeakSet[asyncio.Queue[Event | None]] = WeakSet()
        self._over = False

    def news(self) -> AsyncIterator[Event]:
        """What is told from this call on, until it is over."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        if self._over:
            queue.put_nowait(None)
        self._queues.add(queue)
        return self._each(queue)

    async def _each(self, queue: asyncio.Queue[Event | None]) -> AsyncIterator[Event]:
        while (event := await queue.get()) is not None:
            yield event

    def tell(self, event: Event) -> None:
        """Something happened."""
        for queue in self._queues:
            queue.put_nowait(event)

    def end(self) -> None:
        """Nothing will happen any more."""
        if not self._over:
            self._over = True
            for queue in self._queues:
                queue.put_nowait(None)


class RemoteOwner:
    """The process that owns the profile, asked over its control socket. `holder` is its name."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ear = asker_ear()
        self._last = 0
        self._answers: dict[int, asyncio.Future[Event]] = {}
        self._listeners = Listeners()
        self._task: asyncio.Task[None] | None = None
        self.holder = ""

    @classmethod
    async def connect(cls, path: Path, patience: float = GREETING_SECONDS) -> Self:
        """Connect and be greeted; OwnerGoneError, or ControlError for another version.

        :param patience: seconds that the owner may take to greet.
        """
        try:
            reader, writer = await asyncio.open_unix_connection(str(path))
        except OSError as error:
            raise OwnerGoneError("The Hallway that owns this profile does not answer.") from error
        owner = cls(reader, writer)
        try:
            async with asyncio.timeout(patience):
                await owner._greeted()
        except TimeoutError as error:
            writer.close()
            raise OwnerGoneError("The Hallway that owns this profile does not answer.") from error
        except BaseException:
            writer.close()
            raise
        owner._task = asyncio.get_running_loop().create_task(owner._listen())
        return owner

    async def close(self) -> None:
        """Hang up. Whoever still waits for an answer hears OwnerGoneError."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._end()
        self._writer.close()

    async def ask(self, command: Command) -> Event:
        """Have a command carried out; its one answer. OwnerGoneError if the owner ends first."""
        if self._task is None or self._task.done():
            raise OwnerGoneError(_ENDED)
        self._last += 1
        ref = self._last
        answer: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._answers[ref] = answer
        try:
            self._writer.write(encode(Ask(msgspec.structs.replace(command, ref=ref))))
            return await answer
        finally:
            self._answers.pop(ref, None)

    def news(self) -> AsyncIterator[Event]:
        """What happens from this call on; ends when the owner does."""
        self._writer.write(encode(Watch()))
        return self._listeners.news()

    async def _greeted(self) -> None:
        while data := await self._reader.read(READ_SIZE):
            for frame in self._ear.receive(data):
                self.holder = greeted(frame).holder
                return
        raise OwnerGoneError("The Hallway that owns this profile has just ended.")

    async def _listen(self) -> None:
        data = b""  # what came together with the greeting is in the ear already
        try:
            while True:
                for frame in self._ear.receive(data):
                    if isinstance(frame, Told):
                        self._hear(frame.event)
                data = await self._reader.read(READ_SIZE)
                if not data:
                    return
        except (ControlError, ConnectionError):
            pass  # it is gone, or says what this version does not understand
        finally:
            self._end()

    def _end(self) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(OwnerGoneError(_ENDED))
        self._listeners.end()

    def _hear(self, event: Event) -> None:
        answer = self._answers.get(event.ref) if event.ref else None
        if answer is None:
            self._listeners.tell(event)
        elif not answer.done():
            answer.set_result(event)
