"""The main screen: going between circles, writing, what is said about them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.harness import Person
from tests.tui.brisk import until
from tests.tui.hall import (
    MemoryEngine,
    MemoryOpening,
    Town,
    app_of,
    flat,
    hides,
    looks,
    says,
    shows,
)
from tui.actions import ACTIONS, Where
from tui.app import HallwayApp
from tui.appearance import of_config
from tui.engine import commands
from tui.engine.commands import ChangeSettings, MarkRead, SaveDraft
from tui.screens.ask import Ask
from tui.screens.card import CardDialog
from tui.screens.confirm import Confirm
from tui.screens.door import Door
from tui.screens.help import Help
from tui.screens.join import Join
from tui.screens.main import WHAT_OF_YOU, Main
from tui.screens.open_circle import OpenCircleDialog
from tui.screens.people import PeopleDialog
from tui.screens.room import Engine
from tui.screens.switcher import Switcher
from tui.screens.welcome import Welcome
from tui.widgets.composer import Composer
from tui.widgets.newer import Newer

pytestmark = pytest.mark.slow  # every one is a whole app

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]


class Scene:
    """Ana and others in a circle, and Ana's app on it."""

    def __init__(self, *others: str) -> None:
        self.town = Town()
        self.people = self.town.world.circle("Ana", *others)
        self.ana = self.people[0]
        self.opening: MemoryOpening = self.town.opening("Ana", person=self.ana)
        self.app: HallwayApp = app_of(self.opening)

    def says(self, person: Person, text: str) -> None:
        person.says(text)
        self.town.settle()

    def second_circle(self, name: str = "Family") -> Person:
        """Another circle that Ana is in, opened by Ada."""
        ada = self.town.world.person("Ada")
        ada.opens(name)
        self.ana.joins(ada.invites())
        self.town.world.settle()
        return ada


def marks(engine: MemoryEngine) -> list[MarkRead]:
    """What the app has written down as read."""
    return [asked for asked in engine.asked if isinstance(asked, MarkRead)]


async def types(app: HallwayApp, *keys: str) -> None:
    """Press keys while the app may be held up."""
    await app._press_keys(keys)


async def write(pilot: object, app: HallwayApp, text: str) -> None:
    """Put a text into the composer, and press Enter."""
    app.screen.query_one(Composer).put(text)
    await pilot.press("enter")  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", SIZES)
async def test_a_conversation_at_each_size(size: tuple[int, int]) -> None:
    scene = Scene("Bo", "Cy")
    bo, cy = scene.people[1:]
    scene.says(bo, "Ferry is booked, Saturday at seven.")
    scene.says(cy, "I bring the tea. [bold]Not[/bold] markup.\x1b[31m")
    scene.says(scene.ana, "Got it.")
    scene.second_circle()
    async with scene.app.run_test(size=size, notifications=True) as pilot:
        scene.app.show_circle(scene.ana.client.circles()[0].id)
        await shows(pilot, "Got it.", "3 of 8", "connected", "␛[31m")
        await looks(pilot, f"main-{size[0]}x{size[1]}")


async def test_the_state_of_messages_and_of_the_line_is_said() -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "connected")
        scene.town.world.relay_down = True
        scene.town.world.restart_relay()
        scene.town.settle()
        await shows(pilot, "offline")
        main = scene.app._main
        main.patience = 3_600_000
        await write(pilot, scene.app, "Is anybody there?")
        await shows(pilot, "Is anybody there?", "offline")
        assert "waiting" not in flat(pilot)
        main.patience = 0
        main.refill()
        await shows(pilot, "Is anybody there?", "offline, 1 waiting to be sent")
        scene.town.world.relay_down = False
        scene.town.world.wait(400_000)
        scene.town.settle()
        await shows(pilot, "connected")
        await hides(pilot, "waiting")


