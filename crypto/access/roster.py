"""The roster: which access keys sit on which chair, who hosts, the invites; a fold of side data.

docs/protocol.md section 4.4. `Roster` is a value: `apply` gives the next one or refuses, and never
changes the one it was given. It holds nothing but what side data say, so that everybody who has
read the same commits has the same roster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Self

from crypto.access import side_data
from crypto.access.binding import admit_statement, depart_statement, rekey_statement, verify
from crypto.access.errors import DeltaRefused, Reason
from crypto.access.side_data import Delta

KEYS_PER_CHAIR = 3
KEYS_PER_CIRCLE = 100
INVITES_PER_CHAIR = 4
INVITES_PER_CIRCLE = 16
CLOSED_INVITES_KEPT = 256
"""Used and revoked invites that are remembered, so that their holders hear what became of them."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a key sits. `since` is the entry that brought its device in, 0 for the founder's.

    `rekeyed` is the entry that put this key in the place of `former`, its device's key before;
    `welcome` is the hash of the Welcome that was left for it, at `time` (ms since 1970).
    """

    chair: int
    since: int
    time: int
    former: bytes | None = None
    rekeyed: int = 0
    welcome: bytes | None = None


class InviteState(Enum):
    """Whether an invite still opens the door."""

    OPEN = "open"
    USED = "used"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Invite:
    """An invite as the relay knows it: its issuer's `chair`, and the uses left of those `given`."""

    invite_id: bytes
    access_key: bytes
    signing_key: bytes
    uses: int
    expires_at: int
    card_hash: bytes
    chair: int
    given: int
    state: InviteState = InviteState.OPEN


@dataclass(frozen=True, slots=True)
class Roster:
    """Chairs, keys, hosts and invites of one circle.

    `seats` are by access key. `departed` are keys that were taken off, with the seats that they
    had, so that their devices can be told so, and can be put back. `next_chair` is never used
    before. `opened` is the cap that the circle was opened with. Messages and files are kept for
    `retention` seconds.
    """

    circle_id: bytes
    cap: int
    seats: Mapping[bytes, Seat]
    hosts: frozenset[int]
    next_chair: int
    invites: Mapping[bytes, Invite] = field(default_factory=dict)
    departed: Mapping[bytes, Seat] = field(default_factory=dict)
    opened: int = side_data.CAP_HIGHEST
    retention: int = side_data.RETENTION_USUAL

    @classmethod
    def found(cls, circle_id: bytes, access_key: bytes, cap: int, time: int) -> Self:
        """The roster before the first commit: the founder on chair 0, a host."""
        return cls(circle_id, cap, {access_key: Seat(0, 0, time)}, frozenset({0}), 1, opened=cap)

    def chairs(self) -> frozenset[int]:
        """The chairs that are taken."""
        return frozenset(seat.chair for seat in self.seats.values())

    def keys_of(self, chair: int) -> list[bytes]:
        """The keys on a chair."""
        return [key for key, seat in self.seats.items() if seat.chair == chair]

    def is_host(self, access_key: bytes) -> bool:
        """Whether the key sits on a host's chair."""
        seat = self.seats.get(access_key)
        return seat is not None and seat.chair in self.hosts

    def successor(self, access_key: bytes) -> bytes | None:
        """The key that took this one's place, for the device that has not read so yet."""
        for key, seat in self.seats.items():
            if seat.former == access_key:
                return key
        return None


@dataclass(frozen=True, slots=True)
class Applied:
    """What side data lead to. `hashes` are the cards and Welcomes that they name."""

    roster: Roster
    hashes: frozenset[bytes]


def apply(roster: Roster, sender: bytes, deltas: Sequence[Delta], n: int, time: int) -> Applied:
    """The roster after entry n, handed in by `sender` and ordered at `time` (ms since 1970).

    Raises DeltaRefused, with the index of the first delta that the roster does not allow.
    """
    draft = _Draft(roster, sender, n, time)
    if deltas and isinstance(deltas[0], side_data.WholeRoster):
        _put_right(draft, deltas[0], deltas[1:])
        return Applied(draft.finish(), frozenset())
    for index, delta in enumerate(deltas):
        draft.index = index
        _STEPS[type(delta)](draft, delta)
    draft.settle_hosts()
    return Applied(draft.finish(), frozenset(draft.hashes))


