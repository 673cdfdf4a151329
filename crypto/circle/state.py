"""The circle's state as its members hold it in the GroupContext: `hallway_circle`.

docs/protocol.md section 2. A value of these types is within its bounds and consistent in itself;
what may become of it from one epoch to the next is `crypto.circle.rules`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Self, TypeVar

from crypto.access.side_data import RETENTION_HIGHEST, RETENTION_LOWEST
from crypto.circle.errors import UpdateNeededError
from crypto.circle.fields import ID_LENGTH, KEY_LENGTH, plain
from crypto.circle.genesis import CAP_HIGHEST, CAP_LOWEST
from crypto.errors import FieldError
from crypto.fields import bounded, exact, read_text, write_text
from crypto.mls.codec import Reader, Struct, Writer
from crypto.primitives import x25519_public
from crypto.relay_address import RelayAddress
from crypto.secret import Secret

RULES_VERSION = 1

NAME_LONGEST = 64
TOPIC_LONGEST = 256
RELAYS_MOST = 8
INVITES_MOST = 16
INVITES_PER_ISSUER = 4
USES_MOST = 50
DEVICES_MOST = 3

HISTORY_MOST = 0xFFFF
JOIN_NUMBER_MOST = 0xFFFF_FFFF
DISAPPEAR_LOWEST = 60
DISAPPEAR_HIGHEST = 31_536_000

_Ordered = TypeVar("_Ordered", bytes, int)


class Door(IntEnum):
    """What lets a newcomer in who has a code."""

    CODE = 0
    """The code is proof: a member's device answers by itself."""
    ASK = 1
    """A member says yes first."""


@dataclass(frozen=True, slots=True)
class Invite(Struct):
    """An active invite. `expires_at` in milliseconds since 1970, judged by those who answer."""

    id: bytes
    issuer: bytes
    signing_key: bytes
    request_secret: Secret
    uses: int
    history: int
    expires_at: int

    def __post_init__(self) -> None:
        exact(self.id, ID_LENGTH, "an invite's id")
        exact(self.issuer, KEY_LENGTH, "an invite's issuer")
        exact(self.signing_key, KEY_LENGTH, "an invite's signing key")
        exact(self.request_secret.reveal(), KEY_LENGTH, "an invite's request key")
        bounded(self.uses, 1, USES_MOST, "an invite's number of uses")
        bounded(self.history, 0, HISTORY_MOST, "the history that an invite grants")

    def write(self, writer: Writer) -> None:
        writer.raw(self.id)
        writer.raw(self.issuer)
        writer.raw(self.signing_key)
        writer.raw(self.request_secret.reveal())
        writer.uint8(self.uses)
        writer.uint16(self.history)
        writer.uint64(self.expires_at)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.raw(ID_LENGTH),
            reader.raw(KEY_LENGTH),
            reader.raw(KEY_LENGTH),
            Secret(reader.raw(KEY_LENGTH)),
            reader.uint8(),
            reader.uint16(),
            reader.uint64(),
        )

    def request_key(self) -> bytes:
        """The public key that requests on this invite are sealed to: 32 bytes, X25519."""
        return x25519_public(self.request_secret)


@dataclass(frozen=True, slots=True)
class MemberRecord(Struct):
    """How a member came in; the founder by nobody (both empty), others by two member keys."""

    member: bytes
    join_number: int
    epoch: int
    invited_by: bytes
    admitted_by: bytes

    def __post_init__(self) -> None:
        exact(self.member, KEY_LENGTH, "a member key")
        origin = KEY_LENGTH if self.join_number else 0
        exact(self.invited_by, origin, "the inviter of a member")
        exact(self.admitted_by, origin, "who let a member in")

    def write(self, writer: Writer) -> None:
        writer.raw(self.member)
        writer.uint32(self.join_number)
        writer.uint64(self.epoch)
        writer.opaque(self.invited_by)
        writer.opaque(self.admitted_by)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.raw(KEY_LENGTH),
            reader.uint32(),
            reader.uint64(),
            reader.opaque(),
            reader.opaque(),
        )


