"""What a keepsake is made of, and the shape that all its formats share: days, and runs in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from tui.engine.events import CircleFacts, MemberFacts, MessageState, Row, RowKind
from tui.safe_text import SafeText, sanitise_block, sanitise_line

RUN_MS = 5 * 60_000
"""What somebody says within this time of what they said before needs no name above it."""

UNKNOWN = sanitise_line("(a kind of message that this version does not know)")

_NOTICES = (RowKind.NOTICE, RowKind.WARNING)
_UNDER_WAY = (MessageState.WAITING, MessageState.SENT)


@dataclass(frozen=True, slots=True)
class Keepsake:
    """A circle as it is when its keepsake is made, in milliseconds since 1970; `local` says what a
    clock and a calendar where it is made showed at such a time."""

    circle: CircleFacts
    members: list[MemberFacts]
    made_at: int
    local: Callable[[int], datetime]

    @property
    def name(self) -> SafeText:
        """What the circle is called."""
        return sanitise_line(self.circle.name)

    @property
    def topic(self) -> SafeText:
        """What it is about; empty for nothing."""
        return sanitise_line(self.circle.topic)

    def people(self) -> SafeText:
        """Who is in, as a sentence's part."""
        return sanitise_line(", ".join(member.name for member in self.members))

    def made(self) -> SafeText:
        """The sentence that says what this is."""
        at = self.local(self.made_at)
        zone = f"{at.tzname()} (UTC{at:%z})" if at.utcoffset() else "UTC"
        who = f"{self.circle.me} kept this" if self.circle.me else "This was kept"
        return sanitise_line(f"{who} on {day_of(at)}. Times are local ones: {zone} on that day.")


@dataclass(frozen=True, slots=True)
class Said:
    """A row as it is kept. `named` is whether it begins a run, and `day` is set where a day begins
    with it. `author` is empty for a notice. `answers` says what it answers, `marks` are emoji with
    the names of who gave them, and `options` a poll's, with the names of who chose them."""

    at: datetime
    day: str
    named: bool
    author: SafeText
    text: SafeText
    remark: SafeText
    warning: bool
    answers: SafeText
    marks: list[tuple[SafeText, SafeText]]
    options: list[tuple[SafeText, SafeText]]


def day_of(at: datetime) -> str:
    """A day in words, the same wherever it is read."""
    return f"{at:%A}, {at.day} {at:%B} {at.year}"


def staying(rows: list[Row]) -> list[Row]:
    """Without what goes after a while: a file would keep it for longer than its author wanted."""
    going = {row.id for row in rows if row.goes_at}
    return [
        msgspec.structs.replace(row, reply=msgspec.structs.replace(row.reply, text=""))
        if row.reply is not None and row.reply.id in going
        else row
        for row in rows
        if row.id not in going
    ]


def said(keepsake: Keepsake, rows: Iterable[Row]) -> Iterator[Said]:
    """The rows one by one, oldest first."""
    day, author, last = "", "", 0
    for row in rows:
        at = keepsake.local(row.at)
        begins = day_of(at) if day_of(at) != day else ""
        day = begins or day
        notice = row.kind in _NOTICES
        speaker = "" if notice else row.author_id + row.by
        fresh = bool(begins or speaker != author or row.at - last > RUN_MS)
        named = not notice and (fresh or row.reply is not None)
        author, last = speaker, row.at
        yield Said(
            at,
            begins,
            named,
            sanitise_line("") if notice else sanitise_line(row.author),
            _text(row),
            _remark(row),
            row.kind is RowKind.WARNING,
            _answers(row),
            [(sanitise_line(one.what), _names(one.names)) for one in row.reactions],
            _options(row),
        )


def _text(row: Row) -> SafeText:
    if row.kind is RowKind.UNKNOWN:
        return UNKNOWN
    return sanitise_block(f"{sanitise_line(row.author)} {row.text}" if row.me else row.text)


def _remark(row: Row) -> SafeText:
    remarks = [f"passed on by {row.by}"] if row.by else []
    remarks += ["edited"] if row.edited else []
    remarks += ["pinned"] if row.pinned else []
    remarks += ["not sent yet"] if row.state in _UNDER_WAY else []
    return sanitise_line(", ".join(remarks))


def _answers(row: Row) -> SafeText:
    if row.reply is None:
        return sanitise_line("")
    if not row.reply.author:
        return sanitise_line("in answer to what is not here")
    said = f": {row.reply.text}" if row.reply.text else ""
    return sanitise_line(f"in answer to {row.reply.author}{said}")


def _options(row: Row) -> list[tuple[SafeText, SafeText]]:
    if row.poll is None:
        return []
    chosen = row.poll.choices or [[] for _ in row.poll.options]
    return [
        (sanitise_line(option), _names(names))
        for option, names in zip(row.poll.options, chosen, strict=True)
    ]


def _names(names: list[str]) -> SafeText:
    return sanitise_line(", ".join(names))
