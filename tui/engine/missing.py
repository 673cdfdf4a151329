"""Messages that were not shown: named in the conversation, asked for, sent again by who wrote them.

docs/protocol.md section 5.5. A gap in a leaf's counter shows that something is missing. The notice
about it keeps places behind itself, and what comes again stands there. Only the leaf that wrote a
message sends it again, to whom it was for: never what lies before the asker came in.
"""

from __future__ import annotations

from crypto.again import Repeated, Repeats, open_again, seal_again
from crypto.circle.view import Leaf
from crypto.content import ASKED_MOST, Again, Ask, Cover, Poll, Text, Unknown, write_content
from crypto.envelope import NO_PREVIOUS
from crypto.errors import PeerError
from crypto.file import File
from crypto.mls.errors import MlsError
from crypto.mls.kem import KemKeyPair
from crypto.parts import CARRIED_LONGEST, in_parts
from crypto.primitives import x25519_public
from crypto.secret import Secret
from tui.engine import deeds, saying, timeline
from tui.engine.circle import SUITE, Circle
from tui.engine.events import MessageState, RowKind
from tui.engine.store.records import MessageRecord, MissingRecord

ASK_AGAIN = 3_600_000
"""Milliseconds until the second question; until the third it is twice that, and so on."""

ASKS_MOST = 8
ANSWER_EVERY = 10 * 60_000
"""Milliseconds in which the same message is sent again to the same device once."""

KEY_LENGTH = 32
_NOTHING = (write_content(Cover())[0], b"")


def gap(circle: Circle, leaf: Leaf, first: int, count: int, time: int) -> None:
    """`count` messages of a leaf, from this counter on, are missing before the one that came."""
    store, number = circle.context.store, circle.number
    notice = timeline.announce(
        circle, f"{_these(count, leaf.name)} missing.", warning=True, at=time
    )
    held = len(store.missing.where("circle = ? AND leaf_key = ?", number, leaf.signature_key))
    kept = max(0, min(count, ASKED_MOST - held))
    whole = count if kept == count else 0
    for counter in range(first + count - kept, first + count):
        position = timeline.place(circle)
        store.missing.save(
            MissingRecord(number, leaf.signature_key, counter, position, notice, whole)
        )


def _these(count: int, name: str, verb: tuple[str, str] = ("is", "are")) -> str:
    messages = "1 message" if count == 1 else f"{count} messages"
    return f"{messages} from {name} {verb[count != 1]}"


def ask_when_due(circle: Circle) -> None:
    """Ask for what is missing, once everything is here that the relay has to show."""
    connection, store = circle.connection, circle.context.store
    if connection is None or not connection.caught_up or not circle.active:
        return
    if circle.record.left_at:
        return
    now, wanted = circle.context.now(), dict[bytes, list[MissingRecord]]()
    for record in store.missing.where("circle = ? AND asks < ?", circle.number, ASKS_MOST):
        if circle.view.with_signature_key(record.leaf_key) is None:
            # Who wrote it is not here any more: nobody is there to ask.
            store.missing.delete(circle.number, record.leaf_key, record.counter)
        elif _due(record) <= now:
            wanted.setdefault(record.leaf_key, []).append(record)
    for leaf_key, records in wanted.items():
        _ask(circle, leaf_key, records)


def _ask(circle: Circle, leaf_key: bytes, records: list[MissingRecord]) -> None:
    now, rng = circle.context.now(), circle.context.rng
    # An answer to the question before may still be on its way: it is opened with the same key.
    key = next((record.key for record in records if record.key), b"") or rng(KEY_LENGTH)
    for record in records:
        record.asked_at, record.asks, record.key = now, record.asks + 1, key
        circle.context.store.missing.save(record)
    counters = tuple(record.counter for record in records)
    saying.write(circle, Ask(leaf_key, counters, x25519_public(Secret(key))))


def _due(record: MissingRecord) -> int:
    return record.asked_at + (ASK_AGAIN << (record.asks - 1)) if record.asks else 0


def next_time(circle: Circle) -> int | None:
    """When this device asks again, None where it does not."""
    found = circle.context.store.missing.where("circle = ? AND asks < ?", circle.number, ASKS_MOST)
    return min((_due(record) for record in found), default=None)


