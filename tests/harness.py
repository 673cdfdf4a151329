"""N engines and one relay in memory, a clock that a test turns, and links that go wrong on demand.

Everything is deterministic: randomness comes from a seed, nothing sleeps, nothing is patched. A
link carries whole websocket messages in order, as a socket does, until it is cut; what was under
way then is lost. A relay's answer may be lost after its store took the entry, so what is resent
arrives twice. An engine may crash before or after any of its transactions, and comes back with what
the database holds.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from crypto.secret import Secret
from relay import wire
from relay.hub import Hub
from relay.limits import Rate, Settings
from relay.session import Session
from tests.relay.memory import MemoryStore, Shelf
from tui.engine import commands
from tui.engine.client import Client
from tui.engine.events import CardRead, CircleFacts, Entered, Event, InviteMade, Refused, Row
from tui.engine.links import LinkId
from tui.engine.store.database import Database

NOW = 1_760_000_000_000
HOST = "chat.example.org"

E = TypeVar("E")

GENEROUS = Settings(
    messages=Rate(1000, 1),
    strangers=Rate(1000, 1),
    commits=Rate(1000, 1),
    rejoins=Rate(1000, 1),
    beats=Rate(1000, 1),
    failures=Rate(1000, 1),
    claims=Rate(1000, 1),
    nameplates=Rate(1000, 1),
)
"""A relay that does not hold anybody to a rate."""


class CrashError(Exception):
    """The process is gone, here and now."""


class CrashingDatabase(Database):
    """A database whose process can be made to crash at the edge of its next transaction."""

    crash: str = ""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        crash, self.crash = self.crash, ""
        with super().transaction():
            yield
            if crash == "before":
                raise CrashError
        if crash == "after":
            raise CrashError


def fresh_database() -> CrashingDatabase:
    """An empty profile, in memory."""
    database = CrashingDatabase.open(":memory:", Secret(bytes(32)))
    assert isinstance(database, CrashingDatabase)
    return database


@dataclass
class Backup:
    """A copy of the relay's disk."""

    shelves: dict[bytes, Shelf]
    invites: dict[bytes, bytes]


@dataclass(eq=False)
class Socket:
    """Both ends of one connection, and what is under way between them."""

    person: Person
    link: LinkId
    session: Session | None = None
    host: str = HOST
    up: deque[bytes] = field(default_factory=deque)
    down: deque[bytes] = field(default_factory=deque)
    open: bool = True
    ending: bool = False
    frames: list[bytes] = field(default_factory=list)

    # What a relay's session asks of an outlet.

    pending: int = 0

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)

    def close(self) -> None:
        self.ending = True

    # What the network does.

    def gather(self) -> None:
        """Make messages of what the relay has said."""
        self.down.extend(wire.pack(self.frames))
        self.frames.clear()

    def cut(self) -> None:
        """The connection is gone, and with it what was under way."""
        if self.open:
            self.open = False
            self.up.clear()
            self.down.clear()
            if self.session is not None:
                self.session.lost()


