"""Relays as processes over one NATS server: members of a circle at different nodes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from crypto.access.log import Kind
from crypto.access.side_data import Remove
from crypto.primitives import sha256
from relay import wire
from relay.round_trip import ask
from relay.storing import UNSAFE
from relay.wire import Refusal
from tests.relay.client import Client, fresh_id
from tests.relay.people import ANA, BO, CAM, CARD, CIRCLE, admit, invite, invite_id
from tests.relay.store.nats_server import NatsServer, free_port, needed
from tests.relay.test_cli import Process, relay_says, running

pytestmark = [pytest.mark.slow, needed]

Started = Callable[[], Process]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path / "nats")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def node(tmp_path: Path, server: NatsServer) -> Iterator[Started]:
    """Starts one more relay over the server."""
    with ExitStack() as stack:
        started = iter(range(9))

        def start() -> Process:
            place = tmp_path / f"node{next(started)}"
            options = ("--store", server.url, "--store-sync", "unsafe")
            return stack.enter_context(running(place, *options))

        yield start


async def test_members_at_different_nodes_talk_and_are_removed(node: Started) -> None:
    one, two = node(), node()
    async with Client(one.url) as ana, Client(two.url) as bo:
        await ana.create()
        handshake = await ana.bring_in(BO)
        await bo.say(bo.binding(BO, handshake))
        assert (await bo.hear(wire.Bound)).n == handshake
        await bo.hear(wire.CaughtUp)
        n = await ana.append(b"hello from one", handshake)
        assert (await bo.hear(wire.Entry)).body == b"hello from one"
        assert await bo.append(b"and from two", handshake) == n + 1
        heard = await ana.hear(wire.Entry)
        assert (heard.n, heard.body) == (n + 1, b"and from two")
    async with Client(two.url) as ana, Client(one.url) as bo:
        # Each at the other node now: a chair commits twice a minute at one of them.
        await bo.bind(BO, n + 1)
        await ana.bind(ANA, n + 1)
        await ana.commit(handshake, Remove(BO.public))
        assert (await bo.hear(wire.Entry)).kind == Kind.COMMIT
        assert (await bo.hear(wire.Refused)).code == Refusal.REMOVED


async def test_a_guest_comes_in_at_another_node(node: Started) -> None:
    one, two = node(), node()
    async with Client(one.url) as ana, Client(two.url) as guest:
        await ana.create()
        await ana.say(wire.Stage(sha256(CARD), 0, len(CARD), CARD))
        handshake = await ana.commit(0, invite(expires_at=1 << 50))
        await guest.say(guest.entering(invite_id(0)))
        assert (await guest.hear(wire.Card)).card == CARD
        await guest.say(wire.Request(fresh_id(), b"let me in"))
        await guest.hear(wire.Done)
        assert (await ana.hear(wire.Entry)).body == b"let me in"
        await ana.commit(handshake, admit(CAM))
        assert (await guest.hear(wire.Answer)).code == 0
    async with Client(two.url) as cam:
        await cam.bind(CAM, handshake + 2)


async def test_a_device_goes_on_at_the_other_node_where_it_was(node: Started) -> None:
    one, two = node(), node()
    async with Client(one.url) as ana:
        await ana.create()
        for word in (b"a", b"b", b"c"):
            await ana.append(word, 0)
        await ana.say(wire.Ack(2))
        one.popen.send_signal(signal.SIGTERM)
        assert (await ana.hear(wire.Refused)).code == Refusal.GOING
    assert one.ended()[0] == 0
    async with Client(two.url) as ana:
        await ana.say(ana.binding(ANA, 2))
        assert (await ana.hear(wire.Bound)).n == 3
        assert (await ana.hear(wire.Entry)).body == b"c"
        await ana.hear(wire.CaughtUp)


async def test_one_wish_at_two_nodes_comes_true_once(node: Started) -> None:
    one, two = node(), node()
    async with Client(one.url) as here, Client(two.url) as there:
        await here.create()
        await there.bind(ANA, 0)
        wish = wire.Append(fresh_id(), 0, b"once")
        await asyncio.gather(here.say(wish), there.say(wish))
        for each in (here, there):
            # Who was overtaken is shown the entry like anybody else, and then told.
            frame = await each.hear_either(wire.Entry, wire.Done)
            if isinstance(frame, wire.Entry):
                assert (frame.n, frame.body) == (1, b"once")
                frame = await each.hear(wire.Done)
            assert frame.n == 1


async def test_it_says_loudly_that_it_is_for_development(node: Started, tmp_path: Path) -> None:
    relay = node()
    assert ask(tmp_path / "node0" / "relay.sock", "/readyz")[1] == f"ready\n{UNSAFE}\n"
    relay.popen.send_signal(signal.SIGTERM)
    assert UNSAFE in relay.ended()[1]


async def test_tokens_are_kept_in_the_cluster(
    node: Started, tmp_path: Path, server: NatsServer
) -> None:
    place = ("--data", str(tmp_path / "node0"))
    (tmp_path / "node0").mkdir()
    (tmp_path / "node0" / "relay.toml").write_text(f'store = ["{server.url}"]\ncreate = "token"\n')
    code, _, error = relay_says("token", "new", *place)
    assert code == 1 and "Start the relay once" in error
    relay = node()
    code, out, _ = relay_says("token", "new", *place)
    assert code == 0
    async with Client(relay.url) as ana:
        await ana.create(token=out.strip())
    code, listed, _ = relay_says("token", "list", *place)
    assert code == 0 and "spent" in listed
    assert relay_says("token", "revoke", listed[:8], *place)[0] == 0
    assert "There is no token" in relay_says("token", "list", *place)[1]
    assert "no token begins" in relay_says("token", "revoke", "aa", *place)[2]


async def test_both_nodes_are_one_relay(node: Started) -> None:
    one, two = node(), node()
    async with Client(one.url) as ana:
        first = await ana.create(circle=CIRCLE)
    async with Client(two.url) as again:
        bound = await again.bind(ANA, 0)
    assert (bound.incarnation, bound.hash) == (first.incarnation, first.hash)


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "why"),
        [
            ((), "sync_interval: always"),
            (("--store-sync", "always"), "replicas"),
            (("--store-sync", "unsafe", "--store-name", "a.b"), "a stream's name is of letters"),
        ],
    )
    def test_a_cluster_that_may_lose_something_is_refused(
        self, server: NatsServer, tmp_path: Path, options: tuple[str, ...], why: str
    ) -> None:
        place = ("--data", str(tmp_path / "node"), "--listen", "127.0.0.1:0")
        code, out, error = relay_says(*place, "--store", server.url, *options)
        assert (code, out) == (1, "")
        assert why in error and "Traceback" not in error

    @pytest.mark.parametrize("store", ["localhost:4222", "http://x:1", "nats://x:y", ""])
    def test_an_address_that_is_none_is_refused(self, tmp_path: Path, store: str) -> None:
        code, _, error = relay_says("--data", str(tmp_path), "--store", store)
        assert code == 1 and "HOST:PORT" in error

    def test_a_directory_with_logs_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "relay.db").touch()
        url = f"nats://127.0.0.1:{free_port()}"
        place = ("--data", str(tmp_path), "--listen", "127.0.0.1:0")
        code, _, error = relay_says(*place, "--store", url, "--store-sync", "unsafe")
        assert code == 1 and "Name another directory" in error

    @pytest.mark.parametrize("verb", ["backup", "restore"])
    def test_what_is_for_files_is_refused(self, tmp_path: Path, verb: str) -> None:
        (tmp_path / "relay.toml").write_text('store = ["nats://127.0.0.1:1"]\n')
        code, _, error = relay_says(verb, "x.db", "--data", str(tmp_path))
        assert code == 1 and "in a NATS cluster" in error
