"""Which lines a row of the conversation takes: pure reckoning, no colours.

A row's lines are: what stands above it (day line, new line, the head of a run, what it answers),
then its text, and behind and below that what was done to it.
Both the height of a row and its drawing come from this one list, so that they can't differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import Enum, auto
from itertools import count
from typing import NamedTuple

from tui.engine.events import MessageState, PollFacts, Row, RowKind
from tui.safe_text import SafeText, sanitise_block, sanitise_line
from tui.widgets.prose import Prose, read
from tui.widgets.wrap import wrap

MEASURE = 92
"""Cells of a line of text at most; longer ones are hard to read."""

GUTTER = 3
"""Cells left of the text: the bar of "here", a mark, a space."""

TIME = 5
"""Cells of a time."""

RUN = 7 * 60_000
"""Milliseconds within which messages of one author stand under one name."""

PATIENCE = 1000
"""Milliseconds that an own message may take before it is said that it waits: most take less, and
what comes and goes at once says nothing."""

BAR = 10
"""Cells of the bar that shows how far a file has come."""

UNKNOWN_TEXT = "a kind of message that this version of Hallway does not know"
SAID = (RowKind.TEXT, RowKind.UNKNOWN, RowKind.PASSED_ON)
"""Rows that somebody said; the others are this client's notices."""

WAITING = (MessageState.WAITING, MessageState.SENT)
"""Own messages that are not in the log yet."""


class LineKind(Enum):
    """What a line is."""

    BLANK = auto()
    DAY = auto()
    NEW = auto()
    HEAD = auto()
    QUOTE = auto()
    TEXT = auto()


class Line(NamedTuple):
    """One line; of a `TEXT` line, the span of the entry's text that it shows."""

    kind: LineKind
    start: int = 0
    end: int = 0


_serials = count()


@dataclass(slots=True, eq=False)
class Entry:
    """A row that is loaded, with all that its drawing needs. `serial` names this very layout."""

    row: Row
    when: datetime
    day: int  # ordinal; of a row whose clock is off, the day of the row before
    name: SafeText
    prose: Prose
    tail: str  # facts after the text, not part of it
    lines: tuple[Line, ...] = ()
    serial: int = field(default_factory=lambda: next(_serials))

    @property
    def body(self) -> SafeText:
        """What was said, as it is read."""
        return self.prose.text

    @property
    def text(self) -> str:
        """What the text lines' spans point into."""
        return self.body + self.tail

    @property
    def written(self) -> SafeText:
        """The message as its author wrote it, marks and all."""
        plain = self.said and self.row.poll is None
        return sanitise_block(self.row.text) if plain and self.row.text else self.body

    @property
    def said(self) -> bool:
        """Whether somebody said it."""
        return self.row.kind in SAID

    @property
    def height(self) -> int:
        """Lines."""
        return len(self.lines)


@dataclass(frozen=True, slots=True)
class Page:
    """What all rows' layouts depend on. `read` is the last position that was read when the
    conversation was shown, None where there is nothing new; `now`, milliseconds since 1970, tells
    how long a message has waited: without it, long enough to say so."""

    width: int
    zone: tzinfo | None = None
    read: int | None = None
    now: Callable[[], int] | None = None
    patience: int = PATIENCE
    dense: bool = False

    @property
    def lead(self) -> int:
        """Cells before the text, where time and name stand on its line."""
        return lead(self.width) if self.dense else 0

    @property
    def measure(self) -> int:
        """Cells of a line of text."""
        return max(8, min(self.width - GUTTER - self.lead - 1, MEASURE))

    def fresh(self, row: Row) -> bool:
        """Whether an own message has waited for so short a time that nothing is said of it."""
        return row.state in WAITING and self.now is not None and self.now() - row.at < self.patience


def lead(width: int) -> int:
    """Cells for a time and a name in a conversation of this width, with a space behind each."""
    return TIME + 1 + (12 if width >= 72 else 8) + 1


def entry(row: Row, before: Entry | None, page: Page) -> Entry:
    """A row made fit for the screen, and laid out beneath the one before it."""
    when = datetime.fromtimestamp(row.at / 1000, page.zone)
    made = Entry(
        row=row,
        when=when,
        day=before.day if row.late and before is not None else when.toordinal(),
        name=sanitise_line(row.author),
        prose=_prose(row),
        tail=("" if page.fresh(row) else _tail(row, when, page.dense)) + _done(row),
    )
    lay_out(made, before, page)
    return made


