"""Every rightful commit to a circle, ready to be made: proposals, side data and own leaf in one.

A function per wish. Each judges its draft by the very rules that the others will hold it to
(`crypto.circle.rules`), so a wish that the circle does not allow fails here, as a MisuseError whose
sentence the person reads, before anything is sent.

Of a draft, `proposals` and `leaf_extensions` go into the MLS commit with `authenticated_data()`;
with the Welcome that comes out of it, if any, `side_data()` goes to the relay beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from crypto.access.binding import depart_statement, verify
from crypto.access.side_data import (
    AddDevice,
    AddInvite,
    Admit,
    Cap,
    Delta,
    Depart,
    Flag,
    Keep,
    LeaveWelcome,
    Rekey,
    Remove,
    ReplaceCard,
    RevokeInvite,
    encode,
)
from crypto.circle.device import Device
from crypto.circle.errors import CommitRefusedError, MisuseError
from crypto.circle.extensions import (
    KEY_PACKAGE_LIFETIME,
    context_extensions,
    leaf_extensions,
)
from crypto.circle.happened import Outcome
from crypto.circle.names import circle_name, circle_topic, device_label, imitates, person_name
from crypto.circle.rules import check
from crypto.circle.sides import committed_hash, whole_roster
from crypto.circle.state import CircleState, Door, Invite, MemberRecord, successor
from crypto.circle.view import Change, CircleView, Joiner, Leaf
from crypto.errors import FieldError
from crypto.mls import proposals as mls
from crypto.mls.errors import DecodeError, InvalidError
from crypto.mls.extensions import Extension
from crypto.mls.key_package import KeyPackage
from crypto.mls.tree_math import LeafIndex
from crypto.mls.validation import check_lifetime
from crypto.primitives import HASH_LENGTH, Rng, sha256
from crypto.relay_address import RelayAddress
from crypto.secret import Secret


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit to be made. `leaf_extensions` are the own leaf's new ones, None to keep them.

    `deltas` are the side data but for the Welcome's, which is for the keys in `arriving`.
    `outcome` is what the commit leads to once it is ordered.
    """

    proposals: tuple[mls.Proposal, ...]
    deltas: tuple[Delta, ...]
    leaf_extensions: tuple[Extension, ...] | None
    arriving: tuple[bytes, ...]
    outcome: Outcome

    def authenticated_data(self) -> bytes:
        """What the MLS commit must hold: 32 bytes."""
        return committed_hash(self.deltas)

    def side_data(self, welcome: bytes | None = None) -> bytes:
        """The side data's bytes; `welcome` is the MLSMessage that the commit brought forth."""
        if self.arriving and welcome is None:
            raise MisuseError("Somebody comes in with this commit, so it has a Welcome.")
        return encode(_with_welcome(self.deltas, self.arriving, sha256(welcome or b"")))


@dataclass(frozen=True, slots=True)
class Departure:
    """A member's word that it leaves, from its `leave` message: signed by its access key."""

    access_key: bytes
    signature: bytes


def refresh(view: CircleView, own: LeafIndex) -> Draft:
    """Fresh keys for the own leaf and its path, nothing else: an empty commit."""
    return _draft(view, own)


def put_right(view: CircleView, own: LeafIndex) -> Draft:
    """Tell the relay anew who is here, after a commit that everybody skipped; for hosts."""
    return _draft(view, own, deltas=whole_roster(view.state, view.leaves.values()))


def rename(view: CircleView, own: LeafIndex, name: str, label: str | None = None) -> Draft:
    """Be called otherwise on this device, or have it called otherwise."""
    device = view.leaves[own].device
    name = person_name(name)
    _no_imitation(view, view.leaves[own].member, name)
    new_label = device.label if label is None else device_label(label)
    return _draft(view, own, device=replace(device, name=name, label=new_label))


def rekey(view: CircleView, own: LeafIndex, device: Device, signature: bytes) -> Draft:
    """Change the own access key; `device` holds the new one, `signature` is by the old."""
    delta = Rekey(view.leaves[own].access_key, device.access_key, signature)
    return _draft(view, own, deltas=(delta,), device=device)


