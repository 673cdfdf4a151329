"""Rows of conversations: what was said, and what happened, in the order of the log.

A row's position is `n << 16 | place`: the entry of the log that it came with, and its place among
the rows of that entry, so that everybody's rows stand in the same order. Own messages that have no
place in the log yet stand behind all others, by the order in which they were written.
"""

from __future__ import annotations

from crypto.circle.view import Leaf
from crypto.content import Text, read_content
from crypto.envelope import Envelope
from crypto.errors import FieldError
from tui.engine.circle import Circle
from tui.engine.events import MessageState, Row, RowAdded, RowChanged, RowKind
from tui.engine.store.records import CircleRecord, MessageRecord, Store

PLACE_BITS = 16
WAITING_FROM = 1 << 62
HUES = 8
COUNTED_MOST = 1000
LATE = 5 * 60_000
"""Milliseconds between the sender's clock and the relay's that are worth a mark."""

UNCONFIRMED_AFTER = 10 * 60_000
"""Milliseconds after which an own message that nobody's head covers is marked."""


def to_row(record: MessageRecord, circle: CircleRecord, own: bytes, now: int) -> Row:
    """A stored row as screens show it; `own` is this person's member key."""
    mine = record.author == own and bool(own)
    state = MessageState(record.state)
    covered = record.n <= circle.covered
    unconfirmed = False
    if state is MessageState.DELIVERED:
        state = MessageState.CONFIRMED if covered else state
        unconfirmed = not covered and now - record.logged_at > UNCONFIRMED_AFTER
    return Row(
        position=record.position,
        id=record.id.hex(),
        circle=circle.id.hex(),
        author=record.author_name,
        author_id=record.author.hex(),
        at=record.at,
        kind=RowKind(record.kind),
        text=record.text,
        state=state,
        hue=record.hue,
        mine=mine,
        by=record.passed_by,
        late=record.type != 0 and bool(record.n) and abs(record.at - record.logged_at) > LATE,
        unconfirmed=unconfirmed,
    )


def hue(circle: Circle, member: bytes) -> int:
    """A member's hue, by join number."""
    record = circle.view.state.record(member)
    return -1 if record is None else record.join_number % HUES


def place(circle: Circle) -> int:
    """The next position at the newest entry."""
    position = circle.record.n << PLACE_BITS | circle.record.sub
    circle.record.sub += 1
    circle.changed()
    return position


def next_place(circle: Circle, n: int) -> int:
    """The first place at an entry that no row has, in a log that was given up."""
    found = circle.context.store.database.row(
        "SELECT max(position) FROM messages WHERE circle = ? AND position >= ? AND position < ?",
        (circle.number, n << PLACE_BITS, (n + 1) << PLACE_BITS),
    )
    last = None if found is None else found[0]
    return 0 if last is None else int(str(last)) + 1 - (n << PLACE_BITS)


def _row(circle: Circle, record: MessageRecord) -> Row:
    return to_row(record, circle.record, circle.member.public, circle.context.now())


def _add(circle: Circle, record: MessageRecord) -> None:
    circle.context.store.messages.insert(record)
    circle.context.tell(RowAdded(row=_row(circle, record)))


def notice(circle: Circle, text: str, *, warning: bool = False, at: int | None = None) -> None:
    """Something that happened, said by this client."""
    announce(circle, text, warning=warning, at=at)


def announce(circle: Circle, text: str, *, warning: bool, at: int | None = None) -> int:
    """As `notice`; the position of its row, by which it can be reworded."""
    now = circle.context.now() if at is None else at
    record = MessageRecord(
        circle=circle.number,
        position=place(circle),
        id=circle.context.rng(16),
        n=circle.record.n,
        author=b"",
        author_name="",
        hue=-1,
        at=now,
        logged_at=now,
        kind=RowKind.WARNING if warning else RowKind.NOTICE,
        text=text,
        type=0,
        body=b"",
        state=MessageState.RECEIVED,
    )
    _add(circle, record)
    return record.position


def reword(circle: Circle, position: int, text: str, *, kind: RowKind) -> None:
    """A notice is not how things stand any more."""
    messages = circle.context.store.messages
    for record in messages.where("circle = ? AND position = ?", circle.number, position):
        record.text, record.kind = text, kind
        messages.save(record)
        circle.context.tell(RowChanged(row=_row(circle, record)))


def known(circle: Circle, id: bytes) -> bool:
    """Whether a message of this id is there."""
    return bool(circle.context.store.messages.where("circle = ? AND id = ?", circle.number, id))


def shown_text(type: int, body: bytes) -> tuple[RowKind, str]:
    """How a message's content is shown."""
    try:
        content = read_content(type, body)
    except FieldError:
        return RowKind.UNKNOWN, ""
    return (RowKind.TEXT, content.text) if isinstance(content, Text) else (RowKind.UNKNOWN, "")


def received(circle: Circle, leaf: Leaf, envelope: Envelope, time: int) -> None:
    """A message of another member, at its place in the log."""
    kind, text = shown_text(envelope.type, envelope.body)
    record = MessageRecord(
        circle=circle.number,
        position=place(circle),
        id=envelope.id,
        n=circle.record.n,
        author=leaf.member,
        author_name=leaf.name,
        hue=hue(circle, leaf.member),
        at=envelope.sent_at,
        logged_at=time,
        kind=kind,
        text=text,
        type=envelope.type,
        body=envelope.body,
        state=MessageState.RECEIVED,
    )
    _add(circle, record)


