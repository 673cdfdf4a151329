"""Pre-shared keys: their names on the wire, and the secret that they make together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.errors import DecodeError
from crypto.mls.psk import (
    ExternalPsk,
    PreSharedKeyID,
    ResumptionPsk,
    ResumptionPskUsage,
    derive_psk_secret,
)
from crypto.secret import Secret
from tests.crypto.mls.members import SUITE
from tests.vectors import vectors

external_psks = st.builds(ExternalPsk, st.binary(max_size=80))
resumption_psks = st.builds(
    ResumptionPsk,
    st.sampled_from(ResumptionPskUsage),
    st.binary(max_size=80),
    st.integers(0, 2**64 - 1),
)
psk_ids = st.builds(
    PreSharedKeyID, external_psks | resumption_psks, st.binary(min_size=32, max_size=32)
)

ANA = PreSharedKeyID(ExternalPsk(b"Ana's key"), b"\x01" * 32)
BO = PreSharedKeyID(ExternalPsk(b"Bo's key"), b"\x02" * 32)
SECRET = Secret(b"\x03" * 32)
OTHER_SECRET = Secret(b"\x04" * 32)


@given(psk_ids)
def test_an_id_survives_the_round_trip(psk_id: PreSharedKeyID) -> None:
    assert PreSharedKeyID.decode(psk_id.encode()) == psk_id


def test_an_external_key_is_named_by_its_id() -> None:
    assert ANA.encode() == b"\x01" + b"\x09Ana's key" + b"\x20" + b"\x01" * 32


def test_a_resumption_key_is_named_by_usage_group_and_epoch() -> None:
    psk = ResumptionPsk(ResumptionPskUsage.BRANCH, b"group", 258)
    psk_id = PreSharedKeyID(psk, b"\x02" * 32)
    assert psk_id.encode() == (
        b"\x02" + b"\x03" + b"\x05group" + (258).to_bytes(8) + b"\x20" + b"\x02" * 32
    )


@pytest.mark.parametrize("psk_type", [0, 3, 255])
def test_an_unknown_type_is_refused(psk_type: int) -> None:
    with pytest.raises(DecodeError, match=f"not {psk_type}"):
        PreSharedKeyID.decode(bytes((psk_type,)) + ANA.encode()[1:])


@pytest.mark.parametrize("usage", [0, 4, 255])
def test_an_unknown_usage_is_refused(usage: int) -> None:
    data = ResumptionPsk(ResumptionPskUsage.APPLICATION, b"group", 1).encode()
    with pytest.raises(DecodeError, match=f"not {usage}"):
        ResumptionPsk.decode(bytes((usage,)) + data[1:])


def test_the_secrets_are_those_of_the_vectors() -> None:
    for case in vectors("psk_secret"):
        psks = [
            (
                PreSharedKeyID(
                    ExternalPsk(bytes.fromhex(psk["psk_id"])), bytes.fromhex(psk["psk_nonce"])
                ),
                Secret(bytes.fromhex(psk["psk"])),
            )
            for psk in case["psks"]
        ]
        assert derive_psk_secret(SUITE, psks).reveal().hex() == case["psk_secret"]


def test_without_keys_the_secret_is_zero() -> None:
    assert derive_psk_secret(SUITE, []) == Secret(bytes(32))


def test_everything_about_the_keys_counts() -> None:
    fresh_nonce = PreSharedKeyID(ANA.psk, b"\x05" * 32)
    resumption = PreSharedKeyID(
        ResumptionPsk(ResumptionPskUsage.APPLICATION, b"Ana's key", 0), ANA.psk_nonce
    )
    lists = [
        [(ANA, SECRET)],
        [(ANA, OTHER_SECRET)],
        [(BO, SECRET)],
        [(fresh_nonce, SECRET)],
        [(resumption, SECRET)],
        [(ANA, SECRET), (BO, SECRET)],
        [(BO, SECRET), (ANA, SECRET)],
        [(ANA, SECRET), (BO, OTHER_SECRET)],
        [(ANA, SECRET), (BO, SECRET), (ANA, SECRET)],
    ]
    secrets = {derive_psk_secret(SUITE, psks).reveal() for psks in lists}
    assert len(secrets) == len(lists)
    assert bytes(32) not in secrets
