"""The genesis: what a circle was opened with, and what its id is the hash of.

docs/protocol.md section 2. It stands in the GroupContext and never changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from crypto.circle.errors import UpdateNeededError
from crypto.circle.fields import ID_LENGTH, KEY_LENGTH
from crypto.fields import bounded, exact
from crypto.mls.codec import Reader, Struct, Writer
from crypto.primitives import sha256

GENESIS_VERSION = 1
CAP_LOWEST, CAP_HIGHEST = 2, 50


@dataclass(frozen=True, slots=True)
class Genesis(Struct):
    """A circle's beginning; `created_at` in milliseconds since 1970.

    `founder` is the founder's member key, `random` sixteen bytes that make the id unique.
    """

    founder: bytes
    cap: int
    created_at: int
    random: bytes

    def __post_init__(self) -> None:
        exact(self.founder, KEY_LENGTH, "the founder's member key")
        bounded(self.cap, CAP_LOWEST, CAP_HIGHEST, "the number of chairs")
        exact(self.random, ID_LENGTH, "the genesis' random part")

    def write(self, writer: Writer) -> None:
        writer.uint16(GENESIS_VERSION)
        writer.raw(self.founder)
        writer.uint8(self.cap)
        writer.uint64(self.created_at)
        writer.raw(self.random)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        version = reader.uint16()
        if version != GENESIS_VERSION:
            raise UpdateNeededError(version)
        return cls(reader.raw(KEY_LENGTH), reader.uint8(), reader.uint64(), reader.raw(ID_LENGTH))

    def circle_id(self) -> bytes:
        """The circle's id, which is its MLS group id: 16 bytes."""
        return sha256(b"hallway circle 1" + self.encode())[:ID_LENGTH]
