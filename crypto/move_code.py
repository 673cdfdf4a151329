"""Move codes: where a circle has gone, given by hand where its relay can't tell any more.

docs/protocol.md section 4.8. Signed by the leaf key of a host's device; that it is a host's is for
whoever holds the tree to judge. A code is no secret: it lets nobody in.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace
from typing import Self

from crypto.access.binding import CIRCLE_ID_LENGTH
from crypto.errors import CodeError, FieldError, NewerCodeError
from crypto.fields import decoded, exact, read_number
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.codec import Reader, Struct, Writer
from crypto.primitives import (
    HASH_LENGTH,
    PUBLIC_KEY_LENGTH,
    SIGNATURE_LENGTH,
    ed25519_verify,
    sha256,
)
from crypto.relay_address import RelayAddress

VERSION = 1
PREFIX = "hallway-move:"
CHECKSUM_LENGTH = 4
LONGEST = 2048
"""Characters of a code that is looked at."""

_PURPOSE = b"hallway move 1"


@dataclass(frozen=True, slots=True)
class MoveCode(Struct):
    """The circle is at `relay`, whose key is `relay_key`; its log went up to entry n of `hash`."""

    circle_id: bytes
    relay: RelayAddress
    relay_key: bytes
    n: int
    hash: bytes
    leaf_key: bytes
    signature: bytes

    def __post_init__(self) -> None:
        exact(self.circle_id, CIRCLE_ID_LENGTH, "a circle's id")
        exact(self.relay_key, PUBLIC_KEY_LENGTH, "a relay's key")
        exact(self.hash, HASH_LENGTH, "a log's hash")
        exact(self.leaf_key, PUBLIC_KEY_LENGTH, "a leaf key")
        exact(self.signature, SIGNATURE_LENGTH, "a move code's signature")

    @classmethod
    def sign(
        cls,
        leaf: SignatureKeyPair,
        circle_id: bytes,
        relay: RelayAddress,
        relay_key: bytes,
        n: int,
        hash: bytes,
    ) -> Self:
        """The code that a host's device gives."""
        bare = cls(circle_id, relay, relay_key, n, hash, leaf.public, bytes(SIGNATURE_LENGTH))
        return replace(bare, signature=leaf.sign(bare._statement()))

    def verify(self) -> bool:
        """Whether the leaf key that it names has signed it."""
        return ed25519_verify(self.leaf_key, self._statement(), self.signature)

    def text(self) -> str:
        """The code in one line."""
        data = self.encode()
        data += sha256(_PURPOSE + data)[:CHECKSUM_LENGTH]
        return PREFIX + urlsafe_b64encode(data).decode("ascii").rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """What was pasted, or CodeError; its signature is not looked at yet."""
        joined = "".join(text.split())
        if not joined.startswith(PREFIX) or len(joined) > LONGEST:
            raise CodeError(f"That is no move code. It begins with {PREFIX} and is one long line.")
        symbols = joined.removeprefix(PREFIX)
        try:
            data = b64decode(symbols + "=" * (-len(symbols) % 4), b"-_", validate=True)
        except ValueError:
            data = b""
        body, check = data[:-CHECKSUM_LENGTH], data[-CHECKSUM_LENGTH:]
        if sha256(_PURPOSE + body)[:CHECKSUM_LENGTH] != check:
            raise CodeError("This move code is damaged: part of it is missing or changed.")
        if body[:1] != bytes((VERSION,)):
            raise NewerCodeError("This move code was made by a newer Hallway. Update this one.")
        try:
            return decoded(cls, body, "a move code")
        except FieldError as error:
            raise CodeError(f"This move code is not one that can be used: {error}.") from error

    def write(self, writer: Writer) -> None:
        self._write_signed(writer)
        writer.raw(self.signature)

    def _write_signed(self, writer: Writer) -> None:
        writer.uint8(VERSION)
        writer.raw(self.circle_id)
        self.relay.write(writer)
        writer.raw(self.relay_key)
        writer.uint64(self.n)
        writer.raw(self.hash)
        writer.raw(self.leaf_key)

    def _statement(self) -> bytes:
        writer = Writer()
        self._write_signed(writer)
        return _PURPOSE + writer.getvalue()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        reader.uint8()  # the version, which `parse` has looked at
        return cls(
            reader.raw(CIRCLE_ID_LENGTH),
            RelayAddress.read(reader),
            reader.raw(PUBLIC_KEY_LENGTH),
            read_number(reader, "an entry's number"),
            reader.raw(HASH_LENGTH),
            reader.raw(PUBLIC_KEY_LENGTH),
            reader.raw(SIGNATURE_LENGTH),
        )
