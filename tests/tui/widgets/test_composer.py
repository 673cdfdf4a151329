"""Where one writes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.widgets import Button

from tests.tui.brisk import Brisk
from tui.widgets.composer import Composer

pytestmark = pytest.mark.slow  # every one is a whole app


class Desk(Brisk):
    """A composer, and something else that takes the focus."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []
        self.left = 0
        self.switched = 0

    def compose(self) -> ComposeResult:
        yield Composer()
        yield Button("elsewhere")

    def on_composer_written(self) -> None:
        self.take()

    def take(self) -> None:
        text = self.composer.take()
        if text is not None:
            self.written.append(text)

    def settle(self, sent: bool) -> None:
        """The one that was taken is settled, and the next one taken."""
        self.composer.settled(sent)
        self.take()

    def on_composer_messages(self) -> None:
        self.left += 1

    @property
    def composer(self) -> Composer:
        return self.query_one(Composer)


@asynccontextmanager
async def desk(text: str = "") -> AsyncIterator[tuple[Desk, Pilot[None]]]:
    app = Desk()
    async with app.run_test(size=(60, 12)) as pilot:
        app.composer.focus()
        app.composer.put(text)
        await pilot.pause()
        yield app, pilot


async def test_enter_hands_the_text_over_and_keeps_it() -> None:
    async with desk() as (app, pilot):
        await pilot.press("h", "i", "enter")
        assert app.written == ["hi"]
        assert app.composer.text == "hi"
        app.composer.settled(True)
        assert app.composer.text == ""


