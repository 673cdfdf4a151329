"""`hallway reply`, `poll` and `read`, and what `send` has in common with them."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tui.cli.owning import ANSWER_SECONDS, Visit, check_reachable, slow, visiting
from tui.cli.printing import CommandError, note, row_facts, row_text, say, say_json
from tui.cli.running import Place
from tui.engine.commands import OpenPoll, ReadMessages, SendText
from tui.engine.events import (
    CircleChanged,
    Exit,
    Messages,
    MessageState,
    Queued,
    Row,
    RowChanged,
)

PAGE = 500
"""Rows that are asked for at once."""

_THERE = (MessageState.DELIVERED, MessageState.CONFIRMED)


async def reply(place: Place, arguments: argparse.Namespace) -> None:
    """Write an answer down, and wait until the relay has it on its disk."""
    text = typed(arguments.text)
    async with visiting(place, "reply") as visit:
        circle = await visit.circle_id(arguments.circle)
        wish = SendText(circle=circle, text=text, reply=arguments.id)
        await said(visit, arguments, circle, wish)


async def poll(place: Place, arguments: argparse.Namespace) -> None:
    """Ask a question, and wait until the relay has it on its disk."""
    async with visiting(place, "poll") as visit:
        circle = await visit.circle_id(arguments.circle)
        question, options, several = arguments.question, arguments.options, arguments.several
        wish = OpenPoll(circle=circle, question=question, options=options, several=several)
        await said(visit, arguments, circle, wish)


async def said(
    visit: Visit, arguments: argparse.Namespace, circle: str, wish: SendText | OpenPoll
) -> None:
    """Have something said, and wait until the relay has it, unless that is not wanted."""
    queued = await visit.ask(wish, Queued)
    row = None if arguments.queue else await _delivered(visit, circle, queued.id)
    if arguments.json:
        say_json(row_facts(row or await row_of(visit, circle, queued)))


def typed(text: str) -> str:
    """What is to be said: this, or standard input where it is -."""
    if text != "-":
        return text
    try:
        return sys.stdin.buffer.read().decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise CommandError("What came on standard input is not text (UTF-8).") from None


async def _delivered(visit: Visit, circle: str, id: str) -> Row:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await _row_there(visit, circle, id)
    except TimeoutError:
        raise kept(slow()) from None
    except CommandError as error:
        raise kept(error) from error


async def _row_there(visit: Visit, circle: str, id: str) -> Row:
    check_reachable(await visit.facts(circle))
    while True:
        match await visit.news():
            case RowChanged(row=row) if row.id == id and row.state in _THERE:
                return row
            case CircleChanged(circle=changed) if changed == circle:
                check_reachable(await visit.facts(circle))


def kept(error: CommandError) -> CommandError:
    """The same, of what is written down and goes out later."""
    sentence = f"{error} The message is kept here, and goes out when Hallway runs and can send it."
    return CommandError(sentence, Exit.UNREACHABLE)


async def row_of(visit: Visit, circle: str, queued: Queued) -> Row:
    """The row of what was written down just now."""
    wish = ReadMessages(circle=circle, after=queued.position - 1, limit=1)
    return (await visit.ask(wish, Messages)).rows[0]


async def read(place: Place, arguments: argparse.Namespace) -> None:
    """Print the newest rows, after fetching what there is."""
    if arguments.last < 1:
        raise CommandError("--last is at least 1.", Exit.USAGE)
    async with visiting(place, "read") as visit:
        circle = await visit.circle_id(arguments.circle)
        facts = await visit.facts(circle)
        if visit.ours and not facts.left:
            try:
                await visit.settled(circle)
            except CommandError as error:
                note(f"{error} What follows is what is here.")
        for row in await newest(visit, circle, arguments.last):
            if arguments.json:
                say_json(row_facts(row))
            else:
                say(row_text(row, ids=arguments.ids))


async def newest(visit: Visit, circle: str, wanted: int) -> list[Row]:
    """The newest rows, oldest first."""
    pages: list[list[Row]] = []
    before = None
    while wanted > 0:
        wish = ReadMessages(circle=circle, before=before, limit=min(PAGE, wanted))
        page = (await visit.ask(wish, Messages)).rows
        if not page:
            break
        pages.append(page)
        wanted -= len(page)
        before = page[0].position
    return [row for page in reversed(pages) for row in page]
