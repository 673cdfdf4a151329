"""What is done to messages: reactions, edits, taking back, pins, votes.

docs/protocol.md section 5.1. A deed is kept by itself, and what a message has become follows from
those that are kept, in the order of the log; so it makes no difference when its message comes. Of
what a member does over and over again (`slot`) the last alone is kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from crypto.again import Repeated
from crypto.circle.view import Leaf
from crypto.content import (
    Content,
    Cover,
    Delete,
    Edit,
    Pin,
    Poll,
    React,
    Text,
    Vote,
    read_content,
    write_content,
)
from crypto.envelope import Envelope
from crypto.history import PassedOnMessage
from tui.engine import showing, timeline
from tui.engine.circle import Circle
from tui.engine.events import Row
from tui.engine.store.records import DeedRecord, MessageRecord

Said: TypeAlias = Envelope | Repeated | PassedOnMessage
Deed: TypeAlias = React | Edit | Delete | Pin | Vote
KINDS = (React, Edit, Delete, Pin, Vote)
PASSED_ON = (React, Pin, Vote)
"""What a newcomer believes of others on the word of who let them in."""

REACTIONS_MOST = 16
"""Emoji of one member on one message."""

EDITS_MOST = 64
"""Edits of a message that are kept, the newest."""

WAITING_MOST = 256
"""Deeds of one member that wait for their messages."""

ANSWERS_TOLD = 50
"""Answers to a message that are told to have changed with it, the newest."""

TRIED = "{name} tried to change a message of {author}. It stays as it is."


def received(circle: Circle, leaf: Leaf, envelope: Envelope, content: Deed) -> None:
    """Another device does something to a message, at the newest entry of the log."""
    deed = made(circle, content.of, leaf.member, leaf.name, envelope)
    deed.position = timeline.place(circle)
    keep(circle, deed)


def written(circle: Circle, envelope: Envelope, content: Deed, seq: int) -> None:
    """This device does something to a message; it shows at once."""
    deed = made(circle, content.of, circle.member_key, circle.own.name, envelope)
    deed.position, deed.counter = timeline.WAITING_FROM + seq, envelope.counter
    keep(circle, deed)


def made(circle: Circle, target: bytes, author: bytes, name: str, message: Said) -> DeedRecord:
    """A deed that has no place yet."""
    content, slot = read_content(message.type, message.body), ""
    if isinstance(content, React):
        slot = content.what
    elif isinstance(content, Edit):
        slot = message.id.hex()  # each of them is kept, to be read
    return DeedRecord(
        circle.number, target, author, message.type, slot, 0, message.id, name,
        message.sent_at, message.body, goes_at=_ends(circle, message.sent_at, content),
    )  # fmt: skip


def _ends(circle: Circle, at: int, content: Content) -> int:
    """When an edit goes, should its message never come; 0 where it stays."""
    lasts = content.lasts if isinstance(content, Edit) else 0
    return min(at, circle.context.now()) + lasts * 1000 if lasts else 0


def keep(circle: Circle, deed: DeedRecord) -> None:
    """Take a deed in, with what it does to its message; one that is outdone is passed over."""
    store = circle.context.store
    held = store.deeds.get(circle.number, deed.target, deed.author, deed.type, deed.slot)
    if held is not None and held.position > deed.position:
        return
    target = timeline.find(circle, deed.target)
    if target is None:
        _let_wait(circle, deed)
    elif _may_be(circle, target, deed):
        store.deeds.save(deed)
        _let_go(circle, deed)
        _apply(circle, target)


def _let_go(circle: Circle, newest: DeedRecord) -> None:
    """A member does so many things of a kind to a message, and no more are kept."""
    store = circle.context.store
    kind = (circle.number, newest.target, newest.author, newest.type)
    condition = (
        "circle = ? AND target = ? AND author = ? AND type = ? AND waits = 0"
        " ORDER BY position DESC LIMIT -1 OFFSET ?"
    )
    for old in store.deeds.where(condition, *kind, EDITS_MOST):
        store.deeds.delete(old.circle, old.target, old.author, old.type, old.slot)


def _let_wait(circle: Circle, deed: DeedRecord) -> None:
    store = circle.context.store
    deed.waits = 1
    store.deeds.save(deed)
    condition = "circle = ? AND author = ? AND waits = 1 ORDER BY position DESC LIMIT -1 OFFSET ?"
    for old in store.deeds.where(condition, circle.number, deed.author, WAITING_MOST):
        store.deeds.delete(old.circle, old.target, old.author, old.type, old.slot)


def _may_be(circle: Circle, target: MessageRecord, deed: DeedRecord) -> bool:
    """Whether this member may do this to this message; where they never may, it is said."""
    content = read_content(deed.type, deed.body)
    if isinstance(content, Edit | Delete) and target.author != deed.author and target.author:
        text = TRIED.format(name=deed.author_name, author=target.author_name)
        timeline.notice(circle, text, warning=True)
        return False
    return not why_not(circle, target, deed.author, content)


def why_not(circle: Circle, target: MessageRecord, author: bytes, content: object) -> str:
    """Why a member can't do this to a message, as a sentence; empty where they can."""
    if not target.type or target.deleted:
        return "There is no message there any more."
    if isinstance(content, Edit | Delete) and target.author != author:
        return "A message can be changed by who wrote it alone."
    if isinstance(content, Edit) and not isinstance(_said(target), Text):
        return "Only a text can be changed."
    if isinstance(content, Vote):
        return _why_no_vote(_said(target), content)
    if isinstance(content, React):
        row = circle.context.store.database.row(
            "SELECT count(*) FROM deeds WHERE circle = ? AND target = ? AND author = ?"
            " AND type = ? AND slot != ?",
            (circle.number, target.id, author, write_content(content)[0], content.what),
        )
        if row is not None and int(str(row[0])) >= REACTIONS_MOST:
            return f"One member has {REACTIONS_MOST} emoji for a message."
    return ""


