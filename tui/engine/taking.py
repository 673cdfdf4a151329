"""Another device of this person: the side of the new one.

    code ─ words ─▶ TakingLine ─ a package for each circle, kept ─▶ AwaitingLine ─ Welcome ─▶ circle

An AwaitingLine goes on when the program starts again. It asks the circle's relay now and then
whether it knows this device: then the first device has added it, and has left a Welcome.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from crypto.access.binding import AccessKeyPair, bind_statement
from crypto.circle.arriving import key_package
from crypto.circle.device import Device, Identity
from crypto.circle.errors import CircleError
from crypto.circle.standing import check_standing
from crypto.circle.view import CircleView
from crypto.code import SpokenCode
from crypto.errors import CryptoError, FieldError, SpokenError
from crypto.link_messages import (
    Declined,
    Finished,
    Have,
    Hello,
    Keys,
    LinkMessage,
    NotTaken,
    Offer,
    Package,
    Taken,
    Vouched,
    decode,
    encode,
)
from crypto.linking import OUT_OF_TURN, NewEnd
from crypto.linking import State as EndState
from crypto.mls.errors import MlsError
from crypto.mls.group import Group
from crypto.mls.snapshot import restore_key_package, save_key_package
from crypto.primitives import sha256
from crypto.relay_address import Address
from crypto.secret import Secret
from relay import wire
from relay.wire import FromClient, FromRelay, Refusal
from tui.engine.circle import ACTIVE, SUITE, Circle, Pace
from tui.engine.context import Context
from tui.engine.entering import CodeLine, refusal
from tui.engine.errors import LinkError, WishError
from tui.engine.events import EntryEnded, EntryMoved, EntryState, LinkMoved, LinkTaken
from tui.engine.line import Line
from tui.engine.links import LONGEST_WAIT, LinkKind, LinkWish
from tui.engine.session import Session, State
from tui.engine.store.records import CircleRecord, LinkingRecord

WAITS = 7 * 86_400_000
"""Milliseconds that the first device has for adding this one."""

FIRST_LOOK = 1_000
"""Milliseconds after this device should be in a circle until its relay is asked."""
LATEST = 10_000
"""As long, where it is not known when it should be in."""

RIGHT = "The words are right. Say yes on your other device."
DECLINED = "Your other device said no. Nothing was given to this one."
WAITING = "Your other device has to be online to add this one."
GONE_BY = "Your other device did not add this one within a week. Link it again."
LOST = "The line to the other device was lost. Link again to go on."


class StrangersPace(Pace):
    """How fast a relay listens to somebody whom it does not know."""

    BURST = 6
    EVERY = 400


class TakingLine(CodeLine):
    """The exchange on the new device.

    `has` says whether this profile is in a circle, or was. `kept` is told of each circle that is
    waited for, `expected` when this device is to be in it, `dropped` of one that is no more.
    """

    def __init__(
        self,
        context: Context,
        spoken: SpokenCode,
        address: Address,
        ref: int,
        label: str,
        has: Callable[[bytes], bool],
        kept: Callable[[LinkingRecord], None],
        expected: Callable[[bytes, int], None],
        dropped: Callable[[bytes], None],
        pin: bytes = b"",
    ) -> None:
        super().__init__(context, address, ref, pin)
        self._words = list(spoken.nameplate)
        self._end = NewEnd(spoken, address, context.rng)
        self._label = label
        self._has = has
        self._kept = kept
        self._expected = expected
        self._dropped = dropped
        self._greeted = False
        self._offer: Offer | None = None
        self._fresh: Identity | None = None
        self._sent = False
        self._saying: deque[bytes] = deque()
        self._pace = StrangersPace(context.now())
        self._waiting: list[str] = []
        self._left: list[str] = []

    def _kind(self) -> LinkKind:
        return LinkKind.NAMEPLATE

    def begin(self) -> Session:
        """Come to the nameplate."""
        return Session(lambda hello: wire.ClaimNameplate(self._words))

    def work(self) -> None:
        """Say what waits, as fast as the relay listens."""
        if self.session is None or self.session.state is not State.CLAIMANT:
            return
        self._saying += self._end.to_say()
        now = self.context.now()
        while self._saying and not self._pace.wait(now):
            self._pace.take(now)
            self.connected.send(wire.Say(self._saying.popleft()))

    def deadline(self) -> int | None:
        """When the next part may go."""
        if not self._saying or self.session is None:
            return None
        return self.context.now() + self._pace.wait(self.context.now())

    def take(self, frame: FromRelay) -> None:
        """The first device speaks, or is not there."""
        if isinstance(frame, wire.Said):
            self._hear(frame.body)
        elif isinstance(frame, wire.Refused):
            self.fail(refusal(frame))
        else:  # the other side has closed the nameplate
            self.fail(WishError("gone", LOST))

    def _hear(self, body: bytes) -> None:
        try:
            message = self._end.receive(body)
            if self._end.state is EndState.OPEN and not self._greeted:
                self._greeted = True
                self._send(Hello(self._label))
                self.context.tell(LinkMoved(sentence=RIGHT))
            if message is not None:
                self._act(decode(message))
        except SpokenError as error:
            self.fail(WishError("wrong_words", str(error)))
        except FieldError as error:
            self.fail(WishError("strange", f"The other device sent what can't be read: {error}."))

    def _act(self, message: LinkMessage) -> None:
        match message:
            case Offer() if self._offer is None:
                self._offered(message)
            case Vouched(signature) if self._offer is not None and self._fresh is not None:
                self._vouched(self._offer, self._fresh, signature)
            case Taken(after) if self._offer is not None and self._sent:
                self._waiting.append(self._offer.name)
                self._expected(self._offer.circle_id, self.context.now() + after + FIRST_LOOK)
                self._offer = None
            case NotTaken(why) if self._offer is not None:
                self._left.append(f"{self._offer.name} ({why})")
                self._dropped(self._offer.circle_id)
                self._offer = None
            case Declined() if self._offer is None:
                self.fail(WishError("declined", DECLINED))
            case Finished() if self._offer is None:
                self._answer("")
            case _:
                raise SpokenError(OUT_OF_TURN)

    def _offered(self, offer: Offer) -> None:
        try:
            Address.parse(offer.address)
        except CryptoError as error:
            raise SpokenError(f"The other device names no relay: {error}") from error
        if self._has(offer.circle_id):
            self._left.append(f"{offer.name} (this profile is in it already, or was)")
            return self._send(Have())
        self._offer, self._sent = offer, False
        kept = self.context.store.linkings.get(offer.circle_id)
        if kept is not None:
            package = restore_key_package(Secret(kept.key_package)).key_package
            self._sent = True
            return self._send(Package(package.encode()))
        self._fresh = Identity.generate(self.context.rng)
        self._send(Keys(self._fresh.leaf.public, self._fresh.access.public))

    def _vouched(self, offer: Offer, fresh: Identity, signature: bytes) -> None:
        """Make the key package, write it down, and send it."""
        device = Device(offer.person, self._label, fresh.access.public, signature)
        if not device.verify(offer.circle_id, offer.member, fresh.leaf.public):
            raise SpokenError("Your other device did not sign for this one as it has to.")
        rng, now = self.context.rng, self.context.now()
        package = key_package(SUITE, offer.member, fresh.leaf, device, rng, now)
        record = LinkingRecord(
            circle=offer.circle_id,
            name=offer.name,
            address=offer.address,
            pin=offer.pin,
            relay_key=offer.relay_key,
            member_key=offer.member,
            first_leaf=offer.leaf_key,
            person=offer.person,
            label=self._label,
            leaf_seed=fresh.leaf.secret.reveal(),
            access_seed=fresh.access.seed.reveal(),
            key_package=save_key_package(package).reveal(),
            until=now + WAITS,
            not_before=now + LATEST,
        )
        self.context.store.linkings.save(record)
        self._kept(record)
        self._fresh, self._sent = None, True
        self._send(Package(package.key_package.encode()))

    def _send(self, message: LinkMessage) -> None:
        self._end.send(encode(message))

    def fail(self, error: WishError) -> None:
        """It ends here: with why, and with what was given before that."""
        if self._offer is not None and self._sent:
            self._waiting.append(self._offer.name)  # it may have been taken
        if self._waiting or self._left:
            return self._answer(str(error))
        super().fail(error)

    def _answer(self, sentence: str) -> None:
        self.over = True
        self.context.tell(
            LinkTaken(ref=self.ref, circles=self._waiting, left=self._left, sentence=sentence)
        )


class AwaitingLine(Line):
    """A circle that this device is to be added to; `entered` is given it."""

    def __init__(
        self, context: Context, record: LinkingRecord, entered: Callable[[Circle, int, str], None]
    ) -> None:
        super().__init__(context)
        self.record = record
        self.not_before = record.not_before
        self._access = AccessKeyPair.from_seed(Secret(record.access_seed))
        self._entered = entered
        self._welcome = bytearray()

    def expect(self, when: int) -> None:
        """This device is to be in by then: the relay is asked no earlier."""
        self.record.not_before = self.not_before = when
        self.context.store.linkings.save(self.record)

    @property
    def entry(self) -> str:
        """By which it is named, and given up: the circle's id."""
        return self.record.circle.hex()

    @property
    def address(self) -> Address:
        """The circle's relay."""
        return Address.parse(self.record.address)

    def state(self) -> EntryMoved:
        """How it stands."""
        name = self.record.name
        return EntryMoved(
            entry=self.entry, circle_name=name, state=EntryState.ASKED, sentence=WAITING
        )

    def wish(self) -> LinkWish | None:
        """A connection now and then, until this device is in."""
        return LinkWish(LinkKind.CIRCLE, self.address, self.not_before, self.record.pin)

    def begin(self) -> Session:
        """Greet the relay as the device that may be in already."""
        self._welcome.clear()
        return Session(self._greet, self.record.relay_key)

    def _greet(self, hello: wire.Hello) -> FromClient:
        key, circle_id = self._access, self.record.circle
        statement = bind_statement(hello.nonce, self.address.dialled, circle_id, key.public)
        return wire.Bind(circle_id, key.public, 0, key.sign(statement))

    def lost(self, reason: str) -> None:
        """It is tried again."""

    def work(self) -> None:
        """Whether it has been waited for long enough."""
        if self.context.now() >= self.record.until:
            self.end(GONE_BY)

    def deadline(self) -> int | None:
        """When it is waited for no longer."""
        return self.record.until

    def take(self, frame: FromRelay) -> None:
        """Something that the relay says."""
        match frame:
            case wire.Bound():
                self.failures = 0
                self.connected.send(wire.FetchWelcome())
            case wire.Welcome():
                self._take_welcome(frame)
            case wire.Refused():
                self._refused(frame)
            case _:
                pass  # entries and beats are for the circle that comes of this

    def _refused(self, frame: wire.Refused) -> None:
        code = Refusal(frame.code) if frame.code in set(Refusal) else Refusal.FORBIDDEN
        if code is Refusal.REMOVED:
            return self.end("This device was removed before it had come in.")
        if code is Refusal.TOO_FAST:
            return self.again(frame.number)
        if code is Refusal.VERSION:
            return self.again(LONGEST_WAIT)
        self.closed("")

    def _take_welcome(self, part: wire.Welcome) -> None:
        if not part.total:
            return self.end("What was left for this device has expired. Link it again.")
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
        except (MlsError, CircleError) as error:
            return self.end(f"This is not the circle that your other device named: {error}")
        record, first = self.record, view.with_signature_key(self.record.first_leaf)
        own = view.leaves[group.own_leaf]
        named = (view.circle_id, own.member) == (record.circle, record.member_key)
        theirs = first is not None and view.leaves[first].member == record.member_key
        if not (named and theirs and view.state.relay_key == record.relay_key):
            return self.end("This is not the circle that your other device named.")
        self._come_in(group, view, package.leaf_key_pair.secret)

    def _come_in(self, group: Group, view: CircleView, arrival: Secret) -> None:
        context, record, state = self.context, self.record, view.state
        made = CircleRecord(
            number=0,
            id=view.circle_id,
            name=state.name,
            topic=state.topic,
            status=ACTIVE,
            sentence="",
            address=record.address,
            pin=record.pin,
            relay_key=record.relay_key,
            token=None,
            member_seed=b"",
            leaf_seed=record.leaf_seed,
            access_seed=record.access_seed,
            person=view.leaves[group.own_leaf].name,
            label=record.label,
            cap=state.cap,
            chairs=len(state.members),
            created_at=context.now(),
            since=-1,
            admitter=record.member_key,
            arrival=arrival.reveal(),
            refreshed_at=context.now(),
            member_key=record.member_key,
        )
        made.number = context.store.circles.insert(made)
        circle = Circle(context, made, group)
        circle.new_epoch()
        circle.flush()
        context.store.linkings.delete(record.circle)
        self.over = True
        self._entered(circle, 0, self.entry)

    def end(self, sentence: str) -> None:
        """This device does not come into that circle."""
        self.over = True
        self.context.store.linkings.delete(self.record.circle)
        name = self.record.name
        self.context.tell(EntryEnded(entry=self.entry, circle_name=name, sentence=sentence))
