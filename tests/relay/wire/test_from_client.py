"""What a client sends, field by field."""

from __future__ import annotations

import msgpack
import pytest
from hypothesis import given

from relay import wire
from relay.wire import FramingError, FromRelay
from tests.relay.wire.frames import from_relay


def frame(*fields_: object) -> bytes:
    return b"\x01" + bytes(msgpack.packb(list(fields_)))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (frame(39), "has 1 fields, not 0"),
        (frame(39, 1, 2), "has 1 fields, not 2"),
        (frame(39, -1), r"Ack\.n"),
        (frame(39, 1.0), r"Ack\.n"),
        (frame(39, True), r"Ack\.n"),
        (frame(40, "text"), r"Beat\.body"),
        (frame(40, b"b" * (wire.BEAT_LIMIT + 1)), r"Beat\.body"),
        (frame(35, b"i" * 15, 0, b""), "idempotency_id"),
        (frame(46, []), "words"),
        (frame(46, [1, 2, 3]), "words"),
        (frame(46, [1296]), "words"),
        (frame(32, b"c" * 16, b"k" * 32, 51, None, b"s" * 64), r"Create\.cap"),
        (frame(99), "no frame of type 99"),
    ],
)
def test_a_frame_that_is_not_in_the_table_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(FramingError, match=sentence):
        wire.decode_from_client(data)


@given(from_relay)
def test_no_frame_of_the_relay_is_one_of_a_client(frame: FromRelay) -> None:
    with pytest.raises(FramingError, match="no frame of type"):
        wire.decode_from_client(wire.message(frame))