def _why_no_vote(poll: Content | None, vote: Vote) -> str:
    if not isinstance(poll, Poll):
        return "That is no poll."
    if any(choice >= len(poll.options) for choice in vote.choices):
        return f"This poll has {len(poll.options)} options."
    return "" if poll.several or len(vote.choices) <= 1 else "This poll takes one choice."


def _said(target: MessageRecord) -> Content | None:
    return timeline.content_of(target.type, target.body)


def caught_up(circle: Circle, id: bytes) -> None:
    """A message has come: what waited for it is done now."""
    store = circle.context.store
    waiting = store.deeds.where(
        "circle = ? AND target = ? AND waits = 1 ORDER BY position", circle.number, id
    )
    for deed in waiting:
        store.deeds.delete(deed.circle, deed.target, deed.author, deed.type, deed.slot)
        deed.waits = 0
        keep(circle, deed)
    target = timeline.find(circle, id)
    if waiting and target is not None:
        timeline.told_anew(circle, target)


def _apply(circle: Circle, target: MessageRecord) -> None:
    """Make of a message what was done to it, and tell."""
    store = circle.context.store
    target.deeds = 1
    found = showing.done_to(store, circle.number, [target.id])[target.id]
    contents = [read_content(deed.type, deed.body) for deed in found]
    edits = [content for content in contents if isinstance(content, Edit)]
    text = target.text
    if any(isinstance(content, Delete) for content in contents):
        _erase(circle, target, found)
    if edits and not target.deleted:
        target.text, target.edited = edits[-1].text, 1
        target.mentions = timeline.mentions(circle, target.author, edits[-1].mentions)
    store.messages.save(target)
    timeline.tell(circle, target)
    if target.text != text:
        tell_answers(circle, target)


def tell_answers(circle: Circle, target: MessageRecord) -> None:
    """What answers a message is shown with its first line."""
    condition = "circle = ? AND reply = ? AND reply != x'' ORDER BY position DESC LIMIT ?"
    messages = circle.context.store.messages
    for answer in messages.where(condition, circle.number, target.id, ANSWERS_TOLD):
        timeline.tell(circle, answer)


def _erase(circle: Circle, target: MessageRecord, found: list[DeedRecord]) -> None:
    """Nothing of what it said is kept here, and nothing of it is sent from here again."""
    store = circle.context.store
    target.text, target.body, target.deleted = "", b"", 1
    target.mentions = target.edited = target.me = 0
    target.reply = b""
    places = {target.id: target.n}
    for deed in found:
        if not isinstance(read_content(deed.type, deed.body), Delete):
            store.deeds.delete(deed.circle, deed.target, deed.author, deed.type, deed.slot)
            places[deed.id] = deed.position >> timeline.PLACE_BITS
    if target.author == circle.member_key:
        cover(circle, places)