async def test_one_says_something_of_oneself() -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "connected")
        await write(pilot, scene.app, "/me waves")
        await shows(pilot, "Ana waves")
        await write(pilot, scene.app, "/me")
        await shows(pilot, WHAT_OF_YOU)
        scene.town.settle()
        (row,) = [row for row in scene.people[1].rows() if row.me]
        assert (row.author, row.text) == ("Ana", "waves")


async def test_news_of_another_circle_is_a_mark_and_no_number() -> None:
    scene = Scene("Bo")
    ada = scene.second_circle()
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        scene.app.show_circle(scene.ana.client.circles()[0].id)
        await shows(pilot, "Message Hallway")
        for text in ("one", "two", "three"):
            ada.says(text, "Family")
        scene.town.settle()
        await until(pilot, lambda: "Family •" in flat(pilot))
        assert "3" not in flat(pilot).partition("Family")[2].partition("/open")[0].partition("•")[0]
        await pilot.press("alt+a")
        await shows(pilot, "Message Family", "three")
        await until(pilot, lambda: "Family •" not in flat(pilot))
        assert not scene.ana.circle("Family").news
        await pilot.press("alt+a")
        await says(pilot, "No other circle has news.")


async def test_reading_along_is_written_down_now_and_then_and_at_the_end() -> None:
    scene = Scene("Bo")
    scene.says(scene.people[1], "zero")
    main = scene.app._main
    main.mark_seconds = 3600.0  # nothing more is written down by itself
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "zero")
        engine = scene.town.screens[0]
        await until(pilot, lambda: bool(marks(engine)))
        first = len(marks(engine))
        for text in ("one", "two", "three"):
            scene.says(scene.people[1], text)
            await shows(pilot, text)
        await until(pilot, lambda: bool(main._unmarked))
        assert len(marks(engine)) == first
        assert scene.ana.circle().read_position == marks(engine)[-1].position
    assert len(marks(engine)) == first + 1
    assert not scene.ana.circle().news
    newest = scene.ana.client.rows_before(scene.ana.circle().id, None, 1)
    assert marks(engine)[-1].position == newest[-1].position


async def test_the_last_that_was_read_follows_by_itself() -> None:
    scene = Scene("Bo")
    ada = scene.second_circle()
    ada.says("there", "Family")
    hallway, family = (circle.id for circle in scene.ana.client.circles())
    main = scene.app._main
    main.mark_seconds = 0.01
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        scene.app.show_circle(hallway)
        await shows(pilot, "Message Hallway")
        for text in ("one", "two", "three"):
            scene.says(scene.people[1], text)
        # Elsewhere before it was written down: each circle's own position is kept.
        scene.app.show_circle(family)
        await shows(pilot, "Message Family", "there")
        scene.app.show_circle(hallway)
        await shows(pilot, "three")
        await until(pilot, lambda: not any(one.news for one in scene.ana.client.circles()))
        await until(pilot, lambda: not main._unmarked and main._marking is None)
        engine = scene.town.screens[0]
    assert {mark.circle for mark in marks(engine)} == {hallway, family}
    for mark in marks(engine):
        newest = scene.ana.client.rows_before(mark.circle, None, 1)[-1]
        assert mark.position <= newest.position


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_what_is_below_the_view_is_said_and_gone_to(size: tuple[int, int]) -> None:
    scene = Scene("Bo")
    for number in range(60):
        scene.people[1].says(f"Line {number} of many")
    scene.town.settle()
    second = scene.second_circle().circle().id
    first = scene.ana.client.circles()[0].id
    scene.ana.do(MarkRead(circle=first, position=1 << 40))
    async with scene.app.run_test(size=size, notifications=True) as pilot:
        scene.app.show_circle(first)
        await shows(pilot, "Line 59 of many")
        assert not scene.app.screen.query_one(Newer).display
        await pilot.press("escape", "pageup", "pageup")
        await shows(pilot, "↓ newer messages end go there")
        scene.says(scene.people[1], "One more")
        await shows(pilot, "↓ new messages have come in end go there")
        scene.app.show_circle(second)
        await shows(pilot, "Message Family")
        assert not scene.app.screen.query_one(Newer).display
        scene.app.show_circle(first)
        await shows(pilot, "↓ newer messages")
        await pilot.press("end")
        await shows(pilot, "One more")
        await hides(pilot, "↓ new")
        await pilot.press("escape", "pageup", "pageup")
        await shows(pilot, "↓ newer messages")
        await pilot.click(Newer)
        await hides(pilot, "↓ new")


