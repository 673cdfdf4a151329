"""What verbs print: the one place of the command line from which text reaches the terminal.

All of it goes through the sanitiser once more, whatever it is made of. JSON is ASCII, so that it is
exact and yet nothing that a terminal obeys.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

from tui.engine.events import Exit, MessageState, Row, RowKind
from tui.safe_text import SafeText, sanitise_block, sanitise_line


class CommandError(Exception):
    """A verb can't be carried out: the sentence for standard error, and the exit code."""

    def __init__(self, sentence: str, exit: Exit = Exit.REFUSED) -> None:
        super().__init__(sentence)
        self.exit = exit


def say(text: str) -> None:
    """A result, on standard output."""
    _write(sys.stdout, sanitise_block(text))


def note(text: str) -> None:
    """What a person may like to know beside the result, on standard error."""
    _write(sys.stderr, sanitise_block(text))


def prompt(text: str) -> None:
    """A question of our own, on standard error; the answer follows on the same line."""
    print(sanitise_line(text), end="", file=sys.stderr, flush=True)


def say_json(facts: dict[str, Any]) -> None:
    """One object, on a line of its own."""
    _write(sys.stdout, sanitise_line(json.dumps(facts)))


def say_document(pieces: Iterable[str]) -> None:
    """A document, which has its line ends itself, on standard output."""
    for piece in pieces:
        print(sanitise_block(piece), end="")
    sys.stdout.flush()


def _write(stream: TextIO, text: SafeText) -> None:
    print(text, file=stream, flush=True)


def rfc3339(milliseconds: int) -> str:
    """A time as RFC 3339 has it, in UTC."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_time(milliseconds: int) -> str:
    """A time as a person reads it, in their own zone."""
    return datetime.fromtimestamp(milliseconds / 1000).strftime("%Y-%m-%d %H:%M")


def row_facts(row: Row) -> dict[str, Any]:
    """A row of a conversation for scripts."""
    return {
        "id": row.id,
        "circle": row.circle,
        "author": row.author,
        "author_id": row.author_id,
        "at": rfc3339(row.at),
        "kind": row.kind.value,
        "text": row.text,
        "state": row.state.value,
    }


def row_text(row: Row, circle: str = "") -> str:
    """A row for a person, its further lines under its first; `circle` where there are several."""
    head = local_time(row.at) + (f" [{sanitise_line(circle)}]" if circle else "")
    if row.kind in (RowKind.NOTICE, RowKind.WARNING):
        head += " !" if row.kind is RowKind.WARNING else " ·"
    else:
        head += f" {sanitise_line(row.author)}"
        head += f" (passed on by {sanitise_line(row.by)}):" if row.by else ":"
    text = "(a kind of message that this version does not know)"
    if row.kind is not RowKind.UNKNOWN:
        text = sanitise_block(row.text).replace("\n", "\n    ")
    return f"{head} {text}{_mark(row)}"


def _mark(row: Row) -> str:
    if row.state in (MessageState.WAITING, MessageState.SENT):
        return f" ({row.state.value})"
    return " (unconfirmed)" if row.unconfirmed else ""