class Person:
    """One profile: a database, and the engine that has it open."""

    def __init__(
        self, world: World, name: str, default: str, database: CrashingDatabase | None = None
    ) -> None:
        self.world = world
        self.name = name
        self.default = default
        self.database = fresh_database() if database is None else database
        self.sockets: dict[LinkId, Socket] = {}
        self.heard: list[Event] = []
        self.offline = False
        self.ref = 0
        self.client = self._start()

    def _start(self) -> Client:
        world = self.world
        return Client(
            self.database,
            rng=world.random.randbytes,
            now=lambda: world.now,
            default_relay=self.default,
        )

    def crash(self) -> None:
        """The process dies, and another one opens the same profile."""
        for socket in list(self.sockets.values()):
            socket.cut()
        self.sockets.clear()
        self.client = self._start()

    def guarded(self, act: Callable[[], None]) -> None:
        """An input, in the course of which the process may crash."""
        try:
            act()
        except CrashError:
            self.crash()
        self.collect()

    def collect(self) -> None:
        """Take out what the engine has to say."""
        self.heard += self.client.events()
        for link, data in self.client.data_to_send():
            socket = self.sockets.get(link)
            if socket is not None and socket.open:
                socket.up.append(data)

    def sync(self) -> bool:
        """Open and close connections as the engine wants them; whether anything was to do."""
        moved = False
        wishes = {} if self.offline else self.client.links()
        for link, socket in list(self.sockets.items()):
            if not socket.open:
                del self.sockets[link]
                self.guarded(lambda link=link: self.client.link_closed(link))  # type: ignore[misc]
                return True
            if link not in wishes:
                socket.cut()
                del self.sockets[link]
                if self.offline:
                    self.guarded(lambda link=link: self.client.link_closed(link))  # type: ignore[misc]
                return True
        for link, wish in wishes.items():
            if link not in self.sockets and wish.not_before <= self.world.now:
                if link not in self.client.links():
                    break  # it crashed over the connection before
                self.world.connect(self, link)
                moved = True
        return moved

    # What a person does.

    def do(self, command: commands.Command) -> None:
        """Give a command."""
        self.guarded(lambda: self.client.do(command))

    def ask(self, make: Callable[[int], commands.Command]) -> Event:
        """Give a command, let the world settle, and take its one answer."""
        self.ref += 1
        ref = self.ref
        self.do(make(ref))
        self.world.settle()
        answers = [event for event in self.heard if event.ref == ref]
        assert len(answers) == 1, (self.name, answers, self.heard[-5:])
        return answers[0]

    def expect(self, kind: type[E], make: Callable[[int], commands.Command]) -> E:
        """As `ask`, with an answer of this kind."""
        answer = self.ask(make)
        assert isinstance(answer, kind), answer
        return answer

    def refused(self, make: Callable[[int], commands.Command]) -> Refused:
        """As `ask`, with a refusal."""
        return self.expect(Refused, make)

    def told(self, kind: type[E]) -> list[E]:
        """The events of a kind that were heard so far."""
        return [event for event in self.heard if isinstance(event, kind)]

    def opens(self, name: str = "Hallway", cap: int = 8) -> None:
        """Open a circle."""
        self.ask(
            lambda ref: commands.OpenCircle(
                ref=ref, name=name, person=self.name, relay=HOST, cap=cap
            )
        )

    def invites(self, uses: int = 1, history: int | None = None, circle: str = "") -> str:
        """Make a sealed code."""
        made = self.expect(
            InviteMade,
            lambda ref: commands.CreateInvite(ref=ref, uses=uses, history=history, circle=circle),
        )
        return made.invite.code

    def reads(self, code: str) -> CardRead:
        """Read a code's card."""
        return self.expect(CardRead, lambda ref: commands.ReadCode(ref=ref, code=code))

    def joins(self, code: str) -> Entered:
        """Come in on a code."""
        card = self.reads(code)
        return self.expect(
            Entered, lambda ref: commands.Enter(ref=ref, entry=card.entry, person=self.name)
        )

    def says(self, text: str, circle: str = "") -> None:
        """Say something; the world does not move yet."""
        self.do(commands.SendText(text=text, circle=circle))

    # What a person sees.

    def circle(self, named: str = "") -> CircleFacts:
        return self.client.circle(named)

    def rows(self, circle: str = "") -> list[Row]:
        found = self.client.circle(circle)
        return self.client.rows_before(found.id, None, 10_000)

    def texts(self, circle: str = "") -> list[str]:
        """What was said, in order, by whom."""
        return [f"{row.author}: {row.text}" for row in self.rows(circle) if row.kind == "text"]

    def notices(self, circle: str = "") -> list[str]:
        return [row.text for row in self.rows(circle) if row.kind in ("notice", "warning")]

    def warnings(self, circle: str = "") -> list[str]:
        return [row.text for row in self.rows(circle) if row.kind == "warning"]

    def states(self, circle: str = "") -> list[str]:
        return [str(row.state) for row in self.rows(circle) if row.mine and row.kind == "text"]


@dataclass
class Other:
    """A relay beside the one that everybody begins at."""

    store: MemoryStore
    hub: Hub
    token: str | None = None
    down: bool = False


