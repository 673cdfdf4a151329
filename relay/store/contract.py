"""What the relay asks of a store, whichever keeps the logs.

A store keeps one append-only log a circle, and beside it what is overwritten: cursors and heartbeat
slots. It knows no rules; `relay.circles` decides, the store compares and keeps.

Everything is asynchronous. A call returns at once; its outcome comes later through the `done` that
was handed in, always on the caller's thread, from `settle()`. The store calls `wake` (from any of
its threads) whenever `settle()` has something to do.

    caller:  submit(append, done) ─┐                       ┌─ settle() ─ done(STORED)
    store:                         └─ one transaction, fsync ─ wake()

**Order and pipelining.** Intentions for one circle are carried out in the order in which they were
submitted, and their outcomes come in that order. An append names the number that it is to get; the
caller may submit n + 1 before it has heard of n. If the log does not stand at n - 1, or not at the
chain hash that the append names, when the append's turn comes, the outcome is a `Conflict` and
nothing is written, so whatever was built upon it conflicts too. The caller then reads on from what
it holds and decides again.

**Other writers.** No caller is the only writer. `listen` names who is told that another writer has
moved a log; at the latest the listener hears before the `Conflict` that comes of it.

**Durability.** `STORED` means that the record survives a power cut. A store that cannot promise it
any more answers `BROKEN` to all that waits and to all that comes after, and never recovers: the
relay stops.

**A full disk** is not that. What finds no room is `NO_SPACE`: nothing of it was written, and that
is certain. Questions are answered as before, and what is handed in once there is room is stored. An
append that was built upon one without room conflicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias

from crypto.access.settlement import Settlement
from crypto.secret import Secret


class StoreError(Exception):
    """A store cannot be used. The message says why, and what to do."""


class TokenError(Exception):
    """What was asked of a token can't be done. The message says why, and what may be asked."""


@dataclass(frozen=True, slots=True)
class Creation:
    """A circle's record number 0: what stands before its log.

    `incarnation` (16 bytes) names this copy of the log; `time` is in milliseconds since 1970.

    With a `settlement` the circle comes from another relay: its log begins behind entry
    `settlement.base`, and is incomplete, as after a `Restart` to the same incarnation.

    With a `token` (its `relay.tokens.token_hash`) it is made only if that has a use left, which is
    spent with it or not at all; which token it was is not kept. A circle that is there already
    `EXISTS`, and nothing is spent: whoever asks again because no answer came asks for one circle.
    """

    circle: bytes
    access_key: bytes
    cap: int
    time: int
    incarnation: bytes
    settlement: Settlement | None = None
    token: bytes | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One entry as the store keeps it.

    Times do not fall along a log. `sender` is the access key (32 bytes) that handed it in, `chain`
    is h(n). Once the entry is gone, `body` is None, and `sender` is empty but of a commit, which
    the roster is folded from; everything else stays.
    """

    n: int
    kind: int
    time: int
    body: bytes | None
    side_data: bytes
    sender: bytes
    idempotency_id: bytes
    entry_hash: bytes
    chain: bytes


@dataclass(frozen=True, slots=True)
class Attachment:
    """A card or Welcome that came with a commit, found again by its SHA-256 (32 bytes)."""

    hash: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Append:
    """The intention to make `record` entry number `record.n` of the circle.

    `invites` are the ids of the invites that it opens: from then on `find_invite` knows them.
    `previous` is h(n - 1): where it is given, the entry before must have that chain hash, or the
    outcome is a `Conflict` too. So what was built upon a record that lost its place to another
    writer's can't be stored because its number happens to fit.
    """

    circle: bytes
    record: Record
    attachments: tuple[Attachment, ...] = ()
    invites: tuple[bytes, ...] = ()
    previous: bytes | None = None


@dataclass(frozen=True, slots=True)
class Restart:
    """The log was put back from a backup: it begins another incarnation, and is incomplete.

    `before` is the incarnation that it was taken to have; a log that has another one by now is a
    `Conflict`. `time` is in milliseconds since 1970.
    """

    circle: bytes
    before: bytes
    incarnation: bytes
    time: int


@dataclass(frozen=True, slots=True)
class Complete:
    """The log is as whole as it gets, in this incarnation; a `Conflict` where it has another."""

    circle: bytes
    incarnation: bytes


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to n has reached the device. A cursor never goes back."""

    circle: bytes
    access_key: bytes
    n: int


