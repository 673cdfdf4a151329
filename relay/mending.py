"""Making a log whole again that was put back from a backup, with what its circle's devices hold.

That it was put back is shown by the relay's own signature on a head that its log does not reach.
From then on the log has another incarnation, and nothing new is ordered until the devices have
handed in what it lost, or it is clear that nobody will (`relay.restoring` says when). What is
handed in is an entry like any other to those who read along.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from crypto.access import side_data
from crypto.access.errors import DeltaRefused, MalformedError
from crypto.access.log import INCARNATION_LENGTH, Head, Kind, chain, entry_hash
from crypto.access.roster import Roster
from relay import wire
from relay.circles import CircleState, apply_record
from relay.limits import SECOND
from relay.restoring import Draft, Goal, Restoration
from relay.store.contract import (
    STORED,
    Append,
    Complete,
    Conflict,
    Loaded,
    Outcome,
    Record,
    Restart,
)
from relay.wire import Refusal

if TYPE_CHECKING:
    from relay.live import LiveCircle
    from relay.session import Session

TELL_EVERY = 5 * SECOND
"""How often devices are told where the log stands, while it does not grow."""


class Mending:
    """What a circle's log has been through, and its restoring while that is under way."""

    def __init__(self, circle: LiveCircle, loaded: Loaded, now: int) -> None:
        self._circle = circle
        self._hub = circle.hub
        names = [loaded.creation.incarnation, *(each.incarnation for each in loaded.restarts)]
        self.incarnation = names[-1]
        self._former = set(names) - {self.incarnation}
        self.told = loaded.creation.settlement
        self.restarted = bool(loaded.restarts)
        """Whether the log was ever put back, or came from elsewhere; cards and Welcomes may be
        missing then."""
        self.restoration: Restoration | None = None
        if not loaded.complete:
            self.restoration = Restoration(loaded.restarts[-1].time, now)
        if self.restoration is not None and self.told is not None and len(loaded.restarts) == 1:
            goal = self.restoration.goal = Goal.of(self.told)
            self.restoration.reported[loaded.creation.access_key] = goal.head
        self._changing = False
        self._early: dict[bytes, Head] = {}
        self._drafts: dict[Session, Draft] = {}
        self._told_at = now

    @property
    def under_way(self) -> bool:
        """Whether nothing new may be ordered."""
        return self.restoration is not None or self._changing

    @property
    def busy(self) -> bool:
        """Whether the store is still to answer."""
        return self._changing or (self.restoration is not None and self.restoration.flying > 0)

    # Sockets.

    def bound(self, session: Session) -> None:
        """A device's socket: it is told, if there is something to tell."""
        if self.restoration is not None:
            session.send(self._frame(self.restoration))

    def holds(self, session: Session, n: int) -> bool:
        """Whether a device has reported that it holds entry n, so that it need not be shown it."""
        head = None
        if self.restoration is not None:
            head = self.restoration.reported.get(session.key)
        return head is not None and n <= head.n

    def left(self, session: Session) -> None:
        """A socket is gone, and what it was handing in."""
        draft = self._drafts.pop(session, None)
        if draft is not None:
            self._hub.reserve(-len(draft.links))

    def rekeyed(self, old: bytes, new: bytes) -> None:
        """A device goes on under another key."""
        if self.restoration is not None and old in self.restoration.reported:
            self.restoration.reported[new] = self.restoration.reported.pop(old)

    def let_go(self) -> None:
        """The circle leaves the memory."""
        if self.restoration is not None:
            self._hub.reserve(-self.restoration.let_go())

    def _frame(self, restoration: Restoration) -> wire.Restoring:
        state = self._circle.confirmed
        known = max(state.n, restoration.known)
        return wire.Restoring(state.n, known, restoration.host(state.roster))

    def _tell(self, restoration: Restoration, now: int) -> None:
        self._told_at = now
        frame = self._frame(restoration)
        for session in self._circle.bound:
            session.send(frame)

    # What devices hand in.

    def report(self, session: Session, frame: wire.Report, now: int) -> None:
        """A device's newest signed head: the proof of a longer log, or all that the device has."""
        head = Head(frame.incarnation, frame.n, frame.hash, frame.signature)
        own = head.verify(self._circle.id, self._hub.key.public)
        if not own and not (self.told and head.verify(self._circle.id, self.told.former_key)):
            return session.refuse(Refusal.FORBIDDEN)
        filling = self.restoration is not None and self.restoration.goal is not None
        if not own and not filling:
            return  # it came too late, for what it could have shown
        if self.restoration is not None:
            self.restoration.report(session.key, head)
            session.send(self._frame(self.restoration))
            return self._look(self.restoration, now)
        # Of a former incarnation it is too late: that was made whole as far as it was reported.
        if head.n > self._circle.confirmed.n and head.incarnation not in self._former:
            self._early[session.key] = head
            self._restart(now)

    def _restart(self, now: int) -> None:
        if not self._changing:
            self._changing = True
            fresh = self._hub.rng(INCARNATION_LENGTH)
            restart = Restart(self._circle.id, self.incarnation, fresh, now)
            self._hub.store.submit(restart, partial(self._restarted, restart))

    def _restarted(self, restart: Restart, outcome: Outcome) -> None:
        self._changing = False
        early, self._early = self._early, {}
        if outcome is STORED:
            self._former.add(self.incarnation)
            self.restarted = True
            self.incarnation = restart.incarnation
            now = self._hub.clock()
            self.restoration = Restoration(restart.time, now, early)
            self._tell(self.restoration, now)
        elif isinstance(outcome, Conflict):
            self._circle.reload()
        else:
            self._hub.kept(outcome)

    def outline(self, session: Session, frame: wire.Outline) -> None:
        """A part of what a device says that belongs in the log, up to the head that it reported."""
        restoration = self.restoration
        head = None if restoration is None else restoration.aim(session.key)
        if restoration is None or head is None:
            return
        state, draft = self._circle.confirmed, self._drafts.get(session)
        if draft is None or frame.first != draft.next:
            self.left(session)
            if frame.first != state.n + 1:
                return session.send(self._frame(restoration))  # the log has grown meanwhile
            draft = Draft(state.circle, frame.first, state.chain, head, restoration.goal)
        if not self._hub.reserve(len(frame.links)):
            self.left(session)
            return session.refuse(Refusal.TOO_FAST, TELL_EVERY)
        self._drafts[session] = draft
        before = len(draft.links)
        if not draft.add(frame.links):
            self._hub.reserve(len(draft.links) - before - len(frame.links))
            restoration.reported.pop(session.key, None)
            return session.refuse(Refusal.MALFORMED)
        if draft.proven:
            del self._drafts[session]
            self._hub.reserve(-restoration.adopt(draft))
            self._tell(restoration, self._hub.clock())

    def restore(self, frame: wire.Restore, now: int) -> bool:
        """An entry; whether it is the next one, and the one that belongs there."""
        restoration, ahead = self.restoration, self._circle.ahead
        if restoration is None or restoration.failed or frame.n != ahead.n + 1:
            return False
        link = restoration.link(frame.n)
        if link is None:
            return False
        kind, hashed = link
        whole = frame.body is not None
        if whole:
            right = hashed == entry_hash(frame.time, frame.body or b"", frame.side_data)
        else:
            right = restoration.takes_gone(kind, now)
        # Two entries can't be told apart by their ids, which are known to nobody but the senders.
        chained = chain(ahead.circle, frame.n, kind, ahead.chain, hashed)
        record = Record(
            n=frame.n,
            kind=kind,
            time=frame.time if whole else ahead.time,
            body=frame.body,
            side_data=frame.side_data if whole else b"",
            sender=b"",
            idempotency_id=chained[:16],
            entry_hash=hashed,
            chain=chained,
        )
        judged = _judge(ahead, record, frame.sender) if right else None
        if judged is None:
            return False
        record, roster = judged
        restoration.flying += 1
        append = Append(ahead.circle, record, (), _invites(record), ahead.chain)
        ahead.advance(record, roster)
        self._hub.store.submit(append, partial(self._put_back, restoration, record, roster))
        return True

    def _put_back(
        self, restoration: Restoration, record: Record, roster: Roster, outcome: Outcome
    ) -> None:
        restoration.flying -= 1
        now = self._hub.clock()
        if outcome is STORED and record.n == self._circle.confirmed.n + 1:
            self._circle.put_back(record, roster)
            restoration.grew(now, record.body is not None)
        else:
            restoration.failed = True
            self._hub.kept(outcome)
        if not restoration.flying:
            if restoration.failed:
                restoration.failed = False
                self._circle.stand_back()
            self._tell(restoration, now)
            self._look(restoration, now)

    # Its end.

    def tick(self, now: int) -> None:
        """About once a second."""
        if self.restoration is not None:
            if now - self._told_at >= TELL_EVERY:
                self._tell(self.restoration, now)
            self._look(self.restoration, now)

    def _look(self, restoration: Restoration, now: int) -> None:
        state = self._circle.confirmed
        if not self._changing and restoration.over(state.n, state.roster, now):
            self._changing = True
            self._hub.store.submit(Complete(state.circle, self.incarnation), self._completed)

    def _completed(self, outcome: Outcome) -> None:
        self._changing = False
        if outcome is STORED:
            self.let_go()
            self.restoration = None
            for session in self._circle.bound:
                self.left(session)
                session.send(wire.Restored())
        elif isinstance(outcome, Conflict):
            self._circle.reload()
        else:
            self._hub.kept(outcome)


def _judge(
    state: CircleState, record: Record, sender: bytes | None
) -> tuple[Record, Roster] | None:
    """The record with its sender, and the roster after it; None where that can't have been so.

    Who handed a commit in is not in the chain. Where nobody knows, whoever may do least and could
    have done it is taken for its sender.
    """
    roster = state.roster
    if record.kind != Kind.COMMIT:
        return record, roster
    if record.n <= state.settled:
        return replace(record, sender=sender or b""), roster
    seats = sorted(roster.seats, key=roster.is_host) if sender is None else [sender]
    for key in seats:
        named = replace(record, sender=key)
        try:
            return named, apply_record(roster, named)
        except (DeltaRefused, MalformedError):
            continue
    return None


def _invites(record: Record) -> tuple[bytes, ...]:
    if record.kind != Kind.COMMIT:
        return ()
    deltas = side_data.decode(record.side_data)
    return tuple(each.invite_id for each in deltas if isinstance(each, side_data.AddInvite))
