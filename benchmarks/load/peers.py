"""The servers that the relay is compared with: Mosquitto, NATS JetStream, and a bare loop."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import sys
from pathlib import Path

from benchmarks.load.engine import Dialect, Unavailable
from benchmarks.load.hallway import Websocket
from benchmarks.load.servers import Server, free_port
from benchmarks.load.streams import connect, read_exactly, read_until

# Debian puts servers where not everybody's PATH goes, pip beside the interpreter.
_PATH = os.pathsep.join((os.environ.get("PATH", ""), str(Path(sys.executable).parent), "/usr/sbin"))


def _program(name: str, where_from: str) -> str:
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise Unavailable(f"{name} is not installed ({where_from})")
    return found


class Mosquitto:
    """MQTT 3.1.1, QoS 1, persistent sessions. It writes to its disk every half hour, if at all."""

    name = "mosquitto"
    dialect = Dialect.MQTT
    log = 0

    def start(self, folder: Path) -> Server:
        """Start one that keeps its state in `folder`."""
        program = _program("mosquitto", "Debian: apt install mosquitto")
        port = free_port()
        settings = folder / "mosquitto.conf"
        settings.write_text(
            f"listener {port} 127.0.0.1\n"
            "allow_anonymous true\n"
            "persistence true\n"
            f"persistence_location {folder}/\n"
            "max_queued_messages 0\n"
            "max_inflight_messages 0\n"
            "set_tcp_nodelay true\n"
            "sys_interval 0\n"
            "log_dest none\n"
            f"user {getpass.getuser()}\n"
        )
        return Server(self.name, (program, "-c", settings), port, folder / "log")

    def connect(self, port: int, circle: int, members: int) -> list[socket.socket]:
        """A circle is a topic that each member has subscribed to."""
        return [self._member(port, circle, member) for member in range(members)]

    def _member(self, port: int, circle: int, member: int) -> socket.socket:
        to = connect(port)
        persistent_session_without_keep_alive = b"\x04\x00\x00\x00"
        body = _text("MQTT") + persistent_session_without_keep_alive + _text(f"m{circle}.{member}")
        to.sendall(b"\x10" + bytes((len(body),)) + body)
        if read_exactly(to, 4) != b"\x20\x02\x00\x00":
            raise RuntimeError("mosquitto refused a connection")
        body = b"\x00\x01" + _text(f"circle/{circle}") + b"\x01"
        to.sendall(b"\x82" + bytes((len(body),)) + body)
        if read_exactly(to, 5) != b"\x90\x03\x00\x01\x01":
            raise RuntimeError("mosquitto refused a subscription with QoS 1")
        return to


def _text(text: str) -> bytes:
    return len(text).to_bytes(2) + text.encode()


class NatsAlways:
    """NATS JetStream on file with `sync_interval: always`: on disk before it is acknowledged.

    What is published goes to the stream, and to the members by core subscriptions.
    """

    name = "nats always"
    dialect = Dialect.NATS
    log = 0

    def start(self, folder: Path) -> Server:
        """Start one that keeps its stream in `folder`."""
        program = _program("nats-server", "it comes with requirements-dev.lock")
        port = free_port()
        settings = folder / "nats.conf"
        settings.write_text(
            f"listen: 127.0.0.1:{port}\n"
            f'jetstream {{ store_dir: "{folder}", sync_interval: always }}\n'
        )
        server = Server(self.name, (program, "-c", settings), port, folder / "log")
        try:
            self._open_stream(port)
        except BaseException:
            server.stop()
            raise
        return server

    def _open_stream(self, port: int) -> None:
        with self._greeted(port) as to:
            wanted = json.dumps({"name": "bench", "subjects": ["circle.*"], "storage": "file"})
            to.sendall(
                b"SUB answer 1\r\n"
                b"PUB $JS.API.STREAM.CREATE.bench answer %d\r\n%b\r\n"
                % (len(wanted), wanted.encode())
            )
            while not (line := read_until(to, b"\r\n")).startswith(b"MSG"):
                pass
            answer = json.loads(read_exactly(to, int(line.split()[-1])))
            if "error" in answer:
                raise RuntimeError(f"nats-server has no stream for us: {answer['error']}")

    def _greeted(self, port: int) -> socket.socket:
        to = connect(port)
        read_until(to, b"\r\n")
        to.sendall(b'CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\nPING\r\n')
        read_until(to, b"PONG\r\n")
        return to

    def connect(self, port: int, circle: int, members: int) -> list[socket.socket]:
        """A circle is a subject; what the stream acknowledges comes to each member's inbox."""
        sockets = [self._greeted(port) for _ in range(members)]
        for member, to in enumerate(sockets):
            subscriptions = f"SUB circle.{circle} 1\r\nSUB inbox.{circle}.{member}.* 2\r\nPING\r\n"
            to.sendall(subscriptions.encode())
            read_until(to, b"PONG\r\n")
        return sockets


class Bare:
    """A loop around the `websockets` library that stores nothing (bare.py)."""

    name = "bare websockets"
    dialect = Dialect.HALLWAY
    log = 0

    def start(self, folder: Path) -> Server:
        """Start it."""
        port = free_port()
        program = Path(__file__).with_name("bare.py")
        return Server(self.name, (sys.executable, program, str(port)), port, folder / "log")

    def connect(self, port: int, circle: int, members: int) -> list[socket.socket]:
        """A circle is a path."""
        sockets = []
        for _ in range(members):
            to = Websocket(port, f"/{circle}")
            to.frames()
            sockets.append(to.socket)
        return sockets
