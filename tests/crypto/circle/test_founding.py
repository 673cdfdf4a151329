"""Opening a circle."""

from __future__ import annotations

import pytest

from crypto.access.side_data import RETENTION_USUAL
from crypto.circle.errors import MisuseError
from crypto.circle.extensions import genesis_of, state_of
from crypto.circle.founding import CAP_USUAL, Founding, found
from crypto.circle.standing import check_standing
from crypto.circle.state import Door, MemberRecord
from crypto.circle.view import Leaf
from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE as SUITE
from crypto.mls.group import Group
from tests.crypto.circle.scene import ANA, NOW, RELAY, seeded


def opened(**changes: object) -> Founding:
    wishes: dict[str, object] = {
        "person": " Ana ",
        "circle": "The  hallway",
        "relay": RELAY,
        "relay_key": b"\x06" * 32,
        "rng": seeded("opening"),
        "now": NOW,
    }
    return found(SUITE, ANA.identity, **(wishes | changes))  # type: ignore[arg-type]


def test_a_circle_begins_with_its_founder_as_host() -> None:
    founding = opened()
    genesis, state = founding.genesis, founding.state
    assert founding.circle_id == genesis.circle_id()
    assert (genesis.founder, genesis.cap, genesis.created_at) == (ANA.key, CAP_USUAL, NOW)
    assert state.members == (MemberRecord(ANA.key, 0, 0, b"", b""),)
    assert state.hosts == (ANA.key,)
    assert state.next_join_number == 1
    assert (state.name, state.topic, state.cap) == ("The hallway", "", CAP_USUAL)
    assert (state.door, state.history, state.retention) == (Door.CODE, 0, RETENTION_USUAL)
    assert (state.disappear, state.presence, state.heard) == (0, False, False)
    assert (state.relays, state.relay_key) == ((RELAY,), b"\x06" * 32)
    assert state.invites == ()


def test_the_groups_extensions_hold_it() -> None:
    founding = opened()
    assert genesis_of(founding.extensions) == founding.genesis
    assert state_of(founding.extensions) == founding.state
    group = Group.create(
        SUITE, founding.circle_id, founding.member, seeded("group"), extensions=founding.extensions
    )
    view = check_standing(group.context, group.tree)
    assert view.circle_id == founding.circle_id
    assert view.names() == {ANA.key: "Ana"}
    assert view.leaves[group.own_leaf].signature_key == ANA.identity.leaf.public


def test_what_the_founder_wishes_is_kept() -> None:
    founding = opened(label="phone", topic="Talk", cap=2, door=Door.ASK, history=50)
    state = founding.state
    leaf = Leaf.of(founding.member.key_package.leaf_node)
    assert (leaf.name, leaf.device.label) == ("Ana", "phone")
    assert (state.topic, state.cap, founding.genesis.cap) == ("Talk", 2, 2)
    assert (state.door, state.history) == (Door.ASK, 50)


def test_two_circles_have_nothing_in_common() -> None:
    one, other = opened(), opened(rng=seeded("another"))
    assert one.circle_id != other.circle_id
    assert one.state.beacon_key != other.state.beacon_key


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"person": "\u202e"}, "A name can't hold"),
        ({"circle": ""}, "A circle's name needs"),
        ({"topic": "a" * 257}, "A topic has at most"),
        ({"label": "a" * 33}, "A device's label has at most"),
        ({"cap": 1}, "the number of chairs is from 2 to 50, not 1"),
        ({"cap": 51}, "the number of chairs is from 2 to 50, not 51"),
        ({"history": 65_536}, "the history that invites grant"),
        ({"relay_key": b""}, "the relay's key has 32 bytes"),
    ],
)
def test_what_is_not_possible_is_said(changes: dict[str, object], words: str) -> None:
    with pytest.raises(MisuseError, match=words):
        opened(**changes)
