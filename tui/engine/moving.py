"""A circle goes to another relay: ordered by the one before, or because that is gone.

docs/protocol.md section 4.8. The relay's address and key in the record are where this device goes;
the incarnation stays the former relay's until the log was seen at the other one. Everything is
written down before anything is sent, so that each step is taken up again after a crash:

    MoveCircle ─ the other relay's key ─▶ Move intended ─ our commit in the log ─▶ go, to bring it
                                      └ the relay before is gone ─▶ go, to bring it, Move intended
    another's commit, or its code ─▶ go
"""

from __future__ import annotations

from collections.abc import Callable

from crypto.access.binding import settle_statement
from crypto.access.log import EMPTY_CHAIN
from crypto.access.settlement import Settlement, encode_seats
from crypto.circle.happened import Outcome
from crypto.circle.view import CircleView
from crypto.errors import AddressError, CodeError
from crypto.move_code import MoveCode
from crypto.relay_address import RelayAddress
from relay import wire
from relay.wire import FromRelay, Refusal
from tui.engine import saying, timeline
from tui.engine.circle import Circle
from tui.engine.commands import MoveCircle
from tui.engine.context import Context
from tui.engine.errors import LinkError, WishError
from tui.engine.events import CircleMoved, Exit
from tui.engine.intentions import intend
from tui.engine.line import Line
from tui.engine.links import LONGEST_WAIT, LinkKind, LinkWish
from tui.engine.session import Session
from tui.engine.store.records import EntryRecord, IncarnationRecord, MoveRecord
from tui.engine.tokens import NONE_WOULD_DO, operators_token
from tui.engine.wishes import Move, decode

FOLLOWS, ORDERED, GONE = 0, 1, 2
"""In a move's `brings`: this device follows; brings the circle after the relay before has ordered
that; or because that relay is gone."""

EXPECTED = 10 * 60_000
"""Milliseconds within which a circle that is on its way is looked for often."""

ONLY_HOSTS = "Only a host can move the circle."
THERE_ALREADY = "The circle is on that relay already."
NOT_REACHED = (
    "The relay that the circle is on can't be reached now, so it can't tell the others. If it is "
    "gone for good, say so with --gone."
)
NOT_THERE_YET = "{who} moved the circle to {where}; it is not there yet."
COMES = "The circle has moved to {where}, and the members' devices bring what was said."
MOVED_OTHERWISE = "The circle goes to another relay than that by now."
UNDER_WAY = (
    "This device has asked the relay to move the circle to {where}, and does not know what came of "
    "that. Move it there, with --gone."
)
OTHER_FIRST = "{who} moved the circle first, to {where}."
NOT_TO_BE_READ = "{who} moved the circle to an address that this Hallway can't read: {where}."
ANOTHER_LOG = "The relay has another conversation under this circle's name."
AWAY_BEFORE = (
    "This device was away when the circle moved, and what it has not read did not come along. Come "
    "in again to go on, with fresh keys."
)
NO_CHANGE_MISSED = "This device has missed no change to the circle after all: it goes on."
TAKEN = (
    "Somebody else has opened this circle at {where}, and this device is not known there. Move it "
    "to another relay, with --gone."
)
CLOSED = "it opens no new circles. Move the circle to another relay, with --gone."
_NOT_OPENED = {
    Refusal.NO_TOKEN: "it wants its operator's token. Move the circle there again, with --gone and "
    "--token, or to another relay.",
    Refusal.TOO_FAST: "it opens no more circles from here just now.",
    Refusal.FORBIDDEN: "it does not take this address as its own. Move the circle to another "
    "relay, with --gone.",
    Refusal.NO_SPACE: "it is short of room.",
}


