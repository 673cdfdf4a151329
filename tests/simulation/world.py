"""A world whose every step is drawn from a seed, and written down for the checker.

It is that of `tests.harness` (genuine engines, a genuine relay, clock, network and disks in memory)
with devices that die at chosen points, disks that fail, a relay that dies, and lies on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from crypto.envelope import Envelope
from crypto.mls.errors import MlsError
from crypto.mls.framing import MlsMessage, PrivateMessage
from crypto.mls.protection import SenderData, _open_sender_data, _sender_data_aad
from crypto.primitives import sha256
from crypto.secret import Secret
from relay import wire
from relay.limits import Settings
from relay.store.contract import STORED, Append, Intention, Outcome
from relay.wire import FromClient, FromRelay
from tests.halves import Halves
from tests.harness import (
    GENEROUS,
    HOST,
    Backup,
    CrashError,
    CrashingDatabase,
    Person,
    Socket,
)
from tests.relay.memory import MemoryStore, Shelf
from tests.simulation.history import (
    Acknowledged,
    Crashed,
    Kept,
    Line,
    Ordered,
    PutBack,
    Read,
    Record,
    Said,
    Sent,
    Shown,
    Told,
)
from tui.engine.circle import SUITE, Circle
from tui.engine.commands import SendText
from tui.engine.events import (
    CircleChanged,
    Event,
    LinkState,
    Queued,
    Refused,
    Row,
    RowAdded,
    RowChanged,
    RowKind,
)
from tui.engine.links import LinkId
from tui.engine.store.database import Database, DiskError
from tui.engine.timeline import PLACE_BITS, WAITING_FROM

POINTS = tuple(
    f"{edge} {what}" for what in ("persist", "send", "ack", "merge") for edge in ("before", "after")
)
"""When a device may die: around the transaction of an input, around what it sends to be ordered,
around its word to the relay that it holds entries, around the step to another epoch."""

RELAY_POINTS = ("relay: before persist", "relay: after persist", "relay: after the answer")
"""When the relay may die."""

QUIETLY = ("notice", "warning")


class Lie(Protocol):
    """What a relay makes of the frames of one person's connections. `told` counts what it bent."""

    told: int

    def down(self, frame: FromRelay) -> Iterable[FromRelay]:
        """What that person is shown instead."""

    def up(self, frame: FromClient) -> Iterable[FromClient]:
        """What the relay takes of what they say."""


class SimDatabase(CrashingDatabase):
    """A disk in memory. The process dies at the `armed` point, `failing` makes it take nothing."""

    armed = ""
    failing = ""
    person: SimPerson | None = None
    """Whose disk it is, once they have it open."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        before = self._state()
        with Database.transaction(self):
            yield
            if self._meets("before", before):
                raise CrashError
            if self.failing and self._wrote(before):
                raise DiskError(self.failing)
        if self._meets("after", before):
            raise CrashError

    def _state(self) -> tuple[int, object]:
        merges = self.armed.endswith("merge")
        return self._connection.total_changes(), self._epochs() if merges else None

    def _epochs(self) -> object:
        return self.rows("SELECT circle, epoch FROM groups ORDER BY circle")

    def _wrote(self, before: tuple[int, object]) -> bool:
        return self._connection.total_changes() > before[0]

    def _meets(self, edge: str, before: tuple[int, object]) -> bool:
        if self.armed == f"{edge} persist":
            return self._wrote(before)
        if self.armed == f"{edge} merge" and before[1] is not None:
            return self._wrote(before) and bool(before[1]) and self._epochs() != before[1]
        return False


def fresh_disk() -> SimDatabase:
    """An empty profile."""
    database = SimDatabase.open(":memory:", Secret(bytes(32)))
    assert isinstance(database, SimDatabase)
    return database


class SimStore(MemoryStore):
    """The relay's disk, which writes down what is put into the log, and at which it may die."""

    def __init__(self, world: SimWorld) -> None:
        super().__init__()
        self.world = world
        self.armed = ""

    def submit(self, intention: Intention, done: Callable[[Outcome], None]) -> None:
        self.waiting.append(lambda: self._settled(intention, done))

    def _settled(self, intention: Intention, done: Callable[[Outcome], None]) -> None:
        point = ""
        if isinstance(intention, Append):
            point, self.armed = self.armed, ""
        if point == "relay: before persist":
            return self.world.relay_dies(point)
        outcome = self._carry_out(intention)
        if point == "relay: after persist":
            return self.world.relay_dies(point)
        done(outcome)
        if point:
            self.world.hand_out()
            self.world.relay_dies(point)

    def _append(self, append: Append) -> Outcome:
        outcome = super()._append(append)
        if outcome is STORED:
            record = append.record
            self.world.note(Ordered(self.world.now, record.n, short(record.body or b"")))
        return outcome


