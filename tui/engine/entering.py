"""Coming in: from a code to its card, from the card to a request, from a Welcome to a circle.

    code ─ words ─▶ NameplateLine ─▶ sealed code
    sealed code ──▶ CardLine ──▶ card            (nothing is kept)
    card, name ───▶ JoiningLine ─▶ circle        (kept: goes on when the program starts again)

A JoiningLine is `asking` as a guest of the invite, or `probing` whether the relay knows its device
already: whoever answered has left a Welcome there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from crypto.access.binding import AccessKeyPair, bind_statement, guest_statement
from crypto.card import Card, open_card
from crypto.circle.arriving import key_package, with_proof
from crypto.circle.device import Identity
from crypto.circle.errors import CircleError, MisuseError
from crypto.circle.names import device_label, imitates, person_name
from crypto.circle.standing import check_entrance, check_standing
from crypto.circle.view import CircleView
from crypto.code import SealedCode, SpokenCode
from crypto.entry import LINE_LONGEST, EntryRequest, seal_request
from crypto.errors import CryptoError, SpokenError
from crypto.invite import InviteKeys
from crypto.mls.errors import MlsError
from crypto.mls.group import Group
from crypto.mls.snapshot import restore_key_package, save_key_package
from crypto.primitives import sha256
from crypto.relay_address import Address
from crypto.secret import Secret
from crypto.spoken import Joiner
from relay import wire
from relay.wire import FromClient, FromRelay, Refusal
from tui.engine.circle import ACTIVE, RELAY_FULL, SUITE, Circle
from tui.engine.commands import Enter
from tui.engine.context import Context
from tui.engine.errors import LinkError, WishError
from tui.engine.events import (
    CardRead,
    EntryEnded,
    EntryMoved,
    EntryState,
    Exit,
)
from tui.engine.line import Line
from tui.engine.links import LONGEST_WAIT, LinkKind, LinkWish
from tui.engine.session import Session, State
from tui.engine.store.records import CircleRecord, JoiningRecord

ASKING, PROBING = "asking", "probing"
"""What may stand in a joining's `phase`."""

LOOK_FIRST = 5_000
"""Milliseconds after which it is asked anew whether somebody has answered; then ever longer."""

SENT, ORDERED = 1, 2
"""What may stand in a joining's `ordered`, after 0. What was sent may be in the log."""

_REFUSED = {
    Refusal.INVITE_USED: ("used", "This code was already used."),
    Refusal.INVITE_EXPIRED: ("expired", "This code's time is over. Ask for a new one."),
    Refusal.INVITE_REVOKED: ("revoked", "This code was withdrawn. Ask for a new one."),
    Refusal.FORBIDDEN: ("unknown", "The relay does not know this code. Ask for a new one."),
    Refusal.FULL: ("full", "All chairs of this circle are taken."),
    Refusal.WAITING: ("waiting", "Enough people wait at this door already. Try again later."),
    Refusal.NAMEPLATE_GONE: ("gone", "This code is not open any more. Ask for a new one."),
    Refusal.TOO_LARGE: ("too_large", "The relay has no room for this request."),
}
RESTORING = (
    "The relay was put back from a backup, and the members' devices give it what it lost. Your "
    "request goes out once that is over."
)
_RESTORING_WAIT = 30_000
OTHER_CERTIFICATE = (
    "{address} shows a certificate that the circle does not know: somebody may stand in between. "
    "Nobody was asked to let you in."
)
TAKEN_OFF = (
    "The relay was told that this device is in, and then that it is not. Read the code again to "
    "ask anew, with fresh keys."
)
_PASSING = frozenset({Refusal.GOING, Refusal.BROKEN, Refusal.TOO_SLOW, Refusal.CROWDED})


