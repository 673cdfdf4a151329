"""The relay's sockets: bytes from the network to `relay.hub` and back.

    transport ─ data_received ─▶ Incoming, or websockets' parser ─ message ─▶ Session.receive
    transport ◀─ one write a turn ─ Socket.flush ◀─ frames ─ Session, LiveCircle (`Outlet`)

Everything happens in the event loop's callbacks: no task and no queue object for a socket or a
message. What is sent during one turn of the loop leaves a socket as one websocket message in one
write; readers of one circle mostly have the same frames to get, and then share its bytes too.
permessage-deflate is not offered: what passes through here is ciphertext.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import ssl
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import cast

from websockets.exceptions import PayloadTooBig
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from relay import metrics, wire
from relay.hub import Hub
from relay.limits import LOW_WATER, QUEUE_LIMIT, source
from relay.pages import response
from relay.pages.response import Page
from relay.reception import Reception
from relay.session import Session
from relay.websocket import Incoming, Shared, ends_request
from relay.wire import MESSAGE_LIMIT, Refusal

OPENING_SECONDS = 5
"""For a socket to finish its handshake."""

CLOSING_SECONDS = 5
"""For a peer to answer the close frame, and take what was sent before it."""

PING_SECONDS = 30
"""Between two pings of one socket. A socket that is silent for two of them is dropped."""

TAKEN_AT_ONCE = 32
"""Frames that one socket is heard with before the others have their turn."""

PARSED_AT_ONCE = 2048
"""Bytes of it, where they are the parser's: the smallest frames take it ten times as long."""

HASTY = 32
"""Frames in a row that came too fast, or pings since the last of ours, before it has to pause."""

PAUSE_SECONDS = 1.0
"""How long nothing is read from a socket that is in such haste: what it sends stays with it."""

TOLD = 32
"""Sockets beyond the most that there may be that are let in, to be told so."""

STEPS = 20
"""Of a tick, spread over its second."""

BACKLOG = 1024

LOCAL = "local"
"""The address of whoever comes through the relay's own Unix socket: its operator."""

FORWARDED_FOR, FORWARDED_PROTO = "X-Forwarded-For", "X-Forwarded-Proto"

LOG = logging.getLogger("relay")
_QUIET = logging.getLogger("relay.websockets")
_QUIET.setLevel(logging.CRITICAL)  # addresses and headers do not belong in a log


