"""Frames ↔ bytes: what a client and a relay say to each other over one websocket.

docs/protocol.md section 4.1. A websocket message is the version byte, then one or more msgpack
arrays `[type, field, …]`; the two tables at the end of this file hold every type. Both sides use
this module: `decode_from_client` is the relay's ear, `decode_from_relay` the client's. A frame is
encoded by itself (`encode`), so that one encoding serves every reader, and `pack` joins frames into
messages.

    WireError              a message that is refused; each ends the connection
    ├── VersionError       another protocol version; `version` is the peer's
    └── FramingError       not a message of this version, or too large for one
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Self, TypeAlias, TypeVar

import msgpack

from crypto.access.arrays import Layout, array, blob, fixed, flag, nilable, text, uint
from crypto.access.errors import MalformedError
from crypto.access.settlement import SEATS_LIMIT, Settlement

VERSION = 1

MESSAGE_LIMIT = 72 * 1024
"""Bytes of one websocket message, in either direction."""

FRAMES_LIMIT = 256
"""Frames in one message from a client."""

BODY_LIMIT = 68 * 1024
"""Bytes of a message's or commit's body: the largest padding bucket, and MLS around it."""

SIDE_DATA_LIMIT = 24 * 1024
REQUEST_LIMIT = 8 * 1024
BEAT_LIMIT = 2 * 1024
EPHEMERAL_LIMIT = 6 * 1024
SAY_LIMIT = 1024
CARD_LIMIT = 16 * 1024
CHUNK_LIMIT = 48 * 1024
OUTLINE_LIMIT = 48 * 1024
STAGED_LIMIT = 1024 * 1024
"""Bytes of one staged card or Welcome, and of all that one socket has staged."""

TOKEN_LIMIT = 128
WORDS = 1296
CAP_LOWEST, CAP_HIGHEST = 2, 50


class Refusal(IntEnum):
    """Why the relay refuses (section 4.6)."""

    MALFORMED = 1
    VERSION = 2
    OUT_OF_ORDER = 3
    FORBIDDEN = 4
    STALE = 5
    NOT_ALLOWED = 6
    FULL = 7
    INVITE_USED = 8
    INVITE_EXPIRED = 9
    INVITE_REVOKED = 10
    TOO_LARGE = 11
    TOO_FAST = 12
    TURN = 13
    WAITING = 14
    NO_TOKEN = 15
    EXISTS = 16
    TOO_SLOW = 17
    REMOVED = 18
    UNSTAGED = 19
    GOING = 20
    BROKEN = 21
    NAMEPLATE_GONE = 22
    CROWDED = 23
    NO_SPACE = 24
    RESTORING = 25


CLOSING = frozenset(
    {
        Refusal.MALFORMED,
        Refusal.VERSION,
        Refusal.OUT_OF_ORDER,
        Refusal.FORBIDDEN,
        Refusal.TOO_SLOW,
        Refusal.REMOVED,
        Refusal.GOING,
        Refusal.BROKEN,
    }
)
"""The refusals after which the relay closes the socket."""


class WireError(Exception):
    """A message that this side of the wire refuses."""


class VersionError(WireError):
    """The peer speaks another version of the protocol, `version`."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the other side speaks protocol version {version}, this one {VERSION}")
        self.version = version


