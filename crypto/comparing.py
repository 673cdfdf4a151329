"""Six words that two members compare, by another way than the relay, to know each other's keys.

docs/protocol.md section 5.9. Both see the same six exactly where both have the same circle and the
same two member keys. A member key never changes, so the words hold as long as both are in.
"""

from __future__ import annotations

from crypto.errors import MisuseError
from crypto.primitives import argon2id, sha256
from crypto.words import COUNT, word

WORDS = 6
MEMORY_KIB = 65_536
PASSES = 3
"""What one try costs: 62 bits are few for somebody who looks for two pairs of keys with the same
words, and each of those tries costs this, after the circle and one of the keys are known."""

_LABEL = b"hallway comparison 1"


def comparison_words(circle_id: bytes, one: bytes, other: bytes) -> tuple[str, ...]:
    """The six words of two member keys in a circle, in whichever order they are given.

    It takes a tenth of a second or more, by design. MisuseError where both keys are the same.
    """
    if one == other:
        raise MisuseError("Somebody's key is compared with somebody else's.")
    salt = sha256(_LABEL + circle_id)[:16]
    secret = argon2id(min(one, other) + max(one, other), salt, MEMORY_KIB, PASSES)
    number = int.from_bytes(secret.reveal())
    words = []
    for _ in range(WORDS):
        number, place = divmod(number, COUNT)
        words.append(word(place))
    return tuple(words)
