"""Entries of the log as they come in: folded into the chain, then acted upon by their kind."""

from __future__ import annotations

from crypto.access.binding import depart_statement, verify
from crypto.access.errors import MalformedError
from crypto.access.log import Kind, entry_hash
from crypto.access.side_data import LeaveWelcome, decode
from crypto.circle.view import Leaf
from crypto.content import (
    Again,
    Ask,
    Delete,
    Edit,
    Leave,
    PassedOn,
    Pin,
    Poll,
    React,
    Text,
    Unknown,
    Vote,
)
from crypto.entry import RANK_WAIT, rank
from crypto.envelope import Envelope, Place, SenderChain
from crypto.errors import PeerError
from crypto.file import File
from crypto.mls.errors import DecodeError, KeyUsedError, MlsError, OwnLeafError
from crypto.mls.group import ApplicationMessage
from relay import wire
from tui.engine import (
    committing,
    deeds,
    door,
    following,
    freshness,
    heads,
    history,
    missing,
    returning,
    roster,
    saying,
    timeline,
)
from tui.engine.circle import Circle, Witness
from tui.engine.intentions import intend
from tui.engine.padding import well_framed
from tui.engine.store.records import LeaverRecord, SenderRecord
from tui.engine.wishes import FinishLeaves

COMMITS_KEPT = 365 * 86_400_000
CLOCKS_APART = 86_400_000
"""Milliseconds by which the relay's clock and this one may differ before the relay is blamed."""

THROWN_AWAY = (
    "The relay threw away a change to the circle before its time, and this device needs it. Come "
    "in again to go on, with fresh keys."
)
AWAY_TOO_LONG = (
    "This device was away for so long that changes to the circle are gone which it would need. "
    "Come in again to go on, with fresh keys."
)


def entry(circle: Circle, shown: wire.Entry) -> None:
    """The next entry of the log; what was seen before is passed over."""
    if shown.n <= circle.record.n or circle.waits_for_welcome:
        return
    hashed = entry_hash(shown.time, shown.body, shown.side_data)
    heads.fold(circle, shown.n, shown.kind, hashed, shown)
    if circle.arriving:
        _look_for_arrival(circle, shown)
    elif circle.record.branch or circle.standing is not None:
        _look_for_return(circle, shown)
    elif circle.group is not None:
        _act(circle, shown)


def gone(circle: Circle, shown: wire.Gone) -> None:
    """An entry of which only the hash is left, or shown to this device."""
    if shown.n <= circle.record.n or circle.waits_for_welcome:
        return
    heads.fold(circle, shown.n, shown.kind, shown.entry_hash, None)
    if circle.arriving or not circle.active:
        return
    early = _too_early(circle, shown)
    if shown.kind == Kind.COMMIT:
        sentence = THROWN_AWAY if early else AWAY_TOO_LONG
        circle.stop(sentence)
        timeline.notice(circle, sentence, warning=True)
    elif shown.kind == Kind.MESSAGE:
        text = "A message has gone before this device could read it."
        if early:
            text = "The relay threw away a message before its time: this device has not read it."
        timeline.notice(circle, text, warning=early)


def _too_early(circle: Circle, shown: wire.Gone) -> bool:
    """Whether an entry that this device has not had is gone though it must be kept still.

    It is no older than the entry before it, of which the time is known.
    """
    row = circle.context.store.database.row(
        "SELECT time FROM entries WHERE circle = ? AND n < ? AND time > 0 ORDER BY n DESC LIMIT 1",
        (circle.number, shown.n),
    )
    before = 0 if row is None else int(str(row[0]))
    kept = COMMITS_KEPT if shown.kind == Kind.COMMIT else circle.record.retention * 1000
    return before + kept > circle.context.now() + CLOCKS_APART


