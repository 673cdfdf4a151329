"""Sealing for one device of another member."""

from __future__ import annotations

import pytest

from crypto.errors import UnopenedError
from crypto.leaf_sealing import open_with, seal_to
from crypto.secret import Secret
from tests.crypto.material import SUITE, flipped, seeded

PAIR = SUITE.kem.derive_key_pair(Secret(b"one"))
OTHER = SUITE.kem.derive_key_pair(Secret(b"another"))


def test_what_is_sealed_is_opened_for_the_same_purpose_alone() -> None:
    sealed = seal_to(SUITE, PAIR.public, b"purpose", b"words", seeded("sealing"))
    assert b"words" not in sealed
    assert open_with(SUITE, PAIR, b"purpose", sealed, "words") == b"words"
    for pair, info, given in (
        (OTHER, b"purpose", sealed),
        (PAIR, b"another", sealed),
        (PAIR, b"purpose", flipped(sealed, 0)),
        (PAIR, b"purpose", flipped(sealed, 40)),
        (PAIR, b"purpose", b""),
    ):
        with pytest.raises(UnopenedError, match="the words are not sealed to this device"):
            open_with(SUITE, pair, info, given, "the words")
