"""The engine's face: commands and bytes in, events and bytes out, and what a screen reads.

Sans-I/O. Each input (`do`, `link_opened`, `link_received`, `link_closed`, `tick`) is one database
transaction. Bytes and events that come of it are handed out only after it is on the disk, so that
nothing is sent that a crash could undo. Where the engine itself fails, the transaction is rolled
back, what is in memory is read again from the database, and all connections are made anew.

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
from tui.engine.commands import Command
from tui.engine.events import (
    CircleFacts,
    EntryMoved,
    Event,
    InviteFacts,
    MemberFacts,
    RequestFacts,
    Row,
)
from tui.engine.links import LinkId, LinkWish
from tui.engine.store.database import Database


class Client:
    """One profile's engine.

    :param database: the open profile; nobody else writes to it.
    :param rng: unpredictable bytes.
    :param now: the clock, in milliseconds since 1970.
    """

    def __init__(self, database: Database, *, rng: Rng, now: Callable[[], int]) -> None:
        raise NotImplementedError

    # What goes in.

    def do(self, command: Command) -> None:
        """Carry out a wish; exactly one event with its `ref` answers it, now or later."""
        raise NotImplementedError

    def link_opened(self, link: LinkId) -> None:
        """A connection that was wished for is there."""
        raise NotImplementedError

    def link_received(self, link: LinkId, data: bytes) -> None:
        """One binary websocket message came. Of a link that is not wished for it is ignored."""
        raise NotImplementedError

    def link_closed(self, link: LinkId, reason: str = "") -> None:
        """A connection ended, or could not be made; `reason` is a sentence, if there is one."""
        raise NotImplementedError

    def tick(self) -> None:
        """Time has passed: `next_deadline()` is here."""
        raise NotImplementedError

    # What comes out.

    def events(self) -> list[Event]:
        """What happened since the last call, in order."""
        raise NotImplementedError

    def data_to_send(self) -> list[tuple[LinkId, bytes]]:
        """Websocket messages to send, in order, each link's to its socket."""
        raise NotImplementedError

    def links(self) -> dict[LinkId, LinkWish]:
        """The connections that are wanted now, those that are there included."""
        raise NotImplementedError

    def next_deadline(self) -> int | None:
        """When `tick` is to be called at the latest (milliseconds since 1970), None for never."""
        raise NotImplementedError

    # What a screen reads.

    def circles(self) -> list[CircleFacts]:
        """All circles of this profile, those that were left included, by the time of coming in."""
        raise NotImplementedError

    def circle(self, named: str = "") -> CircleFacts:
        """The circle of this name or id; of none where there is only one. WishError otherwise."""
        raise NotImplementedError

    def members(self, circle: str) -> list[MemberFacts]:
        """Who is in, by join number."""
        raise NotImplementedError

    def invites(self, circle: str) -> list[InviteFacts]:
        """The open codes."""
        raise NotImplementedError

    def requests(self, circle: str) -> list[RequestFacts]:
        """Who waits at the door."""
        raise NotImplementedError

    def entries(self) -> list[EntryMoved]:
        """Where this person is coming in just now; `entry` names each for `AbandonEntry`."""
        raise NotImplementedError

    def rows_before(self, circle: str, position: int | None, limit: int) -> list[Row]:
        """Up to `limit` rows before a position, the newest where it is None; oldest first."""
        raise NotImplementedError

    def rows_after(self, circle: str, position: int, limit: int) -> list[Row]:
        """Up to `limit` rows after a position, oldest first."""
        raise NotImplementedError

    def row(self, circle: str, id: str) -> Row | None:
        """One row by its id."""
        raise NotImplementedError

    def newest_position(self, circle: str) -> int:
        """The position of the last row, 0 where there is none."""
        raise NotImplementedError

    def count_estimate(self, circle: str) -> int:
        """About how many rows there are: for a scroll bar."""
        raise NotImplementedError
