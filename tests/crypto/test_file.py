"""What a message says of a file: what opens it, its name, its media type."""

from __future__ import annotations

import pytest

from crypto.blob import FILE_LARGEST, BlobReference
from crypto.file import (
    MEDIA_LONGEST,
    NAME_LONGEST,
    File,
    is_media,
    is_name,
    is_reference,
)
from crypto.secret import Secret


def encoded(size: int) -> bytes:
    return b"i" * 32 + b"k" * 32 + size.to_bytes(8)


def test_a_file_knows_what_opens_it() -> None:
    reference = BlobReference(b"i" * 32, Secret(b"k" * 32), 77)
    assert len(reference.encode()) == 72
    assert File(reference.encode(), "a", "text/plain").reference == reference


@pytest.mark.parametrize("size", [0, 1, FILE_LARGEST])
def test_a_reference_in_its_bounds_is_one(size: int) -> None:
    assert is_reference(encoded(size))


@pytest.mark.parametrize(
    "value",
    [b"", encoded(1)[1:], encoded(1) + b"\0", encoded(FILE_LARGEST + 1), "k" * 72, None,
     bytearray(encoded(1))],
)  # fmt: skip
def test_anything_else_is_no_reference(value: object) -> None:
    assert not is_reference(value)


@pytest.mark.parametrize(
    "name",
    ["a", ".profile", "...", "tea & cake.jpg", "\u202egpj.exe", "CON", "é" * 127,
     "x" * NAME_LONGEST, " ", "\xa0", "~"],
)  # fmt: skip
def test_a_name_is_any_without_a_folder_or_a_control(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "/", "a\\b", "\0", "a\n", "\x1b[31m", "\x1f", "\x7f", "\x80", "\x9f",
     "\ud800", "x" * (NAME_LONGEST + 1), "é" * 128, b"a", None, 5],
)  # fmt: skip
def test_what_is_no_name(name: object) -> None:
    assert not is_name(name)


@pytest.mark.parametrize(
    "media",
    ["text/plain", "image/svg+xml", "application/vnd.a-b.c_d", "0/0", "a/" + "b" * 63,
     "a" * 63 + "/" + "b" * 63],
)  # fmt: skip
def test_media_types(media: str) -> None:
    assert len(media) <= MEDIA_LONGEST
    assert is_media(media)


@pytest.mark.parametrize(
    "media",
    ["", "text", "text/", "/plain", "Text/plain", "text/plain; charset=utf-8", "a/b/c", "a/-b",
     "text/plain\n", "a/" + "b" * 64, "a" * 64 + "/b", "é/a", b"text/plain", None],
)  # fmt: skip
def test_what_is_no_media_type(media: object) -> None:
    assert not is_media(media)


def test_no_key_and_no_name_is_printed() -> None:
    file = File(b"k" * 72, "secret.txt", "text/plain")
    assert repr(file) == "File(media='text/plain', lasts=0)"
