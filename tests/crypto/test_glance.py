"""Glances: signed by the leaf that they speak of, sealed for the circle."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.beacon import seal_under
from crypto.errors import FieldError, ForgedError, MisuseError, UnopenedError
from crypto.glance import Glance, Here, SignedGlance, open_glance, seal_glance
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.errors import DecodeError
from crypto.secret import Secret
from tests.crypto.material import BEACON_KEY, CIRCLE_ID, LEAF, NOW, flipped, seeded

GLANCE = Glance(LEAF.public, NOW, Here.WRITING, 12, False)
PURPOSE = b"hallway glance 1"

uint64 = st.integers(0, 2**63 - 1)
glances = st.builds(
    Glance,
    st.binary(min_size=32, max_size=32),
    uint64,
    st.sampled_from(Here),
    uint64,
    st.booleans(),
)


@given(glances)
def test_a_glance_survives_its_encoding(glance: Glance) -> None:
    encoded = glance.encode()
    assert len(encoded) == 32 + 8 + 1 + 8 + 1
    assert Glance.decode(encoded) == glance
    for wrong in (encoded[:-1], encoded + b"\0"):
        with pytest.raises(DecodeError):
            Glance.decode(wrong)


@pytest.mark.parametrize("here", Here)
@pytest.mark.parametrize("asks", [True, False])
def test_a_glance_is_seen_by_the_circle(here: Here, asks: bool) -> None:
    glance = replace(GLANCE, here=here, asks=asks)
    sealed = seal_glance(BEACON_KEY, CIRCLE_ID, glance, LEAF, seeded("glance"))
    assert open_glance(BEACON_KEY, CIRCLE_ID, sealed) == glance


def test_others_see_nothing() -> None:
    sealed = seal_glance(BEACON_KEY, CIRCLE_ID, GLANCE, LEAF, seeded("glance"))
    with pytest.raises(UnopenedError):
        open_glance(Secret(b"\x32" * 32), CIRCLE_ID, sealed)
    with pytest.raises(UnopenedError):
        open_glance(BEACON_KEY, bytes(16), sealed)


def test_all_glances_are_of_one_length() -> None:
    lengths = {
        len(seal_glance(BEACON_KEY, CIRCLE_ID, glance, LEAF, seeded("glance")))
        for glance in (GLANCE, replace(GLANCE, here=Here.AWAY, heard=2**62, asks=True))
    }
    assert len(lengths) == 1


def test_a_device_speaks_for_itself_alone() -> None:
    with pytest.raises(MisuseError):
        SignedGlance.sign(CIRCLE_ID, replace(GLANCE, leaf_key=bytes(32)), LEAF)


def test_a_signature_is_for_this_glance_and_circle() -> None:
    signed = SignedGlance.sign(CIRCLE_ID, GLANCE, LEAF)
    assert signed.verify(CIRCLE_ID)
    assert not signed.verify(bytes(16))
    assert not replace(signed, glance=replace(GLANCE, heard=13)).verify(CIRCLE_ID)
    assert SignedGlance.decode(signed.encode()) == signed


def test_a_member_cannot_speak_for_another() -> None:
    forger = SignatureKeyPair.from_seed(Secret(b"f" * 32))
    forged = SignedGlance.sign(CIRCLE_ID, replace(GLANCE, leaf_key=forger.public), forger)
    forged = replace(forged, glance=GLANCE)
    sealed = seal_under(BEACON_KEY, PURPOSE, CIRCLE_ID, forged.encode(), seeded("glance"))
    with pytest.raises(ForgedError):
        open_glance(BEACON_KEY, CIRCLE_ID, sealed)


@pytest.mark.parametrize(
    "plaintext", [b"", SignedGlance.sign(CIRCLE_ID, GLANCE, LEAF).encode()[1:]]
)
def test_sealed_nonsense_is_a_field_error(plaintext: bytes) -> None:
    sealed = seal_under(BEACON_KEY, PURPOSE, CIRCLE_ID, plaintext, seeded("glance"))
    with pytest.raises(FieldError, match="glance"):
        open_glance(BEACON_KEY, CIRCLE_ID, sealed)


@pytest.mark.parametrize(("at", "value"), [(40, 4), (40, 0xFF), (49, 2), (49, 0xFF)])
def test_what_is_no_choice_is_refused(at: int, value: int) -> None:
    encoded = bytearray(GLANCE.encode())
    encoded[at] = value
    with pytest.raises(FieldError, match="choice"):
        Glance.decode(bytes(encoded))


def test_keys_have_their_lengths() -> None:
    for length in (31, 33):
        with pytest.raises(FieldError):
            replace(GLANCE, leaf_key=bytes(length))


def test_the_relay_can_change_nothing() -> None:
    sealed = seal_glance(BEACON_KEY, CIRCLE_ID, GLANCE, LEAF, seeded("glance"))
    for index in range(0, len(sealed), 5):
        with pytest.raises(UnopenedError):
            open_glance(BEACON_KEY, CIRCLE_ID, flipped(sealed, index))
