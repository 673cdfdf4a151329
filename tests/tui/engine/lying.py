"""A relay that tells one member something else than it would tell by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from relay import wire
from relay.wire import FromRelay
from tests.harness import Person, Socket, World

Lie = Callable[[FromRelay], Iterable[FromRelay]]


class LyingWorld(World):
    """A relay that tells `victim` something else, as long as there is a `lie`."""

    victim: Person | None = None
    lie: Lie | None = None

    def deliver(self, socket: Socket, up: bool) -> None:
        if not up and self.lie is not None and socket.person is self.victim:
            told = wire.decode_from_relay(socket.down[0])
            frames = [changed for frame in told for changed in self.lie(frame)]
            if not frames:
                socket.down.popleft()
                return
            socket.down[0] = wire.message(*frames)
        super().deliver(socket, up)