class World:
    """One relay, everybody's engines, and the links between; and other relays, where wanted."""

    def __init__(self, seed: int = 1, settings: Settings = GENEROUS) -> None:
        self.now = NOW
        self.random = random.Random(seed)
        self.store = MemoryStore()
        self.settings = settings
        self.token: str | None = None
        self.skew = 0
        """Milliseconds that relays' clocks are ahead of everybody's."""
        self.hub = self._hub()
        self.people: list[Person] = []
        self.relay_down = False
        self.others: dict[str, Other] = {}
        self.certificates: dict[str, bytes] = {}
        """What relays show that no authority vouches for, by host."""

    def _hub(self) -> Hub:
        return self._over(self.store, self.token)

    def wants_token(self, token: str, uses: int = 1, until: int = 1 << 60) -> None:
        """From now on a circle is opened at the relay with this token alone."""
        self.token = token
        self.store.issue(token, uses, until)
        self.hub = self._hub()

    def _over(self, store: MemoryStore, token: str | None = None) -> Hub:
        return Hub(
            store,
            self.settings,
            lambda: self.now + self.skew,
            self.random.randbytes,
            "open" if token is None else "token",
        )

    def relay(self, host: str, token: str | None = None) -> Other:
        """Another relay than everybody's, at this address; opening a circle there takes a token."""
        store = MemoryStore(key=bytes((8 + len(self.others),)) * 32)
        if token is not None:
            store.issue(token, uses=100)
        other = self.others[host] = Other(store, self._over(store, token), token)
        return other

    def restart(self, host: str) -> None:
        """Another relay is killed: what it acknowledged is kept."""
        other = self.others[host]
        for socket in self.sockets():
            if socket.host == host:
                socket.cut()
        other.store.waiting.clear()
        other.hub = self._over(other.store, other.token)

    def person(
        self, name: str, default: str = HOST, database: CrashingDatabase | None = None
    ) -> Person:
        """Somebody with a fresh profile, or with this one, whose own relay is `default`."""
        person = Person(self, name, default, database)
        self.people.append(person)
        return person

    def circle(self, *names: str) -> list[Person]:
        """A circle of these people, the first of whom opened it."""
        people = [self.person(name) for name in names]
        people[0].opens()
        if len(people) > 1:
            code = people[0].invites(uses=len(people) - 1)
            for person in people[1:]:
                person.joins(code)
                self.settle()
        for person in people:
            person.heard.clear()
        return people

    # The network.

    def connect(self, person: Person, link: LinkId) -> None:
        """A socket is opened, unless the relay is down."""
        wish = person.client.links()[link]
        host = wish.address.dialled
        other = self.others.get(host)
        if self.relay_down if other is None else other.down:
            person.guarded(lambda: person.client.link_closed(link))
            return
        shown = self.certificates.get(host, b"")
        if shown and wish.pin != shown and (wish.pin or not wish.unvouched):
            person.guarded(lambda: person.client.link_closed(link, "Another certificate."))
            return
        socket = Socket(person, link, host=host)
        person.sockets[link] = socket
        if other is None:
            socket.session = self.hub.connect(socket, "192.0.2.1", HOST)
        else:
            socket.session = other.hub.connect(socket, "192.0.2.1", host)
        certificate = b"" if wish.pin else shown
        person.guarded(lambda: person.client.link_opened(link, certificate))

    def sockets(self) -> list[Socket]:
        return [socket for person in self.people for socket in person.sockets.values()]

    def restart_relay(self) -> None:
        """The relay is killed: what it acknowledged is kept, nothing else of it."""
        for socket in self.sockets():
            if socket.host not in self.others:
                socket.cut()
        self.store.waiting.clear()
        self.hub = self._hub()

    def backup(self) -> Backup:
        """The relay's data as they are now: what a copy of its disk holds."""
        shelves = {id: shelf.copy() for id, shelf in self.store.shelves.items()}
        return Backup(shelves, dict(self.store.invites))

    def put_back(self, backup: Backup) -> None:
        """The relay is killed, and comes back with the data of a backup."""
        self.restart_relay()
        self.store.shelves.clear()
        self.store.shelves.update({id: shelf.copy() for id, shelf in backup.shelves.items()})
        self.store.invites.clear()
        self.store.invites.update(backup.invites)

    def deliver(self, socket: Socket, up: bool) -> None:
        """One message arrives."""
        if up and socket.session is not None:
            socket.session.receive(socket.up.popleft())
        elif not up:
            data = socket.down.popleft()
            client = socket.person.client
            socket.person.guarded(lambda: client.link_received(socket.link, data))

    def _ways(self) -> list[tuple[Socket, bool]]:
        ways = []
        for socket in self.sockets():
            socket.gather()
            if socket.up:
                ways.append((socket, True))
            if socket.down:
                ways.append((socket, False))
            elif socket.ending and socket.open:
                socket.cut()
        return ways

    def step(self) -> bool:
        """One thing happens, chosen at random; False where nothing is to happen."""
        if any([person.sync() for person in self.people]):
            return True
        ways = self._ways()
        stores = [self.store, *(other.store for other in self.others.values())]
        busy = [store for store in stores if store.waiting]
        choices = len(ways) + len(busy)
        if not choices:
            return any(person.sync() for person in self.people)
        choice = self.random.randrange(choices)
        if choice < len(ways):
            self.deliver(*ways[choice])
        else:
            busy[choice - len(ways)].settle_one()
        return True

    def settle(self, steps: int = 50_000, wait: int = 10_000) -> None:
        """Let everything happen that is going to happen within `wait` milliseconds."""
        until = self.now + wait
        for _ in range(steps):
            if self.step():
                continue
            times = [person.client.next_deadline() for person in self.people if not person.offline]
            for person in self.people:
                if not person.offline:
                    times += [
                        wish.not_before
                        for link, wish in person.client.links().items()
                        if link not in person.sockets
                    ]
            later = [time for time in times if time is not None and time > self.now]
            if not later or min(later) > until:
                self.tick()
                if not self.step():
                    return
                continue
            self.now = min(later)
            self.tick()
        raise AssertionError("the world does not come to rest")

    def tick(self) -> None:
        """A moment passes for everybody."""
        self.hub.tick()
        for other in self.others.values():
            other.hub.tick()
        for person in self.people:
            person.guarded(person.client.tick)

    def wait(self, milliseconds: int) -> None:
        """Time passes."""
        end = self.now + milliseconds
        self.settle(wait=milliseconds)
        self.now = max(self.now, end)
        self.tick()
        self.settle(wait=0)
