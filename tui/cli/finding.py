"""`hallway search`."""

from __future__ import annotations

import argparse

from tui.cli.owning import visiting
from tui.cli.printing import CommandError, row_facts, row_text, say, say_json
from tui.cli.running import Place
from tui.engine.commands import ListCircles, Search
from tui.engine.events import Circles, Exit, Found

NONE = "Nothing was found."


async def search(place: Place, arguments: argparse.Namespace) -> None:
    """Print what was found here; the relay is not asked, and could not tell."""
    if arguments.last < 1:
        raise CommandError("--last is at least 1.", Exit.USAGE)
    text = " ".join(_again(word) for word in arguments.words)
    async with visiting(place, "search") as visit:
        rows = (await visit.ask(Search(text=text, limit=arguments.last), Found)).rows
        circles = (await visit.ask(ListCircles(), Circles)).circles
    names = {circle.id: circle.name for circle in circles}
    if not rows:
        raise CommandError(NONE)
    for row in rows:
        if arguments.json:
            say_json(row_facts(row))
        else:
            say(row_text(row, names[row.circle], ids=True))


def _again(word: str) -> str:
    """What the shell took the quotes from is one phrase still."""
    name, colon, value = word.partition(":")
    if " " not in word:
        return word
    return f'{name}:"{value}"' if colon and " " not in name else f'"{word}"'
