"""Live with another implementation: mls-rs, through the wheel `rine-mls` (suite 0x0001).

Its Commits come as PublicMessage, its application messages with a tag before them. It has no
exporter: that we are in the same epoch is shown by messages both ways.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crypto.mls.framing import MlsMessage, PrivateMessage, PublicMessage
from crypto.mls.group import Group
from crypto.mls.proposals import Add, Proposal, Remove
from crypto.mls.tree_math import LeafIndex
from tests.crypto.mls.aes_suite import AES128GCM_SUITE
from tests.crypto.mls.ours import RNG, Ours, decoded, encoded, now, our_key_package

rine = pytest.importorskip("rine_mls", reason="needs the wheel rine-mls (Linux and macOS only)")


@dataclass
class Theirs:
    """A member that mls-rs plays."""

    group: Any

    @property
    def leaf(self) -> int:
        return int(self.group.current_member_index())

    def say(self, data: bytes) -> bytes:
        message: bytes = self.group.encrypt_application_message(data)
        assert message[0] == rine.APP_MESSAGE_TAG
        return message[1:]

    def hear(self, message: bytes) -> tuple[int, bytes]:
        heard = self.group.decrypt_application_message(bytes((rine.APP_MESSAGE_TAG,)) + message)
        return int(heard.sender_index), bytes(heard.envelope)

    def follow(self, commit: bytes) -> None:
        self.group.apply_commit(commit)


Member = Ours | Theirs


@dataclass
class Table:
    """One group whose members are played by both implementations."""

    folder: Path
    members: list[Member]

    @classmethod
    def theirs(cls, folder: Path) -> Table:
        """They create the group, and add one of us."""
        table = cls(folder, [])
        member = our_key_package(AES128GCM_SUITE)
        created = table.client().create_group_with_members(RNG(16), [encoded(member)])
        (welcome,) = created.last_commit().welcomes
        joined = Group.join(AES128GCM_SUITE, welcome, member, now=now())
        table.members += [Theirs(created), Ours(joined)]
        return table

    @classmethod
    def ours(cls, folder: Path) -> Table:
        """We create the group, and add one of them."""
        table = cls(
            folder,
            [Ours(Group.create(AES128GCM_SUITE, RNG(16), our_key_package(AES128GCM_SUITE), RNG))],
        )
        table.our_commit(table.members[0], bring=["theirs"])
        return table

    def client(self) -> Any:
        seed = RNG(32)
        return rine.MlsClient(str(self.folder / seed.hex()), seed, rine.CIPHER_SUITE_CLASSICAL)

    def our_commit(
        self,
        member: Member,
        proposals: tuple[Proposal, ...] = (),
        bring: tuple[str, ...] | list[str] = (),
        *,
        in_clear: bool = False,
    ) -> None:
        """One of ours commits; `bring` says of each newcomer who plays it."""
        assert isinstance(member, Ours)
        clients = {place: self.client() for place, who in enumerate(bring) if who == "theirs"}
        packages = {
            place: our_key_package(AES128GCM_SUITE)
            for place, who in enumerate(bring)
            if who == "ours"
        }
        adds = [
            Add(
                decoded(clients[place].generate_key_package())
                if place in clients
                else packages[place].key_package
            )
            for place in range(len(bring))
        ]
        pending = member.group.commit([*proposals, *adds], RNG, now=now(), in_clear=in_clear)
        self.others_follow(member, pending.message)
        member.group.merge(pending)
        for client in clients.values():
            self.members.append(Theirs(client.join_from_welcome(pending.welcome)))
        for package in packages.values():
            assert pending.welcome is not None
            joined = Group.join(AES128GCM_SUITE, pending.welcome, package, now=now())
            self.members.append(Ours(joined))

    def their_add(self, member: Member, who: str) -> None:
        assert isinstance(member, Theirs)
        if who == "ours":
            package = our_key_package(AES128GCM_SUITE)
            bundle = member.group.add_member(encoded(package))
            self.others_follow(member, bundle.commit)
            joined = Group.join(AES128GCM_SUITE, bundle.welcomes[0], package, now=now())
            self.members.append(Ours(joined))
        else:
            client = self.client()
            bundle = member.group.add_member(client.generate_key_package())
            self.others_follow(member, bundle.commit)
            self.members.append(Theirs(client.join_from_welcome(bundle.welcomes[0])))

    def remove(self, member: Member, gone: Member) -> None:
        leaf = gone.leaf
        if isinstance(member, Ours):
            self.our_commit(member, (Remove(LeafIndex(leaf)),))
        else:
            bundle = member.group.remove_member(leaf)
            self.others_follow(member, bundle.commit)
        active = gone.group.is_active if isinstance(gone, Ours) else gone.group.is_active()
        assert not active
        self.members = [one for one in self.members if one is not gone]

    def others_follow(self, member: Member, commit: bytes) -> None:
        for other in self.members:
            if other is not member:
                other.follow(commit)

    def check(self) -> None:
        """Everybody says something and is understood by everybody else."""
        for speaker in self.members:
            data = b'{"said by": %d}' % speaker.leaf
            message = speaker.say(data)
            for other in self.members:
                if other is not speaker:
                    assert other.hear(message) == (speaker.leaf, data)


@pytest.fixture(params=["theirs", "ours"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Table]:
    yield Table.theirs(tmp_path) if request.param == "theirs" else Table.ours(tmp_path)


def first(table: Table, kind: type[Member]) -> Member:
    return next(member for member in table.members if isinstance(member, kind))


def test_either_side_creates_and_the_other_joins(table: Table) -> None:
    table.check()


def test_either_side_adds_members_of_either_side(table: Table) -> None:
    for who in ("ours", "theirs"):
        table.their_add(first(table, Theirs), who)
        table.check()
        table.our_commit(first(table, Ours), bring=[who])
        table.check()
    table.our_commit(first(table, Ours), bring=["ours", "theirs", "ours"])
    table.check()


def test_either_side_removes_members_of_either_side(table: Table) -> None:
    table.our_commit(first(table, Ours), bring=["ours", "theirs", "ours", "theirs"])
    for kind in (Ours, Theirs):
        for gone in (Ours, Theirs):
            remover = first(table, kind)
            other = next(
                one
                for one in reversed(table.members)
                if isinstance(one, gone) and one is not remover
            )
            table.remove(remover, other)
            table.check()


@pytest.mark.parametrize("in_clear", [False, True])
def test_our_updates_and_empty_commits_are_followed(table: Table, in_clear: bool) -> None:
    for _ in range(3):
        table.our_commit(first(table, Ours), in_clear=in_clear)
        table.check()


def test_their_frames_are_what_they_are_taken_for(table: Table) -> None:
    theirs = first(table, Theirs)
    assert isinstance(theirs, Theirs)
    assert isinstance(MlsMessage.decode(theirs.say(b"{}")).body, PrivateMessage)
    bundle = theirs.group.add_member(encoded(our_key_package(AES128GCM_SUITE)))
    assert isinstance(MlsMessage.decode(bundle.commit).body, PublicMessage)
    assert MlsMessage.decode(bundle.commit).encode() == bundle.commit


@pytest.mark.parametrize("speaker", [Ours, Theirs])
def test_messages_are_read_in_any_order(table: Table, speaker: type[Member]) -> None:
    one = first(table, speaker)
    other = first(table, Theirs if speaker is Ours else Ours)
    said = [(b'{"n": %d}' % n, one.say(b'{"n": %d}' % n)) for n in range(40)]
    random.Random("any order").shuffle(said)
    for data, message in said:
        assert other.hear(message) == (one.leaf, data)


@pytest.mark.slow
def test_a_hundred_random_epochs(tmp_path: Path) -> None:
    chance = random.Random("a hundred epochs")
    table = Table.ours(tmp_path)
    table.their_add(first(table, Theirs), "ours")
    for _ in range(100):
        random_epoch(table, chance)
        table.check()
    last = first(table, Ours)
    assert isinstance(last, Ours)
    assert last.group.epoch >= 100


def random_epoch(table: Table, chance: random.Random) -> None:
    """Somebody adds, removes or, where that can't be, updates; both sides stay at the table."""
    member, gone = chance.sample(table.members, 2)
    action = chance.choice(["add", "remove", "update", "update in clear"])
    sides = {type(one) for one in table.members if one is not gone}
    if action == "remove" and len(sides) == 2:
        table.remove(member, gone)
    elif action == "add" and len(table.members) < 8:
        who = chance.choice(["ours", "theirs"])
        if isinstance(member, Ours):
            table.our_commit(member, bring=[who])
        else:
            table.their_add(member, who)
    else:
        ours = chance.choice([one for one in table.members if isinstance(one, Ours)])
        table.our_commit(ours, in_clear=action == "update in clear")
