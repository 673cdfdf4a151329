"""Files sealed in chunks, and everything that a relay could give in their place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import blob
from crypto.blob import (
    BLOB_LARGEST,
    CHUNK_PLAIN,
    CHUNK_SEALED,
    FILE_LARGEST,
    BlobReference,
    Sealing,
    padded_length,
    sealed_length,
)
from crypto.errors import FieldError, MisuseError, UnopenedError
from crypto.primitives import chacha20poly1305_seal
from crypto.secret import Secret

KEY = bytes(range(32))
FILE = hashlib.shake_256(b"a file").digest(2 * CHUNK_PLAIN + 100)


def rng(count: int) -> bytes:
    return KEY[:count]


def sealed(file: bytes) -> tuple[BlobReference, list[bytes]]:
    sealing = Sealing([file], len(file), rng)
    chunks = list(sealing)
    return sealing.reference, chunks


REFERENCE, CHUNKS = sealed(FILE)


@pytest.mark.parametrize(
    "size", [0, 1, 1023, 1024, 1025, CHUNK_PLAIN - 1, CHUNK_PLAIN, CHUNK_PLAIN + 1, len(FILE)]
)
def test_a_file_comes_back(size: int) -> None:
    file = FILE[:size]
    reference, chunks = sealed(file)
    blob.verify(reference, chunks)
    assert b"".join(blob.open_(reference, chunks)) == file
    assert sum(map(len, chunks)) == sealed_length(size)
    assert all(len(chunk) == CHUNK_SEALED for chunk in chunks[:-1])
    assert reference.id == hashlib.sha256(b"".join(chunks)).digest()


@pytest.mark.parametrize("piece", [7919, CHUNK_SEALED, 3 * CHUNK_SEALED])
def test_how_the_bytes_are_cut_does_not_matter(piece: int) -> None:
    cut = [FILE[at : at + piece] for at in range(0, len(FILE), piece)]
    sealing = Sealing(cut, len(FILE), rng)
    whole = b"".join(sealing)
    assert whole == b"".join(CHUNKS)
    assert sealing.reference == REFERENCE
    pieces = [whole[at : at + piece] for at in range(0, len(whole), piece)]
    blob.verify(REFERENCE, pieces)
    assert b"".join(blob.open_(REFERENCE, pieces)) == FILE


def test_the_first_chunk_is_taken_before_the_second_is_read() -> None:
    taken: list[int] = []

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(FILE), CHUNK_PLAIN):
            taken.append(at)
            yield FILE[at : at + CHUNK_PLAIN]

    next(iter(Sealing(pieces(), len(FILE), rng)))
    assert taken == [0]


def test_the_first_chunk_is_opened_before_the_second_is_read() -> None:
    taken: list[int] = []

    def pieces() -> Iterator[bytes]:
        for index, chunk in enumerate(CHUNKS):
            taken.append(index)
            yield chunk

    assert next(blob.open_(REFERENCE, pieces())) == FILE[:CHUNK_PLAIN]
    assert taken == [0]


DAMAGED = {
    "cut at a chunk": CHUNKS[:-1],
    "cut within a chunk": [*CHUNKS[:-1], CHUNKS[-1][:-1]],
    "cut to less than a tag": [*CHUNKS[:-1], CHUNKS[-1][:3]],
    "nothing": [],
    "moved": [CHUNKS[1], CHUNKS[0], *CHUNKS[2:]],
    "doubled": [CHUNKS[0], *CHUNKS],
    "first left out": CHUNKS[1:],
    "last one again": [*CHUNKS, CHUNKS[-1]],
    "one byte more": [*CHUNKS, b"\0"],
    "one bit": [CHUNKS[0], bytes((CHUNKS[1][0] ^ 1,)) + CHUNKS[1][1:], *CHUNKS[2:]],
    "another blob's": sealed(bytes(len(FILE)))[1],
}


@pytest.mark.parametrize("what", [what for what in DAMAGED if what != "another blob's"])
def test_other_bytes_are_not_opened(what: str) -> None:
    with pytest.raises(UnopenedError):
        b"".join(blob.open_(REFERENCE, DAMAGED[what]))


@pytest.mark.parametrize("what", DAMAGED)
def test_other_bytes_are_found_before_they_are_opened(what: str) -> None:
    with pytest.raises(UnopenedError, match="other bytes"):
        blob.verify(REFERENCE, DAMAGED[what])


def test_another_length_is_not_opened() -> None:
    shorter = BlobReference(REFERENCE.id, REFERENCE.key, CHUNK_PLAIN)
    with pytest.raises(UnopenedError):
        b"".join(blob.open_(shorter, CHUNKS))


def test_another_key_opens_nothing() -> None:
    other = BlobReference(REFERENCE.id, Secret(bytes(32)), REFERENCE.size)
    with pytest.raises(UnopenedError, match="chunk 1 "):
        b"".join(blob.open_(other, CHUNKS))


def test_chunks_are_what_the_page_says() -> None:
    """Put together from the words of docs/protocol.md section 5.8: 131,140 bytes, E 17, S 5."""
    padded = FILE + bytes(135_168 - len(FILE))
    aad = b"hallway blob 1" + (135_168).to_bytes(8, "big")
    by_the_page = [
        chacha20poly1305_seal(Secret(KEY), bytes(10) + ending, aad, plain)
        for ending, plain in (
            (b"\x00\x00", padded[:65_520]),
            (b"\x01\x00", padded[65_520:131_040]),
            (b"\x02\x01", padded[131_040:]),
        )
    ]
    assert by_the_page == CHUNKS


def test_padding_is_zero() -> None:
    plain = b"file" + b"\x01" + bytes(1019)
    aad = b"hallway blob 1" + (1024).to_bytes(8, "big")
    chunk = chacha20poly1305_seal(Secret(KEY), bytes(11) + b"\x01", aad, plain)
    reference = BlobReference(hashlib.sha256(chunk).digest(), Secret(KEY), 4)
    blob.verify(reference, [chunk])
    with pytest.raises(FieldError, match="padding"):
        b"".join(blob.open_(reference, [chunk]))


@pytest.mark.parametrize("size", [len(FILE) - 1, len(FILE) + 1, CHUNK_PLAIN, 3 * len(FILE)])
def test_a_file_that_changes_meanwhile_has_no_reference(size: int) -> None:
    sealing = Sealing([FILE], size, rng)
    with pytest.raises(MisuseError, match="attach it again"):
        list(sealing)
    with pytest.raises(MisuseError, match="last chunk"):
        _ = sealing.reference


@pytest.mark.parametrize("size", [-1, FILE_LARGEST + 1])
def test_what_is_too_long_is_not_sealed(size: int) -> None:
    with pytest.raises(MisuseError, match="can't be sealed"):
        Sealing([], size, rng)


def test_a_sealing_runs_once() -> None:
    sealing = Sealing([FILE], len(FILE), rng)
    assert list(sealing) == CHUNKS
    assert list(sealing) == []


@given(st.integers(0, FILE_LARGEST))
def test_padding_is_small_and_hides_the_length(size: int) -> None:
    padded = padded_length(size)
    assert size <= padded <= max(1024, size * 1.12)
    assert padded_length(padded) == padded
    assert sealed_length(size) <= BLOB_LARGEST


def test_the_longest_file_fills_the_largest_blob() -> None:
    assert sealed_length(FILE_LARGEST) == BLOB_LARGEST


def test_the_longest_file_comes_back_and_nothing_may_follow_it() -> None:
    sealing = Sealing([bytes(FILE_LARGEST)], FILE_LARGEST, rng)
    chunks = list(sealing)
    blob.verify(sealing.reference, chunks)
    assert sum(map(len, blob.open_(sealing.reference, chunks))) == FILE_LARGEST
    # Whoever has the key can seal what would come next, too.
    aad = b"hallway blob 1" + FILE_LARGEST.to_bytes(8, "big")
    sealed_next = chacha20poly1305_seal(Secret(KEY), (400 << 8).to_bytes(12, "big"), aad, b"more")
    for more in (chunks[-1], sealed_next):
        with pytest.raises(UnopenedError, match="chunk 401 "):
            for _ in blob.open_(sealing.reference, [*chunks, more]):
                pass


def test_a_reference_is_what_was_written() -> None:
    encoded = REFERENCE.encode()
    assert encoded == REFERENCE.id + KEY + len(FILE).to_bytes(8, "big")
    assert BlobReference.decode(encoded) == REFERENCE
    assert KEY.hex() not in repr(REFERENCE) and repr(KEY) not in repr(REFERENCE)


@pytest.mark.parametrize(
    ("id_", "key", "size"),
    [(bytes(31), KEY, 0), (bytes(32), KEY[:31], 0), (bytes(32), KEY, FILE_LARGEST + 1)],
)
def test_a_reference_out_of_bounds_does_not_exist(id_: bytes, key: bytes, size: int) -> None:
    with pytest.raises(FieldError):
        BlobReference(id_, Secret(key), size)


def test_the_length_is_compared_though_the_hash_is_right() -> None:
    told = BlobReference(hashlib.sha256(b"short").digest(), Secret(KEY), 5)
    with pytest.raises(UnopenedError, match="other bytes"):
        blob.verify(told, [b"short"])


def test_what_is_too_long_is_not_read_to_its_end() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(10):
            taken += 1
            yield bytes(CHUNK_SEALED)

    with pytest.raises(UnopenedError, match="other bytes"):
        blob.verify(REFERENCE, endless())
    assert taken == len(CHUNKS)