def cover(circle: Circle, places: dict[bytes, int]) -> None:
    """Of own messages, by their ids with their entries in the log, nothing is sent again."""
    store = circle.context.store
    for id, n in places.items():
        for outgoing in store.outbox.where("circle = ? AND id = ?", circle.number, id):
            outgoing.envelope = _covered(outgoing.envelope)
            store.outbox.save(outgoing)
        sent = store.sent.get(circle.number, n)
        if sent is not None and Envelope.decode(sent.envelope).id == id:
            sent.envelope = _covered(sent.envelope)
            store.sent.save(sent)


def _covered(encoded: bytes) -> bytes:
    """An envelope of the same id and place in its chain, with nothing in it."""
    number, body = write_content(Cover())
    return replace(Envelope.decode(encoded), type=number, body=body).encode()


# Own ones on their way.


def by_counter(circle: Circle, counter: int) -> DeedRecord | None:
    """The own deed with this number of the present leaf, if it is kept."""
    found = circle.context.store.deeds.where(
        "circle = ? AND counter = ? AND counter > 0", circle.number, counter
    )
    return found[0] if found else None


def delivered(circle: Circle, id: bytes) -> None:
    """An own deed is in the log, at the newest entry."""
    for deed in circle.context.store.deeds.where("circle = ? AND id = ?", circle.number, id):
        _moves(circle, deed, timeline.place(circle))


def waits(circle: Circle, id: bytes, seq: int) -> None:
    """An own deed waits to be sent, be it again."""
    for deed in circle.context.store.deeds.where("circle = ? AND id = ?", circle.number, id):
        _moves(circle, deed, timeline.WAITING_FROM + seq)


def _moves(circle: Circle, deed: DeedRecord, position: int) -> None:
    deed.position = position
    circle.context.store.deeds.save(deed)
    for target in circle.context.store.messages.where(
        "circle = ? AND id = ?", circle.number, deed.target
    ):
        _apply(circle, target)


def renumbered(circle: Circle, counters: dict[bytes, int]) -> None:
    """Own ones are counted anew, from a new leaf's first: by id, those that wait."""
    database = circle.context.store.database
    database.write(
        "UPDATE deeds SET counter = 0 WHERE circle = ? AND counter > 0", (circle.number,)
    )
    for id, counter in counters.items():
        database.write(
            "UPDATE deeds SET counter = ? WHERE circle = ? AND id = ?",
            (counter, circle.number, id),
        )


# What a message was, and is.


def pins(circle: Circle) -> list[Row]:
    """The messages that are pinned, in the order of the log."""
    store = circle.context.store
    found = store.messages.where(
        "circle = ? AND id IN (SELECT target FROM deeds INDEXED BY deeds_that_pin"
        " WHERE circle = ? AND type = 10) AND (goes_at = 0 OR goes_at > ?) ORDER BY position",
        circle.number,
        circle.number,
        circle.context.now(),
    )
    return [row for row in showing.rows(circle, found) if row.pinned]


def edits(circle: Circle, target: MessageRecord) -> list[tuple[int, str]]:
    """When it said what, oldest first: as it was written, then each edit."""
    said = _said(target)
    found = [(target.at, said.text)] if isinstance(said, Text) else []
    for deed in showing.done_to(circle.context.store, circle.number, [target.id])[target.id]:
        content = read_content(deed.type, deed.body)
        if isinstance(content, Edit):
            found.append((deed.at, content.text))
    return found


def as_it_stands(circle: Circle, target: MessageRecord) -> tuple[bytes, list[DeedRecord]]:
    """The body of a message with its last edit, and the other deeds to it."""
    found = showing.done_to(circle.context.store, circle.number, [target.id])[target.id]
    body, others = target.body, []
    for deed in found:
        content, said = (
            read_content(deed.type, deed.body),
            _said(target),
        )
        if isinstance(content, Edit) and isinstance(said, Text):
            changed = replace(said, text=content.text, mentions=content.mentions)
            _, body = write_content(changed)
        else:
            others.append(deed)
    return body, others
