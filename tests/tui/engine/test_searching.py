"""Finding what was said; and that what has gone is not found, nor anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.secret import Secret
from tests.harness import Person, World, fresh_database
from tui.engine import commands, searching
from tui.engine.errors import WishError
from tui.engine.events import Found
from tui.engine.searching import matching, read
from tui.engine.store.database import Database, schema_steps
from tui.engine.store.records import Store
from tui.engine.store.spacing import spaced


def found(person: Person, text: str, limit: int = 50) -> list[str]:
    answer = person.expect(Found, lambda ref: commands.Search(ref=ref, text=text, limit=limit))
    return [row.text for row in answer.rows]


@pytest.fixture(scope="module")
def people() -> list[Person]:
    """Ana and Bo in two circles, who have talked."""
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    for who, text in (
        (ana, "The ferry leaves at seven"),
        (bo, "Café or tea? https://ferry.example/menu"),
        (ana, "Crème brûlée, said Bo's sister"),
        (bo, "明日の天気はどうですか"),
        (ana, 'she said "see you" AND left OR so'),
    ):
        who.says(text)
        world.settle()
    bo.do(commands.OpenPoll(question="Which ferry?", options=["early", "late"]))
    world.settle()
    bo.opens("Family")
    ana.joins(bo.invites(circle="Family"))
    world.settle()
    world.now += 3 * 86_400_000
    ana.says("No ferry here", circle="Family")
    world.settle()
    return [ana, bo]


@pytest.mark.parametrize(
    ("text", "results"),
    [
        ("seven", ["The ferry leaves at seven"]),
        ("SEVEN ferry", ["The ferry leaves at seven"]),
        ("seve", ["The ferry leaves at seven"]),
        ("sev ferry", []),
        ("cafe", ["Café or tea? https://ferry.example/menu"]),
        ("brulee creme", ["Crème brûlée, said Bo's sister"]),
        ('"leaves at"', ["The ferry leaves at seven"]),
        ('"at leaves"', []),
        ("天気", ["明日の天気はどうですか"]),
        ("気天", []),
        ("bo's", ["Crème brûlée, said Bo's sister"]),
        ('"see you"', ['she said "see you" AND left OR so']),
        ("AND", ['she said "see you" AND left OR so']),
        ("ferry in:family", ["No ferry here"]),
        ("ferry in:nowhere", []),
        ("ferry from:bo", ["Which ferry?", "Café or tea? https://ferry.example/menu"]),
        ("ferry from:@Ana in:Hallway", ["The ferry leaves at seven"]),
        ("ferry from:zoe", []),
        ("has:link", ["Café or tea? https://ferry.example/menu"]),
        ("has:poll", ["Which ferry?"]),
        ("has:poll from:ana", []),
        ("ferry after:2025-10-10", ["No ferry here"]),
        ("ferry before:2025-10-10 from:ana", ["The ferry leaves at seven"]),
        ("after:2025-10-10", ["No ferry here"]),
        ("*", []),
        ('"', []),
    ],
)
def test_what_is_found(people: list[Person], text: str, results: list[str]) -> None:
    assert found(people[0], text) == results


def test_the_newest_come_first_and_not_more_than_asked_for(people: list[Person]) -> None:
    assert found(people[0], "ferry")[:2] == ["No ferry here", "Which ferry?"]
    assert found(people[0], "ferry", limit=1) == ["No ferry here"]
    assert len(found(people[0], "ferry", limit=0)) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Say what to look for."),
        ('""', "Say what to look for."),
        ("has:money", "has: knows link, poll, file; not money."),
        ("before:yesterday", "Name a day like this"),
        ("after:2026-13-01", "Name a day like this"),
        ("after:9999-12-31", "Name a day like this"),
        ("x" * 401, "at most 400 characters"),
        ("a " * 21, "at most 20 words"),
    ],
)
def test_what_cannot_be_looked_for_is_said(text: str, sentence: str) -> None:
    with pytest.raises(WishError, match=sentence):
        read(text)


@given(st.text(max_size=60))
def test_nothing_typed_is_the_index_s_own_language(text: str) -> None:
    store = Store(fresh_database())
    try:
        searching.find(store, read(text), 5, 0)
    except WishError:
        pass


@given(st.text(max_size=30))
def test_parting_adds_spaces_alone(text: str) -> None:
    assert spaced(text).replace(" ", "") == text.replace(" ", "")


def test_a_search_for_nothing_is_refused(people: list[Person]) -> None:
    assert people[0].refused(lambda ref: commands.Search(ref=ref, text="")).reason == "query"


def test_words_stand_between_quotes() -> None:
    assert matching(["a", "b c", "NEAR(x"]) == '"a" AND "b c" AND "NEAR x"*'
    assert matching(["...", "*"]) == ""


@pytest.mark.slow
def test_what_has_gone_is_not_found() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.says("kumquat one")
    ana.says("kumquat two")
    world.settle()
    first, second = (row for row in ana.rows() if row.kind == "text")
    ana.do(commands.Edit(id=first.id, text="persimmon"))
    ana.do(commands.Delete(id=second.id))
    world.settle()
    for person in (ana, bo):
        assert found(person, "kumquat") == []
        assert found(person, "persimmon") == ["persimmon"]
        # A deletion that left a mark of what it deleted would be found in the index itself.
        pages = b"".join(
            bytes(value)
            for row in person.database.rows("SELECT block FROM found_data")
            for value in row
            if isinstance(value, bytes)
        )
        assert b"kumquat" not in pages and b"persimmon" in pages
    bo.do(commands.Leave())
    world.wait(10_000)
    bo.do(commands.Forget(circle=bo.circle().id))
    world.settle()
    assert bo.database.rows("SELECT * FROM searchable") == []
    assert bo.database.rows("SELECT * FROM found") == []


@pytest.mark.slow
def test_history_that_was_passed_on_is_found() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.says("kumquat")
    world.settle()
    bo = world.person("Bo")
    bo.joins(ana.invites(history=10))
    world.settle()
    assert found(bo, "kumquat") == ["kumquat"]
    assert found(bo, "kumquat from:ana") == ["kumquat"]


def columns(database: Database) -> list[object]:
    """The columns of the table of circles."""
    return list(database.rows("SELECT name FROM pragma_table_info('circles')"))


def test_a_profile_of_before_is_indexed_as_it_is_opened(tmp_path: Path) -> None:
    path, key = tmp_path / "profile.db", Secret(bytes(32))
    steps = schema_steps()
    at = next(number for number, step in enumerate(steps) if "VIRTUAL TABLE found" in step)
    before = Database.open(path, key, steps=steps[:at])
    with before.transaction():
        before.write(f"INSERT INTO circles VALUES ({', '.join('0' for _ in columns(before))})")  # noqa: S608
        names = [str(name) for _, name, *_ in before.rows("PRAGMA table_info(messages)")]
        said: dict[str, bytes | str | int] = {"id": b"id", "text": "kumquat", "type": 1}
        before.write(
            f"INSERT INTO messages VALUES ({', '.join('?' for _ in names)})",  # noqa: S608
            tuple(said.get(name, 0) for name in names),
        )
    before.close()
    database = Database.open(path, key)
    assert database.rows("SELECT text FROM found") == [("kumquat",)]
    database.close()
