"""Where the engine meets the world: sockets to relays, the clock's alarms, the control socket.

asyncio lives here and nowhere else in the engine. A Runner pumps bytes and events between a Client
and its links; whoever shares the process asks it with `ask` and hears `news`. A RemoteOwner is the
same two calls, to the process that owns the profile, over its control socket.

    RunnerError             this process cannot go on driving the engine
    └── OwnerGoneError      the process that owned the profile has ended
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from crypto.primitives import sha256
from crypto.relay_address import Address
from crypto.secret import equal
from relay.wire import MESSAGE_LIMIT
from tui.engine.client import Client
from tui.engine.commands import Command
from tui.engine.control import (
    CONTROL_VERSION,
    ControlError,
    Hello,
    Switchboard,
    Watch,
    asker_ear,
    encode,
    greeted,
    owner_ear,
)
from tui.engine.control import Ask as AskFrame
from tui.engine.events import Event
from tui.engine.links import LinkId, LinkWish

OPEN_SECONDS = 10
CLOSE_SECONDS = 2
PING_SECONDS = 30
READ_SIZE = 65_536

Revive = Callable[[Address], Awaitable[bool]]
"""Called when nobody answers at an address, before the failure is told: the relay of this
computer may have to be started again. Whether it is worth dialling once more."""


class RunnerError(Exception):
    """This process cannot go on driving the engine."""


class OwnerGoneError(RunnerError):
    """The process that owned the profile has ended; what was asked may or may not have happened."""


class Owner(Protocol):
    """Whoever carries out commands: this process's Runner, or another's."""

    async def ask(self, command: Command) -> Event:
        """Carry out a command; its one answer. The command's own `ref` does not matter."""
        ...

    def news(self) -> AsyncIterator[Event]:
        """What happens from now on, answers to others' commands left out."""
        ...


