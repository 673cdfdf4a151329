"""What a commit's Adds, Removes and path amount to, or why they are not rightful.

The second table of docs/protocol.md section 2. Whether a proposal is rightful follows from the
commit, its side data and the epoch before alone, so that a newcomer who has read nothing of the log
judges as everybody else does: a departure and a rejoin carry the leaving or returning device's
signature in the side data.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from crypto.access.binding import depart_statement, rekey_statement, verify
from crypto.access.side_data import Depart, Rekey
from crypto.circle.errors import CommitRefusedError
from crypto.circle.state import DEVICES_MOST, Invite, MemberRecord
from crypto.circle.view import Change, Joiner, Leaf
from crypto.entry import InviteProof
from crypto.mls.tree_math import LeafIndex

BY_INVITE = "Add, by invite"
AS_DEVICE = "Add, as another device"
AS_REJOIN = "Add, as rejoin"
REMOVE = "Remove"
PATH = "path"
ANOTHER = "any other proposal"

PROPOSAL_RULES = (BY_INVITE, AS_DEVICE, AS_REJOIN, REMOVE, PATH, ANOTHER)


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody comes in on an invite (as it stood before the commit)."""

    joiner: Joiner
    invite: Invite


@dataclass(frozen=True, slots=True)
class Rejoin:
    """A device comes in again: its leaf before, and its new one."""

    before: Leaf
    joiner: Joiner


@dataclass(frozen=True, slots=True)
class Plan:
    """A commit's proposals, understood.

    `departed` are the members who leave by their own word, `removed` the devices that go otherwise;
    `gone` are all members who have no device left.
    """

    change: Change
    entries: tuple[Entry, ...]
    devices: tuple[Joiner, ...]
    rejoins: tuple[Rejoin, ...]
    departed: tuple[bytes, ...]
    removed: tuple[Leaf, ...]
    gone: frozenset[bytes]

    @property
    def withdraws(self) -> bool:
        """Whether the commit takes a device away for good: all codes go, the beacon key changes."""
        return bool(self.departed or self.removed)

    @property
    def moves(self) -> bool:
        """Whether the circle goes to another relay: codes hold the one before, so all go."""
        return self.change.new.relay != self.change.old.relay

    def members_after(self) -> tuple[MemberRecord, ...]:
        """The member records that the proposals lead to."""
        change = self.change
        stay = [record for record in change.old.members if record.member not in self.gone]
        first = change.old.next_join_number
        come = [
            MemberRecord(
                entry.joiner.leaf.member,
                first + offset,
                change.view.epoch + 1,
                entry.invite.issuer,
                change.author.member,
            )
            for offset, entry in enumerate(self.entries)
        ]
        return (*stay, *come)


def understand(change: Change) -> Plan:
    """Sort a commit's proposals by why they are rightful; CommitRefusedError for one that isn't."""
    _check_path(change)
    _check_fresh(change)
    entries: list[Entry] = []
    devices: list[Joiner] = []
    rejoins: dict[LeafIndex, Rejoin] = {}
    for joiner in change.added:
        rekey = _rekey_to(change, joiner.leaf.access_key)
        if joiner.proof is not None:
            entries.append(_entry(change, joiner, joiner.proof))
        elif rekey is not None:
            index, rejoin = _rejoin(change, joiner, rekey)
            if index in rejoins:
                raise CommitRefusedError(AS_REJOIN, "One device can't come in again twice.")
            rejoins[index] = rejoin
        else:
            devices.append(_another_device(change, joiner))
    departed, removed = _removals(change, frozenset(rejoins))
    after = change.leaves_after()
    gone = change.old.member_keys() - {leaf.member for leaf in after}
    if any(member not in gone for member in departed):
        raise CommitRefusedError(REMOVE, "Who leaves does so with all devices.")
    plan = Plan(
        change,
        tuple(entries),
        tuple(devices),
        tuple(rejoins.values()),
        departed,
        removed,
        gone,
    )
    _check_places(plan)
    return plan


def _check_path(change: Change) -> None:
    new, old = change.own_leaf, change.author
    if new is None:
        return
    if new.member != old.member:
        raise CommitRefusedError(PATH, "A device can't become somebody else's.")
    if new.signature_key != old.signature_key:
        raise CommitRefusedError(PATH, "A device keeps its leaf key for as long as it is in.")
    if not new.vouched_for(change.view.circle_id):
        raise CommitRefusedError(PATH, "The member key does not vouch for the device.")
    if new.access_key != old.access_key and change.view.with_access_key(new.access_key) is not None:
        raise CommitRefusedError(PATH, "The new access key is another device's.")


