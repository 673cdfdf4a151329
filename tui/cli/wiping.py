"""`hallway wipe`: nothing of a profile stays on this computer."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tui.cli.locking import ask_owner
from tui.cli.printing import CommandError, note, prompt
from tui.cli.running import Place
from tui.engine.events import Exit
from tui.wiping import erase_keys, erase_rest

WORD = "erase"
QUESTION = (
    "Everything in {home} will be gone: what was said, your keys, your chairs in all circles."
    f" Nobody can bring it back. Type {WORD} to go on: "
)
GONE = "Gone: nothing of this profile is left on this computer."
NOTHING = "There is no profile here."
NOT_ERASED = "Nothing was erased."
NOBODY = "Nobody can be asked here. Say --yes if you are sure."


async def wipe(place: Place, arguments: argparse.Namespace) -> None:
    """Keys first, then whoever has the profile open, then the rest."""
    locations = place.locations
    if not locations.home.is_dir():
        raise CommandError(NOTHING)
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise CommandError(NOBODY, Exit.USAGE)
        prompt(QUESTION.format(home=locations.home))
        if (await asyncio.to_thread(sys.stdin.readline)).strip().lower() != WORD:
            raise CommandError(NOT_ERASED)
    await asyncio.to_thread(erase_keys, locations)
    await ask_owner(place)
    await asyncio.to_thread(erase_rest, locations)
    note(GONE)
