"""Rows of a conversation: where they stand, and what a page of them costs."""

from __future__ import annotations

from tests.harness import Person, World
from tests.tui.engine.rogue import circle_of
from tui.engine import commands
from tui.engine.answers.circles import LIMIT_MOST, PAGE_BYTES
from tui.engine.control import FRAME_LIMIT, Told, encode
from tui.engine.events import Messages, Row
from tui.engine.showing import LATE
from tui.engine.store.records import MessageRecord
from tui.engine.timeline import COUNTED_MOST, PLACE_BITS

MANY = 3_000


def with_many() -> tuple[World, Person]:
    world = World()
    (ana,) = world.circle("Ana")
    circle = circle_of(ana)
    with ana.database.transaction():
        for n in range(10, 10 + MANY):
            circle.context.store.messages.insert(
                MessageRecord(
                    circle=circle.number,
                    position=n << PLACE_BITS,
                    id=n.to_bytes(16),
                    n=n,
                    author=b"b" * 32,
                    author_name="Bo",
                    hue=1,
                    at=world.now - (LATE + 1 if n % 2 else 0),
                    logged_at=world.now,
                    kind="text",
                    text=str(n),
                    type=1,
                    body=b"",
                    state="received",
                )
            )
    return world, ana


def test_pages_come_from_anywhere() -> None:
    _, ana = with_many()
    id = ana.circle().id
    middle = ana.client.row(id, (1500).to_bytes(16).hex())
    assert middle is not None
    before = ana.client.rows_before(id, middle.position, 3)
    after = ana.client.rows_after(id, middle.position, 3)
    assert [row.text for row in (*before, middle, *after)] == [str(n) for n in range(1497, 1504)]


def page(person: Person, before: int | None = None, after: int | None = None) -> list[Row]:
    """One answer, which the control socket carries."""
    person.heard.clear()
    person.do(commands.ReadMessages(ref=9, before=before, after=after, limit=LIMIT_MOST))
    (answer,) = person.told(Messages)
    assert len(encode(Told(answer))) < FRAME_LIMIT
    return answer.rows


def test_long_rows_come_in_shorter_pages() -> None:
    _, ana = with_many()
    with ana.database.transaction():
        ana.database.write(
            "UPDATE messages SET text = ? WHERE n > 2600", ("\N{WAVE DASH}" * 5_333,)
        )
    everything = ana.rows()
    forwards = page(ana, after=0)
    assert len(forwards) == LIMIT_MOST  # short ones
    while more := page(ana, after=forwards[-1].position):
        assert sum(len(row.text.encode()) for row in more) <= PAGE_BYTES
        forwards = forwards + more
    assert forwards == everything
    backwards = page(ana)
    assert len(backwards) == PAGE_BYTES // (3 * 5_333)
    while more := page(ana, before=backwards[0].position):
        backwards = more + backwards
    assert backwards == everything


def test_a_row_that_no_page_holds_is_a_page() -> None:
    _, ana = with_many()
    with ana.database.transaction():
        ana.database.write("UPDATE messages SET text = ? WHERE n = 20", ("a" * (PAGE_BYTES + 1),))
    middle = ana.client.row(ana.circle().id, (19).to_bytes(16).hex())
    assert middle is not None
    assert [len(row.text) for row in page(ana, after=middle.position)] == [PAGE_BYTES + 1]


def test_a_page_is_found_by_its_index() -> None:
    _, ana = with_many()
    plan = ana.database.rows(
        "EXPLAIN QUERY PLAN SELECT * FROM messages WHERE circle = ? AND position < ? "
        "ORDER BY position DESC LIMIT ?",
        (1, 1 << 40, 50),
    )
    assert "SEARCH messages USING PRIMARY KEY" in str(plan[0][3])
    assert len(plan) == 1  # nothing is sorted


def test_small_conversations_are_counted_and_large_ones_estimated() -> None:
    world, ana = with_many()
    assert ana.client.count_estimate(ana.circle().id) == MANY
    (bo,) = World(seed=2).circle("Bo")
    for number in range(5):
        bo.says(str(number))
    assert bo.client.count_estimate(bo.circle().id) == 5
    assert MANY > COUNTED_MOST
    assert world.people == [ana]


def test_clocks_that_differ_are_marked() -> None:
    _, ana = with_many()
    rows = ana.client.rows_before(ana.circle().id, None, 4)
    assert [row.late for row in rows] == [int(row.text) % 2 == 1 for row in rows]
