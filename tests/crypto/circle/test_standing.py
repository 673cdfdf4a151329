"""What a newcomer checks of a circle whose past it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from crypto.circle.errors import StandingRefusedError, UpdateNeededError
from crypto.circle.extensions import HALLWAY_CIRCLE, context_extensions, leaf_extensions
from crypto.circle.genesis import Genesis
from crypto.circle.standing import check_entrance, check_standing
from crypto.circle.state import CircleState
from crypto.circle.view import CircleView, Leaf
from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE as SUITE
from crypto.mls.extensions import Extension
from crypto.mls.group_context import GroupContext
from crypto.mls.leaf_node import MLS10
from crypto.mls.ratchet_tree import RatchetTree
from tests.crypto.circle.scene import (
    ANA,
    AT_ANA,
    AT_CY,
    BO,
    CIRCLE_ID,
    CY,
    DEE,
    EPOCH,
    EVE,
    GENESIS,
    LAPTOP,
    STATE,
    VIEW,
    Somebody,
    package,
    resigned,
    without,
)

EVERYBODY = (ANA, BO, CY, LAPTOP)


def context(
    extensions: tuple[Extension, ...] = context_extensions(GENESIS, STATE),
    circle_id: bytes = CIRCLE_ID,
) -> GroupContext:
    return GroupContext(MLS10, SUITE.code, circle_id, EPOCH, b"", b"", extensions)


def tree(people: Sequence[Somebody] = EVERYBODY, *leaves: Leaf) -> RatchetTree:
    nodes = [package(somebody).key_package.leaf_node for somebody in people]
    nodes += [
        replace(nodes[0], signature_key=leaf.signature_key, extensions=leaf_extensions(leaf.device))
        for leaf in leaves
    ]
    grown = RatchetTree([])
    for node in nodes:
        grown.add_leaf(node)
    return grown


def with_state(state: CircleState, genesis: Genesis = GENESIS) -> GroupContext:
    return context(context_extensions(genesis, state))


def test_a_circle_that_could_have_come_about_is_seen() -> None:
    assert check_standing(context(), tree()) == VIEW


def test_a_circle_whose_founder_is_gone_stands() -> None:
    state = without(STATE, ANA)
    view = check_standing(with_state(state), tree([BO, CY, LAPTOP]))
    assert view.state == state


@pytest.mark.parametrize("extensions", [(), context_extensions(GENESIS, STATE)[:2]])
def test_a_group_that_is_no_circle_is_refused(extensions: tuple[Extension, ...]) -> None:
    with pytest.raises(StandingRefusedError, match="no circle of Hallway's"):
        check_standing(context(extensions), tree())


def test_a_leaf_that_is_no_device_is_refused() -> None:
    grown = tree()
    grown.add_leaf(replace(package(DEE).key_package.leaf_node, extensions=()))
    with pytest.raises(StandingRefusedError, match="no circle of Hallway's"):
        check_standing(context(), grown)


def test_a_circle_of_other_rules_asks_for_an_update() -> None:
    extensions = context_extensions(GENESIS, STATE)
    newer = Extension(HALLWAY_CIRCLE, b"\x00\x02" + extensions[2].extension_data[2:])
    with pytest.raises(UpdateNeededError):
        check_standing(context((*extensions[:2], newer)), tree())


ONE, TWO, THREE = context_extensions(GENESIS, STATE)


@pytest.mark.parametrize(
    "extensions",
    [
        (ONE, TWO, THREE, Extension(0x0A0A, b"")),
        (TWO, ONE, THREE),
        (TWO, THREE),
        (Extension(ONE.extension_type, b"\x00\x00\x00"), TWO, THREE),
    ],
)
def test_a_group_that_holds_more_or_less_is_refused(extensions: tuple[Extension, ...]) -> None:
    with pytest.raises(StandingRefusedError, match="something that circles do not hold"):
        check_standing(context(extensions), tree())


def test_an_id_that_is_not_the_beginnings_is_refused() -> None:
    with pytest.raises(StandingRefusedError, match="not that of its beginning"):
        check_standing(context(circle_id=bytes(16)), tree())


def test_more_chairs_than_in_the_beginning_are_refused() -> None:
    check_standing(with_state(replace(STATE, cap=6)), tree())
    with pytest.raises(StandingRefusedError, match="more chairs than it was opened with"):
        check_standing(with_state(replace(STATE, cap=7)), tree())


def test_another_founder_is_refused() -> None:
    records = (replace(STATE.members[0], member=CY.key), STATE.members[1])
    state = replace(without(STATE, ANA), members=records, hosts=(CY.key,))
    with pytest.raises(StandingRefusedError, match="Somebody else is listed"):
        check_standing(with_state(state), tree([BO, CY]))


@pytest.mark.parametrize("people", [(ANA, BO), (ANA, BO, CY, DEE)])
def test_members_that_are_not_those_in_the_tree_are_refused(people: Sequence[Somebody]) -> None:
    with pytest.raises(StandingRefusedError, match="is not who is in the circle"):
        check_standing(context(), tree(people))


def test_four_devices_of_a_person_are_refused() -> None:
    three = [*EVERYBODY, BO.another_device("tablet")]
    check_standing(context(), tree(three))
    with pytest.raises(StandingRefusedError, match="more than 3 devices"):
        check_standing(context(), tree([*three, BO.another_device("watch")]))


def test_two_devices_with_one_access_key_are_refused() -> None:
    twin = resigned(ANA, access_key=CY.access.public, leaf_key=EVE.identity.leaf.public)
    with pytest.raises(StandingRefusedError, match="the same access key"):
        check_standing(context(), tree(EVERYBODY, twin))


def test_a_device_that_nobody_vouches_for_is_refused() -> None:
    leaf = ANA.leaf()
    forged = replace(leaf, device=replace(leaf.device, access_key=EVE.access.public))
    with pytest.raises(StandingRefusedError, match="not vouched for by Ana's key"):
        check_standing(context(), tree(EVERYBODY, forged))


# The way in

ENTERED: CircleView = replace(
    VIEW,
    state=replace(STATE, members=(*STATE.members[:2], replace(STATE.members[2], epoch=EPOCH))),
)
"""As Cy sees it who has just come in, on Bo's code, let in by Ana."""


