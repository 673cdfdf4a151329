"""The relay without its sockets and its disk: circles, sessions, rendezvous, and the rounds.

Sans-I/O. The edge calls `connect` for every socket and `tick` in every second, and lets the store
`settle`; all else happens inside those calls. Where the store can no longer be relied upon,
everyone is told so and `broken` says why: the edge then stops the process.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Literal, TypeAlias

from crypto.access.binding import (
    AccessKeyPair,
    bind_statement,
    create_statement,
    guest_statement,
    settle_statement,
    verify,
)
from crypto.access.errors import AccessError, MalformedError
from crypto.access.log import INCARNATION_LENGTH
from crypto.primitives import Rng
from relay import wire
from relay.circles import binding_key, invite_refusal
from relay.limits import HOUR, MINUTE, NO_SPACE_WAIT, Buckets, Settings, source
from relay.live import LiveCircle
from relay.rendezvous import Rendezvous, RendezvousRefused
from relay.session import Outlet, Session, State
from relay.store.contract import (
    BROKEN,
    EXISTS,
    EXPIRED,
    NO_SPACE,
    NO_TOKEN,
    RESTARTED,
    SPENT,
    STORED,
    Creation,
    Loaded,
    Outcome,
    Store,
)
from relay.tokens import token_hash
from relay.wire import Refusal

NONCE_LENGTH = 32
CIRCLE_ID_LENGTH = 16

IDLE = 5 * MINUTE
"""How long a circle stays in memory after its last socket."""

ROUND = 6 * HOUR
"""Between two rounds of retention."""

TIDIED_AT_ONCE = 4
"""Circles that one tick begins to tidy."""

Creating: TypeAlias = Literal["open", "token", "closed"]
"""Who may open circles: anybody, whoever has one of the operator's tokens, nobody."""

CLOSED: Final = 3
"""The number of `NO_TOKEN` where no token would do."""

_TOKENS: Final[dict[Outcome, int]] = {NO_TOKEN: 0, SPENT: 1, EXPIRED: 2}
"""What else that number is. Only who has a token hears that it was good once."""

_NO_HOST = "?"
"""Signed by nobody: the address of a socket that dialled a name which is not this relay's."""


@dataclass(slots=True)
class Statistics:
    """Counts since the start, and nothing about any one circle."""

    ordered: int = 0
    delivered: int = 0
    bindings: int = 0
    blobs: int = 0
    blob_bytes_in: int = 0
    blob_bytes_out: int = 0
    refusals: Counter[int] = field(default_factory=Counter)


