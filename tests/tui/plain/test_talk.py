"""Line mode, over engines and a relay in memory: every command, as a person types it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness import HOST, Person
from tests.tui.engine.filing import attaches
from tests.tui.hall import MemoryEngine, Town
from tui.actions import ACTIONS
from tui.engine.commands import AnswerRequest, OpenPoll, React
from tui.plain.circles import begin
from tui.plain.table import HANDLERS, SCREEN_ONLY, carry_out
from tui.plain.talk import Ended, Talk
from tui.preferences import Fleeting

pytestmark = pytest.mark.slow  # whole circles


class Sitting:
    """A person in line mode, and what was printed."""

    def __init__(self, town: Town, person: Person, name: str = "") -> None:
        self.town = town
        self.engine = MemoryEngine(town, person)
        town.screens.append(self.engine)
        self.printed: list[str] = []
        own = Fleeting(f'name = "{name}"')
        self.typed: asyncio.Queue[str | None] = asyncio.Queue()
        self.talk = Talk(self.engine, self.printed.append, self._lines(), self._relay, own)
        self.hearing = asyncio.ensure_future(self._hear())

    async def _lines(self) -> AsyncIterator[str]:
        while (line := await self.typed.get()) is not None:
            yield line + "\n"

    async def _relay(self) -> str:
        return HOST

    async def _hear(self) -> None:
        async for event in self.engine.news():
            await self.talk.hear(event)

    async def types(self, *lines: str) -> list[str]:
        """Type a line, and what it asks for; what was printed meanwhile."""
        before = len(self.printed)
        for line in lines[1:]:
            self.typed.put_nowait(line)
        await carry_out(self.talk, lines[0])
        await self.rests()
        return self.printed[before:]

    async def rests(self) -> None:
        """Let everything happen that is going to happen."""
        for _ in range(3):
            self.town.settle()
            for _ in range(50):
                await asyncio.sleep(0)


@pytest.fixture
async def town() -> Town:
    return Town()


def test_every_action_is_here_or_has_a_reason() -> None:
    names = {action.name for action in ACTIONS} - {"help"}
    assert set(HANDLERS) | set(SCREEN_ONLY) == names
    assert not set(HANDLERS) & set(SCREEN_ONLY)


async def test_from_nothing_to_a_conversation(town: Town) -> None:
    ana = Sitting(town, town.world.person("Ana"))
    bo = Sitting(town, town.world.person("Bo"))
    await begin(ana.talk)
    assert "/open opens a circle" in ana.printed[-1]
    assert "You are in no circle here yet" in (await ana.types("hello"))[-1]
    opened = await ana.types("/open", "Friends", "Ana")
    assert any("Friends, 1 of 8 chairs taken" in line for line in opened)
    made = await ana.types("/invite")
    code = made[-2]
    card = await bo.types(f"/join {code}", "yes", "Bo")
    assert any("Ana invites you to Friends." in line for line in card)
    assert any("Bo is here" in line for line in ana.printed)
    await bo.types("Hello \x1b[31mthere")
    assert any("Bo: Hello ␛[31mthere" in line for line in ana.printed)
    assert not any("\x1b" in line for line in ana.printed + bo.printed)


async def talking(town: Town) -> tuple[Sitting, Person]:
    """Ana in line mode, with Bo, who has said something."""
    ana, bo = town.world.circle("Ana", "Bo")
    bo.says("Ferry at seven?")
    town.settle()
    sitting = Sitting(town, ana)
    await begin(sitting.talk)
    await sitting.rests()
    return sitting, bo


def number(sitting: Sitting, text: str) -> str:
    """The number that stands before a line."""
    line = next(line for line in reversed(sitting.printed) if text in line)
    return line.split()[0]


async def test_messages_are_named_by_their_numbers(town: Town) -> None:
    ana, bo = await talking(town)
    ferry = number(ana, "Ferry at seven?")
    await ana.types(f"/reply {ferry} Yes")
    assert any(row.reply is not None and row.text == "Yes" for row in bo.rows())
    await ana.types(f"/react {ferry} tada")
    assert [mark.what for row in bo.rows() for mark in row.reactions] == ["🎉"]
    assert any("[🎉 Ana]" in line for line in ana.printed)
    await ana.types(f"/react {ferry} 🎉")
    assert not any(row.reactions for row in bo.rows())
    await ana.types(f"/pin {ferry}")
    assert any("Ferry" in line for line in await ana.types("/pins"))
    await ana.types(f"/pin {ferry}")
    assert await ana.types("/pins") == ["Nothing is pinned here."]
    await ana.types("At eight.")
    mine = number(ana, "At eight.")
    await ana.types(f"/edit {mine} At nine.")
    assert "Ana: At nine." in bo.texts()
    await ana.types(f"/delete {mine}", "no")
    assert "Ana: At nine." in bo.texts()
    await ana.types(f"/delete {mine}", "yes")
    assert "Ana: At nine." not in bo.texts()
    await ana.types("/me waves")
    assert any(row.me for row in bo.rows())
    bo.do(React(id=bo.rows()[-1].id, what="♥"))
    await ana.rests()
    assert any("[♥ Bo]" in line for line in ana.printed)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/reply", "Name a message by the number"),
        ("/reply 99 x", "Name a message by the number"),
        ("/reply 1", "There is a text missing"),
        ("/react 1 nonsense", "Name an emoji"),
        ("/vote 1 x", "Name answers by their numbers"),
        ("/nonsense", "There is no command /nonsense"),
        ("/theme", "That is for the screens: there are no colours."),
        ("/remove Zoe", "There is nobody else here who is called Zoe."),
        ("/verify Ana", "There is nobody else here who is called Ana."),
        ("/settle", "Say whose conversation stands"),
        ("/switch nowhere", "There is no circle nowhere."),
        ("/notify loud", "Say off, mentions or all."),
        ("/door", "Nobody is at the door."),
        ("/next", "No other circle has news."),
        ("/forget", "Leave it first"),
    ],
)
async def test_what_can_not_be_is_said(town: Town, line: str, sentence: str) -> None:
    ana, _ = await talking(town)
    assert any(sentence in said for said in await ana.types(line, "yes"))


async def test_files_are_sent_and_saved(town: Town, tmp_path: Path) -> None:
    ana, bo = await talking(town)
    (tmp_path / "tea.jpg").write_bytes(b"tea")
    assert "Name a file" in (await ana.types("/file"))[-1]
    assert "can't be read" in (await ana.types(f"/file {tmp_path}/none"))[-1]
    assert any("a file: tea.jpg (3 bytes)" in line for line in await ana.types(
        f"/file {tmp_path}/tea.jpg"
    ))  # fmt: skip
    attaches(bo, b"other", "cake.jpg")
    town.world.settle(wait=60_000)
    await ana.rests()
    theirs = number(ana, "cake.jpg")
    said = await ana.types(f"/save {theirs} {tmp_path}")
    assert "It is being fetched." in said
    await ana.rests()
    assert any(f"It is in {tmp_path}/cake.jpg" in line for line in ana.printed)
    assert (tmp_path / "cake.jpg").read_bytes() == b"other"
    assert "is there already" in (await ana.types(f"/save {theirs} {tmp_path}/cake.jpg"))[-1]
    assert "cake (2).jpg" in (await ana.types(f"/save {theirs} {tmp_path}"))[-1]
    assert "There is no file" in (await ana.types(f"/save {number(ana, 'Ferry')}"))[-1]


async def test_a_file_that_can_not_be_had_is_said(town: Town, tmp_path: Path) -> None:
    ana, bo = await talking(town)
    attaches(bo, b"other", "cake.jpg")
    town.world.settle(wait=60_000)
    await ana.rests()
    for shelf in town.world.store.shelves.values():
        shelf.blobs.clear()
    await ana.types(f"/save {number(ana, 'cake.jpg')} {tmp_path}")
    assert "does not have this file any more" in ana.printed[-1]
    assert not ana.talk.wanted


async def test_a_poll(town: Town) -> None:
    ana, bo = await talking(town)
    await ana.types("/poll Where?", "home", "river", "", "no")
    assert any(row.poll is not None and row.text == "Where?" for row in bo.rows())
    await ana.types(f"/vote {number(ana, 'Where?')} 2")
    assert any("2. river [Ana]" in line for line in ana.printed)
    bo.do(OpenPoll(question="When?", options=["now", "later"]))
    await ana.rests()
    assert any("When?" in line and "1. now" in line for line in ana.printed)


async def test_circles_people_and_settings(town: Town) -> None:
    ana, bo = await talking(town)
    assert any("Bo  (on Ana's code)" in line for line in await ana.types("/people"))
    words = await ana.types("/verify Bo", "yes")
    assert len(words[1].split()) == 6
    assert any("verified" in line for line in await ana.types("/people"))
    await ana.types("/topic Ferries")
    await ana.types("/name Lofoten")
    await ana.types("/ask")
    await ana.types("/circle disappear 1h")
    facts = bo.circle()
    assert (facts.name, facts.topic, facts.asks_at_door) == ("Lofoten", "Ferries", True)
    assert facts.disappear == 3_600
    assert "disappear  new messages go after 1 hour, everywhere" in await ana.types("/circle")
    await ana.types("/circle presence on")
    await ana.types("/people")
    bo.world.settle(wait=2_000)
    assert next(one.here for one in bo.client.members(facts.id) if one.name == "Ana") == "here"
    assert await ana.types("/circle cap many") == ["cap is a number up to 50."]
    await ana.types("/circle disappear off")
    await ana.types("/rename Anabel")
    assert any(one.name == "Anabel" for one in bo.client.members(facts.id))
    assert await ana.types("/mute") == ["You are told nothing of its news."]
    assert await ana.types("/mute") == ["You are told of its news again."]
    await ana.types("/rest")
    assert any("ferry" in line.lower() for line in await ana.types("/search ferry"))
    assert await ana.types("/search kumquat") == ["Nothing was found."]
    assert any("Lofoten  here" in line for line in await ana.types("/switch"))
    help_ = await ana.types("/help")
    assert any(line.startswith("/reply TEXT") for line in help_)
    await ana.types("/remove Bo", "yes")
    assert bo.circle().left
    await ana.types("/leave", "yes")
    assert ana.engine.person.circle().left


async def test_who_is_at_the_door_is_let_in_by_a_yes(town: Town) -> None:
    ana, _ = await talking(town)
    await ana.types("/ask")
    code = (await ana.types("/invite"))[-2]
    cy = Sitting(town, town.world.person("Cy"), "Cy")
    coming = asyncio.ensure_future(cy.types(f"/join {code}", "yes"))
    for _ in range(5):
        await ana.rests()
    assert any("Cy is at the door" in line for line in ana.printed)
    await ana.types("/door", "yes")
    await coming
    assert any(isinstance(asked, AnswerRequest) for asked in ana.engine.asked)
    assert ana.engine.person.circle().chairs == 3


async def test_news_of_another_circle_is_a_line_without_content(town: Town) -> None:
    ana, bo = await talking(town)
    bo.opens("Family")
    ana.engine.person.joins(bo.invites(circle="Family"))
    await ana.rests()
    bo.says("canary", circle="Family")
    bo.says("canary", circle="Family")
    await ana.rests()
    told = [line for line in ana.printed if "Family has news" in line]
    assert told == ["--- Family has news: /switch goes there."]
    assert not any("canary" in line for line in ana.printed)
    assert any("canary" in line for line in await ana.types("/next"))


async def test_older_lines(town: Town) -> None:
    ana, bo = town.world.circle("Ana", "Bo")
    for count in range(60):
        bo.says(f"line {count}")
    town.settle()
    sitting = Sitting(town, ana)
    await begin(sitting.talk)
    assert not any("line 3" == line[-6:] for line in sitting.printed)
    assert any(line.endswith("line 3") for line in await sitting.types("/older"))
    await sitting.types("/older")
    assert await sitting.types("/older") == ["There is nothing before that."]


async def test_the_end_of_input_ends_it(town: Town) -> None:
    ana, _ = await talking(town)
    ana.typed.put_nowait(None)
    with pytest.raises(Ended):
        await ana.talk.line()
    await ana.types("/quit")
    assert ana.talk.over


async def test_settings_are_printed_and_changed() -> None:
    town = Town()
    (ana,) = town.world.circle("Ana")
    sitting = Sitting(town, ana)
    printed = await sitting.types("/settings")
    assert any(line.startswith("lock_after   never") for line in printed)
    assert await sitting.types("/settings lock_after 5") == ["lock_after is 5 now."]
    assert await sitting.types("/settings name Ann") == ["name is Ann now."]
    assert await sitting.types("/settings name") == ["name is none now."]
    (said,) = await sitting.types("/settings theme pink")
    assert "not 'pink'" in said
    (said,) = await sitting.types("/settings wat 5")
    assert "There is no setting wat." in said
