"""The relay's sockets, over real ones."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import stat
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from relay import wire
from relay.hub import Hub
from relay.limits import QUEUE_LIMIT, Rate, Settings
from relay.live import NO_SPACE_WAIT
from relay.server import HASTY, PING_SECONDS, TOLD, Server
from relay.store.contract import Cursor, Outcome
from relay.store.reader import Reader
from relay.store.sqlite import SqliteStore
from relay.wire import Refusal
from tests.relay.certificate import self_signed
from tests.relay.client import Client, fresh_id
from tests.relay.people import ANA, BO, CAM, CIRCLE, invite_id
from tests.relay.store.disk import Disk

FREELY = Settings(messages=Rate(10_000, 0.1), commits=Rate(100, 0.1), failures=Rate(100, 0.1))
"""Bounds that no test runs into unless it wants to."""


class Running:
    """A relay in this process, its database in `folder`."""

    def __init__(self, server: Server, port: int, folder: Path) -> None:
        self.server = server
        self.hub = server.hub
        self.port = port
        self.folder = folder

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def client(self, **options: object) -> Client:
        return Client(self.url, **options)


@asynccontextmanager
async def running(
    folder: Path,
    settings: Settings = FREELY,
    names: frozenset[str] = frozenset(),
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    vfs: str | None = None,
    opening: float = 5,
    closing: float = 5,
    pause: float = 0,
    most: int = 1000,
) -> AsyncIterator[Running]:
    loop = asyncio.get_running_loop()

    def wake() -> None:
        loop.call_soon_threadsafe(server.settle)

    store = SqliteStore(folder / "relay.db", wake, vfs=vfs)
    hub = Hub(store, settings, lambda: time.time_ns() // 1_000_000, os.urandom)
    server = Server(hub, names, opening, closing, pause, most)
    port = await server.listen(host, 0, tls)
    try:
        yield Running(server, port, folder)
    finally:
        await server.stop()
        store.close()


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as relay:
        yield relay


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until something is so that has no other sign."""

    async def turning() -> None:
        while not condition():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0)

    await asyncio.wait_for(turning(), 20)


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk("edge")
    yield disk
    disk.unregister()


