"""A member with a client of their own making: it has every key of theirs, and asks no rule.

It takes the place of a person's engine, speaks to the relay by itself, follows what the others do,
and sends whatever commit a test wants under the person's genuine keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from crypto.access.binding import bind_statement
from crypto.access.side_data import Delta, encode
from crypto.circle.arriving import key_package, with_proof
from crypto.circle.device import Identity
from crypto.circle.extensions import HALLWAY_CIRCLE, context_extensions
from crypto.circle.sides import committed_hash
from crypto.circle.state import CircleState
from crypto.circle.view import CircleView
from crypto.invite import InviteKeys
from crypto.mls.errors import MlsError
from crypto.mls.extensions import Extension
from crypto.mls.group import PendingCommit, StagedCommit
from crypto.mls.key_package import KeyPackageSecrets
from crypto.mls.proposals import GroupContextExtensions, Proposal
from crypto.primitives import Rng, sha256
from crypto.secret import Secret
from relay import wire
from relay.wire import FromClient, FromRelay
from tests.harness import HOST, Person, Socket, World
from tests.tui.engine.rogue import circle_of
from tui.engine.circle import SUITE
from tui.engine.links import LinkId
from tui.engine.padding import padding


@dataclass(frozen=True)
class Outsider:
    """Somebody who is not in, with a key package that is ready to be added."""

    identity: Identity
    package: KeyPackageSecrets

    @property
    def access(self) -> bytes:
        return self.identity.access.public


@dataclass(frozen=True)
class Try:
    """A commit that no client of ours would make."""

    proposals: Sequence[Proposal] = ()
    deltas: Sequence[Delta] = ()
    leaf_extensions: tuple[Extension, ...] | None = None


class Renegade:
    """The modified client of a person who is in."""

    def __init__(self, person: Person) -> None:
        self.world: World = person.world
        self.rng: Rng = self.world.random.randbytes
        self.person = person
        self.circle = circle_of(person)
        person.offline = True
        self.world.settle(wait=0)
        self.group = self.circle.members
        self.n = self.circle.record.n
        self.handshake = self.circle.record.handshake
        self.heard: list[FromRelay] = []
        self.binds()
        self.follow()

    def binds(self) -> None:
        """Open a connection as the device that it is."""
        self.socket = Socket(self.person, LinkId(0))
        self.socket.session = self.world.hub.connect(self.socket, "192.0.2.66", HOST)
        (hello,) = self.hear()
        assert isinstance(hello, wire.Hello)
        access, circle_id = self.circle.access, self.circle.id
        statement = bind_statement(hello.nonce, HOST, circle_id, access.public)
        self.send(wire.Bind(circle_id, access.public, self.n, access.sign(statement)))

    # Speaking with the relay.

    def send(self, *frames: FromClient) -> None:
        """Say something to the relay, which has taken it when this returns."""
        assert self.socket.session is not None
        for frame in frames:
            self.socket.session.receive(wire.message(frame))
        self.world.store.settle()

    def hear(self) -> list[FromRelay]:
        """What the relay has said since."""
        self.socket.gather()
        told = [frame for data in self.socket.down for frame in wire.decode_from_relay(data)]
        self.socket.down.clear()
        self.heard += told
        return told

    def follow(self) -> None:
        """Read what the others have done, and go with it; what is not rightful is passed over."""
        if self.socket.ending:  # a host has told the relay anew who is here
            self.read()
            self.binds()
        self.read()

    def read(self) -> None:
        for frame in self.hear():
            if isinstance(frame, wire.Bound):
                self.handshake = frame.handshake
            if isinstance(frame, wire.Entry) and frame.kind == 2 and frame.n > self.n:
                self.handshake = self.n = frame.n
                with refusals():
                    staged = self.group.process(frame.body)
                    if isinstance(staged, StagedCommit):
                        self.group.merge(staged)

    # Making what no client of ours makes.

    @property
    def view(self) -> CircleView:
        return CircleView.of(self.group.context, self.group.tree)

    @property
    def state(self) -> CircleState:
        return self.view.state

    def with_state(self, **changes: object) -> GroupContextExtensions:
        """The circle's state with something else in it."""
        state = replace(self.state, **changes)  # type: ignore[arg-type]
        return GroupContextExtensions(context_extensions(self.view.genesis, state))

    def with_bytes(self, state: bytes) -> GroupContextExtensions:
        """A state that is not even one."""
        extensions = context_extensions(self.view.genesis, self.state)
        last = Extension(HALLWAY_CIRCLE, state)
        return GroupContextExtensions((*extensions[:-1], last))

    def outsider(self, code: InviteKeys | None = None, name: str = "Zoe") -> Outsider:
        """Somebody with fresh keys, and a code's proof where there is a code."""
        identity = Identity.generate(self.rng)
        return self.device_of(identity, code, name)

    def device_of(
        self, identity: Identity, code: InviteKeys | None = None, name: str = "Zoe"
    ) -> Outsider:
        """A key package for just these keys."""
        device = identity.device(self.circle.id, name)
        member = identity.member.public
        package = key_package(SUITE, member, identity.leaf, device, self.rng, self.world.now)
        if code is not None:
            package = with_proof(SUITE, package, self.circle.id, code)
        return Outsider(identity, package)

    def make(self, attempt: Try) -> PendingCommit:
        """The commit, under this member's own keys."""
        return self.group.commit(
            attempt.proposals,
            self.rng,
            now=self.world.now // 1000,
            authenticated_data=committed_hash(attempt.deltas),
            force_path=True,
            leaf_extensions=attempt.leaf_extensions,
            psks=lambda _: Secret(bytes(32)),
            padding=padding,
        )

    def commits(self, attempt: Try) -> bool:
        """Send it; whether the relay has taken it into the log."""
        self.follow()
        return self.orders(self.make(attempt).message, encode(attempt.deltas))

    def orders(self, body: bytes, side_data: bytes, *staged: bytes) -> bool:
        """Send any bytes as a commit; whether the relay has taken them into the log."""
        for blob in staged:
            self.send(wire.Stage(sha256(blob), 0, len(blob), blob))
        idempotency = self.rng(16)
        self.send(wire.Commit(idempotency, self.handshake, body, side_data))
        said = self.hear()
        for frame in said:
            if isinstance(frame, wire.Done) and frame.idempotency_id == idempotency:
                self.handshake = frame.n
                return True
        assert any(isinstance(frame, wire.Refused) for frame in said), said
        return False


@contextmanager
def refusals() -> Iterator[None]:
    """Whatever a group does not take is not this client's affair."""
    try:
        yield
    except MlsError:
        return