class _Draft:
    """A roster being worked on: one delta after the other, thrown away when one is refused."""

    def __init__(self, roster: Roster, sender: bytes, n: int, time: int) -> None:
        self.roster = roster
        self.circle_id = roster.circle_id
        self.cap = roster.cap
        self.retention = roster.retention
        self.seats = dict(roster.seats)
        self.hosts = set(roster.hosts)
        self.invites = dict(roster.invites)
        self.departed = dict(roster.departed)
        self.next_chair = roster.next_chair
        self.sender, self.n, self.time = sender, n, time
        self.index = 0
        self.lost_hosts_at = 0
        self.successors: list[tuple[int, int]] = []
        self.arrived: set[bytes] = set()
        self.hashes: set[bytes] = set()
        # What the sender may do does not change half way through its commit.
        seat = self.seats.get(sender)
        if seat is None:
            raise self.refuse(Reason.NOT_ALLOWED, "the sender's key is not on the roster")
        self.chair = seat.chair
        self.is_host = seat.chair in roster.hosts

    def finish(self) -> Roster:
        closed = [i for i, invite in self.invites.items() if invite.state is not InviteState.OPEN]
        for invite_id in closed[: max(0, len(closed) - CLOSED_INVITES_KEPT)]:
            del self.invites[invite_id]
        return replace(
            self.roster,
            cap=self.cap,
            seats=self.seats,
            hosts=frozenset(self.hosts),
            next_chair=self.next_chair,
            invites=self.invites,
            departed=self.departed,
            retention=self.retention,
        )

    def settle_hosts(self) -> None:
        """Who is no host may name one, if the commit leaves no other."""
        for index, chair in self.successors:
            self.index = index
            self.require(not self.hosts, "only a host names hosts")
            self.hosts.add(chair)
        self.index = self.lost_hosts_at
        self.require(bool(self.hosts) or not self.seats, "no host would be left")

    def refuse(self, reason: Reason, message: str) -> DeltaRefused:
        return DeltaRefused(reason, self.index, message)

    def require(self, condition: bool, message: str) -> None:
        if not condition:
            raise self.refuse(Reason.NOT_ALLOWED, message)

    def seat_of(self, access_key: bytes) -> Seat:
        seat = self.seats.get(access_key)
        if seat is None:
            raise self.refuse(Reason.NOT_ALLOWED, "the key is not on the roster")
        return seat

    def open_invite(self, invite_id: bytes) -> Invite:
        invite = self.invites.get(invite_id)
        if invite is None:
            raise self.refuse(Reason.NOT_ALLOWED, "there is no such invite")
        if invite.state is InviteState.USED:
            raise self.refuse(Reason.INVITE_USED, "no use of the invite is left")
        if invite.state is InviteState.REVOKED:
            raise self.refuse(Reason.INVITE_REVOKED, "the invite was withdrawn")
        return invite

    def arrive(self, access_key: bytes, seat: Seat) -> None:
        """Seat a key that this circle has never seen."""
        fresh = access_key not in self.seats and access_key not in self.departed
        self.require(fresh, "the key has been here before")
        self.seats[access_key] = seat
        self.arrived.add(access_key)

    def crowded(self) -> None:
        if len(self.seats) >= KEYS_PER_CIRCLE:
            raise self.refuse(Reason.CROWDED, f"a circle has at most {KEYS_PER_CIRCLE} devices")

    def take_off(self, access_key: bytes) -> None:
        """A key goes, its chair with the last one, and everything that waits at the door."""
        seat = self.departed[access_key] = self.seats.pop(access_key)
        if seat.chair in self.hosts and not any(
            other.chair == seat.chair for other in self.seats.values()
        ):
            self.hosts.discard(seat.chair)
            self.lost_hosts_at = self.index
        for invite_id, invite in self.invites.items():
            if invite.state is InviteState.OPEN:
                self.invites[invite_id] = replace(invite, state=InviteState.REVOKED)


def _admit(draft: _Draft, delta: side_data.Admit) -> None:
    invite = draft.open_invite(delta.invite_id)
    chairs = {seat.chair for seat in draft.seats.values()}
    if len(chairs) >= draft.cap:
        raise draft.refuse(Reason.FULL, f"all {draft.cap} chairs are taken")
    draft.crowded()
    statement = admit_statement(draft.circle_id, delta.invite_id, delta.access_key)
    signed = verify(invite.signing_key, statement, delta.signature)
    draft.require(signed, "the invite did not sign this key")
    draft.arrive(delta.access_key, Seat(draft.next_chair, draft.n, draft.time))
    draft.next_chair += 1
    left = invite.uses - 1
    state = InviteState.OPEN if left else InviteState.USED
    draft.invites[delta.invite_id] = replace(invite, uses=left, state=state)


