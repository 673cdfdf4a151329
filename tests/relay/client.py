"""A client over a real socket, for tests of the relay's edge."""

from __future__ import annotations

import itertools
from types import TracebackType
from typing import Any, Self, TypeVar

from websockets.asyncio.client import ClientConnection, connect

from crypto.access.binding import (
    AccessKeyPair,
    bind_statement,
    create_statement,
    guest_statement,
)
from crypto.access.side_data import Delta, encode
from crypto.primitives import sha256
from relay import wire
from relay.wire import FromClient, FromRelay
from tests.relay.people import ANA, CARD, CIRCLE, GUEST, admit, invite

F = TypeVar("F", bound=FromRelay)
G = TypeVar("G", bound=FromRelay)

_ids = itertools.count(1)


class Client:
    """One websocket to a relay. `host` is what it says that it dialled."""

    def __init__(self, url: str, **options: Any) -> None:
        self._url = url
        self._options = {"compression": None, **options}
        self.host = url.partition("//")[2].partition("/")[0]
        self.socket: ClientConnection
        self.messages = 0
        self._waiting: list[FromRelay] = []

    async def __aenter__(self) -> Self:
        self.socket = await connect(self._url, **self._options)
        self.nonce = (await self.hear(wire.Hello)).nonce
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.socket.close()

    async def say(self, *frames: FromClient) -> None:
        await self.socket.send(wire.message(*frames))

    async def next(self) -> FromRelay:
        """The next frame, whatever it is."""
        while not self._waiting:
            message = await self.socket.recv()
            assert isinstance(message, bytes)
            self.messages += 1
            self._waiting = wire.decode_from_relay(message)
        return self._waiting.pop(0)

    async def hear(self, kind: type[F]) -> F:
        """The next frame but heads, which is of this kind."""
        frame = await self.next()
        while isinstance(frame, wire.Head) and kind is not wire.Head:
            frame = await self.next()
        assert isinstance(frame, kind), frame
        return frame

    async def hear_either(self, one: type[F], other: type[G]) -> F | G:
        """The next frame but heads, which is of one of these kinds."""
        frame = await self.next()
        while isinstance(frame, wire.Head):
            frame = await self.next()
        assert isinstance(frame, one | other), frame
        return frame

    def creation(self, key: AccessKeyPair, circle: bytes, token: str | None) -> wire.Create:
        statement = create_statement(self.nonce, self.host, circle, key.public, 12)
        return wire.Create(circle, key.public, 12, token, key.sign(statement))

    async def create(
        self, key: AccessKeyPair = ANA, circle: bytes = CIRCLE, token: str | None = None
    ) -> wire.Bound:
        await self.say(self.creation(key, circle, token))
        bound = await self.hear(wire.Bound)
        await self.hear(wire.CaughtUp)
        return bound

    def binding(self, key: AccessKeyPair, after: int, circle: bytes = CIRCLE) -> wire.Bind:
        statement = bind_statement(self.nonce, self.host, circle, key.public)
        return wire.Bind(circle, key.public, after, key.sign(statement))

    def entering(self, invite_id: bytes) -> wire.Guest:
        statement = guest_statement(self.nonce, self.host, invite_id)
        return wire.Guest(invite_id, GUEST.sign(statement))

    async def bind(self, key: AccessKeyPair, after: int, circle: bytes = CIRCLE) -> wire.Bound:
        """Bind where nothing is to be caught up on."""
        await self.say(self.binding(key, after, circle))
        bound = await self.hear(wire.Bound)
        await self.hear(wire.CaughtUp)
        return bound

    async def commit(self, handshake: int, *deltas: Delta) -> int:
        """Have a commit ordered; its n."""
        await self.say(wire.Commit(fresh_id(), handshake, b"commit", encode(deltas)))
        return (await self.hear(wire.Done)).n

    async def append(self, body: bytes, handshake: int) -> int:
        """Have a message ordered; its n."""
        await self.say(wire.Append(fresh_id(), handshake, body))
        return (await self.hear(wire.Done)).n

    async def bring_in(self, *keys: AccessKeyPair, circle: bytes = CIRCLE) -> int:
        """Invite and admit these; the n of the newest commit."""
        await self.say(wire.Stage(sha256(CARD), 0, len(CARD), CARD))
        n = await self.commit(0, invite(uses=max(1, len(keys))))
        return await self.commit(n, *(admit(key, circle=circle) for key in keys))


def fresh_id() -> bytes:
    return next(_ids).to_bytes(16)
