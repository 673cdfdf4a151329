"""What a profile keeps, as one record type a table (the files in `schema/` say what is what).

Records are plain values: what they mean is known to the modules that use them. Seeds and snapshots
are secrets in the form that the encrypted database holds; whoever takes one out makes a `Secret`
of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crypto.access.log import EMPTY_CHAIN
from crypto.access.side_data import RETENTION_USUAL
from crypto.envelope import NO_PREVIOUS
from tui.engine.store.database import Database
from tui.engine.store.tables import Table


@dataclass(slots=True)
class CircleRecord:
    """A circle and this device's place in it."""

    number: int
    id: bytes
    name: str
    topic: str
    status: str
    sentence: str
    address: str
    pin: bytes
    relay_key: bytes
    token: str | None
    member_seed: bytes = field(repr=False)
    leaf_seed: bytes = field(repr=False)
    access_seed: bytes = field(repr=False)
    person: str
    label: str
    cap: int
    chairs: int
    created_at: int
    since: int = 0
    incarnation: bytes = b""
    n: int = 0
    chain: bytes = EMPTY_CHAIN
    handshake: int = 0
    head: bytes = b""
    sub: int = 0
    counter: int = 0
    newest: bytes = NO_PREVIOUS
    covered: int = 0
    confirmed: int = 1
    issuer: bytes = b""
    admitter: bytes = b""
    arrival: bytes = field(default=b"", repr=False)
    refreshed_at: int = 0
    said: int = 0
    stuck_at: int = 0
    left_at: int = 0
    read_position: int = 0
    draft: str = ""
    numbered: int = 0
    fresh_at: int = 0
    ahead: int = 0
    ahead_since: int = 0
    branch: bytes = b""
    branch_end: int = 0
    rested_at: int = 0
    member_key: bytes = b""
    notify: str = ""
    retention: int = RETENTION_USUAL


@dataclass(slots=True)
class GroupRecord:
    """A group's epoch, as `crypto.mls.snapshot` writes it."""

    circle: int
    epoch: bytes = field(repr=False)


@dataclass(slots=True)
class RatchetRecord:
    """A group's ratchets, as `crypto.mls.snapshot` writes them."""

    circle: int
    state: bytes = field(repr=False)


@dataclass(slots=True)
class IntentionRecord:
    """Something to be committed; `wish` is a `tui.engine.wishes.Wish`."""

    number: int
    circle: int
    wish: bytes = field(repr=False)
    not_before: int


@dataclass(slots=True)
class PendingRecord:
    """A commit that was made for an intention; `blobs` is a msgpack list of what is staged."""

    circle: int
    intention: int
    idempotency: bytes
    frame: bytes = field(repr=False)
    side_data: bytes = field(repr=False)
    proposals: bytes = field(repr=False)
    snapshot: bytes = field(repr=False)
    blobs: bytes = field(repr=False)


@dataclass(slots=True)
class OutboxRecord:
    """A message that the relay has not acknowledged."""

    seq: int
    circle: int
    id: bytes
    envelope: bytes = field(repr=False)
    epoch: int
    idempotency: bytes
    frame: bytes = field(repr=False)


@dataclass(slots=True)
class EntryRecord:
    """An entry of the log; `body` and `side_data` are None where they have gone."""

    circle: int
    n: int
    kind: int
    time: int
    chain: bytes
    body: bytes | None = field(repr=False)
    side_data: bytes | None = field(repr=False)
    hash: bytes = b""
    sender: bytes = b""


@dataclass(slots=True)
class SentRecord:
    """An own message that is in the log, as `crypto.envelope.Envelope` encodes it."""

    circle: int
    n: int
    time: int
    envelope: bytes = field(repr=False)


@dataclass(slots=True)
class IncarnationRecord:
    """A former incarnation of the log, and up to where it is one with what followed; the key of
    its relay, where that is another one than the present."""

    circle: int
    incarnation: bytes
    n: int
    key: bytes = b""


@dataclass(slots=True)
class MoveRecord:
    """The circle has gone to another relay, and this device is not there yet.

    `brings` is one of `tui.engine.moving`; `token` is the operator's at the other relay.
    """

    circle: int
    by: str
    at: int
    brings: int = 0
    token: str | None = None


@dataclass(slots=True)
class MessageRecord:
    """A row of a conversation; `type` and `body` are the envelope's, 0 and empty for notices."""

    circle: int
    position: int
    id: bytes
    n: int
    author: bytes
    author_name: str
    hue: int
    at: int
    logged_at: int
    kind: str
    text: str = field(repr=False)
    type: int
    body: bytes = field(repr=False)
    state: str
    passed_by: str = ""
    counter: int = 0
    reply: bytes = b""
    me: int = 0
    mentions: int = 0
    edited: int = 0
    deleted: int = 0
    deeds: int = 0
    goes_at: int = 0


@dataclass(slots=True)
class DeedRecord:
    """What a member did to the message `target`; of what is done over and over, the last."""

    circle: int
    target: bytes
    author: bytes
    type: int
    slot: str = field(repr=False)
    position: int
    id: bytes
    author_name: str
    at: int
    body: bytes = field(repr=False)
    counter: int = 0
    waits: int = 0
    goes_at: int = 0


@dataclass(slots=True)
class RequestRecord:
    """Somebody at the door, or a device that wants to come in again (then `invite` is empty)."""

    circle: int
    n: int
    invite: bytes
    access_key: bytes
    name: str
    line: str = field(repr=False)
    invited_by: str
    sent_at: int
    due: int
    asks: int
    content: bytes = field(repr=False)


