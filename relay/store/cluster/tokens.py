"""The operator's tokens in a stream, as `relay.tokens` keeps them in a database."""

from __future__ import annotations

import msgpack

from crypto.primitives import Rng
from relay.store.cluster.names import Names, last_part
from relay.store.cluster.stream import Draft, Message, Stream
from relay.tokens import Token, chosen, fresh


async def issue(stream: Stream, uses: int, until: int, rng: Rng) -> tuple[str, Token]:
    """As `relay.tokens.issue`."""
    token, hashed, kept = fresh(uses, until, rng)
    data: bytes = msgpack.packb([uses, until])
    await stream.publish(Draft(Names(stream.name).token(hashed), data, expected=0))
    return token, kept


async def listed(stream: Stream) -> list[Token]:
    """As `relay.tokens.listed`."""
    found = [_token(message) for message in await _messages(stream)]
    return sorted(found, key=lambda token: (token.until, token.id))


async def revoke(stream: Stream, name: str) -> Token:
    """As `relay.tokens.revoke`."""
    by_hash = {last_part(message.subject): message for message in await _messages(stream)}
    message = by_hash[chosen(list(by_hash), name)]
    await stream.purge(message.subject)
    return _token(message)


async def _messages(stream: Stream) -> list[Message]:
    return await stream.lasts(Names(stream.name).tokens)


def _token(message: Message) -> Token:
    uses, until = msgpack.unpackb(message.data)
    return Token.of(last_part(message.subject), uses, until)