async def test_enter_waits_for_the_letters_before_it() -> None:
    """Keys that come faster than they are drawn, as from a quick hand on a slow machine."""
    async with desk() as (app, pilot):
        for key in ("h", "i", "ctrl+j", "y", "o", "enter"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        await pilot.pause()
        assert app.written == ["hi\nyo"]


async def test_enter_twice_sends_once() -> None:
    async with desk("hi") as (app, pilot):
        await pilot.press("enter", "enter")
        assert app.written == ["hi"]
        app.composer.settled(False)
        assert app.composer.text == "hi"
        await pilot.press("enter")
        assert app.written == ["hi", "hi"]


async def test_what_is_typed_meanwhile_stays() -> None:
    async with desk("one\ntwo") as (app, pilot):
        await pilot.press("enter", "m", "o", "r", "e", "ctrl+j", "x")
        assert app.composer.draft == "more\nx"
        app.composer.settled(True)
        assert app.composer.text == "more\nx"
        await pilot.press("y")
        assert app.composer.text == "more\nxy"


async def test_what_is_entered_meanwhile_is_next() -> None:
    async with desk("one") as (app, pilot):
        await pilot.press("enter", "t", "w", "o", "enter", "enter", "3", "enter", "4")
        assert app.written == ["one"]
        assert app.composer.draft == "two34"
        app.settle(True)
        assert (app.written, app.composer.text) == (["one", "two"], "two34")
        app.settle(True)
        app.settle(True)
        assert (app.written, app.composer.text) == (["one", "two", "3"], "4")
        assert app.composer.take() is None


async def test_nothing_is_taken_beyond_what_was_refused() -> None:
    async with desk("one") as (app, pilot):
        await pilot.press("enter", "t", "w", "o", "enter", "3")
        app.settle(False)
        assert (app.written, app.composer.text) == (["one"], "one\ntwo\n3")
        await pilot.press("!", "enter")
        assert app.written == ["one", "one\ntwo\n3!"]


async def test_what_was_typed_ahead_may_have_to_stay() -> None:
    async with desk("/switch") as (app, pilot):
        await pilot.press("enter", "t", "w", "o", "enter")
        app.composer.stay()
        app.settle(True)
        assert (app.written, app.composer.text) == (["/switch"], "two")


async def test_what_was_changed_meanwhile_stays() -> None:
    async with desk("hi") as (app, pilot):
        await pilot.press("enter", "backspace")
        app.composer.settled(True)
        assert app.composer.text == "h"


async def test_what_was_changed_meanwhile_can_be_sent_as_well() -> None:
    async with desk("hi") as (app, pilot):
        await pilot.press("enter", "backspace", "o", "enter")
        app.settle(True)
        assert (app.written, app.composer.text) == (["hi", "ho"], "ho")
        app.settle(True)
        assert app.composer.text == ""


async def test_what_follows_and_was_changed_is_sent_once() -> None:
    async with desk("one") as (app, pilot):
        await pilot.press("enter", "t", "w", "o", "enter", "backspace", "i", "n", "enter")
        app.settle(True)
        app.settle(True)
        assert (app.written, app.composer.text) == (["one", "twin"], "")


@pytest.mark.parametrize("text", ["", "  ", "\n\n"])
async def test_nothing_is_not_sent(text: str) -> None:
    async with desk(text) as (app, pilot):
        await pilot.press("enter")
        assert app.written == []


async def test_another_draft_ends_the_waiting() -> None:
    async with desk("hi") as (app, pilot):
        await pilot.press("enter")
        app.composer.put("of another circle")
        app.composer.settled(True)
        assert app.composer.text == "of another circle"
        await pilot.press("!", "enter")
        assert app.written == ["hi", "of another circle!"]


@pytest.mark.parametrize("key", ["ctrl+j", "shift+enter"])
async def test_lines_are_begun(key: str) -> None:
    async with desk("a") as (app, pilot):
        height = app.composer.size.height
        await pilot.press(key, "b")
        assert app.composer.text == "a\nb"
        assert app.composer.size.height == height + 1
        assert app.written == []


async def test_it_grows_up_to_a_limit() -> None:
    async with desk("\n" * 30) as (app, _):
        assert app.composer.outer_size.height == 8


async def test_a_paste_is_text() -> None:
    async with desk("say: ") as (app, pilot):
        app.composer.post_message(events.Paste("one\r\ntwo\rthree\n\x1b[31m"))
        await pilot.pause()
        assert app.composer.text == "say: one\ntwo\nthree\n␛[31m"
        assert app.written == []


async def test_a_paste_replaces_what_is_selected() -> None:
    async with desk("hello") as (app, pilot):
        app.composer.select_all()
        app.composer.post_message(events.Paste("bye"))
        await pilot.pause()
        assert app.composer.text == "bye"


async def test_to_the_messages() -> None:
    async with desk() as (app, pilot):
        await pilot.press("up")
        assert app.left == 1
        await pilot.press("a", "up", "b")
        assert (app.left, app.composer.text) == (1, "ba")
        await pilot.press("escape")
        assert app.left == 2


async def test_commands_complete() -> None:
    async with desk() as (app, pilot):
        await pilot.press("/", "i", "n")
        assert app.composer.suggestion == "vite "
        await pilot.press("tab")
        assert app.composer.text == "/invite "
        assert app.composer.has_focus


async def test_names_complete() -> None:
    async with desk("hello ") as (app, pilot):
        app.composer.names(["Bo", "ana", "Anatol"])
        await pilot.press("@", "A")
        assert app.composer.suggestion == "na "
        await pilot.press("tab", "!")
        assert app.composer.text == "hello @Ana !"
        await pilot.press("@", "z")
        assert app.composer.suggestion == ""


@pytest.mark.parametrize("text", ["", "/", "/zzz", "a@b", "@", "what /in"])
async def test_nothing_to_complete_goes_on(text: str) -> None:
    async with desk(text) as (app, pilot):
        app.composer.names(["Bo", "b c"])
        assert app.composer.suggestion == ""
        await pilot.press("tab")
        assert not app.composer.has_focus
        assert app.composer.text == text


async def test_nothing_is_suggested_in_the_middle() -> None:
    async with desk("/in") as (app, pilot):
        await pilot.press("left")
        assert app.composer.suggestion == ""


async def test_undo_takes_back_what_was_typed() -> None:
    async with desk() as (app, pilot):
        await pilot.press("a", "b", "ctrl+z")
        assert app.composer.text == ""


async def test_what_was_sent_is_taken_up_again() -> None:
    async with desk() as (app, pilot):
        for text in ("one", "two"):
            app.composer.text = text
            await pilot.press("enter")
            app.settle(True)
        await pilot.press("n", "e", "w", "ctrl+up")
        assert app.composer.text == "two"
        await pilot.press("alt+p", "ctrl+up")
        assert app.composer.text == "one"
        await pilot.press("alt+n", "ctrl+down", "!")
        assert app.composer.text == "new!"


async def test_what_was_refused_is_not_among_what_was_sent() -> None:
    async with desk("one") as (app, pilot):
        await pilot.press("enter")
        app.settle(False)
        app.composer.text = ""
        await pilot.press("ctrl+up")
        assert app.composer.text == ""


async def test_the_commands_that_walk_are_not_walked_over() -> None:
    async with desk("one") as (app, pilot):
        await pilot.press("enter")
        app.settle(True)
        app.composer.text = "/earlier"
        await pilot.press("enter")
        app.settle(True)
        app.composer.action_earlier()
        assert app.composer.text == "one"


async def test_nothing_is_put_in_the_place_of_what_is_on_its_way() -> None:
    async with desk("one") as (app, pilot):
        await pilot.press("enter", "ctrl+up", "ctrl+e")
        app.settle(True)
        assert app.composer.text == ""
        await pilot.press("t", "w", "o", "enter", "ctrl+up")
        assert app.composer.text == "two"


async def test_undo_brings_back_what_was_written_over() -> None:
    async with desk("mine") as (app, pilot):
        app.composer.rewrite("another")
        await pilot.press("ctrl+z")
        assert app.composer.text == "mine"


async def test_another_circle_has_sent_other_things() -> None:
    async with desk("one") as (app, pilot):
        await pilot.press("enter")
        app.settle(True)
        app.composer.put("", None)
        await pilot.press("ctrl+up")
        assert app.composer.text == ""


async def test_wide_characters_as_an_input_method_hands_them_over() -> None:
    """A whole word comes at once; the cursor stands behind its cells, and moves by characters."""
    async with desk() as (app, pilot):
        for character in "日本語":
            app.post_message(events.Key(character, character))
        await pilot.pause()
        assert app.composer.text == "日本語"
        assert app.composer.cursor_screen_offset.x - app.composer.content_region.x == 6
        await pilot.press("left", "backspace")
        assert app.composer.text == "日語"
        assert app.composer.cursor_screen_offset.x - app.composer.content_region.x == 2
