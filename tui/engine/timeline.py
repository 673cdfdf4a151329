"""Rows of conversations: what was said, and what happened, in the order of the log.

A row's position is `n << 16 | place`: the entry of the log that it came with, and its place among
the rows of that entry, so that everybody's rows stand in the same order. Own messages that have no
place in the log yet stand behind all others, by the order in which they were written.
"""

from __future__ import annotations

from crypto.circle.view import Leaf
from crypto.content import Content, Poll, Text, read_content, write_content
from crypto.envelope import Envelope
from crypto.errors import FieldError
from crypto.file import File
from tui.engine import showing
from tui.engine.circle import Circle
from tui.engine.describing import described
from tui.engine.events import MessageState, Row, RowAdded, RowChanged, RowKind
from tui.engine.store.records import MessageRecord

PLACE_BITS = 16
WAITING_FROM = 1 << 62
ATTACHED_FROM = WAITING_FROM + (1 << 40)
"""Own messages whose files are on their way stand behind those that wait."""

HUES = 8
COUNTED_MOST = 1000


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


def _add(circle: Circle, record: MessageRecord) -> None:
    if record.type:
        _fill(circle, record)
    if record.goes_at and record.goes_at <= circle.context.now():
        return  # it stayed for as long as it was to, before it came here
    circle.context.store.messages.insert(record)
    circle.context.tell(RowAdded(row=showing.row(circle, record)))


def tell(circle: Circle, record: MessageRecord, was: int | None = None) -> None:
    """A row is another than it was."""
    circle.context.tell(RowChanged(row=showing.row(circle, record), was=was))


def told_anew(circle: Circle, record: MessageRecord) -> None:
    """A row that is added in this input is told as what it has become since."""
    told, row = circle.context.told, showing.row(circle, record)
    for at, event in enumerate(told):
        if isinstance(event, RowAdded) and event.row.id == row.id:
            told[at] = RowAdded(row=row)


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
        tell(circle, record)


def known(circle: Circle, id: bytes) -> bool:
    """Whether a message of this id is there."""
    return bool(circle.context.store.messages.where("circle = ? AND id = ?", circle.number, id))


def find(circle: Circle, id: bytes) -> MessageRecord | None:
    """The message of this id, if it is there."""
    found = circle.context.store.messages.where("circle = ? AND id = ?", circle.number, id)
    return found[0] if found else None


def content_of(type: int, body: bytes) -> Content | None:
    """What a kept body holds; None for one that can't be read."""
    try:
        return read_content(type, body)
    except FieldError:
        return None


def mentions(circle: Circle, author: bytes, keys: tuple[bytes, ...]) -> int:
    """1 where these member keys name this person, and another does it."""
    own = circle.member_key
    return int(own in keys and author != own)


def _ends(circle: Circle, record: MessageRecord, content: Content | None) -> int:
    """When a message goes; 0 where it stays, or has no place in the log yet."""
    if not isinstance(content, Text | Poll | File) or not record.n:
        return 0
    # What is read in its turn is under the state that stands in the log before it.
    in_turn = record.n == circle.record.n and not record.passed_by
    agreed = circle.view.state.disappear if in_turn else 0
    seconds = min((each for each in (content.lasts, agreed) if each), default=0)
    return min(record.logged_at, circle.context.now()) + seconds * 1000 if seconds else 0


def _fill(circle: Circle, record: MessageRecord) -> None:
    """How a message's content is shown, and for how long."""
    record.kind, record.text = RowKind.UNKNOWN, ""
    content = content_of(record.type, record.body)
    record.goes_at = _ends(circle, record, content)
    if isinstance(content, Text):
        record.kind = RowKind.PASSED_ON if record.passed_by else RowKind.TEXT
        record.text, record.reply, record.me = content.text, content.reply, int(content.me)
        record.mentions = mentions(circle, record.author, content.mentions)
    elif isinstance(content, Poll):
        record.kind = RowKind.PASSED_ON if record.passed_by else RowKind.TEXT
        record.text = content.question
    elif isinstance(content, File):
        record.kind = RowKind.PASSED_ON if record.passed_by else RowKind.TEXT
        record.text = described(content)


def received(circle: Circle, leaf: Leaf, envelope: Envelope, time: int) -> None:
    """A message of another member, at its place in the log."""
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
        kind=RowKind.UNKNOWN,
        text="",
        type=envelope.type,
        body=envelope.body,
        state=MessageState.RECEIVED,
    )
    _add(circle, record)


def written(circle: Circle, envelope: Envelope, seq: int) -> MessageRecord:
    """An own message that waits."""
    record = _own(circle, envelope.id, WAITING_FROM + seq, envelope.sent_at)
    record.type, record.body, record.counter = envelope.type, envelope.body, envelope.counter
    _add(circle, record)
    return record


def attached(circle: Circle, id: bytes, file: int, content: File) -> MessageRecord:
    """An own message that is said when its file, which has this number, is at the relay."""
    record = _own(circle, id, ATTACHED_FROM + file, circle.context.now())
    record.type, record.body = write_content(content)
    _add(circle, record)
    return record


