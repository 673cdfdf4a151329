"""The store in a NATS JetStream stream, which many relays share.

    submit, read … ─▶ one thread with an event loop ─▶ NATS
    settle ◀── wake ◀── endings ◀──────────────────────┘

A circle's log is a subject, and the circle is the fold of it (`relay.store.cluster.fold`); nothing
is held here that isn't in the stream. While one message of a circle is on its way the next gathers,
so that many entries share one acknowledgement. Every message of a log names the sequence that it
must follow, and comes too late where another relay was quicker. One consumer a relay, over the logs
of all circles, says what others write.

Where the cluster does not answer, what was submitted waits until it does; the store breaks only
where what it holds can't be read.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeAlias, TypeVar

import nats.errors
from nats.aio.client import Client

from crypto.primitives import SECRET_KEY_LENGTH, Rng
from crypto.secret import Secret
from relay.store.cluster import tokens
from relay.store.cluster.circle import Circle, Cluster, Work
from relay.store.cluster.events import DamagedLog, Struck, Whole, decode
from relay.store.cluster.following import Following
from relay.store.cluster.names import Names, circle_of
from relay.store.cluster.shelf import Shelf
from relay.store.cluster.stream import (
    ClusterError,
    Draft,
    Message,
    Stale,
    Stream,
    Unreachable,
)
from relay.store.contract import (
    BROKEN,
    BlobChunk,
    Intention,
    Known,
    Loaded,
    Outcome,
    PutBlob,
    Record,
    StoreError,
    SweepBlobs,
)
from relay.tokens import Token

Done: TypeAlias = Callable[[Outcome], None]
Answer = TypeVar("Answer")

AGAIN = 0.1
"""Seconds until something is tried again that the cluster did not answer."""

ASKING = 5.0
STARTING = 30.0
CLOSING = 10.0
"""Seconds that a closing store waits for what is under way."""


class JetStreamStore:
    """A `relay.store.contract.Store` in the stream `name`, which is made if it is not there.

    `servers` are `nats://host:port`. `wake` is called from the store's thread. It waits so many
    seconds for the cluster when it starts, and when it closes for what is under way. StoreError if
    the cluster can't be reached or used.
    """

    def __init__(
        self,
        servers: Sequence[str],
        wake: Callable[[], None],
        rng: Rng = os.urandom,
        name: str = "hallway",
        replicas: int = 1,
        starting: float = STARTING,
        closing: float = CLOSING,
    ) -> None:
        self._wake = wake
        self.closing = closing
        self._broken: str | None = None
        self._moved: Callable[[bytes, int], None] = _ignore
        self._endings: deque[Callable[[], None]] = deque()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="store-cluster", daemon=True)
        self._thread.start()
        opening = _Node.open(self, servers, rng, name, replicas, starting)
        try:
            self._node = self._call(opening).result()
        except BaseException:
            self._stop()
            raise

    @property
    def relay_key(self) -> Secret:
        """As in the contract."""
        return self._node.key

    @property
    def replicas(self) -> int:
        """Servers that hold all that is acknowledged."""
        return self._node.replicas

    @property
    def broken(self) -> str | None:
        """As in the contract."""
        return self._broken

    def listen(self, moved: Callable[[bytes, int], None]) -> None:
        """As in the contract."""
        self._moved = moved

    def submit(self, intention: Intention, done: Done) -> None:
        """As in the contract."""
        self._loop.call_soon_threadsafe(self._node.submit, intention, done)

    def load(self, circle: bytes, done: Callable[[Loaded | None], None]) -> None:
        """As in the contract."""
        self._ask(lambda: self._node.shelf.load(circle), done)

    def read(
        self,
        circle: bytes,
        first: int,
        last: int,
        limit: int,
        done: Callable[[Sequence[Record] | None], None],
    ) -> None:
        """As in the contract."""
        self._ask(lambda: self._node.shelf.read(circle, first, last, limit), done)

    def find(
        self, circle: bytes, idempotency_id: bytes, done: Callable[[Known | None], None]
    ) -> None:
        """As in the contract."""
        self._ask(lambda: self._node.shelf.find(circle, idempotency_id), done)

    def find_invite(self, invite: bytes, done: Callable[[bytes | None], None]) -> None:
        """As in the contract."""
        self._ask(lambda: self._node.shelf.find_invite(invite), done)

    def attachment(self, circle: bytes, hash: bytes, done: Callable[[bytes | None], None]) -> None:
        """As in the contract."""
        self._ask(lambda: self._node.shelf.attachment(circle, hash), done)

    def circles(self, done: Callable[[Sequence[bytes] | None], None]) -> None:
        """As in the contract."""
        self._ask(lambda: self._node.shelf.circles(), done)

    def put_blob(self, put: PutBlob, done: Done) -> None:
        """As in the contract."""
        self._keep(put.circle, lambda: self._node.shelf.put_blob(put), done)

    def sweep_blobs(self, sweep: SweepBlobs, done: Done) -> None:
        """As in the contract."""
        self._keep(sweep.circle, lambda: self._node.shelf.sweep_blobs(sweep), done)

    def read_blob(
        self,
        circle: bytes,
        hash: bytes,
        offset: int,
        limit: int,
        done: Callable[[BlobChunk | None], None],
    ) -> None:
        """As in the contract."""
        self._ask(lambda: self._node.shelf.read_blob(circle, hash, offset, limit), done)

    def settle(self) -> None:
        """As in the contract."""
        endings = self._endings
        while endings:
            endings.popleft()()

    def close(self) -> None:
        """As in the contract."""
        if self._thread.is_alive():
            self._call(self._node.close()).result()
            self._stop()
        self.settle()

    # What the thread's side calls.

    def end(self, ending: Callable[[], None]) -> None:
        """Something has come to an end, for the caller to hear of."""
        self._endings.append(ending)
        self._wake()

    def hear(self, circle: bytes, n: int) -> None:
        """Another node has written."""
        self.end(lambda: self._moved(circle, n))

    def fail(self, why: str) -> None:
        """The store can't be relied upon any more."""
        self._broken = self._broken or why

    def _ask(
        self,
        question: Callable[[], Awaitable[Answer]],
        done: Callable[[Answer | None], None],
    ) -> None:
        def ended(found: Answer | None) -> None:
            self.end(partial(done, found))

        self._loop.call_soon_threadsafe(self._node.ask, question, ended, None)

    def _keep(self, circle: bytes, put: Callable[[], Awaitable[Outcome]], done: Done) -> None:
        def ended(outcome: Outcome) -> None:
            self.end(partial(done, outcome))

        self._loop.call_soon_threadsafe(self._node.ask_in_turn, circle, put, ended, BROKEN)

    def _call(self, coroutine: Coroutine[Any, Any, Answer]) -> Future[Answer]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with contextlib.closing(self._loop):
            self._loop.run_forever()
            self._loop.run_until_complete(_end_all())

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


