"""Keys of a person's own."""

from __future__ import annotations

import pytest

from tui.actions import ACTIONS, BY_NAME
from tui.keys import Keys, KeysError, read_keys


def test_usually_the_keys_are_those_of_the_table() -> None:
    assert all(Keys().of(action) == action.keys for action in ACTIONS)
    assert Keys().map == {}


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("ctrl+g", "ctrl+g"),
        ("^g", "ctrl+g"),
        ("f5", "f5"),
        ("alt+x", "alt+x"),
        ("alt+?", "alt+question_mark"),
        ("ctrl+backslash", "ctrl+backslash"),
    ],
)
def test_keys_are_written_as_people_write_them(written: str, key: str) -> None:
    keys = Keys(read_keys({"search": written}))
    assert keys.of(BY_NAME["search"]) == (key,)
    assert keys.map == {"search": key}


def test_an_action_has_as_many_keys_as_one_likes() -> None:
    keys = Keys(read_keys({"reply": ["R", "+"], "react": "a"}))
    assert keys.of(BY_NAME["reply"]) == ("R", "plus")
    assert keys.shown("reply") == "R"
    assert keys.map == {"reply": "R,plus", "react": "a"}


def test_two_actions_change_places() -> None:
    assert read_keys({"search": "ctrl+k", "switch": "ctrl+f"})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("ctrl+g", "keys is a table"),
        ({"dance": "ctrl+g"}, "there is no action 'dance'"),
        ({"search": 7}, "search takes a key"),
        ({"search": []}, "search takes a key"),
        ({"search": ["ctrl+g", 7]}, "search takes a key"),
        ({"search": "hyperspace"}, "there is no key 'hyperspace'"),
        ({"search": "left+g"}, "there is no key 'left+g'"),
        ({"search": ""}, "there is no key ''"),
        ({"search": "ctrl+c"}, "it copies"),
        ({"search": "^m"}, "terminals send Enter"),
        ({"search": "g"}, "it is typed into a message"),
        ({"search": "shift+g"}, "it is typed into a message"),
        ({"send": "?"}, "it is typed into a message"),
        ({"search": "ctrl+k"}, "search can't have '^k': switch has it"),
        ({"reply": "e"}, "reply can't have 'e': edit has it"),
        ({"reply": "f5", "search": "f5"}, "has it"),
    ],
)
def test_what_can_not_be_used_is_named(table: object, said: str) -> None:
    with pytest.raises(KeysError) as raised:
        read_keys(table)
    assert said in str(raised.value)
