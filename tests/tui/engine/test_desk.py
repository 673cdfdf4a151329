"""What long conversations cost: whatever is done for each input asks an index."""

from __future__ import annotations

from typing import Any

from tests.harness import Person, World
from tests.tui.engine.rogue import circle_of
from tui.engine.desk import BODIES_KEPT, ERASED_MOST, SENT_KEPT, TIDY_EVERY
from tui.engine.reading import COMMITS_KEPT
from tui.engine.store.records import EntryRecord

MANY = 2 * ERASED_MOST + 50


def bodies(person: Person) -> int:
    row = person.database.row("SELECT count(*) FROM entries WHERE body IS NOT NULL")
    assert row is not None and isinstance(row[0], int)
    return row[0]


def test_bodies_are_erased_after_a_week_a_few_at_a_time() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.says("kept for a week")
    world.settle()
    circle = circle_of(ana)
    with ana.database.transaction():
        for n in range(10, 10 + MANY):
            old = world.now - BODIES_KEPT - 1
            circle.context.store.entries.insert(
                EntryRecord(circle.number, n, 1, old, bytes(32), b"body", b"")
            )
    kept = bodies(ana) - MANY
    assert kept >= 1
    world.now += TIDY_EVERY
    left = []
    for _ in range(4):
        ana.client.tick()
        left.append(bodies(ana) - kept)
    assert left == [MANY - ERASED_MOST, MANY - 2 * ERASED_MOST, 0, 0]
    assert ana.texts() == ["Ana: kept for a week"]  # what was said stays
    world.now += BODIES_KEPT
    ana.client.tick()
    assert bodies(ana) == 0


def test_commits_are_kept_for_a_year_and_what_was_said_for_a_month_to_be_sent_again() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.says("hello")
    ana.invites()
    world.settle()
    assert bodies(ana) == 2
    for after, commits, sent in (
        (SENT_KEPT - TIDY_EVERY, 1, 1),
        (2 * TIDY_EVERY, 1, 0),
        (COMMITS_KEPT, 0, 0),
    ):
        world.now += after
        ana.offline = True
        ana.client.tick()
        assert bodies(ana) == commits
        assert len(ana.database.rows("SELECT 1 FROM sent")) == sent


def test_nothing_that_every_input_asks_looks_at_all_rows() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    asked: set[tuple[str, Any]] = set()

    def trace(_: object, sql: str, values: Any) -> bool:
        asked.add((sql, values or ()))
        return True

    connection = ana.database._connection
    connection.exec_trace = trace
    ana.says("hello")
    ana.client.tick()
    ana.client.circles()
    ana.rows()
    world.settle()
    world.now += TIDY_EVERY
    ana.client.tick()
    connection.exec_trace = None
    plans = [
        f"{step[3]!s}: {sql}"
        for sql, values in asked
        if sql.split()[0] in ("SELECT", "UPDATE", "DELETE")
        for step in ana.database.rows(f"EXPLAIN QUERY PLAN {sql}", values)
    ]
    assert any("messages_of_others" in plan for plan in plans)
    assert any("entries_with_bodies" in plan for plan in plans)
    scanned = [plan for plan in plans if plan.startswith(("SCAN messages", "SCAN entries"))]
    assert scanned == []


def test_own_messages_are_passed_over_where_news_are_looked_for() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    for number in range(3):
        ana.says(f"{number}")
    world.settle()
    assert not ana.circle().news
    bo.says("news")
    world.settle()
    assert ana.circle().news and bo.circle().news
