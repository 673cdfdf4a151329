"""Many connections to one server: held and idle, or all coming back at about the same time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.hallway import Circle, Websocket, binding, masked, request
from crypto.access.binding import AccessKeyPair
from relay import wire

PATIENCE = 60
"""Seconds that a client gives itself to be caught up."""


class Lost(Exception):
    """A client did not keep its connection, or did not get what it had missed."""


def resident(pid: int) -> int:
    """The bytes of memory that a process has."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


def held(sockets: Sequence[socket.socket]) -> None:
    """See that nobody was turned out. Lost if somebody was."""
    for each in sockets:
        each.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            if not each.recv(1, socket.MSG_PEEK):
                raise Lost("the server closed an idle connection")


def speak(to: Websocket, handshake: int, messages: int, body: int) -> None:
    """Have a member append so many messages."""
    for _ in range(messages):
        to.say(wire.Append(os.urandom(16), handshake, os.urandom(body)))
        to.hear(wire.Done)


@dataclass(frozen=True, slots=True)
class Client:
    """A device that was away: what it binds with, and the n that it has and shall have."""

    circle: Circle
    key: AccessKeyPair
    newest: int


@dataclass(frozen=True, slots=True)
class Returned:
    """How long it took, in seconds: until all were caught up, from the first dial on, and each."""

    all: float
    each: list[float]


def come_back(port: int, clients: Sequence[Client], within: float) -> Returned:
    """Let all dial, evenly over `within` seconds, bind, and get what they missed. Lost."""
    return asyncio.run(_come_back(port, clients, within))


async def _come_back(port: int, clients: Sequence[Client], within: float) -> Returned:
    began = time.monotonic()
    returning = (
        _return(port, client, began + within * number / len(clients))
        for number, client in enumerate(clients)
    )
    each = await asyncio.gather(*returning)
    return Returned(time.monotonic() - began, sorted(each))


async def _return(port: int, client: Client, when: float) -> float:
    await asyncio.sleep(max(0.0, when - time.monotonic()))
    dialled = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await _catch_up(reader, writer, client, f"127.0.0.1:{port}")
            finally:
                writer.close()
    except (OSError, EOFError, TimeoutError) as error:
        raise Lost(f"a client that came back was not caught up: {error!r}") from error
    return time.monotonic() - dialled


async def _catch_up(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: Client, host: str
) -> None:
    writer.write(request(host))
    await reader.readuntil(b"\r\n\r\n")
    has = client.circle.log
    async for frame in _frames(reader):
        match frame:
            case wire.Hello():
                writer.write(masked(binding(frame, host, client.circle.id, client.key, has)))
            case wire.Entry() if frame.n == has + 1:
                has = frame.n
            case wire.Bound() | wire.Head():
                pass
            case wire.CaughtUp() if has == client.newest:
                return
            case _:
                raise Lost(f"a client that came back and had {has} heard {frame}")


async def _frames(reader: asyncio.StreamReader) -> AsyncIterator[wire.FromRelay]:
    while True:
        opcode, size = await reader.readexactly(2)
        if opcode != 0x82:
            raise Lost(f"a client heard a websocket frame that begins with {opcode:#x}")
        if size > 125:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8))
        for frame in wire.decode_from_relay(await reader.readexactly(size)):
            yield frame
