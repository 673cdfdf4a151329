"""Rows as people and scripts read them, with nothing in them that a terminal obeys."""

from __future__ import annotations

import json
import re

import pytest

from tui.cli.printing import note, rfc3339, row_facts, row_text, say, say_json
from tui.engine.events import MessageState, Row, RowKind


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
    ],
)
def test_a_row_for_a_person(shown: Row, ends: str) -> None:
    text = row_text(shown)
    assert text.endswith(ends)
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d ", text)


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
