"""Whoever does not speak the relay's websocket: browsers, proxies, monitors, an operator."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from relay import wire
from relay.hub import Hub
from relay.limits import Rate, Settings
from relay.metrics import Metric
from relay.server import Server
from relay.store.sqlite import SqliteStore
from relay.wire import Refusal
from tests.relay.client import Client
from tests.relay.people import ANA

FREELY = Settings(messages=Rate(10_000, 0.1), failures=Rate(100, 0.1))


class Edge:
    """A relay in this process."""

    def __init__(self, server: Server, port: int) -> None:
        self.server = server
        self.port = port

    def behind(self, **headers: str) -> Client:
        """A client behind a proxy on this machine that sends these headers."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client(f"ws://127.0.0.1:{self.port}", additional_headers=sent)


@asynccontextmanager
async def running(
    folder: Path,
    settings: Settings = FREELY,
    names: frozenset[str] = frozenset(),
    proxies: tuple[str, ...] = (),
) -> AsyncIterator[Edge]:
    loop = asyncio.get_running_loop()

    def wake() -> None:
        loop.call_soon_threadsafe(server.settle)

    store = SqliteStore(folder / "relay.db", wake)
    hub = Hub(store, settings, lambda: time.time_ns() // 1_000_000, os.urandom)
    load = Metric("machine_load", "gauge", "How busy it is.", 0.5)
    server = Server(hub, names, proxies=proxies, machine=lambda: [load])
    port = await server.listen("127.0.0.1", 0)
    try:
        yield Edge(server, port)
    finally:
        await server.stop()
        store.close()


async def get(port: int, path: str, *more: str) -> tuple[int, dict[str, str], str]:
    """The status, headers and text that a plain GET is answered with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", *more, "", ""]
    writer.write("\r\n".join(lines).encode())
    head, _, text = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    status, *headers = head.split("\r\n")
    names = Counter(line.partition(":")[0].lower() for line in headers)
    assert set(names.values()) == {1}, names
    found = {line.partition(": ")[0]: line.partition(": ")[2] for line in headers}
    return int(status.split()[1]), found, text


class TestBrowsers:
    async def test_an_invite_link_is_explained(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with running(tmp_path) as edge:
            for path in ("/i", "/i?from=chat"):
                status, headers, text = await get(edge.port, path)
                assert status == 200
                assert headers["Content-Type"] == "text/html; charset=utf-8"
                assert "default-src 'none'" in headers["Content-Security-Policy"]
                assert headers["Content-Length"] == str(len(text.encode()))
                assert "./hallway join" in text
        assert caplog.records == []

    @pytest.mark.parametrize(
        ("path", "status"), [("/", 426), ("/nothing", 404), ("/i/x", 404), ("/livez", 200)]
    )
    async def test_every_answer_is_guarded(self, tmp_path: Path, path: str, status: int) -> None:
        async with running(tmp_path) as edge:
            answered, headers, _ = await get(edge.port, path)
        assert answered == status
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff"


class TestProxies:
    async def test_who_stands_behind_a_named_proxy_is_counted_alone(self, tmp_path: Path) -> None:
        settings = replace(FREELY, sockets_per_source=1)
        async with running(tmp_path, settings, proxies=("127.0.0.1",)) as edge:
            async with edge.behind(X_Forwarded_For="192.0.2.1"):
                async with edge.behind(X_Forwarded_For="192.0.2.2") as other:
                    await other.create()
                async with edge.behind(X_Forwarded_For="192.0.2.7, 192.0.2.2") as other:
                    assert isinstance(await bound(other), wire.Bound)
                assert await refused(edge, "192.0.2.1") == Refusal.CROWDED

    async def test_many_through_the_proxy_are_not_too_many(self, tmp_path: Path) -> None:
        settings = replace(FREELY, sockets_per_source=1)
        async with running(tmp_path, settings, proxies=("127.0.0.1",)) as edge:
            streams = [await asyncio.open_connection("127.0.0.1", edge.port) for _ in range(5)]
            async with edge.behind(X_Forwarded_For="192.0.2.1") as ana:
                await ana.create()
            for _, writer in streams:
                writer.close()

    async def test_one_visitor_has_no_more_sockets_behind_a_proxy(self, tmp_path: Path) -> None:
        settings = replace(FREELY, sockets_per_source=1)
        async with running(tmp_path, settings, proxies=("127.0.0.1",)) as edge:
            ways = [await asyncio.open_connection("127.0.0.1", edge.port) for _ in range(3)]
            answers = [await opening(reader, writer, "192.0.2.1") for reader, writer in ways]
            for _, writer in ways:
                writer.close()
            assert answers == [b"HTTP/1.1 101", b"HTTP/1.1 101", b""]

    async def test_nobody_else_is_believed(self, tmp_path: Path) -> None:
        settings = replace(FREELY, sockets_per_source=1)
        async with running(tmp_path, settings, proxies=("192.0.2.99",)) as edge:
            async with edge.behind(X_Forwarded_For="192.0.2.1"):
                assert await refused(edge, "192.0.2.2") == Refusal.CROWDED

    async def test_a_proxy_that_says_nothing_stands_for_itself(self, tmp_path: Path) -> None:
        async with running(tmp_path, proxies=("127.0.0.1",)) as edge:
            async with edge.behind() as ana:
                await ana.create()

    async def test_the_port_of_tls_is_understood(self, tmp_path: Path) -> None:
        names = frozenset({"chat.example.org"})
        async with running(tmp_path, names=names, proxies=("127.0.0.1",)) as edge:
            here = {"host": "127.0.0.1", "port": edge.port}
            sent = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
            for proto, refusal in (("https", None), ("http", Refusal.FORBIDDEN)):
                headers = sent | {"X-Forwarded-Proto": proto}
                url = "ws://chat.example.org:443"
                async with Client(url, **here, additional_headers=headers) as client:
                    client.host = "chat.example.org"
                    if refusal is None:
                        await client.create()
                    else:
                        await client.say(client.binding(ANA, 0))
                        assert (await client.hear(wire.Refused)).code == refusal

    async def test_a_proxy_that_nobody_named_is_told_of_once(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with running(tmp_path) as edge:
            for number in range(3):
                async with edge.behind(X_Forwarded_For=f"192.0.2.{number}"):
                    pass
        (record,) = caplog.records
        assert record.getMessage().endswith("If it is yours: --proxy 127.0.0.1")
        assert "192.0.2" not in record.getMessage()


async def opening(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str
) -> bytes:
    """How the answer to a websocket's request begins; nothing where the socket is cut off."""
    asked = (
        "GET / HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {'A' * 22}==",
        f"X-Forwarded-For: {address}",
    )
    writer.write("\r\n".join([*asked, "", ""]).encode())
    try:
        return await reader.read(12)
    except ConnectionResetError:
        return b""


async def bound(client: Client) -> wire.FromRelay:
    """What a binding of Ana's is answered."""
    await client.say(client.binding(ANA, 0))
    return await client.next()


async def refused(edge: Edge, address: str) -> int:
    """The refusal that meets somebody from there."""
    sent = {"X-Forwarded-For": address}
    url = f"ws://127.0.0.1:{edge.port}"
    async with connect(url, compression=None, additional_headers=sent) as socket:
        message = await socket.recv()
    assert isinstance(message, bytes)
    greeting = wire.decode_from_relay(message)[-1]
    assert isinstance(greeting, wire.Refused), greeting
    return greeting.code


class TestOperators:
    async def test_counts_are_shown_on_the_loopback_where_it_was_asked_for(
        self, tmp_path: Path
    ) -> None:
        async with running(tmp_path) as edge:
            async with edge.behind() as ana:
                await ana.create()
                await ana.append(b"hello", 0)
                port = await edge.server.listen_to_operator("127.0.0.1", 0)
                status, headers, text = await get(port, "/metrics")
            assert (await get(edge.port, "/metrics"))[0] == 404
        assert status == 200
        assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "hallway_entries_total 1\n" in text
        assert "hallway_circles_in_memory 1\n" in text
        assert "machine_load 0.5\n" in text

    async def test_what_proxies_say_is_counted(self, tmp_path: Path) -> None:
        for proxies, headers, counts in (
            (("127.0.0.1",), {"X_Forwarded_For": "192.0.2.1"}, (1, 0, 0)),
            (("127.0.0.1",), {}, (0, 1, 0)),
            ((), {"X_Forwarded_For": "192.0.2.1"}, (0, 0, 1)),
            ((), {}, (0, 0, 0)),
        ):
            async with running(tmp_path, proxies=proxies) as edge:
                async with edge.behind(**headers):
                    port = await edge.server.listen_to_operator("127.0.0.1", 0)
                    _, _, text = await get(port, "/metrics")
            for label, count in zip(("named", "silent", "strange"), counts, strict=True):
                assert f'hallway_proxied_total{{visitor="{label}"}} {count}\n' in text

    async def test_the_page_is_in_prometheus_form_and_names_no_circle(self, tmp_path: Path) -> None:
        async with running(tmp_path) as edge:
            async with edge.behind() as ana:
                await ana.create()
                port = await edge.server.listen_to_operator("127.0.0.1", 0)
                async with edge.behind() as stranger:
                    assert isinstance(await bound(stranger), wire.Bound)
                _, _, before = await get(port, "/metrics")
                await ana.append(b"hello", 0)
                _, _, after = await get(port, "/metrics")
        for line in before.splitlines():
            if not line.startswith(("# HELP ", "# TYPE ")):
                name, _, value = line.rpartition(" ")
                assert float(value) >= 0
                assert f"# TYPE {name.partition('{')[0]} " in before
        samples = [line.rpartition(" ")[0] for line in before.splitlines()]
        assert [line.rpartition(" ")[0] for line in after.splitlines()] == samples
