"""The rules of one circle's log: what may be the next entry, and what has had its time.

Pure: a `CircleState` is folded from what the store holds, and `decide` turns a wish into the record
that the store is asked to make entry n + 1, or into the refusal that the client hears
(docs/protocol.md sections 4.3 to 4.6). The store compares n, so a state that was overtaken by
another writer does no harm: the wish is decided again on the newer one.

`Answers` is looked at before anything is decided: a wish that came twice is carried out once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeAlias

from crypto.access import side_data
from crypto.access.errors import DeltaRefused, MalformedError, Reason
from crypto.access.log import EMPTY_CHAIN, Kind, chain, entry_hash
from crypto.access.roster import Invite, InviteState, Roster, apply
from relay.limits import SECOND, Buckets, Settings
from relay.store.contract import Append, Attachment, Forget, Loaded, Record
from relay.wire import Refusal, Refused

ANSWERS_KEPT = 256
"""Idempotency ids that a loaded circle remembers; the store knows them all."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks to have ordered.

    `sender` is its access key, of a request its invite's. `handshake` is the n of the newest commit
    that it has seen. Of a request `side_data` is the invite id. `staged` are the cards and Welcomes
    that the socket has handed in, by hash.
    """

    kind: Kind
    idempotency_id: bytes
    sender: bytes
    body: bytes
    handshake: int = 0
    side_data: bytes = b""
    staged: Mapping[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The wish may come true: what the store is asked for, and the roster once it has."""

    append: Append
    roster: Roster


Verdict: TypeAlias = Accepted | Refused


class Turns:
    """Who may commit or ask to rejoin when; kept in memory only.

    A member on a slow line would lose every race to commit against quick ones. So the chair whose
    commit was stale has the next few seconds for itself, once a minute.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._commits: Buckets[int] = Buckets(settings.commits)
        self._rejoins: Buckets[bytes] = Buckets(settings.rejoins)
        self._missed: dict[int, int] = {}
        self._holder: int | None = None
        self._until = 0

    def missed(self, chair: int, now: int) -> None:
        """The chair's commit was stale: it has the turn, unless another has or it just had."""
        again = self._missed.get(chair)
        if now < self._until or (again is not None and now < again):
            return
        self._holder, self._until = chair, now + self._settings.turn
        self._missed[chair] = now + self._settings.turn_again

    def refusal(self, chair: int, now: int) -> tuple[Refusal, int] | None:
        """Why the chair may not commit now, and the milliseconds to wait."""
        if now < self._until and chair != self._holder:
            return Refusal.TURN, self._until - now
        wait = self._commits.wait(chair, now)
        return (Refusal.TOO_FAST, wait) if wait else None

    def committed(self, chair: int, now: int) -> None:
        """The chair's commit was taken."""
        self._commits.take(chair, now)
        if chair == self._holder:
            self._holder, self._until = None, 0

    def rejoin(self, access_key: bytes, now: int) -> int:
        """Count a device's rejoin request and give 0, or the milliseconds to wait."""
        return self._rejoins.take(access_key, now)

    def prune(self, now: int) -> None:
        """Forget what no longer matters."""
        self._commits.prune(now)
        self._rejoins.prune(now)
        self._missed = {chair: again for chair, again in self._missed.items() if now < again}


class Answers:
    """Which idempotency ids became which entries: (n, time), the newest of them."""

    def __init__(self, recent: Iterable[tuple[bytes, int, int]] = ()) -> None:
        self._answers: dict[bytes, tuple[int, int]] = {}
        for idempotency_id, n, time in recent:
            self.add(idempotency_id, n, time)

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, idempotency_id: bytes) -> tuple[int, int] | None:
        """The entry's n and time, where it is among those remembered."""
        return self._answers.get(idempotency_id)

    def add(self, idempotency_id: bytes, n: int, time: int) -> None:
        """An entry was ordered."""
        self._answers[idempotency_id] = (n, time)
        if len(self._answers) > ANSWERS_KEPT:
            del self._answers[next(iter(self._answers))]


