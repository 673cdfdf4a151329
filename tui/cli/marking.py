"""`hallway react`, `edit`, `delete`, `pin` and `vote`: what is done to a message that is there."""

from __future__ import annotations

import argparse

from tui.cli.owning import Visit, visiting
from tui.cli.printing import CommandError, local_time, rfc3339, row_facts, row_text, say, say_json
from tui.cli.running import Place
from tui.cli.talking import kept, typed
from tui.engine.commands import (
    Command,
    Delete,
    Edit,
    ListEdits,
    ListPins,
    Pin,
    React,
    ReadMessages,
    Vote,
)
from tui.engine.events import Edits, Exit, Messages, Queued, Row


async def react(place: Place, arguments: argparse.Namespace) -> None:
    """Mark a message with an emoji, or take that back."""
    async with visiting(place, "react") as visit:
        circle = await visit.circle_id(arguments.circle)
        id, what = arguments.id, arguments.emoji
        await _do(visit, arguments, React(circle=circle, id=id, what=what, on=not arguments.off))


async def edit(place: Place, arguments: argparse.Namespace) -> None:
    """Change an own message; without a text, print what it has said."""
    text = None if arguments.text is None else typed(arguments.text)
    async with visiting(place, "edit") as visit:
        circle = await visit.circle_id(arguments.circle)
        if text is not None:
            wish = Edit(circle=circle, id=arguments.id, text=text)
            return await _do(visit, arguments, wish)
        found = await visit.ask(ListEdits(circle=circle, id=arguments.id), Edits)
        for said in found.edits:
            if arguments.json:
                say_json({"at": rfc3339(said.at), "text": said.text})
            else:
                say(f"{local_time(said.at)} {said.text}")


async def delete(place: Place, arguments: argparse.Namespace) -> None:
    """Take an own message back."""
    async with visiting(place, "delete") as visit:
        circle = await visit.circle_id(arguments.circle)
        await _do(visit, arguments, Delete(circle=circle, id=arguments.id))


async def pin(place: Place, arguments: argparse.Namespace) -> None:
    """Pin a message, or unpin it; without one, print those that are pinned."""
    async with visiting(place, "pin") as visit:
        circle = await visit.circle_id(arguments.circle)
        if arguments.id is not None:
            wish = Pin(circle=circle, id=arguments.id, on=not arguments.off)
            return await _do(visit, arguments, wish)
        if arguments.off:
            raise CommandError("--off wants the message that is to be unpinned.", Exit.USAGE)
        for row in (await visit.ask(ListPins(circle=circle), Messages)).rows:
            _print(row, arguments.json)


async def vote(place: Place, arguments: argparse.Namespace) -> None:
    """Choose in a poll, or take the vote back; its options are counted from 1."""
    async with visiting(place, "vote") as visit:
        circle = await visit.circle_id(arguments.circle)
        choices = [number - 1 for number in arguments.numbers]
        await _do(visit, arguments, Vote(circle=circle, id=arguments.id, choices=choices))


async def _do(visit: Visit, arguments: argparse.Namespace, wish: Command) -> None:
    """Done when the relay has it on its disk."""
    queued = await visit.ask(wish, Queued)
    if not arguments.queue:
        try:
            await visit.settled(queued.circle)
        except CommandError as error:
            raise kept(error) from error
    if arguments.json:
        after = ReadMessages(circle=queued.circle, after=queued.position - 1, limit=1)
        say_json(row_facts((await visit.ask(after, Messages)).rows[0]))


def _print(row: Row, json: bool) -> None:
    if json:
        say_json(row_facts(row))
    else:
        say(row_text(row, ids=True))
