"""Live with another implementation: ts-mls, on the suite that Hallway uses (0x0003).

After each epoch everybody says something, and exporters and epoch authenticators are compared.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE as SUITE
from crypto.mls.group import Group
from crypto.mls.key_package import KeyPackageSecrets
from crypto.mls.proposals import Add, Remove
from crypto.mls.ratchet_tree import ParentNode
from crypto.mls.tree_math import LeafIndex, full_leaf_count
from tests.crypto.mls.ours import RNG, Ours, decoded, encoded, now, our_key_package
from tests.crypto.mls.ts_partner.client import Bridge, BridgeError, Theirs, bridge

OURS, THEIRS = "ours", "theirs"
Member = Ours | Theirs
MOST = 8
"""Members at a table, so that a walk of many epochs stays quick."""
KEPT = 8
"""How far out of order the partner reads: it keeps the keys of ten generations."""


pytestmark = pytest.mark.slow  # the partner is a process


@pytest.fixture(scope="module")
def partner() -> Iterator[Bridge]:
    with bridge() as found:
        yield found


@dataclass
class Arriving:
    """Somebody who is in no group yet: ours with secrets, theirs under a name of the partner's."""

    key_package: bytes
    secrets: KeyPackageSecrets | None = None
    who: str = ""


@dataclass
class Table:
    """One group whose members are played by both implementations."""

    partner: Bridge
    members: list[Member] = field(default_factory=list)
    kept_out: int = 0

    @classmethod
    def opened(cls, partner: Bridge, by: str) -> Table:
        """One side creates the group and adds one of the other."""
        table = cls(partner)
        group_id = RNG(16)
        if by == OURS:
            table.members.append(Ours(Group.create(SUITE, group_id, our_key_package(SUITE), RNG)))
        else:
            founder = table.arriving(THEIRS)
            standing = partner.ask("create", who=founder.who, group=group_id.hex())
            table.members.append(Theirs(partner, founder.who, standing["leaf"]))
        table.commit(table.members[0], bring=[THEIRS if by == OURS else OURS])
        return table

    def arriving(self, side: str) -> Arriving:
        if side == OURS:
            secrets = our_key_package(SUITE)
            return Arriving(encoded(secrets), secrets)
        who = self.partner.somebody()
        lifetime = {"from": now() - 3600, "until": now() + 86_400}
        made = self.partner.ask("package", who=who, name=RNG(32).hex(), **lifetime)
        return Arriving(bytes.fromhex(made["package"]), None, who)

    def join(self, one: Arriving, welcome: bytes) -> Member:
        if one.secrets is not None:
            return Ours(Group.join(SUITE, welcome, one.secrets, now=now()))
        standing = self.partner.ask("join", who=one.who, welcome=welcome.hex())
        return Theirs(self.partner, one.who, standing["leaf"])

    def commit(
        self,
        member: Member,
        bring: list[str] | None = None,
        without: Member | None = None,
        *,
        in_clear: bool = False,
    ) -> None:
        """A commit that everybody follows; with nothing to bring or leave it renews the leaf."""
        arriving = [self.arriving(side) for side in bring or []]
        leaves = [] if without is None else [without.leaf]
        if isinstance(member, Ours):
            adds = [Add(decoded(one.key_package)) for one in arriving]
            removes = [Remove(LeafIndex(leaf)) for leaf in leaves]
            pending = member.group.commit([*removes, *adds], RNG, now=now(), in_clear=in_clear)
            commit, welcome = pending.message, pending.welcome
            self._follow(member, commit, without)
            member.group.merge(pending)
        else:
            packages = [one.key_package for one in arriving]
            commit, welcome = member.commit(packages, leaves, in_clear=in_clear)
            self._follow(member, commit, without)
        self.members = [one for one in self.members if one is not without]
        for one in arriving:
            assert welcome is not None
            try:
                self.members.append(self.join(one, welcome))
            except BridgeError as error:
                self._keep_out(one, error)

    def _keep_out(self, one: Arriving, error: BridgeError) -> None:
        """Who joins by ts-mls 1.6 wants the same unmerged leaves at all parents above one of them.

        RFC 9420 section 12.4.3.1 wants each below to list it as well, no more. Where a tree is
        right and the partner does not take it, its newcomer is removed again.
        """
        ours = first(self, OURS)
        assert isinstance(ours, Ours)
        tree = ours.group.tree
        lists = [node.unmerged_leaves for _, node in tree.nodes() if isinstance(node, ParentNode)]
        assert "must list leaf node in its unmerged_leaves" in str(error), error
        assert len({unmerged for unmerged in lists if unmerged}) > 1 or () in lists
        self.kept_out += 1
        key_package = decoded(one.key_package)
        (leaf,) = (index for index, node in tree.members() if node == key_package.leaf_node)
        self.commit(ours, without=Theirs(self.partner, one.who, leaf))

    def _follow(self, by: Member, commit: bytes, without: Member | None) -> None:
        for other in self.members:
            if other is by:
                continue
            if isinstance(other, Ours):
                other.follow(commit)
                active = other.group.is_active
            else:
                active = other.follow(commit)
            assert active is (other is not without)

    def check(self) -> None:
        """All have the same secrets, and understand what anybody says."""
        context = RNG(8)
        ours = [one.group for one in self.members if isinstance(one, Ours)]
        exported = {group.export("interop", context, 40).reveal() for group in ours}
        authenticators = {group.epoch_authenticator.reveal() for group in ours}
        for one in self.members:
            if isinstance(one, Theirs):
                exported.add(one.export("interop", context, 40))
                authenticators.add(one.authenticator)
        assert len(exported) == len(authenticators) == 1
        for speaker in self.members:
            data = b"said by %d" % speaker.leaf
            message = speaker.say(data)
            for other in self.members:
                if other is speaker:
                    continue
                heard = other.hear(message)
                assert heard == ((speaker.leaf, data) if isinstance(other, Ours) else data)


