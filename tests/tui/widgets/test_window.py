"""The part of a conversation that is in memory."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.widgets.shelf import Shelf, row, talk
from tui.engine.events import MessageState, Row
from tui.widgets.layout import Page
from tui.widgets.rows import WAITING_FROM
from tui.widgets.window import MOST, PAGE, Place, Window

pytestmark = pytest.mark.slow  # every one is a whole app

LONG = talk(3000)


def window(rows: list[Row], *, at: int | None = None, width: int = 80) -> Window:
    made = Window(Shelf(list(rows)), Page(width, UTC))
    if at is None:
        made.open_end()
    else:
        made.open_at(at << 16)
    return made


def numbers(made: Window) -> list[int]:
    return [each.row.position >> 16 for each in made.entries]


def heights(made: Window) -> list[int]:
    return [each.height for each in made.entries]


def whole(rows: list[Row], width: int = 80) -> list[int]:
    """The heights of all rows, laid out in one go."""
    made = Window(Shelf(list(rows)), Page(width, UTC))
    made.open_end()
    while made.load_before():
        pass
    return heights(made)


def test_nothing() -> None:
    made = window([])
    assert (made.total, made.loaded, made.at_start, made.at_end) == (0, 0, True, True)
    assert made.find(0) is None
    assert made.place_of(0) is None
    assert made.line_of(Place("x", 3, 2)) == 0
    assert not made.load_before() and not made.load_after()


def test_a_short_conversation_is_loaded_whole() -> None:
    made = window(talk(PAGE))
    assert numbers(made) == list(range(1, PAGE + 1))
    assert (made.above, made.below, made.at_start, made.at_end) == (0, 0, True, True)


def test_a_long_one_opens_at_its_end() -> None:
    made = window(LONG)
    assert numbers(made) == list(range(3000 - PAGE + 1, 3001))
    assert not made.at_start and made.at_end
    assert made.above > 2000 and made.below == 0
    source = made.source
    assert isinstance(source, Shelf) and sum(source.asked) <= PAGE + 1


def test_it_opens_around_a_position() -> None:
    made = window(LONG, at=1500)
    assert numbers(made) == list(range(1500 - PAGE, 1500 + PAGE))
    assert 0.4 < made.above / made.total < 0.6
    assert window(LONG, at=1).above == 0
    assert window(LONG, at=3000).below == 0


def test_seeking_a_line_far_away() -> None:
    made = window(LONG)
    line = made.total // 3
    place = made.seek(line, 20)
    assert place is not None
    assert made.line_of(place) == line
    assert 900 < int(place.id, 16) < 1100
    made.seek(0, 20)
    assert made.above == 0 and made.at_start
    assert window([]).seek(5, 20) is None


def test_lines_and_rows_know_each_other() -> None:
    made = window(LONG, at=1500)
    for index in range(len(made.entries)):
        for line in range(made.entries[index].height):
            assert made.find(made.top(index) + line) == (index, line)
    assert made.find(made.above - 1) is None
    assert made.find(made.above + made.loaded) is None


def test_places_outside_of_what_is_loaded_are_kept_as_distances() -> None:
    made = window(LONG, at=1500)
    for line in (made.above - 7, made.above, made.above + made.loaded + 7):
        place = made.place_of(line)
        assert place is not None
        assert made.line_of(place) == line


@pytest.mark.parametrize("width", [30, 80, 200])
def test_pages_join_into_the_same_lines(width: int) -> None:
    expected = whole(LONG, width)
    made = window(LONG, at=1500, width=width)
    for _ in range(3):
        made.load_before()
        made.load_after()
    first, last = numbers(made)[0], numbers(made)[-1]
    assert heights(made) == expected[first - 1 : last]


def test_pages_above_end_at_the_beginning() -> None:
    rows = talk(3 * PAGE)
    made = window(rows)
    while made.load_before():
        pass
    assert made.at_start and made.above == 0
    assert numbers(made) == list(range(1, 3 * PAGE + 1))
    assert heights(made) == whole(rows)


def test_pages_below_end_at_the_end() -> None:
    made = window(talk(3 * PAGE), at=1)
    while made.load_after():
        pass
    assert made.at_end and made.below == 0
    assert numbers(made) == list(range(1, 3 * PAGE + 1))


def test_places_outlive_pages() -> None:
    made = window(LONG, at=1500)
    place = made.place_of(made.above + 40)
    assert place is not None
    for _ in range(3):
        made.load_before()
        made.trim(made.above)
    line = made.line_of(place)
    found = made.find(line)
    assert found is not None
    assert made.entries[found[0]].row.id == place.id


def test_memory_is_bounded_on_the_way_up_and_down() -> None:
    made = window(LONG)
    while made.load_before():
        made.trim(made.above)
        assert len(made.entries) < MOST + PAGE
    assert (made.at_start, made.at_end) == (True, False)
    assert made.below > 0
    total = made.total
    while made.load_after():
        made.trim(made.above + made.loaded)
        assert len(made.entries) < MOST + PAGE
    assert (made.at_start, made.at_end) == (False, True)
    assert abs(made.total - total) < PAGE * 4


def test_what_was_let_go_is_laid_out_alike_when_it_comes_back() -> None:
    expected = whole(LONG)
    made = window(LONG, at=1)
    for _ in range(10):
        made.load_after()
        made.trim(made.above + made.loaded)
    made.load_before()
    first = numbers(made)[0]
    assert heights(made) == expected[first - 1 : first - 1 + len(made.entries)]


def test_a_new_width_keeps_the_place() -> None:
    made = window(LONG, at=1500)
    place = made.place_of(made.top(PAGE))
    assert place is not None
    made.lay_out(Page(40, UTC))
    assert made.line_of(place) == made.top(PAGE)
    expected = whole(LONG, 40)
    first = numbers(made)[0]
    assert heights(made) == expected[first - 1 : first - 1 + len(made.entries)]


def test_a_row_at_the_end() -> None:
    made = window(LONG)
    made.put(row(3001))
    assert numbers(made)[-1] == 3001
    away = window(LONG, at=1500)
    total = away.total
    away.put(row(3001))
    assert numbers(away)[-1] != 3001
    assert away.total > total


def test_a_row_in_the_middle_parts_a_run() -> None:
    rows = [row(number, minutes=number / 10) for number in range(1, 9, 2)]
    made = window(rows)
    made.put(row(4, author="Bo", minutes=0.4))
    rows.append(row(4, author="Bo", minutes=0.4))
    rows.sort(key=lambda one: one.position)
    assert numbers(made) == [1, 3, 4, 5, 7]
    assert heights(made) == whole(rows)


def test_a_row_above_what_is_loaded_is_a_guess() -> None:
    made = window(LONG)
    above = made.above
    made.put(row(10, position=(10 << 16) + 5))
    assert made.above > above
    assert numbers(made)[0] == 3000 - PAGE + 1


def test_the_row_before_the_first_one_may_change() -> None:
    made = window(LONG)
    prior = 3000 - PAGE
    made.put(row(prior, author="somebody else"))
    changed = [*LONG[: prior - 1], row(prior, author="somebody else"), *LONG[prior:]]
    assert heights(made) == whole(changed)[prior:]


def test_a_row_between_that_and_the_first_one() -> None:
    made = window(LONG)
    at = ((3000 - PAGE) << 16) + 9
    made.put(row(9999, position=at))
    assert made.entries[0].row.position == at


def test_a_row_at_the_very_beginning() -> None:
    made = window([row(5), row(6)])
    made.put(row(2))
    assert numbers(made) == [2, 5, 6]
    assert heights(made) == whole([row(2), row(5), row(6)])


def test_a_waiting_message_takes_its_place() -> None:
    waiting = row(77, "mine", "you", position=WAITING_FROM + 1, state=MessageState.WAITING)
    made = window([row(1), waiting])
    made.put(row(2))
    assert [each.row.id for each in made.entries] == [row(1).id, row(2).id, waiting.id]
    made.put(row(77, "mine", "you", position=3 << 16), was=WAITING_FROM + 1)
    assert [each.row.position for each in made.entries] == [1 << 16, 2 << 16, 3 << 16]
    assert heights(made) == whole([row(1), row(2), row(77, "mine", "you", position=3 << 16)])


def test_a_row_that_changes_is_drawn_anew() -> None:
    made = window([row(1), row(2), row(3)])
    serial = made.entries[1].serial
    made.put(row(2, "longer " * 40))
    assert made.entries[1].serial != serial
    assert made.entries[1].height > 1
    assert numbers(made) == [1, 2, 3]


def test_what_counts_as_read_may_change() -> None:
    made = window([row(1), row(2)])
    plain = made.total
    made.read_to(1 << 16)
    assert made.total > plain
    made.read_to(None)
    assert made.total == plain


@given(st.data())
def test_after_any_changes_it_is_as_if_opened_anew(data: st.DataObject) -> None:
    """Rows come, change and move in any order; what is loaded equals a fresh look."""
    shelf = Shelf([row(number * 3, minutes=number) for number in range(1, 12)])
    made = Window(shelf, Page(40, UTC))
    made.open_end()
    for _ in range(data.draw(st.integers(1, 12))):
        number = data.draw(st.integers(1, 45))
        author = data.draw(st.sampled_from(["maya", "Bo"]))
        was = data.draw(st.sampled_from([None, *(one.position for one in shelf.rows)]))
        new = row(number, data.draw(st.sampled_from(["short", "long " * 30])), author)
        shelf.put(new, was)
        made.put(new, was)
    fresh = Window(shelf, Page(40, UTC))
    fresh.open_end()
    assert [each.row for each in made.entries] == [each.row for each in fresh.entries]
    assert heights(made) == heights(fresh)
    assert made.total == fresh.total


def test_another_density_says_everything_anew() -> None:
    rows = talk(PAGE * 2)
    there = window(rows)
    there.lay_out(Page(80, UTC, dense=True))
    dense = Window(Shelf(list(rows)), Page(80, UTC, dense=True))
    dense.open_end()
    for made in (there, dense):
        while made.load_before():
            pass
    assert [each.text for each in there.entries] == [each.text for each in dense.entries]
    assert heights(there) == heights(dense)
    there.lay_out(Page(80, UTC))
    assert heights(there) == whole(rows)
