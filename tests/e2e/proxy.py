"""A proxy between real clients and a real relay, that does what a relay without its key could do.

It speaks the relay's wire: it terminates each client's websocket, opens one to the relay under the
name that the client dialled, and hands messages on, one direction as it is, the other through a
`lie`. It runs in a thread of the test's process; a test changes the lie, and cuts connections.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from websockets.asyncio.client import connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from relay import wire
from relay.wire import FromRelay

Lie = Callable[[FromRelay], Iterable[FromRelay]]
Damage = Callable[[bytes], bytes]


def honest(frame: FromRelay) -> Iterable[FromRelay]:
    """What the relay said."""
    yield frame


@dataclass
class Proxy:
    """`lie` is told to the device whose access key is `victim`, and `damage` done to its bytes.

    `keys` are the access keys that were seen, in the order in which they came.
    """

    address: str
    relay: tuple[str, int]
    victim: bytes = b""
    lie: Lie = honest
    damage: Damage | None = None
    keys: list[bytes] = field(default_factory=list)
    _sockets: dict[ServerConnection, bytes] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    async def listen(self) -> Server:
        """Take connections at the address."""
        host, _, port = self.address.rpartition(":")
        return await serve(
            self._serve, host, int(port), compression=None, max_size=wire.MESSAGE_LIMIT
        )

    async def _serve(self, client: ServerConnection) -> None:
        host, port = self.relay
        async with connect(
            f"ws://{self.address}/",
            host=host,
            port=port,
            compression=None,
            max_size=wire.MESSAGE_LIMIT,
            proxy=None,
        ) as relay:
            self._sockets[client] = b""

            async def up() -> None:
                with suppress(ConnectionClosed):
                    async for data in client:
                        self._look(client, bytes(data))  # type: ignore[arg-type]
                        await relay.send(data)
                await relay.close()

            async def down() -> None:
                with suppress(ConnectionClosed):
                    async for data in relay:
                        for told in self._told(client, bytes(data)):  # type: ignore[arg-type]
                            await client.send(told)
                await client.close()

            try:
                await asyncio.gather(up(), down())
            finally:
                del self._sockets[client]

    def _look(self, client: ServerConnection, data: bytes) -> None:
        """For whom a connection speaks."""
        for frame in wire.decode_from_client(data):
            if isinstance(frame, wire.Create | wire.Bind):
                self._sockets[client] = frame.access_key
                if frame.access_key not in self.keys:
                    self.keys.append(frame.access_key)

    def _told(self, client: ServerConnection, data: bytes) -> Iterator[bytes]:
        if not self.victim or self._sockets[client] != self.victim:
            yield data
            return
        frames = [told for frame in wire.decode_from_relay(data) for told in self.lie(frame)]
        for told in wire.pack([wire.encode(frame) for frame in frames]):
            yield told if self.damage is None else self.damage(told)

    # From the test's thread.

    def lies(self, victim: bytes, lie: Lie = honest, damage: Damage | None = None) -> None:
        """From now on this is told to the victim."""
        self.victim, self.lie, self.damage = victim, lie, damage

    def truth(self) -> None:
        """From now on everybody is told the truth, on new connections."""
        self.lies(b"")
        self.cut()

    def cut(self) -> None:
        """All connections end."""

        async def close() -> None:
            for client in list(self._sockets):
                await client.close()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(30)

    def say(self, victim: bytes, *frames: FromRelay) -> None:
        """Something of the proxy's own making, in between."""

        async def send() -> None:
            for client, key in list(self._sockets.items()):
                if key == victim:
                    await client.send(wire.message(*frames))

        asyncio.run_coroutine_threadsafe(send(), self._loop).result(30)

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        """The proxy, in a thread of its own, for as long as a test lasts."""
        started = threading.Event()

        def run() -> None:
            asyncio.set_event_loop(self._loop)
            server = self._loop.run_until_complete(self.listen())
            started.set()
            self._loop.run_forever()
            server.close()
            self._loop.run_until_complete(server.wait_closed())
            self._loop.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            assert started.wait(30)
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(30)
