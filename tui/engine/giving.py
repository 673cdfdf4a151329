"""Another device of this person: the side of the first one, which holds the member keys.

    OPENING ─ nameplate ─▶ OPEN ─ the words, hello ─▶ ASKING ─ yes ─▶ GIVING ─ every circle ─▶ over
    any ─ no, wrong words, line lost, ten minutes ─▶ over, in a sentence

The exchange lives in memory alone, one at a time, over the nameplate of one circle's connection.
What it comes to does not: each circle's part is an intention, written down before the new device is
told of it. Where the exchange is cut short, another one takes it up where this one ended.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from crypto.circle import drafts
from crypto.circle.device import sign_device
from crypto.circle.errors import CircleError
from crypto.circle.names import device_label
from crypto.circle.view import Joiner
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
from crypto.linking import OUT_OF_TURN, FirstEnd, State
from crypto.mls.errors import MlsError
from crypto.mls.key_package import KeyPackage
from relay import wire
from tui.engine import own_devices
from tui.engine.circle import Circle
from tui.engine.context import Context
from tui.engine.errors import WishError
from tui.engine.events import Exit, LinkAsked, LinkEnded, LinkOpened
from tui.engine.intentions import intend
from tui.engine.wishes import AddDevice

LIFE = 10 * 60_000
APART = 10_000
"""Milliseconds within which a new device comes into this person's other circles, drawn for each."""

OFFLINE = "No relay can be reached just now, and linking a device needs one."
NOT_OPENED = "The relay opens no code just now. Try again in a while."
NO_CIRCLE = "There is no circle here yet that another device could be brought into."
NOT_FIRST = (
    "This is not your first device. That one alone holds your keys, and can vouch for others."
)
SAME_LABEL = "Another of your devices is called {label} here. Choose another label."


class Stage(Enum):
    """How far the exchange has come."""

    OPENING = "opening"
    OPEN = "open"
    ASKING = "asking"
    GIVING = "giving"


