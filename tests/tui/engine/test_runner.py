"""The engine over real sockets: relays that come and go, that are none, that nobody trusts."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from crypto.relay_address import Address
from relay import wire
from tests.harness import CrashError
from tests.relay.certificate import self_signed
from tests.tui.engine.running import (
    PATIENCE,
    Person,
    Relay,
    asked,
    clock,
    fresh_database,
    person,
    relay_in,
)
from tui.engine.client import Client
from tui.engine.commands import ListCircles, OpenCircle, SendText
from tui.engine.events import Circles, Exit, LinkState, Refused
from tui.engine.links import LinkId, LinkKind, LinkWish
from tui.engine.runner import OWN_CERTIFICATE, Runner, RunnerError, sentence


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Relay]:
    async with relay_in(tmp_path) as relay:
        yield relay


async def refusal(ana: Person, address: str) -> str:
    """The sentence with which founding a circle at an address is refused."""
    command = OpenCircle(name="Lake", person="Ana", relay=address)
    refused = await asked(ana.runner, command, Refused)
    assert (refused.reason, refused.exit) == ("unreachable", Exit.UNREACHABLE)
    return refused.sentence


class TestConversation:
    async def test_two_people_talk(self, relay: Relay) -> None:
        async with person("Ana") as ana, person("Bo") as bo:
            await ana.opens(relay.address)
            await bo.joins(await ana.invites())
            await ana.says("Good morning.")
            await bo.reads("Ana: Good morning.")
            await bo.says("Good morning, Ana.")
            for each in (ana, bo):
                await each.reads("Ana: Good morning.", "Bo: Good morning, Ana.")

    @pytest.mark.slow
    async def test_a_relay_ends_and_comes_back(self, relay: Relay) -> None:
        async with person("Ana") as ana, person("Bo") as bo:
            await ana.opens(relay.address)
            await bo.joins(await ana.invites())
            await relay.stop()
            for each in (ana, bo):
                await each.linked(LinkState.OFFLINE)
                await each.says(f"{each.name} was here meanwhile.")
            await relay.start()
            for each in (ana, bo):
                await each.linked(LinkState.ONLINE)
            await ana.until(lambda: len(ana.texts()) == 2)
            await ana.until(lambda: not ana.client.circle().waiting)
            assert sorted(ana.texts()) == [
                "Ana: Ana was here meanwhile.",
                "Bo: Bo was here meanwhile.",
            ]
            await bo.until(lambda: bo.texts() == ana.texts())

    async def test_what_is_said_is_tried_at_once(self, relay: Relay) -> None:
        async with person("Ana") as ana:
            await ana.opens(relay.address)
            (line,) = ana.client._desk.lines
            line.failures = 12  # as after an hour without a relay: the next attempt is far away
            await relay.stop()
            await ana.linked(LinkState.OFFLINE)
            assert line.not_before > clock() + PATIENCE * 1000
            await relay.start()
            await ana.says("Is it back?")
            await ana.until(lambda: ana.client.circle().waiting == 0)

    async def test_a_relay_that_is_not_there_may_be_started(self, tmp_path: Path) -> None:
        relay = Relay(tmp_path)
        await relay.start()
        await relay.stop()
        dialled: list[Address] = []

        async def revive(address: Address) -> bool:
            dialled.append(address)
            await relay.start()
            return True

        async with person("Ana", revive=revive) as ana:
            await ana.opens(relay.address)
        assert dialled == [Address.parse(relay.address)]
        await relay.stop()

    async def test_what_was_said_leaves_before_the_runner_does(self, relay: Relay) -> None:
        async with person("Bo") as bo:
            async with person("Ana") as ana:
                await ana.opens(relay.address)
                await bo.joins(await ana.invites())
                ana.runner.tell(SendText(text="Goodbye."))
            await bo.reads("Ana: Goodbye.")


class TestAddressesWithoutARelay:
    async def test_nobody_answers(self) -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))  # and does not listen
            port = bound.getsockname()[1]
            tried: list[str] = []

            async def revive(address: Address) -> bool:
                tried.append(str(address))
                return False

            async with person("Ana", revive=revive) as ana:
                told = await refusal(ana, f"127.0.0.1:{port}")
                assert told == f"Nobody answers at 127.0.0.1:{port}."
                # Behind one name there may be several addresses, of which none answers.
                told = await refusal(ana, f"localhost:{port}")
                assert told == f"Nobody answers at localhost:{port}."
            assert tried == [f"127.0.0.1:{port}", f"localhost:{port}"]

    @pytest.mark.parametrize(
        ("answer", "told"),
        [
            (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "is not a relay"),
            (b"SSH-2.0-OpenSSH_9.6\r\n", "is not a relay"),
            (b"", "is not a relay"),
            (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "is not running just now"),
            (
                b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
                "is not a relay",
            ),
        ],
    )
    async def test_something_else_answers(self, answer: bytes, told: str) -> None:
        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(respond, "127.0.0.1", 0)
        async with server, person("Ana") as ana:
            port = server.sockets[0].getsockname()[1]
            assert told in await refusal(ana, f"127.0.0.1:{port}")

    async def test_another_version_of_the_protocol_is_named(self) -> None:
        async with speaking(b"\x09from the future") as address, person("Ana") as ana:
            assert "version 9" in await refusal(ana, address)

    async def test_a_text_message_is_no_relays(self) -> None:
        async with speaking("welcome") as address, person("Ana") as ana:
            assert "does not speak as a relay does" in await refusal(ana, address)

    async def test_more_than_a_message_may_hold_is_no_relays(self) -> None:
        huge = bytes(wire.MESSAGE_LIMIT + 1)
        async with speaking(huge) as address, person("Ana") as ana:
            assert "does not speak as a relay does" in await refusal(ana, address)

    async def test_what_it_gives_as_its_reason_is_not_shown(self) -> None:
        async def handler(connection: ServerConnection) -> None:
            await connection.close(1000, "Send your codes to evil.example.")

        async with serving(handler) as address, person("Ana") as ana:
            assert "evil" not in await refusal(ana, address)

    def test_every_failure_has_a_sentence(self) -> None:
        address = Address.parse("wss://chat.example.org")
        told = {
            sentence(address, error)
            for error in (
                TimeoutError(),
                socket.gaierror(),
                ssl.SSLError(),
                OSError(113, "No route to host"),
                ImportError("python-socks"),
                RuntimeError(),
            )
        }
        assert told == {
            "chat.example.org does not answer in time.",
            "There is no machine called chat.example.org.",
            "What answers at chat.example.org does not speak TLS as a relay does.",
            "chat.example.org cannot be reached: No route to host.",
            "chat.example.org cannot be reached through the proxy of this computer's settings.",
            "chat.example.org cannot be reached.",
        }


@asynccontextmanager
async def serving(handler: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[str]:
    """The address of a websocket server that is no relay."""
    async with serve(handler, "127.0.0.1", 0, compression=None) as server:
        yield f"127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


@asynccontextmanager
async def speaking(message: str | bytes) -> AsyncIterator[str]:
    async def handler(connection: ServerConnection) -> None:
        await connection.send(message)
        await connection.wait_closed()

    async with serving(handler) as address:
        yield address


class Wishing(Client):
    """An engine that wishes for what a test says, and keeps what it hears of it."""

    def wishes(self, *wishes: LinkWish) -> None:
        self.wished = {LinkId(1_000 + number): wish for number, wish in enumerate(wishes)}
        self.opened: list[LinkId] = []
        self.certificates: list[bytes] = []
        self.said: list[bytes] = []
        self.turn = 0
        self.turns: list[int] = []
        self.reasons: asyncio.Queue[str] = asyncio.Queue()
        self.first = asyncio.Event()

    def links(self) -> dict[LinkId, LinkWish]:
        return self.wished

    def data_to_send(self) -> list[tuple[LinkId, bytes]]:
        return [(LinkId(1), b"for a link that is gone")]

    def link_opened(self, link: LinkId, certificate: bytes = b"") -> None:
        self.opened.append(link)
        self.certificates.append(certificate)

    def link_received(self, link: LinkId, data: bytes) -> None:
        self.said.append(data)
        self.turns.append(self.turn)
        self.first.set()

    def link_closed(self, link: LinkId, reason: str = "") -> None:
        self.wished.pop(link, None)
        self.reasons.put_nowait(reason)


def wishing(
    address: str, *, pin: bytes = b"", not_before: int = 0, unvouched: bool = False
) -> Wishing:
    client = Wishing(fresh_database(), rng=os.urandom, now=clock)
    where = Address.parse(address)
    client.wishes(LinkWish(LinkKind.CIRCLE, where, not_before, pin, unvouched=unvouched))
    return client


class TestCertificates:
    @pytest.fixture
    async def secure(self, tmp_path: Path) -> AsyncIterator[tuple[str, bytes]]:
        """The address of a relay with a certificate of its own, and that certificate's pin."""
        certificate, key = self_signed(tmp_path, "localhost")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        pin = sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).digest()
        async with relay_in(tmp_path, context) as relay:
            yield f"wss://{relay.address}", pin

    async def test_the_pin_is_enough(self, secure: tuple[str, bytes]) -> None:
        client = wishing(secure[0], pin=secure[1])
        async with Runner(client, clock):
            await asyncio.wait_for(client.first.wait(), PATIENCE)
            assert isinstance(wire.decode_from_relay(client.said[0])[0], wire.Hello)

    async def test_another_certificate_than_the_pinned_one(self, secure: tuple[str, bytes]) -> None:
        client = wishing(secure[0], pin=bytes(32))
        async with Runner(client, clock):
            reason = await asyncio.wait_for(client.reasons.get(), PATIENCE)
        assert reason == f"{secure[0]} shows another certificate than the circle's own relay has."
        assert client.opened == [] == client.said

    async def test_what_nobody_vouches_for_is_told_where_it_will_do(
        self, secure: tuple[str, bytes]
    ) -> None:
        client = wishing(secure[0], unvouched=True)
        async with Runner(client, clock):
            await asyncio.wait_for(client.first.wait(), PATIENCE)
        assert client.certificates == [secure[1]]

    async def test_a_pin_holds_where_anything_else_would_do(
        self, secure: tuple[str, bytes]
    ) -> None:
        client = wishing(secure[0], pin=bytes(32), unvouched=True)
        async with Runner(client, clock):
            reason = await asyncio.wait_for(client.reasons.get(), PATIENCE)
        assert "shows another certificate" in reason
        assert client.opened == []

    async def test_no_authority_knows_it(self, secure: tuple[str, bytes]) -> None:
        async with person("Ana") as ana:
            told = await refusal(ana, secure[0])
        assert told.startswith(f"{secure[0]} has no certificate that can be trusted: self")
        assert told.endswith(OWN_CERTIFICATE)

    async def test_no_tls_where_tls_is_wanted(self, relay: Relay) -> None:
        async with person("Ana") as ana:
            told = await refusal(ana, f"wss://{relay.address}")
        assert "does not speak TLS" in told


