"""Adds that a member forged: key packages that break one rule, and groups that they do not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from crypto.mls.credential import X509Credential
from crypto.mls.extensions import Extension, RequiredCapabilities
from crypto.mls.key_package import KeyPackage
from crypto.mls.leaf_node import CommitSource, LeafNode, UpdateSource
from crypto.mls.proposals import Add, GroupContextExtensions, Proposal, Remove
from crypto.mls.tree_math import LeafIndex, NodeIndex
from tests.crypto.mls.assembly import CIRCLE_EXTENSION, LEAF_EXTENSION, Assembly, stage
from tests.crypto.mls.forge import capable, forge_commit, forge_key_package, malleable
from tests.crypto.mls.members import SMALL_ORDER_POINTS

FORGER = 1


@pytest.fixture
def assembly() -> Assembly:
    return Assembly("forged adds", 5)


def refuse(assembly: Assembly, message: bytes, rule: str) -> None:
    assembly.refuse(FORGER, message, rule)


def forged(assembly: Assembly, proposals: list[Proposal]) -> bytes:
    return forge_commit(assembly[FORGER], proposals, assembly.rng)


# Key packages (section 10.1) and leaf nodes (section 7.3)

LeafChange = Callable[[LeafNode], LeafNode]
PackageChange = Callable[[KeyPackage], KeyPackage]


BAD_LEAVES: list[tuple[str, LeafChange]] = [
    ("leaf.suite", capable(cipher_suites=(1, 0x0A0A))),
    ("leaf.suite", capable(versions=(2,))),
    ("leaf.credential_listed", capable(credentials=(2,))),
    (
        "leaf.extension_listed",
        lambda leaf: replace(leaf, extensions=(Extension(0xFF01, b""),)),
    ),
    (
        "extensions.repeated",
        lambda leaf: replace(leaf, extensions=(Extension(LEAF_EXTENSION, b""),) * 2),
    ),
    ("key_package.source", lambda leaf: replace(leaf, source=CommitSource(bytes(32)))),
    ("key_package.source", lambda leaf: replace(leaf, source=UpdateSource())),
]
BAD_PACKAGES: list[tuple[str, PackageChange]] = [
    ("key_package.version", lambda package: replace(package, version=2)),
    ("key_package.suite", lambda package: replace(package, cipher_suite=1)),
    ("key_package.init_key", lambda package: replace(package, init_key=bytes(31))),
    ("key_package.init_key", lambda package: replace(package, init_key=SMALL_ORDER_POINTS[2])),
    (
        "key_package.keys_differ",
        lambda package: replace(package, init_key=package.leaf_node.encryption_key),
    ),
    (
        "extensions.repeated",
        lambda package: replace(package, extensions=(Extension(0x0A0A, b""),) * 2),
    ),
]


@pytest.mark.parametrize(("rule", "change"), BAD_LEAVES)
def test_a_key_package_with_a_bad_leaf_is_not_added(
    assembly: Assembly, rule: str, change: LeafChange
) -> None:
    package = forge_key_package(assembly.newcomer(), leaf=change)
    refuse(assembly, forged(assembly, [Add(package)]), rule)


@pytest.mark.parametrize(("rule", "change"), BAD_PACKAGES)
def test_a_bad_key_package_is_not_added(
    assembly: Assembly, rule: str, change: PackageChange
) -> None:
    package = forge_key_package(assembly.newcomer(), package=change)
    refuse(assembly, forged(assembly, [Add(package)]), rule)


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65)])
def test_a_key_package_is_signed_by_its_leaf(assembly: Assembly, signature: bytes) -> None:
    newcomer = assembly.newcomer()
    package = forge_key_package(newcomer, signed_package=lambda p: replace(p, signature=signature))
    refuse(assembly, forged(assembly, [Add(package)]), "key_package.signature")
    package = forge_key_package(newcomer, signed_leaf=lambda p: replace(p, signature=signature))
    refuse(assembly, forged(assembly, [Add(package)]), "leaf.signature")


def test_a_signature_with_another_scalar_is_not_one(assembly: Assembly) -> None:
    package = forge_key_package(
        assembly.newcomer(),
        signed_package=lambda p: replace(p, signature=malleable(p.signature)),
    )
    refuse(assembly, forged(assembly, [Add(package)]), "key_package.signature")


def test_unknown_code_points_and_grease_do_no_harm(assembly: Assembly) -> None:
    grease = (0x0A0A, 0xEAEA)

    def greased(leaf: LeafNode) -> LeafNode:
        old = leaf.capabilities
        new = replace(
            old,
            versions=(*grease, *old.versions),
            cipher_suites=(*grease, *old.cipher_suites),
            extensions=(*grease, *old.extensions),
            proposals=grease,
            credentials=(*grease, *old.credentials),
        )
        return replace(leaf, capabilities=new, extensions=(Extension(0x0A0A, b"grease"),))

    package = forge_key_package(
        assembly.newcomer(),
        leaf=greased,
        package=lambda p: replace(p, extensions=(Extension(0xFAFA, b"grease"),)),
    )
    message = forged(assembly, [Add(package)])
    for group in assembly.others(FORGER):
        stage(group, message)


# The group's parameters (sections 7.3, 11.1, 13.4)


def test_a_newcomer_meets_what_the_group_requires() -> None:
    required = RequiredCapabilities((CIRCLE_EXTENSION,), (0xF001,), (1,))
    extensions = (RequiredCapabilities((CIRCLE_EXTENSION,), (), (1,)).as_extension(),)
    assembly = Assembly("required", 3, extensions=extensions)
    package = forge_key_package(assembly.newcomer(), leaf=capable(extensions=(LEAF_EXTENSION,)))
    refuse(assembly, forged(assembly, [Add(package)]), "members.required_capabilities")
    harder = GroupContextExtensions((required.as_extension(),))
    refuse(assembly, forged(assembly, [harder]), "members.required_capabilities")
    credentials = RequiredCapabilities((), (), (1, 2)).as_extension()
    harder = GroupContextExtensions((credentials,))
    refuse(assembly, forged(assembly, [harder]), "members.required_capabilities")


def test_every_member_knows_every_extension_of_the_group(assembly: Assembly) -> None:
    unknown = GroupContextExtensions((Extension(0xFF01, b""),))
    refuse(assembly, forged(assembly, [unknown]), "members.extensions")
    assembly.commit(0, [GroupContextExtensions((Extension(CIRCLE_EXTENSION, b""),))])
    package = forge_key_package(assembly.newcomer(), leaf=capable(extensions=()))
    refuse(assembly, forged(assembly, [Add(package)]), "members.extensions")


def test_a_group_has_each_extension_once(assembly: Assembly) -> None:
    twice = GroupContextExtensions((Extension(CIRCLE_EXTENSION, b""),) * 2)
    refuse(assembly, forged(assembly, [twice]), "extensions.repeated")


def test_every_member_knows_every_credential_in_use(assembly: Assembly) -> None:
    newcomer = assembly.newcomer(
        credential=X509Credential((b"a certificate",)),
        capabilities=replace(assembly.capabilities, credentials=(1, 2)),
    )
    refuse(assembly, forged(assembly, [Add(newcomer.key_package)]), "members.credentials")
    newcomer = assembly.newcomer(
        credential=X509Credential(()),
        capabilities=replace(assembly.capabilities, credentials=(2,)),
    )
    refuse(assembly, forged(assembly, [Add(newcomer.key_package)]), "members.credentials")


def test_keys_are_used_once(assembly: Assembly) -> None:
    package = assembly.newcomer().key_package
    signer = assembly.secrets[LeafIndex(2)].signature_key_pair
    twin = forge_key_package(assembly.newcomer(signature_key_pair=signer))
    refuse(assembly, forged(assembly, [Add(twin)]), "tree.signature_key_reuse")
    again = forge_key_package(assembly.secrets[LeafIndex(2)])
    refuse(assembly, forged(assembly, [Add(again)]), "tree.signature_key_reuse")
    refuse(assembly, forged(assembly, [Add(package)] * 2), "tree.signature_key_reuse")
    for node in (2 * 3, 3):  # a leaf's key, and a parent's
        taken = assembly[0].tree.node(NodeIndex(node))
        assert taken is not None
        reused = forge_key_package(assembly.newcomer(), leaf=with_key(taken.encryption_key))
        refuse(assembly, forged(assembly, [Add(reused)]), "tree.key_reuse")


def with_key(key: bytes) -> LeafChange:
    """Another encryption key."""
    return lambda leaf: replace(leaf, encryption_key=key)


@pytest.mark.parametrize("key", [*SMALL_ORDER_POINTS, b"", bytes(31), bytes(33)])
def test_a_key_that_nobody_can_encrypt_to_stays_out(assembly: Assembly, key: bytes) -> None:
    unusable = forge_key_package(assembly.newcomer(), leaf=with_key(key))
    refuse(assembly, forged(assembly, [Add(unusable)]), "tree.encryption_key")


def test_a_client_may_come_in_again_where_its_leaf_goes(assembly: Assembly) -> None:
    signer = assembly.secrets[LeafIndex(2)].signature_key_pair
    again = assembly.newcomer(signature_key_pair=signer)
    message = forged(assembly, [Remove(LeafIndex(2)), Add(again.key_package)])
    for group in assembly.others(FORGER):
        stage(group, message)