class Giver:
    """One exchange. `circles` gives this person's circles, `ref` is the command that waits."""

    _end: FirstEnd
    """Once the nameplate is open."""

    def __init__(
        self,
        context: Context,
        carrier: Circle,
        circles: Callable[[], list[Circle]],
        history: int,
        ref: int,
    ) -> None:
        self.context = context
        self.carrier = carrier.id
        self.ref = ref
        self.stage = Stage.OPENING
        self.until = 0
        self._circles = circles
        self._history = history
        self._label = ""
        self._queue: list[bytes] = []
        self._given: list[str] = []
        self._left: list[str] = []

    # The exchange.

    def nameplate(self, frame: wire.Nameplate, default: str) -> None:
        """The relay has opened a nameplate: the words are chosen, and shown."""
        if self.stage is not Stage.OPENING:
            return
        address = self._carrier().address
        shown = None if str(address) == default else address
        code = SpokenCode.generate(frame.words, shown, self.context.rng)
        self._end = FirstEnd(code, address, self.context.rng)
        self.stage = Stage.OPEN
        self.until = self.context.now() + min(LIFE, frame.seconds * 1000)
        ref, self.ref = self.ref, 0
        self.context.tell(LinkOpened(ref=ref, code=code.text(), expires_at=self.until))

    def said(self, body: bytes) -> None:
        """The new device speaks."""
        if self.stage is Stage.OPENING:
            return
        try:
            message = self._end.receive(body)
            if message is not None:
                self._hear(decode(message))
        except (SpokenError, FieldError) as error:
            return self.over(str(error))
        self._say()

    def _hear(self, message: LinkMessage) -> None:
        match self.stage, message:
            case Stage.OPEN, Hello(label):
                self._greeted(label)
            case Stage.GIVING, Keys():
                self._vouch(message)
            case Stage.GIVING, Package():
                self._take(message)
            case Stage.GIVING, Have():
                self._left.append(f"{self._offered().record.name} (is there, or was)")
                self._next()
            case _:
                raise SpokenError(OUT_OF_TURN)

    def _greeted(self, label: str) -> None:
        try:
            fit = device_label(label) == label
        except CircleError:
            fit = False
        if not fit:
            raise SpokenError("The new device's label is not written as labels are.")
        self._label, self.stage = label, Stage.ASKING
        names = [circle.record.name for circle in self._circles() if own_devices.gives(circle)]
        self.context.tell(LinkAsked(label=label, circles=names))

    def answer(self, yes: bool) -> None:
        """The person has decided."""
        if self.stage is not Stage.ASKING:
            raise WishError("not_asked", "No device asks to be linked just now.")
        if not yes:
            self._send(Declined())
            self._say()
            return self.over("You said no. The other device was given nothing.")
        self.stage = Stage.GIVING
        circles = [circle for circle in self._circles() if circle.inside]
        self._left = [
            f"{circle.record.name} ({own_devices.why_not(circle)})"
            for circle in circles
            if not own_devices.gives(circle)
        ]
        given = [circle.id for circle in circles if own_devices.gives(circle)]
        # Last comes first: the circle whose relay carries this is linked with it anyway.
        self._queue = sorted(given, key=lambda id: id == self.carrier)
        self._offer()
        self._say()

    def _offered(self) -> Circle:
        return next(circle for circle in self._circles() if circle.id == self._queue[-1])

    def _offer(self) -> None:
        """Offer the next circle that can be; without one, that was all."""
        able = {circle.id for circle in self._circles() if own_devices.gives(circle)}
        self._queue = [id for id in self._queue if id in able]
        if not self._queue:
            self._send(Finished())
            return
        circle = self._offered()
        record = circle.record
        self._send(
            Offer(
                circle.id,
                record.name,
                record.address,
                record.pin,
                record.relay_key,
                circle.member_key,
                circle.leaf.public,
                circle.own.name,
            )
        )

    def _next(self) -> None:
        self._queue.pop()
        self._offer()

    def _vouch(self, keys: Keys) -> None:
        circle = self._offered()
        if self._label in own_devices.labels(circle):
            return self._not_taken(circle, SAME_LABEL.format(label=self._label))
        signed = sign_device(
            circle.member, circle.id, keys.leaf_key, keys.access_key, circle.own.name, self._label
        )
        self._send(Vouched(signed.signature))

    def _take(self, message: Package) -> None:
        """Write down that the device is to be added, then say so."""
        circle = self._offered()
        wish, after = AddDevice(message.key_package, self._history), 0
        try:
            package = KeyPackage.decode(message.key_package)
            joiner = Joiner.of(package)
            there = circle.view.with_signature_key(joiner.leaf.signature_key)
            if there is None and not own_devices.adds(circle, message.key_package):
                if joiner.leaf.device.label in own_devices.labels(circle):
                    return self._not_taken(
                        circle, SAME_LABEL.format(label=joiner.leaf.device.label)
                    )
                own, now = circle.members.own_leaf, self.context.now()
                drafts.add_device(circle.view, own, package, now)
                after = self._apart(circle)
                intend(circle, wish, not_before=now + after)
                circle.tell_changed()
        except (CircleError, CryptoError, MlsError) as error:
            return self._not_taken(circle, str(error))
        self._given.append(circle.record.name)
        self._send(Taken(after))
        self._next()

    def _apart(self, circle: Circle) -> int:
        """Circles are not to be seen to be one person's by all that happens in one moment."""
        if circle.id == self.carrier:
            return 0
        return int.from_bytes(self.context.rng(4)) % APART

    def _not_taken(self, circle: Circle, why: str) -> None:
        self._left.append(f"{circle.record.name} ({why})")
        self._send(NotTaken(why))
        self._next()

    # The end.

    def ended(self) -> None:
        """The nameplate is gone: the new device has closed it, or its time is over."""
        if self.stage is Stage.OPENING:
            return self.over(OFFLINE)
        if self.stage is Stage.GIVING and not self._queue:
            return self._linked()
        if self._end.state is State.WAITING:
            return self.over("The code is over. Nobody used it.")
        self.over("The line to the other device was lost. Make another code to go on.")

    def _linked(self) -> None:
        self.context.giver = None
        left = f" Left out: {', '.join(self._left)}." if self._left else ""
        sentence = f"{self._label} is linked, and comes in by itself.{left}"
        if not self._given:
            sentence = f"{self._label} was given nothing.{left}"
        self._tell_end(sentence, done=True)

    def over(self, sentence: str) -> None:
        """Nothing more comes of it; what was given until now stays given."""
        self.context.giver = None
        if self.ref:
            error = WishError("unreachable", sentence, Exit.UNREACHABLE)
            return self.context.refuse(self.ref, error)
        connection = self._carrier().connection
        if connection is not None:
            connection.send(wire.CloseNameplate())
        given = f" It is added to {', '.join(self._given)}." if self._given else ""
        self._tell_end(sentence + given, done=False)

    def forgotten(self, error: WishError) -> None:
        """What lives in memory alone is no more."""
        self.context.giver = None
        if self.ref:
            self.context.refuse(self.ref, error)
        else:
            self._tell_end(str(error), done=False)

    def _tell_end(self, sentence: str, *, done: bool) -> None:
        given, left = list(self._given), list(self._left)
        self.context.tell(
            LinkEnded(label=self._label, circles=given, left=left, sentence=sentence, done=done)
        )

    def _carrier(self) -> Circle:
        return next(circle for circle in self._circles() if circle.id == self.carrier)

    def _send(self, message: LinkMessage) -> None:
        self._end.send(encode(message))

    def _say(self) -> None:
        for body in self._end.to_say():
            self._carrier().connected.send(wire.Say(body))