def first(table: Table, side: str) -> Member:
    kind = Ours if side == OURS else Theirs
    return next(member for member in table.members if isinstance(member, kind))


@pytest.fixture(params=[OURS, THEIRS])
def table(request: pytest.FixtureRequest, partner: Bridge) -> Table:
    return Table.opened(partner, request.param)


def test_either_side_creates_and_the_other_joins(table: Table) -> None:
    table.check()


def test_either_side_adds_members_of_either_side(table: Table) -> None:
    for side in (OURS, THEIRS):
        for who in (OURS, THEIRS):
            table.commit(first(table, side), bring=[who])
            table.check()
    table.commit(first(table, OURS), bring=[OURS, THEIRS])
    table.check()


def test_either_side_removes_members_of_either_side(table: Table) -> None:
    table.commit(first(table, OURS), bring=[OURS, THEIRS, OURS, THEIRS])
    for side in (OURS, THEIRS):
        for gone in (Ours, Theirs):
            remover = first(table, side)
            others = [one for one in table.members if isinstance(one, gone) and one is not remover]
            table.commit(remover, without=others[-1])
            table.check()


@pytest.mark.parametrize("in_clear", [False, True])
@pytest.mark.parametrize("side", [OURS, THEIRS])
def test_either_side_renews_its_keys(table: Table, side: str, in_clear: bool) -> None:
    for _ in range(3):
        table.commit(first(table, side), in_clear=in_clear)
        table.check()


@pytest.mark.parametrize("side", [OURS, THEIRS])
def test_messages_are_read_in_any_order(table: Table, side: str) -> None:
    speaker = first(table, side)
    other = first(table, THEIRS if side == OURS else OURS)
    chance = random.Random("any order")
    for _ in range(5):
        said = [(b"%d" % n, speaker.say(b"%d" % n)) for n in range(KEPT)]
        chance.shuffle(said)
        for data, message in said:
            heard = other.hear(message)
            assert heard == ((speaker.leaf, data) if isinstance(other, Ours) else data)


EPOCHS = 200


def both_halves(table: Table, gone: Member) -> bool:
    """Whether somebody is left in both halves of the tree.

    Where the root is on nobody's path, ts-mls 1.6 derives the commit secret once too often: not
    from the last path secret (RFC 9420 section 7.4) but from one that the root would have had.
    """
    leaves = [one.leaf for one in table.members if one is not gone]
    return min(leaves) < full_leaf_count(max(leaves) + 1) // 2


@pytest.mark.parametrize("seed", [1, 2])
def test_two_hundred_random_epochs(partner: Bridge, seed: int) -> None:
    chance = random.Random(seed)
    table = Table.opened(partner, OURS if seed % 2 else THEIRS)
    done = dict.fromkeys(("add", "remove", "renew"), 0)
    for _ in range(EPOCHS):
        member, other = chance.sample(table.members, 2)
        sides = {type(one) for one in table.members if one is not other}
        action = chance.choice(list(done))
        in_clear = chance.random() < 0.3
        if action == "add" and len(table.members) < MOST:
            table.commit(member, bring=[chance.choice([OURS, THEIRS])], in_clear=in_clear)
        elif action == "remove" and len(sides) == 2 and both_halves(table, other):
            table.commit(member, without=other, in_clear=in_clear)
        else:
            action = "renew"
            table.commit(member, in_clear=in_clear)
        done[action] += 1
        table.check()
    assert min(done.values()) > EPOCHS // 10
    assert table.kept_out < done["add"] // 4
