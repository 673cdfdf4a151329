"""Where the engine meets the world: sockets to relays, the clock's alarms, the control socket.

A Runner pumps bytes and events between a Client and its links; whoever shares the process asks it
with `ask` and hears `news`, whoever does not asks over the control socket (`tui.engine.remote`).
Sockets to relays are here and nowhere else in the client.

What a relay sends is given to the engine a few frames at a time, and the event loop has its turn in
between: a screen in this process stays awake while a long conversation comes in.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    ProxyError,
)
from websockets.frames import CloseCode

from crypto.primitives import sha256
from crypto.relay_address import Address
from crypto.secret import equal
from relay.wire import MESSAGE_LIMIT
from tui.engine.client import Client
from tui.engine.commands import Command
from tui.engine.control import (
    CONTROL_VERSION,
    FRAME_LIMIT,
    ControlError,
    Hello,
    Switchboard,
    encode,
    owner_ear,
)
from tui.engine.events import Event
from tui.engine.links import LONGEST_WAIT, LinkId, LinkWish
from tui.engine.remote import (
    READ_SIZE,
    Listeners,
    Owner,
    OwnerGoneError,
    RemoteOwner,
    RunnerError,
)
from tui.engine.session import portions

__all__ = ["Owner", "OwnerGoneError", "RemoteOwner", "Revive", "Runner", "RunnerError"]

OPEN_SECONDS = 10
CLOSE_SECONDS = 2
PING_SECONDS = 30

LONGEST_SLEEP = 60
"""Seconds after which the clock is looked at again: while a machine is suspended its alarms stand
still, and its clock does not."""

OWN_CERTIFICATE = (
    "If the relay made its own, ask whoever runs it for the address with the pin, as `hallway relay"
    " address` prints it there."
)

BACKLOG_LIMIT = 4 * FRAME_LIMIT
"""Bytes that may wait for another process to read them; one that does not read is hung up on."""

Revive = Callable[[Address], Awaitable[bool]]
"""Called when nobody answers at an address, before the failure is told: the relay of this
computer may have to be started again. Whether it is worth dialling once more."""


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
        self._listeners = Listeners()
        self._links: dict[LinkId, _Link] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._conversations: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._server: asyncio.Server | None = None
        self._socket: Path | None = None
        self._over = ""

    async def __aenter__(self) -> Self:
        self._pump()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """What was said already is sent, if the relay takes it in time; asks fail by their name."""
        self._halt("Hallway was closed.")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What this process asks.

    async def ask(self, command: Command) -> Event:
        """Carry out a command; its one answer. RunnerError once the engine failed or was left."""
        if self._over:
            raise RunnerError(self._over)
        ref = self._switchboard.number()
        answer: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._answers[ref] = answer
        try:
            self._drive(lambda: self.client.do(msgspec.structs.replace(command, ref=ref)))
            return await answer
        finally:
            self._answers.pop(ref, None)

    def tell(self, command: Command) -> None:
        """Carry out a command whose answer nobody waits for; it comes as news."""
        self._drive(lambda: self.client.do(msgspec.structs.replace(command, ref=0)))

    def news(self) -> AsyncIterator[Event]:
        """What happens from this call on; ends when the engine fails or is left."""
        return self._listeners.news()

    # The pump.

    def _drive(self, feed: Callable[[], None]) -> None:
        """Give the engine one input, then carry out what it wants."""
        if self._over:
            return
        try:
            feed()
            self._pump()
        except Exception as error:
            self._halt("The engine has failed, and nothing more is done here.", error)
            if self._broke is not None:
                self._broke(error)

    def _halt(self, sentence: str, cause: BaseException | None = None) -> None:
        """Nothing is driven any more; everybody who waits is told."""
        if not self._over:
            self._over = sentence
            for answer in self._answers.values():
                if not answer.done():
                    failure = RunnerError(sentence)
                    failure.__cause__ = cause
                    answer.set_exception(failure)
            self._listeners.end()
        self._set_alarm(None)
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._socket is not None:
            self._socket.unlink(missing_ok=True)
            self._socket = None
        for task in self._conversations:
            task.cancel()
        for link in self._links.values():
            link.finish()
        self._links.clear()

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
            self._links.pop(link_id).finish()
        for link_id, wish in wishes.items():
            if link_id not in self._links:
                link = _Link(self, link_id, wish)
                self._links[link_id] = link
                link.task = self._keep(link.live())
        self._set_alarm(client.next_deadline())

    def _keep(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """A task that is held until it is done: the event loop alone would let go of it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _tell(self, event: Event) -> None:
        if self._switchboard.tell(event, _write):
            return
        answer = self._answers.get(event.ref) if event.ref else None
        if answer is None:
            self._listeners.tell(event)
        elif not answer.done():
            answer.set_result(event)

    def _set_alarm(self, deadline: int | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if deadline is not None:
            delay = min(LONGEST_SLEEP, max(0, deadline - self._now()) / 1000)
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(delay, self._drive, self.client.tick)

    # What a link's task tells.

    def opened(self, link: LinkId, certificate: bytes) -> None:
        """A socket is connected."""
        self._drive(lambda: self.client.link_opened(link, certificate))

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
        self._socket = path
        hello = encode(Hello(CONTROL_VERSION, holder))

        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = self._keep(self._converse(reader, writer, hello))
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
                        await asyncio.sleep(0)  # others have their turn
                await writer.drain()
        except (ControlError, ConnectionError):
            pass  # the other program is gone, or not one of ours
        finally:
            self._switchboard.hang_up(writer)
            writer.close()

    def _carry_out(self, command: Command) -> None:
        self._drive(lambda: self.client.do(command))


class _Connect(connect):
    """A relay is where its circle says: nothing that answers there may send us elsewhere."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class _Link:
    """One wished-for connection: opened, read, and written to, until it ends or is finished."""

    task: asyncio.Task[None]

    def __init__(self, runner: Runner, link: LinkId, wish: LinkWish) -> None:
        self._runner = runner
        self._link = link
        self._wish = wish
        self._connected = False
        self._certificate = b""
        self.outgoing: asyncio.Queue[bytes | None] = asyncio.Queue()

    def finish(self) -> None:
        """Send what was said already, then close. Where nothing is connected yet, give up."""
        if self._connected:
            self.outgoing.put_nowait(None)
        else:
            self.task.cancel()

    async def live(self) -> None:
        """From the first wait to the end."""
        try:
            await self._until_due()
            connection = await self._dial()
        except Exception as error:
            # Whatever the libraries beneath raise, this address is tried again later.
            return self._runner.closed(self._link, sentence(self._wish.address, error))
        try:
            self._connected = True
            self._runner.opened(self._link, self._certificate)
            reason = await self._talk(connection)
        finally:
            connection.transport.abort()
            await connection.wait_closed()
        self._runner.closed(self._link, reason)

    async def _until_due(self) -> None:
        # Where the clock is set back, `not_before` may have moved years away.
        loop = asyncio.get_running_loop()
        last = loop.time() + LONGEST_WAIT / 1000
        while True:
            wait = (self._wish.not_before - self._runner.clock()) / 1000
            wait = min(wait, last - loop.time(), LONGEST_SLEEP)
            if wait <= 0:
                return
            await asyncio.sleep(wait)

    async def _dial(self) -> ClientConnection:
        try:
            return await self._connect()
        except OSError as error:
            if not _refused(error) or not await self._runner.revive(self._wish.address):
                raise
            return await self._connect()

    async def _connect(self) -> ClientConnection:
        wish = self._wish
        try:
            connection = await self._open(_any_certificate() if wish.pin else _authorities())
        except ssl.SSLCertVerificationError:
            if not wish.unvouched:
                raise
            connection = await self._open(_any_certificate())
            self._certificate = _certificate(connection)
        if wish.pin and wish.address.secure and not equal(_certificate(connection), wish.pin):
            connection.transport.abort()
            await connection.wait_closed()
            raise _PinError
        return connection

    async def _open(self, tls: ssl.SSLContext) -> ClientConnection:
        address = self._wish.address
        return await _Connect(
            address.socket_url,
            compression=None,
            max_size=MESSAGE_LIMIT,
            open_timeout=OPEN_SECONDS,
            close_timeout=CLOSE_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            ssl=tls if address.secure else None,
            # A relay on this machine or in this house is never dialled through a proxy.
            proxy=True if address.secure else None,
        )

    async def _talk(self, connection: ClientConnection) -> str:
        """Read until the end; a sentence where the end was of the relay's making."""
        broken = f"What answers at {self._wish.address} does not speak as a relay does."
        writer = asyncio.get_running_loop().create_task(self._write(connection))
        try:
            while True:
                message = await connection.recv()
                if isinstance(message, str):
                    return broken
                for portion in portions(message):
                    self._runner.received(self._link, portion)
                    await asyncio.sleep(0)  # a screen in this process has its turn, too
        except ConnectionClosed as error:
            # What a relay gives as its reason is not shown: those would be its words as if ours.
            return broken if error.sent is not None and error.sent.code in _BROKEN else ""
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer

    async def _write(self, connection: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):  # the reader notices
            while (data := await self.outgoing.get()) is not None:
                await connection.send(data)
            await connection.close()


_BROKEN = (CloseCode.PROTOCOL_ERROR, CloseCode.INVALID_DATA, CloseCode.MESSAGE_TOO_BIG)
"""What our side of the socket closes it with when the other breaks RFC 6455, or our limits."""


class _PinError(Exception):
    """The relay has another certificate than the circle's state says."""


def _refused(error: OSError) -> bool:
    """Whether nobody listens there, on any of the addresses of a name."""
    # asyncio makes a plain OSError of several refusals, and keeps of each its text alone.
    several = error.errno is None and f"[Errno {errno.ECONNREFUSED}]" in str(error)
    return isinstance(error, ConnectionRefusedError) or several


@cache
def _authorities() -> ssl.SSLContext:
    """Reading this machine's list of authorities takes long enough to be done once."""
    return ssl.create_default_context()


def _any_certificate() -> ssl.SSLContext:
    # The pin is worth more than any authority's word, and a friend's relay has no other.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _certificate(connection: ClientConnection) -> bytes:
    """The SHA-256 of what the relay shows."""
    tls: ssl.SSLObject = connection.transport.get_extra_info("ssl_object")
    return sha256(tls.getpeercert(binary_form=True) or b"")


def sentence(address: Address, error: Exception) -> str:
    """Why a relay cannot be had, for a person."""
    match error:
        case _PinError():
            return f"{address} shows another certificate than the circle's own relay has."
        case ssl.SSLCertVerificationError():
            why = error.verify_message.rstrip(".")
            said = f"{address} has no certificate that can be trusted: {why}."
            return f"{said} {OWN_CERTIFICATE}"
        case ssl.SSLError():
            return f"What answers at {address} does not speak TLS as a relay does."
        case TimeoutError():
            return f"{address} does not answer in time."
        case socket.gaierror():
            return f"There is no machine called {address.host}."
        case InvalidStatus() if error.response.status_code >= 500:
            return f"The relay {address} is not running just now."
        case InvalidProxy() | ProxyError() | ImportError():
            return f"{address} cannot be reached through the proxy of this computer's settings."
        case InvalidHandshake():
            return f"What answers at {address} is not a relay."
        case ConnectionResetError() if address.secure and error.errno is None:
            # asyncio's word for an end in the middle of TLS's handshake
            return f"What answers at {address} does not speak TLS as a relay does."
        case OSError() if _refused(error):
            return f"Nobody answers at {address}."
        case OSError() if error.strerror:
            return f"{address} cannot be reached: {error.strerror}."
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
        if writer.transport.get_write_buffer_size() > BACKLOG_LIMIT:
            writer.transport.abort()
