"""The checks that fields of frames in both directions share."""

from __future__ import annotations

from crypto.access.arrays import array, blob, fixed, flag, nilable, text, uint
from crypto.access.settlement import SEATS_LIMIT
from crypto.access.side_data import RETENTION_HIGHEST, RETENTION_LOWEST
from relay.wire.bounds import (
    BLOB_CHUNK,
    CAP_HIGHEST,
    CAP_LOWEST,
    CHUNK_LIMIT,
    STAGED_LIMIT,
    TOKEN_LIMIT,
    WORDS,
)

NUMBER = uint((1 << 63) - 1)  # what both sides' databases keep as a whole number
ID = fixed(16)
KEY = fixed(32)
HASH = fixed(32)
SIGNATURE = fixed(64)
CODE = uint(0xFFFF)
CHAIRS = uint(0xFF)
CAP = uint(CAP_HIGHEST, CAP_LOWEST)
TOKEN = nilable(text(TOKEN_LIMIT))
RETENTION = uint(RETENTION_HIGHEST, RETENTION_LOWEST)
SETTLEMENT = (NUMBER, HASH, NUMBER, HASH, flag, CAP, CAP, RETENTION, KEY, blob(SEATS_LIMIT))
WORD_NUMBERS = array(uint(WORDS - 1), 1, 2)
PART = (HASH, uint(STAGED_LIMIT), uint(STAGED_LIMIT), blob(CHUNK_LIMIT))
BLOB_PART = (HASH, NUMBER, NUMBER, blob(BLOB_CHUNK))