def refusal(frame: wire.Refused | wire.Answer | wire.Closed) -> WishError:
    """What a relay's refusal means for somebody who would like to come in."""
    code = Refusal(frame.code) if frame.code in set(Refusal) else Refusal.FORBIDDEN
    if code in _PASSING:
        return WishError("unreachable", "The relay can't do it just now.", Exit.UNREACHABLE)
    if code is Refusal.NO_SPACE:
        return WishError("no_space", RELAY_FULL, Exit.UNREACHABLE)
    if code is Refusal.RESTORING:
        return WishError("restoring", RESTORING, Exit.UNREACHABLE)
    if code is Refusal.TOO_FAST:
        return WishError("too_fast", "There were too many tries from here. Wait a while.")
    if code is Refusal.VERSION:
        return WishError("version", "The relay speaks another version of the protocol.")
    slug, sentence = _REFUSED.get(code, ("refused", "The relay refuses this."))
    return WishError(slug, sentence)


@dataclass(frozen=True, slots=True)
class Reading:
    """A card that was read, and the code that it is of."""

    code: SealedCode
    card: Card


class CodeLine(Line):
    """A connection on which a command is answered once, and which then is over."""

    def __init__(self, context: Context, address: Address, ref: int, pin: bytes = b"") -> None:
        super().__init__(context)
        self.address = address
        self.pin = pin
        self.ref = ref

    def wish(self) -> LinkWish | None:
        """One connection.

        No code names the relay's certificate: the card does, which nobody can make or alter who
        does not know the code. What is said until it is read is worth nothing to somebody who
        stands in between.
        """
        return LinkWish(
            self._kind(), self.address, self.not_before, self.pin, unvouched=not self.pin
        )

    def _kind(self) -> LinkKind:
        return LinkKind.GUEST

    def lost(self, reason: str) -> None:
        """Without the connection there is nothing to read."""
        sentence = reason or f"The relay {self.address} can't be reached."
        self.fail(WishError("unreachable", sentence, Exit.UNREACHABLE))

    def fail(self, error: WishError) -> None:
        """The command is answered with why not."""
        self.over = True
        self.context.refuse(self.ref, error)


class NameplateLine(CodeLine):
    """The joiner's side of a spoken code; `read` is given the sealed code that comes of it."""

    def __init__(
        self,
        context: Context,
        spoken: SpokenCode,
        address: Address,
        ref: int,
        read: Callable[[SealedCode, int], None],
        pin: bytes = b"",
    ) -> None:
        super().__init__(context, address, ref, pin)
        self._words = list(spoken.nameplate)
        self._joiner = Joiner(spoken, address, context.rng)
        self._read = read
        self._spoke = False

    def _kind(self) -> LinkKind:
        return LinkKind.NAMEPLATE

    def begin(self) -> Session:
        """Come to the nameplate."""
        return Session(lambda hello: wire.ClaimNameplate(self._words))

    def received(self, data: bytes) -> None:
        """As any line; the joiner speaks first, right after it has come."""
        super().received(data)
        session = self.session
        if session is not None and session.state is State.CLAIMANT and not self._spoke:
            self._spoke = True
            session.send(wire.Say(self._joiner.first))

    def take(self, frame: FromRelay) -> None:
        """The inviter speaks, or is not there."""
        if isinstance(frame, wire.Said):
            self._hear(frame.body)
        elif isinstance(frame, wire.Refused):
            self.fail(refusal(frame))
        else:  # the other side has closed the nameplate
            error = self._joiner.lost()
            sentence = "The code is not open any more." if error is None else str(error)
            self.fail(WishError("gone", sentence))

    def _hear(self, body: bytes) -> None:
        try:
            answer = self._joiner.receive(body)
        except SpokenError as error:
            return self.fail(WishError("wrong_words", str(error)))
        if answer is not None:
            return self.connected.send(wire.Say(answer))
        self.over = True
        self._read(self._joiner.code, self.ref)


