"""Reading codes: whatever a person types, pastes or scans becomes a code, or a sentence on why not.

docs/protocol.md sections 3.2 and 3.5. No message repeats what was typed, and none is raised `from`
an error that would. A code without its secret is refused here, before anything is dialled.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from crypto import words
from crypto.base32 import Slip, SlipKind, find_slip, to_number, value_of, verifies
from crypto.code import (
    CODE_SYMBOLS,
    CODE_VERSION,
    DATA_SYMBOLS,
    GROUP_SYMBOLS,
    LINK_PATH,
    NAMEPLATE_MOST,
    PASSWORD_WORDS,
    QR_SCHEME,
    SECRET_LENGTH,
    WORD_CHECK_LENGTH,
    WORD_COUNT,
    SealedCode,
    SpokenCode,
    checksum_prefix,
    word_check,
)
from crypto.errors import AddressError, CodeError, NewerCodeError, NoSecretError, TypoError
from crypto.relay_address import Address
from crypto.secret import Secret, equal

LONGEST = 1024

Code: TypeAlias = SealedCode | SpokenCode

# Editors and messengers like to put a longer dash in the place of a plain one.
_DASHES: Final = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))
_SPOKEN_COUNTS = range(PASSWORD_WORDS + 1, PASSWORD_WORDS + NAMEPLATE_MOST + 1)
_SYMBOLS_LIKELY = 20
_ADDRESS_SYMBOLS: Final = "abcdefghijklmnopqrstuvwxyz0123456789.-:"
_ADDRESS_SEARCHED = 64

_ONLY_ADDRESS = (
    "That is only the part that says where the relay is. A code goes on after it: ask for all of "
    "it."
)
_KINDS = (
    "That is not a code. A spoken code has three words, like walrus-tulip-violin; a sealed one "
    "starts with a relay's address and a slash."
)


def read_code(text: str) -> Code:
    """The code in a text, in any of its forms; CodeError with a sentence otherwise."""
    stripped = text.strip().translate(_DASHES)
    if not stripped:
        raise NoSecretError("There is no code here. Type or paste the one that you were given.")
    if len(stripped) > LONGEST:
        raise CodeError("That is too long to be a code. Paste the code alone.")
    lowered = stripped.lower()
    if lowered.startswith(("http://", "https://")):
        return _read_link(stripped)
    if lowered.startswith(QR_SCHEME.lower()):
        stripped = stripped[len(QR_SCHEME) :]
    if "@" in stripped:
        spoken, _, address = stripped.rpartition("@")
        return _read_words(spoken, Address.parse(address))
    if "/" in stripped:
        return _read_sealed(stripped)
    return _read_bare(stripped)


def _read_link(text: str) -> SealedCode:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise CodeError("That is not a link to come in by.") from None
    if parts.path.strip("/") != LINK_PATH or parts.query:
        raise CodeError("That link leads elsewhere. One to come in by has /i# in it.")
    if not parts.fragment:
        raise NoSecretError(
            "The link has lost what stands after its #, and with it the secret. Ask for the "
            "whole link."
        )
    scheme = "wss" if parts.scheme == "https" else "ws"
    return _sealed(Address.parse(f"{scheme}://{parts.netloc}"), parts.fragment)


def _read_sealed(text: str) -> SealedCode:
    address, _, symbols = text.rpartition("/")
    if address.lower() in ("ws:/", "wss:/"):
        raise NoSecretError(_ONLY_ADDRESS)
    return _sealed(Address.parse(address), symbols)


def _read_bare(text: str) -> SpokenCode:
    """A text without an address: three or four words, or something less than a code."""
    parts = _parts(text)
    if all(part.isalpha() for part in parts) and len(parts) > 1:
        if len(parts) == WORD_COUNT:
            raise NoSecretError("The words do not say at which relay: after them comes @address.")
        return _spoken(parts, None)
    symbols = [value_of(character) for character in "".join(parts)]
    if len(symbols) >= _SYMBOLS_LIKELY and symbols.count(None) <= 1:
        raise NoSecretError(
            "The code does not say at which relay: before it comes an address and a slash."
        )
    try:
        Address.parse(text)
    except AddressError:
        raise CodeError(_KINDS) from None
    raise NoSecretError(_ONLY_ADDRESS) if "." in text or ":" in text else CodeError(_KINDS)


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[\s\-]+", text) if part]


def _sealed(address: Address, text: str) -> SealedCode:
    groups = re.sub(r"[\s\-]+", "", text)
    if not groups:
        raise NoSecretError(_ONLY_ADDRESS)
    values: list[int] = []
    for index, character in enumerate(groups):
        value = value_of(character)
        if value is None:
            group = index // GROUP_SYMBOLS + 1
            raise TypoError(
                f"There is a typo in group {group} of the code: it holds a character that codes "
                "never have.",
                group,
            )
        values.append(value)
    prefix = checksum_prefix(str(address))
    if len(values) != CODE_SYMBOLS or not verifies(prefix, values):
        raise _typo(str(address), values)
    version, secret, rest = (
        values[0],
        to_number(values[1:DATA_SYMBOLS]) >> 2,
        values[DATA_SYMBOLS - 1],
    )
    if version != CODE_VERSION or rest & 3:
        raise NewerCodeError(
            "The code was made by a later version of Hallway. Update Hallway to use it."
        )
    return SealedCode(address, Secret(secret.to_bytes(SECRET_LENGTH)))


def _typo(address: str, values: Sequence[int]) -> TypoError:
    slip = find_slip(checksum_prefix(address), values, CODE_SYMBOLS)
    if slip is not None:
        group = slip.index // GROUP_SYMBOLS + 1
        return TypoError(f"There is a typo in group {group} of the code: {_what(slip)}.", group)
    if _slip_in_address(address, values):
        return TypoError(
            "There is a typo in the code, in the relay's address before the slash: one character "
            "is wrong."
        )
    if len(values) != CODE_SYMBOLS:
        return TypoError(
            f"There is a typo in the code: it has {CODE_SYMBOLS} symbols after the slash, this one "
            f"has {len(values)}."
        )
    return TypoError("There is more than one typo in the code. Compare it with the one you got.")


def _what(slip: Slip) -> str:
    if slip.kind is SlipKind.SWAPPED and slip.index % GROUP_SYMBOLS == GROUP_SYMBOLS - 1:
        return "its last symbol and the one after it have changed places"
    return slip.kind.value


def _slip_in_address(address: str, values: Sequence[int]) -> bool:
    """Whether one other character in the address makes the code right."""
    if len(values) != CODE_SYMBOLS or len(address) > _ADDRESS_SEARCHED:
        return False
    return any(
        verifies(checksum_prefix(address[:index] + other + address[index + 1 :]), values)
        for index in range(len(address))
        for other in _ADDRESS_SYMBOLS
    )


def _read_words(text: str, address: Address) -> Code:
    parts = _parts(text)
    if not parts:
        raise NoSecretError(_ONLY_ADDRESS)
    if len(parts) in _SPOKEN_COUNTS:
        return _spoken(parts, address)
    if len(parts) != WORD_COUNT:
        raise TypoError(
            f"There is a typo in the code: it has {len(parts)} words. A spoken code has three or "
            f"four, a sealed one {WORD_COUNT}."
        )
    number = 0
    for place in _numbers(parts):
        number = number * words.COUNT + place
    length = SECRET_LENGTH + WORD_CHECK_LENGTH
    together = number.to_bytes(length + 1)
    secret, check = together[1 : SECRET_LENGTH + 1], together[SECRET_LENGTH + 1 :]
    if together[0] or not equal(check, word_check(str(address), secret)):
        raise TypoError(
            "There is a typo in the code: each word is one of the list, but together with the "
            "relay's address they do not fit. Compare them with those you got."
        )
    return SealedCode(address, Secret(secret))


def _spoken(parts: Sequence[str], address: Address | None) -> SpokenCode:
    if len(parts) not in _SPOKEN_COUNTS:
        raise TypoError("There is a typo in the code: a spoken one has three or four words.")
    numbers = _numbers(parts)
    nameplate, password = numbers[:-PASSWORD_WORDS], numbers[-PASSWORD_WORDS:]
    spoken = "-".join(words.word(number) for number in password)
    return SpokenCode(tuple(nameplate), Secret(spoken.encode("ascii")), address)


def _numbers(parts: Sequence[str]) -> list[int]:
    numbers: list[int] = []
    for place, part in enumerate(parts, 1):
        number = words.number(part)
        if number is None:
            raise TypoError(
                f"There is a typo in word {place} of the code: it is not one of the list. Three "
                "letters and Tab complete a word.",
                place,
            )
        numbers.append(number)
    return numbers