class Hub:
    """One relay. `clock` gives milliseconds since 1970; `create` is who may open circles.

    While it is `short` of disk or memory no circle is opened and no file taken; all else goes on.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Callable[[], int],
        rng: Rng,
        create: Creating = "open",
        short: Callable[[], bool] = lambda: False,
    ) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock
        self.key = AccessKeyPair.from_seed(store.relay_key)
        self.statistics = Statistics()
        self.broken: str | None = None
        self.sessions: set[Session] = set()
        self.rng = rng
        self._create_by = create
        self.short = short
        self._going = False
        self._unbound: dict[Session, None] = {}
        self.circles: dict[bytes, LiveCircle] = {}
        self._loading: dict[bytes, list[Callable[[LiveCircle | None], None]]] = {}
        self._told: dict[bytes, int] = {}
        self._rendezvous: Rendezvous[Session] = Rendezvous(settings, rng)
        self._failures: Buckets[str] = Buckets(settings.failures)
        self._creations: Buckets[str] = Buckets(settings.circles)
        self._staged = 0
        self._staged_by: Counter[str] = Counter()
        self._to_tick: deque[LiveCircle] = deque()
        self._steps = 0
        self._to_tidy: deque[bytes] = deque()
        self._next_round = clock() + MINUTE
        store.listen(self._moved)

    # What the edge tells.

    def connect(self, outlet: Outlet, address: str, host: str | None) -> Session:
        """A socket was accepted; it is greeted.

        :param address: the peer's IP address.
        :param host: the address that the client dialled (docs/protocol.md section 3.1), or None
            where that is no name of this relay: no signature is good then.
        """
        now = self.clock()
        nonce = self.rng(NONCE_LENGTH)
        session = Session(self, outlet, source(address), host, nonce, now)
        self.sessions.add(session)
        self._unbound[session] = None
        if self.broken is not None:
            session.refuse(Refusal.BROKEN)
        elif self._going:
            session.refuse(Refusal.GOING)
        else:
            session.send(wire.Hello(session.nonce, self.key.public, now))
        return session

    def tick(self, steps: int = 1) -> bool:
        """About once a second: deadlines, heads, cursors, retention.

        Many circles take a while, in which nobody else is heard. In so many `steps`, a call for
        each, they have their turns spread over the second. Whether this was the last step of it.
        """
        now = self.clock()
        if steps == 1 or not self._steps:
            self._begin_tick(now)
            self._to_tick, self._steps = deque(self.circles.values()), steps
        for _ in range(-(-len(self._to_tick) // self._steps)):
            self._tick_circle(self._to_tick.popleft(), now)
        self._steps -= 1
        return not self._steps

    def _tick_circle(self, circle: LiveCircle, now: int) -> None:
        if self.circles.get(circle.id) is not circle:
            return  # it was let go of since the first step
        circle.tick(now)
        if circle.idle(now, IDLE):
            circle.mending.let_go()
            del self.circles[circle.id]

    def _begin_tick(self, now: int) -> None:
        late = now - self.settings.greeting
        for session in [each for each in self._unbound if each.started <= late]:
            session.refuse(Refusal.TOO_SLOW)
        for session in self.sessions:
            if session.staged:
                session.drop_old(now)
        for session in self._rendezvous.expire(now):
            self._plate_gone(session)
        self._failures.prune(now)
        self._creations.prune(now)
        self._tidy(now)

    def going(self) -> None:
        """The relay shuts down: everyone is told, and what was acknowledged is kept."""
        self._going = True
        for circle in self.circles.values():
            circle.keep_cursors()
        for session in list(self.sessions):
            session.refuse(Refusal.GOING)

    # What the store tells.

    def fail(self, reason: str) -> None:
        """The store cannot be relied upon any more: nobody is promised anything from here on."""
        if self.broken is None:
            self.broken = reason
            for session in list(self.sessions):
                session.refuse(Refusal.BROKEN)

    def kept(self, outcome: Outcome) -> None:
        """What is overwritten was stored, or was not: on a full disk the next one may be."""
        if outcome is BROKEN:
            self.fail(self.store.broken or "the store is broken")

    def _moved(self, circle: bytes, n: int) -> None:
        live = self.circles.get(circle)
        if live is not None:
            live.moved(n)
        elif circle in self._loading and self._told.get(circle) != RESTARTED:
            self._told[circle] = n

    def _with_circle(self, circle: bytes, then: Callable[[LiveCircle | None], None]) -> None:
        live = self.circles.get(circle)
        if live is not None:
            return then(live)
        waiting = self._loading.setdefault(circle, [])
        waiting.append(then)
        if len(waiting) == 1:
            self.store.load(circle, partial(self._loaded, circle))

    def _loaded(self, circle: bytes, loaded: Loaded | None) -> None:
        live = None
        told = self._told.pop(circle, 0)
        if told == RESTARTED:
            # What was loaded may be of before.
            return self.store.load(circle, partial(self._loaded, circle))
        if self.store.broken is not None:
            self.fail(self.store.broken)
        elif loaded is not None:
            try:
                live = self.circles[circle] = LiveCircle(self, loaded, self.clock())
            except AccessError as error:
                self.fail(f"a circle's log does not fold: {error}")
        if live is not None:
            live.moved(told)
        for then in self._loading.pop(circle):
            then(live)

    # Sockets that enter.

    def enter(
        self,
        session: Session,
        frame: wire.Create | wire.Settle | wire.Bind | wire.Guest,
        now: int,
    ) -> None:
        """A socket says for whom it speaks; it is bound, or refused."""
        wait = self._failures.wait(session.source, now)
        if wait:
            session.refuse(Refusal.TOO_FAST, wait)
        elif isinstance(frame, wire.Create):
            self._create(session, frame, now)
        elif isinstance(frame, wire.Settle):
            self._settle(session, frame, now)
        elif isinstance(frame, wire.Bind):
            self._bind(session, frame)
        else:
            self.store.find_invite(frame.invite_id, partial(self._found_invite, session, frame))

    def _forbid(self, session: Session) -> None:
        """Unknown, forbidden and badly signed look alike, and count against the source."""
        self._failures.take(session.source, self.clock())
        session.refuse(Refusal.FORBIDDEN)

    def _signed(self, session: Session, key: bytes, statement: bytes, signature: bytes) -> bool:
        return verify(key, statement, signature) and session.host is not None

    def _create(self, session: Session, frame: wire.Create, now: int) -> None:
        host = session.host or _NO_HOST
        statement = create_statement(
            session.nonce, host, frame.circle_id, frame.access_key, frame.cap
        )
        if not self._signed(session, frame.access_key, statement, frame.signature):
            return self._forbid(session)
        incarnation = self.rng(INCARNATION_LENGTH)
        creation = Creation(frame.circle_id, frame.access_key, frame.cap, now, incarnation)
        self._open(session, frame.token, creation, 0)

    def _settle(self, session: Session, frame: wire.Settle, now: int) -> None:
        host, told = session.host or _NO_HOST, frame.settlement
        statement = settle_statement(
            session.nonce, host, frame.circle_id, frame.access_key, told.encode()
        )
        if not self._signed(session, frame.access_key, statement, frame.signature):
            return self._forbid(session)
        try:
            host_brings_it = told.roster(frame.circle_id, now).is_host(frame.access_key)
        except MalformedError:
            host_brings_it = False
        if not host_brings_it:
            return session.refuse(Refusal.MALFORMED)
        incarnation = self.rng(INCARNATION_LENGTH)
        creation = Creation(frame.circle_id, frame.access_key, frame.opened, now, incarnation, told)
        self._open(session, frame.token, creation, told.n)

    def _open(self, session: Session, token: str | None, creation: Creation, after: int) -> None:
        """Make a circle here, whose first device has its log up to entry `after`."""
        if self._create_by == "closed":
            return session.refuse(Refusal.NO_TOKEN, CLOSED)
        if self._create_by == "token":
            if token is None:
                return session.refuse(Refusal.NO_TOKEN)
            creation = replace(creation, token=token_hash(token))
        if self.short():
            return session.refuse(Refusal.NO_SPACE, NO_SPACE_WAIT)
        wait = self._creations.take(session.source, creation.time)
        if wait:
            return session.refuse(Refusal.TOO_FAST, wait)
        self.store.submit(creation, partial(self._created, session, creation, after))

    def _created(self, session: Session, creation: Creation, after: int, outcome: Outcome) -> None:
        if outcome is STORED:
            entered = partial(self._entered, session, creation.access_key, after)
            self._with_circle(creation.circle, entered)
        elif outcome is EXISTS:
            session.refuse(Refusal.EXISTS)
        elif outcome is NO_SPACE:
            session.refuse(Refusal.NO_SPACE, NO_SPACE_WAIT)
        elif outcome in _TOKENS:
            session.refuse(Refusal.NO_TOKEN, _TOKENS[outcome])
        else:
            self.kept(outcome)

    def _bind(self, session: Session, frame: wire.Bind) -> None:
        # The signature is checked before anything is looked up: whether the circle exists makes no
        # difference to how long a stranger waits for this.
        host = session.host or _NO_HOST
        statement = bind_statement(session.nonce, host, frame.circle_id, frame.access_key)
        if not self._signed(session, frame.access_key, statement, frame.signature):
            return self._forbid(session)
        entered = partial(self._entered, session, frame.access_key, frame.after)
        self._with_circle(frame.circle_id, entered)

    def _entered(
        self, session: Session, access_key: bytes, after: int, circle: LiveCircle | None
    ) -> None:
        if not session.entering:
            return
        if circle is None:
            return self._forbid(session)
        roster = circle.confirmed.roster
        key = binding_key(roster, circle.cursors, access_key)
        if key is not None:
            self.statistics.bindings += 1
            self._unbound.pop(session)
            circle.bind(session, key, after, self.clock())
        elif access_key in roster.departed:
            session.refuse(Refusal.REMOVED)
        else:
            # On the way that an unknown circle takes, with as much to look up.
            nowhere = self.rng(CIRCLE_ID_LENGTH)
            self._with_circle(nowhere, partial(self._entered, session, access_key, after))

    def _found_invite(self, session: Session, frame: wire.Guest, circle: bytes | None) -> None:
        if circle is not None:
            self._with_circle(circle, partial(self._guest, session, frame))
        else:
            self._guest(session, frame, None)

    def _guest(self, session: Session, frame: wire.Guest, circle: LiveCircle | None) -> None:
        if not session.entering:
            return
        invite = None if circle is None else circle.confirmed.roster.invites.get(frame.invite_id)
        # For an unknown invite a signature is checked too, by a key that cannot have made it.
        key = self.key.public if invite is None else invite.access_key
        statement = guest_statement(session.nonce, session.host or _NO_HOST, frame.invite_id)
        signed = self._signed(session, key, statement, frame.signature)
        if circle is None or invite is None or not signed:
            return self._forbid(session)
        refused = invite_refusal(invite, self.clock())
        if refused is not None:
            return session.refuse(refused)
        shown = partial(self._card, session, frame, circle)
        self.store.attachment(circle.id, invite.card_hash, shown)

    def _card(
        self, session: Session, frame: wire.Guest, circle: LiveCircle, card: bytes | None
    ) -> None:
        if card is None and circle.mending.restarted and self.store.broken is None:
            return session.refuse(Refusal.INVITE_REVOKED)  # it went with what the log had lost
        if card is None:
            return self.fail(self.store.broken or "the store lost a card")
        if session.entering and circle.receive_guest(session, frame.invite_id, card):
            self._unbound.pop(session)

    def left(self, session: Session) -> None:
        """A socket is gone, and burns its nameplate."""
        self.sessions.discard(session)
        self._unbound.pop(session, None)
        other = self._rendezvous.leave(session)
        if other is not None:
            self._plate_gone(other)

    def reserve(self, size: int, source: str | None = None) -> bool:
        """Count bytes that are staged (or, below zero, are no longer); False where it is full.

        Where a `source` is named it has only so much of the room.
        """
        if size > 0 and self._staged + size > self.settings.staged:
            return False
        if source is not None:
            theirs = self._staged_by[source] + size
            if size > 0 and theirs > self.settings.staged_per_source:
                return False
            self._staged_by[source] = theirs
            if not theirs:
                del self._staged_by[source]
        self._staged += size
        return True

    # The rendezvous.

    def open_nameplate(self, session: Session, now: int) -> None:
        """A bound device opens one."""
        roster = session.circle.confirmed.roster
        chair = roster.seats[session.key].chair
        try:
            plate = self._rendezvous.open(session, session.circle.id, chair, now)
        except RendezvousRefused as refused:
            return session.refuse(refused.code, refused.number)
        session.send(wire.Nameplate(list(plate.words), (plate.until - now) // 1000))

    def claim(self, session: Session, frame: wire.ClaimNameplate, now: int) -> bool:
        """A stranger comes to one; whether it is there."""
        try:
            self._rendezvous.claim(session, tuple(frame.words), session.source, now)
        except RendezvousRefused as refused:
            session.refuse(refused.code, refused.number)
            return False
        self._unbound.pop(session)
        return True

    def say(self, session: Session, frame: wire.Say) -> None:
        """One side speaks to the other."""
        try:
            self._rendezvous.other(session).send(wire.Said(frame.body))
        except RendezvousRefused as refused:
            session.refuse(refused.code, refused.number)

    def close_nameplate(self, session: Session) -> None:
        """One side is through."""
        other = self._rendezvous.leave(session)
        if other is not None:
            self._tell_closed(other, wire.Closed(0))
        if session.state is State.CLAIMANT:
            session.end(wire.Closed(0))

    def _plate_gone(self, session: Session) -> None:
        self._tell_closed(session, wire.Closed(Refusal.NAMEPLATE_GONE))

    def _tell_closed(self, session: Session, closed: wire.Closed) -> None:
        # A claimant's socket has nothing else to say.
        if session.state is State.CLAIMANT:
            session.end(closed)
        else:
            session.send(closed)

    # Retention.

    def _tidy(self, now: int) -> None:
        if now >= self._next_round:
            self._next_round = now + ROUND
            self.store.circles(self._round)
        for _ in range(min(TIDIED_AT_ONCE, len(self._to_tidy))):
            self._with_circle(self._to_tidy.popleft(), self._tidy_circle)

    def _round(self, circles: Sequence[bytes] | None) -> None:
        self._to_tidy = deque(circles or ())

    def _tidy_circle(self, circle: LiveCircle | None) -> None:
        if circle is not None:
            now = self.clock()
            circle.tidy(now)
            circle.blobs.tidy(now)