def begin(
    context: Context, circles: Callable[[], list[Circle]], history: int, ref: int, default: str
) -> None:
    """Have a nameplate opened at a relay that is there, at the profile's own if it can be."""
    if context.giver is not None:
        raise WishError("open_already", "A device is being linked already. Close that first.")
    inside = [circle for circle in circles() if circle.inside]
    if not inside:
        raise WishError("no_circle", NO_CIRCLE)
    if not any(circle.first for circle in inside):
        raise WishError("not_first", NOT_FIRST)
    reached = [
        circle
        for circle in inside
        if circle.active
        and circle.spoken is None
        and circle.connection is not None
        and circle.connection.caught_up
    ]
    if not reached:
        raise WishError("unreachable", OFFLINE, Exit.UNREACHABLE)
    carrier = min(reached, key=lambda circle: str(circle.address) != default)
    context.giver = Giver(context, carrier, circles, history, ref)
    carrier.connected.send(wire.OpenNameplate())


def carried(circle: Circle) -> Giver | None:
    """The exchange that goes over this circle's connection, if one does."""
    giver = circle.context.giver
    return giver if giver is not None and giver.carrier == circle.id else None


def nameplate(circle: Circle, frame: wire.Nameplate, default: str) -> bool:
    """Whether a nameplate that was opened is for linking a device."""
    giver = carried(circle)
    if giver is not None:
        giver.nameplate(frame, default)
    return giver is not None


def said(circle: Circle, frame: wire.Said) -> bool:
    """Whether what was said at the nameplate is for linking a device."""
    giver = carried(circle)
    if giver is not None:
        giver.said(frame.body)
    return giver is not None


def lost(circle: Circle) -> None:
    """The nameplate, or the connection, is gone."""
    giver = carried(circle)
    if giver is not None:
        giver.ended()


def refused(circle: Circle) -> None:
    """The relay opens no nameplate, or carries no more over it."""
    giver = carried(circle)
    if giver is not None and giver.ref:
        giver.over(NOT_OPENED)
    elif giver is not None:
        giver.ended()


def look(circle: Circle) -> None:
    """Whether its time is over; after every input."""
    giver = carried(circle)
    if giver is None:
        return
    if not circle.inside:
        giver.over(f"You are not in {circle.record.name} any more, whose relay carried this.")
    elif giver.until and circle.context.now() >= giver.until:
        giver.over("The code's time is over. Make another one.")


def close(context: Context) -> None:
    """The person closes it."""
    if context.giver is None:
        raise WishError("none", "No device is being linked just now.")
    if context.giver.stage is Stage.OPENING:
        raise WishError("not_yet", "The code is being made just now.")
    context.giver.over("You closed it.")
