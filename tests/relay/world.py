"""A whole relay in memory: a hub over a `MemoryStore`, a clock that a test turns, and its peers."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TypeVar

from crypto.access.binding import (
    AccessKeyPair,
    bind_statement,
    create_statement,
    guest_statement,
)
from crypto.access.log import Kind, chain, entry_hash
from crypto.access.side_data import Delta, encode
from crypto.primitives import sha256
from relay import wire
from relay.hub import Creating, Hub
from relay.limits import Settings
from relay.session import Session
from relay.store.contract import Append, Record
from relay.wire import FromClient, FromRelay, Refusal
from tests.relay.memory import MemoryStore
from tests.relay.people import (
    ANA,
    BO,
    CARD,
    CIRCLE,
    GUEST,
    HOST,
    NOW,
    admit,
    invite,
    invite_id,
)

F = TypeVar("F", bound=FromRelay)


class Line:
    """An outlet that keeps what it is given. `pending` is what a test says is still waiting."""

    def __init__(self) -> None:
        self.pending = 0
        self.closed = False
        self.sent: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    def close(self) -> None:
        self.closed = True


class Peer:
    """A socket's other end."""

    def __init__(self, world: World, session: Session, line: Line) -> None:
        self.world = world
        self.session = session
        self.line = line
        self.key = ANA
        self.vouched: list[wire.Head] = []
        (hello,) = self.heard()
        self.hello = hello

    @property
    def nonce(self) -> bytes:
        assert isinstance(self.hello, wire.Hello)
        return self.hello.nonce

    def heard(self) -> list[FromRelay]:
        """What came since the last time, everything that is under way included.

        The heads that are shown with commits, right before them, go to `vouched`.
        """
        self.world.store.settle()
        sent, self.line.sent = self.line.sent, []
        frames = [frame for part in sent for frame in wire.decode_from_relay(b"\x01" + part)]
        heard: list[FromRelay] = []
        for frame, after in pairwise([*frames, None]):
            n = after.n if isinstance(after, wire.Entry | wire.Done) else None
            if isinstance(frame, wire.Head) and n is not None and n <= frame.n:
                self.vouched.append(frame)
            elif frame is not None:
                heard.append(frame)
        return heard

    def say(self, *frames: FromClient) -> list[FromRelay]:
        """Send frames in one message; what is heard then."""
        self.session.receive(wire.message(*frames))
        return self.heard()

    def one(self, kind: type[F], *frames: FromClient) -> F:
        """Send frames; the only one that is heard then, which is of this kind."""
        (frame,) = self.say(*frames)
        assert isinstance(frame, kind), frame
        return frame

    def refused(self, *frames: FromClient) -> tuple[int, int]:
        """Send frames; the code and number of the refusal that is heard then."""
        refused = self.one(wire.Refused, *frames)
        return refused.code, refused.number

    def create(self, cap: int = 8, token: str | None = None, circle: bytes = CIRCLE) -> wire.Create:
        statement = create_statement(self.nonce, HOST, circle, self.key.public, cap)
        return wire.Create(circle, self.key.public, cap, token, self.key.sign(statement))

    def bind(self, key: AccessKeyPair, after: int = 0, circle: bytes = CIRCLE) -> wire.Bind:
        self.key = key
        statement = bind_statement(self.nonce, HOST, circle, key.public)
        return wire.Bind(circle, key.public, after, key.sign(statement))

    def guest(self, number: int = 0, by: AccessKeyPair = GUEST) -> wire.Guest:
        statement = guest_statement(self.nonce, HOST, invite_id(number))
        return wire.Guest(invite_id(number), by.sign(statement))

    def stage(self, *blobs: bytes) -> list[FromClient]:
        return [wire.Stage(sha256(blob), 0, len(blob), blob) for blob in blobs]

    def append(self, handshake: int | None = None, body: bytes = b"hello") -> wire.Append:
        seen = self.world.handshake if handshake is None else handshake
        return wire.Append(self.world.fresh_id(), seen, body)

    def commit(self, *deltas: Delta, handshake: int | None = None) -> wire.Commit:
        seen = self.world.handshake if handshake is None else handshake
        return wire.Commit(self.world.fresh_id(), seen, b"commit", encode(deltas))


class World:
    """One relay and everyone at it."""

    def __init__(
        self,
        settings: Settings | None = None,
        store: MemoryStore | None = None,
        create: Creating = "open",
    ) -> None:
        self.now = NOW
        self.store = store or MemoryStore()
        self.random = random.Random(7)
        self.ids = 0
        self.short = False
        self.hub = Hub(
            self.store,
            settings or Settings(),
            lambda: self.now,
            self.random.randbytes,
            create,
            lambda: self.short,
        )

    @property
    def records(self) -> list[Record]:
        return self.store.shelves[CIRCLE].records

    @property
    def handshake(self) -> int:
        commits = [record.n for record in self.records if record.kind == Kind.COMMIT]
        return max(commits, default=0)

    def fresh_id(self) -> bytes:
        self.ids += 1
        return self.ids.to_bytes(16)

    def connect(self, address: str = "192.0.2.1", host: str | None = HOST) -> Peer:
        line = Line()
        return Peer(self, self.hub.connect(line, address, host), line)

    def bound(self, key: AccessKeyPair, after: int | None = None) -> Peer:
        """Somebody who is on the roster, caught up."""
        peer = self.connect()
        n = len(self.records) if after is None else after
        heard = peer.say(peer.bind(key, n))
        assert isinstance(heard[0], wire.Bound), heard
        return peer

    def founded(self) -> Peer:
        """Ana, who has just opened the circle."""
        ana = self.connect()
        heard = ana.say(ana.create())
        assert isinstance(heard[0], wire.Bound), heard
        return ana

    def pair(self) -> tuple[Peer, Peer]:
        """Ana and Bo, who came in on invite 0 (two uses left); the log stands at 2."""
        ana = self.founded()
        ana.say(*ana.stage(CARD), ana.commit(invite()))
        ana.say(ana.commit(admit(BO)))
        self.now += 60_000
        return ana, self.bound(BO)

    def elsewhere(
        self,
        sender: AccessKeyPair,
        body: bytes = b"from elsewhere",
        *deltas: Delta,
        idempotency_id: bytes | None = None,
    ) -> Append:
        """What another writer would have the store keep next: a message, or a commit of deltas."""
        n = len(self.records) + 1
        kind = Kind.COMMIT if deltas else Kind.MESSAGE
        side_data = encode(deltas) if deltas else b""
        hashed = entry_hash(self.now, body, side_data)
        before = self.records[-1].chain if self.records else bytes(32)
        chained = chain(CIRCLE, n, kind, before, hashed)
        record = Record(
            n,
            kind,
            self.now,
            body,
            side_data,
            sender.public,
            idempotency_id or self.fresh_id(),
            hashed,
            chained,
        )
        return Append(CIRCLE, record)


FORBIDDEN = (Refusal.FORBIDDEN, 0)
