"""`hallway tail`: staying online.

What it prints is in the order of the log, the same for everybody: an own message is printed when
it has its place there. What was missing and comes later is printed when it comes. While it runs,
other commands on the same profile are carried out by it.
"""

from __future__ import annotations

import argparse
from collections import deque

from tui.cli.owning import Visit, visiting
from tui.cli.printing import note, row_facts, row_text, say, say_json
from tui.cli.running import Place
from tui.engine.commands import ListCircles, ReadMessages
from tui.engine.events import (
    CircleChanged,
    CircleFacts,
    Circles,
    Event,
    LinkState,
    Messages,
    MessageState,
    RequestWaiting,
    Row,
    RowAdded,
    RowChanged,
    RowKind,
)
from tui.engine.runner import OwnerGoneError
from tui.safe_text import sanitise_line

PAGE = 500
_NOT_YET = (MessageState.WAITING, MessageState.SENT)


async def tail(place: Place, arguments: argparse.Namespace) -> None:
    """Print what is said, until this is ended. Where another process owned the profile and has
    ended, this one owns it."""
    tail = Tail(arguments.json)
    while True:
        async with visiting(place, "tail", stays=True) as visit:
            if arguments.circle:
                tail.only = await visit.circle_id(arguments.circle)
            try:
                await tail.follow(visit)
            except OwnerGoneError:
                continue


class Tail:
    """What was printed so far, of which circles; `only` is the id of the one that is wanted."""

    def __init__(self, json: bool) -> None:
        self.only = ""
        self._json = json
        self._printed: dict[str, int] = {}
        self._newest: deque[tuple[object, ...]] = deque(maxlen=PAGE)
        self._circles: dict[str, CircleFacts] = {}
        self._said: dict[str, str] = {}  # of how each stands with its relay

    async def follow(self, visit: Visit) -> None:
        """Print what is new, from what was printed last; until the owner ends."""
        self._said.clear()
        for facts in (await visit.ask(ListCircles(), Circles)).circles:
            await self._begin(visit, facts)
        while True:
            await self._hear(visit, await visit.news())

    async def _begin(self, visit: Visit, facts: CircleFacts) -> None:
        """A circle comes to be known: from its newest row on, or from where it was left."""
        if self.only not in ("", facts.id):
            return
        printed = self._printed.get(facts.id)
        if printed is None:
            newest = await visit.ask(ReadMessages(circle=facts.id, limit=1), Messages)
            self._printed[facts.id] = max((row.position for row in _placed(newest)), default=0)
        else:
            await self._catch_up(visit, facts.id, printed)
        self._say_link(facts)

    async def _catch_up(self, visit: Visit, circle: str, printed: int) -> None:
        while True:
            wish = ReadMessages(circle=circle, after=printed, limit=PAGE)
            rows = _placed(await visit.ask(wish, Messages))
            if not rows:
                return
            for row in rows:
                self._print(row)
            printed = rows[-1].position

    async def _hear(self, visit: Visit, event: Event) -> None:
        match event:
            case RowAdded(row=row) if row.kind is not RowKind.PASSED_ON:
                self._print(row, late=True)
            case RowChanged(row=row):
                self._print(row, late=row.kind is RowKind.NOTICE or _is_changed(row))
            case CircleChanged(circle=circle):
                for facts in (await visit.ask(ListCircles(), Circles)).circles:
                    if facts.id == circle and facts.id not in self._printed:
                        self._printed.setdefault(circle, 0)
                    if facts.id == circle and self.only in ("", circle):
                        self._say_link(facts)
            case RequestWaiting(request=request) if request.asks:
                name = sanitise_line(request.name)
                note(f"{name} is at the door. Say yes or no on the screen: `hallway`.")

    def _print(self, row: Row, late: bool = False) -> None:
        """A row, once, when it has its place; `late`: also where what follows it is printed."""
        if self.only not in ("", row.circle) or row.state in _NOT_YET:
            return
        printed = self._printed.get(row.circle, 0)
        if row.position <= printed and (not late or _shown(row) in self._newest):
            return
        self._printed[row.circle] = max(printed, row.position)
        self._newest.append(_shown(row))
        if self._json:
            return say_json(row_facts(row))
        several = not self.only and len(self._circles) > 1
        known = self._circles.get(row.circle)
        say(row_text(row, known.name if several and known else ""))

    def _say_link(self, facts: CircleFacts) -> None:
        """How a circle stands with its relay, where that is not what was said last."""
        self._circles[facts.id] = facts
        if facts.link is LinkState.CONNECTING:
            return
        sentence = facts.link_sentence or ("online" if facts.link is LinkState.ONLINE else "")
        if sentence and self._said.get(facts.id) != sentence:
            self._said[facts.id] = sentence
            note(f"{sanitise_line(facts.name)}: {sentence}")


def _is_changed(row: Row) -> bool:
    """Whether something was done to a message that this person may see."""
    chosen = row.poll is not None and row.poll.choices is not None
    return row.edited or chosen or bool(row.reactions)


def _shown(row: Row) -> tuple[object, ...]:
    """What of a row is printed anew where it is another."""
    return row.id, row.text, row.reactions, row.poll


def _placed(messages: Messages) -> list[Row]:
    return [row for row in messages.rows if row.state not in _NOT_YET]
