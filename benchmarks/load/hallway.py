"""The relay under measurement: real bindings, a roster of signed admissions, all on disk."""

from __future__ import annotations

import base64
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.engine import Dialect
from benchmarks.load.servers import Kind, Server, free_port
from benchmarks.load.streams import connect, read_exactly, read_until
from crypto.access.binding import (
    AccessKeyPair,
    admit_statement,
    bind_statement,
    create_statement,
)
from crypto.access.side_data import AddInvite, Admit, Delta, encode
from crypto.primitives import sha256
from relay import wire

CARD = b"a sealed card"
FAR_AWAY = 1 << 62
"""When invites expire, in milliseconds since 1970."""


def request(host: str, path: str = "/", headers: str = "") -> bytes:
    """What a client that has dialled `host` begins a websocket with."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        f"Sec-WebSocket-Version: 13\r\n{headers}\r\n"
    ).encode()


def masked(frame: wire.FromClient) -> bytes:
    """A frame in a websocket message of its own, under a mask that changes nothing."""
    message = wire.message(frame)
    return b"\x82\xfe" + len(message).to_bytes(2) + bytes(4) + message


class Websocket:
    """A client's websocket that speaks the relay's frames; `socket` is to be taken from it."""

    def __init__(
        self,
        port: int,
        path: str = "/",
        address: str = "127.0.0.1",
        buffer: int = 0,
        headers: str = "",
    ) -> None:
        self.host = f"127.0.0.1:{port}"
        self.socket = connect(port, address, buffer)
        self.socket.sendall(request(self.host, path, headers))
        answer = read_until(self.socket, b"\r\n\r\n")
        self.answer = answer
        if b" 101 " not in answer.partition(b"\r\n")[0]:
            raise RuntimeError(f"no websocket: {answer!r}")
        self._waiting: list[wire.FromRelay] = []

    def say(self, frame: wire.FromClient) -> None:
        """Send one frame in a message of its own."""
        self.socket.sendall(masked(frame))

    def frames(self) -> list[wire.FromRelay]:
        """The next message's."""
        opcode, size = read_exactly(self.socket, 2)
        if opcode != 0x82:
            raise RuntimeError(f"a websocket frame that begins with {opcode:#x}")
        if size > 125:
            size = int.from_bytes(read_exactly(self.socket, 2 if size == 126 else 8))
        return wire.decode_from_relay(read_exactly(self.socket, size))

    def hear(self, *kinds: type[wire.FromRelay]) -> wire.FromRelay:
        """The next frame, which is of one of these kinds; heads are passed over."""
        while True:
            self._waiting = self._waiting or self.frames()
            frame = self._waiting.pop(0)
            if isinstance(frame, kinds):
                return frame
            if not isinstance(frame, wire.Head):
                raise RuntimeError(f"the relay said {frame}")


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle, its members' keys, the founder's first, and n of its log once all are in."""

    id: bytes
    keys: list[AccessKeyPair]
    log: int


class Relay(Kind):
    """A Hallway relay with its defaults, but for the limits that one machine would run into."""

    name = "relay"
    dialect = Dialect.HALLWAY
    log = 2
    """n of a circle's log once everybody is in: one commit invites, one admits."""

    def start(self, folder: Path) -> Server:
        """Start one that keeps its logs in `folder`."""
        port = free_port()
        command = (
            *(sys.executable, "-m", "relay"),
            *("--listen", f"127.0.0.1:{port}", "--data", folder / "data"),
            *("--connections", "100000", "--circles-per-day", "100000", "--circle-mib", "100000"),
            *("--messages-per-second", "1000000", "--messages-at-once", "1000000"),
        )
        clean = {key: value for key, value in os.environ.items() if not key.startswith("HALLWAY_")}
        return Server(self.name, command, port, folder / "log", clean)

    def connect(self, port: int, circle: int, members: int) -> list[socket.socket]:
        """Open a circle, let everybody in, and bind a socket for each."""
        made, founder = self.found(port, circle, members)
        others = (self.bind(port, made.id, key, made.log) for key in made.keys[1:])
        return [founder.socket, *(other.socket for other in others)]

    def found(
        self, port: int, circle: int, members: int, address: str = "127.0.0.1"
    ) -> tuple[Circle, Websocket]:
        """Open a circle and let everybody in; with the founder's socket, which is bound."""
        circle_id = sha256(b"circle %d" % circle)[:16]
        keys = [AccessKeyPair.generate(os.urandom) for _ in range(members)]
        cap = max(members, wire.CAP_LOWEST)
        founder = self._open(port, circle_id, keys[0], cap, address)
        if members > 1:
            self._let_in(founder, circle_id, keys[1:])
        return Circle(circle_id, keys, self.log if members > 1 else 0), founder

    def _open(
        self, port: int, circle_id: bytes, key: AccessKeyPair, cap: int, address: str
    ) -> Websocket:
        to = Websocket(port, address=address)
        hello = to.hear(wire.Hello)
        assert isinstance(hello, wire.Hello)
        statement = create_statement(hello.nonce, to.host, circle_id, key.public, cap)
        to.say(wire.Create(circle_id, key.public, cap, None, key.sign(statement)))
        to.hear(wire.Bound)
        to.hear(wire.CaughtUp)
        return to

    def _let_in(self, to: Websocket, circle_id: bytes, keys: list[AccessKeyPair]) -> None:
        invite_id = os.urandom(16)
        guest, signing = (AccessKeyPair.generate(os.urandom) for _ in range(2))
        card = sha256(CARD)
        to.say(wire.Stage(card, 0, len(CARD), CARD))
        uses = len(keys)
        invite = AddInvite(invite_id, guest.public, signing.public, uses, FAR_AWAY, card)
        self._commit(to, 0, [invite])
        statements = [admit_statement(circle_id, invite_id, key.public) for key in keys]
        admissions = [
            Admit(invite_id, key.public, signing.sign(statement))
            for key, statement in zip(keys, statements, strict=True)
        ]
        self._commit(to, 1, admissions)

    def _commit(self, to: Websocket, handshake: int, deltas: Sequence[Delta]) -> None:
        to.say(wire.Commit(os.urandom(16), handshake, b"a commit", encode(deltas)))
        to.hear(wire.Done)

    def bind(
        self,
        port: int,
        circle_id: bytes,
        key: AccessKeyPair,
        after: int,
        address: str = "127.0.0.1",
    ) -> Websocket:
        """A member's socket, which has the log up to `after` and is caught up."""
        to = Websocket(port, address=address)
        hello = to.hear(wire.Hello)
        assert isinstance(hello, wire.Hello)
        to.say(binding(hello, to.host, circle_id, key, after))
        to.hear(wire.Bound)
        to.hear(wire.CaughtUp)
        return to


def binding(
    hello: wire.Hello, host: str, circle_id: bytes, key: AccessKeyPair, after: int
) -> wire.Bind:
    """What a member says to a relay that it has dialled as `host`."""
    statement = bind_statement(hello.nonce, host, circle_id, key.public)
    return wire.Bind(circle_id, key.public, after, key.sign(statement))
