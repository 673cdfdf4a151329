"""How much of everything: the relay's bounds, and buckets that hold callers to a rate.

Times are milliseconds; `now` is always handed in, so that a bucket can be tested without waiting.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Generic, TypeVar

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

QUEUE_LIMIT = 256 * 1024
"""Bytes that may wait for one socket before it is closed as too slow."""

LOW_WATER = 64 * 1024
"""Below this many waiting bytes a socket is fed more of what it is catching up on."""

READ_BATCH = 48 * 1024
"""Bytes of bodies asked of the store at a time for one socket."""

NO_SPACE_WAIT = 10_000
"""Milliseconds after which it is worth asking again whether a full disk has room."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, then one every `every` milliseconds."""

    burst: int
    every: float


@dataclass(frozen=True, slots=True)
class Settings:
    """The bounds that an operator may change."""

    greeting: int = 5 * SECOND
    """For a socket to say whom it speaks for."""

    messages: Rate = Rate(100, SECOND / 30)
    """Frames of one device."""

    strangers: Rate = Rate(10, SECOND / 3)
    """Frames of one guest or claimant."""

    commits: Rate = Rate(2, MINUTE / 6)
    """Commits of one chair."""

    rejoins: Rate = Rate(3, HOUR / 6)
    """Rejoin requests of one device."""

    blobs: Rate = Rate(16, SECOND / 16)
    """Chunks of blobs, to and from one device: 1 MiB in a second."""

    beats: Rate = Rate(6, MINUTE / 6)
    """Heartbeats of one device."""

    failures: Rate = Rate(20, MINUTE / 20)
    """Bindings that failed, from one source."""

    circles: Rate = Rate(50, DAY / 50)
    """Circles opened from one source."""

    claims: Rate = Rate(5, HOUR / 5)
    """Nameplates claimed from one source."""

    nameplates: Rate = Rate(10, HOUR / 10)
    """Nameplates opened in one circle."""

    nameplates_per_chair: int = 2
    nameplate_life: int = 10 * MINUTE

    turn: int = 5 * SECOND
    """How long others wait for a chair whose commit came too late."""

    turn_again: int = MINUTE
    """Before the same chair may have the turn again."""

    circle_size: int = 100 * 1024 * 1024
    """Bytes of bodies, side data and blobs kept for one circle."""

    blobs_unfinished: int = 4
    """Blobs that one device is handing in."""

    blobs_unfinished_life: int = DAY
    """How long what was handed in of one stays, after its last chunk."""

    sockets_per_key: int = 4
    sockets_per_source: int = 256
    staged: int = 64 * 1024 * 1024
    """Bytes staged over all sockets."""

    staged_per_source: int = 16 * 1024 * 1024
    """Of those, by the sockets from one source, which could keep everybody else from it."""

    stage_life: int = 10 * MINUTE
    waiting: int = 3
    """Requests that wait on one invite."""

    waiting_life: int = 7 * DAY
    settled: int = DAY
    """How long an entry stays that every device has acknowledged."""

    commits_life: int = 365 * DAY
    attachments_life: int = 30 * DAY


class Bucket:
    """What one caller may still do, filling up again as time goes by."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: Rate, now: int) -> None:
        self._rate = rate
        self._left = float(rate.burst)
        self._at = now

    def _fill(self, now: int) -> None:
        # A clock that was set back must not drain the bucket, nor lock it until it is right again.
        self._left = min(self._rate.burst, self._left + max(0, now - self._at) / self._rate.every)
        self._at = now

    def wait(self, now: int) -> int:
        """Milliseconds until one may be taken; 0 now."""
        self._fill(now)
        if self._left >= 1:
            return 0
        return max(1, round((1 - self._left) * self._rate.every))

    def take(self, now: int) -> int:
        """Take one and give 0, or take none and give the milliseconds to wait."""
        wait = self.wait(now)
        if not wait:
            self._left -= 1
        return wait

    def full(self, now: int) -> bool:
        """Whether nothing has been taken that time has not given back."""
        self._fill(now)
        return self._left >= self._rate.burst


K = TypeVar("K", bound=Hashable)


class Buckets(Generic[K]):
    """A bucket for each caller; those that are full again are forgotten by `prune`."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: dict[K, Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: K, now: int) -> int:
        """As `Bucket.take`."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._rate, now)
        return bucket.take(now)

    def wait(self, key: K, now: int) -> int:
        """As `Bucket.wait`."""
        bucket = self._buckets.get(key)
        return 0 if bucket is None else bucket.wait(now)

    def prune(self, now: int) -> None:
        """Forget the callers that have been quiet."""
        for key in [key for key, bucket in self._buckets.items() if bucket.full(now)]:
            del self._buckets[key]


def source(address: str) -> str:
    """Who an IP address stands for: itself, or of IPv6 its /64, which is one subscriber's.

    What is no IP address (a Unix socket's peer) stands for itself.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> 64 << 64)) + "/64"
