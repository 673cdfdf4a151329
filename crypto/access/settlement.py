"""A circle that comes to a relay from another one: where its log goes on, and who is on the roster.

docs/protocol.md sections 4.1 and 4.8. The relay did not see the commits that led to the roster, so
a host's device says what it is; of the log's beginning it needs the chain hash alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crypto.access.binding import ACCESS_KEY_LENGTH
from crypto.access.errors import MalformedError
from crypto.access.roster import KEYS_PER_CHAIR, KEYS_PER_CIRCLE, Roster, Seat

SEAT_LENGTH = 2 + ACCESS_KEY_LENGTH
SEATS_LIMIT = KEYS_PER_CIRCLE * SEAT_LENGTH
"""Bytes of the seats of one circle."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The circle as it comes: its log is kept from entry `base` + 1 on, its roster is of entry `n`.

    `base_hash` and `hash` are h(base) and h(n). Where the move was ordered by the relay before, as
    entry n, nothing beyond that counts (`alone`). `opened` is the cap that the circle was opened
    with, `cap` the present one, `retention` how many seconds messages and files are kept.
    `former_key` is the key of the relay before. `seats` are of each device its chair and whether
    that is a host's, in a byte each, and its access key.
    """

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

    def encode(self) -> bytes:
        """What a host's access key signs of it."""
        return b"".join(
            (
                self.base.to_bytes(8),
                self.base_hash,
                self.n.to_bytes(8),
                self.hash,
                bytes((self.alone, self.opened, self.cap)),
                self.retention.to_bytes(4),
                self.former_key,
                self.seats,
            )
        )

    def roster(self, circle_id: bytes, time: int) -> Roster:
        """The roster after entry n; MalformedError where it can't be one. `time` is ms since 1970.

        Nobody's arrival is known, so every device is shown the log from its beginning here.
        """
        seats: dict[bytes, Seat] = {}
        hosts: set[int] = set()
        others: set[int] = set()
        for at in range(0, len(self.seats), SEAT_LENGTH):
            chair, flag, key = _seat(self.seats[at : at + SEAT_LENGTH])
            if key in seats:
                raise MalformedError("a key has two seats")
            seats[key] = Seat(chair, 0, time)
            (hosts if flag else others).add(chair)
        roster = Roster(
            circle_id,
            self.cap,
            seats,
            frozenset(hosts),
            max(hosts | others, default=0) + 1,
            opened=self.opened,
            retention=self.retention,
        )
        chairs = roster.chairs()
        if hosts & others or not hosts:
            raise MalformedError("a chair is a host's or is not, and one is")
        if not len(chairs) <= self.cap <= self.opened or self.base > self.n:
            raise MalformedError("a circle that comes from elsewhere is not one that could be")
        if any(len(roster.keys_of(chair)) > KEYS_PER_CHAIR for chair in chairs):
            raise MalformedError(f"a chair has at most {KEYS_PER_CHAIR} devices")
        if len(seats) > KEYS_PER_CIRCLE:
            raise MalformedError(f"a circle has at most {KEYS_PER_CIRCLE} devices")
        return roster


def encode_seats(chairs: Iterable[tuple[bool, Iterable[bytes]]]) -> bytes:
    """The seats of chairs, in order: whether each is a host's, and its devices' access keys."""
    return b"".join(
        bytes((chair, host)) + key for chair, (host, keys) in enumerate(chairs) for key in keys
    )


def _seat(data: bytes) -> tuple[int, int, bytes]:
    if len(data) != SEAT_LENGTH or data[1] > 1:
        raise MalformedError("a seat is its chair, whether that is a host's, and its access key")
    return data[0], data[1], data[2:]
