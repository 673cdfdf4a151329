"""Pressing keys and waiting without idling.

Textual's pilot sleeps after every key until the process has been idle for a while. When a key has
done all that it does is known exactly: nothing but timers is left to the loop then. And those, a
test waits for by what they bring about.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, cast

from textual import events
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.pilot import Pilot

from tests.tui.screen_text import screen_text
from tui.safe_app import SafeApp

SECONDS = 20.0
"""How long anything may take that a test waits for, on a machine that does much else."""

NAP = 0.004
"""Seconds between two looks, while only timers are left."""

TURNS_MOST = 50_000


class Brisk(SafeApp):
    """An app whose pilot goes on as soon as a key has done what it does."""

    async def _press_keys(self, keys: Iterable[str]) -> None:
        assert self._driver is not None
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
            character: str | None
            try:
                character = unicodedata.lookup(
                    _get_unicode_name_from_key(REPLACED_KEYS.get(name, name))
                )
            except KeyError:
                character = name if len(name) == 1 else None
            self._driver.send_message(events.Key(name, character))
            await settled()


async def settled() -> None:
    """Let the loop work until only timers, and what comes from outside, can wake it."""
    loop = cast(Any, asyncio.get_running_loop())
    ready: deque[object] = loop._ready
    for _ in range(TURNS_MOST):
        await asyncio.sleep(0)
        if not ready:
            return
    raise AssertionError("the app never comes to rest")


async def until(pilot: Pilot[None], holds: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Let the app work until something holds; with a picture of the screen where it never does."""
    latest = monotonic() + seconds
    while True:
        await settled()
        pilot.app.screen._on_timer_update()
        if holds():
            return
        if monotonic() > latest:
            raise AssertionError(f"it never came to be:\n{screen_text(pilot.app)}")
        await asyncio.sleep(NAP)
