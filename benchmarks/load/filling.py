"""Circles and messages put straight into a relay's store, through the store's own code."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.load.hallway import CARD, FAR_AWAY, Circle
from crypto.access.binding import AccessKeyPair, admit_statement
from crypto.access.log import EMPTY_CHAIN, Kind, chain, entry_hash
from crypto.access.side_data import AddInvite, Admit, encode
from crypto.primitives import sha256
from relay import wire
from relay.directory import Directory
from relay.store.contract import STORED, Append, Attachment, Creation, Intention, Outcome, Record
from relay.store.sqlite import SqliteStore

HANDSHAKE = 2
"""n of the newest commit in a circle that was filled: one invites, one admits."""

AT_ONCE = 10_000
"""Intentions that may share a transaction."""


def fill(data: Path, circles: int, members: int, messages: int, body: int) -> list[Circle]:
    """Make `circles` in the relay's directory `data`, each with so many messages of `body` bytes.

    RuntimeError where the store refuses anything.
    """
    woken = threading.Event()
    store = SqliteStore(Directory(data).database, woken.set)
    outcomes: list[Outcome] = []
    made, submitted = [], 0
    try:
        for number in range(circles):
            filled = Filled(sha256(b"filled circle %d" % number)[:16], members)
            made.append(filled.told(messages))
            for intention in filled.intentions(messages, body):
                store.submit(intention, outcomes.append)
                submitted += 1
                while submitted - len(outcomes) >= AT_ONCE:
                    woken.wait()
                    woken.clear()
                    store.settle()
    finally:
        store.close()
    if len(outcomes) != submitted or any(outcome is not STORED for outcome in outcomes):
        raise RuntimeError(f"the store cannot be filled: {store.broken or set(outcomes)}")
    return made


class Filled:
    """A circle in the making: its keys, and where its log stands."""

    def __init__(self, circle: bytes, members: int) -> None:
        self.id = circle
        self.keys = [AccessKeyPair.generate(os.urandom) for _ in range(members)]
        self._time = time.time_ns() // 1_000_000
        self._n = 0
        self._chain = EMPTY_CHAIN

    def told(self, messages: int) -> Circle:
        """The circle as its members have it, once it has that many messages."""
        return Circle(self.id, self.keys, HANDSHAKE + messages)

    def intentions(self, messages: int, body: int) -> Iterator[Intention]:
        """What makes it: its creation, the two commits that let everybody in, the messages."""
        founder, *others = self.keys
        cap = max(len(self.keys), wire.CAP_LOWEST)
        yield Creation(self.id, founder.public, cap, self._time, os.urandom(16))
        invite, card = os.urandom(16), sha256(CARD)
        guest, signing = (AccessKeyPair.generate(os.urandom) for _ in range(2))
        opened = AddInvite(invite, guest.public, signing.public, len(others), FAR_AWAY, card)
        yield self._next(Kind.COMMIT, b"a commit", encode([opened]), CARD, (invite,))
        admissions = [
            Admit(invite, key.public, signing.sign(admit_statement(self.id, invite, key.public)))
            for key in others
        ]
        yield self._next(Kind.COMMIT, b"a commit", encode(admissions))
        for _ in range(messages):
            yield self._next(Kind.MESSAGE, os.urandom(body))

    def _next(
        self,
        kind: Kind,
        body: bytes,
        side_data: bytes = b"",
        attached: bytes = b"",
        invites: tuple[bytes, ...] = (),
    ) -> Append:
        before, self._n = self._chain, self._n + 1
        hashed = entry_hash(self._time, body, side_data)
        self._chain = chain(self.id, self._n, kind, before, hashed)
        record = Record(
            *(self._n, kind, self._time, body, side_data, self.keys[0].public),
            *(os.urandom(16), hashed, self._chain),
        )
        attachments = (Attachment(sha256(attached), attached),) if attached else ()
        return Append(self.id, record, attachments, invites, before)
