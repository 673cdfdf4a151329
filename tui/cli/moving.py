"""`hallway move`."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tui.cli.owning import ANSWER_SECONDS, Visit, visiting
from tui.cli.printing import CommandError, note, say, say_json
from tui.cli.running import Place
from tui.engine.commands import FollowMove, MoveCircle
from tui.engine.events import CircleChanged, CircleMoved, Exit, Finished, LinkState
from tui.safe_text import sanitise_line

GONE_SECONDS = 5
"""How long to wait where the others have to hear of the move first."""

WHERE = "Say where to: a relay's address, or a move code with --code."
ONE_WAY = "A move code says where to: leave RELAY, --gone and --token out."
GONE = (
    "Give this move code to the others, by another way: with `hallway move CIRCLE --code -` each "
    "of their devices goes there too. It is no secret."
)
ORDERED = (
    "The others' devices follow by themselves, as long as the relay before tells them. Whoever "
    "comes after it is switched off needs this move code, for `hallway move CIRCLE --code -`:"
)
UNDER_WAY = "{error} The circle goes there whenever Hallway runs and can."


async def move(place: Place, arguments: argparse.Namespace) -> None:
    """Take a circle to another relay, or follow it there."""
    if arguments.code is not None:
        if arguments.relay or arguments.gone or arguments.token:
            raise CommandError(ONE_WAY, Exit.USAGE)
        return await _follow(place, arguments.circle, arguments.code)
    if not arguments.relay:
        raise CommandError(WHERE, Exit.USAGE)
    await _move(place, arguments)


async def _move(place: Place, arguments: argparse.Namespace) -> None:
    async with visiting(place, "move") as visit:
        circle = await visit.circle_id(arguments.circle)
        wish = MoveCircle(
            circle=circle, relay=arguments.relay, gone=arguments.gone, token=arguments.token
        )
        if arguments.gone:
            moved = await visit.ask(wish, CircleMoved)
        else:
            try:
                await visit.online(circle)
            except CommandError as error:
                await visit.ask(wish, CircleMoved)  # refused, with what to do
                raise error
            moved = await visit.change(circle, wish, CircleMoved)
        if arguments.json:
            say_json({"id": circle, "relay": moved.relay, "code": moved.code})
        else:
            note(f"The circle is on {sanitise_line(moved.relay)} now.")
            note(GONE if arguments.gone else ORDERED)
            say(moved.code)
        await _there(visit, circle, GONE_SECONDS if arguments.gone else ANSWER_SECONDS)


async def _follow(place: Place, named: str, given: str) -> None:
    code = sys.stdin.read() if given == "-" else given
    async with visiting(place, "move") as visit:
        circle = await visit.circle_id(named)
        await visit.ask(FollowMove(circle=circle, code=code), Finished)
        await _there(visit, circle, ANSWER_SECONDS)


async def _there(visit: Visit, circle: str, seconds: int) -> None:
    """Wait until this device is there, and so long for what was said to have come along."""
    try:
        facts = await visit.until(circle, lambda facts: facts.link is LinkState.ONLINE)
    except CommandError as error:
        raise CommandError(UNDER_WAY.format(error=error), error.exit) from error
    try:
        async with asyncio.timeout(seconds):
            while facts.link_sentence:
                while await visit.news() != CircleChanged(circle=circle):
                    pass
                facts = await visit.facts(circle)
    except TimeoutError:
        return note(f"{facts.link_sentence} That goes on whenever Hallway runs.")
    note(f"This device goes on at {sanitise_line(facts.relay)}.")
