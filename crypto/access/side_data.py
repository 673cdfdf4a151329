"""Side data: what a commit tells the relay, as deltas to its roster.

docs/protocol.md section 4.4. A msgpack array of `[type, field, …]`, applied in order, all or
nothing; a hash over it is the commit's `authenticated_data`. Every value is in its shortest form,
so that each list of deltas has one encoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgpack

from crypto.access.arrays import Layout, fixed, flag, uint
from crypto.access.binding import ACCESS_KEY_LENGTH, INVITE_ID_LENGTH, SIGNATURE_LENGTH
from crypto.access.errors import MalformedError, MisuseError
from crypto.primitives import HASH_LENGTH, PUBLIC_KEY_LENGTH

SIDE_DATA_LIMIT = 24 * 1024
"""Bytes; more than removing or admitting everyone in the largest circle takes."""

DELTAS_LIMIT = 256
CAP_LOWEST, CAP_HIGHEST = 2, 50
RETENTION_LOWEST, RETENTION_HIGHEST = 86_400, 31_536_000
RETENTION_USUAL = 2_592_000
"""Seconds that the relay keeps messages and files, where a circle has said nothing of it."""

USES_HIGHEST = 50


@dataclass(frozen=True, slots=True)
class Admit:
    """A newcomer's key takes a new chair on an invite; `signature` is by its signing key."""

    invite_id: bytes
    access_key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class AddDevice:
    """One more key on the sender's chair."""

    access_key: bytes


@dataclass(frozen=True, slots=True)
class Rekey:
    """A key is replaced; `signature` is by the old one."""

    old: bytes
    new: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Depart:
    """A member's whole chair goes, by the key's own signature."""

    access_key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Remove:
    """One key goes; the chair with its last."""

    access_key: bytes


@dataclass(frozen=True, slots=True)
class Flag:
    """The chair of this key is a host's, or no longer."""

    access_key: bytes
    host: bool


@dataclass(frozen=True, slots=True)
class Cap:
    """The number of chairs, lowered."""

    cap: int


@dataclass(frozen=True, slots=True)
class AddInvite:
    """A new invite of the sender's chair; `expires_at` in milliseconds since 1970."""

    invite_id: bytes
    access_key: bytes
    signing_key: bytes
    uses: int
    expires_at: int
    card_hash: bytes


@dataclass(frozen=True, slots=True)
class RevokeInvite:
    """An invite is withdrawn."""

    invite_id: bytes


@dataclass(frozen=True, slots=True)
class LeaveWelcome:
    """The staged Welcome with this hash is for a key that came in here."""

    access_key: bytes
    welcome_hash: bytes


@dataclass(frozen=True, slots=True)
class ReplaceCard:
    """The staged card with this hash takes the place of the invite's."""

    invite_id: bytes
    card_hash: bytes


@dataclass(frozen=True, slots=True)
class WholeRoster:
    """What follows is the whole roster, whatever it was before; of a circle with `cap` chairs."""

    cap: int


@dataclass(frozen=True, slots=True)
class TakenSeat:
    """A key that is here, and whether its member is a host."""

    access_key: bytes
    host: bool


@dataclass(frozen=True, slots=True)
class OpenInvite:
    """An invite that is open, with the uses that are left."""

    invite_id: bytes
    uses: int


@dataclass(frozen=True, slots=True)
class Keep:
    """How many seconds the relay keeps messages and files."""

    retention: int


Delta: TypeAlias = (
    Admit
    | AddDevice
    | Rekey
    | Depart
    | Remove
    | Flag
    | Cap
    | AddInvite
    | RevokeInvite
    | LeaveWelcome
    | ReplaceCard
    | WholeRoster
    | TakenSeat
    | OpenInvite
    | Keep
)

_ID = fixed(INVITE_ID_LENGTH)
_KEY = fixed(ACCESS_KEY_LENGTH)
_SIGNATURE = fixed(SIGNATURE_LENGTH)
_HASH = fixed(HASH_LENGTH)

DELTAS: Layout[Delta] = Layout(
    "delta",
    {
        1: (Admit, (_ID, _KEY, _SIGNATURE)),
        2: (AddDevice, (_KEY,)),
        3: (Rekey, (_KEY, _KEY, _SIGNATURE)),
        4: (Depart, (_KEY, _SIGNATURE)),
        5: (Remove, (_KEY,)),
        6: (Flag, (_KEY, flag)),
        7: (Cap, (uint(CAP_HIGHEST, CAP_LOWEST),)),
        8: (AddInvite, (_ID, _KEY, fixed(PUBLIC_KEY_LENGTH), uint(USES_HIGHEST, 1), uint(), _HASH)),
        9: (RevokeInvite, (_ID,)),
        10: (LeaveWelcome, (_KEY, _HASH)),
        11: (ReplaceCard, (_ID, _HASH)),
        12: (WholeRoster, (uint(CAP_HIGHEST, CAP_LOWEST),)),
        13: (TakenSeat, (_KEY, flag)),
        14: (OpenInvite, (_ID, uint(USES_HIGHEST, 1))),
        15: (Keep, (uint(RETENTION_HIGHEST, RETENTION_LOWEST),)),
    },
)


def encode(deltas: Sequence[Delta]) -> bytes:
    """The side data's bytes; MisuseError where they would be refused."""
    if len(deltas) > DELTAS_LIMIT:
        raise MisuseError(f"side data holds at most {DELTAS_LIMIT} deltas, not {len(deltas)}")
    data: bytes = msgpack.packb([DELTAS.to_array(delta) for delta in deltas])
    if len(data) > SIDE_DATA_LIMIT:
        raise MisuseError(f"side data has at most {SIDE_DATA_LIMIT} bytes, not {len(data)}")
    return data


def decode(data: bytes) -> tuple[Delta, ...]:
    """The deltas, in order, or MalformedError."""
    if len(data) > SIDE_DATA_LIMIT:
        raise MalformedError(f"side data has at most {SIDE_DATA_LIMIT} bytes, not {len(data)}")
    try:
        parsed = msgpack.unpackb(
            data,
            max_array_len=DELTAS_LIMIT,
            max_bin_len=SIGNATURE_LENGTH,
            max_str_len=0,
            max_map_len=0,
            max_ext_len=0,
        )
    except (ValueError, msgpack.UnpackException) as error:
        raise MalformedError("side data is not one well-formed msgpack value") from error
    if type(parsed) is not list:
        raise MalformedError("side data is an array of deltas")
    # from_array takes its argument apart, so what is compared is encoded from the records
    deltas = tuple(DELTAS.from_array(item) for item in parsed)
    if encode(deltas) != data:
        raise MalformedError("side data holds a value that is not in its shortest form")
    return deltas