class Socket(asyncio.Protocol):
    """One TCP connection, from its request to its end; a `relay.session.Outlet`."""

    __slots__ = (
        "_address",
        "_closing",
        "_controls",
        "_edge",
        "_full",
        "_incoming",
        "_late",
        "_out",
        "_parts",
        "_protocol",
        "_rest",
        "_session",
        "_size",
        "_source",
        "_transport",
        "_waits",
        "deadline",
        "heard",
        "ring",
    )

    _transport: asyncio.Transport

    def __init__(self, edge: Server, operators: bool = False) -> None:
        self._edge = edge
        self._protocol = ServerProtocol(max_size=MESSAGE_LIMIT, logger=_QUIET)
        self._session: Session | None = None
        self._incoming: Incoming | None = None
        self._address = LOCAL if operators else ""
        self._source = ""
        self._out: list[bytes] = []
        self._size = 0
        self._parts: list[bytes] = []
        self._full = False
        self._closing = False
        self._late: list[bytes] = []
        self._rest = b""
        self._waits = False
        self._controls = 0
        self.heard = True
        self.deadline = 0.0
        self.ring = 0

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is accepted, and has `OPENING_SECONDS` to ask for something."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(LOW_WATER - 1, LOW_WATER // 2)
        peer = transport.get_extra_info("peername")
        if not self._address:
            self._address = peer[0] if isinstance(peer, tuple) else LOCAL
        self._source = source(self._address)
        if not self._edge.admit(self, self._source):
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._closing = True
        self._edge.lose(self, self._source)
        session, self._session = self._session, None
        if session is not None:
            session.lost()

    def data_received(self, data: bytes) -> None:
        """Bytes came: frames of the websocket, or of its request."""
        self.heard = True
        if self._waits:
            self._rest += data  # the transport had it already when it was told to pause
            return
        self._read(data)

    def _read(self, data: bytes) -> None:
        """Hear some of what came; what is left has to wait until others were heard."""
        incoming = self._incoming
        if incoming is None:
            # What follows on something that breaks the rules is thrown away, which is no work.
            most = PARSED_AT_ONCE if self._protocol.parser_exc is None else len(data)
            self._rest = data[most:]
            self._parse(data[:most])
        else:
            messages, for_parser = incoming.take(data, TAKEN_AT_ONCE)
            self._hear(messages)
            if incoming.strange:
                self._incoming, self._rest = None, for_parser
            elif for_parser:
                self._parse(for_parser)
        hasty = self._in_haste()
        if hasty or self._rest or (incoming is not None and incoming.more):
            self._wait(hasty)

    def _hear(self, messages: list[bytes]) -> None:
        """Hand messages on, unless there is no end to what is in them: those left have to wait."""
        session = self._session
        for at, message in enumerate(messages):
            if session is None or self._closing:
                return
            session.receive(message)
            if session.hasty >= HASTY:
                self._late = messages[at + 1 :]
                return

    def _in_haste(self) -> bool:
        """Whether it sends much more than it may; that is asked once for each time."""
        session = self._session
        if self._controls < HASTY and (session is None or session.hasty < HASTY):
            return False
        self._controls = 0
        if session is not None:
            session.hasty = 0
        return True

    def _wait(self, hasty: bool) -> None:
        if not self._transport.is_closing():
            self._waits = True
            self._transport.pause_reading()
            self._edge.later(self._go_on, hasty)

    def _go_on(self) -> None:
        self._waits = False
        late, self._late = self._late, []
        self._hear(late)
        if self._in_haste():
            self._wait(True)
        elif not self._transport.is_closing():
            rest, self._rest = self._rest, b""
            self._read(rest)
        if not self._waits and not self._transport.is_closing():
            self._transport.resume_reading()

    def _parse(self, data: bytes) -> None:
        protocol, before = self._protocol, self._session
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame):
                self._take(event)
            else:
                self._open(cast(Request, event))
        if self._session is not None and isinstance(protocol.parser_exc, PayloadTooBig):
            self._session.too_large()
        if not self._transport.is_closing():
            self._send_protocol()
        if before is None and self._session is not None and ends_request(data):
            self._incoming = Incoming()

    def eof_received(self) -> None:
        """The peer has said its last; asyncio closes the transport after this."""
        self._protocol.receive_eof()

    def pause_writing(self) -> None:
        """The transport holds more than the low water mark."""
        self._full = True

    def resume_writing(self) -> None:
        """The transport has let go of enough."""
        self._drained()

    # What the session says.

    @property
    def pending(self) -> int:
        """Bytes that were sent and have not left yet."""
        size = self._size + self._transport.get_write_buffer_size()
        if size >= LOW_WATER:
            self._full = True
        return size

    def send(self, frame: bytes) -> None:
        """Send an encoded frame with the others of this turn."""
        if not self._out:
            self._edge.dirty(self)
        self._out.append(frame)
        self._size += len(frame)

    def close(self) -> None:
        """Close the socket once everything is sent."""
        if not self._closing:
            self._closing = True
            frames, size = self._take_out()
            # What the parser has to say of the websocket's end is written behind this.
            if frames and self._protocol.state in (State.OPEN, State.CLOSING):
                self._transport.write(Shared().message(frames, size))
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
            self._edge.expect_end(self)
            self._send_protocol()

    # What the edge says.

    def flush(self, shared: Shared) -> None:
        """Write what was sent during this turn."""
        frames, size = self._take_out()
        if not frames or self._closing:
            return
        left = self._transport.get_write_buffer_size()
        self._transport.write(shared.message(frames, size))
        # A transport that held nothing may be given more at once than it may hold for long.
        if left and left + size > QUEUE_LIMIT and self._session is not None:
            self._session.too_slow()
        elif self._full:
            self._drained()

    def ping(self) -> None:
        """Ask for a sign of life, or end the socket that gave none since the last time."""
        if not self.heard:
            self.abort()
        elif self._protocol.state is State.OPEN:
            self.heard, self._controls = False, 0
            self._protocol.send_ping(b"")
            self._send_protocol()

    def end(self) -> None:
        """The relay stops: a socket that the relay's session did not close closes now."""
        if self._session is None:
            self._transport.close()

    def abort(self) -> None:
        """Let go of the socket and of all that it has not taken."""
        self._closing = True
        self._transport.abort()

    def _take_out(self) -> tuple[list[bytes], int]:
        frames, size = self._out, self._size
        self._out, self._size = [], 0
        return frames, size

    def _drained(self) -> None:
        if self._session is not None and self._transport.get_write_buffer_size() < LOW_WATER:
            self._full = False
            self._session.drained()

    def _send_protocol(self) -> None:
        """Write what the websocket itself has to say: handshake, pongs, closing."""
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._closing = True
                self._edge.expect_end(self)
                if self._transport.can_write_eof():
                    self._transport.write_eof()
                else:
                    self._transport.close()

    def _open(self, request: Request) -> None:
        if self._protocol.eof_sent:
            # Something that ends the websocket came with the request that would begin it.
            self.abort()
            return
        page = self._edge.page(request.path, self._address == LOCAL)
        if page is not None:
            answer = self._protocol.reject(page.status, page.text)
            del answer.headers["Content-Type"]
            answer.headers.update(page.headers())
            self._protocol.send_response(answer)
            return
        tls = self._transport.get_extra_info("ssl_object") is not None
        said, proto = (request.headers.get_all(name) for name in (FORWARDED_FOR, FORWARDED_PROTO))
        visitor, tls = self._edge.reception.identify(self._address, said, proto, tls)
        if visitor is not None and not self._turns_out(visitor):
            return self.abort()
        answer = self._protocol.accept(request)
        opened = answer.status_code == HTTPStatus.SWITCHING_PROTOCOLS
        if not opened:
            answer.headers.update(response.guards())
        self._protocol.send_response(answer)
        self._send_protocol()
        if opened:
            here = self._transport.get_extra_info("sockname")
            host = self._edge.reception.dialled(request.headers.get("Host", ""), here, tls)
            self._session = self._edge.greet(self, self._address, self._source, host)

    def _turns_out(self, address: str) -> bool:
        """A proxy says whose socket this is; whether there is room for another one from there."""
        before, self._address = self._source, address
        self._source = source(address)
        return self._edge.reception.turns_out(before, self._source)

    def _take(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.PING, Opcode.PONG):
            self._controls += 1
        session = self._session
        if session is None or self._closing:
            return
        if frame.opcode is Opcode.BINARY and frame.fin:
            session.receive(bytes(frame.data))
        elif frame.opcode is Opcode.TEXT:
            session.receive_text()
        elif frame.opcode in (Opcode.BINARY, Opcode.CONT):
            # A message in fragments; the parser has held them to the message's limit together.
            self._parts.append(bytes(frame.data))
            if frame.fin:
                data, self._parts = b"".join(self._parts), []
                session.receive(data)


