"""Side data ↔ bytes: strict, one encoding a list, and the table of the page."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.access import side_data
from crypto.access.errors import MalformedError, MisuseError
from crypto.access.side_data import (
    DELTAS,
    DELTAS_LIMIT,
    SIDE_DATA_LIMIT,
    AddDevice,
    AddInvite,
    Admit,
    Cap,
    Delta,
    Depart,
    Flag,
    Keep,
    LeaveWelcome,
    OpenInvite,
    Rekey,
    Remove,
    ReplaceCard,
    RevokeInvite,
    TakenSeat,
    WholeRoster,
    decode,
    encode,
)

ids = st.binary(min_size=16, max_size=16)
keys = st.binary(min_size=32, max_size=32)
signatures = st.binary(min_size=64, max_size=64)

deltas = st.one_of(
    st.builds(Admit, ids, keys, signatures),
    st.builds(AddDevice, keys),
    st.builds(Rekey, keys, keys, signatures),
    st.builds(Depart, keys, signatures),
    st.builds(Remove, keys),
    st.builds(Flag, keys, st.booleans()),
    st.builds(Cap, st.integers(2, 50)),
    st.builds(AddInvite, ids, keys, keys, st.integers(1, 50), st.integers(0, 2**64 - 1), keys),
    st.builds(RevokeInvite, ids),
    st.builds(LeaveWelcome, keys, keys),
    st.builds(ReplaceCard, ids, keys),
    st.builds(WholeRoster, st.integers(2, 50)),
    st.builds(TakenSeat, keys, st.booleans()),
    st.builds(OpenInvite, ids, st.integers(1, 50)),
    st.builds(Keep, st.integers(86_400, 31_536_000)),
)


@given(st.lists(deltas, max_size=12))
def test_side_data_survive_the_round_trip(listed: list[Delta]) -> None:
    assert decode(encode(listed)) == tuple(listed)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        assert encode(decode(data)) == data
    except MalformedError:
        pass


@given(st.lists(deltas, min_size=1, max_size=3), st.data())
def test_a_cut_or_lengthened_encoding_is_refused(listed: list[Delta], draw: st.DataObject) -> None:
    data = encode(listed)
    cut = data[: draw.draw(st.integers(0, len(data) - 1))]
    for wrong in (cut, data + b"\x00"):
        with pytest.raises(MalformedError):
            decode(wrong)


def test_none_is_valid() -> None:
    assert encode([]) == b"\x90"
    assert decode(b"\x90") == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc0",
        b"\x80",
        b"\x05",
        msgpack.packb({1: 2}),
        msgpack.packb([[7, 8, 9]]),
        msgpack.packb([[7]]),
        msgpack.packb([[7, 51]]),
        msgpack.packb([[7, 1]]),
        msgpack.packb([[7, True]]),
        msgpack.packb([[16, 8]]),
        msgpack.packb([[15, 86_399]]),
        msgpack.packb([[15, 31_536_001]]),
        msgpack.packb([[6, b"k" * 32, 1]]),
        msgpack.packb([[5, b"k" * 31]]),
        msgpack.packb([[5, "k" * 32]]),
        msgpack.packb([[4, b"k" * 32, b"s" * 65]]),
        msgpack.packb([7, 8]),
        b"\xc1",
        b"\xd4\x01\x00",
        b"\xdd\xff\xff\xff\xff",
        b"\x91" * 600,
    ],
)
def test_what_is_not_side_data_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x91\x92\x07\xcc\x08",  # 8 in two bytes
        b"\x91\x92\xd0\x07\x08",  # the type as a signed byte
        b"\xdc\x00\x01\x92\x07\x08",  # an array of one with a long length
        b"\x91\xdc\x00\x02\x07\x08",
    ],
)
def test_a_longer_form_is_refused(data: bytes) -> None:
    assert decode(b"\x91\x92\x07\x08") == (Cap(8),)
    with pytest.raises(MalformedError, match="shortest form"):
        decode(data)


def test_the_bounds_hold_both_ways() -> None:
    many = [Cap(8)] * (DELTAS_LIMIT + 1)
    with pytest.raises(MisuseError, match="at most 256 deltas"):
        encode(many)
    with pytest.raises(MalformedError):
        decode(msgpack.packb([[7, 8]] * (DELTAS_LIMIT + 1)))
    with pytest.raises(MisuseError, match="bytes"):
        encode([Rekey(b"o" * 32, b"n" * 32, b"s" * 64)] * DELTAS_LIMIT)
    with pytest.raises(MalformedError, match="bytes"):
        decode(bytes(SIDE_DATA_LIMIT + 1))
    with pytest.raises(MisuseError, match=r"Cap\.cap"):
        encode([Cap(51)])


def test_the_limit_is_itself_allowed() -> None:
    listed: list[Delta] = [
        *[Admit(b"i" * 16, b"k" * 32, b"s" * 64)] * 200,
        *[Remove(b"k" * 32)] * 13,
        *[RevokeInvite(b"i" * 16)] * 3,
        *[Cap(8)] * 15,
    ]
    data = encode(listed)
    assert len(data) == SIDE_DATA_LIMIT
    assert decode(data) == tuple(listed)
    with pytest.raises(MisuseError, match="bytes"):
        encode([*listed, Cap(8)])
    assert len(decode(encode([Cap(8)] * DELTAS_LIMIT))) == DELTAS_LIMIT


def test_the_largest_circle_can_be_cleared_in_one() -> None:
    everyone = [Remove(b"k" * 32) for _ in range(100)]
    assert len(decode(encode(everyone))) == 100


NAMES: dict[str, type] = {
    "admit": Admit,
    "device": AddDevice,
    "rekey": Rekey,
    "depart": Depart,
    "remove": Remove,
    "flag": Flag,
    "cap": Cap,
    "invite": AddInvite,
    "revoke": RevokeInvite,
    "welcome": LeaveWelcome,
    "card": ReplaceCard,
    "roster": WholeRoster,
    "seat": TakenSeat,
    "open": OpenInvite,
    "keep": Keep,
}


@pytest.mark.docs
def test_the_page_lists_every_delta_with_its_fields() -> None:
    page = (Path(__file__).parents[3] / "docs/protocol.md").read_text()
    section = page.partition("### 4.4 ")[2].partition("### 4.5 ")[0]
    rows = re.findall(r"^\| (\d+) \| (\w+) \| ([^|]+) \|", section, re.MULTILINE)
    assert {int(number) for number, _, _ in rows} == DELTAS.rows.keys()
    for number, name, listed in rows:
        kind = DELTAS.rows[int(number)][0]
        assert kind is NAMES[name]
        plain = re.sub(r"\([^)]*\)| by .*", "", listed)
        assert len(plain.split(",")) == len(fields(kind)), name
    assert f"At most {DELTAS_LIMIT} deltas" in section
    assert side_data.SIDE_DATA_LIMIT == 24_576 and "24,576" in page
