"""A small circle to try the rules on: Ana (host, founder), Bo (two devices), Cy; Dee is outside.

Everything is made from a seed. Ana's code lets two people in, Bo's one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crypto.access.binding import (
    AccessKeyPair,
    admit_statement,
    depart_statement,
    rekey_statement,
)
from crypto.access.side_data import RETENTION_USUAL, Admit, Delta, Depart, LeaveWelcome, Rekey
from crypto.circle.arriving import key_package, with_proof
from crypto.circle.device import Identity, sign_device
from crypto.circle.genesis import Genesis
from crypto.circle.state import (
    CircleState,
    Door,
    Invite,
    MemberRecord,
)
from crypto.circle.view import Change, CircleView, Joiner, Leaf
from crypto.entry import InviteProof
from crypto.invite import InviteKeys
from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE as SUITE
from crypto.mls.key_package import KeyPackageSecrets
from crypto.mls.tree_math import LeafIndex
from crypto.primitives import Rng, sha256
from crypto.relay_address import RelayAddress
from crypto.secret import Secret

NOW = 1_760_000_000_000
EPOCH = 7
WELCOME_HASH = b"\x77" * 32


def seeded(seed: str) -> Rng:
    """Randomness that is the same on each run."""
    counter = 0

    def rng(length: int) -> bytes:
        nonlocal counter
        output = b""
        while len(output) < length:
            output += sha256(f"{seed} {counter}".encode())
            counter += 1
        return output[:length]

    return rng


@dataclass(frozen=True)
class Somebody:
    """A person's device with all three key pairs."""

    name: str
    identity: Identity
    label: str = ""

    @classmethod
    def called(cls, name: str) -> Somebody:
        return cls(name, Identity.generate(seeded(f"person {name}")))

    def another_device(self, label: str) -> Somebody:
        fresh = Identity.generate(seeded(f"device {self.name} {label}"))
        return Somebody(self.name, replace(fresh, member=self.identity.member), label)

    @property
    def key(self) -> bytes:
        return self.identity.member.public

    @property
    def access(self) -> AccessKeyPair:
        return self.identity.access

    def leaf(self) -> Leaf:
        device = self.identity.device(CIRCLE_ID, self.name, self.label)
        return Leaf(self.key, self.identity.leaf.public, device)

    def departure(self) -> Depart:
        key = self.access.public
        return Depart(key, self.access.sign(depart_statement(CIRCLE_ID, key)))

    def rekey(self, new: bytes) -> Rekey:
        old = self.access.public
        return Rekey(old, new, self.access.sign(rekey_statement(CIRCLE_ID, old, new)))


@dataclass(frozen=True)
class Code:
    """An invite with the keys that only its issuer and whoever holds the code have."""

    invite: Invite
    keys: InviteKeys

    @classmethod
    def by(cls, issuer: Somebody, uses: int, seed: str) -> Code:
        rng = seeded(f"code {seed}")
        keys = InviteKeys.of(Secret(rng(16)))
        request_secret = Secret(rng(32))
        expires_at = NOW + 86_400_000
        return cls(
            Invite(keys.id, issuer.key, keys.signing.public, request_secret, uses, 0, expires_at),
            keys,
        )

    def prove(self, leaf: Leaf, init_key: bytes) -> InviteProof:
        return InviteProof.sign(
            self.keys, CIRCLE_ID, leaf.member, leaf.signature_key, init_key, leaf.access_key
        )

    def admit(self, access_key: bytes) -> Admit:
        statement = admit_statement(CIRCLE_ID, self.invite.id, access_key)
        return Admit(self.invite.id, access_key, self.keys.signing.sign(statement))


ANA = Somebody.called("Ana")
BO = Somebody.called("Bo")
CY = Somebody.called("Cy")
DEE = Somebody.called("Dee")
EVE = Somebody.called("Eve")

GENESIS = Genesis(ANA.key, 6, NOW - 1000, bytes(range(16)))
CIRCLE_ID = GENESIS.circle_id()
RELAY = RelayAddress("relay.example", b"\x05" * 32)

LAPTOP = BO.another_device("laptop")
ANAS_CODE = Code.by(ANA, 2, "Ana's")
BOS_CODE = Code.by(BO, 1, "Bo's")

AT_ANA, AT_BO, AT_CY, AT_LAPTOP = map(LeafIndex, range(4))

