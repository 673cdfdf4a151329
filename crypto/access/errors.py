"""Everything that `crypto.access` raises, by who is to blame.

AccessError
├── MisuseError          the caller gave values that have no encoding
└── PeerError            bytes or wishes from elsewhere are wrong; nothing has changed
    ├── MalformedError   not a well-formed array, side data or head
    └── DeltaRefused     well formed, but the roster does not allow it; `reason`, `index`
"""

from __future__ import annotations

from enum import Enum


class AccessError(Exception):
    """Base of everything that `crypto.access` raises."""


class MisuseError(AccessError):
    """The caller asked for an encoding of values that are out of their bounds."""


class PeerError(AccessError):
    """Something that came from elsewhere was refused; nothing has changed."""


class MalformedError(PeerError):
    """The bytes are not what they should be: wrong type, length, count, or something follows."""


class Reason(Enum):
    """Why a delta is refused; the names are those of docs/protocol.md section 4.6."""

    NOT_ALLOWED = "this key may not do that"
    FULL = "no chair is free"
    INVITE_USED = "no use of the invite is left"
    INVITE_EXPIRED = "the invite's time is over"
    INVITE_REVOKED = "the invite was withdrawn"
    CROWDED = "the circle holds as many devices as it may"


class DeltaRefused(PeerError):
    """The roster does not allow the delta at `index` (from 0), for `reason`."""

    def __init__(self, reason: Reason, index: int, message: str) -> None:
        super().__init__(f"delta {index} is refused: {message}")
        self.reason = reason
        self.index = index
