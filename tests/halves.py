"""A world whose relay shows two halves of a circle two logs."""

from __future__ import annotations

from relay.hub import Hub
from relay.limits import Settings
from tests.harness import GENEROUS, HOST, Person, Socket, World
from tests.relay.memory import MemoryStore
from tui.engine.links import LinkId


class Halves(World):
    """From `split` to `heal` some see a log of their own, which goes on from where all were."""

    def __init__(self, seed: int = 1, settings: Settings = GENEROUS) -> None:
        self.half: tuple[Person, ...] = ()
        self.other: tuple[MemoryStore, Hub] | None = None
        super().__init__(seed, settings)

    def split(self, *half: Person) -> None:
        """From here on the relay has two logs, and shows the other one to some."""
        store = MemoryStore()
        store.shelves = {id: shelf.copy() for id, shelf in self.store.shelves.items()}
        store.invites = dict(self.store.invites)
        self.half, self.other = half, (store, self._over(store, self.token))
        self._cut()

    def heal(self) -> None:
        """There is one log again for all."""
        self._cut()
        self.half, self.other = (), None

    def _cut(self) -> None:
        for socket in self.sockets():
            socket.cut()

    def connect(self, person: Person, link: LinkId) -> None:
        if person not in self.half or self.other is None:
            return super().connect(person, link)
        socket = person.sockets[link] = Socket(person, link)
        socket.session = self.other[1].connect(socket, "192.0.2.1", HOST)
        person.guarded(lambda: person.client.link_opened(link))

    def step(self) -> bool:
        if self.other is not None and self.other[0].waiting:
            self.other[0].settle()
            return True
        return super().step()

    def tick(self) -> None:
        if self.other is not None:
            self.other[1].tick()
        super().tick()
