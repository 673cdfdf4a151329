"""Which lines a row takes."""

from __future__ import annotations

from datetime import UTC

import pytest

from tests.tui.widgets.shelf import row
from tui.engine.events import MessageState, Row, RowKind
from tui.widgets.layout import MEASURE, UNKNOWN_TEXT, Entry, LineKind, Page, entry, lay_out, lead

PAGE = Page(80, UTC)
BLANK, DAY, NEW, HEAD, QUOTE, TEXT = LineKind


def entries(*rows: Row, page: Page = PAGE, first: Entry | None = None) -> list[Entry]:
    made: list[Entry] = []
    for one in rows:
        made.append(entry(one, made[-1] if made else first, page))
    return made


def kinds(made: Entry) -> list[LineKind]:
    return [line.kind for line in made.lines]


def test_the_beginning_has_a_day_and_a_name() -> None:
    (first,) = entries(row(1, "hello"))
    assert kinds(first) == [BLANK, DAY, BLANK, HEAD, TEXT]
    assert first.height == 5
    assert first.text[slice(*first.lines[-1][1:])] == "hello"


def test_a_run_has_one_name() -> None:
    _, second = entries(row(1), row(2, minutes=7))
    assert kinds(second) == [TEXT]


@pytest.mark.parametrize(
    "second",
    [
        row(2, minutes=7.1),
        row(2, minutes=-0.1),
        row(2, author="Bo"),
        row(2, by="Bo", kind=RowKind.PASSED_ON),
        row(2, late=True),
    ],
)
def test_a_run_ends(second: Row) -> None:
    assert kinds(entries(row(1), second)[1]) == [BLANK, HEAD, TEXT]


def test_a_day_begins() -> None:
    assert kinds(entries(row(1), row(2, minutes=15 * 60))[1]) == [BLANK, DAY, BLANK, HEAD, TEXT]


def test_a_clock_that_is_off_makes_no_day() -> None:
    first, wrong, after = entries(
        row(1), row(2, minutes=-60 * 24 * 300, late=True), row(3, minutes=1)
    )
    assert DAY not in kinds(wrong)
    assert DAY not in kinds(after)
    assert wrong.day == first.day


def test_the_new_line_stands_before_the_first_unread_row() -> None:
    page = Page(80, UTC, read=2 << 16)
    made = entries(*(row(number) for number in range(1, 5)), page=page)
    assert [NEW in kinds(each) for each in made] == [False, False, True, False]
    assert kinds(made[2]) == [BLANK, NEW, BLANK, HEAD, TEXT]


def test_the_new_line_joins_a_day_line() -> None:
    page = Page(80, UTC, read=1 << 16)
    made = entries(row(1), row(2, minutes=15 * 60), page=page)
    assert kinds(made[1]) == [BLANK, DAY, BLANK, NEW, BLANK, HEAD, TEXT]


def test_where_all_is_new_no_line_says_so() -> None:
    assert NEW not in kinds(entries(row(1), page=Page(80, UTC, read=0))[0])


def test_notices_stand_together_and_end_runs() -> None:
    notice = RowKind.NOTICE
    made = entries(
        row(1), row(2, "Bo is here.", kind=notice), row(3, "Cy is here.", kind=notice), row(4)
    )
    assert [kinds(each) for each in made[1:]] == [[BLANK, TEXT], [TEXT], [BLANK, HEAD, TEXT]]
    assert made[1].text == "Bo is here.   09:00"


@pytest.mark.parametrize(
    ("state", "unconfirmed", "tail"),
    [
        (MessageState.WAITING, False, "   waiting"),
        (MessageState.SENT, False, "   on its way"),
        (MessageState.DELIVERED, False, ""),
        (MessageState.DELIVERED, True, "   nobody has confirmed this yet"),
        (MessageState.CONFIRMED, False, ""),
        (MessageState.RECEIVED, False, ""),
    ],
)
def test_states_are_told_in_words(state: MessageState, unconfirmed: bool, tail: str) -> None:
    (made,) = entries(row(1, "hi", state=state, unconfirmed=unconfirmed, mine=True))
    assert (made.body, made.tail) == ("hi", tail)


def test_unknown_kinds_are_named() -> None:
    (made,) = entries(row(1, "\x00", kind=RowKind.UNKNOWN))
    assert made.body == UNKNOWN_TEXT


def test_what_comes_from_elsewhere_is_made_safe() -> None:
    (made,) = entries(row(1, "\x1b[31m", "Bo\x1b"))
    assert (made.name, made.body) == ("Bo␛", "␛[31m")


def test_text_is_at_most_as_wide_as_is_read_with_ease() -> None:
    long = "word " * 100
    for width, measure in ((200, MEASURE), (60, 56), (10, 8)):
        page = Page(width, UTC)
        assert page.measure == measure
        (made,) = entries(row(1, long), page=page)
        assert max(line.end - line.start for line in made.lines) <= measure + 1


def test_a_layout_has_a_serial_of_its_own() -> None:
    first, second = entries(row(1), row(2))
    before = second.serial
    lay_out(second, first, Page(40, UTC))
    assert second.serial != before


def test_dense_rows_take_a_line_each() -> None:
    page = Page(80, UTC, read=1 << 16, dense=True)
    first, second, other = entries(row(1), row(2), row(3, author="Bo"), page=page)
    assert kinds(first) == [DAY, TEXT]
    assert kinds(second) == [NEW, TEXT]
    assert kinds(other) == [TEXT]
    assert page.lead + page.measure < Page(80, UTC).width


def test_dense_rows_say_what_their_head_would_say() -> None:
    page = Page(80, UTC, dense=True)
    (made,) = entries(row(1, "hello", by="Bo", kind=RowKind.PASSED_ON, late=True), page=page)
    assert made.text == "hello   by a clock that is off   passed on by Bo"
    (notice,) = entries(row(1, "Bo is here.", kind=RowKind.NOTICE), page=page)
    assert notice.text == "Bo is here."


def test_names_have_less_room_where_there_is_little() -> None:
    assert lead(120) > lead(60)
