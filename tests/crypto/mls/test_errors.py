"""The tree in the errors module's docstring is the tree of the classes."""

from __future__ import annotations

import inspect
import re

import pytest

from crypto.mls import errors
from crypto.mls.errors import MlsError, PeerError


def _classes() -> dict[str, type[MlsError]]:
    return {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, MlsError)
    }


def _drawn() -> dict[str, str]:
    """Every class in the docstring, with the class it is drawn below."""
    above: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^([│├└─ ]*)(\w+Error)\b", line)
        if not found:
            continue
        depth = len(found[1])
        while stack and stack[-1][0] >= depth:
            stack.pop()
        above[found[2]] = stack[-1][1] if stack else "Exception"
        stack.append((depth, found[2]))
    return above


def test_every_class_is_drawn_where_it_belongs() -> None:
    assert {name: kind.__bases__[0].__name__ for name, kind in _classes().items()} == _drawn()


@pytest.mark.parametrize("kind", _classes().values())
def test_every_class_says_what_it_is(kind: type[MlsError]) -> None:
    assert kind.__doc__


@pytest.mark.parametrize(
    "kind", [kind for kind in _classes().values() if issubclass(kind, PeerError)]
)
def test_what_a_peer_does_wrong_carries_its_rule(kind: type[PeerError]) -> None:
    error = kind("the tag is wrong", "commit.tag")
    assert error.rule == "commit.tag"
    assert str(error) == "the tag is wrong (commit.tag)"


def test_what_breaks_no_rule_of_its_own_says_only_what_it_is() -> None:
    error = PeerError("the bytes are wrong")
    assert error.rule is None
    assert str(error) == "the bytes are wrong"
