"""Line mode: what is done with messages. `/reply 3 Yes` answers the third that was printed."""

from __future__ import annotations

from crypto.emoji import is_emoji
from tui import emoji_names
from tui.cli.printing import row_text
from tui.engine.commands import (
    Delete,
    Edit,
    ListPins,
    OpenPoll,
    Pin,
    React,
    ReadMessages,
    Search,
    SendText,
    Vote,
)
from tui.engine.events import Found, Messages, Queued, Row
from tui.plain.talk import RefusedError, Talk


async def send(talk: Talk, text: str) -> None:
    """Say something; RowAdded prints it."""
    facts = await talk.facts()
    if text.strip():
        await talk.ask(SendText(circle=facts.id, text=text), Queued)


async def me(talk: Talk, text: str) -> None:
    """Say something of oneself."""
    await talk.ask(SendText(circle=talk.circle, text=_needed(text, "/me waves"), me=True), Queued)


async def reply(talk: Talk, argument: str) -> None:
    """Answer a message."""
    id, text = _numbered(talk, argument)
    wish = SendText(circle=talk.circle, text=_needed(text, "/reply 3 Yes"), reply=id)
    await talk.ask(wish, Queued)


async def react(talk: Talk, argument: str) -> None:
    """Mark a message, or take that back."""
    id, typed = _numbered(talk, argument)
    what = typed if is_emoji(typed) else emoji_names.of_name(typed)
    if what is None:
        raise RefusedError("Name an emoji, as in /react 3 heart")
    row = await _row(talk, id)
    mine = any(mark.what == what and mark.mine for mark in row.reactions)
    await talk.ask(React(circle=talk.circle, id=id, what=what, on=not mine), Queued)


async def edit(talk: Talk, argument: str) -> None:
    """Change an own message."""
    id, text = _numbered(talk, argument)
    wish = Edit(circle=talk.circle, id=id, text=_needed(text, "/edit 3 At eight"))
    await talk.ask(wish, Queued)


async def delete(talk: Talk, argument: str) -> None:
    """Take an own message back."""
    id, _ = _numbered(talk, argument)
    if await talk.agrees("Take it back, for all? Who has read it has read it."):
        await talk.ask(Delete(circle=talk.circle, id=id), Queued)


async def pin(talk: Talk, argument: str) -> None:
    """Pin a message, or unpin it."""
    id, _ = _numbered(talk, argument)
    row = await _row(talk, id)
    await talk.ask(Pin(circle=talk.circle, id=id, on=not row.pinned), Queued)


async def pins(talk: Talk, argument: str) -> None:
    """What is pinned."""
    rows = (await talk.ask(ListPins(circle=talk.circle), Messages)).rows
    for row in rows:
        talk.print(row)
    if not rows:
        talk.say("Nothing is pinned here.")


async def poll(talk: Talk, argument: str) -> None:
    """Ask a question; its answers are typed one a line."""
    text = argument or await talk.question("What is the question?")
    talk.say("Type the answers, one a line; an empty line ends them.")
    options: list[str] = []
    while option := (await talk.line()).strip():
        options.append(option)
    several = await talk.agrees("May more than one be chosen?")
    wish = OpenPoll(circle=talk.circle, question=text, options=options, several=several)
    await talk.ask(wish, Queued)


async def vote(talk: Talk, argument: str) -> None:
    """Choose in a poll: its number, then those of the answers; none takes the vote back."""
    id, rest = _numbered(talk, argument)
    words = rest.replace(",", " ").split()
    if not all(word.isascii() and word.isdigit() and int(word) for word in words):
        raise RefusedError("Name answers by their numbers, as in /vote 3 1")
    wish = Vote(circle=talk.circle, id=id, choices=[int(word) - 1 for word in words])
    await talk.ask(wish, Queued)


async def search(talk: Talk, argument: str) -> None:
    """Find what was said, in all circles."""
    text = argument or await talk.question("What was said?")
    rows = (await talk.ask(Search(text=text, limit=20), Found)).rows
    names = {facts.id: facts.name for facts in await talk.circles()}
    for row in reversed(rows):
        talk.say(row_text(row, names.get(row.circle, "")))
    if not rows:
        talk.say("Nothing was found.")


async def older(talk: Talk, argument: str) -> None:
    """What was said before the first that was printed."""
    before = None if talk.first is None else talk.first
    rows = (await talk.ask(ReadMessages(circle=talk.circle, before=before), Messages)).rows
    for row in rows:
        talk.print(row)
    if not rows:
        talk.say("There is nothing before that.")


def _numbered(talk: Talk, argument: str) -> tuple[str, str]:
    number, _, rest = argument.strip().partition(" ")
    return talk.id_of(number), rest.strip()


def _needed(text: str, example: str) -> str:
    if not text.strip():
        raise RefusedError(f"There is a text missing, as in {example}")
    return text


async def _row(talk: Talk, id: str) -> Row:
    row = talk.rows.get(id)
    if row is None:
        raise RefusedError("There is no such message here.")
    return row
