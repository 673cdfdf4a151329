"""The relay's log as everyone folds it: entry hashes, the chain over them, signed heads.

docs/protocol.md sections 4.2 and 4.3. A head is the relay's word that entry n has this chain hash;
two heads of one incarnation that disagree are proof that the relay showed two logs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from crypto.access.binding import SIGNATURE_LENGTH, AccessKeyPair, verify
from crypto.access.errors import MalformedError
from crypto.primitives import HASH_LENGTH, sha256

EMPTY_CHAIN = bytes(HASH_LENGTH)
"""h(0), before the first entry."""

INCARNATION_LENGTH = 16
HEAD_LENGTH = INCARNATION_LENGTH + 8 + HASH_LENGTH + SIGNATURE_LENGTH


class Kind(IntEnum):
    """What an entry is; only a COMMIT may hold a commit."""

    MESSAGE = 1
    COMMIT = 2
    REQUEST = 3
    REJOIN = 4
    PUBLISH = 5


def entry_hash(time: int, body: bytes, side_data: bytes) -> bytes:
    """H(entry): what stays of an entry when its bytes go."""
    return sha256(time.to_bytes(8) + len(body).to_bytes(4) + body + side_data)


def chain(circle_id: bytes, n: int, kind: int, previous: bytes, entry: bytes) -> bytes:
    """h(n), from h(n-1) and H(entry n)."""
    return sha256(
        b"hallway log 1" + circle_id + n.to_bytes(8) + kind.to_bytes(1) + previous + entry
    )


def head_statement(circle_id: bytes, incarnation: bytes, n: int, chain_hash: bytes) -> bytes:
    """What the relay key signs for a head."""
    return b"hallway head 1" + circle_id + incarnation + n.to_bytes(8) + chain_hash


@dataclass(frozen=True, slots=True)
class Head:
    """The relay's signed word on how long a log is and what it holds; `hash` is h(n)."""

    incarnation: bytes
    n: int
    hash: bytes
    signature: bytes

    @classmethod
    def sign(
        cls, relay: AccessKeyPair, circle_id: bytes, incarnation: bytes, n: int, chain_hash: bytes
    ) -> Self:
        """A head signed by the relay's key."""
        statement = head_statement(circle_id, incarnation, n, chain_hash)
        return cls(incarnation, n, chain_hash, relay.sign(statement))

    def verify(self, circle_id: bytes, relay_key: bytes) -> bool:
        """Whether this relay signed this head for this circle."""
        statement = head_statement(circle_id, self.incarnation, self.n, self.hash)
        return verify(relay_key, statement, self.signature)

    def encode(self) -> bytes:
        """The struct `Head` of docs/protocol.md section 5.1: 120 bytes."""
        return self.incarnation + self.n.to_bytes(8) + self.hash + self.signature

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read exactly 120 bytes, or MalformedError."""
        if len(data) != HEAD_LENGTH:
            raise MalformedError(f"a head has {HEAD_LENGTH} bytes, not {len(data)}")
        after_n = INCARNATION_LENGTH + 8
        after_hash = after_n + HASH_LENGTH
        return cls(
            data[:INCARNATION_LENGTH],
            int.from_bytes(data[INCARNATION_LENGTH:after_n]),
            data[after_n:after_hash],
            data[after_hash:],
        )