async def test_under_a_hundred_columns_the_list_is_behind_a_key() -> None:
    scene = Scene("Bo")
    ada = scene.second_circle()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        scene.app.show_circle(scene.ana.client.circles()[0].id)
        await shows(pilot, "Message Hallway", "^k circles")
        ada.says("one", "Family")
        scene.town.settle()
        await shows(pilot, "^k circles •")
        await pilot.press("ctrl+k")
        await until(pilot, lambda: isinstance(scene.app.screen, Switcher))
        await looks(pilot, "switcher-80x24")
        await pilot.press(*"fam", "enter")
        await shows(pilot, "Message Family")
        await pilot.press("ctrl+k")
        await until(pilot, lambda: isinstance(scene.app.screen, Switcher))
        await pilot.press("up", "up", "enter")
        await until(pilot, lambda: isinstance(scene.app.screen, OpenCircleDialog))
        await pilot.press("escape")
        await pilot.press("ctrl+k")
        await until(pilot, lambda: isinstance(scene.app.screen, Switcher))
        await pilot.press("up", "enter")
        await until(pilot, lambda: isinstance(scene.app.screen, Join))


async def test_drafts_are_kept_a_circle_each_and_over_the_end() -> None:
    scene = Scene("Bo")
    scene.second_circle()
    first = scene.ana.client.circles()[0].id
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        scene.app.show_circle(first)
        await shows(pilot, "Message Hallway")
        await pilot.press(*"half a")
        await pilot.press("alt+down")
        await shows(pilot, "Message Family")
        assert scene.app.screen.query_one(Composer).text == ""
        await pilot.press(*"other")
        await pilot.press("alt+up")
        await shows(pilot, "half a")
        await pilot.press(*" line")
        await until(pilot, lambda: scene.app.screen.query_one(Composer).text == "half a line")
    assert scene.ana.circle("Hallway").draft == "half a line"
    assert scene.ana.circle("Family").draft == "other"


async def test_what_was_being_written_is_there_again() -> None:
    scene = Scene("Bo")
    scene.ana.do(SaveDraft(text="where was I"))
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "where was I")


async def test_a_refused_message_stays_in_the_composer() -> None:
    scene = Scene()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Only you so far")
        long = "x" * 70_000
        await write(pilot, scene.app, long)
        await says(pilot, "A message has 1 to")
        assert scene.app.screen.query_one(Composer).text == long


async def test_lines_that_come_faster_than_they_are_stored_are_all_sent_in_order() -> None:
    scene = Scene("Bo")
    second = scene.second_circle().circle().id
    first = scene.ana.client.circles()[0].id
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        scene.app.show_circle(first)
        await shows(pilot, "Message Hallway")
        engine, composer = scene.town.screens[0], scene.app.screen.query_one(Composer)
        engine.disk.clear()
        await types(scene.app, *"one", "enter", *"two", "enter", "enter", *"three", "enter", *"and")
        assert composer.text == "onetwothreeand"
        # What is on its way goes where it was written, wherever one goes meanwhile.
        scene.app.show_circle(second)
        engine.disk.set()
        await shows(pilot, "Message Family")
        assert composer.text == ""
    said = [row.text for row in scene.ana.rows("Hallway") if row.mine]
    assert said == ["one", "two", "three"]
    assert scene.ana.circle("Hallway").draft == "and"
    assert scene.ana.circle("Family").draft == ""


