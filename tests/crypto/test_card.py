"""The card: only the code opens it, only the invite's signing key makes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.card import Card, SignedCard, open_card, seal_card
from crypto.errors import FieldError, ForgedError, UnopenedError
from crypto.mls.errors import DecodeError
from crypto.relay_address import RelayAddress
from crypto.sealing import seal
from tests.crypto.material import CARD, KEYS, NOW, OTHER_KEYS, flipped, seeded

names = st.text(min_size=1, max_size=16)
keys = st.binary(min_size=32, max_size=32)
uint64 = st.integers(0, 2**63 - 1)

cards = st.builds(
    Card,
    circle_id=st.binary(min_size=16, max_size=16),
    circle_name=names,
    topic=st.just("") | names,
    issuer=keys,
    issuer_name=names,
    names=st.lists(names, min_size=1, max_size=4).map(tuple),
    cap=st.integers(4, 50),
    door=st.integers(0, 1),
    history=st.integers(0, 65535),
    expires_at=uint64,
    written_at=uint64,
    relay=st.builds(RelayAddress, st.just("localhost:1"), st.just(b"") | keys),
    relay_key=keys,
    request_key=keys,
)


@given(cards)
def test_a_card_survives_its_way(card: Card) -> None:
    assert Card.decode(card.encode()) == card
    assert open_card(KEYS, seal_card(KEYS, card, seeded("card"))) == card


@given(cards, st.data())
def test_damaged_bytes_are_refused_or_another_card(card: Card, data: st.DataObject) -> None:
    encoded = card.encode()
    for damaged in (encoded[:-1], encoded + b"\0"):
        with pytest.raises(DecodeError):
            Card.decode(damaged)
    damaged = flipped(encoded, data.draw(st.integers(0, len(encoded) - 1)))
    try:
        assert Card.decode(damaged) != card
    except DecodeError:
        pass


def test_another_code_does_not_open_it() -> None:
    sealed = seal_card(KEYS, CARD, seeded("card"))
    with pytest.raises(UnopenedError, match="not made for this code"):
        open_card(OTHER_KEYS, sealed)


def test_the_relay_can_change_nothing() -> None:
    sealed = seal_card(KEYS, CARD, seeded("card"))
    for index in range(0, len(sealed), 7):
        with pytest.raises(UnopenedError):
            open_card(KEYS, flipped(sealed, index))
    with pytest.raises(UnopenedError):
        open_card(KEYS, b"")


def test_it_belongs_to_its_invite() -> None:
    # the same card key under another invite's id: a relay that exchanges cards
    moved = replace(KEYS, id=OTHER_KEYS.id)
    with pytest.raises(UnopenedError):
        open_card(moved, seal_card(KEYS, CARD, seeded("card")))


def test_another_signer_is_a_forger() -> None:
    forger = replace(KEYS, signing=OTHER_KEYS.signing)
    with pytest.raises(ForgedError, match="not signed by whoever made the code"):
        open_card(KEYS, seal_card(forger, CARD, seeded("card")))


def test_a_signature_is_for_this_very_card() -> None:
    signed = SignedCard.sign(CARD, KEYS.signing)
    assert signed.verify(KEYS.signing.public)
    assert not signed.verify(OTHER_KEYS.signing.public)
    assert not replace(signed, card=replace(CARD, cap=9)).verify(KEYS.signing.public)
    assert SignedCard.decode(signed.encode()) == signed


def test_sealed_nonsense_is_a_field_error() -> None:
    for plaintext in (b"", SignedCard.sign(CARD, KEYS.signing).encode() + b"\0"):
        sealed = seal(KEYS.card, b"hallway card 1" + KEYS.id, plaintext, seeded("card"))
        with pytest.raises(FieldError, match="card is not well formed"):
            open_card(KEYS, sealed)


@pytest.mark.parametrize(
    "wrong",
    [
        {"circle_id": bytes(15)},
        {"circle_name": ""},
        {"circle_name": "n" * 65},
        {"topic": "t" * 257},
        {"issuer": bytes(31)},
        {"issuer_name": ""},
        {"issuer_name": "n" * 65},
        {"names": ()},
        {"names": ("Ana", "")},
        {"names": ("Ana", "n" * 65)},
        {"names": ("Ana",) * 9},
        {"cap": 1, "names": ("Ana",)},
        {"cap": 51},
        {"door": 2},
        {"relay_key": bytes(33)},
        {"request_key": b""},
    ],
)
def test_a_card_out_of_bounds_does_not_exist(wrong: dict[str, Any]) -> None:
    with pytest.raises(FieldError):
        replace(CARD, **wrong)


@pytest.mark.parametrize(
    "right",
    [
        {"circle_name": "n" * 64, "topic": "t" * 256, "issuer_name": "n" * 64},
        {"circle_name": "n", "topic": "", "issuer_name": "n", "names": ("n",)},
        {"names": ("n" * 64,) * 50, "cap": 50},
        {"names": ("Ana", "Bo"), "cap": 2},
        {"door": 0},
        {"door": 1},
    ],
)
def test_a_card_goes_to_the_very_bounds(right: dict[str, Any]) -> None:
    card = replace(CARD, **right)
    assert Card.decode(card.encode()) == card


def test_bounds_hold_for_what_is_read() -> None:
    encoded = bytearray(CARD.encode())
    encoded[encoded.index(NOW.to_bytes(8)) - 8 - 2 - 1] = 2  # the door
    with pytest.raises(FieldError, match="door"):
        Card.decode(bytes(encoded))
