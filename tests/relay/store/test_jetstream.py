"""The JetStream store: the contract, against a real server, and what is its own."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgpack
import nats
import pytest

from relay.store.cluster.names import Names
from relay.store.contract import (
    BROKEN,
    NO_SPACE,
    STORED,
    Append,
    Attachment,
    Beat,
    Conflict,
    Cursor,
    Dismiss,
    Forget,
    Known,
    Outcome,
    StoreError,
)
from relay.store.jetstream import JetStreamStore
from tests.relay.blob_contract import BlobContract
from tests.relay.store.nats_server import NatsServer, free_port, needed
from tests.relay.store_contract import (
    ANA,
    BO,
    COMMIT,
    EVERYTHING,
    C,
    D,
    Desk,
    ForgettingContract,
    Issue,
    StoreContract,
    append,
    creation,
    record,
)

pytestmark = [pytest.mark.slow, needed]

Opened = Callable[..., Desk]
_counted = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def name() -> str:
    """Of a stream that no other test has."""
    return f"relay{next(_counted)}"


@pytest.fixture
def opened(server: NatsServer, name: str) -> Iterator[Opened]:
    stores: list[JetStreamStore] = []

    def open_one() -> Desk:
        def open_store(wake: Callable[[], None]) -> JetStreamStore:
            stores.append(JetStreamStore([server.url], wake, name=name))
            return stores[-1]

        return Desk(open_store)

    yield open_one
    for store in stores:
        store.close()


async def raw(server: NatsServer, subject: str, data: bytes) -> bytes:
    """Ask the server something, past the store."""
    client = await nats.connect(server.url)
    try:
        return (await client.request(subject, data, timeout=5)).data
    finally:
        await client.close()


class TestContract(StoreContract):
    @pytest.fixture
    def opened(self, opened: Opened) -> Opened:
        return opened

    @pytest.fixture
    def issue(self, server: NatsServer, name: str) -> Issue:
        def issue(hashed: bytes, uses: int, until: int) -> None:
            asyncio.run(raw(server, Names(name).token(hashed), msgpack.packb([uses, until])))

        return issue


class TestForgetting(ForgettingContract):
    @pytest.fixture
    def opened(self, opened: Opened) -> Opened:
        return opened


class TestBlobs(BlobContract):
    @pytest.fixture
    def opened(self, opened: Opened) -> Opened:
        return opened


class TestStream:
    """What the stream holds, and what becomes of it."""

    @pytest.fixture
    def desk(self, opened: Opened) -> Desk:
        desk = opened()
        assert desk.do(creation(C)) is STORED
        return desk

    @pytest.fixture
    def subjects(self, server: NatsServer, name: str) -> Callable[[], Counter[str]]:
        """How many messages there are of each kind."""

        def count() -> Counter[str]:
            request = json.dumps({"subjects_filter": f"{name}.>"}).encode()
            found = json.loads(asyncio.run(raw(server, f"$JS.API.STREAM.INFO.{name}", request)))
            kinds: Counter[str] = Counter()
            for subject, messages in (found["state"].get("subjects") or {}).items():
                kinds[subject.split(".")[2]] += messages
            return kinds

        return count

    def test_what_waits_together_is_one_message(
        self, desk: Desk, subjects: Callable[[], Counter[str]]
    ) -> None:
        assert set(desk.all([append(C, n) for n in range(1, 1001)])) == {STORED}
        assert subjects()["log"] < 100

    def test_an_idle_circle_has_its_log_alone(
        self, desk: Desk, subjects: Callable[[], Counter[str]]
    ) -> None:
        desk.all([append(C, 1), Cursor(C, ANA, 1), Beat(C, BO, b"beat", 5)])
        assert subjects() == {"key": 1, "log": 2, "slot": 2}
        desk.all([Cursor(C, ANA, 1), Dismiss(C, BO), Dismiss(C, b"?" * 32)])
        assert subjects() == {"key": 1, "log": 2, "slot": 1}

    def test_what_has_had_its_time_is_taken_out(
        self, desk: Desk, opened: Opened, subjects: Callable[[], Counter[str]]
    ) -> None:
        card = Attachment(b"h" * 32, b"card")
        desk.do(Append(C, record(1, kind=COMMIT), (card,)))
        for n in range(2, 12):
            desk.do(append(C, n))
        assert (subjects()["log"], subjects()["card"]) == (12, 1)
        desk.do(Forget(C, 9, EVERYTHING, 0, 0, EVERYTHING))
        desk.store.close()
        again = opened()
        assert [each.body is None for each in again.read(C)] == [True] * 9 + [False] * 2
        assert again.do(append(C, 12)) is STORED
        again.store.close()
        assert subjects()["card"] == 0
        assert subjects()["log"] == 5, "creation, what stayed of nine, and three entries"
        last = opened()
        assert last.ask(last.store.load, C).last.n == 12
        assert last.do(Append(C, record(3))) == Known(3, 1003)

    def test_another_node_reads_what_was_let_go_of_meanwhile(
        self, desk: Desk, opened: Opened
    ) -> None:
        desk.all([append(C, n) for n in range(1, 6)])
        other = opened()
        assert len(other.read(C)) == 5
        desk.do(Forget(C, 3, EVERYTHING, 0, 0, 0))
        desk.store.close()
        assert [each.body is None for each in other.read(C)] == [True] * 3 + [False] * 2

    def test_a_large_card_comes_in_parts(
        self, desk: Desk, subjects: Callable[[], Counter[str]]
    ) -> None:
        welcome = Attachment(b"w" * 32, bytes(1024 * 1024))
        assert desk.do(Append(C, record(1, kind=COMMIT), (welcome,))) is STORED
        assert desk.ask(desk.store.attachment, C, welcome.hash) == welcome.data
        assert subjects()["card"] == 2

    def test_two_writers_make_one_log(self, desk: Desk, opened: Opened) -> None:
        """Each entry is stored by one of them; who comes too late decides again."""
        desks = [desk, opened()]

        def write(which: int) -> None:
            n, left = 1, 100
            while left:
                outcome = desks[which].do(append(C, n, tag=b"%d %d" % (which, left)))
                if isinstance(outcome, Conflict):
                    n = outcome.n + 1
                else:
                    assert outcome is STORED
                    n, left = n + 1, left - 1

        threads = [threading.Thread(target=write, args=(which,)) for which in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        logs = [each.read(C) for each in desks]
        assert logs[0] == logs[1]
        assert [each.n for each in logs[0]] == list(range(1, 201))
        assert len({each.body for each in logs[0]}) == 200

    def test_an_entry_of_another_node_is_heard_without_asking(
        self, desk: Desk, opened: Opened
    ) -> None:
        other = opened()
        assert desk.do(append(C, 1)) is STORED
        other.hears(C, 1)
        assert desk.do(append(C, 2)) is STORED
        other.hears(C, 2)
        assert desk.moved == [], "what one writes oneself is no news"

    def test_a_full_stream_is_no_space(self, desk: Desk, server: NatsServer, name: str) -> None:
        desk.do(append(C, 1))
        info = asyncio.run(raw(server, f"$JS.API.STREAM.INFO.{name}", b""))
        config, state = json.loads(info)["config"], json.loads(info)["state"]
        config["max_bytes"] = state["bytes"] + 10
        asyncio.run(raw(server, f"$JS.API.STREAM.UPDATE.{name}", json.dumps(config).encode()))
        assert desk.do(append(C, 2)) is NO_SPACE
        assert desk.do(Cursor(C, ANA, 1)) is NO_SPACE
        assert desk.do(creation(D)) is NO_SPACE
        assert len(desk.read(C)) == 1
        config["max_bytes"] = -1
        asyncio.run(raw(server, f"$JS.API.STREAM.UPDATE.{name}", json.dumps(config).encode()))
        assert desk.all([append(C, 2), append(C, 3)]) == [STORED, STORED]

    def test_a_log_that_is_none_breaks_the_store(
        self, desk: Desk, opened: Opened, server: NatsServer, name: str
    ) -> None:
        other = opened()
        asyncio.run(raw(server, Names(name).log(D), b"Dear diary"))
        assert other.ask(other.store.load, D) is None
        assert "damaged" in (other.store.broken or "")
        assert other.do(append(C, 1)) is BROKEN


class TestConnection:
    def test_no_server_is_a_sentence(self) -> None:
        with pytest.raises(StoreError, match="Is it running"):
            JetStreamStore([f"nats://127.0.0.1:{free_port()}"], lambda: None, starting=1)

    def test_what_is_submitted_while_it_is_away_is_stored_once_it_is_back(
        self, tmp_path: Path
    ) -> None:
        server = NatsServer(tmp_path)
        server.start()
        desk = Desk(lambda wake: JetStreamStore([server.url], wake))
        try:
            assert desk.all([creation(C), append(C, 1)]) == [STORED, STORED]
            server.kill()
            outcomes: list[Outcome] = []
            desk.store.submit(append(C, 2), outcomes.append)
            desk.store.submit(append(C, 3), outcomes.append)
            server.start()
            desk.until(lambda: len(outcomes) == 2)
            assert outcomes == [STORED, STORED]
            assert [each.n for each in desk.read(C)] == [1, 2, 3]
        finally:
            desk.store.close()
            server.kill()

    def test_closing_while_it_is_away_leaves_it_open(self, tmp_path: Path) -> None:
        server = NatsServer(tmp_path)
        server.start()
        desk = Desk(lambda wake: JetStreamStore([server.url], wake, closing=0.1))
        try:
            assert desk.do(creation(C)) is STORED
        finally:
            server.kill()
        outcomes: list[Outcome] = []
        answers: list[object] = []
        desk.store.submit(append(C, 1), outcomes.append)
        desk.store.circles(answers.append)
        desk.store.close()
        assert (outcomes, answers) == ([BROKEN], [None])
