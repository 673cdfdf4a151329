"""Statements begin with their purpose, hold every field, and verify for their signer alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crypto.access.binding import (
    ACCESS_KEY_LENGTH,
    NONCE_LENGTH,
    AccessKeyPair,
    admit_statement,
    bind_statement,
    create_statement,
    depart_statement,
    guest_statement,
    rekey_statement,
    verify,
)
from crypto.access.errors import MisuseError
from crypto.secret import Secret

NONCE, CIRCLE, INVITE = b"n" * 32, b"c" * 16, b"i" * 16
KEY, OTHER = b"k" * 32, b"o" * 32
HOST = "chat.example.org"

STATEMENTS: dict[str, Callable[[], bytes]] = {
    "create": lambda: create_statement(NONCE, HOST, CIRCLE, KEY, 8),
    "bind": lambda: bind_statement(NONCE, HOST, CIRCLE, KEY),
    "guest": lambda: guest_statement(NONCE, HOST, INVITE),
    "admit": lambda: admit_statement(CIRCLE, INVITE, KEY),
    "rekey": lambda: rekey_statement(CIRCLE, KEY, OTHER),
    "depart": lambda: depart_statement(CIRCLE, KEY),
}


def pair(fill: bytes = b"\x01") -> AccessKeyPair:
    return AccessKeyPair.from_seed(Secret(fill * 32))


def test_the_bytes_are_those_of_the_page() -> None:
    dialled = b"\x10chat.example.org"
    assert STATEMENTS["create"]() == b"hallway create 1" + NONCE + dialled + CIRCLE + KEY + b"\x08"
    assert STATEMENTS["bind"]() == b"hallway bind 1" + NONCE + dialled + CIRCLE + KEY
    assert STATEMENTS["guest"]() == b"hallway guest 1" + NONCE + dialled + INVITE
    assert STATEMENTS["admit"]() == b"hallway admit 1" + CIRCLE + INVITE + KEY
    assert STATEMENTS["rekey"]() == b"hallway rekey 1" + CIRCLE + KEY + OTHER
    assert STATEMENTS["depart"]() == b"hallway depart 1" + CIRCLE + KEY


@pytest.mark.parametrize("purpose", STATEMENTS)
def test_a_signature_is_good_for_its_statement_and_signer_alone(purpose: str) -> None:
    signer = pair()
    signature = signer.sign(STATEMENTS[purpose]())
    assert verify(signer.public, STATEMENTS[purpose](), signature)
    assert not verify(pair(b"\x02").public, STATEMENTS[purpose](), signature)
    for other in STATEMENTS.keys() - {purpose}:
        assert not verify(signer.public, STATEMENTS[other](), signature)


def test_what_was_signed_for_one_relay_is_no_good_at_another() -> None:
    signature = pair().sign(bind_statement(NONCE, "a.example", CIRCLE, KEY))
    assert not verify(pair().public, bind_statement(NONCE, "b.example", CIRCLE, KEY), signature)


def test_the_end_of_an_address_cannot_be_moved() -> None:
    one = bind_statement(NONCE, "relay", b"x" + CIRCLE[1:], KEY)
    other = bind_statement(NONCE, "relayx", CIRCLE[1:] + b"?", KEY)
    assert one != other


@pytest.mark.parametrize("host", ["", "h" * 256, "é" * 128])
def test_an_address_that_has_no_encoding(host: str) -> None:
    with pytest.raises(MisuseError, match="1 to 255 bytes"):
        bind_statement(NONCE, host, CIRCLE, KEY)


def test_lengths_are_those_of_the_page() -> None:
    assert (ACCESS_KEY_LENGTH, NONCE_LENGTH) == (32, 32)


def test_the_longest_address_has_its_length_before_it() -> None:
    assert b"\xff" + b"h" * 255 in bind_statement(NONCE, "h" * 255, CIRCLE, KEY)


def test_a_generated_pair_comes_from_the_given_randomness() -> None:
    asked: list[int] = []

    def rng(length: int) -> bytes:
        asked.append(length)
        return b"\x01" * length

    assert AccessKeyPair.generate(rng) == pair()
    assert asked == [32]


def test_a_pair_does_not_print_its_seed() -> None:
    assert (b"\x01" * 32).hex() not in repr(pair())
    assert "Secret(32 bytes)" in repr(pair())
