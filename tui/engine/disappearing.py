"""Messages that go after a while: docs/protocol.md section 5.1.

How long a message stays is said in it, by its author, as the circle's state has it when they write
it; the state that stands before it in the log may have it stay for less. Each device counts from
the time that the relay gave the message in the log, which is part of what everybody's chain is
made of, and so all of them erase it at the same time. What arrives later than that was never here.
"""

from __future__ import annotations

from dataclasses import replace

from crypto.content import Content, Edit, Poll, Text, read_content
from crypto.file import File
from tui.engine import deeds, timeline
from tui.engine.circle import Circle
from tui.engine.events import RowsGone
from tui.engine.store.records import MessageRecord

AT_ONCE = 100
"""Messages that are erased in one input: erasing overwrites, and a screen waits for it."""


def lasting(circle: Circle, content: Content) -> Content:
    """What is about to be written, with how long it stays."""
    if isinstance(content, Text | Poll | File):
        return replace(content, lasts=circle.view.state.disappear)
    if isinstance(content, Edit):
        target = timeline.find(circle, content.of)
        said = None if target is None else timeline.content_of(target.type, target.body)
        return replace(content, lasts=said.lasts if isinstance(said, Text) else 0)
    return content


def next_time(circle: Circle) -> int | None:
    """When the next goes (milliseconds since 1970); None where none does."""
    times = [
        int(str(found[0]))
        for table in ("messages", "deeds")
        if (
            found := circle.context.store.database.row(
                f"SELECT goes_at FROM {table} WHERE circle = ? AND goes_at > 0"  # noqa: S608
                " ORDER BY goes_at LIMIT 1",
                (circle.number,),
            )
        )
    ]
    return min(times, default=None)


def sweep(circle: Circle) -> None:
    """Erase what has stayed for as long as it was to."""
    soonest, now = next_time(circle), circle.context.now()
    if soonest is None or soonest > now:
        return
    store = circle.context.store
    condition = "circle = ? AND goes_at > 0 AND goes_at <= ? ORDER BY goes_at LIMIT ?"
    gone = store.messages.where(condition, circle.number, now, AT_ONCE)
    for message in gone:
        _erase(circle, message)
    for deed in store.deeds.where(condition, circle.number, now, AT_ONCE):
        store.deeds.delete(deed.circle, deed.target, deed.author, deed.type, deed.slot)
    if gone:
        ids = [message.id.hex() for message in gone]
        circle.context.tell(RowsGone(circle=circle.hex, ids=ids))
        for message in gone:
            deeds.tell_answers(circle, message)
        circle.tell_changed()


def _erase(circle: Circle, message: MessageRecord) -> None:
    """Nothing of it is kept: no row, no word in the index, nothing that was done to it."""
    store = circle.context.store
    done = store.deeds.where("circle = ? AND target = ?", circle.number, message.id)
    places = {message.id: message.n}
    for deed in done:
        store.deeds.delete(deed.circle, deed.target, deed.author, deed.type, deed.slot)
        if isinstance(read_content(deed.type, deed.body), Edit):
            places[deed.id] = deed.position >> timeline.PLACE_BITS
    if message.author == circle.member_key:
        deeds.cover(circle, places)
    for file in store.files.where("circle = ? AND id = ?", circle.number, message.id):
        store.files.delete(file.number)
    store.messages.delete(circle.number, message.position)
