"""The client's side of one connection: which frames a relay may send when.

Sans-I/O. A Session greets the relay as whoever the connection is for, hands on what the relay says
where it may say that, and raises a `SessionError` where it may not; then it is CLOSED. What the
frames mean is their reader's to know.

    GREETING ─ hello ─▶ ENTERING ─ bound ─▶ BOUND
                   │            └─ card ──▶ GUEST
                   └ (nameplate) ─────────▶ CLAIMANT
    any ─ refused while entering, a refusal that closes, an error ─▶ CLOSED
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum

import msgpack

from relay import wire
from relay.wire import FromClient, FromRelay
from tui.engine.errors import LinkError


class SessionError(LinkError):
    """The relay said what it may not say now; `version` where it speaks another protocol."""

    def __init__(self, message: str, version: int | None = None) -> None:
        super().__init__(message)
        self.version = version


class State(Enum):
    """Where a connection is."""

    GREETING = "greeting"
    ENTERING = "entering"
    BOUND = "bound"
    GUEST = "guest"
    CLAIMANT = "claimant"
    CLOSED = "closed"


_BOUND = (
    wire.Entry,
    wire.Gone,
    wire.Head,
    wire.Done,
    wire.Refused,
    wire.BeatOf,
    wire.EphemeralOf,
    wire.Welcome,
    wire.Nameplate,
    wire.Said,
    wire.Closed,
    wire.CaughtUp,
    wire.Restoring,
    wire.Restored,
    wire.BlobKept,
    wire.BlobPart,
)

TABLE: dict[tuple[State, type[FromRelay]], State] = {
    (State.GREETING, wire.Hello): State.ENTERING,
    (State.GREETING, wire.Refused): State.CLOSED,
    (State.ENTERING, wire.Refused): State.CLOSED,
    (State.ENTERING, wire.Begins): State.ENTERING,
    (State.ENTERING, wire.Bound): State.BOUND,
    (State.ENTERING, wire.Card): State.GUEST,
    **{(State.BOUND, frame): State.BOUND for frame in _BOUND},
    (State.GUEST, wire.Done): State.GUEST,
    (State.GUEST, wire.Refused): State.GUEST,
    (State.GUEST, wire.Answer): State.GUEST,
    (State.CLAIMANT, wire.Said): State.CLAIMANT,
    (State.CLAIMANT, wire.Refused): State.CLAIMANT,
    (State.CLAIMANT, wire.Closed): State.CLOSED,
}
"""Every frame that a state takes, and the state after it. What has no row ends the connection."""


PORTION = 16
"""Frames that are worked on at once; a screen in the same process waits for so many."""


def portions(data: bytes) -> Iterator[bytes]:
    """A relay's message as several that say the same, of at most `PORTION` frames each.

    What is no message comes out as it is, behind what can be told apart before it.
    """
    unpacker = msgpack.Unpacker(max_buffer_size=max(1, len(data)))
    unpacker.feed(memoryview(data)[1:])
    start = end = 0
    try:
        while True:
            for _ in range(PORTION):
                unpacker.skip()
                end = unpacker.tell()
            if end + 1 == len(data):
                break
            yield data[:1] + data[1 + start : 1 + end]
            start = end
    except (msgpack.UnpackException, ValueError):
        pass  # here it ends, or is none: its decoder says which
    yield data[:1] + data[1 + start :]


class Session:
    """One connection. `greet` answers the relay's hello: it says for whom the connection is, or
    None where the hello was all that was wanted.

    `expected` is the relay's key where it is known already.
    """

    def __init__(
        self, greet: Callable[[wire.Hello], FromClient | None], expected: bytes = b""
    ) -> None:
        self.state = State.GREETING
        self._greet = greet
        self._expected = expected
        self._waiting: list[bytes] = []

    def receive(self, data: bytes) -> list[FromRelay]:
        """What the relay says in one websocket message, for whoever the connection is for.

        The hello is answered here and not among it. SessionError where it is not to be listened to.
        """
        if self.state is State.CLOSED:
            return []
        try:
            frames = wire.decode_from_relay(data)
        except wire.VersionError as error:
            self.state = State.CLOSED
            raise SessionError(
                f"The relay speaks version {error.version} of the protocol, this Hallway version "
                f"{wire.VERSION}. The older of the two has to be updated.",
                error.version,
            ) from error
        except wire.FramingError as error:
            self.state = State.CLOSED
            raise SessionError(f"The relay does not speak as a relay does: {error}.") from error
        return [frame for frame in frames if self._take(frame)]

    def _take(self, frame: FromRelay) -> bool:
        """Follow the table; whether the frame is to be handed on."""
        if self.state is State.CLOSED:
            return False
        after = TABLE.get((self.state, type(frame)))
        if after is None:
            before, self.state = self.state, State.CLOSED
            kind = type(frame).__name__
            raise SessionError(f"The relay said {kind} to a connection that is {before.value}.")
        self.state = after
        if isinstance(frame, wire.Hello):
            self._hello(frame)
            return False
        if isinstance(frame, wire.Refused) and frame.code in wire.CLOSING:
            self.state = State.CLOSED
        return True

    def _hello(self, hello: wire.Hello) -> None:
        if self._expected and hello.relay_key != self._expected:
            self.state = State.CLOSED
            raise SessionError(
                "Another relay answers at this address than the one that the circle is on, or the "
                "same one without its data. It is told nothing."
            )
        first = self._greet(hello)
        if first is None:
            self.state = State.CLOSED
            return
        self.send(first)
        if isinstance(first, wire.ClaimNameplate):
            self.state = State.CLAIMANT

    def send(self, *frames: FromClient) -> None:
        """Say something, after what was said before."""
        self._waiting += [wire.encode(frame) for frame in frames]

    def data_to_send(self) -> Iterable[bytes]:
        """The websocket messages to send now, in order."""
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), wire.FRAMES_LIMIT):
            yield from wire.pack(waiting[start : start + wire.FRAMES_LIMIT])
