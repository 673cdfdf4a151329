"""A log that was put back from a backup: what it lost, what is known of that, and when it is over.

Pure. What a relay signed before proves what its log held: a device reports the newest signed head
that it has, and outlines what lies between the log's end and that head, each entry's kind and
H(entry). Where the chain over the outline comes out at the head, every single entry can be told
from a false one before it is taken, whoever hands it in; nothing is collected but the outline.

    report ─▶ outline, checked against the head ─▶ entries, checked against the outline ─▶ over

It is over once the log reaches the longest head that was reported, and a host's device has spoken
up, for the longest that a host confirms is to win; and not at once, so that nobody who comes first
alone decides what the others have lost.

The log of a circle that comes from another relay is restored in the same way, from where it begins
here on: what a host's device told of it when it came is a head like those that are reported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from crypto.access.log import Head, Kind, chain
from crypto.access.roster import Roster
from crypto.access.settlement import Settlement
from relay.limits import DAY, MINUTE, SECOND

LINK = 33
"""Bytes of one entry in an outline: its kind, and H(entry)."""

LINKS_MOST = 1 << 17
"""Entries in one outline; what is beyond waits for the next."""

AT_LEAST = 2 * MINUTE
"""How long devices have to come with more than the first ones had."""

WITHOUT_HOST = DAY
"""How long a circle waits for a host's device."""

STALLED = 10 * MINUTE
"""After so long without another entry, what is still missing is given up."""

UNTIL_GONE = 10 * SECOND
"""How long an entry is waited for, before it is taken that its bytes are gone everywhere."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What the log of a circle that came from another relay must reach, entry n, whatever is
    reported; with `alone` it is all that the log had there."""

    head: Head
    alone: bool

    @classmethod
    def of(cls, told: Settlement) -> Self:
        """Where a host's device says that the log stood."""
        return cls(Head(b"", told.n, told.hash, b""), told.alone)


@dataclass(slots=True)
class Draft:
    """An outline that one socket is handing in: from entry `first` on, towards `head`, and by way
    of the `goal`, where there is one."""

    circle: bytes
    first: int
    chain: bytes
    head: Head
    goal: Goal | None = None
    links: bytearray = field(default_factory=bytearray)

    @property
    def next(self) -> int:
        """The entry that the next part begins with."""
        return self.first + len(self.links) // LINK

    def add(self, links: bytes) -> bool:
        """Take a part; False where it can't be one of an outline that leads to the head."""
        if not links or len(links) % LINK or len(self.links) + len(links) > LINKS_MOST * LINK:
            return False
        for at in range(0, len(links), LINK):
            kind, hashed = links[at], links[at + 1 : at + LINK]
            self.chain = chain(self.circle, self.next, kind, self.chain, hashed)
            self.links += links[at : at + LINK]
            passed = self.goal is not None and self.next - 1 == self.goal.head.n
            if self.goal is not None and passed and self.chain != self.goal.head.hash:
                return False
        if self.next <= self.head.n:
            return True
        return self.next == self.head.n + 1 and self.chain == self.head.hash

    @property
    def proven(self) -> bool:
        """Whether it reaches the head, which `add` has then compared."""
        return self.next == self.head.n + 1


@dataclass(slots=True)
class Restoration:
    """One restoring. `began` is when the incarnation did; `moved` when the log last grew, or the
    restoring was last begun or taken up again. `reported` are the newest heads by access key."""

    began: int
    moved: int
    reported: dict[bytes, Head] = field(default_factory=dict)
    goal: Goal | None = None
    flying: int = 0
    failed: bool = False
    _first: int = 1
    _links: bytes = b""
    _ran_out: bool = False

    @property
    def known(self) -> int:
        """Up to where it is proven what belongs in the log; 0 where nothing is."""
        return self._first + len(self._links) // LINK - 1

    @property
    def longest(self) -> int:
        """The n of the longest head that was reported."""
        return max((head.n for head in self.reported.values()), default=0)

    def report(self, key: bytes, head: Head) -> None:
        """A device's newest head, which was verified."""
        if self.goal is not None and self.goal.alone and head.n > self.goal.head.n:
            head = self.goal.head
        self.reported[key] = head

    def aim(self, key: bytes) -> Head | None:
        """What a device's outline has to come out at; None where it has reported nothing."""
        head = self.reported.get(key)
        if self.goal is not None and (head is None or head.n < self.goal.head.n):
            return self.goal.head
        return head

    def adopt(self, draft: Draft) -> int:
        """Take a proven outline, if it is longer; the bytes of the one that is kept no more."""
        if draft.next - 1 <= self.known:
            return len(draft.links)
        before = len(self._links)
        self._first, self._links = draft.first, bytes(draft.links)
        return before

    def let_go(self) -> int:
        """Forget the outline; how many bytes it had."""
        before, self._links = len(self._links), b""
        return before

    def link(self, n: int) -> tuple[int, bytes] | None:
        """The kind and H(entry) of entry n, where they are known."""
        if not self._first <= n <= self.known:
            return None
        at = (n - self._first) * LINK
        return self._links[at], self._links[at + 1 : at + LINK]

    def takes_gone(self, kind: int, now: int) -> bool:
        """Whether it is taken for true that nobody has the bytes of the next entry any more.

        Never of a commit: the roster is folded from what stands beside it.
        """
        if kind == Kind.COMMIT:
            return False
        self._ran_out = self._ran_out or now - self.moved >= UNTIL_GONE
        return self._ran_out

    def grew(self, now: int, whole: bool) -> None:
        """The log has an entry more."""
        self.moved = now
        self._ran_out = self._ran_out and not whole

    def host(self, roster: Roster) -> bool:
        """Whether a host's device has reported."""
        return any(roster.is_host(key) for key in self.reported)

    def over(self, n: int, roster: Roster, now: int) -> bool:
        """Whether the log, which stands at n, is as whole as it gets."""
        if self.goal is not None and n < self.goal.head.n:
            return False
        if self.goal is not None and self.goal.alone:
            return not self.flying
        everybody = roster.seats.keys() <= self.reported.keys()
        since = now - self.began
        heard = everybody or since >= WITHOUT_HOST
        heard = heard or (self.host(roster) and since >= AT_LEAST)
        return heard and not self.flying and (n >= self.longest or now - self.moved >= STALLED)