class Runner:
    """Drives a Client until it is left: `async with Runner(client, now) as runner: …`

    :param now: the clock that the client has, in milliseconds since 1970.
    :param revive: see `Revive`.
    :param broke: called once with the exception when the engine itself fails.
    """

    def __init__(
        self,
        client: Client,
        now: Callable[[], int],
        *,
        revive: Revive | None = None,
        broke: Callable[[BaseException], None] | None = None,
    ) -> None:
        self.client = client
        self._now = now
        self._revive = revive
        self._broke = broke
        self._switchboard: Switchboard[asyncio.StreamWriter] = Switchboard()
        self._answers: dict[int, asyncio.Future[Event]] = {}
        self._listeners: dict[asyncio.Queue[Event | None], None] = {}
        self._links: dict[LinkId, _Link] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Self:
        self._pump()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self._server is not None:
            self._server.close()
        tasks = [link.task for link in self._links.values()] + list(self._conversations)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for answer in self._answers.values():
            answer.cancel()
        for listener in self._listeners:
            listener.put_nowait(None)

    # What this process asks.

    async def ask(self, command: Command) -> Event:
        """Carry out a command; its one answer."""
        ref = self._switchboard.number()
        answer: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._answers[ref] = answer
        try:
            self._drive(lambda: self.client.do(msgspec.structs.replace(command, ref=ref)))
            if self._failure is not None:
                raise RunnerError("the engine has failed") from self._failure
            return await answer
        finally:
            self._answers.pop(ref, None)

    def tell(self, command: Command) -> None:
        """Carry out a command whose answer nobody waits for; it comes as news."""
        self._drive(lambda: self.client.do(msgspec.structs.replace(command, ref=0)))

    async def news(self) -> AsyncIterator[Event]:
        """What happens from now on; ends when the Runner is left."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listeners[queue] = None
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            del self._listeners[queue]

    # The pump.

    def _drive(self, feed: Callable[[], None]) -> None:
        """Give the engine one input, then carry out what it wants."""
        if self._failure is not None:
            return
        try:
            feed()
            self._pump()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(RunnerError("the engine has failed"))
        if self._broke is not None:
            self._broke(error)

    def _pump(self) -> None:
        client = self.client
        for event in client.events():
            self._tell(event)
        for link_id, data in client.data_to_send():
            link = self._links.get(link_id)
            if link is not None:
                link.outgoing.put_nowait(data)
        wishes = client.links()
        for link_id in [known for known in self._links if known not in wishes]:
            self._links.pop(link_id).task.cancel()
        for link_id, wish in wishes.items():
            if link_id not in self._links:
                self._links[link_id] = _Link(self, link_id, wish)
        self._set_alarm(client.next_deadline())

    def _tell(self, event: Event) -> None:
        if self._switchboard.tell(event, _write):
            return
        answer = self._answers.get(event.ref) if event.ref else None
        if answer is not None:
            if not answer.done():
                answer.set_result(event)
            return
        for listener in self._listeners:
            listener.put_nowait(event)

    def _set_alarm(self, deadline: int | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if deadline is not None:
            delay = max(0, deadline - self._now()) / 1000
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(delay, self._drive, self.client.tick)

    # What a link's task tells.

    def opened(self, link: LinkId) -> None:
        """A socket is connected."""
        self._drive(lambda: self.client.link_opened(link))

    def received(self, link: LinkId, data: bytes) -> None:
        """A websocket message came."""
        self._drive(lambda: self.client.link_received(link, data))

    def closed(self, link: LinkId, reason: str) -> None:
        """A socket is gone, or could not be had."""
        self._links.pop(link, None)
        self._drive(lambda: self.client.link_closed(link, reason))

    async def revive(self, address: Address) -> bool:
        """Nobody answers there; whether it is worth dialling once more."""
        return self._revive is not None and await self._revive(address)

    def clock(self) -> int:
        """Milliseconds since 1970."""
        return self._now()

    # The control socket.

    async def listen(self, path: Path, holder: str) -> None:
        """Let other processes ask at `path`; `holder` is what this one calls itself.

        Whoever calls this owns the profile, so that a socket file that is there is a dead one's.
        """
        listener = _bound(path)
        hello = encode(Hello(CONTROL_VERSION, holder))

        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(self._converse(reader, writer, hello))
            self._conversations.add(task)
            task.add_done_callback(self._conversations.discard)

        self._server = await asyncio.start_unix_server(accepted, sock=listener)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hello: bytes
    ) -> None:
        ear = owner_ear()
        try:
            writer.write(hello)
            while data := await reader.read(READ_SIZE):
                for frame in ear.receive(data):
                    command = self._switchboard.hear(writer, frame)
                    if command is not None:
                        self._carry_out(command)
                await writer.drain()
        except (ControlError, ConnectionError):
            pass  # the other program is gone, or not one of ours
        finally:
            self._switchboard.hang_up(writer)
            writer.close()

    def _carry_out(self, command: Command) -> None:
        self._drive(lambda: self.client.do(command))


class _Link:
    """One wished-for connection: a task that opens it, reads it, and writes what is queued."""

    def __init__(self, runner: Runner, link: LinkId, wish: LinkWish) -> None:
        self._runner = runner
        self._link = link
        self._wish = wish
        self.outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self.task = asyncio.get_running_loop().create_task(self._live())

    async def _live(self) -> None:
        reason = ""
        try:
            wait = self._wish.not_before - self._runner.clock()
            if wait > 0:
                await asyncio.sleep(wait / 1000)
            async with await self._dial() as connection:
                self._runner.opened(self._link)
                await self._talk(connection)
                reason = connection.close_reason or ""
        except ConnectionClosed:
            pass
        except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as error:
            reason = _sentence(self._wish.address, error)
        self._runner.closed(self._link, reason)

    async def _dial(self) -> ClientConnection:
        try:
            return await self._connect()
        except ConnectionRefusedError:
            if not await self._runner.revive(self._wish.address):
                raise
            return await self._connect()

    async def _connect(self) -> ClientConnection:
        address = self._wish.address
        connection = await connect(
            address.socket_url,
            compression=None,
            max_size=MESSAGE_LIMIT,
            open_timeout=OPEN_SECONDS,
            close_timeout=CLOSE_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            ssl=_tls(self._wish) if address.secure else None,
            # A relay on this machine or in this house is never dialled through a proxy.
            proxy=True if address.secure else None,
        )
        if self._wish.pin and address.secure and not _has_pin(connection, self._wish.pin):
            await connection.close()
            raise ssl.SSLCertVerificationError("its certificate is another than it was")
        return connection

    async def _talk(self, connection: ClientConnection) -> None:
        writer = asyncio.get_running_loop().create_task(self._write(connection))
        try:
            async for message in connection:
                if isinstance(message, str):
                    message = message.encode()  # refused by the engine, with a sentence
                self._runner.received(self._link, message)
                await asyncio.sleep(0)  # a screen in this process has its turn, too
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer

    async def _write(self, connection: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):  # the reader notices
            while True:
                await connection.send(await self.outgoing.get())


def _tls(wish: LinkWish) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if wish.pin:
        # The pin is worth more than any authority's word, and a friend's relay has no other.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _has_pin(connection: ClientConnection, pin: bytes) -> bool:
    tls = connection.transport.get_extra_info("ssl_object")
    certificate = tls.getpeercert(binary_form=True) if tls is not None else None
    return certificate is not None and equal(sha256(certificate), pin)


def _sentence(address: Address, error: Exception) -> str:
    match error:
        case ConnectionRefusedError():
            return f"Nobody answers at {address}."
        case ssl.SSLError():
            return f"{address} has no certificate that can be trusted: {error}."
        case TimeoutError():
            return f"{address} does not answer in time."
        case socket.gaierror():
            return f"There is no machine called {address.host}."
        case InvalidHandshake():
            return f"What answers at {address} is not a relay."
        case OSError():
            return f"{address} cannot be reached: {error.strerror or type(error).__name__}."
        case _:
            return f"{address} cannot be reached."


def _bound(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Bound under a mask, so that there is no moment in which others could connect.
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(mask)
    return listener


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    if not writer.is_closing():
        writer.write(data)


class RemoteOwner:
    """The process that owns the profile, asked over its control socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ear = asker_ear()
        self._last = 0
        self._answers: dict[int, asyncio.Future[Event]] = {}
        self._listeners: dict[asyncio.Queue[Event | None], None] = {}
        self._task: asyncio.Task[None] | None = None
        self.holder = ""

    @classmethod
    async def connect(cls, path: Path) -> Self:
        """Connect and be greeted; OwnerGoneError, or ControlError for another version."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(path))
        except OSError as error:
            raise OwnerGoneError("The Hallway that owns this profile does not answer.") from error
        owner = cls(reader, writer)
        try:
            await owner._greeted()
        except BaseException:
            writer.close()
            raise
        owner._task = asyncio.get_running_loop().create_task(owner._listen())
        return owner

    async def close(self) -> None:
        """Hang up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._writer.close()

    async def ask(self, command: Command) -> Event:
        """Have a command carried out; its one answer. OwnerGoneError if the owner ends first."""
        if self._task is None or self._task.done():
            raise OwnerGoneError("The Hallway that owned this profile has ended.")
        self._last += 1
        answer: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._answers[self._last] = answer
        self._writer.write(encode(AskFrame(msgspec.structs.replace(command, ref=self._last))))
        return await answer

    async def news(self) -> AsyncIterator[Event]:
        """What happens from now on; ends when the owner does."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listeners[queue] = None
        self._writer.write(encode(Watch()))
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            del self._listeners[queue]

    async def _greeted(self) -> None:
        while data := await self._reader.read(READ_SIZE):
            for frame in self._ear.receive(data):
                self.holder = greeted(frame).holder
                return
        raise OwnerGoneError("The Hallway that owns this profile has just ended.")

    async def _listen(self) -> None:
        try:
            while data := await self._reader.read(READ_SIZE):
                for frame in self._ear.receive(data):
                    if not isinstance(frame, Hello):
                        self._hear(frame.event)
        except (ControlError, ConnectionError):
            pass
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(
                        OwnerGoneError("The Hallway that owned this profile has ended.")
                    )
            for listener in self._listeners:
                listener.put_nowait(None)

    def _hear(self, event: Event) -> None:
        answer = self._answers.pop(event.ref, None) if event.ref else None
        if answer is not None:
            if not answer.done():
                answer.set_result(event)
            return
        for listener in self._listeners:
            listener.put_nowait(event)
