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

from crypto.access.arrays import Check, blob, fixed, flag
from crypto.circle.state import DISAPPEAR_HIGHEST, DISAPPEAR_LOWEST
from crypto.emoji import is_emoji
from crypto.errors import FieldError, MisuseError
from crypto.file import File, is_media, is_name, is_reference
from crypto.primitives import PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH

ASKED_MOST = 256
"""Messages that one asks for at once."""

ID_LENGTH = 16
MENTIONED_MOST = 32
OPTIONS_FEWEST, OPTIONS_MOST = 2, 10
OPTION_LONGEST = 200
QUESTION_LONGEST = 1_000
TEXT_LONGEST = 16_000
BODY_LONGEST = 60_000
"""Bytes; with all that is around it, it fills the largest size that messages are padded to."""


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody says: 1 to 16,000 bytes of UTF-8, as typed; shown through the sanitiser.

    `reply` is the id of the message that it answers, empty for none; `mentions` are member keys,
    ascending. With `me` it is said of its author: "waves". It goes after `lasts` seconds; with 0 it
    stays.
    """

    text: str = field(repr=False)
    reply: bytes = b""
    mentions: tuple[bytes, ...] = ()
    me: bool = False
    lasts: int = 0


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
class React:
    """The sender marks the message `of` with an emoji, or takes that back (`on` is False)."""

    of: bytes
    what: str = field(repr=False)
    on: bool


@dataclass(frozen=True, slots=True)
class Edit:
    """The text of the message `of` is to be this one; its author's word alone. It goes with it."""

    of: bytes
    text: str = field(repr=False)
    mentions: tuple[bytes, ...] = ()
    lasts: int = 0


@dataclass(frozen=True, slots=True)
class Delete:
    """The message `of` is taken back; its author's word alone."""

    of: bytes


@dataclass(frozen=True, slots=True)
class Pin:
    """The message `of` is to be at hand for all, or no longer (`on` is False)."""

    of: bytes
    on: bool


@dataclass(frozen=True, slots=True)
class Poll:
    """A question with 2 to 10 options, of which a member chooses one, or several."""

    question: str = field(repr=False)
    options: tuple[str, ...] = field(repr=False)
    several: bool
    lasts: int = 0


@dataclass(frozen=True, slots=True)
class Vote:
    """What the sender chooses in the poll `of`: options' indices, ascending; none takes it back."""

    of: bytes
    choices: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A type of a later version, kept to be shown as one that this version does not know."""

    type: int
    body: bytes = field(repr=False)


Known: TypeAlias = (
    Text | Leave | Cover | PassedOn | Ask | Again | React | Edit | Delete | Pin | Poll | Vote | File
)
Content: TypeAlias = Known | Unknown


def _counters(value: object) -> bool:
    if not isinstance(value, tuple) or not 1 <= len(value) <= ASKED_MOST:
        return False
    if not all(type(counter) is int and 1 <= counter < 1 << 63 for counter in value):
        return False
    return all(before < after for before, after in pairwise(value))


def _mentions(value: object) -> bool:
    if not isinstance(value, tuple) or not 1 <= len(value) <= MENTIONED_MOST:
        return False
    if not all(type(key) is bytes and len(key) == PUBLIC_KEY_LENGTH for key in value):
        return False
    return all(before < after for before, after in pairwise(value))


def _lasts(value: object) -> bool:
    return type(value) is int and DISAPPEAR_LOWEST <= value <= DISAPPEAR_HIGHEST


def _true(value: object) -> bool:
    return value is True


def _emoji(value: object) -> bool:
    return isinstance(value, str) and is_emoji(value)


def _worded(longest: int) -> Check:
    """A string of 1 to `longest` bytes."""
    return lambda value: isinstance(value, str) and 1 <= len(_utf8(value)) <= longest


_text = _worded(TEXT_LONGEST)
_option = _worded(OPTION_LONGEST)


def _options(value: object) -> bool:
    if not isinstance(value, tuple) or not OPTIONS_FEWEST <= len(value) <= OPTIONS_MOST:
        return False
    return all(_option(option) for option in value) and len(set(value)) == len(value)


def _choices(value: object) -> bool:
    if not isinstance(value, tuple):
        return False
    if not all(type(choice) is int and 0 <= choice < OPTIONS_MOST for choice in value):
        return False
    return all(before < after for before, after in pairwise(value))


@dataclass(frozen=True, slots=True)
class Row:
    """A type of message: its name, its class, and each field's key and check.

    A key of `optional` is left out where its value is empty, and no empty value stands under it.
    """

    name: str
    kind: type[Known]
    fields: Mapping[str, Check]
    optional: Mapping[str, Check] = field(default_factory=dict)

    def checks(self) -> dict[str, Check]:
        """All keys in the order of the class's fields."""
        return {**self.fields, **self.optional}


TABLE: Mapping[int, Row] = {
    1: Row(
        "text",
        Text,
        {"text": _text},
        {"reply": fixed(ID_LENGTH), "mentions": _mentions, "me": _true, "lasts": _lasts},
    ),
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
    7: Row("react", React, {"of": fixed(ID_LENGTH), "what": _emoji, "on": flag}),
    8: Row(
        "edit",
        Edit,
        {"of": fixed(ID_LENGTH), "text": _text},
        {"mentions": _mentions, "lasts": _lasts},
    ),
    9: Row("delete", Delete, {"of": fixed(ID_LENGTH)}),
    10: Row("pin", Pin, {"of": fixed(ID_LENGTH), "on": flag}),
    11: Row(
        "poll",
        Poll,
        {"question": _worded(QUESTION_LONGEST), "options": _options, "several": flag},
        {"lasts": _lasts},
    ),
    12: Row("vote", Vote, {"of": fixed(ID_LENGTH), "choices": _choices}),
    13: Row(
        "file",
        File,
        {"blob": is_reference, "name": is_name, "media": is_media},
        {"lasts": _lasts},
    ),
}
_NUMBERS = {row.kind: number for number, row in TABLE.items()}


def number_of(name: str) -> int:
    """The number of a kind of message that has this name in the table."""
    return next(number for number, row in TABLE.items() if row.name == name)


def write_content(content: Content) -> tuple[int, bytes]:
    """(type, body), or MisuseError where a field is out of its bounds."""
    if isinstance(content, Unknown):
        return content.type, content.body
    number = _NUMBERS[type(content)]
    row, values = TABLE[number], dict[str, Any]()
    for key, check in row.checks().items():
        value = getattr(content, key)
        if key in row.optional and not value:
            continue
        if not check(value):
            raise MisuseError(f"a message's {key} is out of its bounds")
        values[key] = value
    body: bytes = msgpack.packb(values)
    return number, body


def read_content(number: int, body: bytes) -> Content:
    """What a body holds, or FieldError where it is not what its type says."""
    row = TABLE.get(number)
    if row is None:
        return Unknown(number, body)
    found = _read_map(body)
    values = {key: found[key] for key in row.checks() if key in found}
    for key, check in row.checks().items():
        if key not in values and key in row.optional:
            continue
        if key not in values or not check(values[key]):
            raise FieldError(f"a message of type {row.name} has no rightful {key}")
    return row.kind(**values)


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