def _device(draft: _Draft, delta: side_data.AddDevice) -> None:
    draft.crowded()
    mine = [key for key, seat in draft.seats.items() if seat.chair == draft.chair]
    draft.require(len(mine) < KEYS_PER_CHAIR, f"a chair has at most {KEYS_PER_CHAIR} devices")
    draft.arrive(delta.access_key, Seat(draft.chair, draft.n, draft.time))


def _rekey(draft: _Draft, delta: side_data.Rekey) -> None:
    seat = draft.seat_of(delta.old)
    statement = rekey_statement(draft.circle_id, delta.old, delta.new)
    draft.require(verify(delta.old, statement, delta.signature), "the old key did not sign this")
    successor = replace(seat, time=draft.time, former=delta.old, rekeyed=draft.n, welcome=None)
    draft.arrive(delta.new, successor)
    draft.departed[delta.old] = draft.seats.pop(delta.old)


def _depart(draft: _Draft, delta: side_data.Depart) -> None:
    chair = draft.seat_of(delta.access_key).chair
    statement = depart_statement(draft.circle_id, delta.access_key)
    signed = verify(delta.access_key, statement, delta.signature)
    draft.require(signed, "the key did not sign its departure")
    for key in [key for key, seat in draft.seats.items() if seat.chair == chair]:
        draft.take_off(key)


def _remove(draft: _Draft, delta: side_data.Remove) -> None:
    seat = draft.seat_of(delta.access_key)
    draft.require(
        draft.is_host or seat.chair == draft.chair, "only a host removes another's device"
    )
    draft.take_off(delta.access_key)


def _flag(draft: _Draft, delta: side_data.Flag) -> None:
    chair = draft.seat_of(delta.access_key).chair
    if delta.host and not draft.is_host:
        draft.successors.append((draft.index, chair))
        return
    draft.require(draft.is_host, "only a host takes the chair from a host")
    if delta.host:
        draft.hosts.add(chair)
    else:
        draft.hosts.discard(chair)
        draft.lost_hosts_at = draft.index


def _cap(draft: _Draft, delta: side_data.Cap) -> None:
    draft.require(draft.is_host, "only a host lowers the cap")
    draft.require(delta.cap <= draft.cap, "a cap is never raised")
    chairs = {seat.chair for seat in draft.seats.values()}
    draft.require(delta.cap >= len(chairs), "a cap is never below the chairs taken")
    draft.cap = delta.cap


def _keep(draft: _Draft, delta: side_data.Keep) -> None:
    draft.require(draft.is_host, "only a host says how long is kept")
    draft.retention = delta.retention


def _invite(draft: _Draft, delta: side_data.AddInvite) -> None:
    draft.require(delta.invite_id not in draft.invites, "the invite is there already")
    opened = [i for i in draft.invites.values() if i.state is InviteState.OPEN]
    own = [invite for invite in opened if invite.chair == draft.chair]
    draft.require(len(own) < INVITES_PER_CHAIR, f"a chair has at most {INVITES_PER_CHAIR} invites")
    draft.require(
        len(opened) < INVITES_PER_CIRCLE, f"a circle has at most {INVITES_PER_CIRCLE} invites"
    )
    draft.invites[delta.invite_id] = Invite(
        delta.invite_id,
        delta.access_key,
        delta.signing_key,
        delta.uses,
        delta.expires_at,
        delta.card_hash,
        draft.chair,
        given=delta.uses,
    )
    draft.hashes.add(delta.card_hash)


def _revoke(draft: _Draft, delta: side_data.RevokeInvite) -> None:
    if delta.invite_id not in draft.invites:
        return  # others have closed so many since that it was forgotten
    invite = draft.open_invite(delta.invite_id)
    draft.require(
        draft.is_host or invite.chair == draft.chair,
        "only its issuer or a host withdraws an invite",
    )
    draft.invites[delta.invite_id] = replace(invite, state=InviteState.REVOKED)


def _welcome(draft: _Draft, delta: side_data.LeaveWelcome) -> None:
    draft.require(delta.access_key in draft.arrived, "a Welcome is for a key that comes in here")
    seat = draft.seat_of(delta.access_key)
    draft.seats[delta.access_key] = replace(seat, welcome=delta.welcome_hash)
    draft.hashes.add(delta.welcome_hash)