async def get(relay: Running, path: str) -> tuple[int, str]:
    """The status and text that a plain GET is answered with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head, _, text = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return int(head.split()[1]), text.decode()


class TestConversation:
    async def test_everyone_hears_everything_in_order(self, relay: Running) -> None:
        async with relay.client() as ana, relay.client() as bo, relay.client() as cam:
            await ana.create()
            n = await ana.bring_in(BO, CAM)
            await bo.bind(BO, n)
            await cam.bind(CAM, n)
            await asyncio.gather(
                *(
                    c.say(wire.Append(fresh_id(), n, b"%d" % k))
                    for c in (ana, bo)
                    for k in range(20)
                )
            )
            heard = [await cam.hear(wire.Entry) for _ in range(40)]
            assert [entry.n for entry in heard] == list(range(n + 1, n + 41))
            assert sorted(entry.body for entry in heard) == sorted(
                [b"%d" % k for k in range(20)] * 2
            )
            mine = 0
            for entry in heard:
                frame = await ana.next()
                while isinstance(frame, wire.Head):
                    frame = await ana.next()
                if isinstance(frame, wire.Done):
                    assert (frame.n, frame.time) == (entry.n, entry.time)
                    mine += 1
                else:
                    assert frame == entry
            assert mine == 20

    async def test_many_frames_come_and_go_in_few_messages(self, relay: Running) -> None:
        async with relay.client() as ana, relay.client() as bo:
            await ana.create()
            n = await ana.bring_in(BO)
            await bo.bind(BO, n)
            before = bo.messages
            await ana.say(*(wire.Append(fresh_id(), n, b"%d" % k) for k in range(100)))
            heard = [(await bo.hear(wire.Entry)).body for _ in range(100)]
            assert heard == [b"%d" % k for k in range(100)]
            assert bo.messages - before < 50

    async def test_a_long_absence_is_caught_up_in_order(self, relay: Running) -> None:
        async with relay.client() as ana, relay.client() as bo:
            await ana.create()
            n = await ana.bring_in(BO)
            bodies = [bytes((k,)) * 20_000 for k in range(60)]
            for body in bodies:
                await ana.append(body, n)
            await bo.say(bo.binding(BO, n))
            await bo.hear(wire.Bound)
            assert sum(map(len, bodies)) > 4 * QUEUE_LIMIT, "more than a queue holds at once"
            assert [(await bo.hear(wire.Entry)).body for _ in bodies] == bodies
            assert await bo.hear(wire.CaughtUp) == wire.CaughtUp(n + 60)

    async def test_heads_come_with_the_ticks(self, relay: Running) -> None:
        async with relay.client() as ana:
            bound = await ana.create()
            n = await ana.append(b"hello", 0)
            relay.server.tick()
            head = await ana.hear(wire.Head)
            assert (head.incarnation, head.n) == (bound.incarnation, n)

    async def test_a_guest_reads_the_card(self, relay: Running) -> None:
        async with relay.client() as ana, relay.client() as guest:
            await ana.create()
            await ana.bring_in(BO)
            await guest.say(guest.entering(invite_id(0)))
            frame = await guest.next()
            assert isinstance(frame, wire.Refused), "its one use is spent"
            assert frame.code == Refusal.INVITE_USED

    async def test_what_was_dialled_has_to_be_a_name(self, tmp_path: Path) -> None:
        names = frozenset({"chat.example.org:7600"})
        async with running(tmp_path, names=names) as relay:
            here = {"host": "127.0.0.1", "port": relay.port}
            for elsewhere in ("chat.example.org", f"10.0.0.1:{relay.port}", "localhost"):
                async with Client(f"ws://{elsewhere}", **here) as client:
                    await client.say(client.binding(ANA, 0))
                    assert (await client.hear(wire.Refused)).code == Refusal.FORBIDDEN
            async with Client("ws://Chat.example.org:7600", **here) as client:
                client.host = "chat.example.org:7600"
                await client.create()
            for name in (f"localhost:{relay.port}", f"127.0.0.1:{relay.port}"):
                async with Client(f"ws://{name}", **here) as client:
                    await client.say(client.binding(ANA, 0))
                    assert isinstance(await client.next(), wire.Bound)

    async def test_the_operator_hears_of_strange_names_but_not_for_ever(
        self, relay: Running, caplog: pytest.LogCaptureFixture
    ) -> None:
        for number in range(10):
            name = f"{number}.example.org"
            async with Client(f"ws://{name}", host="127.0.0.1", port=relay.port):
                pass
        said = [record.getMessage() for record in caplog.records if record.name == "relay"]
        assert len(said) == 3
        assert said[0].endswith("If it is: --name 0.example.org")

    async def test_a_signature_for_another_address_is_none(self, relay: Running) -> None:
        async with relay.client() as ana:
            ana.host = "elsewhere.example.org"
            await ana.say(ana.binding(ANA, 0))
            assert (await ana.hear(wire.Refused)).code == Refusal.FORBIDDEN


class TestWebsocket:
    async def test_deflate_is_not_offered(self, relay: Running) -> None:
        async with connect(relay.url, compression="deflate") as client:
            assert client.protocol.extensions == []

    async def test_a_ping_is_answered(self, relay: Running) -> None:
        async with relay.client() as ana:
            await asyncio.wait_for(await ana.socket.ping(), 10)

    async def test_a_message_may_come_in_fragments(self, relay: Running) -> None:
        async with relay.client() as ana:
            await ana.create()
            message = wire.message(wire.Append(fresh_id(), 0, b"in pieces"))
            await ana.socket.send([message[:1], message[1:5], message[5:]])
            assert (await ana.hear(wire.Done)).n == 1

    async def test_text_is_malformed(self, relay: Running) -> None:
        async with relay.client() as ana:
            await ana.socket.send("hello")
            assert (await ana.hear(wire.Refused)).code == Refusal.MALFORMED
            with pytest.raises(ConnectionClosed):
                await ana.next()

    async def test_noise_is_malformed(self, relay: Running) -> None:
        async with relay.client() as ana:
            await ana.socket.send(b"\x01\xff\xff")
            assert (await ana.hear(wire.Refused)).code == Refusal.MALFORMED

    async def test_a_message_that_is_too_large_ends_the_socket(self, relay: Running) -> None:
        async with relay.client() as ana:
            await ana.socket.send(bytes(wire.MESSAGE_LIMIT + 1))
            assert (await ana.hear(wire.Refused)).code == Refusal.TOO_LARGE
            with pytest.raises(ConnectionClosed) as closed:
                await ana.next()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009

    async def test_a_socket_that_breaks_off_is_forgotten(self, relay: Running) -> None:
        async with relay.client() as ana:
            await ana.create()
            assert len(relay.hub.sessions) == 1
            ana.socket.transport.abort()
            await ana.socket.wait_closed()
        await until(lambda: not relay.hub.sessions)

    @pytest.mark.parametrize(
        "data",
        [
            b"\x82\x80\x00\x00\x00\x00\r\n",
            b"PUT / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 1000 + b"\r\n",
            b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: h\r\n\r\n\x88\x80\x00\x00\x00\x00",
            b"GET / HTTP/1.1\r\nHost: h\r\n\r\n\xff\xff\xff\xff",
            b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n\x82\x80\x00\x00\x00\x00 and so on",
        ],
    )
    async def test_no_handshake_is_no_conversation(self, relay: Running, data: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(data)
        assert b" 101 " not in await reader.read()
        assert not relay.hub.sessions
        writer.close()
        await writer.wait_closed()

    async def test_a_frame_that_comes_with_the_request_is_answered_after_it(
        self, relay: Running
    ) -> None:
        mute_one = await mute(relay.port, b"\x82\x80\x00\x00\x00\x00")
        loop = asyncio.get_running_loop()
        heard = b""
        while not heard.endswith(b"\x88\x02\x03\xe8"):
            heard += await loop.sock_recv(mute_one, 4096)
        frames = wire.decode_from_relay(heard[2:-4])
        assert isinstance(frames[0], wire.Hello)
        assert frames[1] == wire.Refused(None, Refusal.MALFORMED, 0)
        mute_one.close()

    async def test_ipv6(self, tmp_path: Path) -> None:
        async with running(tmp_path, host="::1") as relay:
            async with Client(f"ws://[::1]:{relay.port}") as ana:
                await ana.create()
                assert await ana.append(b"hello", 0) == 1

    async def test_tls(self, tmp_path: Path) -> None:
        certificate, key = self_signed(tmp_path, "localhost")
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.load_cert_chain(certificate, key)
        trusting = ssl.create_default_context(cafile=str(certificate))
        async with running(tmp_path, tls=server) as relay:
            async with Client(
                f"wss://localhost:{relay.port}", host="127.0.0.1", ssl=trusting
            ) as ana:
                await ana.create()
                assert await ana.append(b"x" * 60_000, 0) == 1
                await ana.socket.send("text")
                assert (await ana.hear(wire.Refused)).code == Refusal.MALFORMED
                with pytest.raises(ConnectionClosed):
                    await ana.next()


class TestPages:
    async def test_what_a_browser_is_told(self, relay: Running) -> None:
        assert await get(relay, "/livez") == (200, "alive\n")
        assert await get(relay, "/readyz") == (200, "ready\n")
        assert (await get(relay, "/"))[0] == 426
        assert (await get(relay, "/elsewhere"))[0] == 404
        assert (await get(relay, "/metrics"))[0] == 404, "counts are for the operator"

    async def test_a_relay_that_stops_is_not_ready(self, relay: Running) -> None:
        relay.server.stopping.set()
        assert (await get(relay, "/readyz"))[0] == 503

    async def test_the_operator_reads_the_counts(self, relay: Running) -> None:
        path = relay.folder / "s"
        await relay.server.listen_locally(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        async with relay.client() as ana:
            await ana.create()
            await ana.append(b"hello", 0)
            await ana.socket.send("text")
            await ana.hear(wire.Refused)
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        page = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
        assert "hallway_entries_total 1\n" in page
        assert "hallway_bindings_total 1\n" in page
        assert 'hallway_refusals_total{name="malformed"} 1\n' in page
        assert "# TYPE hallway_sockets gauge\n" in page


class TestLimits:
    async def test_who_does_not_shake_hands_is_dropped(self, tmp_path: Path) -> None:
        async with running(tmp_path, opening=0) as relay:
            reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
            writer.write(b"GET / HT")
            await until(lambda: len(relay.server.sockets) == 1)
            relay.server.tick()
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()

    async def test_who_speaks_for_nobody_is_told_and_closed(self, tmp_path: Path) -> None:
        async with running(tmp_path, replace(FREELY, greeting=0)) as relay:
            async with relay.client() as silent:
                relay.server.tick()
                assert (await silent.hear(wire.Refused)).code == Refusal.TOO_SLOW
                with pytest.raises(ConnectionClosed):
                    await silent.next()

    async def test_sockets_from_one_address(self, tmp_path: Path) -> None:
        async with running(tmp_path, replace(FREELY, sockets_per_source=2)) as relay:
            async with relay.client(), relay.client() as second:
                for _ in range(2):
                    third = relay.client()
                    async with third:
                        refused = await third.hear(wire.Refused)
                        assert refused.code == Refusal.CROWDED
                        with pytest.raises(ConnectionClosed):
                            await third.next()
                await second.create()
                opened = [await asyncio.open_connection("127.0.0.1", relay.port) for _ in range(3)]
                assert await opened[2][0].read() == b""
                for _, writer in opened:
                    writer.close()
                    await writer.wait_closed()
                assert await second.append(b"still here", 0) == 1

    async def test_sockets_in_all(self, tmp_path: Path) -> None:
        async with running(tmp_path, most=2) as relay:
            async with relay.client() as ana, relay.client() as bo:
                await ana.create()
                n = await ana.bring_in(BO)
                await bo.bind(BO, n)
                async with relay.client() as one_too_many:
                    assert (await one_too_many.hear(wire.Refused)).code == Refusal.CROWDED
                await until(lambda: len(relay.server.sockets) == 2)
                crowd = [await mute(relay.port) for _ in range(TOLD)]
                reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b"", "it is not even asked what it wants"
                writer.close()
                assert await ana.append(b"still here", n) == n + 1
                assert (await bo.hear(wire.Entry)).body == b"still here"
                for each in crowd:
                    each.close()
                await until(lambda: len(relay.server.sockets) == 2)
            await until(lambda: not relay.server.sockets)
            async with relay.client() as again:
                await again.bind(BO, n + 1)

    async def test_who_gives_no_sign_of_life_is_dropped(self, relay: Running) -> None:
        async with relay.client() as alive:
            await alive.create()
            dead = await mute(relay.port)
            for _ in range(PING_SECONDS):
                relay.server.tick()
            await alive.append(b"alive", 0)
            for _ in range(PING_SECONDS):
                relay.server.tick()
            assert await alive.append(b"alive", 0) == 2
            loop = asyncio.get_running_loop()
            while await loop.sock_recv(dead, 4096):
                pass
            dead.close()

    async def test_who_sends_too_much_is_not_read_for_a_while(self, tmp_path: Path) -> None:
        few = replace(FREELY, messages=Rate(10, 1e9))
        async with (
            running(tmp_path, few, pause=3600) as relay,
            relay.client(close_timeout=0) as ana,
            relay.client() as bo,
        ):
            await ana.create()
            n = await ana.bring_in(BO)
            await bo.bind(BO, n)
            messages = [wire.message(*[wire.Ack(n)] * 256)] * 9
            refused = relay.hub.statistics.refusals
            ana.socket.transport.write(b"".join(masked_long(each) for each in messages))
            await until(lambda: refused[Refusal.TOO_FAST] > HASTY)
            assert await bo.append(b"all is well", n) == n + 1
            assert refused[Refusal.TOO_FAST] <= 256, "one message, and then it has to wait"

    @pytest.mark.parametrize("kind", ["acks", "messages", "long form", "pings"])
    async def test_after_the_pause_it_is_heard_to_the_end(self, tmp_path: Path, kind: str) -> None:
        few = replace(FREELY, messages=Rate(40, 1e9))
        message = wire.message(wire.Ephemeral(b"x" * 300))
        flood, too_fast = {
            "acks": (masked_long(wire.message(*[wire.Ack(0)] * 256)) * 9, 9 * 256 - 40),
            "messages": (masked_long(message) * 1000, 960),
            "long form": (LONG + len(message).to_bytes(8) + bytes(4) + message, 0),
            "pings": (PING * 1000, 0),
        }[kind]
        if kind == "long form":
            flood, too_fast = flood * 1000, 960
        async with running(tmp_path, few) as relay, relay.client(close_timeout=0) as ana:
            await ana.create()
            ana.socket.transport.write(flood + masked_long(wire.message(wire.Ack(1))))
            refused = relay.hub.statistics.refusals
            await until(lambda: refused[Refusal.OUT_OF_ORDER] == 1)
            assert refused[Refusal.TOO_FAST] == too_fast

    @pytest.mark.parametrize("size", [wire.MESSAGE_LIMIT + 1, 1 << 30])
    async def test_a_frame_that_is_too_long_is_not_waited_for(
        self, relay: Running, size: int
    ) -> None:
        async with relay.client() as ana:
            await ana.create()
            ana.socket.transport.write(LONG + size.to_bytes(8) + bytes(4) + b"a beginning")
            refused = await ana.hear(wire.Refused)
            assert (refused.code, refused.number) == (Refusal.TOO_LARGE, wire.MESSAGE_LIMIT)
            with pytest.raises(ConnectionClosed) as closed:
                await ana.next()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == CloseCode.MESSAGE_TOO_BIG

    async def test_compression_is_not_taken(self, relay: Running) -> None:
        async with relay.client(compression="deflate") as ana:
            assert not ana.socket.protocol.extensions
            await ana.create()
            ana.socket.transport.write(b"\xc2\x81" + bytes(4) + b"\x01")
            with pytest.raises(ConnectionClosed) as closed:
                await ana.next()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == CloseCode.PROTOCOL_ERROR

    async def test_a_slow_reader_is_let_go_and_slows_nobody(self, tmp_path: Path) -> None:
        async with (
            running(tmp_path, closing=0) as relay,
            relay.client() as ana,
            relay.client() as bo,
        ):
            await ana.create()
            n = await ana.bring_in(BO, CAM)
            await bo.bind(BO, n)
            slow = await mute(relay.port)
            loop = asyncio.get_running_loop()
            greeting = (await loop.sock_recv(slow, 4096))[2:]
            (hello,) = wire.decode_from_relay(greeting)
            assert isinstance(hello, wire.Hello)
            cam = relay.client()
            cam.nonce = hello.nonce
            await loop.sock_sendall(slow, masked(wire.message(cam.binding(CAM, n))))
            await until(lambda: relay.hub.statistics.bindings == 3)
            sent = 0
            while not relay.hub.statistics.refusals[Refusal.TOO_SLOW]:
                await ana.append(bytes(60_000), n)
                await bo.hear(wire.Entry)
                sent += 1
                assert sent < 500, "nobody is as patient as that"
            relay.server.tick()
            assert await ana.append(b"and on", n) == n + sent + 1
            assert (await bo.hear(wire.Entry)).body == b"and on"
            await until(lambda: len(relay.hub.sessions) == len(relay.server.sockets) == 2)
            slow.close()


async def mute(port: int, more: bytes = b"") -> socket.socket:
    """A socket that shook hands, and from then on neither reads nor answers by itself."""
    loop = asyncio.get_running_loop()
    mute = socket.socket()
    mute.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    mute.setblocking(False)
    await loop.sock_connect(mute, ("127.0.0.1", port))
    request = (
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    await loop.sock_sendall(mute, request.encode() + more)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += await loop.sock_recv(mute, 1)
    return mute


PING = b"\x89\x80" + bytes(4)
LONG = b"\x82\xff"


def masked_long(message: bytes) -> bytes:
    """As `masked`, of up to 64 KiB."""
    return b"\x82\xfe" + len(message).to_bytes(2) + bytes(4) + message


def masked(message: bytes) -> bytes:
    """A client's frame, its mask all zero."""
    length = len(message)
    assert length < 126
    return bytes((0x82, 0x80 | length)) + bytes(4) + message


