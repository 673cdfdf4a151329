"""Frames to messages and back: strict, bounded, whole."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.access.errors import MisuseError
from relay import wire
from relay.wire import FramingError, FromClient, FromRelay, VersionError, WireError
from tests.relay.wire.frames import from_client, from_relay

Decode = Callable[[bytes], list[Any]]


@given(st.lists(from_relay, min_size=1, max_size=8))
def test_a_relays_message_survives_the_round_trip(frames: list[FromRelay]) -> None:
    assert wire.decode_from_relay(wire.message(*frames)) == frames


@given(st.lists(from_client, min_size=1, max_size=8))
def test_a_clients_message_survives_the_round_trip(frames: list[FromClient]) -> None:
    assert wire.decode_from_client(wire.message(*frames)) == frames


@given(st.binary(max_size=60), st.sampled_from([wire.decode_from_client, wire.decode_from_relay]))
def test_any_bytes_are_read_or_refused(data: bytes, decode: Decode) -> None:
    try:
        assert decode(b"\x01" + data)
    except WireError:
        pass


@given(st.lists(from_client, min_size=1, max_size=3), st.data())
def test_a_message_that_is_cut_is_refused_or_shorter(
    frames: list[FromClient], draw: st.DataObject
) -> None:
    data = wire.message(*frames)
    cut = data[: draw.draw(st.integers(0, len(data) - 1))]
    try:
        assert wire.decode_from_client(cut) == frames[: len(wire.decode_from_client(cut))]
        assert len(wire.decode_from_client(cut)) < len(frames)
    except WireError:
        pass


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty message"),
        (b"\x01", "middle of a frame"),
        (b"\x01\x91", "middle of a frame"),
        (b"\x01\xc1", "not a msgpack array"),
        (b"\x01\x80", "starts with its type"),
        (b"\x01\x81\x01\x02", "not a msgpack array"),
        (b"\x01\x05", "starts with its type"),
        (b"\x01\x90", "starts with its type"),
        (b"\x01" + b"\x91" * 3000, "not a msgpack array"),
        (b"\x01\xdd\xff\xff\xff\xff", "not a msgpack array"),
        (b"\x01\xc6\xff\xff\xff\xff", "middle of a frame"),
        (b"\x01\xd4\x05\x00", "not a msgpack array"),
        (b"\x01\xd6\xff\x00\x00\x00\x00", "not a msgpack array"),
        (b"\x01\x92\x27\xa1\xff", "not a msgpack array"),
        (b"\x01" + bytes(wire.MESSAGE_LIMIT), "at most 73728 bytes"),
    ],
)
def test_what_is_not_a_message_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(FramingError, match=sentence):
        wire.decode_from_client(data)


def test_a_good_frame_does_not_save_a_bad_one() -> None:
    with pytest.raises(FramingError):
        wire.decode_from_client(wire.message(wire.Ack(1)) + b"\x91\x00")


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_named(version: int) -> None:
    with pytest.raises(VersionError, match=f"version {version}") as caught:
        wire.decode_from_client(bytes((version,)) + b"\xff")
    assert caught.value.version == version


def test_a_client_sends_so_many_frames_and_no_more() -> None:
    ack = wire.encode(wire.Ack(0))
    assert len(wire.decode_from_client(b"\x01" + ack * wire.FRAMES_LIMIT)) == wire.FRAMES_LIMIT
    with pytest.raises(FramingError, match="at most 256 frames"):
        wire.decode_from_client(b"\x01" + ack * (wire.FRAMES_LIMIT + 1))


def test_a_relay_may_send_more() -> None:
    gone = wire.encode(wire.Gone(1, 1, b"h" * 32))
    assert len(wire.decode_from_relay(b"\x01" + gone * 1000)) == 1000


def test_a_frame_out_of_bounds_has_no_encoding() -> None:
    with pytest.raises(MisuseError, match=r"Append\.body"):
        wire.encode(wire.Append(b"i" * 16, 0, bytes(wire.BODY_LIMIT + 1)))


def test_an_entry_encoded_for_all_is_an_entry() -> None:
    shared = wire.encode_entry(7, 1, 99, b"body", b"side")
    assert shared == wire.encode(wire.Entry(7, 1, 99, b"body", b"side"))


def test_what_the_sender_hears_is_a_done() -> None:
    assert wire.encode_done(b"i" * 16, 7, 99) == wire.encode(wire.Done(b"i" * 16, 7, 99))


class TestPack:
    def test_joins_what_fits(self) -> None:
        frames = [wire.encode(wire.CaughtUp(n)) for n in range(5)]
        (message,) = wire.pack(frames)
        assert wire.decode_from_relay(message) == [wire.CaughtUp(n) for n in range(5)]

    def test_nothing_is_no_message(self) -> None:
        assert list(wire.pack([])) == []

    def test_begins_another_where_one_is_full(self) -> None:
        frames = [bytes(wire.MESSAGE_LIMIT // 2)] * 3
        assert [len(message) for message in wire.pack(frames)] == [
            wire.MESSAGE_LIMIT // 2 + 1,
            wire.MESSAGE_LIMIT // 2 + 1,
            wire.MESSAGE_LIMIT // 2 + 1,
        ]

    @given(st.lists(st.integers(1, 30_000), max_size=12))
    def test_keeps_to_the_limit_and_the_order(self, sizes_: list[int]) -> None:
        frames = [bytes((number,)) * size for number, size in enumerate(sizes_)]
        messages = list(wire.pack(iter(frames)))
        assert all(len(message) <= wire.MESSAGE_LIMIT for message in messages)
        assert all(message[0] == wire.VERSION for message in messages)
        assert b"".join(message[1:] for message in messages) == b"".join(frames)
        # No message could have taken the next one's first frame too.
        for message, after in pairwise(messages):
            assert len(message) + sizes_[after[1]] > wire.MESSAGE_LIMIT

    def test_the_largest_entry_fits_alone(self) -> None:
        largest = wire.Commit(b"i" * 16, 2**63 - 1, b"b" * 69_000, b"")
        room = wire.MESSAGE_LIMIT - len(wire.message(largest))
        commit = wire.Commit(b"i" * 16, 2**63 - 1, largest.body, b"s" * (room - 2))
        assert wire.decode_from_client(wire.message(commit)) == [commit]
        entry = wire.encode_entry(2**63 - 1, 2, 2**64 - 1, commit.body, commit.side_data)
        (message,) = wire.pack([entry])
        assert len(message) <= wire.MESSAGE_LIMIT
