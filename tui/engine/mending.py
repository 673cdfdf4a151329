"""A relay that was put back from a backup: it is given what it lost, and what nobody has is over.

docs/protocol.md section 4.7. While the relay makes its log whole, or shows less of it than this
device holds, nothing new is sent. Then either the log reaches as far as here, and goes on under its
new name; or it does not, and what was beyond its end is given up: own messages are sent again.
"""

from __future__ import annotations

from collections.abc import Iterator

from crypto.access.log import EMPTY_CHAIN, Head, Kind, entry_hash
from relay import wire
from tui.engine import heads, moving, saying, timeline
from tui.engine.circle import Circle, Connection, Mending, Witness
from tui.engine.errors import WishError
from tui.engine.store.records import EntryRecord, IncarnationRecord
from tui.engine.wishes import Admit, LetReturn, decode

PATIENCE = 60_000
"""Milliseconds for other devices to show a relay that it was put back."""

WINDOW = 16
"""Entries that are handed in beyond where the log stands."""

LINKS = wire.OUTLINE_LIMIT // 33
"""Entries in one part of an outline."""

SHOWS_LESS = (
    "The relay shows less of this conversation than it did before. Nothing is sent here until it "
    "shows the rest again."
)
IS_WHOLE_AGAIN = (
    "The relay was put back from a backup. What it had lost, the members' devices have given to it "
    "again."
)
HAS_LOST = (
    "{why}, and {entries} lost there. What you had said in them is sent again; the others' devices "
    "do the same."
)
PUT_BACK = "The relay was put back from a backup"
MOVED = "Not everything came along when the circle moved"
CHANGES_LOST = (
    "The relay was put back from a backup, and lost changes to this circle that this device has "
    "followed. Nothing is sent from it any more. Come in again to go on, with fresh keys: a device "
    "that has not followed them lets this one in. Where there is none, open another circle."
)
CHANGES_LEFT = (
    "Changes to this circle that this device has followed did not come along when it moved. "
    "Nothing is sent from it any more. Come in again to go on, with fresh keys."
)
REQUEST_LOST = (
    "The relay was put back from a backup, and lost this request. It has to be made again."
)
_MENDING = (
    "The relay was put back from a backup, and the members' devices give it what it lost. What is "
    "written meanwhile waits."
)
_WAITS = " It waits for the device of a host."


def compare(circle: Circle, connection: Connection) -> None:
    """The relay's first word on its log, compared with the log that is held here."""
    record, head = circle.record, connection.bound
    if head.n == 0 and record.chain == EMPTY_CHAIN:
        record.incarnation, record.head = head.incarnation, head.encode()
        circle.changed()
    elif head.incarnation != record.incarnation:
        # Another name: it may go on from anywhere, so it is asked for what it holds here.
        mending = connection.mending = Mending(circle.context.now() + PATIENCE)
        begins = 0 if connection.begins is None else connection.begins.base
        mending.common, mending.probe = begins, min(head.n, record.n)
        mending.differs = mending.probe + 1
        _look(circle, connection, mending)
    elif head.n == 0 or heads.note(circle, head, Witness()):
        if head.n < record.n:
            _wait(circle, connection)


def _wait(circle: Circle, connection: Connection) -> None:
    """The relay's log is the beginning of ours: with a proof of that it may be made whole."""
    newest = _more(circle, connection.bound)
    mending = connection.mending = Mending(circle.context.now() + PATIENCE)
    if newest is not None:
        _report(connection, mending, newest)


def _more(circle: Circle, head: Head) -> Head | None:
    """The newest signed head that is held here, if it is beyond this one."""
    newest = heads.newest(circle)
    return newest if newest is not None and newest.n > head.n else None


def shown(circle: Circle, connection: Connection, n: int, hashed: bytes) -> None:
    """The relay shows an entry; that of which it was asked tells whether it is ours."""
    mending = connection.mending
    if mending is None or n != mending.probe:
        return
    (entry,) = _entries(circle, n, n)
    if _hash(entry) in (b"", hashed):  # where only the relay knows, heads will show it
        mending.common = n
    else:
        mending.differs = n
    mending.probe = (mending.common + mending.differs) // 2
    _look(circle, connection, mending)


