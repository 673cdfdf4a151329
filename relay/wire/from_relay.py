"""The frames that a relay sends; the table at the end of the file holds every type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from crypto.access.arrays import Layout, blob, flag, nilable, uint
from relay.wire.bounds import (
    BEAT_LIMIT,
    BODY_LIMIT,
    CARD_LIMIT,
    EPHEMERAL_LIMIT,
    SAY_LIMIT,
    SIDE_DATA_LIMIT,
)
from relay.wire.fields import (
    BLOB_PART,
    CHAIRS,
    CODE,
    HASH,
    ID,
    KEY,
    NUMBER,
    PART,
    SIGNATURE,
    WORD_NUMBERS,
)


@dataclass(frozen=True, slots=True)
class Hello:
    """The relay's first frame; `now` is its clock in milliseconds since 1970."""

    nonce: bytes
    relay_key: bytes
    now: int


@dataclass(frozen=True, slots=True)
class Bound:
    """The socket speaks for a device now; `whole` is the first n that is not a tombstone."""

    incarnation: bytes
    n: int
    hash: bytes
    signature: bytes
    handshake: int
    whole: int
    chairs: int
    cap: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log."""

    n: int
    kind: int
    time: int
    body: bytes
    side_data: bytes


@dataclass(frozen=True, slots=True)
class Gone:
    """What is left, or shown to this device, of an entry."""

    n: int
    kind: int
    entry_hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The log has moved; `hash` is h(n), signed by the relay."""

    incarnation: bytes
    n: int
    hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """The sender's entry is on disk and in the log."""

    idempotency_id: bytes
    n: int
    time: int


@dataclass(frozen=True, slots=True)
class Refused:
    """What was asked for did not happen; `code` is a Refusal, or one of a newer relay."""

    idempotency_id: bytes | None
    code: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class BeatOf:
    """Another device's newest heartbeat."""

    access_key: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class EphemeralOf:
    """Something that another device said and that is kept nowhere."""

    access_key: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Card:
    """What a guest came for: the sealed card of its invite, and chairs taken of how many."""

    card: bytes
    chairs: int
    cap: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Something happened to a guest's invite: 0 somebody came in on it, else a Refusal."""

    code: int


@dataclass(frozen=True, slots=True)
class Welcome:
    """A part of the Welcome that waits for this device; a total of 0 means that none does."""

    hash: bytes
    offset: int
    total: int
    chunk: bytes


@dataclass(frozen=True, slots=True)
class Nameplate:
    """The nameplate that was opened, as numbers of words, and how long it stays."""

    words: list[int]
    seconds: int


@dataclass(frozen=True, slots=True)
class Said:
    """The other side of the nameplate spoke."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The nameplate is gone: 0 the other side closed it, else a Refusal."""

    code: int


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Every entry up to n has been sent; what follows is new."""

    n: int


@dataclass(frozen=True, slots=True)
class Restoring:
    """The log was put back from a backup and is being made whole again: it stands at n, and up to
    `known` it is proven what belongs there. `host` is whether a host's device has reported."""

    n: int
    known: int
    host: bool


@dataclass(frozen=True, slots=True)
class Restored:
    """The restoring is over: the client is to connect anew."""


@dataclass(frozen=True, slots=True)
class Begins:
    """Before `bound`, where the circle came from another relay: the log is here from behind entry
    `base` on, and what was told of it went up to entry n, behind which nothing counts where the
    move was ordered (`alone`); `base_hash` and `hash` are their h."""

    base: int
    base_hash: bytes
    n: int
    hash: bytes
    alone: bool


@dataclass(frozen=True, slots=True)
class BlobKept:
    """A blob is on disk up to `offset`; whole, and found to have its hash, at its total."""

    hash: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class BlobPart:
    """The chunk at `offset` of a blob; a total of 0 means that no such blob is there."""

    hash: bytes
    offset: int
    total: int
    chunk: bytes


FromRelay: TypeAlias = (
    Hello
    | Bound
    | Entry
    | Gone
    | Head
    | Done
    | Refused
    | BeatOf
    | EphemeralOf
    | Card
    | Answer
    | Welcome
    | Nameplate
    | Said
    | Closed
    | CaughtUp
    | Restoring
    | Restored
    | Begins
    | BlobKept
    | BlobPart
)

FROM_RELAY: Layout[FromRelay] = Layout(
    "frame",
    {
        1: (Hello, (KEY, KEY, NUMBER)),
        2: (Bound, (ID, NUMBER, HASH, SIGNATURE, NUMBER, NUMBER, CHAIRS, CHAIRS)),
        3: (Entry, (NUMBER, uint(0xFF), NUMBER, blob(BODY_LIMIT), blob(SIDE_DATA_LIMIT))),
        4: (Gone, (NUMBER, uint(0xFF), HASH)),
        5: (Head, (ID, NUMBER, HASH, SIGNATURE)),
        6: (Done, (ID, NUMBER, NUMBER)),
        7: (Refused, (nilable(ID), CODE, NUMBER)),
        8: (BeatOf, (KEY, blob(BEAT_LIMIT))),
        9: (EphemeralOf, (KEY, blob(EPHEMERAL_LIMIT))),
        10: (Card, (blob(CARD_LIMIT), CHAIRS, CHAIRS)),
        11: (Answer, (CODE,)),
        12: (Welcome, PART),
        13: (Nameplate, (WORD_NUMBERS, NUMBER)),
        14: (Said, (blob(SAY_LIMIT),)),
        15: (Closed, (CODE,)),
        16: (CaughtUp, (NUMBER,)),
        17: (Restoring, (NUMBER, NUMBER, flag)),
        18: (Restored, ()),
        19: (Begins, (NUMBER, HASH, NUMBER, HASH, flag)),
        20: (BlobKept, (HASH, NUMBER)),
        21: (BlobPart, BLOB_PART),
    },
)
