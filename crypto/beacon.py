"""What devices leave for each other beside the log, sealed under the circle's beacon key.

docs/protocol.md sections 5.2 and 5.4: `key id[4] ‖ nonce[12] ‖ ChaCha20-Poly1305`. The beacon key
changes with every removal. Former ones are kept for a while, to read what a device writes that has
not heard of it; `Opened.key` says under which one it did.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from crypto.errors import UnopenedError
from crypto.primitives import Rng, sha256
from crypto.sealing import open_, seal
from crypto.secret import Secret

KEY_ID_LENGTH = 4


@dataclass(frozen=True, slots=True)
class Opened:
    """What was sealed, and the beacon key that it was sealed under."""

    plaintext: bytes = field(repr=False)
    key: Secret


def key_id(beacon_key: Secret) -> bytes:
    """What tells beacon keys apart: 4 bytes."""
    return sha256(beacon_key.reveal())[:KEY_ID_LENGTH]


def seal_under(
    beacon_key: Secret, purpose: bytes, circle_id: bytes, plaintext: bytes, rng: Rng
) -> bytes:
    """Sealed bytes that whoever has the beacon key opens, for this purpose and circle alone."""
    return key_id(beacon_key) + seal(beacon_key, purpose + circle_id, plaintext, rng)


def open_under(
    beacon_keys: Iterable[Secret], purpose: bytes, circle_id: bytes, sealed: bytes
) -> Opened:
    """What one of these keys opens, or UnopenedError."""
    wanted, rest = sealed[:KEY_ID_LENGTH], sealed[KEY_ID_LENGTH:]
    for beacon_key in beacon_keys:
        if key_id(beacon_key) == wanted:
            plaintext = open_(beacon_key, purpose + circle_id, rest)
            if plaintext is not None:
                return Opened(plaintext, beacon_key)
    raise UnopenedError("nothing that one of this circle's beacon keys opens")