class TestEnding:
    async def test_everyone_is_told_and_what_was_acknowledged_is_kept(self, tmp_path: Path) -> None:
        async with running(tmp_path) as relay:
            ana, silent = relay.client(), await mute(relay.port)
            async with ana:
                await ana.create()
                await ana.append(b"hello", 0)
                await ana.say(wire.Ack(1))
                # A round trip: the ack was taken.
                await asyncio.wait_for(await ana.socket.ping(), 10)
                stopping = asyncio.create_task(relay.server.stop())
                assert (await ana.hear(wire.Refused)).code == Refusal.GOING
                with pytest.raises(ConnectionClosed):
                    await ana.next()
                silent.close()
                await stopping
                with pytest.raises(OSError):
                    await relay.client().__aenter__()
        kept = Reader(apsw.Connection(str(tmp_path / "relay.db")))
        loaded = kept.load(CIRCLE)
        assert loaded is not None and loaded.cursors == {ANA.public: 1}
        assert [record.body for record in kept.read(CIRCLE, 1, 9, 100)] == [b"hello"]

    async def test_who_does_not_go_is_cut_off(self, tmp_path: Path) -> None:
        async with running(tmp_path, closing=0) as relay:
            silent = await mute(relay.port)
            await relay.server.stop()
            assert not relay.hub.sessions
            silent.close()

    async def test_a_failing_disk_is_said_and_ends_it(self, tmp_path: Path, disk: Disk) -> None:
        async with running(tmp_path, vfs=disk.name) as relay, relay.client() as ana:
            await ana.create()
            disk.failing = apsw.IOError
            await ana.say(wire.Append(fresh_id(), 0, b"hello"))
            assert (await ana.hear(wire.Refused)).code == Refusal.BROKEN
            await asyncio.wait_for(relay.server.stopping.wait(), 10)
            assert relay.hub.broken is not None
            assert (await get(relay, "/readyz"))[0] == 503
            other = await connect(relay.url)
            message = await other.recv()
            assert isinstance(message, bytes)
            (refused,) = wire.decode_from_relay(message)
            assert isinstance(refused, wire.Refused) and refused.code == Refusal.BROKEN
            await other.close()

    async def test_an_fsync_that_fails_is_never_acknowledged(
        self, tmp_path: Path, disk: Disk
    ) -> None:
        bodies: list[bytes] = []
        async with running(tmp_path, vfs=disk.name) as relay, relay.client() as ana:
            await ana.create()
            for n in range(1, 6):
                bodies.append(b"%d" % n)
                assert await ana.append(bodies[-1], 0) == n
            disk.failing_syncs = apsw.IOError
            await ana.say(wire.Append(fresh_id(), 0, b"on hope"))
            assert (await ana.hear(wire.Refused)).code == Refusal.BROKEN
            await asyncio.wait_for(relay.server.stopping.wait(), 10)
        disk.failing_syncs = None
        async with running(tmp_path) as relay, relay.client() as ana:
            await ana.say(ana.binding(ANA, 0))
            await ana.hear(wire.Bound)
            assert [(await ana.hear(wire.Entry)).body for _ in bodies] == bodies

    async def test_a_full_disk_is_said_and_goes_on(self, tmp_path: Path, disk: Disk) -> None:
        async with running(tmp_path, vfs=disk.name) as relay, relay.client() as ana:
            await ana.create()
            await ana.append(b"before", 0)
            disk.room = 0
            await ana.say(wire.Append(fresh_id(), 0, b"without room"))
            refused = await ana.hear(wire.Refused)
            assert refused.code == Refusal.NO_SPACE
            assert 0 < refused.number <= NO_SPACE_WAIT
            assert (await get(relay, "/readyz"))[0] == 200
            async with relay.client() as again:
                await again.say(again.binding(ANA, 0))
                await again.hear(wire.Bound)
                assert (await again.hear(wire.Entry)).body == b"before"

    async def test_a_fault_of_its_own_ends_it(
        self, relay: Running, caplog: pytest.LogCaptureFixture
    ) -> None:
        def faulty(outcome: Outcome) -> None:
            raise ZeroDivisionError(outcome)

        async with relay.client() as ana:
            await ana.create()
            relay.hub.store.submit(Cursor(CIRCLE, ANA.public, 0), faulty)
            assert (await ana.hear(wire.Refused)).code == Refusal.BROKEN
            await asyncio.wait_for(relay.server.stopping.wait(), 10)
        assert "a fault of its own" in (relay.hub.broken or "")
        assert "ZeroDivisionError" in caplog.text


