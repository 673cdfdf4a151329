"""The small parts: chairs, header, hints, people, the list of circles."""

from __future__ import annotations

import msgspec
import pytest
from textual.app import App, ComposeResult

from tests.tui.screen_text import screen_text
from tui.actions import Where
from tui.engine.events import CircleFacts, LinkState, MemberFacts
from tui.glyphs import ASCII, UNICODE
from tui.keys import Keys
from tui.themes import THEMES
from tui.widgets.chairs import DRAWN_MOST, chairs
from tui.widgets.circle_list import CircleList
from tui.widgets.header import elsewhere, header
from tui.widgets.hint_line import hint_content
from tui.widgets.people import people

FACTS = CircleFacts(
    id="aa", name="Lofoten trip", topic="", relay="chat.example.org", cap=8, chairs=5, me="Ana",
    link=LinkState.ONLINE,
)  # fmt: skip


def changed(**changes: object) -> CircleFacts:
    return msgspec.structs.replace(FACTS, **changes)


def test_chairs() -> None:
    assert chairs(5, 8).plain == "●●●●●○○○ 5 of 8"
    assert chairs(5, 8, ASCII).plain == "*****ooo 5 of 8"
    assert chairs(9, 8).plain == "●●●●●●●● 9 of 8"
    assert chairs(3, DRAWN_MOST + 1).plain == f"3 of {DRAWN_MOST + 1}"


def test_the_header_shows_as_much_of_the_topic_as_has_room() -> None:
    assert header(FACTS, UNICODE, 80).plain == "Lofoten trip   ●●●●●○○○ 5 of 8"
    topical = changed(topic="27 to 30 June, with all that belongs to it")
    assert header(topical, UNICODE, 100).plain.endswith(
        "27 to 30 June, with all that belongs to it"
    )
    assert header(topical, UNICODE, 60).plain.endswith("27 to 30 June, with all th…")
    assert header(topical, UNICODE, 40).plain.endswith("5 of 8")


@pytest.mark.parametrize("width", [30, 40, 60, 100])
def test_the_header_fits_whatever_the_circle_is_called(width: int) -> None:
    long = changed(name="林小雨\x1b[31m" * 6, topic="\u202etopic" * 20)
    line = header(long, UNICODE, width)
    assert line.cell_length <= max(width, 30)
    assert "\x1b" not in line.plain and "\u202e" not in line.plain


def test_elsewhere_there_is_a_mark_and_no_number() -> None:
    assert elsewhere([FACTS], UNICODE, Keys()).plain == "^k circles"
    assert elsewhere([FACTS, changed(news=True)], UNICODE, Keys()).plain == "^k circles •"
    assert (
        elsewhere([changed(news=True), changed(mentioned=True)], UNICODE, Keys()).plain
        == "^k circles @"
    )


def test_hints_go_as_far_as_there_is_room() -> None:
    assert hint_content(Where.COMPOSER, 33, Keys()).plain == "enter send   f1 help"
    assert hint_content(Where.COMPOSER, 34, Keys()).plain == "enter send   ^j new line   f1 help"
    assert hint_content(Where.COMPOSER, 7, Keys()).plain == "f1 help"
    assert hint_content(Where.COMPOSER, 200, Keys()).plain.endswith("f1 help")
    assert hint_content(Where.MESSAGES, 20, Keys()).plain.startswith("i write")
    assert hint_content(Where.COMPOSER, 0, Keys()).plain == ""


def test_people_with_who_let_them_in() -> None:
    ana = MemberFacts(
        id="01", name="Ana", hue=0, host=True, me=True, devices=["laptop"], join_number=0
    )
    bo = MemberFacts(
        id="02", name="Bo\u202e", hue=1, host=False, me=False, devices=[], join_number=1,
        invited_by="Ana", admitted_by="Ana",
    )  # fmt: skip
    cy = msgspec.structs.replace(bo, name="Cy", admitted_by="Bo", verified=True, new_device=True)
    assert people([ana, bo, cy], UNICODE).plain.split("\n") == [
        "Ana  you, host",
        "Bo‹U+202E›",
        "  on Ana's code",
        "Cy",
        "  on Ana's code",
        "  let in by Bo",
        "  ◆ verified",
        "  ◇ new device, not verified",
    ]


class _ListApp(App[None]):
    chosen: str = ""

    def __init__(self) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def compose(self) -> ComposeResult:
        yield CircleList(id="circles")

    def on_circle_list_chosen(self, message: CircleList.Chosen) -> None:
        self.chosen = message.circle


async def test_the_list_has_names_and_marks() -> None:
    circles = [
        FACTS,
        changed(id="bb", name="Family", news=True),
        changed(id="cc", name="Kitchen", news=True, mentioned=True),
        changed(id="dd", name="Band", link=LinkState.OFFLINE),
        changed(id="ee", name="Old flat", left=True),
        changed(id="ff", name="Stopped", link=LinkState.STOPPED),
        changed(id="gg", name="A very long name that has no room\x07"),
    ]
    app = _ListApp()
    async with app.run_test(size=(28, 12)) as pilot:
        listed = app.query_one(CircleList)
        listed.show(circles, "aa", UNICODE)
        await pilot.pause()
        await pilot.pause()
        lines = [line.strip() for line in screen_text(app).split("\n") if line.strip()]
        assert lines[0] == "▎Lofoten trip"
        assert lines[1].split() == ["Family", "•"]
        assert lines[2].split() == ["Kitchen", "@"]
        assert lines[3].split() == ["Band", "○"]
        assert lines[4].split() == ["Old", "flat", "left"]
        assert lines[5].split() == ["Stopped", "▲"]
        assert lines[6].startswith("A very long") and lines[6].endswith("…")
        listed.focus()
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.chosen == "bb"
