"""`hallway send` with a file, and `hallway save`."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path

from tui import attaching
from tui.attaching import FileError
from tui.cli import talking
from tui.cli.owning import ANSWER_SECONDS, Visit, check_reachable, slow, visiting
from tui.cli.printing import CommandError, note, row_facts, say, say_json
from tui.cli.running import Place
from tui.engine.commands import FetchFile, SendText
from tui.engine.events import (
    CircleChanged,
    Event,
    Exit,
    FileFailed,
    FileStands,
    MessageState,
    Row,
    RowChanged,
)

TAKEN_BACK = "The message was taken back."

_THERE = (MessageState.DELIVERED, MessageState.CONFIRMED)


async def send(place: Place, arguments: argparse.Namespace) -> None:
    """Say something, a file or both, and wait until the relay has it on its disk."""
    text = None if arguments.text is None else talking.typed(arguments.text)
    async with visiting(place, "send") as visit:
        circle = await visit.circle_id(arguments.circle)
        if text is not None:
            wish = SendText(circle=circle, text=text, me=arguments.me)
            await talking.said(visit, arguments, circle, wish)
        if arguments.file is not None:
            await _attach(visit, arguments, circle)


async def _attach(visit: Visit, arguments: argparse.Namespace, circle: str) -> None:
    try:
        queued = await attaching.send(visit.owner.ask, circle, arguments.file)
    except FileError as error:
        raise CommandError(str(error), error.exit) from error
    row = None
    if not arguments.queue:
        try:
            row = await _moved(visit, circle, queued.id, lambda row: row.state in _THERE)
        except CommandError as error:
            raise _kept(error) from error
    if arguments.json:
        say_json(row_facts(row or await talking.row_of(visit, circle, queued)))


def _kept(error: CommandError) -> CommandError:
    return talking.kept(error) if error.exit is Exit.UNREACHABLE else error


async def _moved(visit: Visit, circle: str, id: str, reached: Callable[[Row], bool]) -> Row:
    """Wait until a file's row is so; as long as a chunk comes over from time to time."""
    check_reachable(await visit.facts(circle))
    while True:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                event = await _about(visit, circle, id)
        except TimeoutError:
            raise slow() from None
        match event:
            case RowChanged(row=row) if row.deleted or row.file is None:
                raise CommandError(TAKEN_BACK)
            case RowChanged(row=row) if reached(row):
                return row
            case FileFailed(sentence=sentence):
                raise CommandError(sentence)


async def _about(visit: Visit, circle: str, id: str) -> Event:
    """The next that is told of a file."""
    while True:
        match await visit.news():
            case (RowChanged(row=Row(id=told)) | FileFailed(id=told)) as event if told == id:
                return event
            case CircleChanged(circle=changed) if changed == circle:
                check_reachable(await visit.facts(circle))


async def save(place: Place, arguments: argparse.Namespace) -> None:
    """Fetch the file of a message, and put it where it is wanted."""
    async with visiting(place, "save") as visit:
        circle = await visit.circle_id(arguments.circle)
        wish = FetchFile(circle=circle, id=arguments.id)
        stands = await visit.ask(wish, FileStands)
        if not stands.here:
            await _moved(visit, circle, stands.id, _is_here)
        try:
            saved = await attaching.save(visit.owner.ask, stands, arguments.path or Path.cwd())
        except FileError as error:
            raise CommandError(str(error), error.exit) from error
    if arguments.json:
        return say_json({"id": stands.id, "name": stands.name, "path": str(saved)})
    say(str(saved))
    note("It came from somebody else: look at what it is before you open it.")


def _is_here(row: Row) -> bool:
    return row.file is not None and row.file.way == "here"
