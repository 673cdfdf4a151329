"""`hallway --plain`: line mode on standard input and output."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

from tui.cli.owning import Visit, visiting
from tui.cli.printing import CommandError, say
from tui.cli.running import Place
from tui.config import settle
from tui.embedded import EmbeddedError
from tui.engine.runner import OwnerGoneError
from tui.plain.circles import begin
from tui.plain.table import carry_out
from tui.plain.talk import Ended, RefusedError, Talk
from tui.preferences import Preferences

LAST_SECONDS = 10
"""How long it is waited, at the end of input, until what was typed is at the relay."""


async def plain(place: Place, arguments: argparse.Namespace) -> None:
    """Read lines and print lines, until one or the other ends."""
    async with visiting(place, "in line mode", make=True, stays=True) as visit:
        file = place.locations.config
        preferences = Preferences(file, lambda: settle({}, os.environ, file), os.environ)
        talk = Talk(visit.owner, say, _typed(), lambda: _relay(place), preferences)
        try:
            await _until_over(visit, talk)
        except Ended:
            await _last_words(visit, talk)


async def _until_over(visit: Visit, talk: Talk) -> None:
    hearing = asyncio.ensure_future(_hear(visit, talk))
    try:
        await begin(talk)
        while not talk.over and not hearing.done():
            await carry_out(talk, await talk.line())
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)


async def _hear(visit: Visit, talk: Talk) -> None:
    try:
        while True:
            await talk.hear(await visit.news())
    except OwnerGoneError as error:
        say(str(error))


async def _last_words(visit: Visit, talk: Talk) -> None:
    """What was typed last goes out, if it can; it is kept in any case."""
    if not talk.circle:
        return
    try:
        async with asyncio.timeout(LAST_SECONDS):
            await visit.settled(talk.circle)
    except (CommandError, TimeoutError):
        say("What was typed last is kept, and goes out when Hallway runs and can.")


async def _relay(place: Place) -> str:
    config = place.config
    if config.default_relay == config.local_relay:
        try:
            await asyncio.to_thread(place.local.start)
        except EmbeddedError as error:
            raise RefusedError(str(error)) from error
    return config.default_relay


async def _typed() -> AsyncIterator[str]:
    """Lines of standard input. A thread of its own reads them, as nobody can wait for every kind of
    file; it ends with the process."""
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str | None]()

    def read() -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody wants the rest
            for line in sys.stdin:
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line
