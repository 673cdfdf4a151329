"""People with real groups: every commit goes to everybody's device, and to a relay's roster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crypto.access.binding import depart_statement, rekey_statement
from crypto.access.roster import Applied, InviteState, Roster, apply
from crypto.access.side_data import decode
from crypto.circle.arriving import key_package, with_proof
from crypto.circle.device import Device, Identity, sign_device
from crypto.circle.drafts import Departure, Draft
from crypto.circle.founding import Founding, found
from crypto.circle.happened import Outcome
from crypto.circle.policy import CircleRules
from crypto.circle.standing import check_standing
from crypto.circle.state import Invite
from crypto.circle.view import CircleView
from crypto.entry import EntryRequest
from crypto.invite import InviteKeys
from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE as SUITE
from crypto.mls.group import ApplicationMessage, Group, PendingCommit, StagedCommit
from crypto.mls.key_package import KeyPackageSecrets
from crypto.mls.snapshot import save_epoch, save_ratchets
from crypto.mls.tree_math import LeafIndex
from crypto.relay_address import RelayAddress
from crypto.secret import Secret
from tests.crypto.circle.scene import NOW, seeded

RELAY = RelayAddress("relay.example")
CARD = b"\x0f" * 32


class Phone:
    """One device: its keys, and its group once it is in."""

    def __init__(self, name: str, label: str = "", identity: Identity | None = None) -> None:
        self.name, self.label = name, label
        self.rng = seeded(f"phone {name} {label}")
        self.identity = Identity.generate(self.rng) if identity is None else identity
        self.group: Group | None = None
        self.package: KeyPackageSecrets | None = None

    def another(self, label: str) -> Phone:
        """A further device of the same person; the member key signs for it."""
        fresh = Identity.generate(seeded(f"identity {self.name} {label}"))
        return Phone(self.name, label, replace(fresh, member=self.identity.member))

    @property
    def key(self) -> bytes:
        return self.identity.member.public

    @property
    def in_group(self) -> Group:
        assert self.group is not None
        return self.group

    @property
    def view(self) -> CircleView:
        return CircleView.of(self.in_group.context, self.in_group.tree)

    @property
    def leaf(self) -> LeafIndex:
        return self.in_group.own_leaf

    def state(self) -> bytes:
        """All that the device remembers of its group."""
        return save_epoch(self.in_group).reveal() + save_ratchets(self.in_group).reveal()

    def device(self, circle_id: bytes) -> Device:
        return self.identity.device(circle_id, self.name, self.label)

    def pack(self, circle_id: bytes, keys: InviteKeys | None = None) -> KeyPackageSecrets:
        """Its key package, with a code's proof where it comes on one."""
        device = self.device(circle_id)
        secrets = key_package(SUITE, self.key, self.identity.leaf, device, self.rng, NOW)
        if keys is not None:
            secrets = with_proof(SUITE, secrets, circle_id, keys)
        self.package = secrets
        return secrets

    def request(self, circle_id: bytes, keys: InviteKeys) -> EntryRequest:
        package = self.pack(circle_id, keys).key_package
        access_key = self.identity.access.public
        return EntryRequest.make(keys, circle_id, package, access_key, "Let me in", NOW)

    def departure(self, circle_id: bytes) -> Departure:
        access = self.identity.access
        return Departure(access.public, access.sign(depart_statement(circle_id, access.public)))

    def rekey_signature(self, circle_id: bytes, new: bytes) -> bytes:
        access = self.identity.access
        return access.sign(rekey_statement(circle_id, access.public, new))

    def change_access_key(self, circle_id: bytes) -> tuple[Identity, Device, bytes]:
        """The identity with a new access key, its device, and the old key's signature."""
        fresh = Identity.generate(self.rng)
        identity = replace(self.identity, access=fresh.access)
        device = sign_device(
            self.identity.member,
            circle_id,
            self.identity.leaf.public,
            fresh.access.public,
            self.name,
            self.label,
        )
        return identity, device, self.rekey_signature(circle_id, fresh.access.public)


