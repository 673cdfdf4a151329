"""A store in memory, for tests of what stands above it: nothing happens before `settle`.

A test can write as another writer would (`write_elsewhere`), open a second one over the same logs
(`beside`), have the disk fail (`fail`), and have it be full (`full`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TypeVar

from crypto.access.log import EMPTY_CHAIN, Kind
from crypto.secret import Secret
from relay.store.contract import (
    BROKEN,
    EXISTS,
    EXPIRED,
    NO_ROOM,
    NO_SPACE,
    NO_TOKEN,
    RECENT,
    RESTARTED,
    SPENT,
    SPOILT,
    STORED,
    UNKNOWN,
    Append,
    Beat,
    BlobChunk,
    Complete,
    Conflict,
    Creation,
    Cursor,
    Dismiss,
    Forget,
    Forgotten,
    Intention,
    Kept,
    Known,
    Loaded,
    Outcome,
    PutBlob,
    Record,
    Restart,
    SweepBlobs,
)
from relay.tokens import token_hash

A = TypeVar("A")


@dataclass
class Shelf:
    """One circle, as it is kept."""

    creation: Creation
    records: list[Record] = field(default_factory=list)
    attachments: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    cursors: dict[bytes, int] = field(default_factory=dict)
    beats: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    blobs: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    parts: dict[tuple[bytes, bytes], tuple[int, bytes]] = field(default_factory=dict)
    restarts: list[Restart] = field(default_factory=list)
    complete: bool = True

    @classmethod
    def of(cls, creation: Creation) -> Shelf:
        """A circle that is made: here, or where it comes from elsewhere."""
        shelf = cls(creation)
        if creation.settlement is not None:
            same = creation.incarnation
            shelf.restarts.append(Restart(creation.circle, same, same, creation.time))
            shelf.complete = False
        return shelf

    @property
    def base(self) -> int:
        """The entry behind which the log begins."""
        return 0 if self.creation.settlement is None else self.creation.settlement.base

    @property
    def n(self) -> int:
        """Where the log stands."""
        return self.base + len(self.records)

    @property
    def chain(self) -> bytes:
        """h(n)."""
        told = self.creation.settlement
        begins = EMPTY_CHAIN if told is None else told.base_hash
        return self.records[-1].chain if self.records else begins

    @property
    def incarnation(self) -> bytes:
        return self.restarts[-1].incarnation if self.restarts else self.creation.incarnation

    def copy(self) -> Shelf:
        """This circle as a backup holds it."""
        return replace(
            self,
            records=list(self.records),
            attachments=dict(self.attachments),
            cursors=dict(self.cursors),
            beats=dict(self.beats),
            blobs=dict(self.blobs),
            parts=dict(self.parts),
            restarts=list(self.restarts),
        )

    def size(self) -> int:
        held = [*self.attachments.values(), *self.blobs.values()]
        attached = sum(len(data) for _, data in held)
        return attached + sum(len(r.body or b"") + len(r.side_data) for r in self.records)

    def first_whole(self) -> int:
        gone = [record.n for record in self.records if record.body is None]
        return max(gone, default=self.base) + 1


class MemoryStore:
    """A `relay.store.contract.Store` that keeps everything until it is dropped."""

    def __init__(self, beside: MemoryStore | None = None, key: bytes = b"\x07" * 32) -> None:
        self.key = key
        self.shelves: dict[bytes, Shelf] = {} if beside is None else beside.shelves
        self.invites: dict[bytes, bytes] = {} if beside is None else beside.invites
        self.tokens: dict[bytes, tuple[int, int]] = {} if beside is None else beside.tokens
        self.all: list[MemoryStore] = [] if beside is None else beside.all
        self.all.append(self)
        self.waiting: deque[Callable[[], None]] = deque()
        self.early = False
        """Whether what is asked is looked up at once, and told when it is settled."""
        self.submitted: list[Intention] = []
        self.asked: list[str] = []
        self.full = False
        self._broken: str | None = None
        self._moved: Callable[[bytes, int], None] = lambda circle, n: None

    @property
    def relay_key(self) -> Secret:
        return Secret(self.key)

    @property
    def broken(self) -> str | None:
        return self._broken

    def listen(self, moved: Callable[[bytes, int], None]) -> None:
        self._moved = moved

    def fail(self) -> None:
        """The disk is gone, from the next thing on."""
        self._broken = "the disk is gone"

    def write_elsewhere(self, append: Append, tell: bool = True) -> Outcome:
        """Another writer gets in first; `tell` is whether the listener is told of it."""
        outcome = self._append(append)
        if tell:
            self._tell(append)
        return outcome

    def _tell(self, append: Append) -> None:
        self._hear(append.circle, append.record.n)

    def _hear(self, circle: bytes, n: int) -> None:
        self.waiting.append(lambda: self._moved(circle, n))

    def submit(self, intention: Intention, done: Callable[[Outcome], None]) -> None:
        self.submitted.append(intention)
        self.waiting.append(lambda: done(self._carry_out(intention)))

    def settle(self) -> None:
        """Everything that was asked for so far, and what comes of it."""
        while self.waiting:
            self.settle_one()

    def settle_one(self) -> None:
        """What was asked for first."""
        self.waiting.popleft()()

    def close(self) -> None:
        self.settle()

    def _carry_out(self, intention: Intention) -> Outcome:
        if self._broken is not None:
            return BROKEN
        if self.full:
            return NO_SPACE
        if isinstance(intention, Creation):
            if intention.circle in self.shelves:
                return EXISTS
            refused = self._spend(intention)
            if refused is None:
                self.shelves[intention.circle] = Shelf.of(replace(intention, token=None))
            return refused or STORED
        shelf = self.shelves.get(intention.circle)
        if shelf is None:
            return UNKNOWN
        match intention:
            case Append():
                outcome = self._append(intention)
                for other in self.all:
                    if other is not self and outcome is STORED:
                        other._tell(intention)
                return outcome
            case Restart() | Complete():
                return self._restart(shelf, intention)
            case Cursor():
                held = shelf.cursors.get(intention.access_key, 0)
                shelf.cursors[intention.access_key] = max(held, intention.n)
            case Beat():
                shelf.beats[intention.access_key] = (intention.body, intention.time)
            case Dismiss():
                shelf.cursors.pop(intention.access_key, None)
                shelf.beats.pop(intention.access_key, None)
            case Forget():
                return self._forget(shelf, intention)
        return STORED

    def issue(self, token: str, uses: int = 1, until: int = 1 << 60) -> None:
        """The operator makes a token."""
        self.tokens[token_hash(token)] = (uses, until)

    def _spend(self, creation: Creation) -> Outcome | None:
        if creation.token is None:
            return None
        if creation.token not in self.tokens:
            return NO_TOKEN
        uses, until = self.tokens[creation.token]
        if uses < 1:
            return SPENT
        if until <= creation.time:
            return EXPIRED
        self.tokens[creation.token] = (uses - 1, until)
        return None

    def _restart(self, shelf: Shelf, intention: Restart | Complete) -> Outcome:
        if isinstance(intention, Restart):
            if shelf.incarnation != intention.before:
                return Conflict(shelf.n)
            shelf.restarts.append(intention)
            shelf.complete = False
        elif shelf.incarnation != intention.incarnation:
            return Conflict(shelf.n)
        else:
            shelf.complete = True
        for other in self.all:
            if other is not self:
                other._hear(intention.circle, RESTARTED)
        return STORED

    def _append(self, append: Append) -> Outcome:
        shelf, record = self.shelves[append.circle], append.record
        known = self._find(shelf, record.idempotency_id)
        if known is not None:
            return known
        if record.n != shelf.n + 1 or append.previous not in (None, shelf.chain):
            return Conflict(shelf.n)
        shelf.records.append(record)
        for attachment in append.attachments:
            shelf.attachments[attachment.hash] = (record.time, attachment.data)
        for invite in append.invites:
            self.invites.setdefault(invite, append.circle)
        return STORED

    def _forget(self, shelf: Shelf, forget: Forget) -> Forgotten:
        for place, record in enumerate(shelf.records):
            before = forget.commits_before if record.kind == Kind.COMMIT else forget.others_before
            settled = record.n <= forget.acknowledged and record.time < forget.settled_before
            if settled or record.time < before:
                shelf.records[place] = replace(record, body=None)
        for hash_, (time, _) in list(shelf.attachments.items()):
            if time < forget.attachments_before and hash_ not in forget.keep:
                del shelf.attachments[hash_]
        return Forgotten(shelf.first_whole(), shelf.size())

    def _find(self, shelf: Shelf, idempotency_id: bytes) -> Known | None:
        found = (r for r in shelf.records if r.idempotency_id == idempotency_id)
        return next((Known(record.n, record.time) for record in found), None)

    def _ask(self, look: Callable[[], A], done: Callable[[A], None]) -> None:
        if self.early:
            answer = look()
            self.waiting.append(lambda: done(answer))
        else:
            self.waiting.append(lambda: done(look()))

    def load(self, circle: bytes, done: Callable[[Loaded | None], None]) -> None:
        self.asked.append("load")
        self._ask(lambda: self._load(circle), done)

    def _load(self, circle: bytes) -> Loaded | None:
        shelf = self.shelves.get(circle)
        if shelf is None or self._broken is not None:
            return None
        bare = [replace(r, body=None if r.body is None else b"") for r in shelf.records]
        return Loaded(
            shelf.creation,
            tuple(record for record in bare if record.kind != Kind.MESSAGE),
            bare[-1] if bare else None,
            tuple((r.idempotency_id, r.n, r.time) for r in bare[-RECENT:]),
            shelf.first_whole(),
            shelf.size(),
            dict(shelf.cursors),
            dict(shelf.beats),
            tuple(shelf.restarts),
            shelf.complete,
        )

    def read(
        self,
        circle: bytes,
        first: int,
        last: int,
        limit: int,
        done: Callable[[Sequence[Record] | None], None],
    ) -> None:
        self._ask(lambda: self._read(circle, first, last, limit), done)

    def _read(self, circle: bytes, first: int, last: int, limit: int) -> list[Record] | None:
        if self._broken is not None:
            return None
        shelf = self.shelves.get(circle)
        if shelf is None:
            return []
        found: list[Record] = []
        size = 0
        for record in shelf.records[max(0, first - 1 - shelf.base) : last - shelf.base]:
            size += len(record.body or b"")
            if found and size > limit:
                break
            found.append(record)
        return found

    def find(
        self, circle: bytes, idempotency_id: bytes, done: Callable[[Known | None], None]
    ) -> None:
        def look() -> Known | None:
            shelf = None if self._broken else self.shelves.get(circle)
            return None if shelf is None else self._find(shelf, idempotency_id)

        self._ask(look, done)

    def find_invite(self, invite: bytes, done: Callable[[bytes | None], None]) -> None:
        self.asked.append("find_invite")
        self._ask(lambda: None if self._broken else self.invites.get(invite), done)

    def attachment(self, circle: bytes, hash: bytes, done: Callable[[bytes | None], None]) -> None:
        def look() -> bytes | None:
            shelf = None if self._broken else self.shelves.get(circle)
            held = None if shelf is None else shelf.attachments.get(hash)
            return None if held is None else held[1]

        self.asked.append("attachment")
        self._ask(look, done)

    def put_blob(self, put: PutBlob, done: Callable[[Outcome], None]) -> None:
        self.waiting.append(lambda: done(self._put_blob(put)))

    def _put_blob(self, put: PutBlob) -> Outcome:
        shelf = self.shelves.get(put.circle)
        if self._broken is not None or shelf is None:
            return BROKEN if self._broken is not None else UNKNOWN
        place = (put.access_key, put.hash)
        if put.hash in shelf.blobs:
            shelf.parts.pop(place, None)
            return Kept(len(shelf.blobs[put.hash][1]))
        have = shelf.parts.get(place, (0, b""))[1]
        have = have if len(have) <= put.total else b""
        if put.chunk and put.offset == len(have):
            if self.full:
                return NO_SPACE
            unfinished = sum(len(data) for _, data in shelf.parts.values())
            if unfinished + len(put.chunk) > put.room:
                return NO_ROOM
            have += put.chunk
            shelf.parts[place] = (put.time, have)
        if len(have) < put.total:
            return Kept(len(have))
        shelf.parts.pop(place)
        if sha256(have).digest() != put.hash:
            return SPOILT
        shelf.blobs[put.hash] = (put.time, have)
        return Kept(put.total, fresh=True)

    def sweep_blobs(self, sweep: SweepBlobs, done: Callable[[Outcome], None]) -> None:
        self.waiting.append(lambda: done(self._sweep_blobs(sweep)))

    def _sweep_blobs(self, sweep: SweepBlobs) -> Outcome:
        shelf = self.shelves.get(sweep.circle)
        if self._broken is not None or shelf is None:
            return BROKEN if self._broken is not None else UNKNOWN
        blobs, parts = shelf.blobs, shelf.parts
        shelf.blobs = {key: held for key, held in blobs.items() if held[0] >= sweep.kept_before}
        late = sweep.unfinished_before
        shelf.parts = {key: held for key, held in parts.items() if held[0] >= late}
        return STORED

    def read_blob(
        self,
        circle: bytes,
        hash: bytes,
        offset: int,
        limit: int,
        done: Callable[[BlobChunk | None], None],
    ) -> None:
        def look() -> BlobChunk | None:
            shelf = None if self._broken else self.shelves.get(circle)
            held = None if shelf is None else shelf.blobs.get(hash)
            if held is None:
                return None
            return BlobChunk(len(held[1]), held[1][offset : offset + limit])

        self._ask(look, done)

    def circles(self, done: Callable[[Sequence[bytes] | None], None]) -> None:
        self._ask(lambda: None if self._broken else list(self.shelves), done)
