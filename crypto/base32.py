"""Symbols and checksum of sealed codes: Crockford's base32, and the BCH code of BIP 173.

docs/protocol.md section 3.2. The checksum has the constant of BIP 350, which makes it notice
symbols put in or left out before the end as well. It finds any three slips in up to 1,023 symbols,
so one slip can be told from all others: `find_slip` says where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from operator import xor
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECKSUM_SYMBOLS: Final = 6

_CONSTANT: Final = 0x2BC830A3
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
# what the five bits that leave the state put into it
_LEAVING: Final = tuple(
    reduce(xor, (g for bit, g in enumerate(_GENERATOR) if top >> bit & 1), 0) for top in range(32)
)
_VALUES: Final = {symbol: value for value, symbol in enumerate(ALPHABET)} | {
    "O": 0,
    "I": 1,
    "L": 1,
}


class SlipKind(Enum):
    """What went wrong with one symbol."""

    CHANGED = "one symbol is wrong"
    SWAPPED = "two symbols have changed places"
    MISSING = "one symbol is missing"
    EXTRA = "one symbol is too many"


@dataclass(frozen=True, slots=True)
class Slip:
    """One slip; `index` is the symbol's place, from 0, in the code as it should be."""

    kind: SlipKind
    index: int


def value_of(symbol: str) -> int | None:
    """The value of one symbol, in any case, `O` as 0, `I` and `L` as 1; None for what is none."""
    return _VALUES.get(symbol.upper())


def to_symbols(number: int, count: int) -> list[int]:
    """A number as `count` values of five bits, most significant first."""
    return [number >> 5 * place & 31 for place in reversed(range(count))]


def to_number(values: Sequence[int]) -> int:
    """The number that values of five bits make."""
    number = 0
    for value in values:
        number = number << 5 | value
    return number


def checksum(prefix: str, data: Sequence[int]) -> list[int]:
    """The six values that follow the data under this prefix."""
    state = _run(_run(_start(prefix), data), [0] * CHECKSUM_SYMBOLS)
    return to_symbols(state ^ _CONSTANT, CHECKSUM_SYMBOLS)


def verifies(prefix: str, values: Sequence[int]) -> bool:
    """Whether the values end in their checksum."""
    return _run(_start(prefix), values) == _CONSTANT


def find_slip(prefix: str, values: Sequence[int], length: int) -> Slip | None:
    """The one slip that explains why the values don't verify, or None where it takes more.

    :param length: how many values there should be.
    """
    start = _start(prefix)
    for slip, mended in _slips(list(values), length):
        if _run(start, mended) == _CONSTANT:
            return slip
    return None


def _slips(values: list[int], length: int) -> Iterator[tuple[Slip, list[int]]]:
    """Every way to mend one slip."""
    if len(values) == length:
        for index in range(length):
            before, after = values[:index], values[index + 1 :]
            for value in range(32):
                yield Slip(SlipKind.CHANGED, index), [*before, value, *after]
        for index in range(length - 1):
            first, second = values[index : index + 2]
            swapped = [*values[:index], second, first, *values[index + 2 :]]
            yield Slip(SlipKind.SWAPPED, index), swapped
    elif len(values) == length - 1:
        for index in range(length):
            for value in range(32):
                mended = [*values[:index], value, *values[index:]]
                yield Slip(SlipKind.MISSING, index), mended
    elif len(values) == length + 1:
        for index in range(length + 1):
            mended = values[:index] + values[index + 1 :]
            yield Slip(SlipKind.EXTRA, min(index, length - 1)), mended


def _start(prefix: str) -> int:
    """The state after BIP 173's expansion of the prefix: high bits, a zero, low bits."""
    characters = prefix.encode("ascii")
    expanded = [*(c >> 5 for c in characters), 0, *(c & 31 for c in characters)]
    return _run(1, expanded)


def _run(state: int, values: Sequence[int]) -> int:
    """BIP 173's polymod, from a state on."""
    for value in values:
        state = (state & 0x1FFFFFF) << 5 ^ value ^ _LEAVING[state >> 25]
    return state
