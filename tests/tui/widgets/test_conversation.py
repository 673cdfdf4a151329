"""The conversation on a screen."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC

import pytest
from msgspec.structs import replace
from textual.app import ComposeResult
from textual.events import MouseScrollUp
from textual.geometry import Offset
from textual.message import Message
from textual.pilot import Pilot
from textual.selection import SELECT_ALL, Selection
from textual.widgets import Input

from tests.tui.brisk import Brisk, until
from tests.tui.screen_text import assert_screen, screen_text
from tests.tui.widgets.shelf import BEGIN, Shelf, row, talk
from tui.engine.events import MessageState, Row, RowKind
from tui.themes import PAPER
from tui.widgets.conversation import Conversation
from tui.widgets.layout import PATIENCE
from tui.widgets.rows import WAITING_FROM
from tui.widgets.window import MOST, PAGE

pytestmark = pytest.mark.slow  # every one is a whole app

LONG = talk(3000)
NOTICE, WARNING = RowKind.NOTICE, RowKind.WARNING
SHORT = [
    row(1, "You opened this circle.", "", kind=NOTICE, hue=-1),
    row(2, "Ferry is booked — five of us, one car, Saturday 07:10 from Bodø.", minutes=2),
    row(3, "Bring warm socks.", minutes=3),
    row(4, "太好了！I'll bring the tea. 明天見", "林小雨", minutes=31, hue=4),
    row(5, "Weather: https://yr.no/lofoten/ (calm until noon, then a south-westerly picks up, so I"
        " would rather not miss the early boat.)", "Jonas", minutes=60, hue=1),
    row(6, "Morning!\n\n  see you", minutes=22 * 60),
    row(7, "Bo is here, on the code that maya gave.", "", kind=NOTICE, hue=-1, minutes=22 * 60),
    row(8, "@Ana can you grab the blue bag?", "priya", minutes=22 * 60 + 4, hue=2),
    row(9, "Teo's view of this circle and yours have parted.", "", kind=WARNING, hue=-1,
        minutes=22 * 60 + 5),
    row(10, "said before", "Teo", kind=RowKind.PASSED_ON, by="Bo", minutes=22 * 60 + 5, hue=3),
    row(11, "", "Teo", kind=RowKind.UNKNOWN, minutes=22 * 60 + 5, hue=3, late=True),
    row(12, "Got it.", "Ana", minutes=22 * 60 + 6, mine=True, state=MessageState.WAITING,
        position=WAITING_FROM + 1),
]  # fmt: skip


class Hall(Brisk):
    """A conversation over a field."""

    def __init__(self, shelf: Shelf | None, patience: int = PATIENCE, **shown: object) -> None:
        super().__init__()
        self.patience = patience
        self.shelf = shelf
        self.shown = shown
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield Conversation(zone=UTC)
        yield Input()

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(Input).focus()
        self.conversation.patience = self.patience
        self.conversation.show(self.shelf, **self.shown)  # type: ignore[arg-type]

    def on_conversation_seen(self, message: Message) -> None:
        self.told.append(message)

    def on_conversation_follows(self, message: Message) -> None:
        self.told.append(message)

    def on_conversation_copy(self, message: Message) -> None:
        self.told.append(message)

    def on_conversation_write(self, message: Message) -> None:
        self.told.append(message)

    @property
    def conversation(self) -> Conversation:
        return self.query_one(Conversation)

    @property
    def lines(self) -> list[str]:
        """What the conversation shows, without the scroll bar."""
        return [
            self.conversation.render_line(y).text.rstrip()
            for y in range(self.conversation.size.height)
        ]

    def put(self, new: Row, was: int | None = None) -> None:
        """Something happened: it is in the database, and the widget is told."""
        assert self.shelf is not None
        self.shelf.put(new, was)
        self.conversation.changed(new, was)


@asynccontextmanager
async def hall(
    rows: list[Row] | None, size: tuple[int, int] = (60, 20), **shown: object
) -> AsyncIterator[tuple[Hall, Pilot[None]]]:
    app = Hall(None if rows is None else Shelf(list(rows)), **shown)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def drawn(app: Hall, pilot: Pilot[None]) -> None:
    """Wait until all that came in has been drawn."""
    while app.conversation.pending:
        await pilot.pause(0.01)
    await pilot.pause()


def first_number(app: Hall) -> int:
    """The number of the first message of which the beginning is in view."""
    for line in app.lines:
        if "#" in line:
            return int(line.split("#")[1].split()[0])
    raise AssertionError("no message is in view")


# What it looks like.


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
async def test_looks(size: tuple[int, int]) -> None:
    async with hall(SHORT, size, me="Ana", read=SHORT[6].position) as (app, _):
        assert_screen(app, f"conversation_{size[0]}x{size[1]}")


async def test_looks_with_the_cursor() -> None:
    async with hall(SHORT, (80, 24)) as (app, pilot):
        app.conversation.focus()
        await pilot.press("k", "k", "k")
        assert_screen(app, "conversation_cursor")


async def test_an_empty_one_speaks() -> None:
    sentence = "Only you so far. Invite someone: ^o"
    async with hall([], (60, 8), empty=sentence) as (app, pilot):
        assert app.conversation.empty
        assert app.lines[-1].strip() == sentence
        app.conversation.say_when_empty("○ offline, waiting to be sent")
        await pilot.pause()
        assert app.lines[-1].strip() == "○ offline, waiting to be sent"
        app.put(row(1, "hello"))
        await drawn(app, pilot)
        assert app.lines[-1].strip() == "hello"


async def test_nothing_is_shown_without_a_source() -> None:
    async with hall(None, empty="nothing") as (app, _):
        assert not "".join(app.lines).strip()
        assert not app.conversation.empty


async def test_a_short_one_sits_at_the_bottom() -> None:
    async with hall([row(1, "hello")]) as (app, _):
        assert app.lines[-1].strip() == "hello"
        assert not app.lines[0].strip()


async def test_links_and_mentions_stand_out() -> None:
    async with hall(SHORT, (200, 60), me="Ana") as (app, _):
        conversation = app.conversation
        styles = {
            segment.text: segment.style
            for y in range(conversation.size.height)
            for segment in conversation.render_line(y)
        }
        link, mention = styles["https://yr.no/lofoten/"], styles["@Ana"]
        assert link is not None and link.underline and link.link is None
        assert mention is not None and mention.bold


async def test_a_new_theme_is_drawn_at_once() -> None:
    async with hall(SHORT) as (app, pilot):
        app.theme = PAPER.name
        await pilot.pause()
        segment = next(iter(app.conversation.render_line(0)))
        assert segment.style is not None and segment.style.bgcolor is not None
        assert segment.style.bgcolor.name == PAPER.background


# Scrolling.


async def test_it_opens_at_the_end_and_reads_two_pages_at_most() -> None:
    async with hall(LONG) as (app, _):
        assert "#3000" in screen_text(app)
        assert app.conversation.following
        assert app.shelf is not None and sum(app.shelf.asked) <= 2 * (PAGE + 1)


async def test_scrolling_up_never_jumps() -> None:
    """Pages come in and guesses are mended above: the text moves by as much as was asked."""
    async with hall(LONG) as (app, pilot):
        before = app.lines
        for _ in range(250):
            app.conversation.scroll_relative(y=-5, animate=False)
            await pilot.pause(0)
            assert app.lines[5:] == before[:-5]
            before = app.lines
        assert not app.conversation.following


async def test_scrolling_all_the_way_up_ends_at_the_first_row() -> None:
    async with hall(talk(700)) as (app, pilot):
        app.conversation.focus()
        seen = [first_number(app)]
        while app.conversation.scroll_y:
            app.conversation.action_page_up()
            await pilot.pause(0)
            seen.append(first_number(app))
        assert seen == sorted(seen, reverse=True)
        assert seen[-1] == 1
        assert "Friday 26 June 2026" in app.lines[1]


async def test_all_the_way_up_and_down_again_in_bounded_memory() -> None:
    async with hall(talk(1000)) as (app, pilot):
        conversation = app.conversation
        conversation.focus()
        while conversation.scroll_y:
            conversation.action_page_up()
            await pilot.pause(0)
            assert len(conversation.loaded) < MOST + PAGE
        while not conversation.following:
            conversation.action_page_down()
            await pilot.pause(0)
            assert len(conversation.loaded) < MOST + PAGE
        assert "#1000" in screen_text(app)


async def test_the_scroll_bar_goes_anywhere() -> None:
    async with hall(LONG) as (app, pilot):
        conversation = app.conversation
        conversation.scroll_to(y=conversation.max_scroll_y / 2, animate=False)
        await pilot.pause()
        assert 1200 < first_number(app) < 1800
        conversation.scroll_to(y=0, animate=False)
        await pilot.pause()
        assert first_number(app) < 10 * PAGE
        conversation.scroll_end(animate=False)
        await pilot.pause()
        assert first_number(app) > 2500


async def test_first_and_last() -> None:
    async with hall(LONG) as (app, pilot):
        app.conversation.focus()
        await pilot.press("g")
        assert first_number(app) == 1
        assert app.conversation.cursor == LONG[0].id
        await pilot.press("G")
        assert "#3000" in screen_text(app)
        assert app.conversation.cursor == LONG[-1].id
        assert app.conversation.following


async def test_it_jumps_to_rows_that_are_not_loaded() -> None:
    async with hall(LONG) as (app, pilot):
        app.conversation.jump(LONG[1000].position)
        await pilot.pause()
        assert "#1001 " in screen_text(app) + " "
        app.conversation.jump(LONG[1002].position)
        await pilot.pause()
        assert "#1003" in screen_text(app)
        app.conversation.jump(LONG[-1].position + 5)
        await pilot.pause()


async def test_to_the_new_line() -> None:
    async with hall(LONG, read=LONG[1999].position) as (app, pilot):
        app.conversation.focus()
        await pilot.press("n")
        text = screen_text(app)
        assert " new ─" in text and "#2001" in text
        assert app.conversation.cursor == LONG[2000].id


async def test_it_opens_where_the_new_begins() -> None:
    async with hall(LONG, read=LONG[1999].position) as (app, _):
        assert " new ─" in screen_text(app) and "#2001" in screen_text(app)
        assert not app.conversation.following
        seen = [one.position for one in app.told if isinstance(one, Conversation.Seen)]
        assert max(seen) < LONG[2050].position


async def test_a_little_that_is_new_is_at_the_end() -> None:
    async with hall(LONG, read=LONG[2996].position) as (app, _):
        assert " new ─" in screen_text(app) and "#3000" in screen_text(app)
        assert app.conversation.following


async def test_where_nothing_is_new_the_key_does_nothing() -> None:
    async with hall(LONG) as (app, pilot):
        app.conversation.focus()
        await pilot.pause()
        before = app.lines
        await pilot.press("n")
        assert app.lines == before


@pytest.mark.parametrize("width", [40, 110])
async def test_a_new_width_keeps_what_is_read(width: int) -> None:
    async with hall(LONG) as (app, pilot):
        app.conversation.jump(LONG[1500].position)
        await pilot.pause()
        top = first_number(app)
        await pilot.resize_terminal(width, 20)
        await pilot.pause()
        assert abs(first_number(app) - top) <= 1
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
        assert abs(first_number(app) - top) <= 1


async def test_the_end_stays_in_view_when_the_terminal_changes() -> None:
    async with hall(LONG) as (app, pilot):
        for size in ((40, 30), (120, 12), (60, 20)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert "#3000" in screen_text(app)
            assert app.conversation.following


async def test_the_wheel_scrolls() -> None:
    async with hall(LONG) as (app, pilot):
        before = app.lines
        wheel = MouseScrollUp(app.conversation, 5, 5, 0, 0, 0, False, False, False, 5, 5)
        app.conversation.post_message(wheel)
        await pilot.pause()
        assert app.lines != before
        assert app.lines[2:] == before[:-2]


# News.


async def test_what_comes_in_is_followed() -> None:
    async with hall(LONG) as (app, pilot):
        for number in range(3001, 3010):
            app.put(row(number, f"#{number} new"))
            await drawn(app, pilot)
            assert f"#{number}" in screen_text(app)
        assert app.conversation.following


async def test_a_reader_further_up_is_left_alone() -> None:
    async with hall(LONG) as (app, pilot):
        app.conversation.scroll_relative(y=-30, animate=False)
        await pilot.pause()
        before = app.lines
        app.put(row(3001, "#3001 new"))
        await drawn(app, pilot)
        assert app.lines == before
        follows = [one for one in app.told if isinstance(one, Conversation.Follows)]
        assert [(one.following, one.missed) for one in follows] == [(False, False), (False, True)]
        assert app.conversation.missed
        app.conversation.focus()
        await pilot.press("G")
        assert "#3001" in screen_text(app)
        assert not app.conversation.missed


async def test_rows_that_come_late_do_not_move_the_text() -> None:
    async with hall(LONG) as (app, pilot):
        app.conversation.jump(LONG[1500].position)
        await pilot.pause()
        before = app.lines
        for number in (1480, 1400, 5):
            late = row(9000 + number, "late\n\n\nand long", position=(number << 16) + 7)
            app.put(late)
            await drawn(app, pilot)
            assert app.lines == before


async def test_a_flood_is_read_as_one_page() -> None:
    async with hall(LONG) as (app, pilot):
        app.put(row(3001, "#3001 first"))
        assert app.shelf is not None
        app.shelf.asked.clear()
        for number in range(3002, 5000):
            app.put(row(number, f"#{number} flood"))
        await drawn(app, pilot)
        assert "#4999" in screen_text(app)
        assert sum(app.shelf.asked) < 6 * PAGE


async def test_a_flood_leaves_a_reader_further_up_alone() -> None:
    async with hall(LONG) as (app, pilot):
        app.conversation.jump(LONG[1500].position)
        await pilot.pause()
        before = app.lines
        for number in range(3001, 3400):
            app.put(row(number, f"#{number} flood"))
        await drawn(app, pilot)
        assert app.lines == before


async def test_a_message_goes_its_way() -> None:
    waiting = row(13, "on my way", "Ana", minutes=22 * 60 + 7, mine=True,
                  state=MessageState.WAITING, position=WAITING_FROM + 2)  # fmt: skip
    async with hall(SHORT[:-1], (60, 20)) as (app, pilot):
        app.put(waiting)
        await drawn(app, pilot)
        assert app.lines[-1].split() == ["on", "my", "way", "waiting"]
        sent = row(13, "on my way", "Ana", minutes=22 * 60 + 7, mine=True, position=14 << 16,
                   state=MessageState.DELIVERED)  # fmt: skip
        app.put(sent, WAITING_FROM + 2)
        await drawn(app, pilot)
        assert app.lines[-1].split() == ["on", "my", "way"]
        assert screen_text(app).count("on my way") == 1


async def test_what_was_in_view_is_told_once() -> None:
    async with hall(SHORT, (60, 40)) as (app, pilot):
        seen = [one.position for one in app.told if isinstance(one, Conversation.Seen)]
        # The last row waits, and has no place yet.
        assert seen == [SHORT[-2].position]
        app.put(row(13, "more"))
        await drawn(app, pilot)
        seen = [one.position for one in app.told if isinstance(one, Conversation.Seen)]
        assert seen == [SHORT[-2].position, 13 << 16]


async def test_nothing_is_seen_while_nobody_looks() -> None:
    async with hall(SHORT, (60, 40)) as (app, pilot):
        app.told.clear()
        app.app_focus = False
        app.put(row(13, "more"))
        await drawn(app, pilot)
        assert app.told == []
        app.app_focus = True
        await pilot.pause()
        assert [one.position for one in app.told if isinstance(one, Conversation.Seen)] == [
            13 << 16
        ]


async def test_what_was_not_in_view_is_not_told() -> None:
    async with hall(LONG) as (app, pilot):
        app.told.clear()
        app.conversation.scroll_relative(y=-60, animate=False)
        app.put(row(3001))
        await drawn(app, pilot)
        assert not [one for one in app.told if isinstance(one, Conversation.Seen)]


# Another conversation.


async def test_one_comes_back_to_where_one_was() -> None:
    async with hall(LONG) as (app, pilot):
        conversation = app.conversation
        places = [conversation.place]
        conversation.jump(LONG[1500].position)
        await pilot.pause()
        before, place = app.lines, conversation.place
        assert places == [None] and place is not None
        app.screen.selections = {conversation: Selection(None, None)}
        conversation.show(Shelf(list(SHORT)), me="Ana")
        await pilot.pause()
        assert conversation.text_selection is None
        assert "Got it." in screen_text(app)
        conversation.show(app.shelf, at=place)
        await pilot.pause()
        assert app.lines == before


async def test_news_of_what_is_not_shown_any_more_is_dropped() -> None:
    async with hall(LONG) as (app, pilot):
        app.conversation.changed(row(3001, "of the other one"))
        app.conversation.changed(row(3002, "of the other one"))
        app.conversation.show(Shelf(list(SHORT)))
        await drawn(app, pilot)
        assert "of the other one" not in screen_text(app)
        app.conversation.show(None)
        app.conversation.changed(row(3003))
        await drawn(app, pilot)


# The cursor.


async def test_the_cursor_begins_at_the_bottom_and_moves() -> None:
    async with hall(SHORT, (60, 40)) as (app, pilot):
        conversation = app.conversation
        conversation.focus()
        await pilot.pause()
        assert conversation.cursor == SHORT[-1].id
        await pilot.press("k", "k", "up")
        assert conversation.cursor == SHORT[-4].id
        await pilot.press("j", "down")
        assert conversation.cursor == SHORT[-2].id
        await pilot.press("j", "j", "j")
        assert conversation.cursor == SHORT[-1].id
        assert [line[0] for line in app.lines if "Got it." in line] == ["▎"]
        app.query_one(Input).focus()
        await pilot.pause()
        assert "▎" not in "".join(app.lines)


async def test_the_view_follows_the_cursor() -> None:
    async with hall(LONG) as (app, pilot):
        app.conversation.focus()
        await pilot.pause()
        for number in range(3000, 2850, -1):
            assert re.search(rf"#{number}\b", "\n".join(app.lines)), number
            app.conversation.action_older()
            await pilot.pause(0)
        for _ in range(200):
            app.conversation.action_newer()
        await pilot.pause()
        assert app.conversation.following


async def test_copying_a_message() -> None:
    async with hall(SHORT) as (app, pilot):
        app.conversation.focus()
        await pilot.press("y", "escape")
        copied = [one.text for one in app.told if isinstance(one, Conversation.Copy)]
        assert copied == ["Got it."]
        assert isinstance(app.told[-1], Conversation.Write)


async def test_a_click_sets_the_cursor() -> None:
    async with hall(SHORT) as (app, pilot):
        y = next(at for at, line in enumerate(app.lines) if "said before" in line)
        await pilot.click(Conversation, offset=(10, y))
        assert app.conversation.cursor == SHORT[9].id


async def test_keys_on_an_empty_one_do_nothing() -> None:
    async with hall([]) as (app, pilot):
        app.conversation.focus()
        await pilot.press("k", "j", "g", "G", "n", "y", "pageup", "pagedown")
        assert app.conversation.cursor is None
        assert not [one for one in app.told if isinstance(one, Conversation.Copy)]


# Selecting.


async def test_a_drag_selects_across_messages() -> None:
    async with hall(LONG) as (app, pilot):
        at = {
            number: y
            for y, line in enumerate(app.lines)
            for number in range(2980, 3001)
            if re.search(rf"#{number}\b", line)
        }
        first, last = sorted(at)[-3], sorted(at)[-1]
        await pilot.mouse_down(Conversation, offset=(4, at[first]))
        await pilot.hover(Conversation, offset=(7, at[last]))
        await pilot.mouse_up(Conversation, offset=(7, at[last]))
        await pilot.pause()
        selected = app.screen.get_selected_text()
        assert selected is not None
        assert len(selected.splitlines()) >= 3
        assert selected.splitlines()[0].split(": ", 1)[1].startswith(f"{first} ")
        assert selected.endswith(f": #{last}")
        await pilot.resize_terminal(40, 20)
        app.put(row(3001))
        await drawn(app, pilot)
        assert app.screen.get_selected_text() == selected


async def test_a_selection_may_reach_beyond_what_is_loaded() -> None:
    async with hall(LONG) as (app, _):
        selection = Selection(Offset(0, LONG[100].position), Offset(3, LONG[2999].position))
        app.screen.selections = {app.conversation: selection}
        selected = app.screen.get_selected_text()
        assert selected is not None
        assert len([line for line in selected.splitlines() if "#" in line]) == 2900


async def test_within_one_message_the_text_alone_is_copied() -> None:
    async with hall(SHORT) as (app, _):
        selection = Selection(Offset(4, SHORT[9].position), Offset(8, SHORT[9].position))
        app.screen.selections = {app.conversation: selection}
        assert app.screen.get_selected_text() == " bef"


async def test_from_above_the_text_it_begins_with_the_text() -> None:
    async with hall(SHORT, (60, 40)) as (app, pilot):
        y = next(at for at, line in enumerate(app.lines) if "said before" in line)
        await pilot.mouse_down(Conversation, offset=(5, y - 1))
        await pilot.hover(Conversation, offset=(6, y))
        await pilot.mouse_up(Conversation, offset=(6, y))
        await pilot.pause()
        assert app.screen.get_selected_text() == "said"


async def test_everything_selected_is_what_is_loaded() -> None:
    async with hall(SHORT, (60, 40)) as (app, _):
        got = app.conversation.get_selection(SELECT_ALL)
        assert got is not None
        assert got[0].splitlines()[0] == "09:00 You opened this circle."
        assert got[0].splitlines()[-1] == "07:06 Ana: Got it."


async def test_nothing_is_selected_where_nothing_is() -> None:
    async with hall([]) as (app, _):
        assert app.conversation.get_selection(SELECT_ALL) is None


@pytest.mark.parametrize("there", [True, False])
async def test_that_a_message_waits_is_said_once_it_does(there: bool) -> None:
    clock = [BEGIN]
    mine = row(9, "Mine.", "Ana", mine=True, state=MessageState.WAITING, position=WAITING_FROM + 1)
    rows = [*SHORT[:3], mine] if there else SHORT[:3]
    async with hall(rows, now=lambda: clock[0], patience=5) as (app, pilot):
        if not there:
            app.put(mine)
        await drawn(app, pilot)
        await pilot.pause(0.01)  # looked at again, and still fresh
        assert app.lines[-1] == "   Mine."
        clock[0] += 5
        await until(pilot, lambda: app.lines[-1] == "   Mine.   waiting")


async def test_a_message_that_goes_at_once_says_nothing_of_waiting() -> None:
    mine = row(9, "Mine.", "Ana", mine=True, state=MessageState.WAITING, position=WAITING_FROM + 1)
    async with hall(SHORT[:3], now=lambda: BEGIN) as (app, pilot):
        app.put(mine)
        await drawn(app, pilot)
        assert app.lines[-1] == "   Mine."
        sent = replace(mine, state=MessageState.DELIVERED, position=9 << 16)
        app.put(sent, mine.position)
        await drawn(app, pilot)
        app.conversation._say_what_waits()
        assert not app.conversation.pending
        assert app.lines[-1] == "   Mine."


async def test_looking_at_what_waits_overtakes_no_news() -> None:
    """It has gone, which is not drawn yet when it is looked at whether it waits still."""
    mine = row(9, "Mine.", "Ana", mine=True, state=MessageState.WAITING, position=WAITING_FROM + 1)
    async with hall(SHORT[:3], now=lambda: BEGIN) as (app, pilot):
        app.put(mine)
        await drawn(app, pilot)
        app.put(row(8, "Another's."))
        app.put(replace(mine, state=MessageState.DELIVERED, position=9 << 16), mine.position)
        assert app.conversation.pending
        app.conversation._say_what_waits()
        await drawn(app, pilot)
        assert [line.strip() for line in app.lines].count("Mine.") == 1
        assert not any("waiting" in line for line in app.lines)