class Circle:
    """A circle of devices that all read one log, which a relay's roster reads too."""

    def __init__(self, founder: Phone, cap: int = 5) -> None:
        self.rng = seeded("circle")
        self.n = 0
        self.founding: Founding = found(
            SUITE,
            founder.identity,
            person=founder.name,
            circle="The hallway",
            relay=RELAY,
            relay_key=b"\x06" * 32,
            rng=self.rng,
            now=NOW,
            cap=cap,
        )
        self.id = self.founding.circle_id
        founder.group = Group.create(
            SUITE, self.id, self.founding.member, self.rng, extensions=self.founding.extensions
        )
        self.phones = [founder]
        self.roster = Roster.found(self.id, founder.identity.access.public, cap, NOW)

    def make(self, author: Phone, draft: Draft) -> PendingCommit:
        """The MLS commit of a draft, held to the rules by its own author too."""
        rules = CircleRules(draft.side_data(b""))
        pending = author.in_group.commit(
            draft.proposals,
            self.rng,
            now=NOW // 1000,
            authenticated_data=draft.authenticated_data(),
            leaf_extensions=draft.leaf_extensions,
            policy=rules,
        )
        assert rules.outcome == draft.outcome
        return pending

    def commit(self, author: Phone, draft: Draft, arriving: Sequence[Phone] = ()) -> Outcome:
        """A draft is made, ordered and followed by everybody, and who arrives comes in."""
        access_key = author.view.leaves[author.leaf].access_key
        pending = self.make(author, draft)
        side_data = draft.side_data(pending.welcome)
        self.n += 1
        applied: Applied = apply(self.roster, access_key, decode(side_data), self.n, NOW)
        self.roster = applied.roster
        for phone in [phone for phone in self.phones if phone is not author]:
            rules = CircleRules(side_data)
            staged = phone.in_group.process(pending.message, policy=rules)
            assert isinstance(staged, StagedCommit)
            assert rules.outcome == draft.outcome
            phone.in_group.merge(staged)
            if staged.removes_us:
                assert not phone.in_group.is_active
                self.phones.remove(phone)
        author.in_group.merge(pending)
        for phone in arriving:
            assert pending.welcome is not None
            assert phone.package is not None
            phone.group = Group.join(SUITE, pending.welcome, phone.package, now=NOW // 1000)
            self.phones.append(phone)
        self.agree()
        return draft.outcome

    def agree(self) -> None:
        """Everybody is in the same epoch of a circle that stands, and the relay counts the same."""
        first = self.phones[0]
        view = check_standing(first.in_group.context, first.in_group.tree)
        for phone in self.phones:
            assert phone.view == view
            assert phone.in_group.epoch_authenticator == first.in_group.epoch_authenticator
        state, roster = view.state, self.roster
        assert roster.seats.keys() == {leaf.access_key for leaf in view.leaves.values()}
        chairs: dict[bytes, int] = {}
        for leaf in view.leaves.values():
            chair = roster.seats[leaf.access_key].chair
            assert chairs.setdefault(leaf.member, chair) == chair
        assert len(set(chairs.values())) == len(chairs) == len(state.members)
        assert roster.hosts == {chairs[host] for host in state.hosts}
        assert roster.cap == state.cap
        opened = [i for i in roster.invites.values() if i.state is InviteState.OPEN]
        assert {(i.invite_id, i.uses, i.chair) for i in opened} == {
            (i.id, i.uses, chairs[i.issuer]) for i in state.invites
        }

    def code(self, issuer: Phone, uses: int = 1) -> tuple[Invite, InviteKeys]:
        """A new code of somebody's, not yet in the circle."""
        keys = InviteKeys.of(Secret(self.rng(16)))
        invite = Invite(
            keys.id,
            issuer.key,
            keys.signing.public,
            Secret(self.rng(32)),
            uses,
            0,
            NOW + 86_400_000,
        )
        return invite, keys

    def all_hear(self, speaker: Phone, text: bytes) -> None:
        """What one says, all others read."""
        message = speaker.in_group.encrypt(text, self.rng)
        for phone in self.phones:
            if phone is not speaker:
                heard = phone.in_group.process(message)
                assert isinstance(heard, ApplicationMessage)
                assert heard.data == text
