"""The chain over the log, and heads signed by the relay."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.access.binding import AccessKeyPair
from crypto.access.errors import MalformedError
from crypto.access.log import (
    EMPTY_CHAIN,
    HEAD_LENGTH,
    Head,
    Kind,
    chain,
    entry_hash,
    head_statement,
)
from crypto.secret import Secret

CIRCLE, INCARNATION = b"c" * 16, b"i" * 16
RELAY = AccessKeyPair.from_seed(Secret(b"\x05" * 32))
HEAD = Head.sign(RELAY, CIRCLE, INCARNATION, 7, b"h" * 32)


def test_an_entry_hash_is_that_of_the_page() -> None:
    time = (1_700_000_000_000).to_bytes(8)
    expected = sha256(time + b"\x00\x00\x00\x04body" + b"side").digest()
    assert entry_hash(1_700_000_000_000, b"body", b"side") == expected


def test_bytes_do_not_move_between_body_and_side_data() -> None:
    assert entry_hash(1, b"ab", b"c") != entry_hash(1, b"a", b"bc")


def test_a_chain_hash_is_that_of_the_page() -> None:
    expected = sha256(
        b"hallway log 1" + CIRCLE + bytes(7) + b"\x01" + b"\x02" + bytes(32) + b"e" * 32
    ).digest()
    assert chain(CIRCLE, 1, Kind.COMMIT, EMPTY_CHAIN, b"e" * 32) == expected


@pytest.mark.parametrize(
    "other",
    [
        chain(b"d" * 16, 2, 1, b"p" * 32, b"e" * 32),
        chain(CIRCLE, 3, 1, b"p" * 32, b"e" * 32),
        chain(CIRCLE, 2, 2, b"p" * 32, b"e" * 32),
        chain(CIRCLE, 2, 1, b"q" * 32, b"e" * 32),
        chain(CIRCLE, 2, 1, b"p" * 32, b"f" * 32),
    ],
    ids=["circle", "n", "kind", "previous", "entry"],
)
def test_whatever_differs_changes_the_chain(other: bytes) -> None:
    assert chain(CIRCLE, 2, 1, b"p" * 32, b"e" * 32) != other


def test_the_kinds_are_those_of_the_page() -> None:
    assert {kind.name.lower(): kind.value for kind in Kind} == {
        "message": 1,
        "commit": 2,
        "request": 3,
        "rejoin": 4,
        "publish": 5,
    }


def test_a_head_verifies_for_its_relay_and_circle() -> None:
    assert HEAD.verify(CIRCLE, RELAY.public)
    assert not HEAD.verify(b"d" * 16, RELAY.public)
    assert not HEAD.verify(CIRCLE, AccessKeyPair.from_seed(Secret(b"\x06" * 32)).public)


@pytest.mark.parametrize(
    "forged",
    [
        replace(HEAD, incarnation=b"j" * 16),
        replace(HEAD, n=8),
        replace(HEAD, hash=b"g" * 32),
        replace(HEAD, signature=bytes(64)),
    ],
    ids=["incarnation", "n", "hash", "signature"],
)
def test_a_head_that_was_altered_does_not_verify(forged: Head) -> None:
    assert not forged.verify(CIRCLE, RELAY.public)


def test_the_statement_is_that_of_the_page() -> None:
    expected = b"hallway head 1" + CIRCLE + INCARNATION + bytes(7) + b"\x07" + b"h" * 32
    assert head_statement(CIRCLE, INCARNATION, 7, b"h" * 32) == expected


@given(
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**64 - 1),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=64, max_size=64),
)
def test_a_head_survives_the_round_trip(
    incarnation: bytes, n: int, chain_hash: bytes, signature: bytes
) -> None:
    head = Head(incarnation, n, chain_hash, signature)
    encoded = head.encode()
    assert len(encoded) == HEAD_LENGTH == 120
    assert Head.decode(encoded) == head


@pytest.mark.parametrize("data", [b"", HEAD.encode()[:-1], HEAD.encode() + b"\x00"])
def test_a_head_of_another_length_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError, match="120 bytes"):
        Head.decode(data)
