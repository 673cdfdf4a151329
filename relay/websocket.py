"""A websocket's ordinary messages, read and made without a parser's ado (RFC 6455 section 5.2).

Nearly all that clients send is binary messages in one short frame each, and all that the relay
sends is. Whatever else there may be (fragments, text, the end, what breaks the rules) is left to
the websockets library, at a boundary between two frames.
"""

from __future__ import annotations

from relay import wire
from relay.wire import MESSAGE_LIMIT

try:
    from websockets.speedups import apply_mask
except ImportError:  # it is not compiled for every platform
    from websockets.utils import apply_mask

_VERSION = bytes((wire.VERSION,))

_BINARY, _PING, _PONG = 0x82, 0x89, 0x8A
"""The first bytes of frames that are whole messages."""

_MASKED = 0x80
_TWO_BYTES = 126
"""The length that says that the length follows, in two bytes; no such message is too long."""


def ends_request(data: bytes) -> bool:
    """Whether these bytes are one request from its beginning to its end, and nothing after it."""
    return data.startswith(b"GET ") and data.find(b"\r\n\r\n") == len(data) - 4


class Incoming:
    """The bytes that a client sends once its websocket is open, cut into its messages."""

    __slots__ = ("_held", "_wanted", "more", "strange")

    def __init__(self) -> None:
        self._held = bytearray()
        self._wanted = 0
        self.strange = False
        """Something came that is not ordinary: it and all that follows is for the parser."""
        self.more = False
        """More has come than was taken; taking nothing goes on with it."""

    def take(self, data: bytes, most: int) -> tuple[list[bytes], bytes]:
        """The messages that are whole now, and what is for the parser: whole frames of its own.

        Of one and the other so many frames at `most`; the others are held here for the next time.
        So is what has come of a frame that is not whole yet, at most 64 KiB and a few bytes.
        """
        if self._held:
            self._held += data
            if len(self._held) < self._wanted:
                return [], b""
            data, self._held = bytes(self._held), bytearray()
        messages: list[bytes] = []
        for_parser = b""
        at, size = 0, len(data)
        self.more = False
        while at < size:
            if not most:
                self._held += data[at:]
                self._wanted, self.more = 0, True
                break
            most -= 1
            body, end = _bounds(data, at, size)
            if not end:
                self.strange = True
                return messages, for_parser + data[at:]
            if end > size:
                self._held += data[at:]
                self._wanted = end - at
                break
            if data[at] == _BINARY:
                messages.append(apply_mask(data[body:end], data[body - 4 : body]))
            else:
                for_parser += data[at:end]
            at = end
        return messages, for_parser


def _bounds(data: bytes, at: int, size: int) -> tuple[int, int]:
    """Where the body of the frame at `at` begins, and where it ends; 0 if that is not ordinary.

    Where too little has come to say so, the end is somewhere behind what has come.
    """
    first = data[at]
    if size - at < 2:
        return 0, size + 1 if first in (_BINARY, _PING, _PONG) else 0
    length = data[at + 1] - _MASKED
    if 0 <= length < _TWO_BYTES and first in (_BINARY, _PING, _PONG):
        return at + 6, at + 6 + length
    if length == _TWO_BYTES and first == _BINARY:
        if size - at < 4:
            return 0, size + 1
        return at + 8, at + 8 + (data[at + 2] << 8 | data[at + 3])
    return 0, 0


class Shared:
    """The websocket message last made, for the next socket that has the same frames to get."""

    __slots__ = ("_frames", "_message")

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._message = b""

    def message(self, frames: list[bytes], size: int) -> bytes:
        """The bytes of these encoded frames, `size` in all: one websocket message if they fit."""
        # Lists of the same objects compare without looking at their bytes.
        if frames != self._frames:
            self._frames = frames
            if size < MESSAGE_LIMIT:
                self._message = b"".join((_header(size + 1), _VERSION, *frames))
            else:
                messages = [*wire.pack(frames)]
                self._message = b"".join(_header(len(each)) + each for each in messages)
        return self._message


def _header(length: int) -> bytes:
    """The header of an unmasked binary message in one frame."""
    if length < 126:
        return bytes((_BINARY, length))
    if length < 65536:
        return b"\x82\x7e" + length.to_bytes(2)
    return b"\x82\x7f" + length.to_bytes(8)
