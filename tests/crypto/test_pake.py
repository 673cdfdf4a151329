"""One exchange of SPAKE2: the same key for the same words, and nothing for anything else."""

from __future__ import annotations

import pytest

from crypto.pake import MESSAGE_LENGTH, Pake, Side
from crypto.secret import Secret
from tests.crypto.material import flipped, scripted, seeded

PASSWORD = Secret(b"tulip-violin")
NAMES = (b"joiner", b"inviter")


def side(which: Side, password: Secret = PASSWORD, names: tuple[bytes, bytes] = NAMES) -> Pake:
    return Pake(which, password, names, seeded(which.value))


def test_the_same_words_give_the_same_key() -> None:
    a, b = side(Side.A), side(Side.B)
    key = a.finish(b.message)
    assert key is not None
    assert len(key) == 32
    assert b.finish(a.message) == key


@pytest.mark.parametrize(
    "b",
    [
        side(Side.B, Secret(b"tulip-violet")),
        side(Side.B, names=(b"joiner", b"somebody")),
        side(Side.B, names=(b"inviter", b"joiner")),
    ],
)
def test_other_words_or_names_give_another(b: Pake) -> None:
    a = side(Side.A)
    assert b.finish(a.message) != a.finish(b.message)


def test_messages_hide_the_words() -> None:
    assert len(side(Side.A).message) == MESSAGE_LENGTH
    assert side(Side.A).message != side(Side.A, Secret(b"other-words")).message
    assert side(Side.A).message[:1] == b"A"
    assert side(Side.B).message[:1] == b"B"


def test_randomness_is_the_callers() -> None:
    assert side(Side.A).message == side(Side.A).message
    other = Pake(Side.A, PASSWORD, NAMES, seeded("other"))
    assert other.message != side(Side.A).message
    once = Pake(Side.A, PASSWORD, NAMES, scripted(b"r" * 64))
    assert len(once.message) == MESSAGE_LENGTH


NO_POINT = next(
    candidate
    for candidate in (b"B" + bytes((number,)) + bytes(31) for number in range(2, 50))
    if side(Side.A).finish(candidate) is None
)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"B",
        side(Side.B).message[:-1],
        side(Side.B).message + b"\0",
        side(Side.A).message,
        b"S" + side(Side.B).message[1:],
        b"B" + side(Side.A).message[1:],
        b"B\x01" + bytes(31),
        b"B" + bytes(32),
        NO_POINT,
        b"B" + b"\xff" * 32,
    ],
    ids=[
        "nothing",
        "side alone",
        "short",
        "long",
        "same side",
        "no side",
        "reflected",
        "neutral point",
        "order 4",
        "not on the curve",
        "beyond the field",
    ],
)
def test_what_is_no_message_gives_no_key(message: bytes) -> None:
    assert side(Side.A).finish(message) is None


def test_one_exchange_is_finished_once() -> None:
    a, b = side(Side.A), side(Side.B)
    assert a.finish(b.message) is not None
    assert a.finish(b.message) is None


def test_a_changed_message_gives_another_key_or_none() -> None:
    a, b = side(Side.A), side(Side.B)
    key = b.finish(a.message)
    assert side(Side.A).finish(flipped(b.message, 20)) != key