async def test_what_has_just_been_sent_is_no_draft() -> None:
    scene = Scene("Bo")
    scene.ana.do(SaveDraft(text="where was I"))
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "where was I")
        await pilot.press("enter")
        await until(pilot, lambda: scene.ana.circle().draft == "")
        await pilot.press(*"more", "enter", "ctrl+q")
    assert [row.text for row in scene.ana.rows() if row.mine] == ["where was I", "more"]
    assert scene.ana.circle().draft == ""


async def test_nothing_typed_ahead_of_a_command_goes_into_another_circle() -> None:
    scene = Scene("Bo")
    scene.second_circle()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        scene.app.show_circle(scene.ana.client.circles()[0].id)
        await shows(pilot, "Message Hallway")
        engine = scene.town.screens[0]
        engine.disk.clear()
        await types(scene.app, *"one", "enter", *"/switch fam", "enter", *"two", "enter")
        engine.disk.set()
        await shows(pilot, "Message Family")
    assert [row.text for row in scene.ana.rows("Hallway") if row.mine] == ["one"]
    assert [row.text for row in scene.ana.rows("Family") if row.mine] == []
    assert scene.ana.circle("Hallway").draft == "two"


async def test_an_unknown_command_is_named() -> None:
    scene = Scene()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Only you so far")
        await write(pilot, scene.app, "/dance")
        await says(pilot, "There is no command /dance.")
        assert scene.app.screen.query_one(Composer).text == "/dance"


async def test_a_theme_is_kept() -> None:
    scene = Scene()
    for before, after, line in (
        ("dusk", "paper", "/theme"),
        ("paper", "contrast", "/theme"),
        ("contrast", "terminal", "/theme Terminal"),
        ("terminal", "dusk", "/theme"),
    ):
        app = app_of(scene.opening, of_config(scene.opening.preferences.config))
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await shows(pilot, "Only you so far")
            assert app.theme == before
            await write(pilot, app, line)
            await until(pilot, lambda app=app, after=after: app.theme == after)  # type: ignore[misc]
            await write(pilot, app, "/theme pink")
            await says(pilot, "theme is dusk, paper, contrast or terminal, not 'pink'.")
            assert app.theme == after


async def test_leaving_is_asked_about_with_the_focus_on_cancel() -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "2 of 8")
        await write(pilot, scene.app, "/leave")
        await until(pilot, lambda: isinstance(scene.app.screen, Confirm))
        assert scene.app.focused is scene.app.screen.query_one("#no")
        await looks(pilot, "leave-80x24")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(scene.app.screen, Main))
        assert not scene.ana.circle().left
        await write(pilot, scene.app, "/forget")
        await says(pilot, "/leave it first")
        await write(pilot, scene.app, "/leave")
        await until(pilot, lambda: isinstance(scene.app.screen, Confirm))
        await pilot.press("right", "enter")
        scene.town.world.wait(60_000)
        scene.town.settle()
        await until(pilot, lambda: scene.ana.circle().left)
        await shows(pilot, "You left")
        await write(pilot, scene.app, "/forget")
        await until(pilot, lambda: isinstance(scene.app.screen, Confirm))
        await pilot.press("right", "enter")
        await until(pilot, lambda: scene.ana.client.circles() == [])
        await until(pilot, lambda: isinstance(scene.app.screen, Welcome))


async def test_removing_somebody_is_asked_about() -> None:
    scene = Scene("Bo", "Cy")
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "3 of 8")
        await write(pilot, scene.app, "/remove")
        await says(pilot, "/remove NAME")
        await write(pilot, scene.app, "/remove Dan")
        await says(pilot, "nobody here who is called Dan")
        await write(pilot, scene.app, "/remove @bo")
        await until(pilot, lambda: isinstance(scene.app.screen, Confirm))
        assert scene.app.focused is scene.app.screen.query_one("#no")
        await pilot.press("right", "enter")
        await shows(pilot, "You removed Bo.", "2 of 8")