def short(data: bytes) -> str:
    """A frame's name."""
    return sha256(data).hex()[:16]


class SimPerson(Person):
    """A profile whose screen and frames are written down."""

    world: SimWorld
    database: SimDatabase

    def __init__(self, world: SimWorld, name: str) -> None:
        self.texts_asked: dict[int, str] = {}
        self.noticed: set[tuple[str, str]] = set()
        self.said_of_link = ""
        self.stale = False
        self.moves = 0
        self.in_place: tuple[object, ...] = ()
        self.member = ""
        super().__init__(world, name, HOST, fresh_disk())
        self.database.person = self

    def _place(self) -> tuple[object, ...]:
        open_ = sum(socket.open for socket in self.sockets.values())
        return self.moves, self.world.now, self.offline, open_, len(self.sockets)

    def sync(self) -> bool:
        """As every person; the engine is not asked again where nothing has changed."""
        if self.in_place == self._place():
            return False
        moved = super().sync()
        self.in_place = () if moved else self._place()
        return moved

    def guarded(self, act: Callable[[], None]) -> None:
        self.moves += 1
        super().guarded(act)

    # Dying.

    def crash(self, point: str = "") -> None:
        point = point or self.database.armed
        self.world.note(Crashed(self.world.now, self.name, point))
        self.database.armed = ""
        self.moves += 1
        super().crash()
        self.looks()

    def collect(self) -> None:
        outgoing = self.client.data_to_send()
        frames = [frame for _, data in outgoing for frame in wire.decode_from_client(data)]
        if self._meets("before", frames):
            return self.crash()
        self.hand_out(outgoing, self.client.events())
        if self._meets("after", frames):
            for socket in list(self.sockets.values()):
                while socket.open and socket.up:
                    self.world.deliver(socket, True)
            self.crash()

    def hand_out(self, outgoing: list[tuple[LinkId, bytes]], events: list[Event]) -> None:
        """Send to the relay, and show on the screen."""
        for link, data in outgoing:
            socket = self.sockets.get(link)
            if socket is not None and socket.open:
                socket.up.append(data)
                self.world.leaves(self, data)
        self.heard += events
        for event in events:
            self._note(event)
        if any(isinstance(event, CircleChanged) for event in events):
            self._facts()

    def _meets(self, edge: str, frames: list[FromClient]) -> bool:
        armed = self.database.armed
        if armed == f"{edge} send":
            return any(isinstance(frame, wire.Append | wire.Commit) for frame in frames)
        return armed == f"{edge} ack" and any(isinstance(frame, wire.Ack) for frame in frames)

    # What is on the screen.

    def says(self, text: str, circle: str = "") -> None:
        self.ref += 1
        self.texts_asked[self.ref] = text
        self.world.note(Said(self.world.now, self.name, text))
        self.do(SendText(ref=self.ref, text=text, circle=circle))

    def looks(self) -> None:
        """Everything that can be read here, as after a start."""
        if not self.client.circles():
            return
        rows = self.rows()
        lines = tuple(self._line(row) for row in rows if row.kind is RowKind.TEXT)
        self.world.note(Read(self.world.now, self.name, lines))
        for row in rows:
            if row.kind in QUIETLY:
                self._told(row)
        self._facts()

    def _note(self, event: Event) -> None:
        now = self.world.now
        match event:
            case RowAdded(row=row) if row.kind is RowKind.TEXT:
                self.world.note(Shown(now, self.name, self._line(row)))
                self._marked(row)
            case RowChanged(row=row) if row.kind is RowKind.TEXT:
                self._marked(row)
            case RowAdded(row=row) | RowChanged(row=row) if row.kind in QUIETLY:
                self._told(row)
            case Queued(ref=ref) if ref in self.texts_asked:
                self.world.note(Kept(now, self.name, self.texts_asked.pop(ref)))
            case Refused(sentence=sentence):
                self.world.note(Told(now, self.name, sentence, False))

    def _line(self, row: Row) -> Line:
        place = row.position >> PLACE_BITS if row.position < WAITING_FROM else -1
        author = self.world.names.get(row.author_id, "?") if row.author_id else ""
        return Line(row.position, row.id, author, row.text, place)

    def _told(self, row: Row) -> None:
        if (row.id, row.text) not in self.noticed:
            self.noticed.add((row.id, row.text))
            alarm = row.kind is RowKind.WARNING
            self.world.note(Told(self.world.now, self.name, row.text, alarm))

    def _marked(self, row: Row) -> None:
        if row.late:
            text = "marked: the sender's clock and the relay's are far apart"
            self.world.note(Told(self.world.now, self.name, text, False))

    def _facts(self) -> None:
        circles = self.client.circles()
        if not circles:
            return
        facts = circles[0]
        if facts.link_sentence != self.said_of_link:
            self.said_of_link = facts.link_sentence
            if facts.link_sentence:
                stopped = facts.link is LinkState.STOPPED
                self.world.note(Told(self.world.now, self.name, facts.link_sentence, stopped))
        if facts.stale != self.stale:
            self.stale = facts.stale
            if facts.stale:
                self.world.note(Told(self.world.now, self.name, "no proof of freshness", False))