def settings(
    view: CircleView,
    own: LeafIndex,
    *,
    name: str | None = None,
    topic: str | None = None,
    cap: int | None = None,
    door: Door | None = None,
    history: int | None = None,
    retention: int | None = None,
    disappear: int | None = None,
    presence: bool | None = None,
    heard: bool | None = None,
    relays: tuple[RelayAddress, ...] | None = None,
    relay_key: bytes | None = None,
) -> Draft:
    """Change what hosts may change; what is None stays. With another relay all codes go."""
    old = view.state
    new = _state(
        old,
        name=old.name if name is None else circle_name(name),
        topic=old.topic if topic is None else circle_topic(topic),
        cap=old.cap if cap is None else cap,
        door=old.door if door is None else door,
        history=old.history if history is None else history,
        retention=old.retention if retention is None else retention,
        disappear=old.disappear if disappear is None else disappear,
        presence=old.presence if presence is None else presence,
        heard=old.heard if heard is None else heard,
        relays=old.relays if relays is None else relays,
        relay_key=old.relay_key if relay_key is None else relay_key,
    )
    deltas: list[Delta] = [] if new.cap == old.cap else [Cap(new.cap)]
    if new.retention != old.retention:
        deltas.append(Keep(new.retention))
    if new.relay != old.relay:
        deltas += [RevokeInvite(invite.id) for invite in old.invites]
        new = _state(new, invites=())
    return _draft(view, own, state=new, deltas=deltas)


def appoint(view: CircleView, own: LeafIndex, hosts: Iterable[bytes]) -> Draft:
    """Make these members the hosts, all of them and nobody else."""
    state = _state(view.state, hosts=tuple(sorted(set(hosts))))
    return _draft(view, own, state=state, deltas=_flags(view, state))


def open_invite(
    view: CircleView, own: LeafIndex, invite: Invite, access_key: bytes, card_hash: bytes
) -> Draft:
    """Make a code; `access_key` is the invite's own at the relay, the card is staged there."""
    free = view.state.chairs_free()
    if invite.uses > free:
        raise MisuseError(
            f"A code for {invite.uses} needs as many free chairs; {free} of "
            f"{view.state.cap} are free."
        )
    invites = sorted((*view.state.invites, invite), key=lambda listed: listed.id)
    delta = AddInvite(
        invite.id, access_key, invite.signing_key, invite.uses, invite.expires_at, card_hash
    )
    state = _state(view.state, invites=tuple(invites))
    return _draft(view, own, state=state, deltas=(delta,))


def revoke_invite(view: CircleView, own: LeafIndex, invite_id: bytes) -> Draft:
    """Withdraw a code: one's own, or as a host anybody's."""
    _open(view, invite_id)
    invites = tuple(invite for invite in view.state.invites if invite.id != invite_id)
    state = _state(view.state, invites=invites)
    return _draft(view, own, state=state, deltas=(RevokeInvite(invite_id),))


def replace_card(view: CircleView, own: LeafIndex, invite_id: bytes, card_hash: bytes) -> Draft:
    """Put a new card to one's own code; it is staged at the relay."""
    _open(view, invite_id)
    return _draft(view, own, deltas=(ReplaceCard(invite_id, card_hash),))


