"""A circle as one epoch shows it, and a commit as the rules see it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.circle.extensions import HALLWAY_INVITE, leaf_extensions
from crypto.circle.view import Joiner, Leaf
from crypto.mls.credential import BasicCredential
from crypto.mls.errors import DecodeError
from crypto.mls.extensions import Extension
from tests.crypto.circle.scene import (
    ANA,
    ANAS_CODE,
    AT_ANA,
    AT_BO,
    AT_CY,
    AT_LAPTOP,
    BO,
    CY,
    DEE,
    LAPTOP,
    STATE,
    VIEW,
    change,
    newcomer,
    package,
    resigned,
)


def test_a_leaf_says_who_sits_on_it() -> None:
    leaf = Leaf.of(package(BO).key_package.leaf_node)
    assert leaf == BO.leaf()
    assert leaf.name == "Bo"
    assert leaf.access_key == BO.access.public
    assert leaf.vouched_for(VIEW.circle_id)
    assert not leaf.vouched_for(bytes(16))


def test_a_leaf_that_is_none_of_a_circle_is_not_read() -> None:
    node = package(BO).key_package.leaf_node
    for damaged in (
        replace(node, credential=BasicCredential(b"Bo")),
        replace(node, extensions=()),
        replace(node, extensions=(Extension(0xF0A3, b"\x00"),)),
    ):
        with pytest.raises(DecodeError):
            Leaf.of(damaged)


def test_a_malformed_proof_is_not_read() -> None:
    damaged = replace(package(DEE).key_package, extensions=(Extension(HALLWAY_INVITE, bytes(79)),))
    with pytest.raises(DecodeError):
        Joiner.of(damaged)


def test_unknown_extensions_of_a_key_package_are_passed_over() -> None:
    known = package(DEE, ANAS_CODE).key_package
    more = replace(known, extensions=(Extension(0x0A0A, b"?"), *known.extensions))
    assert Joiner.of(more) == Joiner.of(known)
    leaf = replace(
        known.leaf_node,
        extensions=(Extension(0x0A0A, b"?"), *leaf_extensions(DEE.leaf().device)),
    )
    assert Leaf.of(leaf) == DEE.leaf()


def test_leaves_are_found_by_their_keys() -> None:
    assert VIEW.with_access_key(LAPTOP.access.public) == AT_LAPTOP
    assert VIEW.with_access_key(DEE.access.public) is None
    assert VIEW.with_signature_key(CY.identity.leaf.public) == AT_CY
    assert VIEW.with_signature_key(DEE.identity.leaf.public) is None
    assert VIEW.devices(BO.key) == [AT_BO, AT_LAPTOP]
    assert VIEW.devices(DEE.key) == []


def test_a_member_is_called_as_on_the_first_device() -> None:
    renamed = resigned(LAPTOP, name="Bob")
    view = replace(VIEW, leaves={**VIEW.leaves, AT_LAPTOP: renamed})
    assert view.name(BO.key) == "Bo"
    assert view.name(DEE.key) == ""
    assert view.names() == {ANA.key: "Ana", BO.key: "Bo", CY.key: "Cy"}


def test_the_leaves_after_a_commit() -> None:
    own_leaf = resigned(BO, name="Bob")
    joiner = newcomer(DEE)
    attempt = change(AT_BO, removed=[AT_LAPTOP], added=[joiner], own_leaf=own_leaf)
    assert attempt.leaves_after() == [ANA.leaf(), own_leaf, CY.leaf(), DEE.leaf()]
    assert attempt.author == BO.leaf()
    assert attempt.old == STATE
    assert not attempt.by_host
    assert change(AT_ANA).by_host
