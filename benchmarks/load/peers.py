"""The servers that the relay is compared with: of other kinds, and a bare loop of its own kind."""

from __future__ import annotations

import base64
import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from benchmarks.load.engine import Dialect, Unavailable
from benchmarks.load.hallway import Websocket
from benchmarks.load.servers import Kind, Server, free_port
from benchmarks.load.streams import connect, read_exactly, read_until

# Debian puts servers where not everybody's PATH goes, pip beside the interpreter.
_PATH = os.pathsep.join((os.environ.get("PATH", ""), str(Path(sys.executable).parent), "/usr/sbin"))


def _program(name: str, where_from: str) -> str:
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise Unavailable(f"{name} is not installed ({where_from})")
    return found


class Mosquitto(Kind):
    """MQTT 3.1.1, QoS 1, persistent sessions. It writes to its disk every half hour, if at all."""

    name = "mosquitto"
    dialect = Dialect.MQTT

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


class NatsAlways(Kind):
    """NATS JetStream on file with `sync_interval: always`: on disk before it is acknowledged.

    What is published goes to the stream, and to the members by core subscriptions.
    """

    name = "nats always"
    dialect = Dialect.NATS

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


class Prosody(Kind):
    """XMPP: rooms whose messages an archive keeps, in files that it does not wait for."""

    name = "prosody"
    dialect = Dialect.XMPP
    steady = False

    def start(self, folder: Path) -> Server:
        """Start one that keeps its archive in `folder`."""
        program = _program("prosody", "Debian: apt install prosody")
        port = free_port()
        settings = folder / "prosody.cfg.lua"
        settings.write_text(
            'modules_enabled = { "disco", "saslauth", "roster" }\n'
            'modules_disabled = { "s2s", "tls", "limits", "offline", "posix" }\n'
            "c2s_require_encryption = false\n"
            "allow_unencrypted_plain_auth = true\n"
            'authentication = "insecure"\n'
            'insecure_open_authentication = "Yes please, I know what I\'m doing!"\n'
            f'c2s_interfaces = {{ "127.0.0.1" }}\nc2s_ports = {{ {port} }}\n'
            f'data_path = "{folder}"\n'
            f"run_as_root = {'true' if os.geteuid() == 0 else 'false'}\n"
            'log = { warn = "*console" }\n'
            'VirtualHost "localhost"\n'
            'Component "rooms.localhost" "muc"\n'
            '  modules_enabled = { "muc_mam" }\n'
            "  muc_log_by_default = true\n"
            "  muc_room_locking = false\n"
            "  muc_room_default_persistent = true\n"
        )
        command = (program, "--config", settings, "-F")
        return Server(self.name, command, port, folder / "log")

    def connect(self, port: int, circle: int, members: int) -> list[socket.socket]:
        """A circle is a room that each member, a user of its own, has joined."""
        return [self._member(port, circle, f"u{circle}.{member}") for member in range(members)]

    def _member(self, port: int, circle: int, user: str) -> socket.socket:
        to = connect(port)
        begin = (
            "<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client'"
            " xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
        )
        password = base64.b64encode(f"\0{user}\0word".encode()).decode()
        room = f"c{circle}@rooms.localhost"
        for say, until in (
            (begin, "</stream:features>"),
            (
                "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
                f" mechanism='PLAIN'>{password}</auth>",
                ">",
            ),
            (begin, "</stream:features>"),
            (
                "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                "<resource>r</resource></bind></iq>",
                "</iq>",
            ),
            (
                f"<presence to='{room}/{user}'><x xmlns='http://jabber.org/protocol/muc'>"
                "<history maxstanzas='0'/></x></presence>",
                "<subject",
            ),
        ):
            to.sendall(say.encode())
            heard = read_until(to, until.encode())
            if b"failure" in heard or b"type='error'" in heard:
                raise RuntimeError(f"prosody refused a member: {heard!r}")
        return to


class Ngircd(Kind):
    """IRC: it keeps nothing, acknowledges nothing, and passes on lines of 512 bytes at most."""

    name = "ngircd"
    dialect = Dialect.IRC
    largest = 400

    def start(self, folder: Path) -> Server:
        """Start one without limits on rates."""
        program = _program("ngircd", "Debian: apt install ngircd")
        port = free_port()
        settings = folder / "ngircd.conf"
        user = getpass.getuser()
        settings.write_text(
            "[Global]\nName = irc.bench.local\nInfo = bench\nListen = 127.0.0.1\n"
            f"Ports = {port}\nServerUID = {user}\nServerGID = {user}\nMotdPhrase = hello\n"
            "[Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxPenaltyTime = 0\n"
            "MaxJoins = 0\nPingTimeout = 3600\n"
            "[Options]\nDNS = no\nIdent = no\nPAM = no\n"
        )
        return Server(self.name, (program, "-n", "-f", settings), port, folder / "log")

    def connect(self, port: int, circle: int, members: int) -> list[socket.socket]:
        """A circle is a channel."""
        return [self._member(port, circle, f"u{circle}x{member}") for member in range(members)]

    def _member(self, port: int, circle: int, nick: str) -> socket.socket:
        to = connect(port)
        to.sendall(f"NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n".encode())
        while b" 376 " not in (line := read_until(to, b"\r\n")):
            if line.startswith(b"PING "):
                to.sendall(line.replace(b"PING", b"PONG", 1))
        to.sendall(f"JOIN #c{circle}\r\n".encode())
        while b" 366 " not in read_until(to, b"\r\n"):
            pass
        return to


class Mailbox(Kind):
    """magic-wormhole's mailbox server: no third side may open a mailbox. It writes to SQLite."""

    name = "wormhole mailbox"
    dialect = Dialect.MAILBOX
    members = 2
    steady = False

    def start(self, folder: Path) -> Server:
        """Start one that keeps its mailboxes in `folder`."""
        where_from = "pip install magic-wormhole-mailbox-server, in a place that PATH names"
        program = _program("twist", where_from)
        about = subprocess.run((program, "--help"), capture_output=True, check=False)
        if b"wormhole-mailbox" not in about.stdout:
            raise Unavailable(f"twist has no wormhole-mailbox ({where_from})")
        port = free_port()
        command = (
            *(program, "--log-level=error", "wormhole-mailbox"),
            *(f"--port=tcp:{port}:interface=127.0.0.1", f"--channel-db={folder}/mailbox.sqlite"),
        )
        return Server(self.name, command, port, folder / "log")

    def connect(self, port: int, circle: int, members: int) -> list[socket.socket]:
        """A circle is a mailbox that two sides have opened."""
        return [self._side(port, circle, side) for side in range(members)]

    def _side(self, port: int, circle: int, side: int) -> socket.socket:
        to = Websocket(port, "/v1").socket
        for command in (
            {"type": "bind", "appid": "bench", "side": f"side {side}"},
            {"type": "open", "mailbox": f"circle {circle}"},
            {"type": "ping", "ping": 1},
        ):
            said = json.dumps(command).encode()
            to.sendall(b"\x81" + bytes((0x80 | len(said),)) + bytes(4) + said)
        while b'"pong"' not in _frame(to):
            pass
        return to


def _frame(from_: socket.socket) -> bytes:
    size = read_exactly(from_, 2)[1]
    return read_exactly(from_, int.from_bytes(read_exactly(from_, 2)) if size == 126 else size)


class Bare(Kind):
    """A loop around the `websockets` library that stores nothing (bare.py)."""

    name = "bare websockets"
    dialect = Dialect.HALLWAY

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