class CardLine(CodeLine):
    """A guest's connection that reads a code's card; `read` is given it."""

    def __init__(
        self,
        context: Context,
        code: SealedCode,
        ref: int,
        read: Callable[[Reading], str],
    ) -> None:
        super().__init__(context, code.address, ref)
        self.code = code
        self._read = read
        self._keys = InviteKeys.of(code.secret)

    def begin(self) -> Session:
        """Come as somebody who holds the code."""
        return Session(lambda hello: guest(hello, self.address, self._keys))

    def take(self, frame: FromRelay) -> None:
        """The card, or a refusal."""
        if isinstance(frame, wire.Refused):
            return self.fail(refusal(frame))
        if not isinstance(frame, wire.Card):
            return
        try:
            card = open_card(self._keys, frame.card)
        except CryptoError as error:
            return self.fail(WishError("card", str(error)))
        if self.certificate not in (b"", card.relay.certificate_pin):
            sentence = OTHER_CERTIFICATE.format(address=self.address)
            return self.fail(WishError("certificate", sentence, Exit.UNREACHABLE))
        self.over = True
        entry = self._read(Reading(self.code, card))
        self.context.tell(
            CardRead(
                ref=self.ref,
                entry=entry,
                circle_id=card.circle_id.hex(),
                circle_name=card.circle_name,
                topic=card.topic,
                issuer=card.issuer_name,
                names=list(card.names),
                chairs=frame.chairs,
                cap=frame.cap,
                asks_at_door=bool(card.door),
                history=card.history,
                expires_at=card.expires_at,
                relay=card.relay.address,
            )
        )


def guest(hello: wire.Hello, address: Address, keys: InviteKeys) -> FromClient:
    """How a holder of a code greets the relay."""
    statement = guest_statement(hello.nonce, address.dialled, keys.id)
    return wire.Guest(keys.id, keys.access.sign(statement))


def request(context: Context, reading: Reading, command: Enter) -> JoiningRecord:
    """The request of somebody who has read the card, with keys made for this circle alone."""
    card, keys = reading.card, InviteKeys.of(reading.code.secret)
    rng, now = context.rng, context.now()
    try:
        person, label = person_name(command.person), device_label(command.device)
        imitated = imitates(person, card.names)
        if imitated is not None:
            raise WishError(
                "imitates", f"The name {person} looks like {imitated}, who is in. Choose another."
            )
        if len(command.line.encode()) > LINE_LONGEST:
            raise WishError("too_long", f"The line has at most {LINE_LONGEST} bytes.")
        identity = Identity.generate(rng)
        device = identity.device(card.circle_id, person, label)
        package = with_proof(
            SUITE,
            key_package(SUITE, identity.member.public, identity.leaf, device, rng, now),
            card.circle_id,
            keys,
        )
        asked = EntryRequest.make(
            keys,
            card.circle_id,
            package.key_package,
            identity.access.public,
            command.line,
            now,
        )
        body = seal_request(SUITE, card.request_key, card.circle_id, keys.id, asked, rng)
    except (MisuseError, CryptoError, MlsError) as error:
        raise WishError("not_possible", str(error)) from error
    return JoiningRecord(
        entry=command.entry,
        phase=ASKING,
        secret=reading.code.secret.reveal(),
        address=str(reading.code.address),
        card=card.encode(),
        person=person,
        label=label,
        member_seed=identity.member.secret.reveal(),
        leaf_seed=identity.leaf.secret.reveal(),
        access_seed=identity.access.seed.reveal(),
        key_package=save_key_package(package).reveal(),
        request=body,
        idempotency=rng(16),
    )