def _card(draft: _Draft, delta: side_data.ReplaceCard) -> None:
    invite = draft.open_invite(delta.invite_id)
    draft.require(invite.chair == draft.chair, "only its issuer replaces an invite's card")
    draft.invites[delta.invite_id] = replace(invite, card_hash=delta.card_hash)
    draft.hashes.add(delta.card_hash)


def _put_right(draft: _Draft, head: side_data.WholeRoster, listed: Sequence[Delta]) -> None:
    """The roster becomes what a host says that it is, and nothing else."""
    draft.require(draft.is_host, "only a host puts the roster right")
    draft.require(head.cap <= draft.roster.opened, "a cap is never above the first one")
    draft.cap = head.cap
    before = {**draft.departed, **draft.seats}
    uses = _put_right_seats(draft, before, listed)
    draft.index = 0
    draft.require(draft.sender in draft.seats, "who puts the roster right stays on it")
    chairs = Counter(seat.chair for seat in draft.seats.values())
    draft.require(bool(draft.hosts), "no host would be left")
    draft.require(len(chairs) <= draft.cap, "a cap is never below the chairs taken")
    draft.require(max(chairs.values()) <= KEYS_PER_CHAIR, "a chair has too many devices")
    draft.require(len(draft.seats) <= KEYS_PER_CIRCLE, "a circle has too many devices")
    draft.departed = {key: seat for key, seat in before.items() if key not in draft.seats}
    _put_right_invites(draft, uses)


def _put_right_seats(
    draft: _Draft, before: Mapping[bytes, Seat], listed: Sequence[Delta]
) -> dict[bytes, int]:
    """Seat who is listed, and nobody else; the uses of the invites that are listed. How long is
    kept may be among it.

    Keys keep their chairs. One that was never here is not put in: an Add brings it.
    """
    draft.seats, draft.hosts = {}, set()
    uses: dict[bytes, int] = {}
    for draft.index, delta in enumerate(listed, 1):
        if isinstance(delta, side_data.OpenInvite):
            uses[delta.invite_id] = delta.uses
            continue
        if isinstance(delta, side_data.Keep):
            _keep(draft, delta)
            continue
        if not isinstance(delta, side_data.TakenSeat):
            raise draft.refuse(Reason.NOT_ALLOWED, "this is no part of a whole roster")
        seat = before.get(delta.access_key)
        if seat is None:
            raise draft.refuse(Reason.NOT_ALLOWED, "the key was never here")
        draft.seats[delta.access_key] = seat
        if delta.host:
            draft.hosts.add(seat.chair)
    return uses


def _put_right_invites(draft: _Draft, uses: Mapping[bytes, int]) -> None:
    """Open those that have uses, and close all others.

    What is beyond a roster's bounds is left out, not refused: nothing that somebody has done to the
    invites keeps the seats from being put right.
    """
    opened: Counter[int] = Counter()
    for invite_id, invite in draft.invites.items():
        room = opened.total() < INVITES_PER_CIRCLE and opened[invite.chair] < INVITES_PER_CHAIR
        if invite_id in uses and room:
            opened[invite.chair] += 1
            left = min(uses[invite_id], invite.given)
            draft.invites[invite_id] = replace(invite, state=InviteState.OPEN, uses=left)
        elif invite.state is InviteState.OPEN:
            draft.invites[invite_id] = replace(invite, state=InviteState.REVOKED)


def _out_of_place(draft: _Draft, delta: Delta) -> None:
    raise draft.refuse(Reason.NOT_ALLOWED, "a whole roster is said first, or not at all")


_STEPS: dict[type[Delta], Callable[[_Draft, Any], None]] = {
    side_data.Admit: _admit,
    side_data.AddDevice: _device,
    side_data.Rekey: _rekey,
    side_data.Depart: _depart,
    side_data.Remove: _remove,
    side_data.Flag: _flag,
    side_data.Cap: _cap,
    side_data.AddInvite: _invite,
    side_data.RevokeInvite: _revoke,
    side_data.LeaveWelcome: _welcome,
    side_data.ReplaceCard: _card,
    side_data.WholeRoster: _out_of_place,
    side_data.TakenSeat: _out_of_place,
    side_data.OpenInvite: _out_of_place,
    side_data.Keep: _keep,
}
