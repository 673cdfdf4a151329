"""Bytes that do not print, pickle, hash or compare in variable time.

Every key, chain value and shared secret of the program is a `Secret` from the moment it exists.
Python cannot wipe memory, so dropping the last reference is all that erasing can mean here; what
this type prevents is the ordinary ways in which a key leaves: a log line, an f-string, a traceback
with locals, a pickle, an early-exit comparison.
"""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """Some secret bytes. `reveal()` is the only way to them, so that it can be searched for."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = bytes(value)

    def reveal(self) -> bytes:
        """The bytes themselves, for the one call that needs them."""
        return self._value

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value, other._value)

    __hash__ = None  # type: ignore[assignment]  # a hash table compares in variable time

    def __repr__(self) -> str:
        return f"Secret({len(self._value)} bytes)"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is never pickled; write it through the vault or a snapshot")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self


def equal(a: bytes, b: bytes) -> bool:
    """Compare two MACs, tags or signatures in time that depends on their length alone."""
    return hmac.compare_digest(a, b)
