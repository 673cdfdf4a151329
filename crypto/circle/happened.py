"""What a rightful commit did, for the conversation to tell: one small record per happening."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from crypto.circle.plan import Plan
from crypto.circle.sides import puts_right
from crypto.circle.state import CircleState, Door
from crypto.circle.view import Leaf
from crypto.relay_address import RelayAddress

Setting: TypeAlias = str | int | bool | bytes | Door | tuple[RelayAddress, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A member key and the name that goes with it at that moment."""

    member: bytes
    name: str


@dataclass(frozen=True, slots=True)
class CameIn:
    """Somebody new is here, on the invite of another."""

    person: Person
    invited_by: Person
    invite_id: bytes
    join_number: int


@dataclass(frozen=True, slots=True)
class DeviceAdded:
    """A member has one more device."""

    person: Person
    label: str


@dataclass(frozen=True, slots=True)
class CameInAgain:
    """A member's device came in again, with fresh keys."""

    person: Person
    label: str


@dataclass(frozen=True, slots=True)
class Left:
    """A member went by their own word."""

    person: Person


@dataclass(frozen=True, slots=True)
class Removed:
    """A member was removed, or took their own last device away."""

    person: Person


@dataclass(frozen=True, slots=True)
class DeviceRemoved:
    """One device of a member who stays was removed."""

    person: Person
    label: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """A member is called otherwise now; `before` is the old name."""

    person: Person
    before: str


@dataclass(frozen=True, slots=True)
class DeviceRelabelled:
    """A member's device is called otherwise now."""

    person: Person
    before: str
    label: str


@dataclass(frozen=True, slots=True)
class HostNamed:
    """A member became a host; by succession where the last one went."""

    person: Person
    succession: bool


@dataclass(frozen=True, slots=True)
class HostNoMore:
    """A member who stays is no host any more."""

    person: Person


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A host changed a setting; `field` is the name in `CircleState`."""

    field: str
    before: Setting
    after: Setting


@dataclass(frozen=True, slots=True)
class CodeOpened:
    """A member made a code."""

    invite_id: bytes
    uses: int


@dataclass(frozen=True, slots=True)
class CodeWithdrawn:
    """A code that still had uses is no good any more."""

    invite_id: bytes
    issuer: Person


@dataclass(frozen=True, slots=True)
class RosterPutRight:
    """A host told the relay anew who is here, after a commit that everybody skipped."""


Happening: TypeAlias = (
    CameIn
    | DeviceAdded
    | CameInAgain
    | Left
    | Removed
    | DeviceRemoved
    | Renamed
    | DeviceRelabelled
    | HostNamed
    | HostNoMore
    | SettingChanged
    | CodeOpened
    | CodeWithdrawn
    | RosterPutRight
)

SETTINGS = (
    *("name", "topic", "cap", "door", "history", "retention", "disappear", "presence", "heard"),
    *("relays", "relay_key"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state after a rightful commit, who made it, and what happened, in telling order."""

    state: CircleState
    by: Person
    happened: tuple[Happening, ...]


def outcome(plan: Plan) -> Outcome:
    """What a commit that passed every rule leads to."""
    happened = (*_people(plan), *_hosts(plan), *_settings(plan), *_codes(plan), *_relay(plan))
    return Outcome(plan.change.new, _person(plan.change.author), happened)


def _relay(plan: Plan) -> Iterator[Happening]:
    if puts_right(plan.change.deltas):
        yield RosterPutRight()


def _person(leaf: Leaf) -> Person:
    return Person(leaf.member, leaf.name)


def _people(plan: Plan) -> Iterator[Happening]:
    view = plan.change.view
    numbers = {record.member: record.join_number for record in plan.change.new.members}
    yield from _own_leaf(plan)
    for entry in plan.entries:
        leaf, invite = entry.joiner.leaf, entry.invite
        issuer = Person(invite.issuer, view.name(invite.issuer))
        yield CameIn(_person(leaf), issuer, invite.id, numbers[leaf.member])
    for joiner in plan.devices:
        yield DeviceAdded(_person(joiner.leaf), joiner.leaf.device.label)
    for rejoin in plan.rejoins:
        leaf = rejoin.joiner.leaf
        yield CameInAgain(_person(leaf), leaf.device.label)
    for member in plan.departed:
        yield Left(Person(member, view.name(member)))
    removed = {leaf.member: leaf for leaf in plan.removed if leaf.member in plan.gone}
    for leaf in removed.values():
        yield Removed(Person(leaf.member, view.name(leaf.member)))
    for leaf in plan.removed:
        if leaf.member not in plan.gone:
            yield DeviceRemoved(_person(leaf), leaf.device.label)


def _own_leaf(plan: Plan) -> Iterator[Happening]:
    before, after = plan.change.author, plan.change.own_leaf
    if after is None:
        return
    if after.name != before.name:
        yield Renamed(_person(after), before.name)
    if after.device.label != before.device.label:
        yield DeviceRelabelled(_person(after), before.device.label, after.device.label)


def _hosts(plan: Plan) -> Iterator[Happening]:
    old, new = plan.change.old, plan.change.new
    names = {leaf.member: leaf.name for leaf in reversed(plan.change.leaves_after())}
    for member in new.hosts:
        if member not in old.hosts:
            yield HostNamed(Person(member, names[member]), plan.gone.issuperset(old.hosts))
    for member in old.hosts:
        if member not in new.hosts and member not in plan.gone:
            yield HostNoMore(Person(member, names[member]))


def _settings(plan: Plan) -> Iterator[Happening]:
    for field in SETTINGS:
        before, after = getattr(plan.change.old, field), getattr(plan.change.new, field)
        if before != after:
            yield SettingChanged(field, before, after)


def _codes(plan: Plan) -> Iterator[Happening]:
    old, new, view = plan.change.old, plan.change.new, plan.change.view
    spent = Counter(entry.invite.id for entry in plan.entries)
    for invite in new.invites:
        if old.invite(invite.id) is None:
            yield CodeOpened(invite.id, invite.uses)
    for invite in old.invites:
        if new.invite(invite.id) is None and invite.uses > spent[invite.id]:
            issuer = Person(invite.issuer, view.name(invite.issuer))
            yield CodeWithdrawn(invite.id, issuer)
