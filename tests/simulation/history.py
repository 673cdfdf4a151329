"""What happened in a run, as its checker reads it: plain records in the order of time.

Nothing here is the engine's or the relay's: names of people, texts, numbers, and hashes in
hexadecimal. Times are milliseconds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Line:
    """A message on somebody's screen. `id` is the message's, the same for everybody.

    `place` is the log's entry that it is shown at; -1 while it waits, or was passed on.
    """

    position: int
    id: str
    author: str
    text: str
    place: int


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody wanted to say something."""

    at: int
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Kept:
    """They were answered that it is kept."""

    at: int
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A frame left a device: a message with the id `message`, or a commit, where that is empty.

    `key` names the epoch's secrets, `leaf` the sender's place in it, `kind` which of its ratchets,
    and `generation` the key of that; `guard` is what was mixed into the nonce.
    """

    at: int
    who: str
    asked: str
    frame: str
    message: str
    key: str
    leaf: int
    kind: int
    generation: int
    guard: str


@dataclass(frozen=True, slots=True)
class Ordered:
    """The relay has put a frame into its log for good."""

    at: int
    n: int
    frame: str


@dataclass(frozen=True, slots=True)
class PutBack:
    """The relay's log was put back from a backup, and ends at `n`."""

    at: int
    n: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A device heard that what it asked for (`asked`) is in the log, as entry `n`."""

    at: int
    who: str
    asked: str
    n: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A line came onto a screen."""

    at: int
    who: str
    line: Line


@dataclass(frozen=True, slots=True)
class Read:
    """All that a device holds to be read, when it starts and at the end."""

    at: int
    who: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence of the client's own. `alarm`: it warns, or has stopped."""

    at: int
    who: str
    text: str
    alarm: bool


@dataclass(frozen=True, slots=True)
class Attacked:
    """An attack begins, against some, who may name it by `words` (a regular expression).

    With `silent` they need not, as long as it does no harm. `astray` are those who are led onto
    another log than the others.
    """

    at: int
    name: str
    whom: tuple[str, ...]
    words: str
    silent: bool
    astray: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Played:
    """The last attack has been played; what follows from it goes on."""

    at: int


@dataclass(frozen=True, slots=True)
class Over:
    """The last attack is over, and everybody has got back; `played` is whether it came to be."""

    at: int
    played: bool


@dataclass(frozen=True, slots=True)
class Crashed:
    """A device, or the relay, died; `point` says when."""

    at: int
    who: str
    point: str


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody is in, from entry `n` on."""

    at: int
    who: str
    n: int


@dataclass(frozen=True, slots=True)
class Went:
    """Somebody is no longer one of those who keep the rules, and answers nobody."""

    at: int
    who: str


@dataclass(frozen=True, slots=True)
class Expected:
    """Who is rightfully in, and how many chairs there are; at the end."""

    at: int
    names: tuple[str, ...]
    cap: int


@dataclass(frozen=True, slots=True)
class Stands:
    """Where a device is at the end: the epoch, who is in, and whether it takes part."""

    at: int
    who: str
    epoch: str
    names: tuple[str, ...]
    cap: int
    takes_part: bool


Record: TypeAlias = (
    Said
    | Kept
    | Sent
    | Ordered
    | PutBack
    | Acknowledged
    | Shown
    | Read
    | Told
    | Attacked
    | Played
    | Over
    | Crashed
    | Came
    | Went
    | Expected
    | Stands
)


def digest(history: list[Record]) -> str:
    """One number for a whole run: the same seed gives the same."""
    hashed = hashlib.sha256()
    for record in history:
        hashed.update(repr(record).encode())
    return hashed.hexdigest()[:16]
