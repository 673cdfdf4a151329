"""Line mode: sending a file, and saving one."""

from __future__ import annotations

from tui import attaching
from tui.attaching import FileError
from tui.engine.commands import FetchFile
from tui.engine.events import FileStands
from tui.paths import as_path, downloads
from tui.plain.talk import RefusedError, Talk


async def send(talk: Talk, argument: str) -> None:
    """Send a file; RowAdded prints its message."""
    if not argument.strip():
        raise RefusedError("Name a file, as in /file ~/tea.jpg")
    circle = (await talk.facts()).id
    try:
        await attaching.send(talk.engine.ask, circle, as_path(argument))
    except FileError as error:
        raise RefusedError(str(error)) from error


async def save(talk: Talk, argument: str) -> None:
    """Put a message's file on this computer; where it has to be fetched, as soon as it is here."""
    number, _, typed = argument.strip().partition(" ")
    id = talk.id_of(number)
    to = as_path(typed) if typed.strip() else downloads()
    stands = await talk.ask(FetchFile(circle=talk.circle, id=id), FileStands)
    if not stands.here:
        talk.wanted[stands.id] = stands, to
        return talk.say("It is being fetched.")
    try:
        talk.say(f"It is in {await attaching.save(talk.engine.ask, stands, to)}")
    except FileError as error:
        raise RefusedError(str(error)) from error
