"""Members, key packages and trees for the tests, each made from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE, SignatureKeyPair
from crypto.mls.credential import BasicCredential
from crypto.mls.key_package import KeyPackageSecrets
from crypto.mls.leaf_node import MLS10, Capabilities, Lifetime
from crypto.mls.ratchet_tree import RatchetTree
from crypto.primitives import Rng

SUITE = CHACHA20POLY1305_SUITE
GROUP_ID = b"a group of tests"
LIFETIME = Lifetime(1_700_000_000, 1_707_776_000)
CAPABILITIES = Capabilities(
    versions=(MLS10,),
    cipher_suites=(SUITE.code,),
    extensions=(),
    proposals=(),
    credentials=(BasicCredential.credential_type,),
)

SMALL_ORDER_POINTS = (
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
)
"""X25519 public keys that give zero with every secret (RFC 7748 section 6.1)."""


def seeded(seed: int | str) -> Rng:
    """Bytes that are the same in every run."""
    return random.Random(seed).randbytes


def make_member(rng: Rng, name: bytes = b"Ana") -> KeyPackageSecrets:
    """A client with a key package and its secrets."""
    return KeyPackageSecrets.generate(
        SUITE, SignatureKeyPair.generate(rng), BasicCredential(name), CAPABILITIES, LIFETIME, rng
    )


def make_members(rng: Rng) -> Iterator[KeyPackageSecrets]:
    """As many clients as are asked for, with names of their own."""
    number = 0
    while True:
        yield make_member(rng, b"member %d" % number)
        number += 1


def make_tree(rng: Rng, count: int) -> tuple[RatchetTree, list[KeyPackageSecrets]]:
    """A tree of `count` members, all its parents blank, and the members from the left."""
    members = [make_member(rng, b"member %d" % number) for number in range(count)]
    tree = RatchetTree([members[0].key_package.leaf_node])
    for member in members[1:]:
        tree.add_leaf(member.key_package.leaf_node)
    return tree, members
