"""A file that a message names: docs/protocol.md section 5.1, type 13.

The message says what opens the sealed file (section 5.8), what it is called, and what kind of file
its sender takes it for. The name is a proposal: whoever keeps the file makes a safe name of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from crypto.blob import BlobReference
from crypto.mls.errors import DecodeError

NAME_LONGEST = 255
MEDIA_LONGEST = 127
"""Bytes: two parts of 63 each, and the slash."""

_PART = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}"
_MEDIA = re.compile(rf"{_PART}/{_PART}")
_NO_NAME = re.compile(r"[\x00-\x1f/\\\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class File:
    """A file: `blob` is a `BlobReference` in bytes, `name` has no folder in it.

    `media` is its media type in lower case, as its sender takes it. With `lasts` it goes after that
    many seconds.
    """

    blob: bytes = field(repr=False)
    name: str = field(repr=False)
    media: str
    lasts: int = 0

    @property
    def reference(self) -> BlobReference:
        """What opens the sealed file; of a `File` that was read or written, it is in its bounds."""
        return BlobReference.decode(self.blob)


def is_reference(value: object) -> bool:
    """Whether these are the bytes of a `BlobReference` in its bounds."""
    if type(value) is not bytes:
        return False
    try:
        BlobReference.decode(value)
    except DecodeError:
        return False
    return True


def is_name(value: object) -> bool:
    """Whether it is a file's name: 1 to 255 bytes, no slash of either kind, no control character.

    `.` and `..` are none. Judged by code points alone.
    """
    if type(value) is not str or value in (".", ".."):
        return False
    try:
        length = len(value.encode())
    except UnicodeEncodeError:
        return False
    return 1 <= length <= NAME_LONGEST and not _NO_NAME.search(value)


def is_media(value: object) -> bool:
    """Whether it is written as a media type, in lower case and without parameters."""
    return type(value) is str and bool(_MEDIA.fullmatch(value))