class FramingError(WireError):
    """Not a message of this version of the protocol."""


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
    `base` on, and what was told of it went up to entry n; `base_hash` and `hash` are their h."""

    base: int
    base_hash: bytes
    n: int
    hash: bytes


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
)
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
)

_NUMBER = uint((1 << 63) - 1)  # what both sides' databases keep as a whole number
_ID = fixed(16)
_KEY = fixed(32)
_HASH = fixed(32)
_SIGNATURE = fixed(64)
_CODE = uint(0xFFFF)
_CHAIRS = uint(0xFF)
_CAP = uint(CAP_HIGHEST, CAP_LOWEST)
_TOKEN = nilable(text(TOKEN_LIMIT))
_SETTLEMENT = (_NUMBER, _HASH, _NUMBER, _HASH, flag, _CAP, _CAP, _KEY, blob(SEATS_LIMIT))
_WORDS = array(uint(WORDS - 1), 1, 2)
_PART = (_HASH, uint(STAGED_LIMIT), uint(STAGED_LIMIT), blob(CHUNK_LIMIT))

FROM_RELAY: Layout[FromRelay] = Layout(
    "frame",
    {
        1: (Hello, (_KEY, _KEY, _NUMBER)),
        2: (Bound, (_ID, _NUMBER, _HASH, _SIGNATURE, _NUMBER, _NUMBER, _CHAIRS, _CHAIRS)),
        3: (Entry, (_NUMBER, uint(0xFF), _NUMBER, blob(BODY_LIMIT), blob(SIDE_DATA_LIMIT))),
        4: (Gone, (_NUMBER, uint(0xFF), _HASH)),
        5: (Head, (_ID, _NUMBER, _HASH, _SIGNATURE)),
        6: (Done, (_ID, _NUMBER, _NUMBER)),
        7: (Refused, (nilable(_ID), _CODE, _NUMBER)),
        8: (BeatOf, (_KEY, blob(BEAT_LIMIT))),
        9: (EphemeralOf, (_KEY, blob(EPHEMERAL_LIMIT))),
        10: (Card, (blob(CARD_LIMIT), _CHAIRS, _CHAIRS)),
        11: (Answer, (_CODE,)),
        12: (Welcome, _PART),
        13: (Nameplate, (_WORDS, _NUMBER)),
        14: (Said, (blob(SAY_LIMIT),)),
        15: (Closed, (_CODE,)),
        16: (CaughtUp, (_NUMBER,)),
        17: (Restoring, (_NUMBER, _NUMBER, flag)),
        18: (Restored, ()),
        19: (Begins, (_NUMBER, _HASH, _NUMBER, _HASH)),
    },
)

FROM_CLIENT: Layout[FromClient] = Layout(
    "frame",
    {
        32: (
            Create,
            (_ID, _KEY, _CAP, _TOKEN, _SIGNATURE),
        ),
        33: (Bind, (_ID, _KEY, _NUMBER, _SIGNATURE)),
        34: (Guest, (_ID, _SIGNATURE)),
        35: (Append, (_ID, _NUMBER, blob(BODY_LIMIT))),
        36: (Commit, (_ID, _NUMBER, blob(BODY_LIMIT), blob(SIDE_DATA_LIMIT))),
        37: (Request, (_ID, blob(REQUEST_LIMIT))),
        38: (Rejoin, (_ID, blob(REQUEST_LIMIT))),
        39: (Ack, (_NUMBER,)),
        40: (Beat, (blob(BEAT_LIMIT),)),
        41: (Ephemeral, (blob(EPHEMERAL_LIMIT),)),
        42: (Stage, _PART),
        43: (FetchWelcome, ()),
        44: (Read, (_NUMBER, _NUMBER)),
        45: (OpenNameplate, ()),
        46: (ClaimNameplate, (_WORDS,)),
        47: (Say, (blob(SAY_LIMIT),)),
        48: (CloseNameplate, ()),
        49: (Report, (_ID, _NUMBER, _HASH, _SIGNATURE)),
        50: (Outline, (_NUMBER, blob(OUTLINE_LIMIT))),
        51: (
            Restore,
            (_NUMBER, _NUMBER, nilable(blob(BODY_LIMIT)), blob(SIDE_DATA_LIMIT), nilable(_KEY)),
        ),
        52: (Settle, (_ID, _KEY, *_SETTLEMENT, _TOKEN, _SIGNATURE)),
    },
)

F = TypeVar("F", FromRelay, FromClient)


def encode(frame: FromRelay | FromClient) -> bytes:
    """One frame's bytes, without the version byte; MisuseError where a field is out of bounds."""
    layout: Layout[FromRelay] | Layout[FromClient] = (
        FROM_RELAY if FROM_RELAY.holds(frame) else FROM_CLIENT
    )
    data: bytes = msgpack.packb(layout.to_array(frame))  # type: ignore[arg-type]
    return data


def pack(frames: Iterable[bytes]) -> Iterator[bytes]:
    """Join encoded frames into as few messages as their limit allows, in order."""
    parts = [_VERSION_BYTE]
    size = 1
    for frame in frames:
        if size + len(frame) > MESSAGE_LIMIT and size > 1:
            yield b"".join(parts)
            parts = [_VERSION_BYTE]
            size = 1
        parts.append(frame)
        size += len(frame)
    if size > 1:
        yield b"".join(parts)


def encode_entry(n: int, kind: int, time: int, body: bytes, side_data: bytes) -> bytes:
    """The bytes of an Entry whose fields are in bounds by construction; made for every reader."""
    data: bytes = msgpack.packb((_ENTRY, n, kind, time, body, side_data))
    return data


def message(*frames: FromRelay | FromClient) -> bytes:
    """One message of these frames."""
    return _VERSION_BYTE + b"".join(encode(frame) for frame in frames)


def decode_from_client(data: bytes) -> list[FromClient]:
    """The frames of a client's message, all of them or a WireError."""
    frames = _decode(FROM_CLIENT, data)
    if len(frames) > FRAMES_LIMIT:
        raise FramingError(f"a message holds at most {FRAMES_LIMIT} frames, not {len(frames)}")
    return frames


def decode_from_relay(data: bytes) -> list[FromRelay]:
    """The frames of a relay's message, all of them or a WireError."""
    return _decode(FROM_RELAY, data)


_VERSION_BYTE = bytes((VERSION,))
_ENTRY = FROM_RELAY.number(Entry)


def _decode(layout: Layout[F], data: bytes) -> list[F]:
    if not data:
        raise FramingError("an empty message")
    if data[0] != VERSION:
        raise VersionError(data[0])
    if len(data) > MESSAGE_LIMIT:
        raise FramingError(f"a message has at most {MESSAGE_LIMIT} bytes, not {len(data)}")
    unpacker = msgpack.Unpacker(
        max_buffer_size=MESSAGE_LIMIT,
        max_bin_len=BODY_LIMIT,
        max_str_len=TOKEN_LIMIT,
        max_array_len=14,
        max_map_len=0,
        max_ext_len=0,
    )
    unpacker.feed(memoryview(data)[1:])
    frames = []
    try:
        for parsed in unpacker:
            frames.append(layout.from_array(parsed))
    except (ValueError, msgpack.UnpackException) as error:
        raise FramingError("a message holds something that is not a msgpack array") from error
    except MalformedError as error:
        raise FramingError(str(error)) from error
    if not frames or unpacker.tell() != len(data) - 1:
        raise FramingError("a message ends in the middle of a frame")
    return frames
