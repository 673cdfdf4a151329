"""The engine's face: commands and bytes in, events and bytes out, and what a screen reads.

Sans-I/O. Each input (`do`, `link_opened`, `link_received`, `link_closed`, `tick`) is one database
transaction. Bytes and events that come of it are handed out only after it is on the disk, so that
nothing is sent that a crash could undo. Where the engine itself fails, the transaction is rolled
back, what is in memory is read again from the database, and all connections are made anew. A disk
that is full or fails is refused in the same way, in a sentence, and the engine goes on: it tries
again by itself.

The pump that drives a Client, after every input:

    for event in client.events(): …           # to the screens, to whoever asked
    for link, data in client.data_to_send(): … # to that link's socket
    wishes = client.links()                   # open what is new, close what is gone
    deadline = client.next_deadline()         # call tick() then, at the latest

All reading methods take a circle's id in hexadecimal, ask the database, and cost what they return.
"""

from __future__ import annotations

from collections.abc import Callable

from crypto.primitives import Rng
from tui.engine import door, facts, timeline
from tui.engine.answers.asker import Asker
from tui.engine.asking import answer
from tui.engine.commands import Command
from tui.engine.context import Context
from tui.engine.desk import FAILED, Before, Desk
from tui.engine.entering import JoiningLine
from tui.engine.errors import WishError
from tui.engine.events import (
    CircleFacts,
    EntryMoved,
    Event,
    InviteFacts,
    MemberFacts,
    RequestFacts,
    Row,
)
from tui.engine.line import Line
from tui.engine.links import LinkId, LinkWish
from tui.engine.store.database import Database, DiskError
from tui.engine.store.records import Store
from tui.engine.taking import AwaitingLine