class TestTime:
    async def test_others_have_their_turn_between_two_messages(self) -> None:
        """Everything may have come at once: it is read one message at a time."""

        async def handler(connection: ServerConnection) -> None:
            for number in range(100):
                await connection.send(bytes((number,)))
            await connection.close()

        async with serving(handler) as address:
            client = wishing(address)

            async def a_screen() -> None:
                while True:
                    client.turn += 1
                    await asyncio.sleep(0)

            screen = asyncio.ensure_future(a_screen())
            async with Runner(client, clock):
                await asyncio.wait_for(client.reasons.get(), PATIENCE)
            screen.cancel()
        assert client.said == [bytes((number,)) for number in range(100)]
        assert len(set(client.turns)) == 100

    async def test_a_clock_that_was_set_back_does_not_keep_a_link_waiting(
        self, relay: Relay
    ) -> None:
        """Its wait is over as soon as the clock has come to where it is wished for."""
        now = [1_000_000]
        client = wishing(relay.address, not_before=now[0] + 20)

        def turning() -> int:
            now[0] += 15
            return now[0]

        async with Runner(client, turning):
            await asyncio.wait_for(client.first.wait(), PATIENCE)

    async def test_a_link_that_is_not_wished_for_any_more_is_given_up(self, relay: Relay) -> None:
        waits = wishing(relay.address, not_before=clock() + 3_600_000)
        async with Runner(waits, clock) as runner:
            (link,) = waits.wished
            task = runner._links[link].task
            waits.wished.clear()
            await runner.ask(ListCircles())
            with pytest.raises(asyncio.CancelledError):
                await task
        assert waits.reasons.empty()

    @pytest.mark.slow
    async def test_a_relay_that_takes_nothing_any_more_keeps_nobody(self) -> None:
        """The end waits a moment for what was said to leave, and no longer."""
        stuck = asyncio.Event()

        async def handler(connection: ServerConnection) -> None:
            connection.transport.pause_reading()
            await connection.send(b"hello")
            await stuck.wait()
            connection.transport.abort()

        async with serving(handler) as address:
            client = wishing(address)
            async with Runner(client, clock) as runner:
                await asyncio.wait_for(client.first.wait(), PATIENCE)
                (link,) = runner._links.values()
                for _ in range(200):
                    link.outgoing.put_nowait(bytes(65_000))
            assert link.task.cancelled()
            stuck.set()

    async def test_nothing_is_left_running(self, relay: Relay) -> None:
        before = asyncio.all_tasks()
        async with person("Ana") as ana:
            await ana.opens(relay.address)
        assert asyncio.all_tasks() == before


