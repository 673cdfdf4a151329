"""Stored rows as screens show them, with what was done to them: read alone, nothing is written.

What a message answers and the reactions to it are looked up when its row is made, a page at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from crypto.content import Pin, Poll, React, Vote, number_of, read_content
from crypto.file import File
from tui.engine import progress, seen
from tui.engine.circle import Circle
from tui.engine.events import FileFacts, MessageState, PollFacts, Quote, Reaction, Row, RowKind
from tui.engine.store.records import CircleRecord, DeedRecord, MessageRecord, Store

LATE = 5 * 60_000
"""Milliseconds between the sender's clock and the relay's that are worth a mark."""

UNCONFIRMED_AFTER = 10 * 60_000
"""Milliseconds after which an own message that nobody's head covers is marked."""

QUOTED_LONGEST = 200
"""Characters of a message's first line that stand above an answer to it."""

POLL, FILE = number_of("poll"), number_of("file")
"""Types of messages."""

AT_ONCE = 500
"""Ids in one query."""

TAKEN_BACK = "{name} took a message back."


def rows(circle: Circle, records: Sequence[MessageRecord]) -> list[Row]:
    """Stored rows as screens show them."""
    store, number, now = circle.context.store, circle.number, circle.context.now()
    own = circle.member_key
    deeds = done_to(store, number, [record.id for record in records if record.deeds])
    replies = {record.reply for record in records if record.reply}
    answered = {
        id: record
        for id, record in _by_id(store, number, replies).items()
        if not 0 < record.goes_at <= now
    }
    heard = seen.heard_by(circle) if any(one.author == own for one in records) else {}
    return [
        _row(
            record,
            circle.record,
            own,
            now,
            deeds.get(record.id, []),
            answered,
            _file(circle, record),
            heard.get(record.id, []),
        )
        for record in records
    ]


def _file(circle: Circle, record: MessageRecord) -> FileFacts | None:
    readable = record.type == FILE and record.kind != RowKind.UNKNOWN and not record.deleted
    content = read_content(record.type, record.body) if readable else None
    return progress.facts(circle, record.id, content) if isinstance(content, File) else None


def row(circle: Circle, record: MessageRecord) -> Row:
    """One stored row."""
    return rows(circle, [record])[0]


def done_to(store: Store, circle: int, ids: Sequence[bytes]) -> dict[bytes, list[DeedRecord]]:
    """What was done to messages, each one's in the order of the log."""
    found: dict[bytes, list[DeedRecord]] = defaultdict(list)
    for some, marks in _portions(ids):
        condition = f"circle = ? AND target IN ({marks}) AND waits = 0 ORDER BY position"
        for deed in store.deeds.where(condition, circle, *some):
            found[deed.target].append(deed)
    return found


def _by_id(store: Store, circle: int, ids: set[bytes]) -> dict[bytes, MessageRecord]:
    return {
        record.id: record
        for some, marks in _portions(sorted(ids))
        for record in store.messages.where(f"circle = ? AND id IN ({marks})", circle, *some)
    }


def _portions(ids: Sequence[bytes]) -> Iterator[tuple[Sequence[bytes], str]]:
    for at in range(0, len(ids), AT_ONCE):
        some = ids[at : at + AT_ONCE]
        yield some, ", ".join("?" * len(some))


def _row(
    record: MessageRecord,
    circle: CircleRecord,
    own: bytes,
    now: int,
    deeds: Sequence[DeedRecord],
    answered: dict[bytes, MessageRecord],
    file: FileFacts | None,
    heard: list[str],
) -> Row:
    state, unconfirmed = _state(record, circle, now)
    kind, text = RowKind(record.kind), record.text
    if record.deleted:
        kind, text = RowKind.NOTICE, TAKEN_BACK.format(name=record.author_name)
    return Row(
        position=record.position,
        id=record.id.hex(),
        circle=circle.id.hex(),
        author=record.author_name,
        author_id=record.author.hex(),
        at=record.at,
        kind=kind,
        text=text,
        state=state,
        hue=record.hue,
        mine=record.author == own and bool(own),
        by=record.passed_by,
        late=record.type != 0 and bool(record.n) and abs(record.at - record.logged_at) > LATE,
        unconfirmed=unconfirmed,
        me=bool(record.me),
        mentions_me=bool(record.mentions),
        edited=bool(record.edited),
        deleted=bool(record.deleted),
        reply=_quote(record.reply, answered.get(record.reply)) if record.reply else None,
        reactions=_reactions(deeds, own),
        pinned=_pinned(deeds),
        poll=_poll(record, deeds, own),
        heard=heard,
        goes_at=record.goes_at,
        file=file,
    )


def _state(record: MessageRecord, circle: CircleRecord, now: int) -> tuple[MessageState, bool]:
    """How far it has come, and whether nobody's head covers it for long."""
    state = MessageState(record.state)
    if state is not MessageState.DELIVERED:
        return state, False
    if record.n <= circle.covered:
        return MessageState.CONFIRMED, False
    return state, now - record.logged_at > UNCONFIRMED_AFTER


def _quote(id: bytes, record: MessageRecord | None) -> Quote:
    if record is None:
        return Quote(id.hex())
    first, _, _ = record.text.lstrip().partition("\n")
    author = record.author
    return Quote(id.hex(), record.author_name, author.hex(), first[:QUOTED_LONGEST], record.hue)


def _reactions(deeds: Sequence[DeedRecord], own: bytes) -> list[Reaction]:
    """Each emoji once, the first that was given first, with names in the order of the log."""
    found: dict[str, list[DeedRecord]] = defaultdict(list)
    for deed in deeds:
        content = read_content(deed.type, deed.body)
        if isinstance(content, React) and content.on:
            found[content.what].append(deed)
    return [
        Reaction(what, [deed.author_name for deed in by], any(deed.author == own for deed in by))
        for what, by in found.items()
    ]


def _pinned(deeds: Sequence[DeedRecord]) -> bool:
    """What the last of all members' pins says."""
    contents = (read_content(deed.type, deed.body) for deed in deeds)
    pins = [content.on for content in contents if isinstance(content, Pin)]
    return bool(pins) and pins[-1]


def _poll(record: MessageRecord, deeds: Sequence[DeedRecord], own: bytes) -> PollFacts | None:
    """A poll, with who chose what for those who have chosen."""
    readable = record.type == POLL and record.kind != RowKind.UNKNOWN and not record.deleted
    poll = read_content(record.type, record.body) if readable else None
    if not isinstance(poll, Poll):
        return None
    mine: list[int] = []
    choices: list[list[str]] = [[] for _ in poll.options]
    for deed in deeds:
        content = read_content(deed.type, deed.body)
        if isinstance(content, Vote):
            if deed.author == own:
                mine = list(content.choices)
            for choice in content.choices:
                choices[choice].append(deed.author_name)
    return PollFacts(list(poll.options), poll.several, mine, choices if mine else None)