def admit(
    view: CircleView, own: LeafIndex, key_package: KeyPackage, admit_signature: bytes, now: int
) -> Draft:
    """Let somebody in who asks with a code; `now` in milliseconds since 1970.

    What only the answering device judges is judged here: the code's and the key package's time, and
    whether the name is fit and nobody else's.
    """
    joiner = _joiner(key_package)
    if joiner.proof is None:
        raise MisuseError("The request does not say on which code it comes.")
    invite = _open(view, joiner.proof.invite_id)
    if now > invite.expires_at:
        raise MisuseError("The code's time is over. Make a new one.")
    if not view.state.chairs_free():
        raise MisuseError(f"All {view.state.cap} chairs are taken.")
    _fit(view, key_package, joiner.leaf, now)
    leaf = joiner.leaf
    left = [] if invite.uses == 1 else [replace(invite, uses=invite.uses - 1)]
    others = [other for other in view.state.invites if other.id != invite.id]
    number = view.state.next_join_number
    record = MemberRecord(
        leaf.member, number, view.epoch + 1, invite.issuer, view.leaves[own].member
    )
    state = _state(
        view.state,
        invites=tuple(sorted(others + left, key=lambda listed: listed.id)),
        members=(*view.state.members, record),
        next_join_number=number + 1,
    )
    delta = Admit(invite.id, leaf.access_key, admit_signature)
    return _draft(view, own, state=state, added=(key_package,), deltas=(delta,))


def add_device(view: CircleView, own: LeafIndex, key_package: KeyPackage, now: int) -> Draft:
    """Add another device of one's own; `now` in milliseconds since 1970."""
    joiner = _joiner(key_package)
    _fit(view, key_package, joiner.leaf, now)
    delta = AddDevice(joiner.leaf.access_key)
    return _draft(view, own, added=(key_package,), deltas=(delta,))


def rejoin(
    view: CircleView,
    own: LeafIndex,
    old_leaf_key: bytes,
    key_package: KeyPackage,
    rekey_signature: bytes,
    now: int,
) -> Draft:
    """Let a device come in again in the place of its old leaf; `now` in milliseconds since 1970.

    `rekey_signature` is the old access key's, from the request in the log.
    """
    joiner = _joiner(key_package)
    _fit(view, key_package, joiner.leaf, now)
    before = view.with_signature_key(old_leaf_key)
    if before is None:
        raise MisuseError("The device that wants to come in again is not in this circle any more.")
    delta = Rekey(view.leaves[before].access_key, joiner.leaf.access_key, rekey_signature)
    return _draft(view, own, added=(key_package,), removed=(before,), deltas=(delta,))


def remove(view: CircleView, own: LeafIndex, member: bytes, rng: Rng) -> Draft:
    """Remove a member with all devices; for hosts."""
    devices = view.devices(member)
    if not devices:
        raise MisuseError("Nobody of that key is in this circle.")
    if member == view.leaves[own].member:
        raise MisuseError("To go yourself, leave the circle.")
    return remove_devices(view, own, devices, rng)


def remove_devices(
    view: CircleView, own: LeafIndex, devices: Sequence[LeafIndex], rng: Rng
) -> Draft:
    """Remove single devices: one's own others, or as a host anybody's."""
    deltas = [Remove(view.leaves[index].access_key) for index in devices]
    return _withdrawal(view, own, devices, deltas, rng)


def finish_leaves(
    view: CircleView, own: LeafIndex, departures: Iterable[Departure], rng: Rng
) -> Draft:
    """Carry out what members said who left: all their devices go. Any other member may.

    Departures that are not signed by a device in the circle are passed over, one's own too.
    """
    devices: dict[LeafIndex, None] = {}
    deltas: dict[bytes, Depart] = {}
    for departure in departures:
        key, signature = departure.access_key, departure.signature
        index = view.with_access_key(key)
        if index is None or not verify(key, depart_statement(view.circle_id, key), signature):
            continue
        member = view.leaves[index].member
        if member != view.leaves[own].member:
            deltas.setdefault(member, Depart(key, signature))
            devices.update(dict.fromkeys(view.devices(member)))
    if not devices:
        raise MisuseError("There is nobody here whose leaving could be carried out.")
    return _withdrawal(view, own, tuple(devices), tuple(deltas.values()), rng)


def _withdrawal(
    view: CircleView,
    own: LeafIndex,
    removed: Sequence[LeafIndex],
    deltas: Sequence[Delta],
    rng: Rng,
) -> Draft:
    old = view.state
    left = {leaf.member for index, leaf in view.leaves.items() if index not in removed}
    members = tuple(record for record in old.members if record.member in left)
    hosts = tuple(host for host in old.hosts if host in left) or (successor(members),)
    state = _state(old, members=members, hosts=hosts, invites=(), beacon_key=Secret(rng(32)))
    deltas = (*deltas, *_flags(view, state))
    return _draft(view, own, state=state, removed=tuple(removed), deltas=deltas)


