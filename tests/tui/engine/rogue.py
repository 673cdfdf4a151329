"""A member, or the relay, who does what no client of ours does: it shows entries of its making."""

from __future__ import annotations

import os
from collections.abc import Sequence

from crypto.access.side_data import Delta, encode
from crypto.circle.sides import committed_hash
from crypto.envelope import NO_PREVIOUS, Envelope
from crypto.mls.proposals import Proposal
from relay import wire
from tests.harness import Person
from tui.engine.circle import Circle
from tui.engine.padding import padding


def circle_of(person: Person) -> Circle:
    """The circle in a person's memory."""
    return person.client._desk.circle("")


def show(person: Person, *frames: wire.FromRelay) -> None:
    """The relay says something to a person's device."""
    (socket,) = person.sockets.values()
    client = person.client
    person.guarded(lambda: client.link_received(socket.link, wire.message(*frames)))


def entry(person: Person, kind: int, body: bytes, side_data: bytes = b"") -> wire.Entry:
    """The entry that is the next one for this person."""
    circle = circle_of(person)
    return wire.Entry(circle.record.n + 1, kind, person.world.now, body, side_data)


def envelope(
    type: int,
    body: bytes,
    counter: int = 1,
    previous: bytes = NO_PREVIOUS,
    id: bytes = b"\x01" * 16,
) -> Envelope:
    """A message as its sender fills it in."""
    return Envelope(type, id, counter, previous, 1_760_000_000_000, None, body)


def encrypted(by: Person, content: bytes) -> bytes:
    """Content under the group's keys, as a member encrypts it."""
    return circle_of(by).members.encrypt(content, os.urandom, padding=padding)


def committed(by: Person, proposals: Sequence[Proposal], deltas: Sequence[Delta]) -> wire.Commit:
    """A commit that no rule of the circle was asked about."""
    group = circle_of(by).members
    made = group.commit(
        proposals,
        os.urandom,
        now=by.world.now // 1000,
        authenticated_data=committed_hash(deltas),
        force_path=True,
        padding=padding,
    )
    return wire.Commit(bytes(16), 0, made.message, encode(deltas))
