"""What lies beside the log: sealed under a beacon key, for one purpose and circle."""

from __future__ import annotations

import pytest

from crypto.beacon import Opened, key_id, open_under, seal_under
from crypto.errors import UnopenedError
from crypto.primitives import sha256
from crypto.sealing import seal
from crypto.secret import Secret
from tests.crypto.material import BEACON_KEY, CIRCLE_ID, flipped, seeded

FORMER = Secret(b"\x32" * 32)
SEALED = seal_under(BEACON_KEY, b"purpose", CIRCLE_ID, b"hello", seeded("beacon"))


def test_it_starts_with_the_keys_id() -> None:
    assert key_id(BEACON_KEY) == sha256(BEACON_KEY.reveal())[:4]
    sealed = seal(BEACON_KEY, b"purpose" + CIRCLE_ID, b"hello", seeded("beacon"))
    assert key_id(BEACON_KEY) + sealed == SEALED


def test_the_key_is_told() -> None:
    expected = Opened(b"hello", BEACON_KEY)
    assert open_under([BEACON_KEY], b"purpose", CIRCLE_ID, SEALED) == expected
    assert open_under([FORMER, BEACON_KEY], b"purpose", CIRCLE_ID, SEALED) == expected
    late = seal_under(FORMER, b"purpose", CIRCLE_ID, b"late", seeded("beacon"))
    assert open_under([BEACON_KEY, FORMER], b"purpose", CIRCLE_ID, late).key == FORMER


def test_other_keys_purposes_and_circles_do_not_open_it() -> None:
    for keys, purpose, circle in (
        ([], b"purpose", CIRCLE_ID),
        ([FORMER], b"purpose", CIRCLE_ID),
        ([BEACON_KEY], b"another", CIRCLE_ID),
        ([BEACON_KEY], b"purpose", bytes(16)),
    ):
        with pytest.raises(UnopenedError):
            open_under(keys, purpose, circle, SEALED)


def test_no_bit_can_be_changed() -> None:
    for index in range(len(SEALED)):
        with pytest.raises(UnopenedError):
            open_under([BEACON_KEY], b"purpose", CIRCLE_ID, flipped(SEALED, index))
        with pytest.raises(UnopenedError):
            open_under([BEACON_KEY], b"purpose", CIRCLE_ID, SEALED[:index])


def test_nothing_sealed_is_printed() -> None:
    assert "hello" not in repr(Opened(b"hello", BEACON_KEY))
