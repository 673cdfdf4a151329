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

from tui.engine.events import Exit, MessageState, Quote, Row, RowKind
from tui.safe_text import SafeText, sanitise_block, sanitise_line

ID_SHOWN = 8
"""Digits of a message's id that are printed: of a few thousand messages each begins otherwise."""


MARKS = ("me", "mentions_me", "edited", "deleted", "pinned")
"""What is true of some rows alone, and stands in the JSON of those."""


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
    """A row of a conversation for scripts; what it has not is left out."""
    facts: dict[str, Any] = {
        "id": row.id,
        "circle": row.circle,
        "author": row.author,
        "author_id": row.author_id,
        "at": rfc3339(row.at),
        "kind": row.kind.value,
        "text": row.text,
        "state": row.state.value,
    }
    if row.goes_at:
        facts["goes_at"] = rfc3339(row.goes_at)
    facts |= {name: True for name in MARKS if getattr(row, name)}
    if row.reply is not None:
        quote = row.reply
        facts["reply"] = {"id": quote.id, "author": quote.author, "text": quote.text}
    if row.heard:
        facts["heard"] = row.heard
    if row.reactions:
        facts["reactions"] = [{"what": one.what, "names": one.names} for one in row.reactions]
    if row.file is not None:
        file = row.file
        facts["file"] = {"name": file.name, "media": file.media, "size": file.size}
    if row.poll is not None:
        poll = row.poll
        facts["poll"] = {"options": poll.options, "several": poll.several, "mine": poll.mine}
        if poll.choices is not None:
            facts["poll"]["choices"] = poll.choices
    return facts


def row_text(row: Row, circle: str = "", *, ids: bool = False) -> str:
    """A row for a person, its further lines under its first; `circle` where there are several.

    With `ids` the beginning of the message's id stands before it.
    """
    head = local_time(row.at) + (f" [{sanitise_line(circle)}]" if circle else "")
    head = f"{row.id[:ID_SHOWN]} {head}" if ids else head
    if row.kind in (RowKind.NOTICE, RowKind.WARNING):
        head += " !" if row.kind is RowKind.WARNING else " ·"
    else:
        head += f" {'* ' if row.me else ''}{sanitise_line(row.author)}"
        head += f" (passed on by {sanitise_line(row.by)})" if row.by else ""
        head += f" ({_quote(row.reply)})" if row.reply is not None else ""
        head += "" if row.me else ":"
    text = "(a kind of message that this version does not know)"
    if row.kind is not RowKind.UNKNOWN:
        text = sanitise_block(row.text).replace("\n", "\n    ")
    return f"{head} {text}{_mark(row)}{_done(row)}{_options(row)}"


def _quote(quote: Quote) -> str:
    if not quote.author:
        return "to what is not here"
    said = f": {sanitise_line(quote.text)}" if quote.text else ""
    return f"to {sanitise_line(quote.author)}{said}"


def _done(row: Row) -> str:
    """What was done to a message, behind it."""
    words = " (edited)" if row.edited else ""
    words += " (pinned)" if row.pinned else ""
    words += f" [heard by {_names(row.heard)}]" if row.heard else ""
    for one in row.reactions:
        words += f" [{sanitise_line(one.what)} {_names(one.names)}]"
    return words


def _options(row: Row) -> str:
    """A poll's options, a line each, with who chose it as far as this person may know."""
    if row.poll is None:
        return ""
    lines = []
    for number, option in enumerate(row.poll.options, 1):
        names = row.poll.choices[number - 1] if row.poll.choices is not None else []
        chose = f" [{_names(names)}]" if names else ""
        lines.append(f"\n    {number}. {sanitise_line(option)}{chose}")
    return "".join(lines)


def _names(names: list[str]) -> str:
    return sanitise_line(", ".join(names))


def _mark(row: Row) -> str:
    if row.file is not None and row.file.way in ("up", "down"):
        return f" ({row.file.done} %)"
    if row.state in (MessageState.WAITING, MessageState.SENT):
        return f" ({row.state.value})"
    return " (unconfirmed)" if row.unconfirmed else ""
