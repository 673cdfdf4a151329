"""Frames ↔ bytes: strict, bounded, and the tables of the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.access import log, side_data
from crypto.access.errors import MisuseError
from relay import limits, wire
from relay.wire import (
    FROM_CLIENT,
    FROM_RELAY,
    FramingError,
    FromClient,
    FromRelay,
    Refusal,
    VersionError,
    WireError,
)

PAGE = (Path(__file__).parents[2] / "docs/protocol.md").read_text(encoding="utf-8")

ids = st.binary(min_size=16, max_size=16)
keys = st.binary(min_size=32, max_size=32)
signatures = st.binary(min_size=64, max_size=64)
numbers = st.integers(0, 2**63 - 1)
bytes_ = st.integers(0, 255)
codes = st.integers(0, 0xFFFF)
words = st.lists(st.integers(0, 1295), min_size=1, max_size=2)
bodies = st.binary(max_size=100)
sizes = st.integers(0, wire.STAGED_LIMIT)

from_relay: st.SearchStrategy[FromRelay] = st.one_of(
    st.builds(wire.Hello, keys, keys, numbers),
    st.builds(wire.Bound, ids, numbers, keys, signatures, numbers, numbers, bytes_, bytes_),
    st.builds(wire.Entry, numbers, bytes_, numbers, bodies, bodies),
    st.builds(wire.Gone, numbers, bytes_, keys),
    st.builds(wire.Head, ids, numbers, keys, signatures),
    st.builds(wire.Done, ids, numbers, numbers),
    st.builds(wire.Refused, st.none() | ids, codes, numbers),
    st.builds(wire.BeatOf, keys, bodies),
    st.builds(wire.EphemeralOf, keys, bodies),
    st.builds(wire.Card, bodies, bytes_, bytes_),
    st.builds(wire.Answer, codes),
    st.builds(wire.Welcome, keys, sizes, sizes, bodies),
    st.builds(wire.Nameplate, words, numbers),
    st.builds(wire.Said, bodies),
    st.builds(wire.Closed, codes),
    st.builds(wire.CaughtUp, numbers),
    st.builds(wire.Restoring, numbers, numbers, st.booleans()),
    st.builds(wire.Restored),
    st.builds(wire.Begins, numbers, keys, numbers, keys),
)
from_client: st.SearchStrategy[FromClient] = st.one_of(
    st.builds(
        wire.Create,
        ids,
        keys,
        st.integers(2, 50),
        st.none() | st.text("té", max_size=64),
        signatures,
    ),
    st.builds(
        wire.Settle,
        ids,
        keys,
        numbers,
        keys,
        numbers,
        keys,
        st.booleans(),
        st.integers(2, 50),
        st.integers(2, 50),
        keys,
        bodies,
        st.none() | st.text("té", max_size=64),
        signatures,
    ),
    st.builds(wire.Bind, ids, keys, numbers, signatures),
    st.builds(wire.Guest, ids, signatures),
    st.builds(wire.Append, ids, numbers, bodies),
    st.builds(wire.Commit, ids, numbers, bodies, bodies),
    st.builds(wire.Request, ids, bodies),
    st.builds(wire.Rejoin, ids, bodies),
    st.builds(wire.Ack, numbers),
    st.builds(wire.Beat, bodies),
    st.builds(wire.Ephemeral, bodies),
    st.builds(wire.Stage, keys, sizes, sizes, bodies),
    st.builds(wire.FetchWelcome),
    st.builds(wire.Report, ids, numbers, keys, signatures),
    st.builds(wire.Outline, numbers, bodies),
    st.builds(wire.Restore, numbers, numbers, st.none() | bodies, bodies, st.none() | keys),
    st.builds(wire.Read, numbers, numbers),
    st.builds(wire.OpenNameplate),
    st.builds(wire.ClaimNameplate, words),
    st.builds(wire.Say, bodies),
    st.builds(wire.CloseNameplate),
)

Decode = Callable[[bytes], list[Any]]


@given(st.lists(from_relay, min_size=1, max_size=8))
def test_a_relays_message_survives_the_round_trip(frames: list[FromRelay]) -> None:
    assert wire.decode_from_relay(wire.message(*frames)) == frames


@given(st.lists(from_client, min_size=1, max_size=8))
def test_a_clients_message_survives_the_round_trip(frames: list[FromClient]) -> None:
    assert wire.decode_from_client(wire.message(*frames)) == frames


@given(from_relay)
def test_no_frame_of_the_relay_is_one_of_a_client(frame: FromRelay) -> None:
    with pytest.raises(FramingError, match="no frame of type"):
        wire.decode_from_client(wire.message(frame))


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


def frame(*fields_: object) -> bytes:
    return b"\x01" + bytes(msgpack.packb(list(fields_)))


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


def test_the_refusals_that_close_are_those_of_the_page() -> None:
    rows = re.findall(r"^\| \d+ \| (\w+) \|[^|]*\| ([^|]+) \|", section("4.6"), re.MULTILINE)
    closing = {name for name, means in rows if "the socket closes" in means}
    assert {code.name.lower() for code in wire.CLOSING} == closing


def section(number: str) -> str:
    start = PAGE.index(f"### {number} ")
    return PAGE[start : PAGE.index("### ", start + 4)]


@pytest.mark.docs
class TestPage:
    def test_lists_every_refusal(self) -> None:
        rows = re.findall(r"^\| (\d+) \| (\w+) \|", section("4.6"), re.MULTILINE)
        assert {name: int(code) for code, name in rows} == {
            code.name.lower(): code.value for code in Refusal
        }

    def test_lists_every_frame_with_its_fields(self) -> None:
        rows = re.findall(r"^\| (\d+) \| (\w+) \|(.*)\|$", section("4.1"), re.MULTILINE)
        tables = {**FROM_RELAY.rows, **FROM_CLIENT.rows}
        assert {int(number) for number, _, _ in rows} == tables.keys()
        for number, name, listed in rows:
            kind = tables[int(number)][0]
            words_ = re.findall("[A-Z][a-z]+", kind.__name__)
            assert "_".join(words_).lower().removesuffix("_of") == name
            plain = re.sub(r"\([^)]*\)", "", listed).strip()
            count = len(plain.split(",")) if plain else 0
            assert count == len(fields(kind)), name

    def test_gives_every_limit(self) -> None:
        rows = re.findall(r"^\| ([a-z ,]+) \| ([\d,]+) \|$", section("4.1"), re.MULTILINE)
        assert {name: int(number.replace(",", "")) for name, number in rows} == {
            "body of append, commit": wire.BODY_LIMIT,
            "side data": wire.SIDE_DATA_LIMIT,
            "body of request, rejoin": wire.REQUEST_LIMIT,
            "body of beat": wire.BEAT_LIMIT,
            "body of ephemeral": wire.EPHEMERAL_LIMIT,
            "body of say": wire.SAY_LIMIT,
            "card": wire.CARD_LIMIT,
            "chunk": wire.CHUNK_LIMIT,
            "links of outline": wire.OUTLINE_LIMIT,
            "staged by one socket": wire.STAGED_LIMIT,
        }
        assert wire.SIDE_DATA_LIMIT == side_data.SIDE_DATA_LIMIT
        assert f"at most {wire.MESSAGE_LIMIT // 1024} KiB" in section("4.1")
        assert f"at most {wire.FRAMES_LIMIT} frames" in section("4.1")
        assert f"({limits.QUEUE_LIMIT // 1024} KiB)" in section("4.6")

    def test_lists_every_kind(self) -> None:
        rows = re.findall(r"^\| (\d) \| (\w+) \|", section("4.3"), re.MULTILINE)
        assert {name: int(kind) for kind, name in rows} == {
            kind.name.lower(): kind.value for kind in log.Kind
        }