@dataclass(frozen=True, slots=True)
class Beat:
    """The device's heartbeat slot, overwritten."""

    circle: bytes
    access_key: bytes
    body: bytes
    time: int


@dataclass(frozen=True, slots=True)
class Dismiss:
    """A device is off the roster: its cursor and heartbeat slot go."""

    circle: bytes
    access_key: bytes


@dataclass(frozen=True, slots=True)
class Forget:
    """What is over leaves (n, kind, H(entry)) behind. Times in milliseconds since 1970.

    Gone is: up to `acknowledged` what is older than `settled_before`; every entry but a commit
    that is older than `others_before`; a commit older than `commits_before`. An attachment goes
    when it is older than `attachments_before` and its hash is not among `keep` (live cards).
    """

    circle: bytes
    acknowledged: int
    settled_before: int
    others_before: int
    commits_before: int
    attachments_before: int
    keep: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class PutBlob:
    """The intention to keep the chunk at `offset` of a blob, named by the SHA-256 of its `total`
    bytes.

    What a device (`access_key`) hands in is kept apart from what another one does, until it is
    whole. A chunk that is not the next one, as an empty one, changes nothing: the outcome says how
    much is there. `time` is that of the blob if this makes it whole. `room` is how many bytes may
    be there of all that is handed in for the circle and not whole.
    """

    circle: bytes
    hash: bytes
    access_key: bytes
    offset: int
    total: int
    chunk: bytes
    time: int
    room: int


@dataclass(frozen=True, slots=True)
class SweepBlobs:
    """Blobs go that are older than `kept_before`, and what was handed in of one and not touched
    since `unfinished_before`. Times in milliseconds since 1970."""

    circle: bytes
    kept_before: int
    unfinished_before: int


Intention: TypeAlias = Creation | Append | Restart | Complete | Cursor | Beat | Dismiss | Forget


class Settled(Enum):
    """The outcomes that carry nothing."""

    STORED = 1
    """It would survive a power cut now."""
    EXISTS = 2
    """A circle with this id is there already; nothing was written."""
    UNKNOWN = 3
    """No circle has this id; nothing was written."""
    BROKEN = 4
    """The store cannot write any more; whether this was written is not known."""
    NO_SPACE = 5
    """The disk is full; nothing was written, and the store goes on."""
    NO_TOKEN = 6
    """There is no such token; nothing was written."""
    SPENT = 7
    """The token has no use left; nothing was written."""
    EXPIRED = 8
    """The token's time is over; nothing was written."""
    SPOILT = 9
    """A blob's bytes have another hash; they are thrown away."""
    NO_ROOM = 10
    """What is handed in of blobs would take more than it may; nothing was written."""


STORED, EXISTS, UNKNOWN = Settled.STORED, Settled.EXISTS, Settled.UNKNOWN
BROKEN, NO_SPACE = Settled.BROKEN, Settled.NO_SPACE
NO_TOKEN, SPENT, EXPIRED = Settled.NO_TOKEN, Settled.SPENT, Settled.EXPIRED
SPOILT, NO_ROOM = Settled.SPOILT, Settled.NO_ROOM


@dataclass(frozen=True, slots=True)
class Conflict:
    """The log stands at n, not where the append supposed; nothing was written."""

    n: int


@dataclass(frozen=True, slots=True)
class Known:
    """An entry with this idempotency id is there already, as number n; nothing was written."""

    n: int
    time: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a `Forget` left: the first number still whole (last n + 1 if none), bytes now held."""

    first_whole: int
    size: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A blob would survive a power cut up to `offset`; at its total it is whole, and has its hash.

    `fresh` is whether that is so since just now.
    """

    offset: int
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class BlobChunk:
    """Bytes of a blob that has `total` of them."""

    total: int
    data: bytes


