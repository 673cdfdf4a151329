"""Messages by the beginning of their ids, members by their names in a text."""

from __future__ import annotations

import pytest

from crypto.content import MENTIONED_MOST
from tests.harness import Person, World
from tests.tui.engine.rogue import circle_of
from tui.engine import commands, naming
from tui.engine.errors import WishError
from tui.engine.events import Exit


def keys(person: Person) -> dict[str, bytes]:
    return {name: key for key, name in circle_of(person).view.names().items()}


def test_a_message_is_named_by_the_beginning_of_its_id() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.says("hello")
    world.settle()
    (row,) = [row for row in ana.rows() if row.kind == "text"]
    for named in (row.id, row.id.upper(), row.id[:4], row.id[:7], row.id[:31]):
        assert naming.message(circle_of(ana), named).text == "hello"


@pytest.mark.parametrize(
    "named", ["", "abc", "xyzw", "abcd ", "0x12", "a" * 33, "\u0661\u0662\u0663\u0664"]
)
def test_what_is_no_id_is_said_to_be_none(named: str) -> None:
    world = World()
    (ana,) = world.circle("Ana")
    with pytest.raises(WishError) as refused:
        naming.message(circle_of(ana), named)
    assert refused.value.reason == "message_id" and refused.value.exit is Exit.USAGE


def test_an_id_that_nothing_or_more_than_one_has() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.says("one")
    ana.says("two")
    world.settle()
    circle = circle_of(ana)
    (one, two) = [row for row in ana.rows() if row.kind == "text"]
    other = bytes.fromhex(one.id)[:15] + bytes([bytes.fromhex(one.id)[15] ^ 1])
    with ana.database.transaction():
        ana.database.write(
            "UPDATE messages SET id = ? WHERE id = ?", (other, bytes.fromhex(two.id))
        )
    with pytest.raises(WishError, match="More than one message"):
        naming.message(circle, one.id[:31])
    assert naming.message(circle, one.id).text == "one"
    wrong = "ffff" if one.id[:4] != "ffff" else "0000"
    with pytest.raises(WishError, match="no message"):
        naming.message(circle, wrong)


def test_notices_are_nothing_to_name() -> None:
    world = World()
    ana, _bo = world.circle("Ana", "Bo")
    notice = next(row for row in ana.rows() if row.kind == "notice")
    with pytest.raises(WishError, match="no message"):
        naming.message(circle_of(ana), notice.id)


def test_members_are_mentioned_by_their_whole_names() -> None:
    world = World()
    ana, bo, maria = world.circle("Ana", "Bo", "Ana Maria")
    known = keys(ana)
    circle = circle_of(ana)

    def named(text: str) -> set[str]:
        found = naming.mentioned(circle, text)
        assert list(found) == sorted(set(found))
        return {name for name, key in known.items() if key in found}

    assert named("hello @Bo") == {"Bo"} == named("@Bo, come!") == named("(@Bo)@Bo @Bo")
    assert named("@Ana Maria and @Bo") == {"Ana Maria", "Bo"}
    assert named("@Ana Mariana") == {"Ana"}
    assert named("@Bob bo@Bo @ @bo @Nobody") == set()
    assert named("") == named("Bo") == named("@") == set()
    assert {bo.name, maria.name} <= set(known)


def test_no_more_are_mentioned_than_a_message_holds() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.ask(lambda ref: commands.Rename(ref=ref, person="A"))
    world.settle()
    assert len(naming.mentioned(circle_of(ana), "@A " * (MENTIONED_MOST + 5))) == 1


@pytest.mark.parametrize("typed", ["", "x" * 16_001, "\ud800"])
def test_texts_have_bounds(typed: str) -> None:
    with pytest.raises(WishError):
        naming.text(typed)


def test_a_text_stays_as_it_was_typed() -> None:
    assert naming.text(" a\n") == " a\n"