def _bind_locally(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        bound.bind(str(path))
    except OSError:
        bound.close()
        raise
    finally:
        os.umask(before)
    return bound


class Server:
    """The relay's edge in a running event loop: sockets come in, turns go out, ticks go round.

    `names` are the addresses under which clients know this relay (docs/protocol.md section 3.1),
    besides the address and port at which a socket arrives. Under any other name nobody can bind:
    what was signed for a relay elsewhere is worth nothing here. `proxies` are the addresses of the
    reverse proxies that are believed about whom they speak for, and `install` is where `/i` says
    that Hallway can be had. There are `most` sockets at a time.
    """

    def __init__(
        self,
        hub: Hub,
        names: frozenset[str] = frozenset(),
        opening: float = OPENING_SECONDS,
        closing: float = CLOSING_SECONDS,
        pause: float = PAUSE_SECONDS,
        most: int = 1 << 20,
        proxies: Iterable[str] = (),
        install: str = "",
        each_second: Callable[[], None] = lambda: None,
        machine: Callable[[], Iterable[metrics.Metric]] = tuple,
    ) -> None:
        self.hub = hub
        self.reception = Reception(hub.settings.sockets_per_source, names, proxies, install)
        self.about: dict[str, object] = {}
        self.remark = ""
        """What this relay says of itself to its operator."""
        self._each_second = each_second
        self._machine = machine
        self._opening = opening
        self._closing = closing
        self._pause = pause
        self._most = most
        self.stopping = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.sockets: dict[Socket, None] = {}
        self._hurried: dict[Socket, None] = {}
        self._dirty: list[Socket] = []
        self._listeners: list[asyncio.Server] = []
        self._rings: list[dict[Socket, None]] = [{} for _ in range(PING_SECONDS)]
        self._rounds = 0
        self._empty = asyncio.Event()
        self._ticking: asyncio.TimerHandle | None = None

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Accept sockets at this address; the port, which was chosen if it was 0. OSError."""
        listener = await self._loop.create_server(
            lambda: Socket(self), host, port, ssl=tls, backlog=BACKLOG
        )
        self._listeners.append(listener)
        if self._ticking is None:
            self._tick_on()
        chosen: int = listener.sockets[0].getsockname()[1]
        return chosen

    async def listen_locally(self, path: Path) -> None:
        """Answer the operator on a Unix socket that only this user can reach. OSError."""
        bound = _bind_locally(path)
        listener = await self._loop.create_unix_server(lambda: Socket(self), sock=bound)
        self._listeners.append(listener)

    async def listen_to_operator(self, host: str, port: int) -> int:
        """As `listen`, for whoever may know the counts, at an address of the loopback. OSError."""
        listener = await self._loop.create_server(lambda: Socket(self, operators=True), host, port)
        self._listeners.append(listener)
        chosen: int = listener.sockets[0].getsockname()[1]
        return chosen

    async def stop(self) -> None:
        """Tell everyone, let them take what was sent to them, and close."""
        for listener in self._listeners:
            listener.close()
        if self._ticking is not None:
            self._ticking.cancel()
        self.hub.going()
        self._flush()
        for each in list(self.sockets):
            each.end()
        if self.sockets:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), self._closing)
        for each in list(self.sockets):
            each.abort()

    def settle(self) -> None:
        """What the store has to say is heard, and what comes of it is sent. In the loop."""
        try:
            self.hub.store.settle()
        except Exception:
            # Whatever it was, others have not heard what became of their wishes. Starting anew
            # from the disk is right; going on from here is not.
            LOG.exception("The relay met a fault of its own.")
            self.hub.fail("The relay met a fault of its own.")
        if self.hub.broken is not None:
            self.stopping.set()

    def tick(self, steps: int = 1) -> None:
        """A step of `Hub.tick`; after its last one, whoever dawdles, and some pings."""
        if not self.hub.tick(steps):
            return
        now = self._loop.time()
        for each in [each for each in self._hurried if each.deadline <= now]:
            each.abort()
        self._rounds += 1
        for each in list(self._rings[self._rounds % PING_SECONDS]):
            each.ping()
        self._each_second()
        if self.hub.broken is not None:
            self.stopping.set()

    # What a socket asks.

    def admit(self, socket: Socket, source: str) -> bool:
        """Whether there is room for another socket from there; it has to hurry then."""
        self._empty.clear()
        self.sockets[socket] = None
        # The ring that has just been pinged, so that a new socket's first ping is the latest.
        socket.ring = self._rounds % PING_SECONDS
        self._rings[socket.ring][socket] = None
        self._hurry(socket, self._opening)
        room = source == LOCAL or len(self.sockets) <= self._most + TOLD
        return self.reception.comes(source) and room

    def lose(self, socket: Socket, source: str) -> None:
        """A socket is gone."""
        self.sockets.pop(socket, None)
        self._hurried.pop(socket, None)
        self._rings[socket.ring].pop(socket, None)
        self.reception.leaves(source)
        if not self.sockets:
            self._empty.set()

    def greet(self, socket: Socket, address: str, source: str, host: str | None) -> Session:
        """A socket has shaken hands: the relay's session takes over."""
        self._hurried.pop(socket, None)
        session = self.hub.connect(socket, address, host)
        if self.reception.crowded(source) or len(self.sockets) > self._most:
            session.end(wire.Refused(None, Refusal.CROWDED))
        return session

    def expect_end(self, socket: Socket) -> None:
        """A socket was told the end, and has to hurry to answer."""
        self._hurry(socket, self._closing)

    def later(self, then: Callable[[], None], hasty: bool) -> None:
        """Once everybody else was heard, and for who is in haste after a pause."""
        if hasty:
            self._loop.call_later(self._pause, then)
        else:
            self._loop.call_soon(then)

    def dirty(self, socket: Socket) -> None:
        """A socket has something to send at the end of this turn."""
        if not self._dirty:
            self._loop.call_soon(self._flush)
        self._dirty.append(socket)

    def page(self, path: str, local: bool) -> Page | None:
        """What a GET of this path is answered; None where it is to be a websocket."""
        path = path.partition("?")[0]
        match path:
            case "/":
                return None
            case "/metrics" if local:
                more = (*metrics.of_proxies(self.reception.proxied), *self._machine())
                return response.metrics(metrics.render(self.hub, len(self.sockets), more))
            case "/about" if local:
                return response.facts(self.about)
            case "/readyz":
                ready = self.hub.broken is None and not self.stopping.is_set()
                return response.ready(self.remark) if ready else response.NOT_READY
        return self.reception.page(path)

    def _hurry(self, socket: Socket, seconds: float) -> None:
        socket.deadline = self._loop.time() + seconds
        self._hurried[socket] = None

    def _flush(self) -> None:
        # What a flush makes a session say is part of the same turn.
        while self._dirty:
            dirty, self._dirty = self._dirty, []
            shared = Shared()
            for each in dirty:
                each.flush(shared)

    def _tick_on(self) -> None:
        self._ticking = self._loop.call_later(1 / STEPS, self._tick_on)
        self.tick(STEPS)
