"""Rows as people and scripts read them, with nothing in them that a terminal obeys."""

from __future__ import annotations

import json
import re

import pytest

from tui.cli.printing import note, rfc3339, row_facts, row_text, say, say_json
from tui.engine.events import MessageState, PollFacts, Quote, Reaction, Row, RowKind


def row(text: str = "Hello", **changed: object) -> Row:
    facts: dict[str, object] = {
        "position": 65536,
        "id": "ab" * 16,
        "circle": "cd" * 16,
        "author": "Ana",
        "author_id": "ef" * 32,
        "at": 1_700_000_000_123,
        "kind": RowKind.TEXT,
        "text": text,
        "state": MessageState.RECEIVED,
    }
    return Row(**(facts | changed))  # type: ignore[arg-type]


def test_scripts_have_these_fields_and_no_other() -> None:
    assert row_facts(row()) == {
        "id": "ab" * 16,
        "circle": "cd" * 16,
        "author": "Ana",
        "author_id": "ef" * 32,
        "at": "2023-11-14T22:13:20.123Z",
        "kind": "text",
        "text": "Hello",
        "state": "received",
    }


def test_scripts_are_told_what_was_done_to_a_message() -> None:
    marked = row(
        reply=Quote("12" * 16, "Bo", "ff" * 32, "Hi"),
        reactions=[Reaction("\u2764", ["Bo", "Cy"])],
        poll=PollFacts(["a", "b"], True),
        me=True,
        mentions_me=True,
        edited=True,
        deleted=True,
        pinned=True,
    )
    facts = row_facts(marked)
    plain = row_facts(row())
    assert {key: value for key, value in facts.items() if key not in plain} == {
        "reply": {"id": "12" * 16, "author": "Bo", "text": "Hi"},
        "reactions": [{"what": "\u2764", "names": ["Bo", "Cy"]}],
        "poll": {"options": ["a", "b"], "several": True, "mine": []},
        "me": True,
        "mentions_me": True,
        "edited": True,
        "deleted": True,
        "pinned": True,
    }
    chosen = row(poll=PollFacts(["a", "b"], False, [1], [[], ["Ana"]]))
    assert row_facts(chosen)["poll"]["choices"] == [[], ["Ana"]]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "1970-01-01T00:00:00.000Z"), (1_700_000_000_000, "2023-11-14T22:13:20.000Z")],
)
def test_times(milliseconds: int, text: str) -> None:
    assert rfc3339(milliseconds) == text


@pytest.mark.parametrize(
    ("shown", "ends"),
    [
        (row(), " Ana: Hello"),
        (row("one\ntwo"), " Ana: one\n    two"),
        (row(state=MessageState.WAITING), " Ana: Hello (waiting)"),
        (row(state=MessageState.SENT), " Ana: Hello (sent)"),
        (row(state=MessageState.DELIVERED, unconfirmed=True), " Ana: Hello (unconfirmed)"),
        (row("Bo is here.", kind=RowKind.NOTICE, author=""), " · Bo is here."),
        (row("Beware.", kind=RowKind.WARNING, author=""), " ! Beware."),
        (row(kind=RowKind.PASSED_ON, by="Bo"), " Ana (passed on by Bo): Hello"),
        (row("", kind=RowKind.UNKNOWN), "Ana: (a kind of message that this version does not know)"),
        (row("\x1b[2J", author="A\nna"), " A␊na: ␛[2J"),
        (row("waves", me=True), " * Ana waves"),
        (row(edited=True, pinned=True), " Ana: Hello (edited) (pinned)"),
        (row(reply=Quote("12" * 16)), " Ana (to what is not here): Hello"),
        (row(reply=Quote("12" * 16, "Bo", "", "H\x1bi")), " Ana (to Bo: H␛i): Hello"),
        (row(reply=Quote("12" * 16, "Bo")), " Ana (to Bo): Hello"),
        (
            row(reactions=[Reaction("\u2764", ["Bo", "C\ny"]), Reaction("\u2705", ["Bo"])]),
            " Ana: Hello [\u2764 Bo, C␊y] [\u2705 Bo]",
        ),
        (row("Where?", poll=PollFacts(["a\n", "b"], False)), " Ana: Where?\n    1. a␊\n    2. b"),
        (
            row("Where?", poll=PollFacts(["a", "b"], False, [0], [["Bo", "Ana"], []])),
            " Ana: Where?\n    1. a [Bo, Ana]\n    2. b",
        ),
    ],
)
def test_a_row_for_a_person(shown: Row, ends: str) -> None:
    text = row_text(shown)
    assert text.endswith(ends)
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d ", text)


def test_a_row_says_how_its_id_begins_where_that_is_asked_for() -> None:
    assert row_text(row(), ids=True) == f"abababab {row_text(row())}"


def test_a_row_says_where_it_is_where_there_are_several() -> None:
    assert row_text(row(), "Frie\x07nds").endswith(" [Frie␇nds] Ana: Hello")


def test_nothing_reaches_a_terminal_raw(capsys: pytest.CaptureFixture[str]) -> None:
    say("\x1b]0;title\x07")
    note("\u202egnp")
    say_json({"text": "\x1b[2J\u202e\x9b é"})
    out, err = capsys.readouterr()
    assert err == "‹U+202E›gnp\n"
    first, second = out.splitlines()
    assert first == "␛]0;title␇"
    assert second.isascii() and second.isprintable()
    assert json.loads(second) == {"text": "\x1b[2J\u202e\x9b é"}
