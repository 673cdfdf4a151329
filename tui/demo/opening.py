"""Opening the demonstration for the screens: a `tui.opening.Opening`.

Everything but the names is imported when the engine is asked for, which is after the first paint.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tui.demo.script import ANSWERS, BEFORE, CAP, CIRCLE, FRIENDS, HOST, TALK, YOU
from tui.opening import OpeningError

if TYPE_CHECKING:
    from tui.demo.friends import Company, Friend, Pause
    from tui.screens.room import Engine


class DemoOpening:
    """A circle with friends in it; `pause` is how they take their time."""

    there = True
    locks = False
    notify = "off"
    person = YOU
    farewell = "That was a demonstration: nothing of it is kept. `hallway` begins in earnest."

    def __init__(self, pause: Pause) -> None:
        self._pause = pause
        self._relay = ""

    async def locked(self) -> bool:
        """Never."""
        return False

    async def unlock(self, passphrase: str) -> str:
        """There is nothing to unlock."""
        return ""

    async def relay(self) -> str:
        """Where further circles are opened."""
        return self._relay

    def erase_keys(self) -> None:
        """There are none outside of memory."""

    def erase_rest(self) -> None:
        """There is nothing on the disk."""

    def now(self) -> int:
        """The clock of this computer."""
        return time.time_ns() // 1_000_000

    @asynccontextmanager
    async def engine(self, broke: Callable[[BaseException], None]) -> AsyncIterator[Engine]:
        """The engine of whoever looks around, who has just come in; OpeningError."""
        from tui.demo.friends import DemoError, company, friend, meanwhile
        from tui.demo.relay import relay

        try:
            async with (
                relay() as self._relay,
                company(FRIENDS, self.now, self._pause) as them,
                friend(YOU, self.now, broke) as you,
            ):
                await self._gather(them, you)
                host = them.friends[HOST]
                async with meanwhile(them.act(TALK), them.answer(host, YOU, ANSWERS)):
                    yield you.runner
        except DemoError as error:
            raise OpeningError(str(error)) from error

    async def _gather(self, them: Company, you: Friend) -> None:
        host, *others = them.friends.values()
        await host.opens(self._relay, CIRCLE, CAP)
        # One code for all: a relay takes few commits a minute from one chair.
        code = await host.invites(len(others) + 1, history=len(BEFORE))
        for other in others:
            await other.joins(code)
        await them.act(BEFORE)
        await you.joins(code)
