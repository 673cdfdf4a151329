"""Tab completes the words of a code."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Button

from tui.screens.code_field import SHOWN, CodeField, complete_code


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("walr", "walrus-"),
        ("WALR", "walrus-"),
        ("walrus-tuli", "walrus-tulip-"),
        ("walrus tuli", "walrus tulip-"),
        ("walrus-tulip-viol", "walrus-tulip-violin"),
        ("", ""),
        ("xq", "xq"),
        ("chat.example.org/walr", "chat.example.org/walr"),
        ("walrus-tulip-violin@walr", "walrus-tulip-violin@walr"),
        ("walrus-", "walrus-"),
    ],
)
def test_what_becomes_of_what_was_typed(typed: str, completed: str) -> None:
    assert complete_code(typed)[0] == completed


def test_several_words_are_completed_as_far_as_they_agree_and_shown() -> None:
    completed, words = complete_code("w")
    assert completed == "w" and 1 < len(words) <= SHOWN
    assert all(word.startswith("w") for word in words)


class _FieldApp(App[None]):
    def compose(self) -> ComposeResult:
        yield CodeField("", id="code")
        yield Button("next", id="next")


async def test_tab_goes_on_where_there_is_nothing_to_complete() -> None:
    app = _FieldApp()
    async with app.run_test() as pilot:
        field = app.query_one(CodeField)
        field.focus()
        await pilot.press(*"walr", "tab")
        assert field.value == "walrus-" and field.cursor_position == len("walrus-")
        await pilot.press("tab")
        assert app.focused is app.query_one("#next")
