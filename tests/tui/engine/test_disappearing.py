"""Messages that go: when, from where, and that nothing of them is left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crypto.content import Edit, Text, write_content
from tests.harness import Person, World
from tests.tui.engine.filing import read, row, sends, some
from tests.tui.engine.rogue import encrypted, entry, envelope, show
from tests.tui.engine.test_backup import restored, written
from tests.tui.engine.test_deeds import Hand, find, in_clear, last
from tests.tui.engine.test_missing import circle, kept_from, missing, said
from tui.engine import commands
from tui.engine.disappearing import AT_ONCE
from tui.engine.events import Edits, Found, Messages, MessageState, RowAdded, RowsGone
from tui.engine.missing import ASK_AGAIN

HOUR = 3_600
HEART = "\u2764\ufe0f"


def passing(*names: str, seconds: int = HOUR) -> tuple[World, list[Person]]:
    """A circle whose messages go after a while."""
    world = World()
    people = world.circle(*names)
    people[0].do(commands.ChangeSettings(disappear=seconds))
    world.settle()
    return world, people


def test_a_message_goes_from_every_device_at_the_same_time() -> None:
    world, (ana, bo) = passing("Ana", "Bo")
    ana.says("a kumquat")
    world.settle()
    ends = last(bo).goes_at
    assert ends == last(ana).goes_at and 0 < ends - world.now <= HOUR * 1000
    world.wait(ends - world.now - 1)
    assert ana.texts() == bo.texts() == ["Ana: a kumquat"]
    world.wait(1)
    assert ana.texts() == bo.texts() == []
    for person in (ana, bo):
        assert in_clear(person, "kumquat") == []
        (gone,) = person.told(RowsGone)
        assert gone.circle == person.circle().id and len(gone.ids) == 1
        assert person.client.row(person.circle().id, gone.ids[0]) is None


def test_everything_that_was_done_to_it_goes_with_it() -> None:
    world, (ana, bo) = passing("Ana", "Bo")
    ana.says("a kumquat")
    world.settle()
    id = last(ana).id
    ends = last(ana).goes_at
    bo.do(commands.React(id=id, what=HEART))
    bo.do(commands.SendText(text="mine stays longer", reply=id))
    ana.do(commands.Edit(id=id, text="a tangerine"))
    bo.do(commands.Pin(id=id))
    world.settle()
    assert find(bo, id).text == "a tangerine"
    edits = bo.expect(Edits, lambda ref: commands.ListEdits(ref=ref, id=id))
    assert [edit.text for edit in edits.edits] == ["a kumquat", "a tangerine"]
    world.wait(ends - world.now)
    for person in (ana, bo):
        assert in_clear(person, "kumquat") == [] and in_clear(person, "tangerine") == []
        assert person.database.rows("SELECT * FROM deeds") == []
        assert person.texts() == ["Bo: mine stays longer"]
        assert last(person).reply is not None


def test_a_poll_goes_and_what_was_chosen() -> None:
    world, (ana, bo) = passing("Ana", "Bo")
    ana.do(commands.OpenPoll(question="A kumquat?", options=["one", "none at all"]))
    world.settle()
    bo.do(commands.Vote(id=last(bo).id, choices=[1]))
    world.settle()
    world.wait(HOUR * 1000)
    for person in (ana, bo):
        assert in_clear(person, "kumquat") == [] and in_clear(person, "none at all") == []


def test_a_file_goes_and_what_was_fetched_of_it() -> None:
    world, (ana, bo) = passing("Ana", "Bo")
    id = sends(ana, some(100_000), "kumquat.jpg")
    assert read(bo, id) == some(100_000)
    assert row(bo, id).goes_at == row(ana, id).goes_at > world.now
    world.wait(HOUR * 1000)
    for person in (ana, bo):
        assert in_clear(person, "kumquat") == []
        for table in ("files", "chunks"):
            assert person.database.rows(f"SELECT * FROM {table}") == []  # noqa: S608


def test_what_was_written_stays_for_as_long_as_was_said_then() -> None:
    world, (ana, bo) = passing("Ana", "Bo")
    ana.says("goes")
    world.settle()
    ana.do(commands.ChangeSettings(disappear=0))
    world.settle()
    ana.says("stays")
    world.settle()
    assert [row.goes_at > 0 for row in bo.rows() if row.kind == "text"] == [True, False]
    world.wait(HOUR * 1000)
    assert bo.texts() == ana.texts() == ["Ana: stays"]


@pytest.mark.parametrize(("before", "after"), [(0, HOUR), (HOUR, 0), (HOUR, 2 * HOUR)])
def test_what_was_written_under_way_of_a_change_stays_for_the_shorter_time(
    before: int, after: int
) -> None:
    world, (ana, bo) = passing("Ana", "Bo", seconds=before)
    bo.offline = True
    world.settle()
    bo.says("a kumquat")
    ana.do(commands.ChangeSettings(disappear=after))
    world.settle()
    bo.offline = False
    world.settle()
    assert ana.texts() == ["Bo: a kumquat"]
    assert last(ana).goes_at == last(bo).goes_at > 0
    world.wait(HOUR * 1000)
    assert ana.texts() == bo.texts() == []


def test_an_edit_of_a_message_that_stays_stays() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.says("befor")
    world.settle()
    id = last(ana).id
    ana.do(commands.ChangeSettings(disappear=HOUR))
    world.settle()
    ana.do(commands.Edit(id=id, text="before"))
    world.settle()
    world.wait(2 * HOUR * 1000)
    assert bo.texts() == ana.texts() == ["Ana: before"]
    edits = bo.expect(Edits, lambda ref: commands.ListEdits(ref=ref, id=id))
    assert [edit.text for edit in edits.edits] == ["befor", "before"]


def test_what_waits_does_not_go_before_it_went_out() -> None:
    world, (ana, bo) = passing("Ana", "Bo")
    ana.offline = True
    world.settle()
    ana.says("later")
    world.wait(3 * HOUR * 1000)
    (row,) = [row for row in ana.rows() if row.kind == "text"]
    assert row.state is MessageState.WAITING and row.goes_at == 0
    ana.offline = False
    world.settle()
    assert bo.texts() == ana.texts() == ["Ana: later"]
    world.wait(HOUR * 1000)
    assert bo.texts() == ana.texts() == []


def test_what_arrives_too_late_was_never_here() -> None:
    world, (ana, bo) = passing("Ana", "Bo")
    bo.offline = True
    world.settle()
    ana.says("a kumquat")
    world.settle()
    world.wait(2 * HOUR * 1000)
    bo.offline = False
    world.settle()
    ana.says("back?")
    world.settle()
    assert bo.texts() == ["Ana: back?"]
    assert in_clear(bo, "kumquat") == []
    assert not [event for event in bo.told(RowAdded) if event.row.text == "a kumquat"]


def test_what_went_while_the_program_was_closed_is_not_shown_again() -> None:
    world, (ana, bo) = passing("Ana", "Bo")
    ana.says("a kumquat")
    world.settle()
    id = last(bo).id
    ana.do(commands.ChangeSettings(disappear=0))
    world.settle()
    ana.do(commands.SendText(text="an answer", reply=id))
    bo.do(commands.Pin(id=id))
    world.settle()
    bo.offline = True
    world.settle()
    world.now += 2 * HOUR * 1000
    for look in ("rows", "row", "answer", "search", "pins"):
        bo.crash()
        bo.heard.clear()
        match look:
            case "rows":
                assert bo.texts() == ["Ana: an answer"]
            case "row":
                assert bo.client.row(bo.circle().id, id) is None
            case "answer":
                quote = last(bo).reply
                assert quote is not None and (quote.author, quote.text) == ("", "")
            case "search":
                bo.client.do(commands.Search(ref=9_001, text="kumquat"))
                assert [e.rows for e in bo.client.events() if isinstance(e, Found)] == [[]]
            case "pins":
                bo.client.do(commands.ListPins(ref=9_002))
                assert [e.rows for e in bo.client.events() if isinstance(e, Messages)] == [[]]
    bo.client.tick()
    assert in_clear(bo, "kumquat") == []


def test_a_relay_whose_clock_is_ahead_makes_nothing_stay_longer() -> None:
    world, (ana, bo) = passing("Ana", "Bo")
    ana.offline = True
    world.settle(wait=0)
    number, body = write_content(Text("ahead", lasts=HOUR))
    said = encrypted(ana, envelope(number, body, 1).encode())
    ahead = replace(entry(bo, 1, said), time=world.now + 50 * HOUR * 1000)
    show(bo, ahead)
    assert last(bo).text == "ahead" and last(bo).goes_at == world.now + HOUR * 1000


def test_many_go_a_hundred_at_a_time() -> None:
    world, (ana, bo) = passing("Ana", "Bo")
    for number in range(AT_ONCE + 5):
        ana.says(f"{number}")
        world.settle()
    world.wait(HOUR * 1000)
    assert bo.texts() == ana.texts() == []
    assert [len(gone.ids) <= AT_ONCE for gone in bo.told(RowsGone)].count(False) == 0


def test_nobody_is_told_of_it_who_comes_later(tmp_path: Path) -> None:
    world, (ana, bo) = passing("Ana", "Bo")
    ana.says("a kumquat")
    world.settle()
    cy = world.person("Cy")
    cy.joins(ana.invites(history=50))
    world.settle()
    assert "a kumquat" not in " ".join(cy.texts())
    assert in_clear(cy, "kumquat") == []
    copy = written(bo, tmp_path / "copy")
    assert copy.rows("SELECT * FROM messages WHERE text = 'a kumquat'") == []
    copy.close()
    again = restored(world, bo, tmp_path / "copy")
    assert in_clear(again, "kumquat") == []


def test_what_came_again_goes_as_well() -> None:
    world, (ana, bo) = circle("Ana", "Bo")
    ana.do(commands.ChangeSettings(disappear=HOUR))
    world.settle()
    kept_from(world, bo, 2)
    said(world, ana, "one", "a kumquat", "three")
    world.settle()
    assert bo.texts() == ["Ana: one", "Ana: a kumquat", "Ana: three"]
    world.wait(HOUR * 1000)
    assert bo.texts() == [] and in_clear(bo, "kumquat") == []


def test_an_author_sends_nothing_again_that_is_gone() -> None:
    world, (ana, bo) = circle("Ana", "Bo")
    ana.do(commands.ChangeSettings(disappear=HOUR))
    world.settle()
    kept_from(world, bo, 2)
    said(world, ana, "one", "a kumquat")
    ana.offline = True
    said(world, bo, "three")
    world.wait(HOUR * 1000)
    ana.offline = False
    world.settle()
    said(world, ana, "four")
    world.wait(ASK_AGAIN)
    assert in_clear(bo, "kumquat") == in_clear(ana, "kumquat") == []
    assert missing(bo) == 0


def test_an_edit_of_what_never_came_goes_as_well() -> None:
    world, (ana, bo) = passing("Ana", "Bo")
    Hand(ana, bo).says(Edit(b"\x05" * 16, "a kumquat", lasts=HOUR))
    assert in_clear(bo, "kumquat") == ["deeds"]
    world.wait(HOUR * 1000)
    assert in_clear(bo, "kumquat") == []


def test_no_word_of_it_is_found() -> None:
    world, (ana, bo) = passing("Ana", "Bo")
    ana.says("a kumquat")
    world.settle()
    found = bo.expect(Found, lambda ref: commands.Search(ref=ref, text="kumquat"))
    assert len(found.rows) == 1
    world.wait(HOUR * 1000)
    found = bo.expect(Found, lambda ref: commands.Search(ref=ref, text="kumquat"))
    assert found.rows == []
