"""Which keys mean what for a person: those of the table of actions, and what `[keys]` changes.

KeysError               the table cannot be used; the sentence says why
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from textual.keys import Keys as Known
from textual.keys import _character_to_key

from tui.actions import ACTIONS, BY_NAME, Action, Where, shown_key

KEPT = {
    "ctrl+c": "it copies, and tells how to end",
    "ctrl+i": "terminals send Tab for it",
    "ctrl+m": "terminals send Enter for it",
    "ctrl+h": "terminals send Backspace for it",
    "ctrl+s": "terminals stop for it",
    "ctrl+z": "terminals stop for it",
    "ctrl+left_square_bracket": "terminals send Esc for it",
}
"""Keys that no action can have, and why."""

_MODIFIERS = ("ctrl", "alt", "shift", "super", "meta", "hyper")
_NAMED = {key.value for key in Known if not key.value.startswith("<")}


class KeysError(Exception):
    """The keys of a person's own cannot be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of each action, by its name. `rebound` is what `read_keys` answers."""

    rebound: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, action: Action) -> tuple[str, ...]:
        """Textual's names of an action's keys; the first is the one that is shown."""
        return self.rebound.get(action.name, action.keys)

    def shown(self, name: str) -> str:
        """An action's first key as people write it; empty where it has none."""
        keys = self.of(BY_NAME[name])
        return shown_key(keys[0]) if keys else ""

    @property
    def map(self) -> dict[str, str]:
        """What Textual is told."""
        return {name: ",".join(keys) for name, keys in self.rebound.items()}


def read_keys(table: object) -> dict[str, tuple[str, ...]]:
    """The table `[keys]`: `action = "key"`, or a list of keys; KeysError."""
    if not isinstance(table, Mapping):
        raise KeysError('keys is a table: [keys], and below it lines like search = "ctrl+g".')
    rebound = {str(name): _keys_of(str(name), given) for name, given in table.items()}
    _no_key_twice(Keys(rebound), rebound)
    return rebound


def _keys_of(name: str, given: object) -> tuple[str, ...]:
    if name not in BY_NAME:
        raise KeysError(f"keys: there is no action {name!r}. docs/keys.md and F1 list them.")
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or not listed or not all(type(one) is str for one in listed):
        raise KeysError(f'keys: {name} takes a key, as in "ctrl+g", or a list of keys.')
    return tuple(_key(BY_NAME[name], one) for one in listed)


def _key(action: Action, written: str) -> str:
    """Textual's name of a key: people may write ^k for ctrl+k, and ? for question_mark."""
    text = f"ctrl+{written[1:]}" if len(written) == 2 and written[0] == "^" else written
    *modifiers, plain = text.split("+") if text not in ("+",) else [text]
    if len(plain) == 1 and not (plain.isascii() and plain.isalnum()):
        plain = _character_to_key(plain)
    key = "+".join([*modifiers, plain])
    known = len(plain) == 1 or plain in _NAMED or plain in _PUNCTUATION
    if not known or not set(modifiers) <= set(_MODIFIERS):
        raise KeysError(
            f"keys: {action.name}: there is no key {written!r}. Keys are written like ctrl+g,"
            " alt+x, f5, pageup or R."
        )
    if key in KEPT:
        raise KeysError(f"keys: {action.name} can't have {written!r}: {KEPT[key]}.")
    types = set(modifiers) <= {"shift"} and (len(plain) == 1 or plain in _PUNCTUATION)
    if types and action.where is not Where.MESSAGES:
        raise KeysError(f"keys: {action.name} can't have {written!r}: it is typed into a message.")
    return key


_PUNCTUATION = {_character_to_key(sign) for sign in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ "}


def _no_key_twice(keys: Keys, rebound: Iterable[str]) -> None:
    for where in (Where.COMPOSER, Where.MESSAGES):
        taken: dict[str, str] = {}
        for action in ACTIONS:
            if action.where not in (where, Where.ANYWHERE):
                continue
            for key in keys.of(action):
                other = taken.setdefault(key, action.name)
                if other != action.name:
                    mine, theirs = (
                        (action.name, other) if action.name in rebound else (other, action.name)
                    )
                    raise KeysError(
                        f"keys: {mine} can't have {shown_key(key)!r}: {theirs} has it. Give"
                        f" {theirs} another key, too."
                    )