class TestTheEnd:
    async def test_the_engine_fails(self, relay: Relay) -> None:
        async with person("Ana") as ana:
            await ana.opens(relay.address)
            news = ana.runner.news()
            ana.database.crash = "before"
            with pytest.raises(RunnerError, match="has failed") as raised:
                await ana.says("This is the end.")
            assert isinstance(raised.value.__cause__, CrashError)
            assert [type(error) for error in ana.broken] == [CrashError]
            async with asyncio.timeout(PATIENCE):
                async for _ in news:  # there may have been some, but there is an end
                    pass
            with pytest.raises(RunnerError, match="has failed"):
                await ana.runner.ask(ListCircles())
            ana.runner.tell(SendText(text="Nobody hears this."))
            assert ana.texts() == []
            assert [event async for event in ana.runner.news()] == []
        assert len(ana.broken) == 1

    async def test_an_engine_may_fail_without_anybody_being_told(self) -> None:
        database = fresh_database()
        async with Runner(Client(database, rng=os.urandom, now=clock), clock) as runner:
            database.crash = "before"
            with pytest.raises(RunnerError):
                await runner.ask(ListCircles())

    async def test_who_asks_while_it_is_closed_is_told(self) -> None:
        async def never(address: Address) -> bool:
            waiting.set()
            await asyncio.Event().wait()
            return False

        waiting = asyncio.Event()
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{bound.getsockname()[1]}"
            async with person("Ana", revive=never) as ana:
                asking = asyncio.ensure_future(ana.opens(address))
                await asyncio.wait_for(waiting.wait(), PATIENCE)
            with pytest.raises(RunnerError, match="closed"):
                await asking
            with pytest.raises(RunnerError, match="closed"):
                await ana.runner.ask(ListCircles())

    async def test_who_gives_up_asking_leaves_nothing_behind(self) -> None:
        async with person("Ana") as ana:
            asking = asyncio.ensure_future(ana.opens("127.0.0.1:1"))
            await asked(ana.runner, ListCircles(), Circles)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert ana.runner._answers == {}
            # Its answer is news, for whoever shows them.
            await ana.until(lambda: any(isinstance(event, Refused) for event in ana.heard))
