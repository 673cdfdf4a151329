"""Heartbeats: signed by the leaf that they speak of, sealed for the circle."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.access.log import Head
from crypto.beacon import seal_under
from crypto.beat import Beat, HeardBeat, SignedBeat, open_beat, seal_beat
from crypto.errors import FieldError, ForgedError, MisuseError, UnopenedError
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.errors import DecodeError
from crypto.secret import Secret
from tests.crypto.material import BEACON_KEY, CIRCLE_ID, HEAD, LEAF, NOW, flipped, seeded

BEAT = Beat(LEAF.public, 3, b"e" * 32, HEAD, 12, None, NOW)
STUCK = replace(BEAT, stuck_at=9)
FORMER = Secret(b"\x32" * 32)

uint64 = st.integers(0, 2**63 - 1)
keys = st.binary(min_size=32, max_size=32)
heads = st.builds(
    Head, st.binary(min_size=16, max_size=16), uint64, keys, st.binary(min_size=64, max_size=64)
)
beats = st.builds(Beat, keys, uint64, keys, heads, uint64, st.none() | uint64, uint64)


@given(beats)
def test_a_beat_survives_its_encoding(beat: Beat) -> None:
    encoded = beat.encode()
    assert len(encoded) == 32 + 8 + 32 + 120 + 8 + 1 + 8 + 8
    assert Beat.decode(encoded) == beat
    for wrong in (encoded[:-1], encoded + b"\0"):
        with pytest.raises(DecodeError):
            Beat.decode(wrong)


@pytest.mark.parametrize("beat", [BEAT, STUCK, replace(BEAT, stuck_at=0)])
def test_a_beat_is_heard_by_the_circle(beat: Beat) -> None:
    sealed = seal_beat(BEACON_KEY, CIRCLE_ID, beat, LEAF, seeded("beat"))
    assert open_beat([FORMER, BEACON_KEY], CIRCLE_ID, sealed) == HeardBeat(beat, BEACON_KEY)


def test_a_late_device_is_heard_under_the_former_key() -> None:
    sealed = seal_beat(FORMER, CIRCLE_ID, BEAT, LEAF, seeded("beat"))
    assert open_beat([BEACON_KEY, FORMER], CIRCLE_ID, sealed).beacon_key == FORMER


def test_others_hear_nothing() -> None:
    sealed = seal_beat(BEACON_KEY, CIRCLE_ID, BEAT, LEAF, seeded("beat"))
    with pytest.raises(UnopenedError):
        open_beat([FORMER], CIRCLE_ID, sealed)
    with pytest.raises(UnopenedError):
        open_beat([BEACON_KEY], bytes(16), sealed)


def test_a_device_speaks_for_itself_alone() -> None:
    with pytest.raises(MisuseError):
        SignedBeat.sign(CIRCLE_ID, replace(BEAT, leaf_key=bytes(32)), LEAF)


def test_a_signature_is_for_this_beat_and_circle() -> None:
    signed = SignedBeat.sign(CIRCLE_ID, BEAT, LEAF)
    assert signed.verify(CIRCLE_ID)
    assert not signed.verify(bytes(16))
    assert not replace(signed, beat=replace(BEAT, epoch=4)).verify(CIRCLE_ID)
    assert SignedBeat.decode(signed.encode()) == signed


def test_a_member_cannot_speak_for_another() -> None:
    forger = SignatureKeyPair.from_seed(Secret(b"f" * 32))
    forged = SignedBeat.sign(CIRCLE_ID, replace(BEAT, leaf_key=forger.public), forger)
    forged = replace(forged, beat=BEAT)
    sealed = seal_under(BEACON_KEY, b"hallway beat 1", CIRCLE_ID, forged.encode(), seeded("beat"))
    with pytest.raises(ForgedError):
        open_beat([BEACON_KEY], CIRCLE_ID, sealed)


@pytest.mark.parametrize("plaintext", [b"", SignedBeat.sign(CIRCLE_ID, BEAT, LEAF).encode()[1:]])
def test_sealed_nonsense_is_a_field_error(plaintext: bytes) -> None:
    sealed = seal_under(BEACON_KEY, b"hallway beat 1", CIRCLE_ID, plaintext, seeded("beat"))
    with pytest.raises(FieldError, match="heartbeat"):
        open_beat([BEACON_KEY], CIRCLE_ID, sealed)


@pytest.mark.parametrize(("stuck", "stuck_at"), [(2, 9), (0, 9), (0xFF, 0)])
def test_stuck_or_not(stuck: int, stuck_at: int) -> None:
    encoded = BEAT.encode()
    damaged = encoded[:-17] + bytes((stuck,)) + stuck_at.to_bytes(8) + encoded[-8:]
    with pytest.raises(FieldError, match="stuck"):
        Beat.decode(damaged)


@pytest.mark.parametrize("field", ["leaf_key", "epoch_authenticator"])
def test_keys_have_their_lengths(field: str) -> None:
    for length in (31, 33):
        with pytest.raises(FieldError):
            replace(BEAT, **{field: bytes(length)})  # type: ignore[arg-type]


def test_the_relay_can_change_nothing() -> None:
    sealed = seal_beat(BEACON_KEY, CIRCLE_ID, BEAT, LEAF, seeded("beat"))
    for index in range(0, len(sealed), 11):
        with pytest.raises(UnopenedError):
            open_beat([BEACON_KEY], CIRCLE_ID, flipped(sealed, index))