def _own(circle: Circle, id: bytes, position: int, at: int) -> MessageRecord:
    return MessageRecord(
        circle=circle.number,
        position=position,
        id=id,
        n=0,
        author=circle.member_key,
        author_name=circle.own.name,
        hue=hue(circle, circle.member_key),
        at=at,
        logged_at=at,
        kind=RowKind.UNKNOWN,
        text="",
        type=0,
        body=b"",
        state=MessageState.WAITING,
    )


def numbered(circle: Circle, envelope: Envelope) -> None:
    """An own message that has its row has become this one."""
    circle.context.store.database.write(
        "UPDATE messages SET counter = ?, at = ?, logged_at = ? WHERE circle = ? AND id = ?",
        (envelope.counter, envelope.sent_at, envelope.sent_at, circle.number, envelope.id),
    )


def not_said(circle: Circle, record: MessageRecord, text: str, kind: RowKind) -> None:
    """An own message that was never sent is a notice of this client's, at the newest entry."""
    messages, was = circle.context.store.messages, record.position
    messages.delete(circle.number, was)
    record.author, record.author_name, record.hue = b"", "", -1
    record.type, record.body, record.text, record.kind = 0, b"", text, kind
    record.position, record.n = place(circle), circle.record.n
    record.at = record.logged_at = circle.context.now()
    record.state = MessageState.RECEIVED
    messages.insert(record)
    tell(circle, record, was)


def moved_on(circle: Circle, id: bytes, state: MessageState) -> None:
    """An own message that waits is on its way, or waits again."""
    for record in circle.context.store.messages.where("circle = ? AND id = ?", circle.number, id):
        if record.state != state:
            record.state = state
            circle.context.store.messages.save(record)
            tell(circle, record)


def delivered(circle: Circle, id: bytes, time: int) -> None:
    """An own message is in the log, at the newest entry: it takes its place there."""
    messages = circle.context.store.messages
    for record in messages.where("circle = ? AND id = ?", circle.number, id):
        was = record.position
        messages.delete(circle.number, was)
        record.position = place(circle)
        record.n = circle.record.n
        record.logged_at = time
        record.goes_at = _ends(circle, record, content_of(record.type, record.body))
        record.state = MessageState.DELIVERED
        messages.insert(record)
        tell(circle, record, was)


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
        record.position, record.n, record.goes_at = WAITING_FROM + seq, 0, 0
        record.state = MessageState.WAITING
        messages.insert(record)
        tell(circle, record, was)


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
            record.goes_at = _ends(circle, record, content_of(record.type, record.body))
            messages.insert(record)
            tell(circle, record, was)


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


_HERE = "(goes_at = 0 OR goes_at > ?)"
"""A row that is to be shown: what was to go by now may not be erased yet."""


def rows_before(circle: Circle, position: int | None, limit: int) -> list[MessageRecord]:
    """Up to `limit` rows before a position, the newest where it is None; oldest first."""
    end = (1 << 63) - 1 if position is None else position
    found = circle.context.store.messages.where(
        f"circle = ? AND position < ? AND {_HERE} ORDER BY position DESC LIMIT ?",
        circle.number,
        end,
        circle.context.now(),
        limit,
    )
    return found[::-1]


def rows_after(circle: Circle, position: int, limit: int) -> list[MessageRecord]:
    """Up to `limit` rows after a position, oldest first."""
    return circle.context.store.messages.where(
        f"circle = ? AND position > ? AND {_HERE} ORDER BY position LIMIT ?",
        circle.number,
        position,
        circle.context.now(),
        limit,
    )


def rows(circle: Circle, records: list[MessageRecord]) -> list[Row]:
    """Stored rows as screens show them."""
    return showing.rows(circle, records)


def row(circle: Circle, id: bytes) -> Row | None:
    """One row by its id."""
    found = find(circle, id)
    if found is None or 0 < found.goes_at <= circle.context.now():
        return None
    return showing.row(circle, found)


def position_at(circle: Circle, time: int) -> int:
    """The first position of what the relay ordered at a time (milliseconds) or later.

    The relay's times only grow with n, so that a few entries are looked at, however many there are.
    """
    first, end = 0, circle.record.n + 1
    while first < end:
        middle = (first + end) // 2
        entry = circle.context.store.database.row(
            "SELECT n, time FROM entries"
            " WHERE circle = ? AND n >= ? AND time > 0 ORDER BY n LIMIT 1",
            (circle.number, middle),
        )
        if entry is None or int(str(entry[1])) >= time:
            end = middle
        else:
            first = int(str(entry[0])) + 1
    return first << PLACE_BITS


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
    newest = rows_before(circle, WAITING_FROM, 1)
    first = rows_after(circle, -1, 1)
    if not newest or not first:
        return count
    return max(count, (newest[0].position >> PLACE_BITS) - (first[0].position >> PLACE_BITS) + 1)
