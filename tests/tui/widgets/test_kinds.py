"""What was done to messages, and what else they may be, as a conversation shows it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.tui.hostile import payloads
from tests.tui.screen_text import assert_screen
from tests.tui.widgets.shelf import row
from tests.tui.widgets.test_conversation import drawn, hall
from tests.tui.widgets.test_layout import BLANK, DAY, HEAD, QUOTE, TEXT, entries, kinds
from tui.engine.events import MessageState, PollFacts, Quote, Reaction, Row, RowKind
from tui.widgets.layout import together
from tui.widgets.paint import NOT_HERE, TAKEN_BACK

QUOTED = Quote(id="1", author="maya", author_id="maya", text="Ferry is booked", hue=0)
GONE = msgspec.structs.replace(QUOTED, text="")


def done(base: Row, **changes: Any) -> Row:
    return msgspec.structs.replace(base, **changes)


KINDS = [
    row(1, "Ferry is booked — five of us, Saturday 07:10 from Bodø."),
    done(
        row(2, "I'll set three alarms, and one more for everyone else.", "Jonas", hue=1),
        reply=QUOTED,
        reactions=[Reaction("♥", ["maya", "Teo"]), Reaction("👍", ["priya"])],
        edited=True,
    ),
    done(row(3, "waves", "Jonas", hue=1), me=True),
    done(row(4, "So?", "Teo", hue=3), reply=Quote(id="9")),
    done(row(5, "Found it!", "Teo", hue=3), reply=GONE, pinned=True),
    done(
        row(6, "Where do we meet?", "priya", hue=2),
        poll=PollFacts(["at the station", "on board"], False, [0], [["maya", "Teo", "Jo"], []]),
    ),
    done(row(7, "When?", "priya", hue=2), poll=PollFacts(["at six", "at seven"], True)),
    done(row(8, "maya took a message back.", kind=RowKind.NOTICE), deleted=True),
]


@pytest.mark.slow
@pytest.mark.parametrize("size", [(60, 30), (80, 32), (120, 40)])
async def test_looks(size: tuple[int, int]) -> None:
    async with hall(KINDS, size, me="Ana") as (app, _):
        assert_screen(app, f"kinds_{size[0]}x{size[1]}")


def test_what_is_answered_has_a_line_of_its_own() -> None:
    first, answer = entries(done(row(1), reply=QUOTED), done(row(2), reply=QUOTED))
    assert kinds(first) == [BLANK, DAY, BLANK, HEAD, QUOTE, TEXT]
    assert kinds(answer) == [QUOTE, TEXT], "a run goes on"


def test_what_was_done_is_no_part_of_the_text() -> None:
    (made,) = entries(
        done(row(1, "hello"), edited=True, pinned=True, reactions=[Reaction("♥", ["Bo"])])
    )
    assert made.body == "hello"
    assert made.text == "hello   edited   pinned\n♥ Bo"
    (waiting,) = entries(done(row(1, "hello", state=MessageState.WAITING), edited=True))
    assert waiting.text == "hello   waiting   edited"


def test_a_poll_says_who_chose_what_to_who_has_chosen() -> None:
    (asked,) = entries(done(row(1, "Where?"), poll=PollFacts(["here", "there"], False)))
    assert asked.body == "Where?\n1. here\n2. there"
    chosen = PollFacts(["here", "there"], False, [1], [["Bo"], ["Ana", "Cleo"]])
    (told,) = entries(done(row(1, "Where?"), poll=chosen))
    assert told.body == "Where?\n1. here   Bo\n2. there   Ana and Cleo"


def test_names_are_said_as_people_say_them() -> None:
    assert together(["Ana"]) == "Ana"
    assert together(["Ana", "Bo"]) == "Ana and Bo"
    assert together(["Ana", "Bo", "C\x1b"]) == "Ana, Bo and C␛"


@pytest.mark.slow
async def test_an_answer_says_to_what() -> None:
    for quote, shown in (
        (QUOTED, "╭ maya  Ferry is booked"),
        (GONE, f"╭ maya  {TAKEN_BACK}"),
        (Quote(id="9"), f"╭ {NOT_HERE}"),
        (msgspec.structs.replace(QUOTED, text="x" * 200), "╭ maya  " + "x" * 46 + "…"),
    ):
        async with hall([done(row(1, "Yes"), reply=quote)]) as (app, _):
            assert app.lines[-2].strip() == shown
            assert app.lines[-1].strip() == "Yes"


@pytest.mark.slow
async def test_what_is_done_is_shown_at_once() -> None:
    async with hall([row(1, "hello"), row(2, "you")]) as (app, pilot):
        app.put(done(row(1, "hello"), reactions=[Reaction("♥", ["Bo"])]))
        await drawn(app, pilot)
        assert [line.strip() for line in app.lines[-3:]] == ["hello", "♥ Bo", "you"]
        app.put(done(row(1, "good day"), edited=True))
        await drawn(app, pilot)
        assert [line.strip() for line in app.lines[-2:]] == ["good day   edited", "you"]


@pytest.mark.slow
@pytest.mark.parametrize("text", [payload.text for payload in payloads()][::7])
async def test_nothing_that_is_done_reaches_the_terminal_raw(text: str) -> None:
    hostile = done(
        row(1, text, author=text),
        me=True,
        reply=Quote(id="1", author=text, text=text, hue=1),
        reactions=[Reaction(text, [text, text])],
        poll=PollFacts([text, "b"], False, [0], [[text], []]),
    )
    async with hall([hostile], (80, 30)) as (app, _):
        for line in app.lines:
            assert all(ord(each) >= 32 and each not in "\u202e\u2066\u200b" for each in line)