@dataclass(slots=True)
class CircleState:
    """A circle's log so far: where it stands, its roster, and what waits at the door.

    `handshake` is the n of the newest commit, `size` the bytes of bodies and side data that are
    kept. `waiting` holds, by invite id, (n, time) of the requests that nobody has answered.
    Commits up to `settled` have no effect on the roster: it was told as it was after them.
    """

    circle: bytes
    settings: Settings
    roster: Roster
    n: int = 0
    chain: bytes = EMPTY_CHAIN
    time: int = 0
    handshake: int = 0
    size: int = 0
    waiting: dict[bytes, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    settled: int = 0

    @classmethod
    def fold(cls, loaded: Loaded, settings: Settings) -> Self:
        """The state that a store's records lead to."""
        creation = loaded.creation
        told = creation.settlement
        if told is None:
            roster = Roster.found(creation.circle, creation.access_key, creation.cap, creation.time)
            state = cls(creation.circle, settings, roster, time=creation.time)
        else:
            # The time is that of the entries, which were ordered long before they came here.
            roster = told.roster(creation.circle, creation.time)
            state = cls(
                creation.circle, settings, roster, told.base, told.base_hash, settled=told.n
            )
        for record in loaded.turns:
            state.advance(record)
        if loaded.last is not None and loaded.last.kind == Kind.MESSAGE:
            state.advance(loaded.last)
        state.size = loaded.size
        return state

    def copy(self) -> CircleState:
        """A state to go ahead with, while this one stays."""
        return replace(self, waiting=dict(self.waiting))

    def advance(self, record: Record, roster: Roster | None = None) -> None:
        """Take an ordered record in; `roster` is the one after a commit, where it is known."""
        self.n, self.chain, self.time = record.n, record.chain, record.time
        self.size += len(record.body or b"") + len(record.side_data)
        if record.kind == Kind.COMMIT:
            self.handshake = record.n
            before = self.roster
            if roster is not None or record.n > self.settled:
                self.roster = roster if roster is not None else apply_record(before, record)
            self._answered(changes(before, self.roster))
        elif record.kind == Kind.REQUEST:
            queue = self.waiting.get(record.side_data, ())
            self.waiting[record.side_data] = (*queue, (record.n, record.time))

    def _answered(self, changed: Changes) -> None:
        """Requests leave the queue: the oldest for each who came in, all where an invite ends."""
        for invite_id, times in changed.came_in.items():
            self.waiting[invite_id] = self.waiting.get(invite_id, ())[times:]
        for invite_id in list(self.waiting):
            invite = self.roster.invites.get(invite_id)
            if invite is None or invite.state is not InviteState.OPEN:
                del self.waiting[invite_id]

    def decide(self, wish: Wish, turns: Turns, now: int) -> Verdict:
        """Whether the wish may be entry n + 1; nothing changes but what `turns` counts."""
        time = max(now, self.time)
        if wish.kind == Kind.REQUEST:
            refused = self._request(wish, now)
            return refused or self._accept(wish, wish.sender, time)
        seated = self.seated(wish.sender)
        if seated is None:
            return Refused(wish.idempotency_id, Refusal.REMOVED)
        if wish.kind == Kind.REJOIN:
            return self._rejoin(wish, seated, turns, now)
        if wish.handshake < self.handshake:
            if wish.kind == Kind.COMMIT:
                turns.missed(self.roster.seats[seated].chair, now)
            return Refused(wish.idempotency_id, Refusal.STALE, self.handshake)
        if wish.kind == Kind.COMMIT:
            return self._commit(wish, seated, turns, now)
        return self._too_large(wish) or self._accept(wish, seated, time)

    def seated(self, access_key: bytes) -> bytes | None:
        """The key itself, or the one that took its place, if either is on the roster."""
        if access_key in self.roster.seats:
            return access_key
        return self.roster.successor(access_key)

    def _too_large(self, wish: Wish) -> Refused | None:
        # A circle that is full can still be tidied up: commits have a quarter more.
        limit = self.settings.circle_size
        room = limit + limit // 4 if wish.kind == Kind.COMMIT else limit
        if self.size + len(wish.body) + len(wish.side_data) > room:
            return Refused(wish.idempotency_id, Refusal.TOO_LARGE, limit)
        return None

    def _request(self, wish: Wish, now: int) -> Refused | None:
        invite = self.roster.invites.get(wish.side_data)
        code = Refusal.INVITE_REVOKED if invite is None else invite_refusal(invite, now)
        if code is not None:
            return Refused(wish.idempotency_id, code)
        if len(self.roster.chairs()) >= self.roster.cap:
            return Refused(wish.idempotency_id, Refusal.FULL, self.roster.cap)
        since = now - self.settings.waiting_life
        queue = [at for _, at in self.waiting.get(wish.side_data, ()) if at > since]
        if len(queue) >= self.settings.waiting:
            return Refused(wish.idempotency_id, Refusal.WAITING, self.settings.waiting)
        return self._too_large(wish)

    def _rejoin(self, wish: Wish, sender: bytes, turns: Turns, now: int) -> Verdict:
        refused = self._too_large(wish)
        wait = 0 if refused else turns.rejoin(sender, now)
        if wait:
            refused = Refused(wish.idempotency_id, Refusal.TOO_FAST, wait)
        return refused or self._accept(wish, sender, max(now, self.time))

    def _commit(self, wish: Wish, sender: bytes, turns: Turns, now: int) -> Verdict:
        chair = self.roster.seats[sender].chair
        waits = turns.refusal(chair, now)
        if waits is not None:
            return Refused(wish.idempotency_id, *waits)
        time = max(now, self.time)
        try:
            deltas = side_data.decode(wish.side_data)
            applied = apply(self.roster, sender, deltas, self.n + 1, time)
        except MalformedError:
            return Refused(wish.idempotency_id, Refusal.MALFORMED)
        except DeltaRefused as error:
            number = {Reason.NOT_ALLOWED: error.index, Reason.FULL: self.roster.cap}
            code = Refusal[error.reason.name]
            return Refused(wish.idempotency_id, code, number.get(error.reason, 0))
        if not applied.hashes <= wish.staged.keys():
            return Refused(wish.idempotency_id, Refusal.UNSTAGED)
        refused = self._too_large(wish)
        if refused is not None:
            return refused
        turns.committed(chair, now)
        attachments = tuple(
            Attachment(hash_, wish.staged[hash_]) for hash_ in sorted(applied.hashes)
        )
        invites = tuple(d.invite_id for d in deltas if isinstance(d, side_data.AddInvite))
        record = self._record(wish, sender, time)
        append = Append(self.circle, record, attachments, invites, self.chain)
        return Accepted(append, applied.roster)

    def _accept(self, wish: Wish, sender: bytes, time: int) -> Accepted:
        record = self._record(wish, sender, time)
        return Accepted(Append(self.circle, record, previous=self.chain), self.roster)

    def _record(self, wish: Wish, sender: bytes, time: int) -> Record:
        n = self.n + 1
        hashed = entry_hash(time, wish.body, wish.side_data)
        return Record(
            n,
            wish.kind,
            time,
            wish.body,
            wish.side_data,
            sender,
            wish.idempotency_id,
            hashed,
            chain(self.circle, n, wish.kind, self.chain, hashed),
        )


def apply_record(roster: Roster, record: Record) -> Roster:
    """The roster after a commit; DeltaRefused or MalformedError where it can't follow."""
    deltas = side_data.decode(record.side_data)
    return apply(roster, record.sender, deltas, record.n, record.time).roster


def invite_refusal(invite: Invite, now: int) -> Refusal | None:
    """Why the invite opens no door any more, if so."""
    if invite.state is InviteState.USED:
        return Refusal.INVITE_USED
    if invite.state is InviteState.REVOKED:
        return Refusal.INVITE_REVOKED
    return Refusal.INVITE_EXPIRED if invite.expires_at <= now else None


@dataclass(frozen=True, slots=True)
class Changes:
    """What a commit did to the roster, for those who are connected.

    `removed` are keys that are gone, `rekeyed` new keys by the old, `came_in` how often by invite
    id, `ended` the invites that closed and why.
    """

    removed: frozenset[bytes]
    rekeyed: dict[bytes, bytes]
    came_in: dict[bytes, int]
    ended: dict[bytes, Refusal]


def changes(before: Roster, after: Roster) -> Changes:
    """Compare a roster with the one that follows it."""
    rekeyed = {
        seat.former: key
        for key, seat in after.seats.items()
        if seat.former is not None and seat.former in before.seats
    }
    came_in: dict[bytes, int] = {}
    ended: dict[bytes, Refusal] = {}
    for invite_id, old in before.invites.items():
        new = after.invites.get(invite_id)
        if new is None or new is old:
            continue
        if new.uses < old.uses:
            came_in[invite_id] = old.uses - new.uses
        if old.state is InviteState.OPEN and new.state is not InviteState.OPEN:
            used = new.state is InviteState.USED
            ended[invite_id] = Refusal.INVITE_USED if used else Refusal.INVITE_REVOKED
    removed = before.seats.keys() - after.seats.keys() - rekeyed.keys()
    return Changes(frozenset(removed), rekeyed, came_in, ended)


def binding_key(roster: Roster, cursors: Mapping[bytes, int], access_key: bytes) -> bytes | None:
    """For which key of the roster a device speaks that signs with this one.

    A device whose own commit replaced its key must be able to come back with the old one to read
    that: until the new one has acknowledged the commit.
    """
    if access_key in roster.seats:
        return access_key
    successor = roster.successor(access_key)
    if successor is None or cursors.get(successor, 0) >= roster.seats[successor].rekeyed:
        return None
    return successor


def acknowledged(roster: Roster, cursors: Mapping[bytes, int]) -> int:
    """Up to where every device on the roster has the log."""
    return min(
        (max(cursors.get(key, 0), seat.since - 1) for key, seat in roster.seats.items()),
        default=0,
    )


def forget(state: CircleState, cursors: Mapping[bytes, int], now: int) -> Forget:
    """What has had its time, as the store is asked to let it go."""
    settings = state.settings
    keep = {
        invite.card_hash
        for invite in state.roster.invites.values()
        if invite.state is InviteState.OPEN
    }
    return Forget(
        state.circle,
        acknowledged(state.roster, cursors),
        now - settings.settled,
        now - state.roster.retention * SECOND,
        now - settings.commits_life,
        now - settings.attachments_life,
        tuple(sorted(keep)),
    )
