"""Side data against the tree: what the relay is told must be what the commit does.

docs/protocol.md section 4.4. The order of the deltas is between the sender and the relay; here they
are compared as a whole, no more and no less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from crypto.access.binding import admit_statement, rekey_statement, verify
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
    OpenInvite,
    Rekey,
    Remove,
    ReplaceCard,
    RevokeInvite,
    TakenSeat,
    WholeRoster,
    encode,
)
from crypto.circle.errors import CommitRefusedError
from crypto.circle.plan import Plan
from crypto.circle.state import CircleState
from crypto.circle.view import Leaf
from crypto.primitives import sha256

SIDE_DATA = "side data"

Meaning: TypeAlias = tuple[str, *tuple[bytes | int | None, ...]]
"""What a delta says about members and invites; its name first."""


def committed_hash(deltas: Sequence[Delta]) -> bytes:
    """What a commit with these side data holds as `authenticated_data`: 32 bytes.

    Deltas of the type `welcome` are left out: a Welcome follows from its commit, so the commit
    can't hold its hash.
    """
    return sha256(encode([delta for delta in deltas if not isinstance(delta, LeaveWelcome)]))


def whole_roster(state: CircleState, leaves: Iterable[Leaf]) -> tuple[Delta, ...]:
    """What a relay's roster is, as the tree has it, for a relay that was told something else."""
    return (
        WholeRoster(state.cap),
        Keep(state.retention),
        *(TakenSeat(leaf.access_key, state.is_host(leaf.member)) for leaf in leaves),
        *(OpenInvite(invite.id, invite.uses) for invite in state.invites),
    )


def puts_right(deltas: Iterable[Delta]) -> bool:
    """Whether these side data hold anything of a whole roster."""
    return any(isinstance(delta, WholeRoster | TakenSeat | OpenInvite) for delta in deltas)


def check_side_data(plan: Plan) -> None:
    """That the side data say what the commit does; CommitRefusedError otherwise."""
    if puts_right(plan.change.deltas) and not plan.change.by_host:
        raise CommitRefusedError(
            SIDE_DATA, "Only a host tells the relay anew which devices are here."
        )
    told = Counter(_meaning(plan, delta) for delta in plan.change.deltas)
    done = Counter(_expected(plan))
    for meaning in (done - told) | (told - done):
        raise CommitRefusedError(
            SIDE_DATA, f"What the relay is told is not what the commit does ({meaning[0]})."
        )
    _check_signatures(plan)


def _meaning(plan: Plan, delta: Delta) -> Meaning:
    match delta:
        case Admit():
            return ("admit", delta.invite_id, delta.access_key)
        case AddDevice():
            return ("device", delta.access_key)
        case Rekey():
            return ("rekey", delta.old, delta.new)
        case Depart():
            return ("depart", _member_before(plan, delta.access_key))
        case Remove():
            return ("remove", delta.access_key)
        case Flag():
            return ("flag", _member_after(plan, delta.access_key), delta.host)
        case Cap():
            return ("cap", delta.cap)
        case AddInvite():
            return _invite(delta.invite_id, delta.signing_key, delta.uses, delta.expires_at)
        case RevokeInvite():
            return ("revoke", delta.invite_id)
        case LeaveWelcome():
            return ("welcome", delta.access_key)
        case ReplaceCard():
            return ("card", delta.invite_id)
        case WholeRoster():
            return ("roster", delta.cap)
        case TakenSeat():
            return ("seat", delta.access_key, delta.host)
        case Keep():
            return ("keep", delta.retention)
    return ("open", delta.invite_id, delta.uses)


def _invite(invite_id: bytes, signing_key: bytes, uses: int, expires_at: int) -> Meaning:
    return ("invite", invite_id, signing_key, uses, expires_at)


def _member_before(plan: Plan, access_key: bytes) -> bytes | None:
    index = plan.change.view.with_access_key(access_key)
    return None if index is None else plan.change.view.leaves[index].member


def _member_after(plan: Plan, access_key: bytes) -> bytes | None:
    leaves = plan.change.leaves_after()
    return next((leaf.member for leaf in leaves if leaf.access_key == access_key), None)


def _expected(plan: Plan) -> Iterator[Meaning]:
    change = plan.change
    for entry in plan.entries:
        yield ("admit", entry.invite.id, entry.joiner.leaf.access_key)
    for joiner in plan.devices:
        yield ("device", joiner.leaf.access_key)
    for rejoin in plan.rejoins:
        yield ("rekey", rejoin.before.access_key, rejoin.joiner.leaf.access_key)
    for joiner in change.added:
        yield ("welcome", joiner.leaf.access_key)
    for member in plan.departed:
        yield ("depart", member)
    for leaf in plan.removed:
        yield ("remove", leaf.access_key)
    own = change.own_leaf
    if own is not None and own.access_key != change.author.access_key:
        yield ("rekey", change.author.access_key, own.access_key)
    yield from _expected_settings(plan)
    yield from _expected_invites(plan)
    if puts_right(change.deltas):
        for delta in whole_roster(change.new, change.leaves_after()):
            yield _meaning(plan, delta)


def _expected_settings(plan: Plan) -> Iterator[Meaning]:
    old, new = plan.change.old, plan.change.new
    for member in set(new.hosts).difference(old.hosts):
        yield ("flag", member, True)
    for member in set(old.hosts).difference(new.hosts, plan.gone):
        yield ("flag", member, False)
    if new.cap != old.cap:
        yield ("cap", new.cap)
    if new.retention != old.retention:
        yield ("keep", new.retention)


def _expected_invites(plan: Plan) -> Iterator[Meaning]:
    change = plan.change
    for invite in change.new.invites:
        if change.old.invite(invite.id) is None:
            yield _invite(invite.id, invite.signing_key, invite.uses, invite.expires_at)
    if not plan.withdraws:
        spent = Counter(entry.invite.id for entry in plan.entries)
        for invite in change.old.invites:
            if change.new.invite(invite.id) is None and invite.uses > spent[invite.id]:
                yield ("revoke", invite.id)
    # A new card for a code of one's own changes nothing in the tree: it may be there.
    cards = {delta.invite_id for delta in change.deltas if isinstance(delta, ReplaceCard)}
    for invite in change.new.invites:
        if invite.issuer == change.author.member and invite.id in cards:
            yield ("card", invite.id)


def _check_signatures(plan: Plan) -> None:
    """Those that the plan has not looked at; each delta is known to belong to the commit."""
    circle_id = plan.change.view.circle_id
    invites = {entry.invite.id: entry.invite for entry in plan.entries}
    for delta in plan.change.deltas:
        if isinstance(delta, Admit):
            statement = admit_statement(circle_id, delta.invite_id, delta.access_key)
            signed = verify(invites[delta.invite_id].signing_key, statement, delta.signature)
        elif isinstance(delta, Rekey):
            statement = rekey_statement(circle_id, delta.old, delta.new)
            signed = verify(delta.old, statement, delta.signature)
        else:
            continue
        if not signed:
            raise CommitRefusedError(SIDE_DATA, "The relay is shown a signature that is not valid.")