async def test_names_and_topics() -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "2 of 8")
        await write(pilot, scene.app, "/topic Soup on Sunday")
        await shows(pilot, "You set the topic: Soup on Sunday")
        await write(pilot, scene.app, "/topic")
        await shows(pilot, "You took the topic away.")
        await write(pilot, scene.app, "/name")
        await until(pilot, lambda: isinstance(scene.app.screen, Ask))
        await pilot.press(*" table", "enter")
        await shows(pilot, "You named the circle Hallway table.")
        await write(pilot, scene.app, "/name Kitchen")
        await shows(pilot, "You named the circle Kitchen.")
        await write(pilot, scene.app, "/rename")
        await until(pilot, lambda: isinstance(scene.app.screen, Ask))
        await pilot.press("escape")
        await write(pilot, scene.app, "/rename Anabel")
        await shows(pilot, "Ana is called Anabel now.")
        await write(pilot, scene.app, "/rename Bo")
        await says(pilot, "looks like Bo")


async def test_the_door_that_asks() -> None:
    scene = Scene("Bo")
    code = scene.ana.invites(uses=2)
    cy = scene.town.world.person("Cy")
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "2 of 8")
        await write(pilot, scene.app, "/door")
        await says(pilot, "Nobody is at the door.")
        await write(pilot, scene.app, "/ask")
        await shows(pilot, "You changed the door: a member says yes.")
        card = cy.reads(code)
        cy.do(commands.Enter(ref=77, entry=card.entry, person="Cy", line="It's me, from the ferry"))
        scene.town.settle()
        await shows(pilot, "Cy is at the door. /door")
        await write(pilot, scene.app, "/door")
        await until(pilot, lambda: isinstance(scene.app.screen, Door))
        assert scene.app.focused is scene.app.screen.query_one("#later")
        await looks(pilot, "door-80x24")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(scene.app.screen, Main))
        await shows(pilot, "Cy is at the door. /door")
        await write(pilot, scene.app, "/door")
        await until(pilot, lambda: isinstance(scene.app.screen, Door))
        await pilot.press("right", "enter")
        await shows(pilot, "Cy is here, on the code that you gave.", "3 of 8")


async def test_a_no_at_the_door_is_given_knowingly() -> None:
    scene = Scene("Bo")
    scene.ana.ask(lambda ref: ChangeSettings(ref=ref, door_asks=True))
    code = scene.ana.invites()
    cy = scene.town.world.person("Cy")
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "2 of 8")
        card = cy.reads(code)
        cy.do(commands.Enter(ref=77, entry=card.entry, person="Cy"))
        scene.town.settle()
        await shows(pilot, "Cy is at the door. /door")
        await write(pilot, scene.app, "/door")
        await until(pilot, lambda: isinstance(scene.app.screen, Door))
        await pilot.press("right", "right", "enter")
        await until(pilot, lambda: isinstance(scene.app.screen, Main))
        await hides(pilot, "is at the door")


async def test_another_member_may_be_faster_at_the_door() -> None:
    scene = Scene("Bo")
    scene.ana.ask(lambda ref: ChangeSettings(ref=ref, door_asks=True))
    code = scene.ana.invites()
    bo, cy = scene.people[1], scene.town.world.person("Cy")
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "2 of 8")
        card = cy.reads(code)
        cy.do(commands.Enter(ref=77, entry=card.entry, person="Cy"))
        scene.town.settle()
        await shows(pilot, "Cy is at the door. /door")
        await write(pilot, scene.app, "/door")
        await until(pilot, lambda: isinstance(scene.app.screen, Door))
        request = bo.client.requests(bo.circle().id)[0]
        bo.do(commands.AnswerRequest(ref=5, n=request.n, admit=True))
        scene.town.settle()
        await until(pilot, lambda: isinstance(scene.app.screen, Main))
        await shows(pilot, "Cy is here")


