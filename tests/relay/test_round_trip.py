"""Asking a relay, and what it is called when something else answers."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from relay import wire
from relay.limits import Rate, Settings
from relay.round_trip import RoundTripError, ask, dial
from relay.wire import Refusal
from tests.relay.certificate import self_signed
from tests.relay.test_visitors import running

HELLO = wire.message(wire.Hello(bytes(32), bytes(32), 5))


async def test_a_relay_answers_a_stranger(tmp_path: Path) -> None:
    async with running(tmp_path) as edge:
        url = f"ws://127.0.0.1:{edge.port}"
        answer = await asyncio.to_thread(dial, url, os.urandom)
        assert answer.relay_key == edge.server.hub.key.public
        assert 0 < answer.seconds < 5
        assert edge.server.hub.circles == {}


async def test_one_that_has_heard_enough_answers_too(tmp_path: Path) -> None:
    settings = Settings(failures=Rate(1, 60_000))
    async with running(tmp_path, settings) as edge:
        url = f"ws://127.0.0.1:{edge.port}"
        for _ in range(3):
            assert (await asyncio.to_thread(dial, url, os.urandom)).seconds < 5


async def fails(url: str, tls: ssl.SSLContext | None = None) -> str:
    with pytest.raises(RoundTripError) as told:
        await asyncio.to_thread(dial, url, os.urandom, tls)
    return str(told.value)


async def test_nobody_there() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert await fails(f"ws://127.0.0.1:{bound.getsockname()[1]}") == "Connection refused."
    assert "not known" in await fails("ws://nowhere.invalid")


async def said(*messages: bytes | str) -> str:
    """What is told of something that says this to whoever comes."""

    async def speak(websocket: ServerConnection) -> None:
        for message in messages:
            await websocket.send(message)
        await websocket.wait_closed()

    async with serve(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        return await fails(f"ws://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        (("hello",), "What it says is no relay's: it is text."),
        ((b"hello",), "What it says is no relay's: "),
        ((wire.message(wire.Refused(None, Refusal.GOING)),), "It refuses: going."),
        ((wire.message(wire.Refused(None, 999)),), "It refuses: 999."),
        ((wire.message(wire.Restored()),), "It answers with Restored, which is out of place."),
        ((HELLO, HELLO), "It answers with Hello, which is out of place."),
        ((HELLO, wire.message(wire.Refused(None, Refusal.BROKEN))), "It refuses: broken."),
    ],
)
async def test_something_else_answers(messages: tuple[bytes | str, ...], sentence: str) -> None:
    assert (await said(*messages)).startswith(sentence)


async def test_a_web_server_answers() -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    async with await asyncio.start_server(page, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert "HTTP 200" in await fails(f"ws://127.0.0.1:{port}")


async def test_a_certificate_that_is_not_accepted(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def silent(websocket: ServerConnection) -> None:
        await websocket.wait_closed()

    async with serve(silent, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        told = await fails(f"wss://localhost:{port}")
        assert told.startswith("Its certificate is not accepted: self-signed certificate")


class TestAsk:
    @contextmanager
    def answering(self, path: Path, answer: bytes) -> Iterator[Callable[[], Awaitable[None]]]:
        """Something that listens on a Unix socket and says this to whoever asks."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(str(path))
            listening.listen()

            def take() -> None:
                peer, _ = listening.accept()
                with peer:
                    peer.recv(4096)
                    peer.sendall(answer)

            async def once() -> None:
                await asyncio.to_thread(take)

            yield once

    async def test_a_page_is_a_status_and_a_text(self, tmp_path: Path) -> None:
        answer = b"HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nnot\n"
        with self.answering(tmp_path / "s", answer) as once:
            taken = asyncio.ensure_future(once())
            assert await asyncio.to_thread(ask, tmp_path / "s", "/readyz") == (503, "not\n")
            await taken

    async def test_what_is_no_http_is_an_error(self, tmp_path: Path) -> None:
        with self.answering(tmp_path / "s", b"hello\r\n\r\n") as once:
            taken = asyncio.ensure_future(once())
            with pytest.raises(OSError, match="what answers there is no relay"):
                await asyncio.to_thread(ask, tmp_path / "s", "/readyz")
            await taken

    def test_nobody_there(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            ask(tmp_path / "none", "/readyz")
