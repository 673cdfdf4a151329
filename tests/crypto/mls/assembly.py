"""Several members of one group, each with a state of its own, kept in step by the tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from crypto.mls.cipher_suite import CipherSuite, SignatureKeyPair
from crypto.mls.credential import BasicCredential
from crypto.mls.errors import InvalidError, PeerError
from crypto.mls.extensions import Extension
from crypto.mls.group import ApplicationMessage, Group, PendingCommit, StagedCommit
from crypto.mls.key_package import KeyPackageSecrets
from crypto.mls.leaf_node import Capabilities
from crypto.mls.proposals import Add, Proposal, Remove
from crypto.mls.snapshot import save_epoch, save_key_package, save_ratchets
from crypto.mls.tree_math import LeafIndex
from crypto.secret import Secret
from tests.crypto.mls.members import CAPABILITIES, GROUP_ID, LIFETIME, SUITE, seeded

NOW = LIFETIME.not_before + 1
CIRCLE_EXTENSION = 0xF0A2
LEAF_EXTENSION = 0xF0A3


class Assembly:
    """A group's members by leaf. Every one can do the suite's extensions and basic credentials."""

    def __init__(
        self,
        seed: int | str,
        size: int = 1,
        *,
        suite: CipherSuite = SUITE,
        extensions: tuple[Extension, ...] = (),
    ) -> None:
        self.suite = suite
        self.rng = seeded(seed)
        self.capabilities: Capabilities = replace(
            CAPABILITIES,
            cipher_suites=(suite.code,),
            extensions=(CIRCLE_EXTENSION, LEAF_EXTENSION),
        )
        founder = self.newcomer()
        group = Group.create(suite, GROUP_ID, founder, self.rng, extensions=extensions)
        self.groups: dict[LeafIndex, Group] = {LeafIndex(0): group}
        self.secrets: dict[LeafIndex, KeyPackageSecrets] = {LeafIndex(0): founder}
        for _ in range(size - 1):
            self.commit(max(self.groups), adding=[self.newcomer()], force_path=True)

    def newcomer(self, **changes: Any) -> KeyPackageSecrets:
        """A client that is in no group; `changes` to what `KeyPackageSecrets.generate` is given."""
        arguments: dict[str, Any] = {
            "signature_key_pair": SignatureKeyPair.generate(self.rng),
            "credential": BasicCredential(self.rng(4).hex().encode()),
            "capabilities": self.capabilities,
            "lifetime": LIFETIME,
            "rng": self.rng,
        }
        return KeyPackageSecrets.generate(self.suite, **(arguments | changes))

    def __getitem__(self, leaf: int) -> Group:
        return self.groups[LeafIndex(leaf)]

    def others(self, leaf: int) -> list[Group]:
        """All groups but that of one member."""
        return [group for at, group in self.groups.items() if at != leaf]

    def commit(
        self,
        committer: int,
        proposals: Sequence[Proposal] = (),
        *,
        adding: Sequence[KeyPackageSecrets] = (),
        **options: Any,
    ) -> PendingCommit:
        """A Commit that everybody follows, with the newcomers brought in and those gone let go."""
        group = self[committer]
        adds = [Add(member.key_package) for member in adding]
        options = {"now": NOW} | options
        pending = group.commit([*proposals, *adds], self.rng, **options)
        staged = [
            stage(other, pending.message, psks=options.get("psks"))
            for other in self.others(committer)
        ]
        for other, step in zip(self.others(committer), staged, strict=True):
            other.merge(step)
        group.merge(pending)
        for proposal in proposals:
            if isinstance(proposal, Remove):
                assert not self.groups.pop(proposal.removed).is_active
        for member in adding:
            assert pending.welcome is not None
            joined = Group.join(self.suite, pending.welcome, member, now=NOW, **psks_of(options))
            self.groups[joined.own_leaf] = joined
            self.secrets[joined.own_leaf] = member
        self.check_in_step()
        return pending

    def check_in_step(self) -> None:
        """That all are in one epoch: context, tree and secrets."""
        first = next(iter(self.groups.values()))
        for group in self.groups.values():
            assert group.context == first.context
            assert group.tree == first.tree
            assert group.epoch_authenticator == first.epoch_authenticator
            assert group.export("a label", b"its context", 48) == first.export(
                "a label", b"its context", 48
            )
        assert {leaf for leaf, _ in first.members()} == set(self.groups)

    def talk(self) -> None:
        """Everybody says something, everybody else reads it."""
        for leaf, group in self.groups.items():
            data = b"from %d" % leaf
            message = group.encrypt(data, self.rng)
            for other in self.others(leaf):
                assert read(other, message) == (leaf, data)

    def refuse(
        self,
        forger: int,
        message: bytes,
        rule: str,
        kind: type[PeerError] = InvalidError,
        **options: Any,
    ) -> None:
        """All but the forger refuse it for that rule, and nobody's state has changed."""
        for group in self.others(forger):
            with refusing(group, rule, kind):
                group.process(message, **options)

    def snapshots(self) -> list[tuple[Secret, ...]]:
        """The stored state of every member, to compare with later."""
        return [snapshot(group) for group in self.groups.values()]


def snapshot(state: Group | KeyPackageSecrets) -> tuple[Secret, ...]:
    """The stored state of a member, or of somebody at the door, in all its bytes."""
    if isinstance(state, KeyPackageSecrets):
        return (save_key_package(state),)
    return (save_epoch(state), save_ratchets(state))


@contextmanager
def refusing(
    state: Group | KeyPackageSecrets, rule: str, kind: type[PeerError] = InvalidError
) -> Iterator[None]:
    """What happens within is refused for that rule, and the state is byte for byte what it was.

    Every refusal of a message goes through here: a test in `test_rules` sees to it.
    """
    before = snapshot(state)
    with pytest.raises(kind) as caught:
        yield
    assert (type(caught.value), caught.value.rule) == (kind, rule)
    assert snapshot(state) == before


def psks_of(options: dict[str, Any]) -> dict[str, Any]:
    """The argument `psks` where there is one."""
    return {"psks": options["psks"]} if options.get("psks") else {}


def stage(group: Group, message: bytes, **options: Any) -> StagedCommit:
    """A message that must be a Commit."""
    given = {name: value for name, value in options.items() if value is not None}
    staged = group.process(message, allow_public=True, **given)
    assert isinstance(staged, StagedCommit)
    return staged


def read(group: Group, message: bytes) -> tuple[LeafIndex, bytes]:
    """Sender and text of a message that must be an application message."""
    result = group.process(message)
    assert isinstance(result, ApplicationMessage)
    return result.sender, result.data
