"""`hallway open`."""

from __future__ import annotations

import argparse
import asyncio

from tui.cli.owning import ANSWER_SECONDS, slow, visiting
from tui.cli.printing import CommandError, note, say, say_json
from tui.cli.running import Place
from tui.engine.commands import OpenCircle
from tui.engine.events import CircleOpened, Exit
from tui.safe_text import sanitise_line

NO_NAME = "Say what you are called there: --as NAME."


async def open_circle(place: Place, arguments: argparse.Namespace) -> None:
    """Open a circle; on the relay of this computer where no other is set."""
    config = place.config
    if not config.name:
        raise CommandError(NO_NAME, Exit.USAGE)
    if config.default_relay == config.local_relay:
        await asyncio.to_thread(place.local.start)
        note(place.local.reach)
    async with visiting(place, "open", make=True) as visit:
        wish = OpenCircle(
            name=arguments.name,
            person=config.name,
            relay=config.default_relay,
            cap=arguments.cap,
            token=arguments.token,
        )
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                opened = await visit.ask(wish, CircleOpened)
        except TimeoutError:
            raise slow() from None
        facts = await visit.facts(opened.circle)
    if arguments.json:
        return say_json({"id": facts.id, "name": facts.name, "relay": facts.relay})
    name = sanitise_line(facts.name)
    say(f"{name} is open, with {facts.cap} chairs, one of them yours. Its id is {facts.id}.")
