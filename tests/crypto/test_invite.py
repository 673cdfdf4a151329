"""The keys that follow from a code's secret."""

from __future__ import annotations

import hashlib
import hmac

from crypto.invite import InviteKeys
from crypto.secret import Secret
from tests.crypto.material import CODE, KEYS, OTHER_KEYS


def expand(info: bytes, length: int) -> bytes:
    """HKDF-Extract and one block of HKDF-Expand, written out."""
    prk = hmac.digest(b"hallway invite 1", CODE.secret.reveal(), hashlib.sha256)
    return hmac.digest(prk, info + b"\x01", hashlib.sha256)[:length]


def test_each_key_is_expanded_under_its_name() -> None:
    assert KEYS.id == expand(b"id", 16)
    assert KEYS.access.seed == Secret(expand(b"access", 32))
    assert KEYS.card == Secret(expand(b"card", 32))
    assert KEYS.signing.secret == Secret(expand(b"signing", 32))


def test_another_secret_has_other_keys() -> None:
    assert InviteKeys.of(CODE.secret) == KEYS
    assert KEYS.id != OTHER_KEYS.id
    assert KEYS.access.public != OTHER_KEYS.access.public
    assert KEYS.signing.public != OTHER_KEYS.signing.public
    assert KEYS.card != OTHER_KEYS.card


def test_no_key_is_printed() -> None:
    for secret in (KEYS.access.seed, KEYS.card, KEYS.signing.secret):
        assert secret.reveal().hex() not in repr(KEYS)
        assert repr(secret.reveal()) not in repr(KEYS)
