"""Days, runs and remarks."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from tests.tui.keepsake.shelf import BEGIN, DONE, ROWS, keepsake, row
from tui.engine.events import Quote, RowKind
from tui.keepsake.what import UNKNOWN, Keepsake, said, staying


def test_days_begin_where_the_clock_on_the_wall_says_so() -> None:
    kept = list(said(keepsake(), ROWS))
    assert [each.day for each in kept if each.day] == [
        "Thursday, 5 March 2026",
        "Friday, 6 March 2026",
    ]
    assert kept[1].day == "" and kept[2].day == "Friday, 6 March 2026"
    assert kept[2].named, "a day begins a run, too"


def test_a_name_stands_above_a_run() -> None:
    rows = [
        row(11, "a"),
        row(16, "b"),
        row(22, "after more than five minutes"),
        row(23, "who came in", kind=RowKind.NOTICE),
        row(24, "after a notice"),
        row(25, "of somebody else", "Bo"),
        row(26, "passed on", "Bo", RowKind.PASSED_ON, by="Ana"),
    ]
    named = [each.named for each in said(keepsake(), rows)]
    assert named == [True, False, True, False, True, True, True]


def test_what_is_said_of_a_row() -> None:
    kept = list(said(keepsake(), ROWS))
    assert (kept[0].author, kept[0].warning, kept[7].warning) == ("", False, True)
    assert kept[5].remark == "passed on by Bo"
    assert kept[6].text == UNKNOWN
    assert [each.remark for each in kept if each.remark] == ["passed on by Bo", "not sent yet"]


def test_who_kept_it_and_when() -> None:
    kept = keepsake("A\x1b[31m", "B\u202e", "Ana", "B\x07")
    assert (kept.name, kept.topic, kept.people()) == ("A␛[31m", "B‹U+202E›", "Ana, B␇")
    assert kept.made() == (
        "Ana kept this on Thursday, 5 March 2026. Times are local ones: CET (UTC+0100) on that day."
    )
    left = Keepsake(
        msgspec.structs.replace(kept.circle, me=""),
        [],
        BEGIN,
        lambda time: datetime.fromtimestamp(time / 1000, UTC),
    )
    assert left.people() == ""
    assert left.made() == (
        "This was kept on Thursday, 5 March 2026. Times are local ones: UTC on that day."
    )


def test_what_was_done_to_messages() -> None:
    first, waves, lost, chosen, open_, taken_back = said(keepsake(), DONE)
    assert first.remark == "edited, pinned"
    assert first.answers == "in answer to Ana: still here?"
    assert first.marks == [("♥", "Ana, Cleo"), ("👍", "Bo")]
    assert waves.text == "Bo waves"
    assert (lost.named, lost.answers) == (True, "in answer to what is not here")
    assert chosen.options == [("here", "Ana, Bo"), ("there", "")]
    assert open_.options == [("now", ""), ("then", "")]
    assert taken_back.answers == "in answer to Ana"


def test_what_goes_after_a_while_is_left_out() -> None:
    goes = msgspec.structs.replace(row(0, "a kumquat"), goes_at=BEGIN)
    answer = msgspec.structs.replace(row(1, "yes"), reply=Quote(goes.id, "Ana", text="a kumquat"))
    other = msgspec.structs.replace(row(2, "so"), reply=Quote(answer.id, "Ana", text="yes"))
    rows = staying([goes, answer, other])
    assert [each.text for each in rows] == ["yes", "so"]
    assert rows[0].reply == Quote(goes.id, "Ana") and rows[1].reply == other.reply
