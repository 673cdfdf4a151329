"""What messages hold, by type: one table, to which later types are added.

docs/protocol.md section 5.1. A body is a msgpack map with text keys. Keys that a type does not list
are ignored here and stay in the envelope's bytes; a type that is not listed is `Unknown`, and stays
as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

import msgpack

from crypto.access.arrays import Check, blob, fixed
from crypto.errors import FieldError, MisuseError
from crypto.primitives import PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH

ASKED_MOST = 256
"""Messages that one asks for at once."""

TEXT_LONGEST = 16_000
BODY_LONGEST = 60_000
"""Bytes; with all that is around it, it fills the largest size that messages are padded to."""


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody says: 1 to 16,000 bytes of UTF-8, as typed; shown through the sanitiser."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Leave:
    """The sender goes; `departure` is its access key's signature of `depart` (section 4.4)."""

    departure: bytes


@dataclass(frozen=True, slots=True)
class Cover:
    """Nothing to read: it is there so that a head and an epoch have a member's signature."""


@dataclass(frozen=True, slots=True)
class PassedOn:
    """Messages of before for the leaf with signature key `to`, sealed (`crypto.history`)."""

    to: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """The sender misses messages of the leaf with signature key `of`, by their counters, ascending.

    What is sent again is sealed to `key` (X25519), which is made for this.
    """

    of: bytes
    counters: tuple[int, ...]
    key: bytes


@dataclass(frozen=True, slots=True)
class Again:
    """Messages that the leaf with signature key `to` asked for, sealed (`crypto.again`)."""

    to: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Unknown:
    """A type of a later version, kept to be shown as one that this version does not know."""

    type: int
    body: bytes = field(repr=False)


Known: TypeAlias = Text | Leave | Cover | PassedOn | Ask | Again
Content: TypeAlias = Known | Unknown


def _text(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(_utf8(value)) <= TEXT_LONGEST


def _counters(value: object) -> bool:
    if not isinstance(value, tuple) or not 1 <= len(value) <= ASKED_MOST:
        return False
    if not all(type(counter) is int and 1 <= counter < 1 << 63 for counter in value):
        return False
    return all(before < after for before, after in pairwise(value))


@dataclass(frozen=True, slots=True)
class Row:
    """A type of message: its name, its class, and each field's key and check."""

    name: str
    kind: type[Known]
    fields: Mapping[str, Check]


TABLE: Mapping[int, Row] = {
    1: Row("text", Text, {"text": _text}),
    2: Row("leave", Leave, {"departure": fixed(SIGNATURE_LENGTH)}),
    3: Row("cover", Cover, {}),
    4: Row("passed_on", PassedOn, {"to": fixed(PUBLIC_KEY_LENGTH), "sealed": blob(BODY_LONGEST)}),
    5: Row(
        "ask",
        Ask,
        {
            "of": fixed(PUBLIC_KEY_LENGTH),
            "counters": _counters,
            "key": fixed(PUBLIC_KEY_LENGTH),
        },
    ),
    6: Row("again", Again, {"to": fixed(PUBLIC_KEY_LENGTH), "sealed": blob(BODY_LONGEST)}),
}
_NUMBERS = {row.kind: number for number, row in TABLE.items()}


def write_content(content: Content) -> tuple[int, bytes]:
    """(type, body), or MisuseError where a field is out of its bounds."""
    if isinstance(content, Unknown):
        return content.type, content.body
    number = _NUMBERS[type(content)]
    values = {key: getattr(content, key) for key in TABLE[number].fields}
    for key, check in TABLE[number].fields.items():
        if not check(values[key]):
            raise MisuseError(f"a message's {key} is out of its bounds")
    body: bytes = msgpack.packb(values)
    return number, body


def read_content(number: int, body: bytes) -> Content:
    """What a body holds, or FieldError where it is not what its type says."""
    row = TABLE.get(number)
    if row is None:
        return Unknown(number, body)
    found = _read_map(body)
    for key, check in row.fields.items():
        if key not in found or not check(found[key]):
            raise FieldError(f"a message of type {row.name} has no rightful {key}")
    return row.kind(*(found[key] for key in row.fields))


def _read_map(body: bytes) -> dict[str, Any]:
    try:
        pairs = msgpack.unpackb(body, object_pairs_hook=_distinct, use_list=False)
    except (ValueError, msgpack.UnpackException) as error:
        raise FieldError("a message's body is not well-formed msgpack") from error
    if type(pairs) is not dict or not all(type(key) is str for key in pairs):
        raise FieldError("a message's body is a map with text keys")
    return pairs


def _distinct(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _utf8(value: str) -> bytes:
    """The text's bytes; none for one with lone surrogates, which has no UTF-8."""
    try:
        return value.encode()
    except UnicodeEncodeError:
        return b""
