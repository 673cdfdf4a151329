"""Why the relay refuses (docs/protocol.md section 4.6)."""

from __future__ import annotations

from enum import IntEnum


class Refusal(IntEnum):
    """What a `refused`, an `answer` or a `closed` says."""

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
    OTHER_BYTES = 26


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