def _check_fresh(change: Change) -> None:
    """Newcomers bring keys that nobody in the circle has, and a member key's word for them."""
    taken = {leaf.signature_key for leaf in change.view.leaves.values()}
    access = {leaf.access_key for leaf in change.view.leaves.values()}
    if change.own_leaf is not None:
        access.add(change.own_leaf.access_key)
    for joiner in change.added:
        leaf, rule = joiner.leaf, BY_INVITE if joiner.proof is not None else AS_DEVICE
        if leaf.signature_key in taken:
            raise CommitRefusedError(rule, "A newcomer's leaf key is another device's.")
        if leaf.access_key in access:
            raise CommitRefusedError(rule, "A newcomer's access key is another device's.")
        if not leaf.vouched_for(change.view.circle_id):
            raise CommitRefusedError(rule, "The member key does not vouch for the newcomer.")
        taken.add(leaf.signature_key)
        access.add(leaf.access_key)


def _entry(change: Change, joiner: Joiner, proof: InviteProof) -> Entry:
    leaf = joiner.leaf
    invite = change.old.invite(proof.invite_id)
    if invite is None:
        raise CommitRefusedError(BY_INVITE, f"{leaf.name} comes in on a code that is not open.")
    if leaf.member in change.old.member_keys():
        raise CommitRefusedError(BY_INVITE, f"{leaf.name} is in already.")
    signed = proof.verify(
        invite.signing_key,
        change.view.circle_id,
        leaf.member,
        leaf.signature_key,
        joiner.init_key,
        leaf.access_key,
    )
    if not signed:
        raise CommitRefusedError(BY_INVITE, f"The code did not sign for {leaf.name}.")
    return Entry(joiner, invite)


def _check_places(plan: Plan) -> None:
    uses = Counter(entry.invite.id for entry in plan.entries)
    members = Counter(entry.joiner.leaf.member for entry in plan.entries)
    for entry in plan.entries:
        if uses[entry.invite.id] > entry.invite.uses:
            raise CommitRefusedError(BY_INVITE, "A code lets in more people than it was made for.")
        if members[entry.joiner.leaf.member] > 1:
            raise CommitRefusedError(BY_INVITE, "One person takes one chair.")
    if plan.entries and len(plan.members_after()) > plan.change.new.cap:
        raise CommitRefusedError(BY_INVITE, f"All {plan.change.new.cap} chairs are taken.")


def _rekey_to(change: Change, access_key: bytes) -> Rekey | None:
    found = (d for d in change.deltas if isinstance(d, Rekey) and d.new == access_key)
    return next(found, None)


def _rejoin(change: Change, joiner: Joiner, rekey: Rekey) -> tuple[LeafIndex, Rejoin]:
    index = change.view.with_access_key(rekey.old)
    if index is None or index not in change.removed:
        raise CommitRefusedError(AS_REJOIN, "A device comes in again without its leaf before.")
    before = change.view.leaves[index]
    if before.member != joiner.leaf.member:
        raise CommitRefusedError(AS_REJOIN, "A device comes in again as somebody else's.")
    statement = rekey_statement(change.view.circle_id, rekey.old, rekey.new)
    if not verify(rekey.old, statement, rekey.signature):
        raise CommitRefusedError(AS_REJOIN, f"{before.name} did not ask to come in again.")
    return index, Rejoin(before, joiner)


def _another_device(change: Change, joiner: Joiner) -> Joiner:
    leaf = joiner.leaf
    if leaf.member != change.author.member:
        raise CommitRefusedError(
            AS_DEVICE,
            f"{leaf.name} comes in without a code; only somebody's own device adds another one.",
        )
    after = sum(other.member == leaf.member for other in change.leaves_after())
    if after > DEVICES_MOST:
        raise CommitRefusedError(AS_DEVICE, f"A person has at most {DEVICES_MOST} devices here.")
    return joiner


def _removals(
    change: Change, rejoined: frozenset[LeafIndex]
) -> tuple[tuple[bytes, ...], tuple[Leaf, ...]]:
    if change.committer in change.removed:
        raise CommitRefusedError(REMOVE, "A device can't remove itself.")
    departed: dict[bytes, None] = {}
    removed: list[Leaf] = []
    for index in change.removed:
        leaf = change.view.leaves[index]
        if index in rejoined:
            continue
        if _departs(change, leaf.member):
            departed[leaf.member] = None
        elif change.by_host or leaf.member == change.author.member:
            removed.append(leaf)
        else:
            raise CommitRefusedError(REMOVE, f"Only a host can remove {leaf.name}.")
    return tuple(departed), tuple(removed)


def _departs(change: Change, member: bytes) -> bool:
    """Whether the side data hold this member's own word that it leaves."""
    own = {change.view.leaves[index].access_key for index in change.view.devices(member)}
    return any(
        isinstance(delta, Depart)
        and delta.access_key in own
        and verify(
            delta.access_key,
            depart_statement(change.view.circle_id, delta.access_key),
            delta.signature,
        )
        for delta in change.deltas
    )
