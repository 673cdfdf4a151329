"""Opening a circle: the relay's key is asked for first, since the circle's state holds it."""

from __future__ import annotations

from collections.abc import Callable

from crypto.circle.device import Identity
from crypto.circle.errors import MisuseError
from crypto.circle.founding import Founding, found
from crypto.circle.names import circle_name, device_label, person_name
from crypto.circle.state import Door
from crypto.errors import AddressError
from crypto.mls.group import Group
from crypto.relay_address import RelayAddress
from relay import wire
from relay.wire import FromRelay, Refusal
from tui.engine.circle import FOUNDING, SUITE, Circle
from tui.engine.commands import OpenCircle
from tui.engine.context import Context
from tui.engine.errors import WishError
from tui.engine.events import Exit
from tui.engine.line import Line
from tui.engine.links import LinkKind, LinkWish
from tui.engine.session import Session
from tui.engine.store.records import CircleRecord
from tui.engine.tokens import operators_token


class FoundingLine(Line):
    """The connection that asks a relay for its key; `founded` is given the circle that follows."""

    def __init__(
        self, context: Context, command: OpenCircle, founded: Callable[[Circle, int], None]
    ) -> None:
        super().__init__(context)
        self.command = command
        self._founded = founded
        try:
            self._relay = RelayAddress.typed(command.relay)
            self.address = self._relay.parsed
            circle_name(command.name)
            person_name(command.person)
            device_label(command.device)
            self._token = operators_token(command.token)
            self._found(Identity.generate(context.rng), bytes(32))
        except (AddressError, MisuseError) as error:
            raise WishError("not_possible", str(error)) from error

    def wish(self) -> LinkWish | None:
        """One connection, for the hello."""
        pin = self._relay.certificate_pin
        return LinkWish(LinkKind.CIRCLE, self.address, self.not_before, pin)

    def begin(self) -> Session:
        """Listen to the hello, and say nothing."""
        return Session(self._greet)

    def _found(self, identity: Identity, relay_key: bytes) -> Founding:
        command, context = self.command, self.context
        return found(
            SUITE,
            identity,
            person=command.person,
            circle=command.name,
            relay=self._relay,
            relay_key=relay_key,
            rng=context.rng,
            now=context.now(),
            label=command.device,
            cap=command.cap,
            door=Door.CODE,
        )

    def _greet(self, hello: wire.Hello) -> None:
        """The circle is made, and written down; its own line asks the relay to open it."""
        context, identity = self.context, Identity.generate(self.context.rng)
        founding = self._found(identity, hello.relay_key)
        group = Group.create(
            SUITE,
            founding.circle_id,
            founding.member,
            context.rng,
            extensions=founding.extensions,
        )
        state = founding.state
        record = CircleRecord(
            number=0,
            id=founding.circle_id,
            name=state.name,
            topic=state.topic,
            status=FOUNDING,
            sentence="",
            address=str(self.address),
            pin=self._relay.certificate_pin,
            relay_key=hello.relay_key,
            token=self._token,
            member_seed=identity.member.secret.reveal(),
            leaf_seed=identity.leaf.secret.reveal(),
            access_seed=identity.access.seed.reveal(),
            person=person_name(self.command.person),
            label=device_label(self.command.device),
            cap=state.cap,
            chairs=1,
            created_at=context.now(),
            refreshed_at=context.now(),
        )
        record.number = context.store.circles.insert(record)
        circle = Circle(context, record, group)
        circle.new_epoch()
        circle.flush()
        self.over = True
        self._founded(circle, self.command.ref)

    def take(self, frame: FromRelay) -> None:
        """The relay does not even say hello."""
        code = frame.code if isinstance(frame, wire.Refused) else Refusal.MALFORMED
        sentence = "The relay is not to be reached just now: it says that it is not well."
        if code == Refusal.GOING:
            sentence = "The relay is being shut down."
        self.fail(WishError("unreachable", sentence, Exit.UNREACHABLE))

    def lost(self, reason: str) -> None:
        """Without the hello there is no circle."""
        sentence = reason or f"The relay {self.address} can't be reached."
        self.fail(WishError("unreachable", sentence, Exit.UNREACHABLE))

    def fail(self, error: WishError) -> None:
        """Nothing has been made."""
        self.over = True
        self.context.refuse(self.command.ref, error)
