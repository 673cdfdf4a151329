"""The table of actions."""

from __future__ import annotations

import re

import pytest
from textual.keys import Keys as Known

from tui.actions import (
    ACTIONS,
    BY_COMMAND,
    BY_NAME,
    Spoken,
    Unknown,
    Where,
    bindings,
    complete_command,
    hints,
    read_line,
    shown_key,
)
from tui.keys import Keys

EATEN = {
    "alt+enter",
    *(f"ctrl+{letter}" for letter in "szmihab"),
    "ctrl+left_square_bracket",
    "f10",
    *(f"alt+{digit}" for digit in range(10)),
}
"""Keys that some terminal or multiplexer keeps to itself."""


def test_names_and_commands_are_there_once() -> None:
    assert len(BY_NAME) == len(BY_COMMAND) == len(ACTIONS)


def test_every_action_has_a_command_and_a_sentence() -> None:
    for action in ACTIONS:
        assert re.fullmatch(r"/[a-z]+", action.command), action
        assert re.fullmatch(r"[A-Z].*\.", action.help), action
        assert re.fullmatch(r"[a-z_]+", action.name), action


def test_a_key_means_one_thing() -> None:
    for where in (Where.COMPOSER, Where.MESSAGES):
        keys = [
            key
            for action in ACTIONS
            if action.where in (where, Where.ANYWHERE)
            for key in action.keys
        ]
        assert len(keys) == len(set(keys))


def test_nothing_relies_on_keys_that_terminals_eat() -> None:
    for action in ACTIONS:
        assert not EATEN & set(action.keys), action


def test_no_single_letter_destroys_anything() -> None:
    for name in ("leave", "rejoin", "quit"):
        assert all(len(key) > 1 for key in BY_NAME[name].keys)


def test_keys_are_written_as_people_write_them() -> None:
    assert [shown_key(key) for key in ("enter", "ctrl+k", "escape", "alt+up", "G")] == [
        "enter",
        "^k",
        "esc",
        "alt+↑",
        "G",
    ]
    assert Keys().shown("open") == ""
    assert Keys().shown("switch") == "^k"


def test_bindings_come_from_the_table() -> None:
    made = {binding.action: binding for binding in bindings(Where.COMPOSER)}
    assert made["new_line"].key == "ctrl+j,shift+enter"
    assert not any(binding.show for binding in made.values())
    assert "open" not in {binding.action for binding in bindings(Where.ANYWHERE)}
    assert Known.ControlK.value in {binding.key for binding in bindings(Where.ANYWHERE)}


def test_hints_begin_with_what_is_near() -> None:
    assert [action.name for action in hints(Where.COMPOSER)] == [
        "send",
        "new_line",
        "messages",
        "switch",
        "help",
    ]
    assert hints(Where.MESSAGES)[0].name == "write"
    assert all(action.hint for where in Where for action in hints(where))


@pytest.mark.parametrize(
    "text", ["hello", "", "/", "/ spaced", "/etc/hosts", "/1", "a /help", "/x\ny"]
)
def test_lines_to_send(text: str) -> None:
    assert read_line(text) == text


def test_two_slashes_send_one() -> None:
    assert read_line("//help") == "/help"


def test_lines_that_are_commands() -> None:
    assert read_line("/invite") == Spoken(BY_NAME["invite"], "")
    assert read_line("/SWITCH  Lofoten trip ") == Spoken(BY_NAME["switch"], "Lofoten trip")


def test_lines_that_look_like_commands() -> None:
    line = read_line("/shrug me")
    assert line == Unknown("/shrug")
    assert "/shrug" in line.sentence and "/help" in line.sentence


def test_commands_complete() -> None:
    assert complete_command("/in") == ["/invite"]
    assert complete_command("/O") == ["/older", "/open"]
    assert complete_command("/zzz") == []