class MovingLine(Line):
    """The connection that asks the other relay for its key, before anything is changed."""

    def __init__(
        self, context: Context, circle: Circle, command: MoveCircle, again: Callable[[], None]
    ) -> None:
        super().__init__(context)
        self.circle = circle
        self.command = command
        self._again = again
        try:
            self._relay = RelayAddress.typed(command.relay)
            self.address = self._relay.parsed
        except AddressError as error:
            raise WishError("address", str(error)) from error
        self._token = operators_token(command.token)
        self._check()

    def _check(self) -> None:
        circle = self.circle
        if not circle.view.state.is_host(circle.member_key):
            raise WishError("not_host", ONLY_HOSTS)
        connected = circle.connection is not None and circle.connection.caught_up
        if not self.command.gone and not connected:
            raise WishError("unreachable", NOT_REACHED, Exit.UNREACHABLE)

    def wish(self) -> LinkWish | None:
        """One connection, for the hello."""
        pin = self._relay.certificate_pin
        return LinkWish(LinkKind.CIRCLE, self.address, self.not_before, pin, self.circle.hex)

    def begin(self) -> Session:
        """Listen to the hello, and say nothing."""
        return Session(self._greet)

    def _greet(self, hello: wire.Hello) -> None:
        command, record = self.command, self.circle.record
        self.over = True
        try:
            self._check()
            there = (str(self.address), hello.relay_key) == (record.address, record.relay_key)
            if there and not (command.gone and brings(self.circle)):
                raise WishError("there_already", THERE_ALREADY)
        except WishError as error:
            return self.context.refuse(command.ref, error)
        relay = self._relay
        wish = Move(relay.address, hello.relay_key, self._token, relay.certificate_pin)
        if not command.gone:
            intend(self.circle, wish, ref=command.ref)
            return
        under_way = _under_way(self.circle)
        if under_way is not None and not _same(under_way, wish):
            sentence = UNDER_WAY.format(where=under_way.address)
            return self.context.refuse(command.ref, WishError("under_way", sentence))
        _forget_intended(self.circle, wish, WishError("moved", MOVED_OTHERWISE))
        move = MoveRecord(self.circle.number, record.person, self.context.now(), GONE, wish.token)
        _go(self.circle, relay, wish.relay_key, record.n, move)
        if under_way is None:
            intend(self.circle, wish)
        _tell_moved(self.circle, command.ref, record.n, record.chain)
        self._again()

    def take(self, frame: FromRelay) -> None:
        """The relay does not even say hello."""
        self.lost("")

    def lost(self, reason: str) -> None:
        """Without the hello nothing is moved."""
        sentence = reason or f"The relay {self.address} can't be reached."
        self.fail(WishError("unreachable", sentence, Exit.UNREACHABLE))

    def fail(self, error: WishError) -> None:
        """Nothing has been changed."""
        self.over = True
        self.context.refuse(self.command.ref, error)


def _go(circle: Circle, relay: RelayAddress, key: bytes, ended: int, move: MoveRecord) -> None:
    """From now on the circle is elsewhere; the log of the relay before counts up to `ended`."""
    store, record, number = circle.context.store, circle.record, circle.number
    store.database.write(
        "UPDATE incarnations SET key = ? WHERE circle = ? AND key = x''", (record.relay_key, number)
    )
    former = store.incarnations.get(number, record.incarnation)
    if record.incarnation and former is None:
        former = IncarnationRecord(number, record.incarnation, ended, record.relay_key)
        store.incarnations.save(former)
    record.address, record.pin, record.relay_key = (
        str(relay.parsed),
        relay.certificate_pin,
        key,
    )
    record.ahead = record.ahead_since = 0
    circle.ahead, circle.link_sentence = None, ""  # what was said of the relay before is over
    circle.heads.clear()
    store.moves.save(move)
    # What is under way may be in the log of before: it goes out in new bytes, under its old ids.
    saying.encrypt_anew(circle)
    if circle.connection is not None:
        circle.connection.begin_again = True
    circle.tell_changed()


def _tell_moved(circle: Circle, ref: int, n: int, hash: bytes) -> None:
    record = circle.record
    relay = RelayAddress(record.address, record.pin)
    code = MoveCode.sign(circle.leaf, circle.id, relay, record.relay_key, n, hash)
    circle.context.tell(
        CircleMoved(ref=ref, circle=circle.hex, relay=record.address, code=code.text())
    )


# By a commit.