def done(circle: Circle, answer: wire.Done) -> None:
    """Something of our own is in the log; where it is the next entry, it is shown by this alone."""
    if answer.n != circle.record.n + 1:
        return
    outgoing = saying.find(circle, idempotency=answer.idempotency_id)
    pending = circle.context.store.pending.get(circle.number)
    asked = circle.context.store.rejoinings.get(circle.number)
    if outgoing is not None:
        shown = (Kind.MESSAGE, outgoing.frame, b"")
    elif pending is not None and pending.idempotency == answer.idempotency_id:
        shown = (Kind.COMMIT, pending.frame, pending.side_data)
    elif asked is not None and asked.idempotency == answer.idempotency_id:
        shown = (Kind.REJOIN, asked.body, b"")
    else:
        return  # its entry comes by itself
    kind, body, side_data = shown
    entry(circle, wire.Entry(answer.n, kind, answer.time, body, side_data))


def _look_for_arrival(circle: Circle, shown: wire.Entry) -> None:
    """The commit that let this device in has a Welcome for its access key beside it."""
    if shown.kind != Kind.COMMIT or not well_framed(shown.body):
        return  # the others skip it, so it lets nobody in
    try:
        deltas = decode(shown.side_data)
    except MalformedError:
        return
    own = circle.access.public
    if any(isinstance(delta, LeaveWelcome) and delta.access_key == own for delta in deltas):
        circle.record.since = shown.n
        text = "This device is here now, beside your other one."
        if circle.record.issuer:
            issuer = circle.view.name(circle.record.issuer)
            text = f"You are here, on the code that {issuer} gave."
        timeline.notice(circle, text, at=shown.time)
        circle.tell_changed()


def _look_for_return(circle: Circle, shown: wire.Entry) -> None:
    """The log is folded afresh, up to the commit that lets this device in again."""
    if shown.kind == Kind.REJOIN:
        returning.ordered(circle, shown)
    elif shown.kind == Kind.COMMIT and well_framed(shown.body):
        returning.arrived(circle, shown)


def _act(circle: Circle, shown: wire.Entry) -> None:
    match shown.kind:
        case Kind.MESSAGE:
            outgoing = saying.find(circle, frame=shown.body)
            if outgoing is not None:
                saying.ordered(circle, outgoing, shown.time)
            else:
                _message(circle, shown)
        case Kind.COMMIT:
            epoch, stuck = circle.members.epoch, circle.record.stuck_at
            _commit(circle, shown)
            if not circle.active:
                return
            if circle.members.epoch == epoch:
                roster.skipped(circle, shown)
            elif stuck:
                roster.put_right_soon(circle, shown.body)  # that one was skipped by all, too
        case Kind.REQUEST:
            door.request(circle, shown)
        case Kind.REJOIN:
            returning.request(circle, shown)


def _commit(circle: Circle, shown: wire.Entry) -> None:
    pending = circle.context.store.pending.get(circle.number)
    if pending is not None and pending.frame == shown.body:
        committing.ordered(circle, pending, shown.side_data, shown.time)
    elif not well_framed(shown.body):
        _unreadable(circle, shown.time)
    elif not returning.arrived(circle, shown):
        following.commit(circle, shown.body, shown.side_data, shown.time)


def _message(circle: Circle, shown: wire.Entry) -> None:
    if not well_framed(shown.body):
        return _unreadable(circle, shown.time)
    try:
        opened = circle.members.process(shown.body)
    except OwnLeafError:
        return circle.stop(following.OLD_COPY)
    except KeyUsedError:
        return  # a replay: it was read at its first place
    except MlsError:
        return _unreadable(circle, shown.time)
    if not isinstance(opened, ApplicationMessage):  # a commit where none may be: it changes nothing
        return _unreadable(circle, shown.time)
    circle.ratchets_moved()
    leaf = circle.view.leaves[opened.sender]
    if circle.context.store.leavers.get(circle.number, leaf.member) is not None:
        return  # said after it had left
    try:
        envelope = Envelope.decode(opened.data)
        envelope.content  # noqa: B018  # whether it can be read at all is asked before it counts
    except (DecodeError, PeerError) as error:
        text = f"A message from {leaf.name} can't be read: {error}"
        return timeline.notice(circle, text, warning=True, at=shown.time)
    _confirm(circle, leaf)
    _heard(circle, leaf, envelope)
    if _in_chain(circle, leaf, envelope, shown.time):
        _take(circle, leaf, envelope, shown)