@dataclass(frozen=True, slots=True)
class CircleState(Struct):
    """What the members agree on; `members` by join number.

    `retention` and `disappear` are in seconds; where `disappear` is 0, messages stay. `presence` is
    whether others see who is here and who is writing, `heard` whether they see who read what.
    """

    name: str
    topic: str
    cap: int
    hosts: tuple[bytes, ...]
    door: Door
    history: int
    retention: int
    disappear: int
    presence: bool
    heard: bool
    relays: tuple[RelayAddress, ...]
    relay_key: bytes
    invites: tuple[Invite, ...]
    beacon_key: Secret
    next_join_number: int
    members: tuple[MemberRecord, ...]
    rules: int = RULES_VERSION

    def __post_init__(self) -> None:
        if self.rules != RULES_VERSION:
            raise UpdateNeededError(self.rules)
        plain(self.name, 1, NAME_LONGEST, "a circle's name")
        plain(self.topic, 0, TOPIC_LONGEST, "a circle's topic")
        bounded(self.cap, CAP_LOWEST, CAP_HIGHEST, "the number of chairs")
        bounded(self.history, 0, HISTORY_MOST, "the history that invites grant")
        bounded(self.retention, RETENTION_LOWEST, RETENTION_HIGHEST, "the retention in seconds")
        if self.disappear:
            what = "how long messages stay, in seconds,"
            bounded(self.disappear, DISAPPEAR_LOWEST, DISAPPEAR_HIGHEST, what)
        bounded(len(self.relays), 1, RELAYS_MOST, "the number of relay addresses")
        exact(self.relay_key, KEY_LENGTH, "the relay's key")
        exact(self.beacon_key.reveal(), KEY_LENGTH, "the beacon key")
        bounded(self.next_join_number, 1, JOIN_NUMBER_MOST, "the next join number")
        _consistent_members(self)
        _consistent_invites(self)

    def write(self, writer: Writer) -> None:
        writer.uint16(self.rules)
        write_text(writer, self.name)
        write_text(writer, self.topic)
        writer.uint8(self.cap)
        writer.vector(self.hosts, Writer.raw)
        writer.uint8(self.door)
        writer.uint16(self.history)
        writer.uint32(self.retention)
        writer.uint32(self.disappear)
        writer.uint8(self.presence)
        writer.uint8(self.heard)
        writer.structs(self.relays)
        writer.raw(self.relay_key)
        writer.structs(self.invites)
        writer.raw(self.beacon_key.reveal())
        writer.uint32(self.next_join_number)
        writer.structs(self.members)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        rules = reader.uint16()
        if rules != RULES_VERSION:
            raise UpdateNeededError(rules)
        return cls(
            name=read_text(reader),
            topic=read_text(reader),
            cap=reader.uint8(),
            hosts=tuple(reader.vector(lambda inner: inner.raw(KEY_LENGTH))),
            door=_read_door(reader),
            history=reader.uint16(),
            retention=reader.uint32(),
            disappear=reader.uint32(),
            presence=_read_switch(reader, "presence"),
            heard=_read_switch(reader, "heard"),
            relays=tuple(reader.vector(RelayAddress.read)),
            relay_key=reader.raw(KEY_LENGTH),
            invites=tuple(reader.vector(Invite.read)),
            beacon_key=Secret(reader.raw(KEY_LENGTH)),
            next_join_number=reader.uint32(),
            members=tuple(reader.vector(MemberRecord.read)),
        )

    @property
    def relay(self) -> tuple[RelayAddress, bytes]:
        """The relay that the circle is on: its address and key."""
        return self.relays[0], self.relay_key

    def member_keys(self) -> frozenset[bytes]:
        """The member keys of everyone who has a chair."""
        return frozenset(record.member for record in self.members)

    def record(self, member: bytes) -> MemberRecord | None:
        """How this member came in, or None where nobody of that key is in."""
        return next((record for record in self.members if record.member == member), None)

    def invite(self, invite_id: bytes) -> Invite | None:
        """The active invite of this id, or None."""
        return next((invite for invite in self.invites if invite.id == invite_id), None)

    def is_host(self, member: bytes) -> bool:
        """Whether this member is a host."""
        return member in self.hosts

    def chairs_free(self) -> int:
        """How many more members there may be."""
        return self.cap - len(self.members)


def successor(members: Sequence[MemberRecord]) -> bytes:
    """Who becomes host when the last one goes: the member key of the lowest join number."""
    return min(members, key=lambda record: record.join_number).member


def _read_door(reader: Reader) -> Door:
    value = reader.uint8()
    bounded(value, Door.CODE, Door.ASK, "the door's setting")
    return Door(value)


def _read_switch(reader: Reader, what: str) -> bool:
    value = reader.uint8()
    bounded(value, 0, 1, f"the switch for {what}")
    return bool(value)


def _ascending(values: Sequence[_Ordered], what: str) -> None:
    if not all(first < second for first, second in pairwise(values)):
        raise FieldError(f"{what} are not in ascending order, each once")


def _consistent_members(state: CircleState) -> None:
    taken = len(state.members)
    if not 1 <= taken <= state.cap:
        raise FieldError(f"{taken} members do not fit {state.cap} chairs")
    _ascending([record.join_number for record in state.members], "join numbers")
    if state.members[-1].join_number >= state.next_join_number:
        raise FieldError("the next join number was given away already")
    keys = state.member_keys()
    if len(keys) != taken:
        raise FieldError("a member is listed twice")
    _ascending(state.hosts, "hosts")
    if not state.hosts or not keys.issuperset(state.hosts):
        raise FieldError("the hosts are some of the members, at least one")


def _consistent_invites(state: CircleState) -> None:
    if len(state.invites) > INVITES_MOST:
        raise FieldError(f"a circle has at most {INVITES_MOST} open codes")
    _ascending([invite.id for invite in state.invites], "invites")
    issuers = Counter(invite.issuer for invite in state.invites)
    if issuers and max(issuers.values()) > INVITES_PER_ISSUER:
        raise FieldError(f"a member has at most {INVITES_PER_ISSUER} open codes")
    if not state.member_keys().issuperset(issuers):
        raise FieldError("an invite's issuer is not a member")
