"""Files sealed for a relay to keep: docs/protocol.md section 5.8.

A file is padded with zeros, cut into chunks, and each chunk sealed with ChaCha20-Poly1305 under a
key that seals nothing else. The nonce counts the chunks and marks the last one (STREAM, Hoang,
Reyhanitabar, Rogaway and Vizár 2015), so that none can be left out, doubled, moved or added. The
id is SHA-256 over everything that was sealed. Nothing here holds more than a chunk at a time.

A `Sealing` makes its own key and runs once: two files under one key would repeat nonces. Whoever
sends a blob again sends the sealed bytes again, and seals nothing anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crypto.errors import FieldError, MisuseError, UnopenedError
from crypto.fields import bounded, exact
from crypto.mls.codec import Reader, Struct, Writer
from crypto.primitives import (
    AEAD_KEY_LENGTH,
    AEAD_NONCE_LENGTH,
    AEAD_TAG_LENGTH,
    HASH_LENGTH,
    Rng,
    chacha20poly1305_open,
    chacha20poly1305_seal,
)
from crypto.secret import Secret, equal

CHUNK_SEALED = 64 * 1024
CHUNK_PLAIN = CHUNK_SEALED - AEAD_TAG_LENGTH
BLOB_LARGEST = 25 * 1024 * 1024
"""Of the sealed bytes: 400 chunks."""

FILE_LARGEST = BLOB_LARGEST // CHUNK_SEALED * CHUNK_PLAIN
PADDED_SMALLEST = 1024

_PURPOSE = b"hallway blob 1"


@dataclass(frozen=True, slots=True)
class BlobReference(Struct):
    """What opens a blob: its id, its key, and the length of the file in bytes."""

    id: bytes
    key: Secret
    size: int

    def __post_init__(self) -> None:
        exact(self.id, HASH_LENGTH, "a blob's id")
        exact(self.key.reveal(), AEAD_KEY_LENGTH, "a blob's key")
        bounded(self.size, 0, FILE_LARGEST, "a file's length")

    def write(self, writer: Writer) -> None:
        writer.raw(self.id)
        writer.raw(self.key.reveal())
        writer.uint64(self.size)

    @classmethod
    def read(cls, reader: Reader) -> BlobReference:
        return cls(reader.raw(HASH_LENGTH), Secret(reader.raw(AEAD_KEY_LENGTH)), reader.uint64())


def padded_length(size: int) -> int:
    """How many bytes are sealed for a file of so many.

    Padmé (Nikitin et al., PETS 2019): at most 12 % more, and the length tells no more of the
    file's than a few leading bits. 1024 at least, `FILE_LARGEST` at most.
    """
    size = max(size, PADDED_SMALLEST)
    exponent = size.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return min(-(-size // step) * step, FILE_LARGEST)


def chunk_count(size: int) -> int:
    """How many chunks a file of so many bytes is sealed in."""
    return -(-padded_length(size) // CHUNK_PLAIN)


def sealed_length(size: int) -> int:
    """How many bytes the relay keeps for a file of so many: `BLOB_LARGEST` at most."""
    return padded_length(size) + chunk_count(size) * AEAD_TAG_LENGTH


class Sealing:
    """The sealed chunks of one file, each once and in turn; `reference` when all are out.

    `size` is the file's length, known before its first byte: MisuseError where the pieces turn
    out to be longer or shorter, as those of a file that somebody still writes to.
    """

    def __init__(self, pieces: Iterable[bytes], size: int, rng: Rng) -> None:
        if not 0 <= size <= FILE_LARGEST:
            raise MisuseError(f"a file of {size} bytes can't be sealed: {FILE_LARGEST} at most")
        self._key = Secret(rng(AEAD_KEY_LENGTH))
        self._size = size
        self._hash = hashlib.sha256()
        self._chunks = self._seal(pieces)
        self._reference: BlobReference | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    @property
    def reference(self) -> BlobReference:
        """What opens the blob, or MisuseError while chunks are still to come."""
        if self._reference is None:
            raise MisuseError("a blob has a reference when its last chunk is sealed")
        return self._reference

    def _seal(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        count = chunk_count(self._size)
        aad = _aad(self._size)
        padded = _padded(pieces, self._size)
        for index, plain in enumerate(_cut(padded, CHUNK_PLAIN)):
            chunk = chacha20poly1305_seal(self._key, _nonce(index, count), aad, plain)
            self._hash.update(chunk)
            if index == count - 1:
                self._reference = BlobReference(self._hash.digest(), self._key, self._size)
            yield chunk


def verify(reference: BlobReference, pieces: Iterable[bytes]) -> None:
    """That these bytes, cut anywhere, are the blob's, or UnopenedError. Opens nothing."""
    found = hashlib.sha256()
    length = 0
    for piece in pieces:
        found.update(piece)
        length += len(piece)
        if length > sealed_length(reference.size):
            break
    if length != sealed_length(reference.size) or not equal(found.digest(), reference.id):
        raise UnopenedError("the relay gave other bytes than those that were attached")


def open_(reference: BlobReference, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The file in pieces, from sealed bytes that `verify` has passed, cut anywhere.

    UnopenedError at the first chunk that is not what was sealed in its place, and where chunks
    are missing or too many; FieldError where the padding is not zero. What came before is of the
    file, and no file until the last piece is there.
    """
    count = chunk_count(reference.size)
    aad = _aad(reference.size)
    left = reference.size
    opened = 0
    for chunk in _cut(pieces, CHUNK_SEALED):
        plain = None
        if opened < count:
            plain = chacha20poly1305_open(reference.key, _nonce(opened, count), aad, chunk)
        if plain is None:
            raise UnopenedError(f"chunk {opened + 1} is not what was sealed in its place")
        opened += 1
        of_file, padding = plain[:left], plain[left:]
        if any(padding):
            raise FieldError("the padding of a blob is not zero")
        left -= len(of_file)
        if of_file:
            yield of_file
    if opened < count:
        raise UnopenedError(f"the blob ends after {opened} of {count} chunks")


def _aad(size: int) -> bytes:
    return _PURPOSE + padded_length(size).to_bytes(8, "big")


def _nonce(index: int, count: int) -> bytes:
    last = index == count - 1
    return index.to_bytes(AEAD_NONCE_LENGTH - 1, "big") + bytes((last,))


def _cut(pieces: Iterable[bytes], length: int) -> Iterator[bytes]:
    """The same bytes in pieces of `length`; the last may be shorter, and none is empty."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= length:
            yield bytes(held[:length])
            del held[:length]
    if held:
        yield bytes(held)


def _padded(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The pieces and then the zeros, or MisuseError where the file is not `size` bytes long."""
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > size:
            break
        yield piece
    if length != size:
        raise MisuseError(f"the file is no longer {size} bytes long; attach it again")
    zeros = padded_length(size) - size
    while zeros:
        yield bytes(min(zeros, CHUNK_PLAIN))
        zeros -= min(zeros, CHUNK_PLAIN)
