"""Long walks: two relays over one store, people who write, lose their lines, move and come back,
and relays that are killed. At the end nothing is lost, nothing is doubled, and all have one log."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from crypto.access.binding import AccessKeyPair
from crypto.access.log import EMPTY_CHAIN, Kind, chain, entry_hash
from crypto.access.side_data import encode
from relay import wire
from relay.limits import Rate, Settings
from relay.wire import FromRelay, Refusal
from tests.relay.memory import MemoryStore
from tests.relay.people import ANA, BO, CAM, CARD, CIRCLE, admit, invite
from tests.relay.world import Peer, World

OFTEN = Rate(1_000_000, 0.001)
GENEROUS = Settings(messages=OFTEN, commits=OFTEN, failures=OFTEN, turn=0)


@dataclass
class Letter:
    """Something to be ordered. Its id stays, its body is made anew when it was refused as stale."""

    id: bytes
    kind: Kind
    body: bytes
    handshake: int
    versions: int = 1

    def frame(self) -> wire.Append | wire.Commit:
        if self.kind == Kind.COMMIT:
            return wire.Commit(self.id, self.handshake, self.body, encode([]))
        return wire.Append(self.id, self.handshake, self.body)

    def side_data(self) -> bytes:
        return encode([]) if self.kind == Kind.COMMIT else b""


class Client:
    """A device that folds the log and sends one letter at a time, as a real one does."""

    def __init__(self, number: int, key: AccessKeyPair) -> None:
        self.number = number
        self.key = key
        self.peer: Peer | None = None
        self.caught_up = False
        self.stale = False
        self.hashes: list[bytes] = []
        self.chains = [EMPTY_CHAIN]
        self.handshake = 0
        self.heads: dict[int, bytes] = {}
        self.outbox: list[Letter] = []
        self.done: set[bytes] = set()
        self.written = 0

    @property
    def n(self) -> int:
        return len(self.hashes)

    def write(self, kind: Kind) -> None:
        self.written += 1
        name = bytes((self.number + 1,)) + self.written.to_bytes(15)
        self.outbox.append(Letter(name, kind, b"first of " + name, self.handshake))
        self.send()

    def connect(self, world: World) -> None:
        self.lose()
        self.peer = world.connect()
        self.peer.session.receive(wire.message(self.peer.bind(self.key, self.n)))

    def lose(self) -> None:
        if self.peer is not None:
            self.peer.session.lost()
        self.peer, self.caught_up = None, False

    def send(self) -> None:
        if self.peer is not None and self.caught_up and self.outbox:
            self.peer.session.receive(wire.message(self.outbox[0].frame()))

    def listen(self) -> None:
        if self.peer is None:
            return
        frames, self.peer.line.sent = self.peer.line.sent, []
        for part in frames:
            for frame in wire.decode_from_relay(b"\x01" + part):
                self.take(frame)

    def take(self, frame: FromRelay) -> None:
        match frame:
            case wire.Entry():
                hashed = entry_hash(frame.time, frame.body, frame.side_data)
                self.fold(frame.n, frame.kind, hashed)
            case wire.Gone():
                self.fold(frame.n, frame.kind, frame.entry_hash)
            case wire.Done():
                self.finish(frame)
            case wire.CaughtUp():
                assert frame.n == self.n
                self.caught_up = True
                self.send()
            case wire.Head() | wire.Bound():
                self.heads[frame.n] = frame.hash
                assert frame.n > self.n or frame.hash == self.chains[frame.n]
            case wire.Refused():
                assert frame.code == Refusal.STALE
                assert self.outbox and frame.idempotency_id == self.outbox[0].id
                self.stale = True
                self.write_anew()
            case _:
                raise AssertionError(frame)

    def write_anew(self) -> None:
        """Once the commit that made a letter stale has been read, its body is made again."""
        letter = self.outbox[0]
        if self.stale and letter.handshake < self.handshake:
            self.stale = False
            letter.versions += 1
            letter.body = letter.versions.to_bytes(2) + b" again " + letter.id
            letter.handshake = self.handshake
            self.send()

    def fold(self, n: int, kind: int, hashed: bytes) -> None:
        if n <= self.n:
            assert self.hashes[n - 1] == hashed
            return
        assert n == self.n + 1, "an entry is missing, or out of order"
        self.hashes.append(hashed)
        self.chains.append(chain(CIRCLE, n, kind, self.chains[-1], hashed))
        assert self.heads.get(n, self.chains[n]) == self.chains[n]
        if kind == Kind.COMMIT:
            assert max(self.heads) >= n, "nobody could prove that this commit was in the log"
            self.handshake = n
            if self.outbox:
                self.write_anew()

    def finish(self, done: wire.Done) -> None:
        if not self.outbox or self.outbox[0].id != done.idempotency_id:
            assert done.idempotency_id in self.done
            return
        letter = self.outbox.pop(0)
        self.stale = False
        if done.n == self.n + 1:
            hashed = entry_hash(done.time, letter.body, letter.side_data())
            self.fold(done.n, letter.kind, hashed)
        self.done.add(letter.id)
        self.send()


class Walk:
    """Everything that can happen, in an order that a seed chooses."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.stores = [MemoryStore()]
        self.stores.append(MemoryStore(beside=self.stores[0]))
        for store in self.stores:
            store.early = self.random.random() < 0.5
        self.worlds = [World(GENEROUS, store) for store in self.stores]
        ana = self.worlds[0].founded()
        ana.say(*ana.stage(CARD), ana.commit(invite()))
        ana.say(ana.commit(admit(BO), admit(CAM)))
        ana.session.lost()
        self.clients = [Client(number, key) for number, key in enumerate((ANA, BO, CAM))]

    def step(self) -> None:
        client = self.random.choice(self.clients)
        which = self.random.randrange(2)
        world, store = self.worlds[which], self.stores[which]
        match self.random.choices(range(7), (30, 6, 8, 4, 50, 4, 2))[0]:
            case 0:
                client.write(Kind.MESSAGE)
            case 1:
                client.write(Kind.COMMIT)
            case 2:
                client.connect(world)
            case 3:
                client.lose()
            case 4:
                for _ in range(self.random.randrange(1, 4)):
                    if store.waiting:
                        store.settle_one()
                client.listen()
            case 5:
                for each in self.worlds:
                    each.now += 1000
                world.hub.tick()
            case _:
                self.kill(which)

    def kill(self, which: int) -> None:
        """A relay dies: some of what it had submitted is on disk, the rest is not."""
        store = self.stores[which]
        for client in self.clients:
            if client.peer is not None and client.peer.world is self.worlds[which]:
                client.peer = None
                client.caught_up = False
        for _ in range(self.random.randrange(4)):
            if store.waiting:
                store.settle_one()
        store.waiting.clear()
        now = self.worlds[which].now
        self.worlds[which] = World(GENEROUS, store)
        self.worlds[which].now = now

    def calm(self) -> None:
        """Nothing happens until nobody waits for anything."""
        busy = True
        while busy:
            busy = any(store.waiting for store in self.stores)
            for store in self.stores:
                store.settle()
            for client in self.clients:
                busy |= client.peer is not None and bool(client.peer.line.sent)
                client.listen()


@pytest.mark.parametrize("seed", range(25))
def test_nothing_is_lost_and_nothing_doubled(seed: int) -> None:
    walk = Walk(seed)
    for _ in range(300):
        walk.step()
    for number, client in enumerate(walk.clients):
        client.connect(walk.worlds[number % 2])
    walk.calm()

    records = walk.worlds[0].records
    assert not any(client.outbox for client in walk.clients)
    written = sorted(letter for client in walk.clients for letter in client.done)
    ordered = sorted(record.idempotency_id for record in records[2:])
    assert ordered == written and len(set(ordered)) == len(ordered)
    assert len(ordered) == sum(client.written for client in walk.clients)
    for client in walk.clients:
        assert client.hashes == [record.entry_hash for record in records]
        assert client.chains[-1] == records[-1].chain
    handshake = 0
    for record in records:
        if record.kind == Kind.COMMIT:
            handshake = record.n
    assert all(client.handshake == handshake for client in walk.clients)
    for world in walk.worlds:
        assert world.hub.broken is None
        assert world.hub.circles[CIRCLE].confirmed.chain == records[-1].chain
