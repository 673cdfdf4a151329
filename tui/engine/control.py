"""The control socket: how another process asks the one that owns the profile.

The owner listens on a Unix socket in the profile's folder (0600). Either side sends frames of a
4-byte length and msgpack: the owner a `Hello` first, then `Told` for each event; the other side
`Ask` for each command, and `Watch` if it wants to hear news beside the answers to its own commands.

Here are the bytes alone; `tui.engine.runner` has the socket. References are the asker's own: the
owner gives every command a number of its own, and `Switchboard` knows whose it is.

    ControlError            the other side of the socket does not speak this; it is hung up on
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeAlias, TypeVar

import msgspec

from tui.engine.commands import Command
from tui.engine.events import Event

CONTROL_VERSION = 1
FRAME_LIMIT = 4 * 1024 * 1024
_LENGTH = 4


class ControlError(Exception):
    """The other side of the socket sent what this version does not understand."""


class Hello(msgspec.Struct, frozen=True, tag=True):
    """The owner's first frame."""

    version: int
    holder: str


class Told(msgspec.Struct, frozen=True, tag=True):
    """An event, from the owner."""

    event: Event


class Ask(msgspec.Struct, frozen=True, tag=True):
    """A command, to the owner."""

    command: Command


class Watch(msgspec.Struct, frozen=True, tag=True):
    """Tell me the news, too."""


FromOwner: TypeAlias = Hello | Told
FromAsker: TypeAlias = Ask | Watch
Frame = TypeVar("Frame")
Peer = TypeVar("Peer")


def encode(frame: FromOwner | FromAsker) -> bytes:
    """One frame's bytes."""
    data = msgspec.msgpack.encode(frame)
    return len(data).to_bytes(_LENGTH) + data


class Ear(Generic[Frame]):
    """Frames out of a stream of bytes, however it is cut."""

    def __init__(self, frames: type[Frame]) -> None:
        self._decoder = msgspec.msgpack.Decoder(frames)
        self._buffer = bytearray()

    def receive(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now; ControlError ends the conversation."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH:
            length = int.from_bytes(self._buffer[:_LENGTH])
            if length > FRAME_LIMIT:
                raise ControlError(f"a frame of {length} bytes is longer than {FRAME_LIMIT}")
            end = _LENGTH + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_LENGTH:end])
            del self._buffer[:end]
            try:
                yield self._decoder.decode(body)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise ControlError("the other program is of another version") from error


def owner_ear() -> Ear[FromAsker]:
    """What the owner listens with."""
    return Ear(FromAsker)  # type: ignore[arg-type]  # a union is no class to mypy


def asker_ear() -> Ear[FromOwner]:
    """What the asker listens with."""
    return Ear(FromOwner)  # type: ignore[arg-type]


def greeted(hello: FromOwner) -> Hello:
    """The owner's first frame; ControlError where the owner is of another version."""
    if not isinstance(hello, Hello) or hello.version != CONTROL_VERSION:
        raise ControlError(
            "The Hallway that owns this profile is of another version. Close it, then try again."
        )
    return hello


class Switchboard(Generic[Peer]):
    """Which peer asked what, and under which reference of its own."""

    def __init__(self) -> None:
        self._asked: dict[int, tuple[Peer, int]] = {}
        self._watching: dict[Peer, None] = {}
        self._last = 0

    def number(self) -> int:
        """A fresh reference, for a command of the owner's own."""
        self._last += 1
        return self._last

    def hear(self, peer: Peer, frame: FromAsker) -> Command | None:
        """The command to carry out, under the owner's reference, or None for a `Watch`."""
        if isinstance(frame, Watch):
            self._watching[peer] = None
            return None
        ref = self.number()
        self._asked[ref] = (peer, frame.command.ref)
        return msgspec.structs.replace(frame.command, ref=ref)

    def tell(self, event: Event, send: Callable[[Peer, bytes], None]) -> bool:
        """Send an event to whom it concerns; whether it was an answer to a peer."""
        if event.ref:
            asked = self._asked.pop(event.ref, None)
            if asked is None:
                return False
            peer, ref = asked
            send(peer, encode(Told(msgspec.structs.replace(event, ref=ref))))
            return True
        if self._watching:
            frame = encode(Told(event))
            for peer in self._watching:
                send(peer, frame)
        return False

    def hang_up(self, peer: Peer) -> None:
        """A peer is gone; answers to it are dropped."""
        self._watching.pop(peer, None)
        self._asked = {ref: asked for ref, asked in self._asked.items() if asked[0] is not peer}
