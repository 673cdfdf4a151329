"""How much a message and the parts of its frames may hold (docs/protocol.md section 4.1)."""

from __future__ import annotations

VERSION = 1

MESSAGE_LIMIT = 72 * 1024
"""Bytes of one websocket message, in either direction."""

FRAMES_LIMIT = 256
"""Frames in one message from a client."""

BODY_LIMIT = 68 * 1024
"""Bytes of a message's or commit's body: the largest padding bucket, and MLS around it."""

SIDE_DATA_LIMIT = 24 * 1024
REQUEST_LIMIT = 8 * 1024
BEAT_LIMIT = 2 * 1024
EPHEMERAL_LIMIT = 6 * 1024
SAY_LIMIT = 1024
CARD_LIMIT = 16 * 1024
CHUNK_LIMIT = 48 * 1024
OUTLINE_LIMIT = 48 * 1024

BLOB_CHUNK = 64 * 1024
"""Bytes of each chunk of a blob but its last, which has what is left."""

BLOB_LIMIT = 25 * 1024 * 1024
"""Bytes of one blob."""

STAGED_LIMIT = 1024 * 1024
"""Bytes of one staged card or Welcome, and of all that one socket has staged."""

TOKEN_LIMIT = 128
WORDS = 1296
CAP_LOWEST, CAP_HIGHEST = 2, 50
