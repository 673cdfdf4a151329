"""A sealed file by way of a real relay: sockets, disk, a restart in between, a relay that lies."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import shake_256
from pathlib import Path

import pytest

from crypto import blob
from crypto.blob import BlobReference, Sealing
from crypto.errors import UnopenedError
from relay import wire
from relay.limits import Rate
from relay.store.blobs import folder_of
from tests.relay.client import Client, fresh_id
from tests.relay.people import ANA, BO, CIRCLE
from tests.relay.test_server import FREELY, running

pytestmark = pytest.mark.slow

FILE = shake_256(b"a picture").digest(400_000)
SETTINGS = replace(FREELY, blobs=Rate(10_000, 0.1))


def sealed() -> tuple[BlobReference, bytes]:
    sealing = Sealing([FILE], len(FILE), lambda count: shake_256(b"key").digest(count))
    data = b"".join(sealing)
    return sealing.reference, data


async def hand_in(client: Client, reference: BlobReference, data: bytes, chunks: int) -> int:
    """Go on where it stands, with so many chunks at most; where it stands then."""
    await client.say(wire.PutBlob(reference.id, 0, len(data), b""))
    at = (await client.hear(wire.BlobKept)).offset
    for _ in range(chunks):
        if at < len(data):
            chunk = data[at : at + wire.BLOB_CHUNK]
            await client.say(wire.PutBlob(reference.id, at, len(data), chunk))
            at = (await client.hear(wire.BlobKept)).offset
    return at


async def fetch(client: Client, reference: BlobReference) -> list[bytes]:
    chunks: list[bytes] = []
    at = 0
    while True:
        await client.say(wire.GetBlob(reference.id, at))
        part = await client.hear(wire.BlobPart)
        chunks.append(part.chunk)
        at += len(part.chunk)
        if at >= part.total:
            return chunks


async def test_a_file_goes_on_over_a_restart_and_comes_back(tmp_path: Path) -> None:
    reference, data = sealed()
    async with running(tmp_path, SETTINGS) as relay, relay.client() as ana:
        await ana.create()
        n = await ana.bring_in(BO)
        assert await hand_in(ana, reference, data, 3) == 3 * wire.BLOB_CHUNK
    async with running(tmp_path, SETTINGS) as relay, relay.client() as ana, relay.client() as bo:
        await ana.bind(ANA, n)
        await bo.bind(BO, n)
        assert await hand_in(ana, reference, data, 0) == 3 * wire.BLOB_CHUNK
        assert await hand_in(ana, reference, data, 99) == len(data)
        chunks = await fetch(bo, reference)
        blob.verify(reference, chunks)
        assert b"".join(blob.open_(reference, chunks)) == FILE


async def test_a_relay_that_gives_other_bytes_is_not_believed(tmp_path: Path) -> None:
    reference, data = sealed()
    async with running(tmp_path, SETTINGS) as relay, relay.client() as ana:
        await ana.create()
        await hand_in(ana, reference, data, 99)
        place = folder_of(tmp_path / "relay.db") / CIRCLE.hex() / reference.id.hex()
        place.write_bytes(data[:-1] + bytes((data[-1] ^ 1,)))
        chunks = await fetch(ana, reference)
        with pytest.raises(UnopenedError, match="the relay gave other bytes"):
            blob.verify(reference, chunks)
        place.write_bytes(data[:-1])
        assert await fetch(ana, reference) == [b""], "what was damaged isn't there"


async def test_messages_come_while_a_file_does(tmp_path: Path) -> None:
    reference, data = sealed()
    async with running(tmp_path, SETTINGS) as relay, relay.client() as ana, relay.client() as bo:
        await ana.create()
        n = await ana.bring_in(BO)
        await bo.bind(BO, n)
        async with relay.client() as other:
            await other.bind(ANA, n)
            handing = asyncio.create_task(hand_in(_Files(other), reference, data, 99))
            for k in range(20):
                await ana.say(wire.Append(fresh_id(), n, b"%d" % k))
            bodies = [(await bo.hear(wire.Entry)).body for _ in range(20)]
            assert bodies == [b"%d" % k for k in range(20)]
            assert await handing == len(data)


class _Files(Client):
    """A socket's owner who is told of messages, and cares for files alone."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def say(self, *frames: wire.FromClient) -> None:
        await self._client.say(*frames)

    async def next(self) -> wire.FromRelay:
        frame = await self._client.next()
        while not isinstance(frame, wire.BlobKept | wire.BlobPart | wire.Refused):
            frame = await self._client.next()
        return frame
