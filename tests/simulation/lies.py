"""What a lying relay makes of one person's connections, frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from crypto.access.binding import AccessKeyPair
from crypto.access.log import EMPTY_CHAIN, Head, Kind, chain, entry_hash
from crypto.secret import Secret
from relay import wire
from relay.store.contract import Record
from relay.wire import Entry, FromClient, FromRelay, Refusal
from tests.harness import Person
from tests.simulation.world import SimWorld
from tests.tui.engine.rogue import circle_of

RELAY = AccessKeyPair.from_seed(Secret(b"\x07" * 32))
"""The key of the store in memory: a relay that lies does so under its own signature."""


class Honest:
    """No lie yet: each kind of lie changes one thing about it."""

    def __init__(self) -> None:
        self.told = 0

    def down(self, frame: FromRelay) -> Iterable[FromRelay]:
        yield frame

    def up(self, frame: FromClient) -> Iterable[FromClient]:
        yield frame


class OnEntries(Honest):
    """Something else instead of the first `most` entries of a kind."""

    def __init__(self, bend: Callable[[Entry], Iterable[FromRelay]], kind: Kind, most: int) -> None:
        super().__init__()
        self.bend, self.kind, self.most = bend, kind, most
        self.bent: set[int] = set()

    def down(self, frame: FromRelay) -> Iterable[FromRelay]:
        fresh = isinstance(frame, Entry) and (frame.n in self.bent or self.told < self.most)
        if isinstance(frame, Entry) and frame.kind == self.kind and fresh:
            if frame.n not in self.bent:
                self.bent.add(frame.n)
                self.told += 1
            yield from self.bend(frame)
        else:
            yield frame


def dropped(entry: Entry) -> Iterable[FromRelay]:
    return ()


def altered(entry: Entry) -> Iterable[FromRelay]:
    yield replace(entry, body=entry.body[:-1] + bytes([entry.body[-1] ^ 1]))


def redated(entry: Entry) -> Iterable[FromRelay]:
    yield replace(entry, time=entry.time - 3_600_000)


def twice(entry: Entry) -> Iterable[FromRelay]:
    yield entry
    yield entry


def renumbered(entry: Entry) -> Iterable[FromRelay]:
    yield entry
    yield replace(entry, n=entry.n + 1)


def expired(entry: Entry) -> Iterable[FromRelay]:
    hashed = entry_hash(entry.time, entry.body, entry.side_data)
    yield wire.Gone(entry.n, entry.kind, hashed)


class Reordering(Honest):
    """An entry comes after the one behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.held: Entry | None = None

    def down(self, frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, Entry) and self.held is None and not self.told:
            self.held = frame
            return
        yield frame
        if isinstance(frame, Entry) and self.held is not None:
            yield self.held
            self.held = None
            self.told += 1


class HidesTheTail(Honest):
    """Nothing new is shown; with `mute`, the others' heartbeats neither."""

    def __init__(self, mute: bool) -> None:
        super().__init__()
        self.mute = mute

    def down(self, frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, Entry | wire.Head | wire.Done):
            self.told += 1
        elif not (self.mute and isinstance(frame, wire.BeatOf)):
            yield frame


class SaysEvicted(Honest):
    """The relay says that this device was taken out of the circle."""

    def down(self, frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, Entry) and not self.told:
            self.told += 1
            yield wire.Refused(None, Refusal.REMOVED, 0)
        else:
            yield frame


class Swallows(Honest):
    """A message is acknowledged, and thrown away."""

    def __init__(self, person: Person) -> None:
        super().__init__()
        self.person = person
        self.answer: wire.Done | None = None

    def up(self, frame: FromClient) -> Iterable[FromClient]:
        if isinstance(frame, wire.Append) and not self.told:
            self.told += 1
            self.answer = wire.Done(frame.idempotency_id, 0, self.person.world.now)
        else:
            yield frame

    def down(self, frame: FromRelay) -> Iterable[FromRelay]:
        if self.answer is not None:
            yield replace(self.answer, n=circle_of(self.person).record.n + 1)
            self.answer = None
        yield frame


class SecondLog(Honest):
    """A log of one's own for one person, without some entries, under the relay's signature.

    The relay is in league: it takes what that person says into the others' log.
    """

    def __init__(self, world: SimWorld, without: Callable[[Record], bool]) -> None:
        super().__init__()
        self.world, self.without = world, without
        (self.circle,) = world.store.shelves
        self.numbers = [0]
        self.hashes = {0: EMPTY_CHAIN}
        self.handshakes = {0: 0}
        self.left_out: set[int] = set()
        self.first = len(self._records()) + 1

    def _records(self) -> list[Record]:
        return self.world.store.shelves[self.circle].records

    def _number(self, n: int) -> int:
        """The number that the true entry `n` has here, or the one before it if it is left out."""
        while len(self.numbers) <= n:
            record = self._records()[len(self.numbers) - 1]
            last = self.numbers[-1]
            if record.n >= self.first and self.without(record):
                self.left_out.add(record.n)
                self.told += 1
                self.numbers.append(last)
                continue
            self.numbers.append(last + 1)
            before = self.hashes[last]
            hashed = chain(self.circle, last + 1, record.kind, before, record.entry_hash)
            self.hashes[last + 1] = hashed
            is_commit = record.kind == Kind.COMMIT
            self.handshakes[last + 1] = last + 1 if is_commit else self.handshakes[last]
        return self.numbers[n]

    def _head(self, incarnation: bytes, n: int) -> Head:
        return Head.sign(RELAY, self.circle, incarnation, n, self.hashes[n])

    def down(self, frame: FromRelay) -> Iterable[FromRelay]:
        match frame:
            case Entry(n=n):
                number = self._number(n)
                if n not in self.left_out:
                    yield replace(frame, n=number)
            case wire.Head(n=n):
                head = self._head(frame.incarnation, self._number(n))
                yield wire.Head(head.incarnation, head.n, head.hash, head.signature)
            case wire.Bound(n=n):
                head = self._head(frame.incarnation, self._number(n))
                handshake = self.handshakes[head.n]
                changed = replace(frame, n=head.n, hash=head.hash, signature=head.signature)
                yield replace(changed, handshake=handshake)
            case wire.Done(n=n) | wire.CaughtUp(n=n) | wire.Gone(n=n):
                yield replace(frame, n=self._number(n))
            case wire.Refused(code=Refusal.STALE, number=n):
                yield replace(frame, number=self._number(n))
            case _:
                yield frame

    def up(self, frame: FromClient) -> Iterable[FromClient]:
        if isinstance(frame, wire.Append | wire.Commit):
            commits = [record.n for record in self._records() if record.kind == Kind.COMMIT]
            yield replace(frame, handshake=commits[-1] if commits else 0)
        else:
            yield frame