def _look(circle: Circle, connection: Connection, mending: Mending) -> None:
    """Ask for the entry half way between what is common and what differs; or act on it."""
    head, record = connection.bound, circle.record
    if mending.common + 1 < mending.differs:
        connection.send(wire.Read(mending.probe, mending.probe))
    elif mending.common == record.n:
        if not moving.comes(circle):
            timeline.notice(circle, IS_WHOLE_AGAIN)
        _renamed(circle, head, record.n)
        # What is sent from now on is to speak of the log under its new name.
        saying.encrypt_anew(circle)
        connection.begin_again = True
    elif mending.common == head.n:
        _wait(circle, connection)
    else:
        _go_back(circle, head, mending.common)
        connection.begin_again = True


def sentence(circle: Circle) -> str:
    """What is to be said beside the circle's name, if anything."""
    mending = None if circle.connection is None else circle.connection.mending
    if mending is None:
        return ""
    if moving.comes(circle):
        return moving.COMES.format(where=circle.record.address)
    if mending.told is None:
        return SHOWS_LESS
    return _MENDING if mending.told.host else _MENDING + _WAITS


def told(circle: Circle, connection: Connection, frame: wire.Restoring) -> None:
    """The relay says that it is being made whole, and how far it is."""
    newest = heads.newest(circle)
    mending = connection.mending = connection.mending or Mending(None)
    again = mending.told is not None and mending.told.n == frame.n
    mending.told, mending.until, mending.probe = frame, None, 0
    if not (circle.active or circle.record.stuck_at):
        return  # whose own log is in doubt adds nothing to it
    if newest is not None:
        _report(connection, mending, newest)
    provable = _provable(circle, connection.begins, 0 if newest is None else newest.n)
    if provable > frame.known and mending.outlined != frame.n:
        mending.outlined = frame.n
        _outline(circle, connection, frame.n + 1, provable)
    first = frame.n if again else max(frame.n, mending.handed)
    handed = _hand_in(circle, connection, first, min(frame.n + WINDOW, frame.known))
    mending.handed = max(mending.handed, handed)


def _provable(circle: Circle, begins: wire.Begins | None, signed: int) -> int:
    """Up to where an outline can be proven here: by a signed head, or what a host told of the log
    when it brought it."""
    if begins is None or circle.record.n < begins.n:
        return signed
    entry = circle.context.store.entries.get(circle.number, begins.n)
    if entry is not None and entry.chain != begins.hash:
        return 0
    return begins.n if begins.alone else max(begins.n, signed)


def _report(connection: Connection, mending: Mending, head: Head) -> None:
    if not mending.reported:
        mending.reported = True
        report = wire.Report(head.incarnation, head.n, head.hash, head.signature)
        connection.send(report)


def _outline(circle: Circle, connection: Connection, first: int, last: int) -> None:
    links = []
    for entry in _entries(circle, first, last):
        hashed = _hash(entry)
        if not hashed:
            return  # its bytes went before hashes were kept
        links.append(bytes((entry.kind,)) + hashed)
    for at in range(0, len(links), LINKS):
        connection.send(wire.Outline(first + at, b"".join(links[at : at + LINKS])))


def _hand_in(circle: Circle, connection: Connection, after: int, last: int) -> int:
    """Send what stands behind `after`, up to `last`; the last entry that was sent."""
    handed = after
    for entry in _entries(circle, after + 1, last):
        time, side_data = (0, b"") if entry.body is None else (entry.time, entry.side_data or b"")
        frame = wire.Restore(entry.n, time, entry.body, side_data, entry.sender or None)
        connection.send(frame)
        handed = entry.n
    return handed


def _entries(circle: Circle, first: int, last: int) -> Iterator[EntryRecord]:
    entries, step = circle.context.store.entries, 256
    for start in range(first, last + 1, step):
        end = min(last, start + step - 1)
        yield from entries.where(
            "circle = ? AND n >= ? AND n <= ? ORDER BY n", circle.number, start, end
        )