class TestNames:
    """What the request says that was dialled, and what of it is this relay's."""

    @pytest.mark.parametrize(
        ("header", "here", "tls", "dialled"),
        [
            ("127.0.0.1", ("127.0.0.1", 80), False, "127.0.0.1"),
            ("127.0.0.1:80", ("127.0.0.1", 80), False, "127.0.0.1"),
            ("127.0.0.1", ("127.0.0.1", 443), True, "127.0.0.1"),
            ("127.0.0.1", ("127.0.0.1", 443), False, None),
            ("LOCALHOST:99", ("127.0.0.1", 99), False, "localhost:99"),
            ("localhost:99", ("10.0.0.1", 99), False, None),
            ("[fe80::1]:99", ("fe80::1%eth0", 99, 0, 2), False, "[fe80::1]:99"),
            ("[::1]:99", ("::1", 99, 0, 0), False, "[::1]:99"),
            ("Relay.example.org:443", ("10.0.0.1", 99), True, "relay.example.org"),
            ("", ("10.0.0.1", 99), False, None),
            ("10.0.0.1", "/run/relay.sock", False, None),
        ],
    )
    async def test_dialled(
        self, tmp_path: Path, header: str, here: object, tls: bool, dialled: str | None
    ) -> None:
        async with running(tmp_path, names=frozenset({"relay.example.org"})) as relay:
            assert relay.server.reception.dialled(header, here, tls) == dialled
