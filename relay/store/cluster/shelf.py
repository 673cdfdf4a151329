"""The circles of which a node holds something, and what is asked of them.

What is held is what the stream says, folded: it can be let go of at any time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container

from relay.store.cluster.blobs import Blobs
from relay.store.cluster.circle import Circle, Cluster
from relay.store.cluster.events import Events, Struck, Whole
from relay.store.cluster.names import circle_of
from relay.store.contract import BlobChunk, Known, Loaded, Outcome, PutBlob, Record, SweepBlobs

CIRCLES_HELD, ENTRIES_HELD = 4096, 1_000_000
"""Folds that are kept of circles in which nothing goes on."""

TIDIED_EVERY = 256
"""Writes; to count what is held takes as long as some of them."""


class Shelf:
    """The circles, the last used last. Unreachable from every question."""

    def __init__(
        self,
        cluster: Cluster,
        write: Callable[[Circle, Whole | Struck], Awaitable[Outcome]],
    ) -> None:
        self._cluster = cluster
        self._stream, self._names = cluster.stream, cluster.names
        self._blobs = Blobs(cluster.stream, cluster.names, write)
        self._circles: dict[bytes, Circle] = {}
        self._writes = 0

    def circle(self, id_: bytes) -> Circle:
        """What is held of a circle, the last used last."""
        circle = self._circles.pop(id_, None) or Circle(self._cluster, id_)
        self._circles[id_] = circle
        return circle

    async def holds(self, id_: bytes, invite: bytes) -> bool:
        """Whether the circle opened an invite. Unreachable."""
        circle = self.circle(id_)
        await circle.refresh()
        return invite in circle.fold.invites

    def tidy(self, used: Container[bytes]) -> None:
        """Now and then let go of folds that nobody uses, the longest unused first."""
        self._writes += 1
        if self._writes % TIDIED_EVERY:
            return
        held = sum(len(circle.fold) for circle in self._circles.values())
        for id_, circle in list(self._circles.items()):
            if len(self._circles) <= CIRCLES_HELD and held <= ENTRIES_HELD:
                return
            if id_ not in used:
                held -= len(circle.fold)
                del self._circles[id_]

    def heard(self, id_: bytes, sequence: int, events: Events) -> Circle | None:
        """The node's consumer was given this; a circle that has to read on to know it."""
        circle = self._circles.get(id_)
        if circle is None:
            if not self._cluster.ours(events):
                self._cluster.tell(id_, events)
        elif not circle.heard(sequence, events):
            return circle
        return None

    async def load(self, id_: bytes) -> Loaded | None:
        """As `Store.load`."""
        circle = self.circle(id_)
        await circle.read_on()
        if circle.fold.creation is None:
            return None
        return circle.fold.loaded(*await circle.slots.all())

    async def read(self, id_: bytes, first: int, last: int, limit: int) -> list[Record]:
        """As `Store.read`."""
        return await self.circle(id_).read(first, last, limit)

    async def find(self, id_: bytes, idempotency_id: bytes) -> Known | None:
        """As `Store.find`."""
        circle = self.circle(id_)
        await circle.read_on()
        return circle.fold.known(idempotency_id)

    async def find_invite(self, invite: bytes) -> bytes | None:
        """As `Store.find_invite`."""
        found = await self._stream.last(self._names.invite(invite))
        if found is None or not await self.holds(found.data, invite):
            return None
        return found.data

    async def attachment(self, id_: bytes, hash_: bytes) -> bytes | None:
        """As `Store.attachment`."""
        return await self.circle(id_).attachment(hash_)

    async def circles(self) -> list[bytes]:
        """As `Store.circles`."""
        return [circle_of(subject) for subject in await self._stream.subjects(self._names.logs)]

    async def put_blob(self, put: PutBlob) -> Outcome:
        """As `Store.put_blob`."""
        return await self._blobs.put(self.circle(put.circle), put)

    async def sweep_blobs(self, sweep: SweepBlobs) -> Outcome:
        """As `Store.sweep_blobs`."""
        return await self._blobs.sweep(self.circle(sweep.circle), sweep)

    async def read_blob(
        self, id_: bytes, hash_: bytes, offset: int, limit: int
    ) -> BlobChunk | None:
        """As `Store.read_blob`."""
        return await self._blobs.read(self.circle(id_), hash_, offset, limit)
