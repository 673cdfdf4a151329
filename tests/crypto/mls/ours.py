"""Our side at a table where another implementation plays some of a group's members."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from crypto.mls.cipher_suite import CipherSuite, SignatureKeyPair
from crypto.mls.credential import BasicCredential
from crypto.mls.framing import MlsMessage
from crypto.mls.group import ApplicationMessage, Group, StagedCommit
from crypto.mls.key_package import KeyPackage, KeyPackageSecrets
from crypto.mls.leaf_node import Lifetime
from tests.crypto.mls.members import CAPABILITIES, seeded

RNG = seeded("our side of the interop")


def now() -> int:
    """The time that it is, in seconds: partners read the clock themselves."""
    return int(time.time())


@dataclass
class Ours:
    """A member that this code plays."""

    group: Group

    @property
    def leaf(self) -> int:
        return self.group.own_leaf

    def say(self, data: bytes) -> bytes:
        return self.group.encrypt(data, RNG)

    def hear(self, message: bytes) -> tuple[int, bytes]:
        heard = self.group.process(message)
        assert isinstance(heard, ApplicationMessage)
        return heard.sender, heard.data

    def follow(self, commit: bytes) -> None:
        staged = self.group.process(commit, allow_public=True)
        assert isinstance(staged, StagedCommit)
        self.group.merge(staged)


def our_key_package(suite: CipherSuite) -> KeyPackageSecrets:
    """Somebody of ours who is in no group yet."""
    return KeyPackageSecrets.generate(
        suite,
        SignatureKeyPair.generate(RNG),
        BasicCredential(RNG(32)),
        replace(CAPABILITIES, cipher_suites=(suite.code,)),
        Lifetime(now() - 3600, now() + 90 * 86400),
        RNG,
    )


def encoded(member: KeyPackageSecrets) -> bytes:
    """As partners take it: an MLSMessage."""
    return MlsMessage(member.key_package).encode()


def decoded(key_package: bytes) -> KeyPackage:
    """Out of an MLSMessage."""
    body = MlsMessage.decode(key_package).body
    assert isinstance(body, KeyPackage)
    return body