class _Node:
    """The store on its thread's side."""

    def __init__(
        self, store: JetStreamStore, client: Client, stream: Stream, names: Names, node: bytes
    ) -> None:
        self._store = store
        self._client = client
        self._stream = stream
        self._names = names
        cluster = Cluster(stream, names, node, store.hear, self._pause, self._holds)
        self.shelf = Shelf(cluster, self._write)
        self._jobs: dict[bytes, list[tuple[Work, Done]]] = {}
        self._writing: dict[bytes, asyncio.Task[None]] = {}
        self._turns: dict[bytes, tuple[asyncio.Lock, int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._missed: dict[bytes, int] = {}
        self.key = Secret(bytes(SECRET_KEY_LENGTH))
        self.replicas = 0

    @classmethod
    async def open(
        cls,
        store: JetStreamStore,
        servers: Sequence[str],
        rng: Rng,
        name: str,
        replicas: int,
        starting: float,
    ) -> _Node:
        """Connect, and make the stream ready. StoreError."""
        client = await _connected(servers, starting)
        stream = Stream(client, name)
        node = cls(store, client, stream, Names(name), rng(8))
        try:
            await asyncio.wait_for(node._prepare(rng, replicas), starting)
        except TimeoutError as error:
            await client.close()
            raise StoreError("The NATS cluster has not come to work yet. Try again.") from error
        except BaseException:
            await client.close()
            raise
        return node

    async def _prepare(self, rng: Rng, replicas: int) -> None:
        while True:
            try:
                return await self._begin(rng, replicas)
            except Unreachable:
                await self._pause()  # its servers may be choosing a leader

    async def _begin(self, rng: Rng, replicas: int) -> None:
        last = await self._stream.prepare(replicas)
        self.replicas = self._stream.replicas
        seed = rng(SECRET_KEY_LENGTH)
        with contextlib.suppress(Stale):
            await self._stream.publish(Draft(self._names.key, seed, expected=0))
        kept = await self._stream.last(self._names.key)
        if kept is None or len(kept.data) != SECRET_KEY_LENGTH:
            raise StoreError("The cluster has lost the relay's key; restore a backup.")
        self.key = Secret(kept.data)
        following = Following(self._client, self._stream, self._names.logs, last)
        self._following = asyncio.create_task(self._follow(following))

    async def close(self) -> None:
        """Bring to an end what is under way, if that does not take long."""
        under_way = {*self._writing.values(), *self._tasks}
        if under_way:
            await asyncio.wait(under_way, timeout=self._store.closing)
        await _end({self._following, *self._writing.values(), *self._tasks})
        with contextlib.suppress(OSError, nats.errors.Error):
            await self._client.close()

    async def _holds(self, circle: bytes, invite: bytes) -> bool:
        return await self.shelf.holds(circle, invite)

    async def _pause(self) -> None:
        await asyncio.sleep(AGAIN)

    # Writing.

    def submit(self, intention: Intention, done: Done) -> None:
        """Have it carried out, behind those for its circle that wait."""
        self._queue(
            intention.circle, intention, lambda outcome: self._store.end(partial(done, outcome))
        )

    async def _write(self, circle: Circle, work: Whole | Struck) -> Outcome:
        through: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue(circle.id, work, through.set_result)
        return await through

    def _queue(self, id_: bytes, work: Work, done: Done) -> None:
        self._jobs.setdefault(id_, []).append((work, done))
        if id_ not in self._writing:
            self._writing[id_] = asyncio.create_task(self._write_all(id_))

    async def _write_all(self, id_: bytes) -> None:
        """All that waits for one circle, and what comes meanwhile."""
        circle = self.shelf.circle(id_)
        try:
            while self._jobs.get(id_) or circle.fold.void:
                jobs = self._jobs.pop(id_, [])
                if jobs:
                    await self._carry_out(circle, jobs)
                elif not await self._clear(circle):
                    break
        finally:
            del self._writing[id_]
            for _, done in self._jobs.pop(id_, []):
                done(BROKEN)
            self.shelf.tidy(self._writing)

    async def _carry_out(self, circle: Circle, jobs: list[tuple[Work, Done]]) -> None:
        reached = 0

        def ended(at: int, outcomes: Sequence[Outcome]) -> None:
            nonlocal reached
            reached = at + len(outcomes)
            for (_, done), outcome in zip(jobs[at:reached], outcomes, strict=True):
                done(outcome)

        try:
            if self._store.broken is None:
                await circle.carry_out([work for work, _ in jobs], ended)
        except DamagedLog as error:
            self._store.fail(str(error))
        finally:
            for _, done in jobs[reached:]:
                done(BROKEN)

    async def _clear(self, circle: Circle) -> bool:
        try:
            await circle.clear()
        except ClusterError:
            return False  # it only takes room, until the circle is written to again
        return True

    # Reading.

    def ask(
        self,
        question: Callable[[], Awaitable[Answer]],
        ended: Callable[[Answer], None],
        otherwise: Answer,
    ) -> None:
        """Find an answer, as often as it takes; `otherwise` where the store is broken or closes."""
        task = asyncio.create_task(self._answer(question, ended, otherwise))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def ask_in_turn(
        self,
        circle: bytes,
        question: Callable[[], Awaitable[Answer]],
        ended: Callable[[Answer], None],
        otherwise: Answer,
    ) -> None:
        """The same, one after the other for a circle."""

        async def in_turn() -> Answer:
            async with self._turn(circle):
                return await question()

        self.ask(in_turn, ended, otherwise)

    @contextlib.asynccontextmanager
    async def _turn(self, circle: bytes) -> AsyncIterator[None]:
        lock, waiting = self._turns.get(circle, (asyncio.Lock(), 0))
        self._turns[circle] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            waiting = self._turns[circle][1] - 1
            self._turns[circle] = (lock, waiting)
            if not waiting:
                del self._turns[circle]

    async def _answer(
        self,
        question: Callable[[], Awaitable[Answer]],
        ended: Callable[[Answer], None],
        otherwise: Answer,
    ) -> None:
        answer = otherwise
        try:
            while self._store.broken is None:
                try:
                    answer = await question()
                    break
                except Unreachable:
                    await self._pause()
        except DamagedLog as error:
            self._store.fail(str(error))
        finally:
            ended(answer)

    # What others write.

    async def _follow(self, following: Following) -> None:
        while True:
            try:
                async for message in following.messages():
                    self._heard(message)
            except DamagedLog as error:
                return self._store.fail(str(error))
            except ClusterError:
                await self._pause()

    def _heard(self, message: Message) -> None:
        id_ = circle_of(message.subject)
        events = decode(id_, message.data)
        behind = self.shelf.heard(id_, message.sequence, events)
        if behind is not None:
            # One at a time: where much is written, what is missing would be read many times over.
            self._missed[id_] = self._missed.get(id_, 0) + 1
            if self._missed[id_] == 1:
                self.ask(partial(self._read_on, behind), _ignored, None)

    async def _read_on(self, circle: Circle) -> None:
        heard = 0
        while self._missed[circle.id] > heard:
            heard = self._missed[circle.id]
            await circle.refresh()
        del self._missed[circle.id]


def issue_token(
    servers: Sequence[str], name: str, uses: int, until: int, rng: Rng
) -> tuple[str, Token]:
    """As `relay.tokens.issue`, in the stream of relays that run."""
    return _in_stream(servers, name, lambda stream: tokens.issue(stream, uses, until, rng))


def list_tokens(servers: Sequence[str], name: str) -> list[Token]:
    """As `relay.tokens.listed`."""
    return _in_stream(servers, name, tokens.listed)


def revoke_token(servers: Sequence[str], name: str, token: str) -> Token:
    """As `relay.tokens.revoke`."""
    return _in_stream(servers, name, lambda stream: tokens.revoke(stream, token))


def _in_stream(
    servers: Sequence[str], name: str, question: Callable[[Stream], Awaitable[Answer]]
) -> Answer:
    async def ask() -> Answer:
        client = await _connected(servers, ASKING)
        try:
            stream = Stream(client, name)
            if await stream.last(Names(name).key) is None:
                raise StoreError(f"There is no relay's stream {name!r}. Start the relay once.")
            return await question(stream)
        finally:
            await client.close()

    return asyncio.run(ask())


async def _end_all() -> None:
    """What the client left running ends before its loop does."""
    this = asyncio.current_task()
    await _end({task for task in asyncio.all_tasks() if task is not this})
    await asyncio.get_running_loop().shutdown_asyncgens()


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    # More than once: Python 3.11 loses a cancellation that meets what was waited for.
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=AGAIN)


async def _connected(servers: Sequence[str], within: float) -> Client:
    """A client of these servers, that comes back to them. StoreError."""
    client = Client()
    try:
        await asyncio.wait_for(_connect(client, servers), within)
    except (nats.errors.Error, OSError, TimeoutError) as error:
        await client.close()
        where = ", ".join(servers)
        raise StoreError(f"No NATS server can be reached at {where}. Is it running?") from error
    return client


async def _connect(client: Client, servers: Sequence[str]) -> None:
    await client.connect(
        list(servers),
        allow_reconnect=True,
        max_reconnect_attempts=-1,
        reconnect_time_wait=AGAIN,  # type: ignore[arg-type]
        connect_timeout=2,
        ping_interval=2,
        max_outstanding_pings=2,
        error_cb=_expected,
    )


async def _expected(error: Exception) -> None:
    """Connections that end are made again; what was asked on them is asked again."""


def _ignored(answer: None) -> None:
    """Nobody asked."""


def _ignore(circle: bytes, n: int) -> None:
    """Nobody listens."""
