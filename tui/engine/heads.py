"""The relay's signed heads against the log that it showed: the proof that there is one log alone.

docs/protocol.md sections 4.3 and 5.1. Every head that this device is shown, by the relay or inside
of another member's message or beat, either fits the chain that was folded here, or is of an entry
that is yet to come, or proves that the relay shows two logs.
"""

from __future__ import annotations

from crypto.access.log import Head, chain
from crypto.fields import NUMBER_HIGHEST
from relay.wire import Entry
from tui.engine import forks, freshness, timeline
from tui.engine.circle import Circle, Witness
from tui.engine.errors import LinkError
from tui.engine.store.records import EntryRecord

AHEAD_MOST = 256
"""Heads of entries yet to come that are remembered."""


def fold(circle: Circle, n: int, kind: int, entry_hash: bytes, entry: Entry | None) -> None:
    """Take an entry, or what is left of it, into the chain; LinkError where it does not follow."""
    record = circle.record
    if n != record.n + 1:
        raise LinkError(f"The relay showed entry {n} after entry {record.n}.")
    record.chain = chain(circle.id, n, kind, record.chain, entry_hash)
    record.n = n
    record.sub = timeline.next_place(circle, n) if n <= record.branch_end else 0
    if kind == _COMMIT:
        record.handshake = n
    circle.changed()
    circle.context.store.entries.insert(
        EntryRecord(
            circle.number,
            n,
            kind,
            0 if entry is None else entry.time,
            record.chain,
            None if entry is None else entry.body,
            None if entry is None else entry.side_data,
            entry_hash,
        )
    )
    expected = circle.heads.pop(n, None)
    if expected is not None:
        head, witness = expected
        _compare(circle, head, record.chain, witness)


def followed(circle: Circle, access_key: bytes) -> None:
    """The newest entry is a commit that was followed; whose it was is not in the chain."""
    circle.context.store.database.write(
        "UPDATE entries SET sender = ? WHERE circle = ? AND n = ?",
        (access_key, circle.number, circle.record.n),
    )


def note(circle: Circle, head: Head, witness: Witness) -> bool:
    """Compare a head with the log; whether it fits, or is of an entry that is yet to come."""
    record = circle.record
    former = circle.context.store.incarnations.get(circle.number, head.incarnation)
    key = former.key if former is not None else b""
    if not head.verify(circle.id, key or record.relay_key):
        forks.claimed(circle, witness)
        return False
    given_up = head.incarnation != record.incarnation and former is not None and head.n > former.n
    if head.n > NUMBER_HIGHEST or given_up:
        return False  # nothing follows that part of a former incarnation
    if forks.ignored(circle, witness):
        return False
    if head.n <= record.n:
        entry = circle.context.store.entries.get(circle.number, head.n)
        return entry is None or _compare(circle, head, entry.chain, witness)
    known = circle.heads.get(head.n)
    if known is not None and known[0].hash != head.hash:
        forks.found(circle, head, witness)
        return False
    if len(circle.heads) < AHEAD_MOST:
        circle.heads[head.n] = (head, witness)
    freshness.ahead(circle, head.n, witness.name)
    return True


def newest(circle: Circle) -> Head | None:
    """The newest signed head that fits the chain, if there is one."""
    return Head.decode(circle.record.head) if circle.record.head else None


def _compare(circle: Circle, head: Head, found: bytes, witness: Witness) -> bool:
    if head.hash != found:
        forks.found(circle, head, witness)
        return False
    if not witness.leaf_key:
        forks.relay_agrees(circle)
    if head.incarnation != circle.record.incarnation:
        return True  # a name that the relay gives the same log
    known = newest(circle)
    if known is None or head.n > known.n or head.incarnation != known.incarnation:
        circle.record.head = head.encode()
        circle.changed()
    return True


_COMMIT = 2
