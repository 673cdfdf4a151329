"""Connections as the engine wishes for them, and as the edge makes them.

The engine opens no socket. It says which connections it wants (`Client.links`), each under a number
that stands for one attempt alone: whoever pumps the bytes opens what is there, closes what is not
there any more, and tells the engine what became of it. A connection that fails or ends comes back
under another number, with a later `not_before`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NewType

from crypto.primitives import Rng
from crypto.relay_address import Address

LinkId = NewType("LinkId", int)
"""One attempt to be connected; never used again."""


class LinkKind(Enum):
    """For whom a connection is."""

    CIRCLE = "circle"
    GUEST = "guest"
    NAMEPLATE = "nameplate"


@dataclass(frozen=True, slots=True)
class LinkWish:
    """A connection that the engine wants: binary websocket messages with the relay at `address`.

    It is not to be dialled before `not_before` (milliseconds since 1970). Where `pin` is not empty,
    the SHA-256 of the relay's certificate has to be it. With `unvouched` a certificate that no
    authority vouches for will do, and its SHA-256 is told with the opening. `circle` is the
    circle's id in hexadecimal, empty for somebody who is not in yet: a proxy may be set by it.
    """

    kind: LinkKind
    address: Address
    not_before: int
    pin: bytes = b""
    circle: str = ""
    unvouched: bool = False


FIRST_WAIT = 1_000
LONGEST_WAIT = 5 * 60_000


def back_off(failures: int, rng: Rng) -> int:
    """Milliseconds to wait after so many failures in a row: doubling, with full jitter.

    Each link draws its own, so that what ends together does not come back together.
    """
    if failures == 0:
        return 0
    longest = min(LONGEST_WAIT, FIRST_WAIT << min(failures, 16))
    share = int.from_bytes(rng(4)) / 2**32
    return longest // 4 + round(longest * 3 / 4 * share)
