"""Rows from a profile's database."""

from __future__ import annotations

from tests.harness import World
from tui.widgets.rows import WAITING_FROM, EngineSource


def source(*texts: str) -> tuple[EngineSource, World]:
    world = World()
    (ana,) = world.circle("Ana")
    for text in texts:
        ana.says(text)
        world.settle()
    return EngineSource(ana.client, ana.circle().id), world


def test_pages_come_from_the_engine() -> None:
    rows, _ = source("one", "two", "three")
    assert [row.text for row in rows.before(None, 2)] == ["two", "three"]
    middle = rows.before(None, 2)[0].position
    assert [row.text for row in rows.before(middle, 1)] == ["one"]
    assert [row.text for row in rows.after(middle, 9)] == ["three"]
    assert rows.count() >= 3


def test_positions_and_shares_are_each_others_inverse() -> None:
    rows, _ = source("one", "two", "three", "four", "five")
    first, last = rows.after(-1, 1)[0].position, rows.before(None, 1)[0].position
    assert rows.position_at(0.0) == first
    assert rows.position_at(1.0) == last
    for share in (0.0, 0.25, 0.5, 1.0):
        assert abs(rows.share_before(rows.position_at(share)) - share) < 0.01
    assert rows.share_before(first - 10) == 0.0
    assert rows.share_before(WAITING_FROM) == 1.0


def test_what_waits_does_not_stretch_the_scroll_bar() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.says("delivered")
    world.settle()
    world.relay_down = True
    for socket in ana.sockets.values():
        socket.cut()
    world.settle()
    ana.says("waiting")
    rows = EngineSource(ana.client, ana.circle().id)
    assert rows.before(None, 1)[0].position >= WAITING_FROM
    assert rows.position_at(1.0) < WAITING_FROM


def test_where_nothing_was_said() -> None:
    world = World()
    ana = world.person("Ana")
    ana.opens()
    with ana.database.transaction():
        ana.database.write("DELETE FROM messages")
    rows = EngineSource(ana.client, ana.circle().id)
    assert rows.before(None, 9) == []
    assert (rows.count(), rows.position_at(0.5), rows.share_before(7)) == (0, 0, 1.0)
