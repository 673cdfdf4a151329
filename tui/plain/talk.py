"""Line mode: what happens is printed as lines, and what is typed is read as lines.

Messages have short numbers, which commands name them by. Questions that a dialog would ask are
asked in a line, and answered by the next line that is typed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Protocol, TypeVar

from tui import attaching
from tui.attaching import FileError
from tui.cli.printing import row_text
from tui.engine.commands import Attend, Command, ListCircles, MarkRead, ReadMessages
from tui.engine.events import (
    CircleFacts,
    Circles,
    EntryEnded,
    EntryMoved,
    Event,
    FileFailed,
    FileStands,
    Finished,
    LinkState,
    Messages,
    MessageState,
    Refused,
    RequestFacts,
    RequestWaiting,
    Row,
    RowAdded,
    RowChanged,
)
from tui.safe_text import sanitise_line
from tui.settings import Prefers

Answer = TypeVar("Answer", bound=Event)

SHOWN = 20
"""Rows that are printed as one comes to a circle."""

_WAITING = (MessageState.WAITING, MessageState.SENT)


class Asks(Protocol):
    """An engine, this process's or another's: `tui.engine.runner.Owner` is one."""

    async def ask(self, command: Command) -> Event:
        """Carry out a command; its one answer."""
        ...


class RefusedError(Exception):
    """A command was refused; the sentence is for the person."""


class Ended(Exception):
    """There is nothing more to read."""


class Talk:
    """One person at a line terminal.

    :param say: prints a line.
    :param lines: what is typed, a line at a time, until the end of input.
    :param relay: where circles are opened, started if need be; may raise `RefusedError`.
    :param preferences: this person's settings.
    """

    def __init__(
        self,
        engine: Asks,
        say: Callable[[str], None],
        lines: AsyncIterator[str],
        relay: Callable[[], Awaitable[str]],
        preferences: Prefers,
    ) -> None:
        self.engine = engine
        self.say = say
        self.relay = relay
        self.preferences = preferences
        self.circle = ""
        self.over = False
        self.spoken = ""
        """The circle whose spoken code is open."""
        self.rows: dict[str, Row] = {}
        """What was printed of the circle that one is in, as it is now."""
        self.first: int | None = None
        """The position of the oldest of them."""
        self.requests: dict[int, RequestFacts] = {}
        """Who waits at doors, by the place of their request."""
        self.wanted: dict[str, tuple[FileStands, Path]] = {}
        """Files that are being fetched, with where they are to be put, by their messages' ids."""
        self._lines = lines
        self._ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._circles: dict[str, CircleFacts] = {}
        self._links: dict[str, str] = {}
        self._news: set[str] = set()

    # Asking the engine, and the person.

    async def ask(self, command: Command, answer: type[Answer]) -> Answer:
        """Have a command carried out; RefusedError."""
        event = await self.engine.ask(command)
        if isinstance(event, Refused):
            raise RefusedError(event.sentence)
        if not isinstance(event, answer):
            raise RefusedError("The Hallway that owns this profile answered something else.")
        return event

    async def line(self) -> str:
        """The next line that is typed; Ended."""
        try:
            return (await anext(self._lines)).rstrip("\n")
        except StopAsyncIteration:
            raise Ended from None

    async def question(self, text: str) -> str:
        """Ask in a line, and take the next one for the answer."""
        self.say(text)
        return (await self.line()).strip()

    async def agrees(self, text: str) -> bool:
        """A yes, and nothing else, is a yes."""
        return (await self.question(f"{text} Type yes, or anything else for no.")).lower() == "yes"

    # Circles.

    async def circles(self) -> list[CircleFacts]:
        """All circles, as they are now."""
        found = (await self.ask(ListCircles(), Circles)).circles
        self._circles = {facts.id: facts for facts in found}
        return found

    async def attend(self) -> None:
        """Whoever types a line is here, where a circle shows it."""
        if any(facts.presence for facts in await self.circles()):
            await self.ask(Attend(), Finished)

    async def facts(self) -> CircleFacts:
        """The circle that one is in; RefusedError where there is none."""
        await self.circles()
        if self.circle not in self._circles:
            raise RefusedError("You are in no circle here yet. /open one, or /join with a code.")
        return self._circles[self.circle]

    async def go(self, circle: str) -> None:
        """Turn to a circle: say which it is, and print what was said last."""
        self.circle, self.first = circle, None
        self.rows.clear()
        self._news.discard(circle)
        facts = await self.facts()
        self.say(f"--- {sanitise_line(facts.name)}, {facts.chairs} of {facts.cap} chairs taken")
        self._say_link(facts)
        answer = await self.ask(ReadMessages(circle=circle, limit=SHOWN), Messages)
        for row in answer.rows:
            self.print(row)
        await self._mark(answer.rows)

    async def _mark(self, rows: list[Row]) -> None:
        placed = [row.position for row in rows if row.state not in _WAITING]
        if placed:
            await self.engine.ask(MarkRead(circle=self.circle, position=max(placed)))

    # Rows.

    def print(self, row: Row) -> None:
        """A row, behind its number."""
        self.rows[row.id] = row
        if row.state not in _WAITING:
            self.first = row.position if self.first is None else min(self.first, row.position)
        number = self._numbers.get(row.id)
        if number is None:
            self._ids.append(row.id)
            number = self._numbers[row.id] = len(self._ids)
        self.say(f"{number:>3}  {row_text(row)}")

    def id_of(self, number: str) -> str:
        """The id of a message by its number; RefusedError."""
        if number.isascii() and number.isdigit() and 0 < int(number) <= len(self._ids):
            return self._ids[int(number) - 1]
        raise RefusedError("Name a message by the number that stands before it, as in /reply 3 …")

    # What happens.

    async def hear(self, event: Event) -> None:
        """Print what is worth a line."""
        await self._hear_file(event)
        match event:
            case RowAdded(row=row) if row.circle == self.circle:
                if row.id not in self._numbers:
                    self.print(row)
                await self._mark([row])
            case RowAdded(row=row) if not row.mine:
                await self._tell_news(row)
            case RowChanged(row=row, was=was) if row.circle == self.circle:
                if row.id in self._numbers:
                    self._changed(row, moved=was is not None)
            case RequestWaiting(request=request) if request.asks:
                self.requests[request.n] = request
                name = sanitise_line(request.name)
                self.say(f"--- {name} is at the door of this circle: /door answers.")
            case EntryMoved(circle_name=name, sentence=sentence) if sentence:
                self.say(f"--- {sanitise_line(name)}: {sentence}")
            case EntryEnded(circle_name=name, sentence=sentence):
                self.say(f"--- {sanitise_line(name)}: {sentence}")
            case FileFailed(sentence=sentence):
                self.say(sentence)
            case _:
                await self._links_changed()

    async def _hear_file(self, event: Event) -> None:
        """A file that was to be saved is here, or will not be."""
        match event:
            case RowChanged(row=row) if row.id in self.wanted:
                if row.file is None:
                    del self.wanted[row.id]
                elif row.file.way == "here":
                    stands, to = self.wanted.pop(row.id)
                    try:
                        self.say(f"It is in {await attaching.save(self.engine.ask, stands, to)}")
                    except FileError as error:
                        self.say(str(error))
            case FileFailed(id=id):
                self.wanted.pop(id, None)

    def _changed(self, row: Row, *, moved: bool) -> None:
        """Print a message anew, where something was done to it."""
        before = self.rows.get(row.id)
        self.rows[row.id] = row
        if before is None or moved:
            return
        if _shown(before) != _shown(row):
            self.print(row)

    async def _tell_news(self, row: Row) -> None:
        if row.circle not in self._news:
            self._news.add(row.circle)
            if row.circle not in self._circles:
                await self.circles()
            facts = self._circles.get(row.circle)
            if facts is not None and facts.notify != "off":
                self.say(f"--- {sanitise_line(facts.name)} has news: /switch goes there.")

    async def _links_changed(self) -> None:
        for facts in await self.circles():
            if facts.id == self.circle:
                self._say_link(facts)

    def _say_link(self, facts: CircleFacts) -> None:
        """How the circle stands with its relay, where that is not what was said last."""
        if facts.link is LinkState.CONNECTING:
            return
        said = facts.link_sentence or facts.link.value
        if self._links.get(facts.id) != said:
            self._links[facts.id] = said
            self.say(f"--- {sanitise_line(facts.name)}: {sanitise_line(said)}")


def _shown(row: Row) -> tuple[object, ...]:
    """What of a row is printed anew where it is another."""
    return row.text, row.edited, row.deleted, row.pinned, row.reactions, row.poll