async def test_waiting_at_a_door() -> None:
    scene = Scene()
    host = scene.town.world.person("Eva")
    host.opens("Lofoten")
    host.ask(lambda ref: ChangeSettings(ref=ref, door_asks=True))
    code = host.invites()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Only you so far")
        await write(pilot, scene.app, f"/join {code}")
        await until(pilot, lambda: isinstance(scene.app.screen, CardDialog))
        await shows(pilot, "Somebody inside says yes")
        await pilot.press("enter")
        await shows(pilot, "Wait in the background", "Give it up")
        assert scene.app.focused is scene.app.screen.query_one("#later")
        await looks(pilot, "waiting-80x24")
        await pilot.press("enter")
        await shows(pilot, "Waiting to come in to Lofoten.")
        request = host.client.requests(host.circle().id)[0]
        host.do(commands.AnswerRequest(ref=5, n=request.n, admit=True))
        scene.town.settle()
        await hides(pilot, "Waiting to come in")
        assert [one.name for one in scene.ana.client.circles()] == ["Hallway", "Lofoten"]


async def test_giving_up_at_a_door() -> None:
    scene = Scene()
    host = scene.town.world.person("Eva")
    host.opens("Lofoten")
    host.ask(lambda ref: ChangeSettings(ref=ref, door_asks=True))
    code = host.invites()
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Only you so far")
        await write(pilot, scene.app, f"/join {code}")
        await until(pilot, lambda: isinstance(scene.app.screen, CardDialog))
        await pilot.press("enter")
        await shows(pilot, "Give it up")
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(scene.app.screen, Main))
        await until(pilot, lambda: scene.ana.client.entries() == [])


async def test_opening_one_more_circle() -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "2 of 8")
        await write(pilot, scene.app, "/open")
        await until(pilot, lambda: isinstance(scene.app.screen, OpenCircleDialog))
        await pilot.press("enter")
        assert isinstance(scene.app.screen, OpenCircleDialog)
        await pilot.press(*"Soup", "tab", "tab", "backspace", "1", "enter")
        await shows(pilot, "A circle has 2 to 50 chairs.")
        await pilot.press("backspace", "4", "enter")
        await shows(pilot, "Invite to Soup", "1 of 4")
        assert scene.ana.circle("Soup").me == "Ana"


async def test_a_relay_with_a_certificate_of_its_own_is_named_with_its_pin() -> None:
    scene = Scene("Bo")
    world, pin = scene.town.world, "ab" * 32
    world.relay("203.0.113.7:7600")
    world.certificates["203.0.113.7:7600"] = bytes.fromhex(pin)
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "2 of 8")
        await write(pilot, scene.app, "/open")
        await until(pilot, lambda: isinstance(scene.app.screen, OpenCircleDialog))
        await pilot.press(*"Soup", "tab", "tab", "tab", *"203.0.113.7:7600", "enter")
        await shows(pilot, "Another certificate.")
        await pilot.press(*"+beef", "enter")
        await shows(pilot, "has 64 digits")
        await pilot.press(*["backspace"] * 4, *pin, "enter")
        await shows(pilot, "Invite to Soup", "1 of 8")
        assert scene.ana.circle("Soup").relay == "203.0.113.7:7600"


async def test_a_relay_that_wants_a_token_is_given_one() -> None:
    scene = Scene("Bo")
    scene.town.world.store.issue("good")
    scene.town.world.hub = scene.town.world._over(scene.town.world.store, "good")
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "2 of 8")
        await write(pilot, scene.app, "/open")
        await until(pilot, lambda: isinstance(scene.app.screen, OpenCircleDialog))
        assert not scene.app.screen.query_one("#token").display
        await pilot.press(*"Soup", "enter")
        await shows(pilot, "only with its operator's token", "The token that")
        assert scene.app.focused is scene.app.screen.query_one("#token")
        await pilot.press(*"bad", "enter")
        await shows(pilot, "The relay doesn't know this token.")
        await pilot.press("backspace", "backspace", "backspace", *"good", "enter")
        await shows(pilot, "Invite to Soup", "1 of 8")


