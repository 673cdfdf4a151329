"""What is done to a message: by key on it, by command, and from its menu."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tests.tui.brisk import until
from tests.tui.hall import hides, looks, says, shows
from tests.tui.screens.test_main import SIZES, Scene, write
from tui.app import HallwayApp
from tui.engine.commands import OpenPoll, SaveDraft
from tui.engine.events import Row
from tui.screens.confirm import Confirm
from tui.screens.menu import MessageMenu
from tui.screens.pins import PinsDialog
from tui.screens.poll import PollDialog, VoteDialog
from tui.screens.react import ReactDialog
from tui.widgets.about import AboutLine
from tui.widgets.composer import Composer
from tui.widgets.conversation import Conversation

pytestmark = pytest.mark.slow  # every one is a whole app


def last(scene: Scene) -> Row:
    """The last message, as Bo sees it."""
    rows = [row for row in scene.people[1].rows() if row.kind == "text"]
    return rows[-1]


def talked() -> Scene:
    scene = Scene("Bo")
    scene.says(scene.people[1], "Ferry at seven?")
    scene.says(scene.ana, "At eight.")
    scene.says(scene.people[1], "See https://ferry.example/times. Or (http://two.example)")
    return scene


async def on_message(pilot: Pilot[None], app: HallwayApp, up: int = 0) -> None:
    """Go to the messages, and up."""
    await pilot.press("escape", *["k"] * up)
    await until(pilot, lambda: app.screen.query_one(Conversation).has_focus)


@pytest.mark.parametrize("size", SIZES)
async def test_an_answer_says_what_it_answers(size: tuple[int, int]) -> None:
    scene = talked()
    async with scene.app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "Ferry at seven?")
        await on_message(pilot, scene.app, 2)
        await pilot.press("r")
        await until(pilot, lambda: scene.app.screen.query_one(Composer).has_focus)
        await shows(pilot, "esc lets go Bo: Ferry at seven?")
        if size == (80, 24):
            await looks(pilot, "answering-80x24")
        await write(pilot, scene.app, "Seven it is.")
        await until(pilot, lambda: last(scene).text == "Seven it is.")
        quoted = last(scene).reply
        assert quoted is not None and quoted.text == "Ferry at seven?"
        await until(pilot, lambda: not scene.app.screen.query_one(AboutLine).display)
        await write(pilot, scene.app, "Plain.")
        await until(pilot, lambda: last(scene).text == "Plain.")
        assert last(scene).reply is None


async def test_esc_lets_go_of_an_answer_and_then_goes_to_the_messages() -> None:
    scene = talked()
    async with scene.app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Ferry at seven?")
        await on_message(pilot, scene.app)
        await pilot.press("r", "h", "i", "escape")
        about = scene.app.screen.query_one(AboutLine)
        await until(pilot, lambda: not about.display)
        assert scene.app.screen.query_one(Composer).text == "hi"
        await pilot.press("escape")
        await until(pilot, lambda: scene.app.screen.query_one(Conversation).has_focus)
        await pilot.press("r")
        await until(pilot, lambda: about.display)
        await pilot.click(AboutLine)
        await until(pilot, lambda: not about.display)


async def test_an_answer_stays_with_its_circle() -> None:
    scene = talked()
    scene.second_circle("Family")
    async with scene.app.run_test(size=(120, 40)) as pilot:
        await write(pilot, scene.app, "/switch Hallway")
        await shows(pilot, "Ferry at seven?")
        await write(pilot, scene.app, "/reply")
        await shows(pilot, "esc lets go")
        await write(pilot, scene.app, "/switch Family")
        await hides(pilot, "esc lets go")
        await write(pilot, scene.app, "/switch Hallway")
        await shows(pilot, "esc lets go")


async def test_a_message_is_changed_and_what_one_was_writing_comes_back() -> None:
    scene = talked()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "At eight.")
        composer = scene.app.screen.query_one(Composer)
        composer.put("half a thought")
        await on_message(pilot, scene.app, 1)
        await pilot.press("e")
        await until(pilot, lambda: composer.text == "At eight.")
        await shows(pilot, "esc lets go changing At eight.")
        await write(pilot, scene.app, "At nine.")
        await until(pilot, lambda: "Ana: At nine." in scene.people[1].texts())
        await until(pilot, lambda: composer.text == "half a thought")
        row = next(row for row in scene.people[1].rows() if row.text == "At nine.")
        assert row.edited
        engine = scene.town.screens[0]
        kept = [one.text for one in engine.asked if isinstance(one, SaveDraft)]
        assert "At nine." not in kept and "At eight." not in kept
        # Let go of, nothing has changed.
        await on_message(pilot, scene.app, 0)
        await pilot.press("k")
        await pilot.press("e", "x", "escape")
        await until(pilot, lambda: composer.text == "half a thought")


async def test_another_s_message_is_not_changed() -> None:
    scene = talked()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "At eight.")
        await on_message(pilot, scene.app)
        await pilot.press("e")
        await says(pilot, "This is another's message")
        await pilot.press("d")
        await says(pilot, "This is another's message")


async def test_a_message_is_taken_back_after_a_yes_alone() -> None:
    scene = talked()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "At eight.")
        await on_message(pilot, scene.app, 1)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(scene.app.screen, Confirm))
        await shows(pilot, "Who has read it has read it.")
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(scene.app.screen, Confirm))
        assert "Ana: At eight." in scene.people[1].texts()
        await pilot.press("i")
        await write(pilot, scene.app, "/delete")
        await until(pilot, lambda: isinstance(scene.app.screen, Confirm))
        await pilot.press("right", "enter")
        await until(pilot, lambda: "Ana: At eight." not in scene.people[1].texts())


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
async def test_a_message_is_marked_by_picking_and_by_name(size: tuple[int, int]) -> None:
    scene = talked()
    async with scene.app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "Ferry at seven?")
        await on_message(pilot, scene.app)
        await pilot.press("+")
        await until(pilot, lambda: isinstance(scene.app.screen, ReactDialog))
        await pilot.press("down", "enter")
        await until(pilot, lambda: [mark.what for mark in last(scene).reactions] == ["👍"])
        await pilot.press("+")
        await until(pilot, lambda: isinstance(scene.app.screen, ReactDialog))
        await pilot.press(*"tad")
        await shows(pilot, "🎉 tada")
        await pilot.press("enter")
        await until(pilot, lambda: [mark.what for mark in last(scene).reactions] == ["👍", "🎉"])
        await pilot.press("i")
        await write(pilot, scene.app, "/react +1")
        await until(pilot, lambda: [mark.what for mark in last(scene).reactions] == ["🎉"])
        await write(pilot, scene.app, "/react nonsense")
        await says(pilot, "nonsense is no emoji, and no name of one.")


async def test_a_command_acts_on_the_message_that_one_came_from() -> None:
    scene = talked()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Ferry at seven?")
        await on_message(pilot, scene.app, 2)
        await pilot.press("colon", *"react +1", "enter")
        await until(pilot, lambda: any(row.reactions for row in scene.people[1].rows()))
        marked = [row.text for row in scene.people[1].rows() if row.reactions]
        assert marked == ["Ferry at seven?"]


async def test_names_of_emoji_become_emoji_while_one_writes() -> None:
    scene = talked()
    async with scene.app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Ferry at seven?")
        composer = scene.app.screen.query_one(Composer)
        await pilot.press(*"so ", "colon", *"tada", "colon")
        await until(pilot, lambda: composer.text == "so 🎉")
        await pilot.press(" ", "colon", *"rocke")
        await until(pilot, lambda: composer.suggestion.startswith("t: 🚀"))
        await pilot.press("tab")
        assert composer.text == "so 🎉 🚀"
        await pilot.press(*" at 7", "colon", *"30", "colon", *"no_such_thing", "colon")
        assert composer.text == "so 🎉 🚀 at 7:30:no_such_thing:"


async def test_what_is_pinned_is_listed_and_gone_to() -> None:
    scene = talked()
    for number in range(60):
        scene.people[1].says(f"line {number}")
    scene.town.settle()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "line 0")
        await write(pilot, scene.app, "/pins")
        await shows(pilot, "Nothing is pinned here.")
        await pilot.press("escape")
        await pilot.press("escape", "g")
        await pilot.press("j", "j", "P")
        await until(pilot, lambda: any(row.pinned for row in scene.people[1].rows()))
        await pilot.press("i")
        await write(pilot, scene.app, "back to the end")
        await shows(pilot, "back to the end")
        await write(pilot, scene.app, "/pins")
        await until(pilot, lambda: isinstance(scene.app.screen, PinsDialog))
        pinned = next(row for row in scene.people[1].rows() if row.pinned)
        await shows(pilot, pinned.text)
        await pilot.press("enter")
        await hides(pilot, "back to the end")
        assert scene.app.screen.query_one(Conversation).cursor == pinned.id


async def test_a_poll_is_asked_and_answered() -> None:
    scene = talked()
    bo = scene.people[1]
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Ferry at seven?")
        await write(pilot, scene.app, "/poll Where?")
        await until(pilot, lambda: isinstance(scene.app.screen, PollDialog))
        assert scene.app.screen.query_one("#question", Input).value == "Where?"
        await pilot.press(*"home", "enter", *"river")
        await until(pilot, lambda: len(scene.app.screen.query(".answer")) == 3)
        await looks(pilot, "poll-80x24")
        await pilot.click("#yes")
        await until(pilot, lambda: last(scene).text == "Where?")
        poll = last(scene).poll
        assert poll is not None and poll.options == ["home", "river"] and not poll.several
        await on_message(pilot, scene.app)
        await pilot.press("V")
        await until(pilot, lambda: isinstance(scene.app.screen, VoteDialog))
        await pilot.press("down", "space")
        await until(pilot, lambda: _mine(scene) == [1])
        await pilot.press("i")
        await write(pilot, scene.app, "/vote 1")
        await until(pilot, lambda: _mine(scene) == [0])
        await write(pilot, scene.app, "/vote 7")
        await says(pilot, "option")
        await write(pilot, scene.app, "/vote home")
        await says(pilot, "Name answers by their numbers")
        bo.do(OpenPoll(question="Several?", options=["a", "b"], several=True))
        scene.town.settle()
        await shows(pilot, "Several?")
        await write(pilot, scene.app, "/vote 1, 2")
        await until(pilot, lambda: _mine(scene) == [0, 1])
        await write(pilot, scene.app, "/vote")
        await until(pilot, lambda: isinstance(scene.app.screen, VoteDialog))
        await shows(pilot, "● a Ana ● b Ana")
        await pilot.press("enter")
        await shows(pilot, "○ a Ana ● b Ana")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: _mine(scene) == [1])
        await write(pilot, scene.app, "/vote")
        await until(pilot, lambda: isinstance(scene.app.screen, VoteDialog))
        await pilot.click("#none")
        await until(pilot, lambda: _mine(scene) == [])


def _mine(scene: Scene) -> list[int]:
    polls = [row.poll for row in scene.ana.rows() if row.poll is not None]
    return polls[-1].mine


async def test_a_poll_without_answers_is_not_asked() -> None:
    scene = talked()
    async with scene.app.run_test(size=(60, 20), notifications=True) as pilot:
        await shows(pilot, "Ferry at seven?")
        await write(pilot, scene.app, "/vote 1")
        await says(pilot, "This is not a poll.")
        await write(pilot, scene.app, "/poll")
        await until(pilot, lambda: isinstance(scene.app.screen, PollDialog))
        await pilot.click("#yes")
        await shows(pilot, "2 to 10 different answers")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(scene.app.screen, PollDialog))


@pytest.mark.parametrize("size", SIZES)
async def test_the_menu_of_a_message(size: tuple[int, int]) -> None:
    scene = talked()
    async with scene.app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "At eight.")
        await write(pilot, scene.app, "/edit At nine.")
        await until(pilot, lambda: "Ana: At nine." in scene.people[1].texts())
        await on_message(pilot, scene.app, 1)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(scene.app.screen, MessageMenu))
        await shows(pilot, "It has said:")
        await shows(pilot, "At eight.")
        options = scene.app.screen.query_one(OptionList)
        assert [option.id for option in options.options] == [
            "reply", "react", "copy", "pin", "edit", "delete",
        ]  # fmt: skip
        await pilot.press("enter")
        await shows(pilot, "esc lets go")


async def test_a_link_is_shown_whole_before_it_is_opened() -> None:
    scene = talked()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "ferry.example")
        await on_message(pilot, scene.app)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(scene.app.screen, Confirm))
        await shows(pilot, "https://ferry.example/times")
        assert scene.app.focused is scene.app.screen.query_one("#no")
        await pilot.press("escape")
        await shows(pilot, "http://two.example")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(scene.app.screen, Confirm))
        await pilot.press("k", "o")
        await says(pilot, "There is no link in this message.")


async def test_a_day_is_gone_to() -> None:
    scene = talked()
    scene.town.world.now += 3 * 86_400_000
    for number in range(60):
        scene.people[1].says(f"later {number}")
    scene.town.settle()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "later 0")
        await write(pilot, scene.app, "/date 2025-10-01")
        await shows(pilot, "Ferry at seven?")
        await pilot.press("i")
        await write(pilot, scene.app, "/date 2035-10-01")
        await says(pilot, "Nothing has been said since that day.")
        for wrong in ("/date", "/date tomorrow", "/date 2025-13-40"):
            await write(pilot, scene.app, wrong)
            await says(pilot, "Name a day like this: /date 2026-03-01")


async def test_where_nothing_was_said_there_is_nothing_to_do() -> None:
    scene = Scene()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Only you so far")
        for line in ("/reply", "/react", "/pin", "/menu", "/link", "/react :tada:"):
            await write(pilot, scene.app, line)
            await says(pilot, "There is no message here.")
