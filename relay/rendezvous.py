"""Nameplates: two sockets that meet on one or two words and speak through the relay.

docs/protocol.md sections 3.5 and 4.1. A nameplate lives in memory only, serves one claimant, and is
burned by whatever ends either side: it carries one guess at a password, and a line that drops must
not give another.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from crypto.primitives import Rng
from relay import wire
from relay.limits import HOUR, Buckets, Settings
from relay.wire import Refusal

Words: TypeAlias = tuple[int, ...]

GONE_KEPT = 4096
GONE_KEPT_FOR = HOUR
"""Nameplates that are remembered as gone, neither given out again nor called unknown."""

P = TypeVar("P", bound=Hashable)


class RendezvousRefused(Exception):
    """A nameplate was not opened, claimed or used; `code` and `number` are those of a Refused."""

    def __init__(self, code: Refusal, number: int = 0) -> None:
        super().__init__(f"the rendezvous refuses: {code.name.lower()}")
        self.code = code
        self.number = number


@dataclass(slots=True)
class Nameplate(Generic[P]):
    """One rendezvous: who opened it for which chair, who came, and when it ends (ms)."""

    words: Words
    circle: bytes
    chair: int
    opener: P
    until: int
    claimant: P | None = None

    def other(self, party: P) -> P | None:
        """The side that is not this one."""
        return self.claimant if party == self.opener else self.opener


class Rendezvous(Generic[P]):
    """All nameplates of a relay. `P` is a socket's session; it has at most one nameplate."""

    def __init__(self, settings: Settings, rng: Rng) -> None:
        self._settings = settings
        self._rng = rng
        self._plates: dict[Words, Nameplate[P]] = {}
        self._of: dict[P, Nameplate[P]] = {}
        self._gone: dict[Words, int] = {}
        self._opened: Buckets[bytes] = Buckets(settings.nameplates)
        self._claimed: Buckets[str] = Buckets(settings.claims)

    def __len__(self) -> int:
        return len(self._plates)

    def open(self, opener: P, circle: bytes, chair: int, now: int) -> Nameplate[P]:
        """Open one for a bound device."""
        if opener in self._of:
            raise RendezvousRefused(Refusal.TOO_FAST, self._of[opener].until - now)
        mine = [p.until for p in self._plates.values() if (p.circle, p.chair) == (circle, chair)]
        if len(mine) >= self._settings.nameplates_per_chair:
            raise RendezvousRefused(Refusal.TOO_FAST, max(1, min(mine) - now))
        wait = self._opened.take(circle, now)
        if wait:
            raise RendezvousRefused(Refusal.TOO_FAST, wait)
        until = now + self._settings.nameplate_life
        plate = Nameplate(self._choose(), circle, chair, opener, until)
        self._plates[plate.words] = plate
        self._of[opener] = plate
        return plate

    def claim(self, claimant: P, words: Words, source: str, now: int) -> None:
        """Come to one. An unknown one counts as an attempt, like every other."""
        wait = self._claimed.take(source, now)
        if wait:
            raise RendezvousRefused(Refusal.TOO_FAST, wait)
        plate = self._plates.get(words)
        if plate is None and words not in self._gone:
            raise RendezvousRefused(Refusal.FORBIDDEN)
        if plate is None or plate.claimant is not None or plate.until <= now:
            raise RendezvousRefused(Refusal.NAMEPLATE_GONE)
        plate.claimant = claimant
        self._of[claimant] = plate

    def other(self, party: P) -> P:
        """To whom this side speaks."""
        plate = self._of.get(party)
        other = None if plate is None else plate.other(party)
        if other is None:
            raise RendezvousRefused(Refusal.NAMEPLATE_GONE)
        return other

    def leave(self, party: P) -> P | None:
        """This side is through, or its line is; the other side, if it is there, is told so."""
        plate = self._of.get(party)
        if plate is None:
            return None
        self._burn(plate)
        return plate.other(party)

    def expire(self, now: int) -> list[P]:
        """Burn what has had its time; all who were there."""
        over = [plate for plate in self._plates.values() if plate.until <= now]
        for plate in over:
            self._burn(plate)
        for words in [words for words, until in self._gone.items() if until <= now]:
            del self._gone[words]
        self._opened.prune(now)
        self._claimed.prune(now)
        sides = [side for plate in over for side in (plate.opener, plate.claimant)]
        return [side for side in sides if side is not None]

    def _burn(self, plate: Nameplate[P]) -> None:
        del self._plates[plate.words]
        for side in (plate.opener, plate.claimant):
            if side is not None:
                self._of.pop(side, None)
        self._gone[plate.words] = plate.until + GONE_KEPT_FOR
        while len(self._gone) > GONE_KEPT:
            del self._gone[next(iter(self._gone))]

    def _choose(self) -> Words:
        """One word while more than half of them are free, else two."""
        single = sum(1 for words in (*self._plates, *self._gone) if len(words) == 1)
        length = 1 if single < wire.WORDS // 2 else 2
        while True:
            words = tuple(self._word() for _ in range(length))
            if words not in self._plates and words not in self._gone:
                return words

    def _word(self) -> int:
        # 1296 does not divide 65536: numbers that would favour the first words are drawn again.
        bound = 65536 - 65536 % wire.WORDS
        while (drawn := int.from_bytes(self._rng(2))) >= bound:
            pass
        return drawn % wire.WORDS