def followed(circle: Circle, before: CircleView, outcome: Outcome) -> None:
    """A commit is in the log: where it moves the circle, this device goes there."""
    state, record = circle.view.state, circle.record
    if state.relay == before.state.relay:
        return
    relay, key = state.relay
    who = "You" if outcome.by.member == circle.member_key else outcome.by.name
    try:
        address = str(relay.parsed)
    except AddressError:
        text = NOT_TO_BE_READ.format(who=who, where=relay.address)
        return timeline.notice(circle, text, warning=True)
    here = Move(address, key, None)
    _forget_intended(circle, here, WishError("moved", OTHER_FIRST.format(who=who, where=address)))
    if (address, key) == (record.address, record.relay_key):
        record.pin = relay.certificate_pin  # a move code has led here
        return
    _go(circle, relay, key, record.n, MoveRecord(circle.number, who, circle.context.now()))


def _forget_intended(circle: Circle, here: Move, error: WishError) -> None:
    """Let go of moves to elsewhere than where the circle goes by now."""
    context, under_way = circle.context, _under_way(circle)
    for intention in context.store.intentions.where("circle = ?", circle.number):
        wish = decode(intention.wish)
        if not isinstance(wish, Move) or _same(wish, here) or wish == under_way:
            continue
        context.store.intentions.delete(intention.number)
        ref = context.refs.pop(intention.number, None)
        if ref is not None:
            context.refuse(ref, error)


def _same(one: Move, other: Move) -> bool:
    return (one.address, one.relay_key) == (other.address, other.relay_key)


def _under_way(circle: Circle) -> Move | None:
    """The move for which a commit is made, that may be in the log of the relay before."""
    pending = circle.context.store.pending.get(circle.number)
    found = pending and circle.context.store.intentions.get(pending.intention)
    wish = decode(found.wish) if found else None
    return wish if isinstance(wish, Move) else None


def ordered(circle: Circle, wish: Move, ref: int | None) -> None:
    """Our own move is in the log: this device brings the circle to where it goes."""
    move, record = circle.context.store.moves.get(circle.number), circle.record
    if move is not None and not move.brings:
        move.brings, move.token = ORDERED, wish.token
        circle.context.store.moves.save(move)
    if ref is not None:
        _tell_moved(circle, ref, record.n, record.chain)


# By a code.


def follow(circle: Circle, text: str) -> None:
    """Go to where a move code says; WishError where it is not one to be followed."""
    code = read(text)
    record, store = circle.record, circle.context.store
    if code.circle_id != circle.id:
        raise WishError("other_circle", "This move code is of another circle.")
    if not circle.inside:
        raise WishError("not_active", record.sentence or "You are not in that circle.")
    index = circle.view.with_signature_key(code.leaf_key)
    leaf = None if index is None else circle.view.leaves[index]
    if leaf is None or not circle.view.state.is_host(leaf.member) or not code.verify():
        sentence = "This move code is not signed by a host of the circle whom this device knows."
        raise WishError("not_signed", sentence)
    try:
        address = str(code.relay.parsed)
    except AddressError as error:
        raise WishError("address", str(error)) from error
    if (address, code.relay_key) == (record.address, record.relay_key):
        raise WishError("there_already", "This device goes to that relay already.")
    moved = store.incarnations.where("circle = ? AND key != x''", circle.number)
    if any(former.n > code.n for former in moved):
        raise WishError("older", "This move code is older than a move that this device has made.")
    if _chain(circle, code.n) not in (None, code.hash):
        sentence = "This move code speaks of another conversation than the one that is here."
        raise WishError("other_log", sentence)
    here = Move(address, code.relay_key, None)
    _forget_intended(circle, here, WishError("moved", MOVED_OTHERWISE))
    move = MoveRecord(circle.number, leaf.name, circle.context.now())
    _go(circle, code.relay, code.relay_key, code.n, move)


def read(text: str) -> MoveCode:
    """A move code as it was pasted; WishError where it is none."""
    try:
        return MoveCode.parse(text)
    except CodeError as error:
        raise WishError("code", str(error)) from error


# At the other relay.