Outcome: TypeAlias = Settled | Conflict | Known | Forgotten | Kept


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a circle's state is folded from.

    `turns` are all entries that are not messages (commits, requests, rejoins), in the order of n,
    with an empty body. `last` is the newest entry, its body empty too (None for an empty log).
    `recent` are idempotency id, n and time of the newest entries (at most `RECENT`), oldest first.
    `cursors` and `beats` are by access key; a beat is (body, time). `size` is the bytes of bodies,
    side data and blobs held, `first_whole` as in `Forgotten`. `restarts` are those of the log,
    oldest first; `complete` is whether the last of them is over, or there was none.
    """

    creation: Creation
    turns: tuple[Record, ...]
    last: Record | None
    recent: tuple[tuple[bytes, int, int], ...]
    first_whole: int
    size: int
    cursors: dict[bytes, int]
    beats: dict[bytes, tuple[bytes, int]]
    restarts: tuple[Restart, ...] = ()
    complete: bool = True


RESTARTED = -1
"""What a listener hears instead of an n where the incarnation, or its being complete, changed."""

RECENT = 1024
"""Idempotency ids that come with `Loaded`; older ones are asked for with `find`."""


class Store(Protocol):
    """One relay's logs. All methods are called on one thread, `done` is called from `settle()`.

    Where the store is broken, the reads answer None like for what is not there, and `broken` says
    so: a caller looks at it before it concludes anything from a None.
    """

    @property
    def relay_key(self) -> Secret:
        """The seed of the Ed25519 pair that signs heads; made when the store is first opened."""

    @property
    def broken(self) -> str | None:
        """What went wrong, once the store cannot be relied upon; the relay then stops."""

    def listen(self, moved: Callable[[bytes, int], None]) -> None:
        """`moved(circle, n)` hears, from `settle()`, how far others have taken a log.

        Where another writer carried out a `Restart` or a `Complete`, n is `RESTARTED`: what is held
        of that circle is to be loaded anew.
        """

    def submit(self, intention: Intention, done: Callable[[Outcome], None]) -> None:
        """Carry an intention out, in order; `done` hears once it is on disk or refused."""

    def load(self, circle: bytes, done: Callable[[Loaded | None], None]) -> None:
        """What the circle's state is folded from; None for an unknown circle."""

    def read(
        self,
        circle: bytes,
        first: int,
        last: int,
        limit: int,
        done: Callable[[Sequence[Record] | None], None],
    ) -> None:
        """Records first … last, as many as fit into `limit` bytes of bodies (one at least)."""

    def find(
        self, circle: bytes, idempotency_id: bytes, done: Callable[[Known | None], None]
    ) -> None:
        """Where the entry with this idempotency id stands."""

    def find_invite(self, invite: bytes, done: Callable[[bytes | None], None]) -> None:
        """The circle in which an invite was opened."""

    def attachment(self, circle: bytes, hash: bytes, done: Callable[[bytes | None], None]) -> None:
        """A card or Welcome by its hash."""

    def circles(self, done: Callable[[Sequence[bytes] | None], None]) -> None:
        """The ids of all circles, for the round of retention."""

    def put_blob(self, put: PutBlob, done: Callable[[Outcome], None]) -> None:
        """Keep a chunk: Kept, SPOILT, NO_ROOM, UNKNOWN, NO_SPACE or BROKEN.

        In order among themselves; what was submitted otherwise waits for none of them, nor they
        for it.
        """

    def sweep_blobs(self, sweep: SweepBlobs, done: Callable[[Outcome], None]) -> None:
        """Let go of blobs that have had their time: STORED, UNKNOWN, NO_SPACE or BROKEN."""

    def read_blob(
        self,
        circle: bytes,
        hash: bytes,
        offset: int,
        limit: int,
        done: Callable[[BlobChunk | None], None],
    ) -> None:
        """At most `limit` bytes of a whole blob; None where it isn't there or can't be read."""

    def settle(self) -> None:
        """Call the `done` of everything that has come to an end since the last time."""

    def close(self) -> None:
        """Write what waits, settle it, and let go of the disk. Nothing may be called afterwards."""
