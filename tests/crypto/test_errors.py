"""The tree of errors is the one that its module draws."""

from __future__ import annotations

import inspect
import re

from crypto import errors
from crypto.errors import CryptoError, FieldError, TypoError
from crypto.mls.errors import DecodeError


def drawn() -> dict[str, str]:
    """Each class in the drawing with the one that it hangs on."""
    parents: dict[str, str] = {}
    at: dict[int, str] = {}
    for line in (inspect.getdoc(errors) or "").splitlines():
        found = re.match(r"([│├└─ ]*)(\w+Error)\b", line)
        if found:
            depth = len(found[1])
            at[depth] = found[2]
            above = [level for level in at if level < depth]
            parents[found[2]] = at[max(above)] if above else "Exception"
    return parents


def test_the_drawing_shows_every_class_where_it_is() -> None:
    kinds = {
        name: kind
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and kind.__module__ == errors.__name__
    }
    assert drawn() == {name: kind.__bases__[0].__name__ for name, kind in kinds.items()}
    assert all(issubclass(kind, CryptoError) for kind in kinds.values())


def test_a_malformed_field_is_a_decode_error_too() -> None:
    assert FieldError.__bases__[1] is DecodeError


def test_a_typo_says_where_it_is_if_that_is_known() -> None:
    assert TypoError("there").group is None
    assert TypoError("there", 3).group == 3
    assert str(TypoError("there", 3)) == "there"
