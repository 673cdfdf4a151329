"""Messages cut out of bytes however they come, against the websockets library's own parser."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from relay import wire
from relay.websocket import Incoming, Shared, ends_request
from relay.wire import MESSAGE_LIMIT

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: relay.example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

MASK = b"\x01\x80\xfe\x33"


def parser() -> ServerProtocol:
    """The library's, with its handshake behind it."""
    protocol = ServerProtocol(max_size=MESSAGE_LIMIT)
    protocol.receive_data(REQUEST)
    (request,) = protocol.events_received()
    assert isinstance(request, Request)
    protocol.send_response(protocol.accept(request))
    protocol.data_to_send()
    return protocol


def frame(opcode: int, body: bytes, fin: bool = True, form: int = 0, masked: bool = True) -> bytes:
    """A client's frame; its length in the shortest form that fits, or in one of `form` bytes."""
    form = form or (1 if len(body) < 126 else 3 if len(body) < 65536 else 9)
    lengths = {
        1: bytes([len(body) & 0x7F]),
        3: b"\x7e" + (len(body) & 0xFFFF).to_bytes(2),
        9: b"\x7f" + len(body).to_bytes(8),
    }
    head = bytes([fin << 7 | opcode, masked << 7 | lengths[form][0]]) + lengths[form][1:]
    if not masked:
        return head + body
    return head + MASK + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(body))


BODIES = st.binary(max_size=300)
ORDINARY = st.one_of(
    BODIES.map(lambda body: frame(2, body)),
    BODIES.map(lambda body: frame(2, body, form=3)),
    st.binary(max_size=125).map(lambda body: frame(9, body)),
    st.binary(max_size=125).map(lambda body: frame(10, body)),
)
STRANGE = st.one_of(
    BODIES.map(lambda body: frame(2, body, form=9)),
    BODIES.map(lambda body: frame(2, body, fin=False) + frame(0, body)),
    BODIES.map(lambda body: frame(2, body, fin=False) + frame(9, b"") + frame(0, b"")),
    st.text(max_size=50).map(lambda text: frame(1, text.encode())),
    st.just(frame(8, b"\x03\xe8")),
    st.just(frame(2, b"unmasked", masked=False)),
    st.just(frame(9, bytes(126))),
    st.binary(min_size=1, max_size=20),
)


def by_parser(pieces: Sequence[bytes]) -> tuple[list[tuple[int, bytes, bool]], bytes]:
    """What the library makes of it: data frames, and what it answers."""
    protocol = parser()
    frames: list[tuple[int, bytes, bool]] = []
    for piece in pieces:
        protocol.receive_data(piece)
        frames += data_frames(protocol)
    return frames, b"".join(protocol.data_to_send())


def data_frames(protocol: ServerProtocol) -> list[tuple[int, bytes, bool]]:
    return [
        (event.opcode, bytes(event.data), event.fin)
        for event in protocol.events_received()
        if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)
    ]


def by_both(pieces: Sequence[bytes]) -> tuple[list[tuple[int, bytes, bool]], bytes]:
    """The same, as a socket does it: ordinary messages first, the rest by the library."""
    incoming, protocol = Incoming(), parser()
    frames: list[tuple[int, bytes, bool]] = []
    for piece in pieces:
        for_parser = piece
        if not incoming.strange:
            messages, for_parser = incoming.take(piece, 1000)
            assert all(type(message) is bytes for message in messages)
            frames += [(Opcode.BINARY, message, True) for message in messages]
        protocol.receive_data(for_parser)
        frames += data_frames(protocol)
    return frames, b"".join(protocol.data_to_send())


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    """Into pieces, none of them empty."""
    at = sorted({place % len(data) for place in places} - {0}) if data else []
    return [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True)] if data else []


