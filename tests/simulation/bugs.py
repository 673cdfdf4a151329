"""Ten mistakes, to be planted one by one: each breaks a promise that the checker has to miss.

A bug exchanges one thing in the engine, or in the world around it, for as long as it is planted. It
comes with the seed of a small life in which it does its harm, once people are together: with every
crash point once, and perhaps with one attack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from crypto.access.log import Head
from crypto.circle.view import Leaf
from crypto.envelope import Envelope
from relay.store.contract import STORED, Append, Intention, Outcome
from tests.harness import CrashError
from tests.simulation.checker import ALARM, KEYS, LOST, ORDER, STANDING, TWICE, UNDETECTED
from tests.simulation.plan import Plan
from tests.simulation.world import POINTS, RELAY_POINTS, SimDatabase, SimPerson, SimStore
from tui.engine import committing, heads, reading, saying, timeline
from tui.engine.circle import Circle, Witness
from tui.engine.store.database import Database
from tui.engine.store.records import CircleRecord, PendingRecord

CLIENTS = 3
FIRST, EPOCHS = 7, 14
"""The epoch in which people are together, and the last one."""


@dataclass(frozen=True)
class Bug:
    """A mistake, where it is planted, the promise that it breaks, and a life that shows it."""

    name: str
    owner: Any
    attribute: str
    mistake: Callable[..., Any]
    promise: str
    seed: int = 1
    attack: str = ""

    @contextmanager
    def planted(self) -> Iterator[None]:
        """While this lasts the mistake is there."""
        right = getattr(self.owner, self.attribute)
        setattr(self.owner, self.attribute, self.mistake(right))
        try:
            yield
        finally:
            setattr(self.owner, self.attribute, right)


def plan(attack: str = "") -> Plan:
    """All crash points, two an epoch, and an attack at the end."""
    crashes = tuple((FIRST + at // 2, point) for at, point in enumerate((*POINTS, *RELAY_POINTS)))
    return Plan(EPOCHS, ((EPOCHS, attack),) if attack else (), crashes)


def _ratchets_stay(right: Callable[[Circle], None]) -> Callable[[Circle], None]:
    def ratchets_moved(circle: Circle) -> None:
        """That a key was used is in memory alone."""

    return ratchets_moved


def _outbox_forgets(right: Callable[[Circle], None]) -> Callable[[Circle], None]:
    def pump(circle: Circle) -> None:
        right(circle)
        if circle.connection is not None:
            for seq in circle.connection.in_flight:
                circle.context.store.outbox.delete(seq)

    return pump


def _answers_early(right: Callable[[SimDatabase], Any]) -> Callable[[SimDatabase], Any]:
    @contextmanager
    def transaction(database: SimDatabase) -> Iterator[None]:
        with right(database):
            yield
            person = database.person
            if person is not None:
                context = person.client._context
                person.hand_out(person.client._desk.data_to_send(), list(context.told))
                context.told.clear()

    return transaction


def _nothing_is_known(right: Callable[..., bool]) -> Callable[..., bool]:
    def in_chain(circle: Circle, leaf: Leaf, envelope: Envelope, time: int) -> bool:
        right(circle, leaf, envelope, time)
        messages = circle.context.store.messages
        for record in messages.where("circle = ? AND id = ?", circle.number, envelope.id):
            again = replace(envelope, id=circle.context.rng(len(record.id)))
            timeline.received(circle, leaf, again, time)
            return False
        return True

    return in_chain


def _by_arrival(right: Callable[[Circle], int]) -> Callable[[Circle], int]:
    def place(circle: Circle) -> int:
        newest = timeline.rows_before(circle, timeline.WAITING_FROM, 1)
        before = newest[0].position >> timeline.PLACE_BITS if newest else 0
        return (before + 1) << timeline.PLACE_BITS

    return place


def _no_merge(right: Callable[..., None]) -> Callable[..., None]:
    def ordered(circle: Circle, pending: PendingRecord, side_data: bytes, time: int) -> None:
        circle.context.store.pending.delete(circle.number)
        circle.context.store.intentions.delete(pending.intention)
        if circle.connection is not None:
            circle.connection.commit_sent = False

    return ordered


def _any_head(right: Callable[..., bool]) -> Callable[..., bool]:
    def compare(circle: Circle, head: Head, found: bytes, witness: Witness) -> bool:
        return head.hash != found or right(circle, head, found, witness)

    return compare


def _pending_unwritten(right: Callable[..., None]) -> Callable[..., None]:
    def crash(person: SimPerson, point: str = "") -> None:
        with Database.transaction(person.database):
            person.database.write("DELETE FROM pending")
        right(person, point)

    return crash


def _cursor_first(right: Callable[[SimDatabase], Any]) -> Callable[[SimDatabase], Any]:
    @contextmanager
    def transaction(database: SimDatabase) -> Iterator[None]:
        records: list[CircleRecord] = []
        try:
            with right(database):
                yield
                if database.person is not None:
                    lines = database.person.client._desk.circle_lines()
                    records += [line.circle.record for line in lines]
        except CrashError:
            with Database.transaction(database):
                for record in records:
                    database.write(
                        "UPDATE circles SET n = ?, chain = ? WHERE number = ?",
                        (record.n, record.chain, record.number),
                    )
            raise

    return transaction


def _relay_answers_first(right: Callable[..., None]) -> Callable[..., None]:
    def settled(store: SimStore, intention: Intention, done: Callable[[Outcome], None]) -> None:
        if isinstance(intention, Append) and store.armed == "relay: before persist":
            done(STORED)
            store.world.hand_out()
        right(store, intention, done)

    return settled


BUGS = [
    Bug(
        "a key is used again after a crash",
        Circle,
        "ratchets_moved",
        _ratchets_stay,
        KEYS,
    ),
    Bug(
        "the outbox forgets a message when it is sent, not when it is acknowledged",
        saying,
        "pump",
        _outbox_forgets,
        LOST,
    ),
    Bug(
        "answers leave before what they stand for is on the disk",
        SimDatabase,
        "transaction",
        _answers_early,
        LOST,
    ),
    Bug(
        "a message that is known is shown again",
        reading,
        "_in_chain",
        _nothing_is_known,
        TWICE,
        attack="calls what it drops a backup",
    ),
    Bug("rows stand in the order in which they arrive", timeline, "place", _by_arrival, ORDER),
    Bug("an own commit is not merged", committing, "ordered", _no_merge, STANDING),
    Bug(
        "a head of another log is accepted",
        heads,
        "_compare",
        _any_head,
        UNDETECTED,
        seed=2,
        attack="signs for another log",
    ),
    Bug(
        "a commit is sent before it is stored as pending",
        SimPerson,
        "crash",
        _pending_unwritten,
        ALARM,
        seed=2,
    ),
    Bug(
        "the cursor moves before what it stands for is stored",
        SimDatabase,
        "transaction",
        _cursor_first,
        LOST,
    ),
    Bug(
        "the relay acknowledges before it has appended",
        SimStore,
        "_settled",
        _relay_answers_first,
        ALARM,
    ),
]