@dataclass(slots=True)
class InviteRecord:
    """A code of one's own."""

    circle: int
    id: bytes
    secret: bytes = field(repr=False)
    address: str
    came_in: str = ""


@dataclass(slots=True)
class SenderRecord:
    """How far a leaf's messages were read."""

    circle: int
    leaf_key: bytes
    counter: int = 0
    newest: bytes = NO_PREVIOUS
    since: int = 0


@dataclass(slots=True)
class HeardRecord:
    """A member has read all messages before a position."""

    circle: int
    member: bytes
    before: int


@dataclass(slots=True)
class MissingRecord:
    """A message of another leaf that was not shown; `whole` and `shown` are of its notice."""

    circle: int
    leaf_key: bytes
    counter: int
    position: int
    notice: int
    whole: int
    shown: int = 0
    asked_at: int = 0
    asks: int = 0
    key: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class ForkRecord:
    """A head of another log, signed by the same relay, and whose device named it."""

    circle: int
    leaf_key: bytes
    member: bytes
    name: str
    n: int
    head: bytes
    settled: int = 0


@dataclass(slots=True)
class VerifiedRecord:
    """A member whose key this person has compared, and the leaves that were theirs then."""

    circle: int
    member: bytes
    leaves: bytes
    at: int


@dataclass(slots=True)
class LeaverRecord:
    """A member who said that they leave; somebody has to carry it out."""

    circle: int
    member: bytes
    access_key: bytes
    signature: bytes


@dataclass(slots=True)
class BeaconRecord:
    """A former beacon key."""

    circle: int
    key: bytes = field(repr=False)
    until: int


@dataclass(slots=True)
class JoiningRecord:
    """A circle that this person asks to be let into."""

    entry: str
    phase: str
    secret: bytes = field(repr=False)
    address: str
    card: bytes = field(repr=False)
    person: str
    label: str
    member_seed: bytes = field(repr=False)
    leaf_seed: bytes = field(repr=False)
    access_seed: bytes = field(repr=False)
    key_package: bytes = field(repr=False)
    request: bytes = field(repr=False)
    idempotency: bytes
    ordered: int = 0
    ended: str = ""


@dataclass(slots=True)
class RejoiningRecord:
    """This device asks to come in again, with fresh keys."""

    circle: int
    leaf_seed: bytes = field(repr=False)
    access_seed: bytes = field(repr=False)
    key_package: bytes = field(repr=False)
    body: bytes = field(repr=False)
    idempotency: bytes
    n: int = 0
    arrived: int = 0


@dataclass(slots=True)
class LinkingRecord:
    """A circle that another device of this person is to add this one to."""

    circle: bytes
    name: str
    address: str
    pin: bytes
    relay_key: bytes
    member_key: bytes
    first_leaf: bytes
    person: str
    label: str
    leaf_seed: bytes = field(repr=False)
    access_seed: bytes = field(repr=False)
    key_package: bytes = field(repr=False)
    until: int
    not_before: int


@dataclass(slots=True)
class FileRecord:
    """A sealed file on its way; `way` is one of `tui.engine.files`."""

    number: int
    circle: int
    id: bytes
    way: str
    reference: bytes = field(repr=False)
    at: int
    held: int = 0


@dataclass(slots=True)
class ChunkRecord:
    """The sealed bytes of a file from `n` times 64 KiB on."""

    file: int
    n: int
    sealed: bytes = field(repr=False)


class Store:
    """The tables of an open profile."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.circles = Table(database, "circles", CircleRecord, "number", auto=True)
        self.groups = Table(database, "groups", GroupRecord, "circle")
        self.ratchets = Table(database, "ratchets", RatchetRecord, "circle")
        self.intentions = Table(database, "intentions", IntentionRecord, "number", auto=True)
        self.pending = Table(database, "pending", PendingRecord, "circle")
        self.outbox = Table(database, "outbox", OutboxRecord, "seq", auto=True)
        self.entries = Table(database, "entries", EntryRecord, "circle", "n")
        self.sent = Table(database, "sent", SentRecord, "circle", "n")
        self.incarnations = Table(
            database, "incarnations", IncarnationRecord, "circle", "incarnation"
        )
        self.moves = Table(database, "moves", MoveRecord, "circle")
        self.messages = Table(database, "messages", MessageRecord, "circle", "position")
        self.deeds = Table(
            database, "deeds", DeedRecord, "circle", "target", "author", "type", "slot"
        )
        self.requests = Table(database, "requests", RequestRecord, "circle", "n")
        self.invites = Table(database, "invites", InviteRecord, "circle", "id")
        self.heard = Table(database, "heard", HeardRecord, "circle", "member")
        self.senders = Table(database, "senders", SenderRecord, "circle", "leaf_key")
        self.missing = Table(database, "missing", MissingRecord, "circle", "leaf_key", "counter")
        self.forks = Table(database, "forks", ForkRecord, "circle", "leaf_key")
        self.verified = Table(database, "verified", VerifiedRecord, "circle", "member")
        self.leavers = Table(database, "leavers", LeaverRecord, "circle", "member")
        self.beacons = Table(database, "beacons", BeaconRecord, "circle", "key")
        self.joinings = Table(database, "joinings", JoiningRecord, "entry")
        self.rejoinings = Table(database, "rejoinings", RejoiningRecord, "circle")
        self.linkings = Table(database, "linkings", LinkingRecord, "circle")
        self.files = Table(database, "files", FileRecord, "number", auto=True)
        self.chunks = Table(database, "chunks", ChunkRecord, "file", "n")