def _flags(view: CircleView, new: CircleState) -> tuple[Delta, ...]:
    """Host flags for members who stay, new hosts first so that there is one at any time."""
    old, stay = view.state, new.member_keys()
    named = [member for member in new.hosts if member not in old.hosts]
    ended = [member for member in old.hosts if member not in new.hosts and member in stay]
    access_key = {leaf.member: leaf.access_key for leaf in view.leaves.values()}
    return (
        *(Flag(access_key[member], True) for member in named),
        *(Flag(access_key[member], False) for member in ended),
    )


def _draft(
    view: CircleView,
    own: LeafIndex,
    *,
    state: CircleState | None = None,
    added: tuple[KeyPackage, ...] = (),
    removed: tuple[LeafIndex, ...] = (),
    deltas: Sequence[Delta] = (),
    device: Device | None = None,
) -> Draft:
    """The draft of a change, after the rules have been asked."""
    proposals: list[mls.Proposal] = [mls.Remove(index) for index in removed]
    proposals += [mls.Add(key_package) for key_package in added]
    if state is not None and state != view.state:
        proposals.append(mls.GroupContextExtensions(context_extensions(view.genesis, state)))
    joiners = tuple(Joiner.of(key_package) for key_package in added)
    arriving = tuple(joiner.leaf.access_key for joiner in joiners)
    leaf = view.leaves[own]
    change = Change(
        view,
        own,
        view.state if state is None else state,
        joiners,
        removed,
        leaf if device is None else Leaf(leaf.member, leaf.signature_key, device),
        # the Welcome does not exist yet, and its hash is not among what the rules look at
        _with_welcome(deltas, arriving, bytes(HASH_LENGTH)),
    )
    try:
        outcome = check(change)
    except CommitRefusedError as refused:
        raise MisuseError(str(refused)) from refused
    extensions = None if device is None else leaf_extensions(device)
    return Draft(tuple(proposals), tuple(deltas), extensions, arriving, outcome)


def _with_welcome(
    deltas: Sequence[Delta], arriving: Iterable[bytes], welcome_hash: bytes
) -> tuple[Delta, ...]:
    return (*deltas, *(LeaveWelcome(key, welcome_hash) for key in arriving))


def _state(old: CircleState, **changes: object) -> CircleState:
    try:
        return replace(old, **changes)  # type: ignore[arg-type]
    except FieldError as error:
        raise MisuseError(f"That is not possible here: {error}.") from error


def _open(view: CircleView, invite_id: bytes) -> Invite:
    invite = view.state.invite(invite_id)
    if invite is None:
        raise MisuseError("That code is not open any more: used up or withdrawn.")
    return invite


def _joiner(key_package: KeyPackage) -> Joiner:
    try:
        return Joiner.of(key_package)
    except DecodeError as error:
        raise MisuseError("What asks to come in is no device of Hallway's.") from error


def _fit(view: CircleView, key_package: KeyPackage, leaf: Leaf, now: int) -> None:
    """What only the answering device judges of keys and name; `now` in milliseconds."""
    try:
        check_lifetime(key_package.leaf_node, now // 1000, KEY_PACKAGE_LIFETIME)
    except InvalidError as error:
        raise MisuseError(
            "The keys that the device came with are out of date. It has to ask once more."
        ) from error
    if person_name(leaf.name) != leaf.name or device_label(leaf.device.label) != leaf.device.label:
        raise MisuseError("The newcomer's name is not written as names are here.")
    _no_imitation(view, leaf.member, leaf.name)


def _no_imitation(view: CircleView, member: bytes, name: str) -> None:
    others = (other for key, other in view.names().items() if key != member)
    imitated = imitates(name, others)
    if imitated is not None:
        raise MisuseError(f"The name {name} looks like {imitated}, who is in. Choose another.")