def _unreadable(circle: Circle, time: int) -> None:
    if not circle.record.stuck_at:
        timeline.notice(circle, "An entry that nobody can read was skipped.", warning=True, at=time)


def _confirm(circle: Circle, leaf: Leaf) -> None:
    """What the inviter's device says in our epoch shows that it is the inviter's circle."""
    if not circle.record.confirmed and leaf.member == circle.record.issuer:
        circle.record.confirmed = 1
        circle.tell_changed()


def _heard(circle: Circle, leaf: Leaf, envelope: Envelope) -> None:
    """The head in a message covers what its sender has seen."""
    head = envelope.head
    if head is not None and heads.note(circle, head, Witness.of(leaf)):
        freshness.vouched(circle, leaf, head, envelope.sent_at)


def _in_chain(circle: Circle, leaf: Leaf, envelope: Envelope, time: int) -> bool:
    """Where a message stands among its sender's; whether it is new."""
    store, number = circle.context.store, circle.number
    sender = store.senders.get(number, leaf.signature_key)
    if sender is not None:
        chain = SenderChain(sender.counter, sender.newest)
        place = chain.place(envelope)
        if place is Place.REPEATED:
            if timeline.known(circle, envelope.id):
                timeline.came_back(circle, leaf.member, envelope.id, time)
                return False
            missing.late(circle, leaf, envelope.counter)
            return True
        if place is Place.AFTER_GAP:
            missing.gap(circle, leaf, chain.counter + 1, chain.missing(envelope), time)
        elif place is Place.BROKEN:
            text = f"A message from {leaf.name} does not follow the one before it."
            timeline.notice(circle, text, warning=True, at=time)
    else:
        sender = SenderRecord(number, leaf.signature_key)
    sender.counter, sender.newest = envelope.counter, envelope.id
    store.senders.save(sender)
    return True


def _take(circle: Circle, leaf: Leaf, envelope: Envelope, shown: wire.Entry) -> None:
    content = envelope.content
    match content:
        case Text() | Poll() | File() | Unknown():
            if timeline.known(circle, envelope.id):
                return timeline.came_back(circle, leaf.member, envelope.id, shown.time)
            timeline.received(circle, leaf, envelope, shown.time)
            deeds.caught_up(circle, envelope.id)
            circle.tell_changed()
        case React() | Edit() | Delete() | Pin() | Vote():
            deeds.received(circle, leaf, envelope, content)
        case Leave():
            _leaves(circle, leaf, content, shown)
        case PassedOn():
            history.received(circle, leaf, content)
        case Ask():
            missing.asked(circle, leaf, content)
        case Again():
            missing.came(circle, leaf, content)
        case _:
            pass  # a cover has nothing in it


def _leaves(circle: Circle, leaf: Leaf, content: Leave, shown: wire.Entry) -> None:
    statement = depart_statement(circle.id, leaf.access_key)
    if not verify(leaf.access_key, statement, content.departure):
        return timeline.notice(circle, f"{leaf.name} said to leave, but did not sign it.")
    if leaf.member == circle.member_key:
        circle.record.left_at = shown.n
        timeline.notice(circle, "You left, on another of your devices.", at=shown.time)
        return circle.tell_changed()
    record = LeaverRecord(circle.number, leaf.member, leaf.access_key, content.departure)
    circle.context.store.leavers.save(record)
    keys = [
        other.signature_key for other in circle.view.leaves.values() if other.member != leaf.member
    ]
    wait = RANK_WAIT * rank(shown.body, circle.own.signature_key, keys)
    intend(circle, FinishLeaves(), not_before=circle.context.now() + wait)
