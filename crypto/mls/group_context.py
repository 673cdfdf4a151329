"""GroupContext (RFC 9420 section 8.1): what all members of an epoch agree on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.extensions import Extension


@dataclass(frozen=True, slots=True)
class GroupContext(Struct):
    """The public state of a group in one epoch, its tree and transcript as hashes.

    Keys are derived from it and every signature of a member covers it, so that whoever reads a
    message in another state than its sender's cannot be led to believe it.
    """

    version: int
    cipher_suite: int
    group_id: bytes
    epoch: int
    tree_hash: bytes
    confirmed_transcript_hash: bytes
    extensions: tuple[Extension, ...]
    # Each message of an epoch is signed over the same bytes; they are written once.
    _encoded: bytes = field(init=False, repr=False, compare=False, default=b"")

    def encode(self) -> bytes:
        """The structure's bytes, kept for the next time."""
        if not self._encoded:
            writer = Writer()
            self.write(writer)
            object.__setattr__(self, "_encoded", writer.getvalue())
        return self._encoded

    def write(self, writer: Writer) -> None:
        writer.uint16(self.version)
        writer.uint16(self.cipher_suite)
        writer.opaque(self.group_id)
        writer.uint64(self.epoch)
        writer.opaque(self.tree_hash)
        writer.opaque(self.confirmed_transcript_hash)
        writer.structs(self.extensions)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.uint16(),
            reader.uint16(),
            reader.opaque(),
            reader.uint64(),
            reader.opaque(),
            reader.opaque(),
            tuple(reader.vector(Extension.read)),
        )
