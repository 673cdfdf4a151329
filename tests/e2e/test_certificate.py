"""A relay with a certificate that it made itself: people come in, and nobody comes in between."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.machine import Machine, Running, free_port
from tests.relay.certificate import self_signed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def relay(computer: Machine, listen: int, name: int) -> tuple[Running, str]:
    """A relay on one port that is dialled on another; what friends give to --relay."""
    serve = ("relay", "--listen", f"127.0.0.1:{listen}", "--name", f"127.0.0.1:{name}")
    data = str(computer.folder / "far")
    running = computer.start(computer.environ, *serve, "--tls", "own", "--data", data)
    line = running.until(lambda line: line.startswith("circles are opened at "))
    return running, line.removeprefix("circles are opened at ")


@contextmanager
def in_between(port: int, relay: int, folder: Path) -> Iterator[list[bytes]]:
    """Somebody who listens there with a certificate of their own, reads, and hands on; what they
    have read from clients."""
    folder.mkdir()
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(*self_signed(folder, "localhost"))
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
    heard: list[bytes] = []
    loop = asyncio.new_event_loop()

    async def hand_on(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keep: list[bytes]
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                keep.append(data)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", relay, ssl=asking)
        await asyncio.gather(hand_on(reader, back, heard), hand_on(there, writer, []))

    async def live(listening: threading.Event, over: asyncio.Event) -> None:
        async with await asyncio.start_server(meet, "127.0.0.1", port, ssl=serving):
            listening.set()
            await over.wait()

    listening, over = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(live(listening, over)))
    thread.start()
    try:
        assert listening.wait(10)
        yield heard
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def test_people_come_in_at_a_relay_without_a_domain(computer: Machine) -> None:
    port = free_port()
    running, where = relay(computer, port, port)
    address, _, pin = where.partition("+")
    assert address == f"127.0.0.1:{port}"
    ana, bo, cy = (computer.person(name) for name in ("Ana", "Bo", "Cy"))

    # Nobody takes it without its pin, or with another one.
    refused = ana.run("open", "Friends", "--as", "Ana", "--relay", f"wss://{address}")
    assert refused.code == 3 and "no certificate that can be trusted" in refused.err
    assert "`hallway relay address`" in refused.err
    other = f"{address}+{'0' * 64}"
    refused = ana.run("open", "Friends", "--as", "Ana", "--relay", other)
    assert refused.code == 3 and "shows another certificate" in refused.err
    assert ana.does("circles", "--json").lines() == []
    mistyped = ana.run("open", "Friends", "--as", "Ana", "--relay", f"{address}+{pin[:-1]}")
    assert mistyped.code == 1 and "64 digits" in mistyped.err

    ana.opens("Friends", "--relay", where)
    code = ana.code("Friends")
    assert pin not in code
    tail = ana.start("tail", "Friends")
    tail.online()
    bo.does("join", code, "--as", "Bo", "--yes")
    tail.end()
    inviting = bo.start("invite", "Friends", "--spoken")
    spoken = inviting.until(lambda line: line.count("-") == 2)
    assert spoken.endswith(f"@wss://{address}")
    cy.does("join", spoken, "--as", "Cy", "--yes")
    assert inviting.ended().code == 0
    for person in (ana, bo, cy):
        person.does("send", "Friends", f"{person.name} is here")
    assert ana.texts("Friends")[-3:] == [f"{name} is here" for name in ("Ana", "Bo", "Cy")]

    # It comes back with the certificate that it had.
    assert running.end().code == 0
    running, again = relay(computer, port, port)
    assert again == where
    for person in (ana, bo, cy):
        person.does("send", "Friends", f"{person.name} is still here")
    assert running.end().code == 0


def test_nobody_comes_in_between(computer: Machine) -> None:
    port, behind = free_port(), free_port()
    running, where = relay(computer, port, port)
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends", "--relay", where)
    code = ana.code("Friends")
    assert running.end().code == 0
    running, _ = relay(computer, behind, port)
    with in_between(port, behind, computer.folder / "between") as heard:
        refused = bo.run("join", code, "--as", "Bo", "--yes")
        assert refused.code == 3
        assert "shows a certificate that the circle does not know" in refused.err
        assert heard, "the card was fetched through it"
        heard.clear()
        refused = ana.run("send", "Friends", "Is anybody listening?")
        assert refused.code == 3
        assert "shows another certificate than the circle's own relay has" in refused.err
        assert [part for part in heard if b"GET / " not in part] == [], "nothing was said to it"
    assert running.end().code == 0
    running, _ = relay(computer, port, port)
    tail = ana.start("tail", "Friends")
    tail.online()
    bo.does("join", code, "--as", "Bo", "--yes")
    assert running.end().code == 0
