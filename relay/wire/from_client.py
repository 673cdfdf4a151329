"""The frames that a client sends; the table at the end of the file holds every type."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self, TypeAlias

from crypto.access.arrays import Layout, blob, nilable
from crypto.access.settlement import Settlement
from relay.wire.bounds import (
    BEAT_LIMIT,
    BODY_LIMIT,
    EPHEMERAL_LIMIT,
    OUTLINE_LIMIT,
    REQUEST_LIMIT,
    SAY_LIMIT,
    SIDE_DATA_LIMIT,
)
from relay.wire.fields import (
    BLOB_PART,
    CAP,
    HASH,
    ID,
    KEY,
    NUMBER,
    PART,
    SETTLEMENT,
    SIGNATURE,
    TOKEN,
    WORD_NUMBERS,
)


@dataclass(frozen=True, slots=True)
class Create:
    """Open a circle; the sender takes its first chair."""

    circle_id: bytes
    access_key: bytes
    cap: int
    token: str | None
    signature: bytes


@dataclass(frozen=True, slots=True)
class Settle:
    """Bring a circle from another relay; the fields between are a `Settlement`'s."""

    circle_id: bytes
    access_key: bytes
    base: int
    base_hash: bytes
    n: int
    hash: bytes
    alone: bool
    opened: int
    cap: int
    retention: int
    former_key: bytes
    seats: bytes
    token: str | None
    signature: bytes

    @classmethod
    def of(
        cls,
        circle_id: bytes,
        access_key: bytes,
        settlement: Settlement,
        token: str | None,
        signature: bytes,
    ) -> Self:
        """The frame that tells a settlement."""
        told = {each.name: getattr(settlement, each.name) for each in fields(Settlement)}
        return cls(circle_id, access_key, **told, token=token, signature=signature)

    @property
    def settlement(self) -> Settlement:
        """What is told of the circle."""
        return Settlement(*(getattr(self, each.name) for each in fields(Settlement)))


@dataclass(frozen=True, slots=True)
class Bind:
    """Speak for a device, from entry `after` + 1 on."""

    circle_id: bytes
    access_key: bytes
    after: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Guest:
    """Speak for whoever holds an invite."""

    invite_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Append:
    """Order a message; `handshake` is the n of the newest commit seen."""

    idempotency_id: bytes
    handshake: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """Order a commit with its side data."""

    idempotency_id: bytes
    handshake: int
    body: bytes
    side_data: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """Order a guest's sealed request to enter."""

    idempotency_id: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Rejoin:
    """Order a device's sealed request to come in again."""

    idempotency_id: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """This device holds everything up to n."""

    n: int


@dataclass(frozen=True, slots=True)
class Beat:
    """This device's heartbeat; it takes the place of the one before."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """To those who are online now, kept nowhere."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Stage:
    """Hand in a part of a card or Welcome that a commit will name by its hash."""

    hash: bytes
    offset: int
    total: int
    chunk: bytes


@dataclass(frozen=True, slots=True)
class FetchWelcome:
    """Send the Welcome that waits for this device."""


@dataclass(frozen=True, slots=True)
class Read:
    """Send the entries `first` … `last` again."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class OpenNameplate:
    """Open a rendezvous."""


@dataclass(frozen=True, slots=True)
class ClaimNameplate:
    """Come to a rendezvous, given as numbers of words."""

    words: list[int]


@dataclass(frozen=True, slots=True)
class Say:
    """To the other side of the nameplate."""

    body: bytes


@dataclass(frozen=True, slots=True)
class CloseNameplate:
    """End the rendezvous."""


@dataclass(frozen=True, slots=True)
class Report:
    """The newest head that this device holds, signed by the relay."""

    incarnation: bytes
    n: int
    hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Outline:
    """What belongs at `first` and after it: of each entry its kind, in one byte, and H(entry)."""

    first: int
    links: bytes


@dataclass(frozen=True, slots=True)
class Restore:
    """An entry as it was shown; where its bytes are gone, `body` is None and all else empty.

    `sender` is the access key that handed a commit in, None where that is not known.
    """

    n: int
    time: int
    body: bytes | None
    side_data: bytes
    sender: bytes | None


@dataclass(frozen=True, slots=True)
class PutBlob:
    """Hand in the chunk at `offset` of a blob; with an empty one, ask how much of it is there."""

    hash: bytes
    offset: int
    total: int
    chunk: bytes


@dataclass(frozen=True, slots=True)
class GetBlob:
    """Send the chunk at `offset` of a blob."""

    hash: bytes
    offset: int


FromClient: TypeAlias = (
    Create
    | Bind
    | Guest
    | Append
    | Commit
    | Request
    | Rejoin
    | Ack
    | Beat
    | Ephemeral
    | Stage
    | FetchWelcome
    | Read
    | OpenNameplate
    | ClaimNameplate
    | Say
    | CloseNameplate
    | Report
    | Outline
    | Restore
    | Settle
    | PutBlob
    | GetBlob
)

FROM_CLIENT: Layout[FromClient] = Layout(
    "frame",
    {
        32: (
            Create,
            (ID, KEY, CAP, TOKEN, SIGNATURE),
        ),
        33: (Bind, (ID, KEY, NUMBER, SIGNATURE)),
        34: (Guest, (ID, SIGNATURE)),
        35: (Append, (ID, NUMBER, blob(BODY_LIMIT))),
        36: (Commit, (ID, NUMBER, blob(BODY_LIMIT), blob(SIDE_DATA_LIMIT))),
        37: (Request, (ID, blob(REQUEST_LIMIT))),
        38: (Rejoin, (ID, blob(REQUEST_LIMIT))),
        39: (Ack, (NUMBER,)),
        40: (Beat, (blob(BEAT_LIMIT),)),
        41: (Ephemeral, (blob(EPHEMERAL_LIMIT),)),
        42: (Stage, PART),
        43: (FetchWelcome, ()),
        44: (Read, (NUMBER, NUMBER)),
        45: (OpenNameplate, ()),
        46: (ClaimNameplate, (WORD_NUMBERS,)),
        47: (Say, (blob(SAY_LIMIT),)),
        48: (CloseNameplate, ()),
        49: (Report, (ID, NUMBER, HASH, SIGNATURE)),
        50: (Outline, (NUMBER, blob(OUTLINE_LIMIT))),
        51: (
            Restore,
            (NUMBER, NUMBER, nilable(blob(BODY_LIMIT)), blob(SIDE_DATA_LIMIT), nilable(KEY)),
        ),
        52: (Settle, (ID, KEY, *SETTLEMENT, TOKEN, SIGNATURE)),
        53: (PutBlob, BLOB_PART),
        54: (GetBlob, (HASH, NUMBER)),
    },
)