STATE = CircleState(
    name="The hallway",
    topic="Small talk",
    cap=5,
    hosts=(ANA.key,),
    door=Door.CODE,
    history=20,
    retention=RETENTION_USUAL,
    disappear=0,
    presence=False,
    heard=False,
    relays=(RELAY,),
    relay_key=b"\x06" * 32,
    invites=tuple(sorted((ANAS_CODE.invite, BOS_CODE.invite), key=lambda invite: invite.id)),
    beacon_key=Secret(b"\x07" * 32),
    next_join_number=4,
    members=(
        MemberRecord(ANA.key, 0, 0, b"", b""),
        MemberRecord(BO.key, 1, 2, ANA.key, ANA.key),
        MemberRecord(CY.key, 3, 5, BO.key, ANA.key),
    ),
)

VIEW = CircleView(
    CIRCLE_ID,
    EPOCH,
    GENESIS,
    STATE,
    {AT_ANA: ANA.leaf(), AT_BO: BO.leaf(), AT_CY: CY.leaf(), AT_LAPTOP: LAPTOP.leaf()},
)


def newcomer(somebody: Somebody, code: Code | None = None) -> Joiner:
    """What somebody's key package brings in, with a code's proof where there is one."""
    leaf, init_key = somebody.leaf(), sha256(somebody.name.encode())
    return Joiner(leaf, init_key, None if code is None else code.prove(leaf, init_key))


def package(somebody: Somebody, code: Code | None = None, now: int = NOW) -> KeyPackageSecrets:
    """Somebody's real key package, with a code's proof where there is one."""
    leaf = somebody.leaf()
    secrets = key_package(
        SUITE, somebody.key, somebody.identity.leaf, leaf.device, seeded(somebody.name), now
    )
    return secrets if code is None else with_proof(SUITE, secrets, CIRCLE_ID, code.keys)


def welcome(joiner: Joiner) -> LeaveWelcome:
    return LeaveWelcome(joiner.leaf.access_key, WELCOME_HASH)


def change(
    committer: LeafIndex,
    new: CircleState = STATE,
    *,
    view: CircleView = VIEW,
    added: Sequence[Joiner] = (),
    removed: Sequence[LeafIndex] = (),
    own_leaf: Leaf | None = None,
    deltas: Sequence[Delta] = (),
) -> Change:
    """A commit as the rules see it; its path keeps the committer's leaf unless one is given."""
    leaf = view.leaves[committer] if own_leaf is None else own_leaf
    return Change(view, committer, new, tuple(added), tuple(removed), leaf, tuple(deltas))


def without(state: CircleState, *members: Somebody) -> CircleState:
    """The state after these members went: the rest follows from the rules, the beacon is new."""
    keys = {somebody.key for somebody in members}
    records = tuple(record for record in state.members if record.member not in keys)
    hosts = tuple(host for host in state.hosts if host not in keys) or (records[0].member,)
    return replace(state, members=records, hosts=hosts, invites=(), beacon_key=Secret(b"\x08" * 32))


def spent(state: CircleState, code: Code, times: int = 1) -> tuple[Invite, ...]:
    """The invites after a code was used."""
    return tuple(
        replace(invite, uses=invite.uses - times) if invite.id == code.invite.id else invite
        for invite in state.invites
        if invite.id != code.invite.id or invite.uses > times
    )


def with_newcomer(
    state: CircleState, somebody: Somebody, code: Code, by: Somebody, epoch: int = EPOCH + 1
) -> CircleState:
    """The state after somebody came in on a code, admitted by a member."""
    number = state.next_join_number
    record = MemberRecord(somebody.key, number, epoch, code.invite.issuer, by.key)
    return replace(
        state,
        invites=spent(state, code),
        members=(*state.members, record),
        next_join_number=number + 1,
    )


def entry(committer: LeafIndex, by: Somebody, somebody: Somebody, code: Code) -> Change:
    """Somebody comes in on a code, as it should be."""
    joiner = newcomer(somebody, code)
    return change(
        committer,
        with_newcomer(STATE, somebody, code, by),
        added=[joiner],
        deltas=[code.admit(joiner.leaf.access_key), welcome(joiner)],
    )


def resigned(somebody: Somebody, **changes: object) -> Leaf:
    """Somebody's leaf with other keys or names, vouched for by the member key."""
    leaf = somebody.leaf()
    fields = {
        "leaf_key": leaf.signature_key,
        "access_key": leaf.access_key,
        "name": somebody.name,
        "label": somebody.label,
    } | changes
    device = sign_device(somebody.identity.member, CIRCLE_ID, **fields)  # type: ignore[arg-type]
    return Leaf(leaf.member, str_bytes(fields["leaf_key"]), device)


def str_bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value
