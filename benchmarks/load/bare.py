"""A relay that keeps nothing: what the `websockets` library and uvloop allow at most.

It speaks the relay's `append`, `entry` and `done`, numbers the entries of a circle, and passes them
on: no bindings, no limits, no cursors, no disk. A circle is the path that a client dials. Messages
are taken in the protocol's callback and each connection has one write a turn of the loop, as in
the relay.

    python benchmarks/load/bare.py PORT
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from collections import defaultdict

import msgpack
import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

APPEND, ENTRY, DONE, CAUGHT_UP, MESSAGE = 35, 3, 6, 16, 1


class Circle:
    """Who is connected, and how many entries there were."""

    def __init__(self) -> None:
        self.members: list[Connection] = []
        self.n = 0


circles: defaultdict[str, Circle] = defaultdict(Circle)


class Connection(ServerConnection):
    """A member's connection, once it has shaken hands."""

    circle: Circle | None = None
    waiting: list[bytes]

    def enter(self, circle: Circle) -> None:
        """Take part in a circle, and say so."""
        self.waiting = []
        self.circle = circle
        circle.members.append(self)
        self.send_later(msgpack.packb((CAUGHT_UP, circle.n)))

    def process_event(self, event: Event) -> None:
        """Take binary messages as they are parsed, without a queue or a task."""
        if (
            self.circle is None
            or not isinstance(event, Frame)
            or event.opcode is not Opcode.BINARY
            or not event.fin
        ):
            super().process_event(event)
            return
        unpacker = msgpack.Unpacker()
        unpacker.feed(memoryview(event.data)[1:])
        for frame in unpacker:
            if frame[0] == APPEND:
                self.order(self.circle, frame[1], frame[3])

    def order(self, circle: Circle, idempotency_id: bytes, body: bytes) -> None:
        """Number a message and pass it on."""
        circle.n += 1
        now = time.time_ns() // 1_000_000
        entry = msgpack.packb((ENTRY, circle.n, MESSAGE, now, body, b""))
        for member in circle.members:
            if member is not self:
                member.send_later(entry)
        self.send_later(msgpack.packb((DONE, idempotency_id, circle.n, now)))

    def send_later(self, frame: bytes) -> None:
        """Send with whatever else this turn of the loop has for this connection."""
        if not self.waiting:
            if not dirty:
                self.loop.call_soon(flush)
            dirty.append(self)
        self.waiting.append(frame)

    def flush(self) -> None:
        """Write one websocket message."""
        frames, self.waiting = self.waiting, []
        size = 1 + sum(map(len, frames))
        if size < 126:
            head = bytes((0x82, size))
        elif size < 65536:
            head = b"\x82\x7e" + size.to_bytes(2)
        else:
            head = b"\x82\x7f" + size.to_bytes(8)
        self.transport.write(b"".join((head, b"\x01", *frames)))


dirty: list[Connection] = []


def flush() -> None:
    """The turn is over."""
    for each in dirty:
        each.flush()
    dirty.clear()


async def member(connection: ServerConnection) -> None:
    """Hold a connection for as long as it lasts."""
    assert isinstance(connection, Connection) and connection.request is not None
    circle = circles[connection.request.path]
    connection.enter(circle)
    await connection.wait_closed()
    circle.members.remove(connection)


async def main(port: int) -> None:
    """Serve until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with serve(
        member,
        "127.0.0.1",
        port,
        compression=None,
        create_connection=Connection,
        ping_interval=None,
        backlog=1024,
        close_timeout=1,
    ):
        gc.collect()
        gc.freeze()
        print("listening", flush=True)
        await ended.wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1])))