def brings(circle: Circle) -> bool:
    """Whether this device has yet to bring the circle to where it goes."""
    move = circle.context.store.moves.get(circle.number)
    return move is not None and move.brings != FOLLOWS


def settle(circle: Circle, hello: wire.Hello) -> wire.Settle:
    """What brings the circle to the relay that said hello."""
    move = circle.context.store.moves.get(circle.number) or MoveRecord(circle.number, "", 0)
    told = _settlement(circle, move.brings == ORDERED)
    key, host = circle.access, circle.address.dialled
    statement = settle_statement(hello.nonce, host, circle.id, key.public, told.encode())
    return wire.Settle.of(circle.id, key.public, told, move.token, key.sign(statement))


def _settlement(circle: Circle, alone: bool) -> Settlement:
    record, view, store = circle.record, circle.view, circle.context.store
    row = store.database.row(
        "SELECT max(n) FROM entries WHERE circle = ? AND body IS NULL", (circle.number,)
    )
    base = 0 if row is None or row[0] is None else int(str(row[0]))
    former = store.incarnations.get(circle.number, record.incarnation)
    chairs = [
        (
            view.state.is_host(member.member),
            [leaf.access_key for leaf in view.leaves.values() if leaf.member == member.member],
        )
        for member in view.state.members
    ]
    return Settlement(
        base,
        _chain(circle, base) or EMPTY_CHAIN,
        record.n,
        record.chain,
        alone,
        view.genesis.cap,
        view.state.cap,
        view.state.retention,
        record.relay_key if former is None else former.key,
        encode_seats(chairs),
    )


def _chain(circle: Circle, n: int) -> bytes | None:
    """h(n), where this device knows it."""
    entry = circle.context.store.entries.get(circle.number, n)
    return (entry.chain if entry is not None else None) if n else EMPTY_CHAIN


def not_taken(circle: Circle, frame: wire.Refused, brought: bool) -> tuple[str, int] | None:
    """Why the other relay does not let this device in, and when to ask again; None without a move.

    `brought`: whether it was to make the circle there, as opposed to taking this device in.
    """
    move = circle.context.store.moves.get(circle.number)
    if move is None:
        return None
    where = circle.record.address
    if brought and frame.code in _NOT_OPENED:
        closed = frame.code == Refusal.NO_TOKEN and frame.number == NONE_WOULD_DO
        reason = CLOSED if closed else _NOT_OPENED[Refusal(frame.code)]
        return f"{where} does not open the circle: {reason}", LONGEST_WAIT
    if frame.code != Refusal.FORBIDDEN:
        return None
    if move.brings:
        return TAKEN.format(where=where), LONGEST_WAIT
    waited = max(0, circle.context.now() - move.at)
    wait = min(30_000, max(1_000, waited)) if waited < EXPECTED else LONGEST_WAIT
    return NOT_THERE_YET.format(who=move.by, where=where), wait


def arrived(circle: Circle) -> None:
    """This device is bound at the relay where the circle is."""
    circle.context.store.moves.delete(circle.number)


def comes(circle: Circle) -> bool:
    """Whether the log that this device goes by is still the former relay's."""
    former = circle.context.store.incarnations.get(circle.number, circle.record.incarnation)
    return former is not None and bool(former.key)


def begins(circle: Circle, frame: wire.Begins, incarnation: bytes) -> bool:
    """Where the log begins at this relay; whether this device is so far that it can follow there.

    LinkError where it is another log than this device's.
    """
    record, store = circle.record, circle.context.store
    if record.n >= frame.base:
        if _chain(circle, frame.base) not in (None, frame.base_hash):
            raise LinkError(ANOTHER_LOG)
        return True
    store.entries.save(EntryRecord(circle.number, frame.base, 0, 0, frame.base_hash, None, None))
    record.n, record.chain, record.head = frame.base, frame.base_hash, b""
    record.incarnation = incarnation
    circle.changed()
    if circle.active and not circle.arriving:
        circle.stop(AWAY_BEFORE)
        record.stuck_at = max(1, record.n)  # it can't follow what comes from here on
        timeline.notice(circle, AWAY_BEFORE, warning=True)
    return False