def asked(circle: Circle, leaf: Leaf, ask: Ask) -> None:
    """Another device misses messages: where they are this device's, it sends them again."""
    record, now = circle.record, circle.context.now()
    if ask.of != circle.leaf.public or not circle.active or record.left_at:
        return
    sender = circle.context.store.senders.get(circle.number, leaf.signature_key)
    since = 0 if sender is None else sender.since
    found = []
    for counter in ask.counters:
        if not record.numbered < counter <= record.counter:
            continue
        last = circle.answered.get((leaf.signature_key, counter))
        message = _kept(circle, counter, since)
        if message is not None and (last is None or now >= last + ANSWER_EVERY):
            circle.answered[leaf.signature_key, counter] = now
            found.append(message)
    for part in in_parts(found):
        try:
            again = seal_again(
                SUITE, circle.id, leaf.signature_key, ask, Repeats(part), circle.context.rng
            )
        except MlsError:
            return  # what it made for this is no key
        saying.write(circle, again)


def _kept(circle: Circle, counter: int, since: int) -> Repeated | None:
    """An own message as it is sent again; None where the asker has no right to it."""
    found = circle.context.store.messages.where(
        "circle = ? AND counter = ?", circle.number, counter
    )
    if not found:
        deed = deeds.by_counter(circle, counter)
        if deed is None:
            return Repeated(counter, NO_PREVIOUS, 0, *_NOTHING)
        if not since < deed.position >> timeline.PLACE_BITS <= circle.record.n:
            return None
        return Repeated(counter, deed.id, deed.at, deed.type, deed.body)
    (row,) = found
    if row.n <= since or len(row.body) > CARRIED_LONGEST:
        return None
    if row.deleted:
        return Repeated(counter, row.id, row.at, *_NOTHING)
    return Repeated(counter, row.id, row.at, row.type, row.body)


def came(circle: Circle, leaf: Leaf, again: Again) -> None:
    """Messages come again: shown where they are missing, if it is their author who sent them."""
    if again.to != circle.leaf.public:
        return
    store, number = circle.context.store, circle.number
    records = store.missing.where("circle = ? AND leaf_key = ?", number, leaf.signature_key)
    wanted = {record.counter: record for record in records}
    for key in {record.key for record in records if record.key}:
        secret = Secret(key)
        try:
            pair = KemKeyPair(secret, x25519_public(secret))
            repeats = open_again(SUITE, circle.id, pair, again)
        except PeerError:
            continue
        for message in repeats.messages:
            record = wanted.pop(message.counter, None)
            if record is not None:
                _settle(circle, leaf, record, _show(circle, leaf, record, message))


def late(circle: Circle, leaf: Leaf, counter: int) -> None:
    """A message that was missing stands in the log after all, further down."""
    record = circle.context.store.missing.get(circle.number, leaf.signature_key, counter)
    if record is not None:
        _settle(circle, leaf, record, True)


def _show(circle: Circle, leaf: Leaf, record: MissingRecord, message: Repeated) -> bool:
    """Show what came again, if there is anything to show."""
    if not message.body or not _readable(message):
        return False
    content = timeline.content_of(message.type, message.body)
    if isinstance(content, deeds.KINDS):
        deed = deeds.made(circle, content.of, leaf.member, leaf.name, message)
        deed.position = record.position
        deeds.keep(circle, deed)
        return True
    if not timeline.known(circle, message.id):
        row = MessageRecord(
            circle=circle.number,
            position=record.position,
            id=message.id,
            n=record.position >> timeline.PLACE_BITS,
            author=leaf.member,
            author_name=leaf.name,
            hue=timeline.hue(circle, leaf.member),
            at=message.sent_at,
            logged_at=message.sent_at,
            kind=RowKind.UNKNOWN,
            text="",
            type=message.type,
            body=message.body,
            state=MessageState.RECEIVED,
        )
        timeline.came_again(circle, row)
        deeds.caught_up(circle, message.id)
    return True


def _readable(message: Repeated) -> bool:
    """Whether it is something that people are shown, be it as what can't be read."""
    content = timeline.content_of(message.type, message.body)
    return content is None or isinstance(content, (Text, Poll, File, Unknown, *deeds.KINDS))


def _settle(circle: Circle, leaf: Leaf, record: MissingRecord, shown: bool) -> None:
    """One is missing no longer; with the last of a notice, the notice says so."""
    store, number = circle.context.store, circle.number
    store.missing.delete(number, record.leaf_key, record.counter)
    shown = shown or bool(record.shown)
    left = store.missing.where("circle = ? AND notice = ?", number, record.notice)
    if left:
        for other in left:
            other.shown = int(shown)
            store.missing.save(other)
    elif record.whole:
        it = "it" if record.whole == 1 else "them"
        what = f"sent {it} again" if shown else f"says that there is nothing to read in {it}"
        said = _these(record.whole, leaf.name, ("was", "were"))
        text = f"{said} missing. {leaf.name}'s device {what}."
        timeline.reword(circle, record.notice, text, kind=RowKind.NOTICE)