class Client:
    """One profile's engine.

    :param database: the open profile; nobody else writes to it.
    :param rng: unpredictable bytes.
    :param now: the clock, in milliseconds since 1970.
    :param default_relay: the address that a spoken code without one means; it is left out of the
        codes that are made here.
    :param beats: whether heartbeats are left, by which others see that nothing is kept back.
    """

    def __init__(
        self,
        database: Database,
        *,
        rng: Rng,
        now: Callable[[], int],
        default_relay: str = "",
        beats: bool = True,
    ) -> None:
        self._database = database
        self._context = Context(Store(database), rng, now, beats=beats)
        self._desk = Desk(self._context, default_relay)
        self._asker = Asker(self._desk)
        self._outgoing: list[tuple[LinkId, bytes]] = []
        self._ready: list[Event] = []

    # What goes in.

    def do(self, command: Command) -> None:
        """Carry out a wish; exactly one event with its `ref` answers it, now or later."""
        self._input(lambda: answer(self._asker, command), command.ref)

    def link_opened(self, link: LinkId, certificate: bytes = b"") -> None:
        """A connection that was wished for is there.

        `certificate` is the SHA-256 of the relay's, where nobody vouches for it: no pin, no
        authority. It comes to a wish that is `unvouched` alone.
        """
        self._with_line(link, lambda line: line.opened(certificate))

    def link_received(self, link: LinkId, data: bytes) -> None:
        """One binary websocket message came. Of a link that is not wished for it is ignored."""
        self._with_line(link, lambda line: line.received(data))

    def link_closed(self, link: LinkId, reason: str = "") -> None:
        """A connection ended, or could not be made; `reason` is a sentence, if there is one."""
        self._with_line(link, lambda line: line.closed(reason))

    def tick(self) -> None:
        """Time has passed: `next_deadline()` is here."""
        self._input(self._desk.tidy)

    def _with_line(self, link: LinkId, act: Callable[[Line], None]) -> None:
        line = self._desk.line(link)
        if line is not None:
            self._input(lambda: act(line))

    def _input(self, act: Callable[[], None], ref: int | None = None) -> None:
        """One input: all of it on the disk and then handed out, or nothing of it.

        `ref` is that of a command, which a disk that takes nothing refuses.
        """
        context, before = self._context, self._desk.before()
        context.told.clear()
        try:
            with self._database.transaction():
                act()
                self._desk.work()
        except DiskError as error:
            refused = WishError("disk", str(error))
            self._give_up(before, refused)
            if ref is not None:
                context.refuse(ref, refused)
            self._desk.wait_for_disk(str(error))
        except BaseException:
            self._give_up(before, WishError("failed", FAILED))
            self._ready += context.told
            context.told.clear()
            raise
        self._ready += context.told
        context.told.clear()
        self._outgoing += self._desk.data_to_send()

    def _give_up(self, before: Before, error: WishError) -> None:
        """Nothing of an input is to have been."""
        self._context.told.clear()
        self._desk.reload(before, error)

    # What comes out.

    def events(self) -> list[Event]:
        """What happened since the last call, in order."""
        ready, self._ready = self._ready, []
        return ready

    def data_to_send(self) -> list[tuple[LinkId, bytes]]:
        """Websocket messages to send, in order, each link's to its socket."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def links(self) -> dict[LinkId, LinkWish]:
        """The connections that are wanted now, those that are there included."""
        return self._desk.wishes()

    def next_deadline(self) -> int | None:
        """When `tick` is to be called at the latest (milliseconds since 1970), None for never."""
        return self._desk.deadline()

    # What a screen reads.

    def circles(self) -> list[CircleFacts]:
        """All circles of this profile, those that were left included, by the time of coming in."""
        return [facts.circle_facts(line.circle) for line in self._desk.circle_lines()]

    def circle(self, named: str = "") -> CircleFacts:
        """The circle of this name or id; of none where there is only one. WishError otherwise."""
        return facts.circle_facts(self._desk.circle(named))

    def members(self, circle: str) -> list[MemberFacts]:
        """Who is in, by join number."""
        return facts.member_facts(self._desk.circle(circle))

    def people(self) -> list[str]:
        """The names of all others in all circles that this person is in."""
        return [
            member.name
            for line in self._desk.circle_lines()
            for member in facts.member_facts(line.circle)
            if not member.me
        ]

    def invites(self, circle: str) -> list[InviteFacts]:
        """The open codes."""
        return facts.invite_facts(self._desk.circle(circle))

    def requests(self, circle: str) -> list[RequestFacts]:
        """Who waits at the door."""
        found = self._desk.circle(circle)
        return [door.facts(found, record) for record in door.waiting(found)]

    def may_return(self, circle: str) -> bool:
        """Whether `Rejoin` is what a person may ask for here."""
        return facts.may_return(self._desk.circle(circle))

    def entries(self) -> list[EntryMoved]:
        """Where this person is coming in just now; `entry` names each for `AbandonEntry`."""
        coming = (JoiningLine, AwaitingLine)
        return [line.state() for line in self._desk.lines if isinstance(line, coming)]

    def rows_before(self, circle: str, position: int | None, limit: int) -> list[Row]:
        """Up to `limit` rows before a position, the newest where it is None; oldest first."""
        return self._desk.rows_before(self._desk.circle(circle), position, limit)

    def rows_after(self, circle: str, position: int, limit: int) -> list[Row]:
        """Up to `limit` rows after a position, oldest first."""
        return self._desk.rows_after(self._desk.circle(circle), position, limit)

    def row(self, circle: str, id: str) -> Row | None:
        """One row by its id."""
        found = self._desk.circle(circle)
        return timeline.row(found, bytes.fromhex(id))

    def row_at(self, circle: str, time: int) -> Row | None:
        """The first row that the relay ordered at a time (milliseconds since 1970) or later."""
        found = self._desk.circle(circle)
        rows = self._desk.rows_after(found, timeline.position_at(found, time) - 1, 1)
        return rows[0] if rows else None

    def newest_position(self, circle: str) -> int:
        """The position of the last row, 0 where there is none."""
        rows = self.rows_before(circle, None, 1)
        return rows[0].position if rows else 0

    def count_estimate(self, circle: str) -> int:
        """About how many rows there are: for a scroll bar."""
        return timeline.count_estimate(self._desk.circle(circle))
