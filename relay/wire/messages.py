"""Frames to messages, and back.

WireError              a message that is refused; each ends the connection
├── VersionError       another protocol version; `version` is the peer's
└── FramingError       not a message of this version, or too large for one
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgpack

from crypto.access.arrays import Layout
from crypto.access.errors import MalformedError
from relay.wire.bounds import BODY_LIMIT, FRAMES_LIMIT, MESSAGE_LIMIT, TOKEN_LIMIT, VERSION
from relay.wire.from_client import FROM_CLIENT, FromClient
from relay.wire.from_relay import FROM_RELAY, Done, Entry, FromRelay

F = TypeVar("F", FromRelay, FromClient)


class WireError(Exception):
    """A message that this side of the wire refuses."""


class VersionError(WireError):
    """The peer speaks another version of the protocol, `version`."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the other side speaks protocol version {version}, this one {VERSION}")
        self.version = version


class FramingError(WireError):
    """Not a message of this version of the protocol."""


def encode(frame: FromRelay | FromClient) -> bytes:
    """One frame's bytes, without the version byte; MisuseError where a field is out of bounds."""
    layout: Layout[FromRelay] | Layout[FromClient] = (
        FROM_RELAY if FROM_RELAY.holds(frame) else FROM_CLIENT
    )
    data: bytes = msgpack.packb(layout.to_array(frame))  # type: ignore[arg-type]
    return data


def pack(frames: Iterable[bytes]) -> Iterator[bytes]:
    """Join encoded frames into as few messages as their limit allows, in order."""
    parts = [_VERSION_BYTE]
    size = 1
    for frame in frames:
        if size + len(frame) > MESSAGE_LIMIT and size > 1:
            yield b"".join(parts)
            parts = [_VERSION_BYTE]
            size = 1
        parts.append(frame)
        size += len(frame)
    if size > 1:
        yield b"".join(parts)


def encode_entry(n: int, kind: int, time: int, body: bytes, side_data: bytes) -> bytes:
    """The bytes of an Entry whose fields are in bounds by construction; made for every reader."""
    data: bytes = msgpack.packb((_ENTRY, n, kind, time, body, side_data))
    return data


def encode_done(idempotency_id: bytes, n: int, time: int) -> bytes:
    """The bytes of a Done whose fields are in bounds by construction; made for every message."""
    data: bytes = msgpack.packb((_DONE, idempotency_id, n, time))
    return data


def message(*frames: FromRelay | FromClient) -> bytes:
    """One message of these frames."""
    return _VERSION_BYTE + b"".join(encode(frame) for frame in frames)


def decode_from_client(data: bytes) -> list[FromClient]:
    """The frames of a client's message, all of them or a WireError."""
    frames = _decode(FROM_CLIENT, data)
    if len(frames) > FRAMES_LIMIT:
        raise FramingError(f"a message holds at most {FRAMES_LIMIT} frames, not {len(frames)}")
    return frames


def decode_from_relay(data: bytes) -> list[FromRelay]:
    """The frames of a relay's message, all of them or a WireError."""
    return _decode(FROM_RELAY, data)


_VERSION_BYTE = bytes((VERSION,))
_DONE = FROM_RELAY.number(Done)
_ENTRY = FROM_RELAY.number(Entry)
_BOUNDS: dict[str, Any] = {
    "max_bin_len": BODY_LIMIT,
    "max_str_len": TOKEN_LIMIT,
    "max_array_len": 15,
    "max_map_len": 0,
    "max_ext_len": 0,
}


def _decode(layout: Layout[F], data: bytes) -> list[F]:
    if not data:
        raise FramingError("an empty message")
    if data[0] != VERSION:
        raise VersionError(data[0])
    if len(data) > MESSAGE_LIMIT:
        raise FramingError(f"a message has at most {MESSAGE_LIMIT} bytes, not {len(data)}")
    try:
        return _decode_all(layout, memoryview(data)[1:])
    except (ValueError, msgpack.UnpackException) as error:
        raise FramingError("a message holds something that is not a msgpack array") from error
    except MalformedError as error:
        raise FramingError(str(error)) from error


def _decode_all(layout: Layout[F], data: memoryview) -> list[F]:
    # Most messages hold one frame, and an Unpacker takes longer to make than such a frame to read.
    try:
        lone = msgpack.unpackb(data, **_BOUNDS)
    except (ValueError, msgpack.UnpackException):
        return _decode_several(layout, data)
    return [layout.from_array(lone)]


def _decode_several(layout: Layout[F], data: memoryview) -> list[F]:
    unpacker = msgpack.Unpacker(max_buffer_size=MESSAGE_LIMIT, **_BOUNDS)
    unpacker.feed(data)
    frames = [layout.from_array(parsed) for parsed in unpacker]
    if not frames or unpacker.tell() != len(data):
        raise FramingError("a message ends in the middle of a frame")
    return frames