def written(circle: Circle, envelope: Envelope, seq: int) -> MessageRecord:
    """An own message that waits."""
    kind, text = shown_text(envelope.type, envelope.body)
    record = MessageRecord(
        circle=circle.number,
        position=WAITING_FROM + seq,
        id=envelope.id,
        n=0,
        author=circle.member.public,
        author_name=circle.own.name,
        hue=hue(circle, circle.member.public),
        at=envelope.sent_at,
        logged_at=envelope.sent_at,
        kind=kind,
        text=text,
        type=envelope.type,
        body=envelope.body,
        state=MessageState.WAITING,
        counter=envelope.counter,
    )
    _add(circle, record)
    return record


def moved_on(circle: Circle, id: bytes, state: MessageState) -> None:
    """An own message that waits is on its way, or waits again."""
    for record in circle.context.store.messages.where("circle = ? AND id = ?", circle.number, id):
        if record.state != state:
            record.state = state
            circle.context.store.messages.save(record)
            circle.context.tell(RowChanged(row=_row(circle, record)))


def delivered(circle: Circle, id: bytes, time: int) -> None:
    """An own message is in the log, at the newest entry: it takes its place there."""
    messages = circle.context.store.messages
    for record in messages.where("circle = ? AND id = ?", circle.number, id):
        was = record.position
        messages.delete(circle.number, was)
        record.position = place(circle)
        record.n = circle.record.n
        record.logged_at = time
        record.state = MessageState.DELIVERED
        messages.insert(record)
        circle.context.tell(RowChanged(row=_row(circle, record), was=was))


def passed_on(circle: Circle, record: MessageRecord) -> None:
    """A message of before, from whoever let this person in."""
    if not known(circle, record.id):
        _add(circle, record)


def waits(circle: Circle, id: bytes, seq: int) -> None:
    """An own message stands among those that wait, be it again."""
    messages = circle.context.store.messages
    for record in messages.where("circle = ? AND id = ?", circle.number, id):
        was = record.position
        messages.delete(circle.number, was)
        record.position, record.n = WAITING_FROM + seq, 0
        record.state = MessageState.WAITING
        messages.insert(record)
        circle.context.tell(RowChanged(row=_row(circle, record), was=was))


def given_up(circle: Circle, after: int) -> None:
    """What others said behind entry `after` is in the log no more; it stays where it was shown."""
    circle.context.store.database.write(
        "UPDATE messages SET n = 0 WHERE circle = ? AND n > ? AND state = ? AND type != 0",
        (circle.number, after, MessageState.RECEIVED.value),
    )


def came_back(circle: Circle, author: bytes, id: bytes, time: int) -> None:
    """A message that is known stands in the log; where it had lost its place, it moves there."""
    messages = circle.context.store.messages
    for record in messages.where("circle = ? AND id = ? AND n = 0", circle.number, id):
        if record.author == author and not record.passed_by:
            was = record.position
            messages.delete(circle.number, was)
            record.position, record.n, record.logged_at = place(circle), circle.record.n, time
            messages.insert(record)
            circle.context.tell(RowChanged(row=_row(circle, record), was=was))


def came_again(circle: Circle, record: MessageRecord) -> None:
    """A message that was missing, at the place that was kept for it."""
    _add(circle, record)
    circle.tell_changed()


def renumbered(circle: Circle, counters: dict[bytes, int]) -> None:
    """Own messages are counted anew, from a new leaf's first: by id, those that wait."""
    database = circle.context.store.database
    database.write(
        "UPDATE messages SET counter = 0 WHERE circle = ? AND counter > 0", (circle.number,)
    )
    for id, counter in counters.items():
        database.write(
            "UPDATE messages SET counter = ? WHERE circle = ? AND id = ?",
            (counter, circle.number, id),
        )


def rows_before(store: Store, circle: int, position: int | None, limit: int) -> list[MessageRecord]:
    """Up to `limit` rows before a position, the newest where it is None; oldest first."""
    end = (1 << 63) - 1 if position is None else position
    found = store.messages.where(
        "circle = ? AND position < ? ORDER BY position DESC LIMIT ?", circle, end, limit
    )
    return found[::-1]


def rows_after(store: Store, circle: int, position: int, limit: int) -> list[MessageRecord]:
    """Up to `limit` rows after a position, oldest first."""
    return store.messages.where(
        "circle = ? AND position > ? ORDER BY position LIMIT ?", circle, position, limit
    )


def rows(circle: Circle, records: list[MessageRecord]) -> list[Row]:
    """Stored rows as screens show them."""
    own, now = circle.member.public, circle.context.now()
    return [to_row(record, circle.record, own, now) for record in records]


def row(circle: Circle, id: bytes) -> Row | None:
    """One row by its id."""
    found = circle.context.store.messages.where("circle = ? AND id = ?", circle.number, id)
    return _row(circle, found[0]) if found else None


def count_estimate(circle: Circle) -> int:
    """How many rows a conversation has: exactly up to `COUNTED_MOST`, then by places in the log."""
    store = circle.context.store
    counted = store.database.rows(
        "SELECT count(*) FROM (SELECT 1 FROM messages WHERE circle = ? LIMIT ?)",
        (circle.number, COUNTED_MOST),
    )
    count = int(str(counted[0][0]))
    if count < COUNTED_MOST:
        return count
    newest = rows_before(store, circle.number, WAITING_FROM, 1)[0].position
    first = rows_after(store, circle.number, -1, 1)[0].position
    return max(count, (newest >> PLACE_BITS) - (first >> PLACE_BITS) + 1)