def _prose(row: Row) -> Prose:
    if row.kind is RowKind.UNKNOWN:
        return Prose(sanitise_block(UNKNOWN_TEXT))
    if row.poll is not None:
        return Prose(sanitise_block(f"{row.text}\n{_options(row.poll)}"))
    if row.kind not in SAID:
        return Prose(sanitise_block(row.text))
    said = read(sanitise_block(row.text))
    if not row.me:
        return said
    name = f"{sanitise_line(row.author)} "
    text = sanitise_block(name + said.text)
    return said.moved(len(name), text) if text == name + said.text else Prose(text)


def _options(poll: PollFacts) -> str:
    """A poll's options by number, with who chose them as far as this person may know."""
    chosen = poll.choices or [[] for _ in poll.options]
    return "\n".join(
        f"{number}. {sanitise_line(option)}" + (f"   {together(names)}" if names else "")
        for number, (option, names) in enumerate(zip(poll.options, chosen, strict=True), 1)
    )


def together(names: list[str]) -> SafeText:
    """Names as a person says them: Ana, Bo and Cleo."""
    *others, last = map(sanitise_line, names)
    return sanitise_line(f"{', '.join(others)} and {last}" if others else last)


def _done(row: Row) -> str:
    """What was done to a message: in its last line, and below it."""
    marks = [name for name, on in (("edited", row.edited), ("pinned", row.pinned)) if on]
    given = [f"{sanitise_line(one.what)} {together(one.names)}" for one in row.reactions]
    given += [f"heard by {together(row.heard)}"] if row.heard else []
    return "".join(f"   {mark}" for mark in marks) + ("\n" + "   ".join(given) if given else "")


def _tail(row: Row, when: datetime, dense: bool) -> str:
    if row.kind not in SAID:
        return "" if dense else f"   {when:%H:%M}"
    return "".join(f"   {fact}" for fact in head_facts(row)) * dense + _state(row)


def head_facts(row: Row) -> list[str]:
    """What is said beside an author's name, or at the end where names have a column."""
    facts = ["by a clock that is off"] if row.late else []
    return facts + ([f"passed on by {sanitise_line(row.by)}"] if row.by else [])


def _state(row: Row) -> str:
    if row.file is not None and row.file.way in ("up", "down"):
        full = row.file.done * BAR // 100
        return f"   [{'=' * full}{'.' * (BAR - full)}] {row.file.done} %"
    if row.state is MessageState.WAITING:
        return "   waiting"
    if row.state is MessageState.SENT:
        return "   on its way"
    return "   nobody has confirmed this yet" if row.unconfirmed else ""


def lay_out(made: Entry, before: Entry | None, page: Page) -> None:
    """Find the lines of an entry beneath the one before it; None at the very beginning."""
    text = [Line(LineKind.TEXT, *span) for span in wrap(made.text, page.measure)]
    quote = [] if made.row.reply is None else [Line(LineKind.QUOTE)]
    above = _above_dense if page.dense else _above
    made.lines = (*above(made, before, page), *quote, *text)
    made.serial = next(_serials)


def _day_and_new(made: Entry, before: Entry | None, page: Page) -> tuple[bool, bool]:
    """Whether a day, and whether what is new, begins here."""
    new = (
        page.read is not None
        and before is not None
        and before.row.position <= page.read < made.row.position
    )
    return before is None or made.day != before.day, new


def _above_dense(made: Entry, before: Entry | None, page: Page) -> list[Line]:
    day, new = _day_and_new(made, before, page)
    return [Line(LineKind.DAY)] * day + [Line(LineKind.NEW)] * new


def _above(made: Entry, before: Entry | None, page: Page) -> list[Line]:
    day, new = _day_and_new(made, before, page)
    lines: list[Line] = []
    blank = Line(LineKind.BLANK)
    if day:
        lines += [blank, Line(LineKind.DAY), blank]
    if new:
        lines += [Line(LineKind.NEW), blank] if day else [blank, Line(LineKind.NEW), blank]
    begins = day or new or _begins(made, before)
    if begins and not (day or new):
        lines.append(blank)
    if begins and made.said:
        lines.append(Line(LineKind.HEAD))
    return lines


def _begins(made: Entry, before: Entry | None) -> bool:
    """Whether a run begins here: another author, another kind, or after a while."""
    if before is None or made.said != before.said:
        return True
    if not made.said:
        return False
    row, last = made.row, before.row
    return (row.author_id, row.author, row.by, row.late) != (
        last.author_id,
        last.author,
        last.by,
        last.late,
    ) or not 0 <= row.at - last.at <= RUN
