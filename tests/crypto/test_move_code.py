"""Move codes: signed by a leaf, told from damaged ones, and bound to every field."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import CodeError, FieldError, NewerCodeError
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.move_code import LONGEST, PREFIX, MoveCode
from crypto.primitives import sha256
from crypto.relay_address import RelayAddress
from crypto.secret import Secret

LEAF = SignatureKeyPair.from_seed(Secret(bytes(range(32))))
RELAY = RelayAddress("chat.example.org", b"p" * 32)
CODE = MoveCode.sign(LEAF, b"c" * 16, RELAY, b"k" * 32, 41, b"h" * 32)


def written(body: bytes) -> str:
    """A text whose checksum is right, whatever it holds."""
    data = body + sha256(b"hallway move 1" + body)[:4]
    return PREFIX + urlsafe_b64encode(data).decode().rstrip("=")


@given(
    st.builds(
        MoveCode,
        st.binary(min_size=16, max_size=16),
        st.builds(RelayAddress, st.sampled_from(["localhost:1", "a" * 255]), st.just(b"")),
        st.binary(min_size=32, max_size=32),
        st.integers(0, 2**63 - 1),
        st.binary(min_size=32, max_size=32),
        st.binary(min_size=32, max_size=32),
        st.binary(min_size=64, max_size=64),
    )
)
def test_a_code_survives_its_way(code: MoveCode) -> None:
    text = code.text()
    assert MoveCode.parse(text) == code and len(text) < LONGEST and text.isascii()


def test_white_space_does_not_matter() -> None:
    text = CODE.text()
    assert MoveCode.parse(f" {text[:40]}\n   {text[40:90]} {text[90:]}\r\n") == CODE


def test_the_leaf_has_signed_every_field() -> None:
    assert CODE.verify()
    other = SignatureKeyPair.from_seed(Secret(bytes(32)))
    for changes in (
        {"circle_id": bytes(16)},
        {"relay": RelayAddress("chat.example.net", b"p" * 32)},
        {"relay": RelayAddress("chat.example.org")},
        {"relay_key": bytes(32)},
        {"n": 40},
        {"hash": bytes(32)},
        {"leaf_key": other.public},
        {"signature": bytes(64)},
    ):
        assert not replace(CODE, **changes).verify()


@pytest.mark.parametrize(
    "text",
    ["", "hallway-move", "chat.example.org/0123", CODE.text()[1:], CODE.text() + "A" * LONGEST],
)
def test_what_is_no_move_code_is_said_so(text: str) -> None:
    with pytest.raises(CodeError, match="That is no move code"):
        MoveCode.parse(text)


def test_the_longest_text_that_is_looked_at() -> None:
    with pytest.raises(CodeError, match="damaged"):
        MoveCode.parse(PREFIX.ljust(LONGEST, "A"))


@given(st.data())
def test_a_slip_is_noticed(data: st.DataObject) -> None:
    text = CODE.text()
    at = data.draw(st.integers(len(PREFIX), len(text) - 2))
    symbol = data.draw(st.sampled_from("Az09-_!é").filter(lambda one: one != text[at]))
    with pytest.raises(CodeError, match="damaged"):
        MoveCode.parse(text[:at] + symbol + text[at + 1 :])
    with pytest.raises(CodeError, match="damaged"):
        MoveCode.parse(text[:at])


def test_only_the_prefix() -> None:
    with pytest.raises(CodeError, match="damaged"):
        MoveCode.parse(PREFIX)


def test_a_later_version_is_named() -> None:
    with pytest.raises(NewerCodeError, match="newer Hallway"):
        MoveCode.parse(written(b"\x02" + CODE.encode()[1:]))


@pytest.mark.parametrize("body", [CODE.encode()[:-1], CODE.encode() + b"x", b"\x01"])
def test_what_holds_something_else_can_not_be_used(body: bytes) -> None:
    with pytest.raises(CodeError, match="not one that can be used"):
        MoveCode.parse(written(body))


@pytest.mark.parametrize(
    "changes",
    [
        {"circle_id": bytes(15)},
        {"relay_key": bytes(31)},
        {"hash": bytes(33)},
        {"leaf_key": b""},
        {"signature": bytes(63)},
    ],
)
def test_no_code_out_of_bounds_is_made(changes: dict[str, object]) -> None:
    with pytest.raises(FieldError):
        replace(CODE, **changes)  # type: ignore[arg-type]