class TestIncoming:
    @given(st.lists(ORDINARY, max_size=6), st.lists(STRANGE, max_size=2), st.data())
    def test_it_reads_as_the_library_does(
        self, ordinary: list[bytes], strange: list[bytes], more: st.DataObject
    ) -> None:
        data = b"".join([*ordinary, *strange, *more.draw(st.lists(ORDINARY, max_size=2))])
        pieces = cut(data, more.draw(st.lists(st.integers(0, 4000), max_size=8)))
        assert by_both(pieces) == by_parser(pieces)

    @given(st.lists(ORDINARY, max_size=9), st.integers(1, 4), st.integers(0, 4000))
    def test_so_many_at_once_and_the_rest_later(
        self, ordinary: list[bytes], most: int, place: int
    ) -> None:
        data = b"".join(ordinary)
        at_once, few = Incoming(), Incoming()
        messages: list[bytes] = []
        for_parser = b""
        for piece in cut(data, [place]):
            while piece or few.more:
                some, others = few.take(piece, most)
                assert len(some) <= most
                messages, for_parser, piece = messages + some, for_parser + others, b""
        assert (messages, for_parser) == at_once.take(data, 1000)
        assert not at_once.more and not few.strange

    @pytest.mark.parametrize("size", [0, 1, 125, 126, 1000, 65_535])
    def test_byte_by_byte(self, size: int) -> None:
        body = bytes(at % 251 for at in range(size))
        data = frame(2, body) + frame(10, b"") + frame(2, b"next")
        incoming = Incoming()
        taken = [incoming.take(data[at : at + 1], 1) for at in range(len(data))]
        assert [m for messages, _ in taken for m in messages] == [body, b"next"]
        assert b"".join(for_parser for _, for_parser in taken) == frame(10, b"")
        assert not incoming.strange

    def test_the_longest_message_of_all_is_the_parsers(self) -> None:
        incoming = Incoming()
        data = frame(2, bytes(65_536))
        assert incoming.take(frame(2, b"before") + data, 2) == ([b"before"], data)
        assert incoming.strange

    @pytest.mark.parametrize("first", [0x81, 0x02, 0x00, 0x88, 0xC2, 0x8B])
    def test_one_byte_tells_what_is_strange(self, first: int) -> None:
        incoming = Incoming()
        assert incoming.take(bytes([first]), 1) == ([], bytes([first]))
        assert incoming.strange


@pytest.mark.parametrize(
    ("data", "ends"),
    [
        (REQUEST, True),
        (REQUEST + b"\x82", False),
        (REQUEST + frame(2, b"\r\n\r\n"), False),
        (REQUEST[:-1], False),
        (REQUEST[1:], False),
        (b"\n" + frame(2, b"GET \r\n\r\n"), False),
        (b"", False),
    ],
)
def test_a_request_from_beginning_to_end(data: bytes, ends: bool) -> None:
    assert ends_request(data) is ends


class TestShared:
    def test_the_same_frames_are_joined_once(self) -> None:
        shared = Shared()
        frames = [wire.encode(wire.CaughtUp(n)) for n in range(3)]
        size = sum(map(len, frames))
        first = shared.message(list(frames), size)
        assert shared.message(list(frames), size) is first
        other = shared.message(frames[:2], size - len(frames[2]))
        assert unpacked(other) == [wire.CaughtUp(0), wire.CaughtUp(1)]

    @pytest.mark.parametrize("body", [0, 1, 100, 110, 125, 126, 127, 5000, 65_400, 65_536, 69_000])
    def test_every_length_has_its_header(self, body: int) -> None:
        frame = wire.encode_entry(1, 1, 1, bytes(body), b"")
        assert unpacked(Shared().message([frame], len(frame))) == [
            wire.Entry(1, 1, 1, bytes(body), b"")
        ]

    def test_more_than_a_message_holds_becomes_several(self) -> None:
        frames = [wire.encode_entry(n, 1, 1, bytes(30_000), b"") for n in range(7)]
        message = Shared().message(frames, sum(map(len, frames)))
        assert [e.n for e in unpacked(message) if isinstance(e, wire.Entry)] == list(range(7))


def unpacked(data: bytes) -> list[wire.FromRelay]:
    """The frames of unmasked websocket messages, the websocket's headers checked."""
    frames: list[wire.FromRelay] = []
    while data:
        assert data[0] == 0x82
        length, at = data[1], 2
        if length == 126:
            length, at = int.from_bytes(data[2:4]), 4
            assert length >= 126, "the shortest form is the only one"
        elif length == 127:
            length, at = int.from_bytes(data[2:10]), 10
            assert length >= 65536
        assert length <= wire.MESSAGE_LIMIT
        frames += wire.decode_from_relay(data[at : at + length])
        data = data[at + length :]
    return frames