def test_a_newcomer_finds_itself_and_the_issuer() -> None:
    check_entrance(ENTERED, AT_CY, CIRCLE_ID, BO.key)


def test_another_circle_is_refused() -> None:
    with pytest.raises(StandingRefusedError, match="another circle"):
        check_entrance(ENTERED, AT_CY, bytes(16), BO.key)


def test_a_circle_without_the_issuer_is_refused() -> None:
    with pytest.raises(StandingRefusedError, match="Who made the code is not in"):
        check_entrance(ENTERED, AT_CY, CIRCLE_ID, DEE.key)


@pytest.mark.parametrize(
    "changes", [{"epoch": EPOCH - 1}, {"invited_by": ANA.key}, {"member": DEE.key}]
)
def test_a_circle_that_tells_it_otherwise_is_refused(changes: dict[str, object]) -> None:
    record = replace(ENTERED.state.members[2], **changes)  # type: ignore[arg-type]
    state = replace(ENTERED.state, members=(*STATE.members[:2], record))
    with pytest.raises(StandingRefusedError, match="does not say that you came in on this code"):
        check_entrance(replace(ENTERED, state=state), AT_CY, CIRCLE_ID, BO.key)


def test_who_let_the_newcomer_in_is_in_too() -> None:
    leaves = {index: leaf for index, leaf in VIEW.leaves.items() if index != AT_ANA}
    with pytest.raises(StandingRefusedError, match="Who let you in is not in"):
        check_entrance(replace(ENTERED, leaves=leaves), AT_CY, CIRCLE_ID, BO.key)