class JoiningLine(Line):
    """Somebody's way in; `entered` is given the circle, with the command's ref and the entry."""

    def __init__(
        self,
        context: Context,
        record: JoiningRecord,
        ref: int,
        entered: Callable[[Circle, int, str], None],
    ) -> None:
        super().__init__(context)
        self.record = record
        self.ref = ref
        self.card = Card.decode(record.card)
        self._keys = InviteKeys.of(Secret(record.secret))
        self._access = AccessKeyPair.from_seed(Secret(record.access_seed))
        self._entered = entered
        self._welcome = bytearray()
        self._look_after: int | None = None
        self._looked = 0
        if record.ordered:
            record.phase = PROBING

    @property
    def address(self) -> Address:
        """The relay that the code names."""
        return Address.parse(self.record.address)

    def state(self) -> EntryMoved:
        """Where this person is."""
        door = bool(self.card.door)
        return EntryMoved(
            entry=self.record.entry,
            circle_name=self.card.circle_name,
            state=EntryState.AT_THE_DOOR if door else EntryState.ASKED,
            sentence="A member has to say yes."
            if door
            else "Somebody in the circle has to be online to open the door.",
        )

    def wish(self) -> LinkWish | None:
        """A connection until this person is in."""
        kind = LinkKind.GUEST if self.record.phase == ASKING else LinkKind.CIRCLE
        pin = self.card.relay.certificate_pin
        return LinkWish(kind, self.address, self.not_before, pin)

    def begin(self) -> Session:
        """Greet the relay as a guest, or as the device that may be in already."""
        self._welcome.clear()
        return Session(self._greet, self.card.relay_key)

    def _greet(self, hello: wire.Hello) -> FromClient:
        if self.record.phase == ASKING:
            return guest(hello, self.address, self._keys)
        key, circle_id = self._access, self.card.circle_id
        statement = bind_statement(hello.nonce, self.address.dialled, circle_id, key.public)
        return wire.Bind(circle_id, key.public, 0, key.sign(statement))

    def lost(self, reason: str) -> None:
        """Somebody may have answered meanwhile."""
        self._look_after = None

    def work(self) -> None:
        """Look now and then whether somebody has answered while nobody was here to be told."""
        if self._look_after is not None and self.context.now() >= self._look_after:
            self._looked += 1
            self._turn(PROBING)
            self.again()

    def deadline(self) -> int | None:
        """When to look again."""
        return self._look_after

    def closed(self, reason: str) -> None:
        """The connection ended: next it is asked whether this person is in."""
        if self.record.ordered:
            self._turn(PROBING)
        super().closed(reason)

    def _turn(self, phase: str) -> None:
        self.record.phase = phase
        self._keep()

    def _keep(self) -> None:
        self.context.store.joinings.save(self.record)

    def take(self, frame: FromRelay) -> None:
        """Something that the relay says."""
        match frame:
            case wire.Card():
                self._at_the_relay(frame)
            case wire.Done():
                self._asked()
            case wire.Answer():
                if frame.code:
                    self.record.ended = str(refusal(frame))
                self._turn(PROBING)
                self.again()
            case wire.Bound():
                self.failures = 0
                self.connected.send(wire.FetchWelcome())
            case wire.Welcome():
                self._take_welcome(frame)
            case wire.Refused():
                self._refused(frame)
            case _:
                pass  # entries and beats are for the circle that comes of this

    def _at_the_relay(self, card: wire.Card) -> None:
        self.failures = 0
        if self.record.ordered == ORDERED and card.chairs >= card.cap:
            # A chair comes free only when all codes go: who is not in by now does not come in.
            self.record.ended = str(refusal(wire.Refused(None, Refusal.FULL)))
            self._turn(PROBING)
            return self.again()
        wait = min(LONGEST_WAIT, LOOK_FIRST << min(self._looked, 8))
        self._look_after = self.context.now() + wait
        if self.record.ordered < ORDERED:
            self.record.ordered = SENT
            self._keep()
            self.connected.send(wire.Request(self.record.idempotency, self.record.request))

    def _asked(self) -> None:
        self.record.ordered = ORDERED
        self._keep()
        self.context.tell(self.state())

    def _refused(self, frame: wire.Refused) -> None:
        code = Refusal(frame.code) if frame.code in set(Refusal) else Refusal.FORBIDDEN
        if code in _PASSING:
            return self.closed(str(refusal(frame)))
        if code is Refusal.NO_SPACE:
            self.context.tell(msgspec.structs.replace(self.state(), sentence=RELAY_FULL))
        if code in (Refusal.TOO_FAST, Refusal.NO_SPACE):
            return self.again(frame.number)
        if code is Refusal.RESTORING:
            self.context.tell(msgspec.structs.replace(self.state(), sentence=RESTORING))
            return self.again(_RESTORING_WAIT)
        if code is Refusal.VERSION:
            return self.again(LONGEST_WAIT)
        if self.record.phase == PROBING:
            if code is Refusal.REMOVED:  # a key that was there never comes again
                self.record.ended = self.record.ended or TAKEN_OFF
            return self._not_in()
        error = refusal(frame)
        if not self.record.ordered or frame.idempotency_id is not None:
            return self.end(error)
        self.record.ended = str(error)
        self._turn(PROBING)
        self.again()

    def _not_in(self) -> None:
        """The relay does not know the device: nobody has let it in."""
        if self.record.ended:
            return self.end(WishError("ended", self.record.ended))
        self._turn(ASKING)
        self.again()

    def _take_welcome(self, part: wire.Welcome) -> None:
        if not part.total:
            return self.end(WishError("gone", "What was left for this device has expired."))
        if part.offset != len(self._welcome):
            raise LinkError("The relay mixes up the parts of a Welcome.")
        self._welcome += part.chunk
        if len(self._welcome) < part.total:
            return
        welcome = bytes(self._welcome)
        if sha256(welcome) != part.hash:
            raise LinkError("The relay altered a Welcome.")
        package = restore_key_package(Secret(self.record.key_package))
        try:
            group = Group.join(SUITE, welcome, package)
            view = check_standing(group.context, group.tree)
            check_entrance(view, group.own_leaf, self.card.circle_id, self.card.issuer)
        except (MlsError, CircleError) as error:
            return self.end(WishError("not_true", f"This is not the circle of the card: {error}"))
        if view.state.relay_key != self.card.relay_key:
            return self.end(WishError("not_true", "The circle is on another relay than the card."))
        self._come_in(group, view, package.leaf_key_pair.secret)

    def _come_in(self, group: Group, view: CircleView, arrival: Secret) -> None:
        context, record, state = self.context, self.record, view.state
        own = view.leaves[group.own_leaf]
        mine = state.record(own.member)
        made = CircleRecord(
            number=0,
            id=view.circle_id,
            name=state.name,
            topic=state.topic,
            status=ACTIVE,
            sentence="",
            address=record.address,
            pin=self.card.relay.certificate_pin,
            relay_key=self.card.relay_key,
            token=None,
            member_seed=record.member_seed,
            leaf_seed=record.leaf_seed,
            access_seed=record.access_seed,
            person=own.name,
            label=record.label,
            cap=state.cap,
            chairs=len(state.members),
            created_at=context.now(),
            since=-1,
            confirmed=0,
            issuer=self.card.issuer,
            admitter=b"" if mine is None else mine.admitted_by,
            arrival=arrival.reveal(),
            refreshed_at=context.now(),
        )
        made.number = context.store.circles.insert(made)
        circle = Circle(context, made, group)
        circle.new_epoch()
        circle.flush()
        context.store.joinings.delete(record.entry)
        self.over = True
        self._entered(circle, self.ref, record.entry)

    def end(self, error: WishError) -> None:
        """This person does not come in on this code."""
        self.over = True
        self.context.store.joinings.delete(self.record.entry)
        if self.ref:
            self.context.refuse(self.ref, error)
        ended = EntryEnded(
            entry=self.record.entry, circle_name=self.card.circle_name, sentence=str(error)
        )
        self.context.tell(ended)