def _hash(entry: EntryRecord) -> bytes:
    if entry.hash or entry.body is None:
        return entry.hash
    return entry_hash(entry.time, entry.body, entry.side_data or b"")


def _renamed(circle: Circle, head: Head, until: int) -> None:
    store, record = circle.context.store, circle.record
    former = store.incarnations.get(circle.number, record.incarnation)
    if former is None:
        former = IncarnationRecord(circle.number, record.incarnation, until)
    elif until < record.n:
        former.n = until
    store.incarnations.save(former)
    record.incarnation = head.incarnation
    circle.heads.clear()
    circle.ahead = None
    circle.changed()


def out_of_patience(circle: Circle, connection: Connection) -> str:
    """Where nobody has shown the relay more: go back to where it stands; or a sentence why not."""
    mending, head = connection.mending, connection.bound
    if mending is None or mending.until is None or circle.context.now() < mending.until:
        return ""
    signed = _more(circle, head) is not None
    if mending.probe or (signed and head.incarnation == circle.record.incarnation):
        return SHOWS_LESS  # it has signed for more, and shows it to nobody now
    _go_back(circle, head, head.n)
    connection.begin_again = True
    return ""


def _go_back(circle: Circle, head: Head, n: int) -> None:
    """The log is ours up to entry n alone: what was held beyond it has no place any more."""
    store, record, number = circle.context.store, circle.record, circle.number
    lost = store.entries.where("circle = ? AND n > ?", number, n)
    followed = any(entry.sender for entry in lost) or record.since > n
    moved = moving.comes(circle)
    if head.incarnation != record.incarnation:
        _renamed(circle, head, n)
    before = store.entries.get(number, n)
    record.branch_end = max(record.branch_end, record.n)
    record.n, record.chain = n, EMPTY_CHAIN if before is None else before.chain
    record.head = head.encode() if head.n == n else b""
    record.covered = min(record.covered, n)
    record.ahead = record.ahead_since = 0
    record.sub = timeline.next_place(circle, n)
    for table in ("entries", "requests"):
        store.database.write(f"DELETE FROM {table} WHERE circle = ? AND n > ?", (number, n))  # noqa: S608
    newest = store.entries.where(
        "circle = ? AND kind = ? ORDER BY n DESC LIMIT 1", number, int(Kind.COMMIT)
    )
    record.handshake = newest[0].n if newest else 0
    _forget_plans(circle, n)
    timeline.given_up(circle, n)
    saying.take_back(circle, n)
    _say(circle, len(lost), followed, moved)


def _forget_plans(circle: Circle, after: int) -> None:
    """What was to be answered, and stood beyond the end, has to be asked again."""
    store, number = circle.context.store, circle.number
    for intention in store.intentions.where("circle = ?", number):
        wish = decode(intention.wish)
        if isinstance(wish, Admit | LetReturn) and wish.n > after:
            store.intentions.delete(intention.number)
            ref = circle.context.refs.pop(intention.number, None)
            if ref is not None:
                circle.context.refuse(ref, WishError("lost", REQUEST_LOST))
    asked = store.rejoinings.get(number)
    if asked is not None and max(asked.n, asked.arrived) > after:
        asked.n = asked.arrived = 0
        store.rejoinings.save(asked)
        circle.waits_for_welcome = False


def _say(circle: Circle, lost: int, followed: bool, moved: bool) -> None:
    if followed:
        text = CHANGES_LEFT if moved else CHANGES_LOST
        if circle.active:
            circle.stop(text)
            # It can't follow what comes from here on.
            circle.record.stuck_at = max(1, circle.record.n)
        return timeline.notice(circle, text, warning=True)
    entries = "1 entry was" if lost == 1 else f"{lost} entries were"
    text = HAS_LOST.format(why=MOVED if moved else PUT_BACK, entries=entries)
    timeline.notice(circle, text, warning=True)
    circle.tell_changed()
