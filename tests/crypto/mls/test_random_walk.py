"""Random lives of groups: after each epoch all are in step, in secrets and in what they read."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from crypto.mls.errors import KeyUsedError
from crypto.mls.extensions import Extension
from crypto.mls.group import ApplicationMessage
from crypto.mls.proposals import GroupContextExtensions, PreSharedKey, Proposal, Remove
from crypto.mls.psk import ExternalPsk, PreSharedKeyID
from crypto.mls.snapshot import (
    restore_group,
    restore_pending,
    save_epoch,
    save_pending,
    save_ratchets,
)
from crypto.mls.tree_hash import verify_tree
from crypto.secret import Secret
from tests.crypto.mls.assembly import (
    CIRCLE_EXTENSION,
    LEAF_EXTENSION,
    NOW,
    Assembly,
    refusing,
    stage,
)
from tests.crypto.mls.members import SUITE

EPOCHS = 40


def psk_secret(psk: PreSharedKeyID) -> Secret:
    """A pre-shared key that everybody has, whatever its name."""
    assert isinstance(psk.psk, ExternalPsk)
    return Secret(b"the key called " + psk.psk.psk_id)


class Walk:
    """One life of a group, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.assembly = Assembly(seed, 3)
        self.chance = random.Random(seed)
        self.epochs: list[Callable[[], None]] = [
            self.add,
            self.remove,
            self.replace,
            self.update,
            self.change_group,
            self.use_psks,
            self.lose_the_race,
        ]

    def anyone(self) -> int:
        return self.chance.choice(sorted(self.assembly.groups))

    def add(self) -> None:
        count = self.chance.randrange(1, 4)
        adding = [self.assembly.newcomer() for _ in range(count)]
        force_path = self.chance.random() < 0.5
        self.assembly.commit(self.anyone(), adding=adding, force_path=force_path)

    def remove(self) -> None:
        self.assembly.commit(*self.removal(adding=0))

    def replace(self) -> None:
        committer, proposals = self.removal(adding=1)
        self.assembly.commit(committer, proposals, adding=[self.assembly.newcomer()])

    def removal(self, adding: int) -> tuple[int, list[Proposal]]:
        committer = self.anyone()
        others = [leaf for leaf in self.assembly.groups if leaf != committer]
        count = self.chance.randrange(min(len(others) + adding, 4))
        return committer, [Remove(leaf) for leaf in self.chance.sample(others, count)]

    def update(self) -> None:
        extensions = (Extension(LEAF_EXTENSION, self.chance.randbytes(3)),)
        self.assembly.commit(self.anyone(), leaf_extensions=extensions)

    def change_group(self) -> None:
        extensions = (Extension(CIRCLE_EXTENSION, self.chance.randbytes(3)),)
        self.assembly.commit(self.anyone(), [GroupContextExtensions(extensions)])

    def use_psks(self) -> None:
        proposals = [
            PreSharedKey(PreSharedKeyID(ExternalPsk(b"%d" % n), self.chance.randbytes(32)))
            for n in range(self.chance.randrange(1, 3))
        ]
        adding = [self.assembly.newcomer()]
        self.assembly.commit(self.anyone(), proposals, adding=adding, psks=psk_secret)

    def lose_the_race(self) -> None:
        """Two commit at once: the first that is ordered stands, the other's is dropped."""
        loser = self.assembly[self.anyone()]
        loser.commit([], self.assembly.rng, now=NOW)
        self.assembly.commit(self.anyone())

    def restart(self) -> None:
        """Somebody's state goes through the disk, with a Commit that was pending."""
        leaf = self.chance.choice(sorted(self.assembly.groups))
        group = self.assembly[leaf]
        pending = group.commit([], self.assembly.rng, now=NOW)
        stored = save_epoch(group), save_ratchets(group), save_pending(pending)
        restored = restore_group(SUITE, *stored[:2])
        restored_pending = restore_pending(SUITE, stored[2])
        self.assembly.groups[leaf] = restored
        for other in self.assembly.others(leaf):
            other.merge(stage(other, restored_pending.message))
        restored.merge(restored_pending)

    def chatter(self) -> None:
        """Messages arrive late, out of order and twice."""
        reader = self.anyone()
        said: list[tuple[int, bytes, bytes]] = []
        for _ in range(6):
            speaker = self.anyone()
            if speaker != reader:
                data = self.chance.randbytes(8)
                said.append(
                    (speaker, data, self.assembly[speaker].encrypt(data, self.assembly.rng))
                )
        self.chance.shuffle(said)
        for speaker, data, message in said:
            heard = self.assembly[reader].process(message)
            assert isinstance(heard, ApplicationMessage)
            assert (heard.sender, heard.data) == (speaker, data)
            with refusing(self.assembly[reader], "ratchet.key_used", KeyUsedError):
                self.assembly[reader].process(message)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_life(seed: int) -> None:
    walk = Walk(seed)
    start = walk.assembly[0].epoch
    for _ in range(EPOCHS):
        walk.chance.choice(walk.epochs)()
        walk.chatter()
        verify_tree(SUITE, next(iter(walk.assembly.groups.values())).tree)
    walk.restart()
    walk.assembly.check_in_step()
    walk.assembly.talk()
    assert next(iter(walk.assembly.groups.values())).epoch == start + EPOCHS + 1