async def test_people_and_help_are_made_from_what_is_there() -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "2 of 8")
        await write(pilot, scene.app, "/people")
        await until(pilot, lambda: isinstance(scene.app.screen, PeopleDialog))
        await shows(pilot, "on Ana's code", "a code is enough")
        await pilot.press("escape")
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(scene.app.screen, Help))
        await shows(pilot, "Keys and commands", "/newline")
        await pilot.press("pagedown", "f1")
        await until(pilot, lambda: isinstance(scene.app.screen, Main))


async def test_the_messages_and_back() -> None:
    scene = Scene("Bo")
    scene.says(scene.people[1], "Copy me")
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "Copy me")
        await pilot.press("escape")
        await shows(pilot, "i write", "y copy")
        await pilot.press("i")
        await shows(pilot, "enter send")
        await pilot.press("ctrl+c")
        await says(pilot, "^q or /quit ends Hallway.")
        await write(pilot, scene.app, "/quit")
        await until(pilot, lambda: scene.app.return_code is not None)
    assert scene.app.return_code == 0


async def test_a_profile_without_circles_begins_at_the_first_screen() -> None:
    town = Town()
    app = app_of(town.opening("ana", person=town.world.person("ana")))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Welcome))


async def test_the_mouse_goes_to_another_circle() -> None:
    scene = Scene("Bo")
    scene.second_circle()
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        scene.app.show_circle(scene.ana.client.circles()[0].id)
        await shows(pilot, "Message Hallway")
        await pilot.click("#circles", offset=(4, 1))
        await shows(pilot, "Message Family")


async def test_every_action_of_the_table_is_carried_out_by_somebody() -> None:
    scene = Scene("Bo")
    scene.says(scene.people[1], "Hello")
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "Hello")
        main = scene.app.screen
        assert isinstance(main, Main)
        for action in ACTIONS:
            assert callable(getattr(main.carrier(action.name), f"action_{action.name}")), action
        for action in ACTIONS:
            if action.where is not Where.ANYWHERE:
                await write(pilot, scene.app, action.command)
                composer = main.query_one(Composer)
                await until(pilot, lambda: composer.text in ("", "\n", "/"))  # noqa: B023
                await pilot.pause()
                while not isinstance(scene.app.screen, Main):
                    await pilot.press("escape")
                main.let_go()
                composer.focus()


async def test_switching_by_name() -> None:
    scene = Scene("Bo")
    scene.second_circle()
    async with scene.app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "Message Family")
        await write(pilot, scene.app, "/switch hall")
        await shows(pilot, "Message Hallway")
        await write(pilot, scene.app, "/switch nowhere")
        await says(pilot, "There is no circle nowhere.")


async def test_a_circle_that_need_not_be_rejoined_says_so() -> None:
    scene = Scene("Bo")
    async with scene.app.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "2 of 8")
        await write(pilot, scene.app, "/rejoin")
        await says(pilot, "no need to come in again")


class SlowOpening(MemoryOpening):
    """A profile that opens when a test says so."""

    def __init__(self, town: Town, person: Person) -> None:
        super().__init__(town, person, there=True)
        self.gate = asyncio.Event()

    @asynccontextmanager
    async def engine(self, broke: Callable[[BaseException], None]) -> AsyncIterator[Engine]:
        await self.gate.wait()
        async with super().engine(broke) as engine:
            yield engine


async def test_what_is_typed_before_the_profile_is_open_is_done_then() -> None:
    scene = Scene("Bo")
    scene.second_circle("Family")
    opening = SlowOpening(scene.town, scene.ana)
    app = app_of(opening)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Main))
        await pilot.press("ctrl+k", "alt+a", "alt+up")
        await write(pilot, app, "/circleup")
        await write(pilot, app, "/switch Hallway")
        assert isinstance(app.screen, Main)
        opening.gate.set()
        await shows(pilot, "Message Hallway")
        await pilot.press("ctrl+k")
        await until(pilot, lambda: isinstance(app.screen, Switcher))