class SimWorld(Halves):
    """One relay, its people, and what is written down of them."""

    people: list[SimPerson]  # type: ignore[assignment]

    def __init__(self, seed: int, settings: Settings = GENEROUS) -> None:
        self.history: list[Record] = []
        self.names: dict[str, str] = {}
        self.lies: dict[SimPerson, Lie] = {}
        super().__init__(seed, settings)
        self.store = self.disk = SimStore(self)
        self.hub = self._hub()

    def note(self, record: Record) -> None:
        """Write something down."""
        self.history.append(record)

    def joined(self, name: str) -> SimPerson:
        """Somebody with a fresh profile."""
        person = SimPerson(self, name)
        self.people.append(person)
        return person

    # What leaves a device.

    def leaves(self, person: SimPerson, data: bytes) -> None:
        """Write down what is to be ordered, and the key that it was made with."""
        for frame in wire.decode_from_client(data):
            if isinstance(frame, wire.Append | wire.Commit):
                self.note(self._sent(person, frame))

    def _sent(self, person: SimPerson, frame: wire.Append | wire.Commit) -> Sent:
        circle = person.client._desk.circle("")
        key, leaf, kind, generation, guard = opened(circle, frame.body)
        message = ""
        for row in person.database.rows(
            "SELECT id, envelope FROM outbox WHERE frame = ?", (frame.body,)
        ):
            message = Envelope.decode(bytes(row[1])).id.hex()  # type: ignore[arg-type]
        return Sent(
            self.now,
            person.name,
            frame.idempotency_id.hex(),
            short(frame.body),
            message,
            key,
            leaf,
            kind,
            generation,
            guard,
        )

    # What a relay does.

    @property
    def shelf(self) -> Shelf:
        """The one circle, as the relay keeps it."""
        (shelf,) = self.store.shelves.values()
        return shelf

    def deliver(self, socket: Socket, up: bool) -> None:
        person = socket.person
        assert isinstance(person, SimPerson)
        lie = self.lies.get(person)
        queue = socket.up if up else socket.down
        if lie is not None:
            data = queue.popleft()
            if up:
                said = [new for old in wire.decode_from_client(data) for new in lie.up(old)]
            else:
                said = [new for old in wire.decode_from_relay(data) for new in lie.down(old)]  # type: ignore[misc]
            if not said:
                return
            queue.appendleft(wire.message(*said))
        if not up:
            for frame in wire.decode_from_relay(queue[0]):
                if isinstance(frame, wire.Done):
                    asked = frame.idempotency_id.hex()
                    self.note(Acknowledged(self.now, person.name, asked, frame.n))
        super().deliver(socket, up)

    def hand_out(self) -> None:
        """What the relay has said so far arrives."""
        for socket in self.sockets():
            socket.gather()
            while socket.open and socket.down:
                self.deliver(socket, False)

    def relay_dies(self, point: str) -> None:
        """The relay is killed, and another one starts."""
        self.note(Crashed(self.now, "the relay", point))
        self.restart_relay()

    def put_back(self, backup: Backup) -> None:
        super().put_back(backup)
        for shelf in backup.shelves.values():
            self.note(PutBack(self.now, len(shelf.records)))


def opened(circle: Circle, body: bytes) -> tuple[str, int, int, int, str]:
    """Which key a frame was sealed with: the epoch's name, leaf, ratchet, generation and guard.

    Empty where the frame is not of the epoch that the device is in.
    """
    message = MlsMessage.decode(body).body
    if circle.group is None or not isinstance(message, PrivateMessage):
        return "", 0, 0, 0, ""
    secret = circle.group.state.epoch.secrets.sender_data_secret
    aad = _sender_data_aad(message.group_id, message.epoch, message.content_type)
    try:
        data: SenderData = _open_sender_data(SUITE, message, secret, aad)
    except MlsError:
        return "", 0, 0, 0, ""
    kind = int(message.content_type)
    key = sha256(secret.reveal()).hex()[:16]
    return key, data.leaf_index, kind, data.generation, data.reuse_guard.hex()
