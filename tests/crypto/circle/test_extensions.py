"""Where the circle's structures stand in MLS."""

from __future__ import annotations

import pytest

from crypto.circle.extensions import (
    HALLWAY_CIRCLE,
    HALLWAY_DEVICE,
    HALLWAY_GENESIS,
    HALLWAY_INVITE,
    KEY_PACKAGE_LIFETIME,
    capabilities,
    context_extensions,
    credential,
    device_of,
    genesis_of,
    leaf_extensions,
    lifetime,
    member_of,
    state_of,
)
from crypto.errors import FieldError
from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE as SUITE
from crypto.mls.credential import BasicCredential, X509Credential
from crypto.mls.extensions import RequiredCapabilities, required_capabilities
from tests.crypto.circle.scene import ANA, GENESIS, NOW, STATE


def test_the_context_holds_what_is_required_the_genesis_and_the_state_in_this_order() -> None:
    extensions = context_extensions(GENESIS, STATE)
    assert [extension.extension_type for extension in extensions] == [0x0003, 0xF0A1, 0xF0A2]
    assert genesis_of(extensions) == GENESIS
    assert state_of(extensions) == STATE
    assert required_capabilities(extensions) == RequiredCapabilities(
        (HALLWAY_GENESIS, HALLWAY_CIRCLE, HALLWAY_DEVICE), (), (0x0001,)
    )


def test_our_leaves_meet_what_is_required() -> None:
    offered = capabilities(SUITE)
    assert offered.meet(required_capabilities(context_extensions(GENESIS, STATE)))
    assert offered.supports_extensions([HALLWAY_INVITE])
    assert offered.cipher_suites == (0x0003,)


def test_the_credential_is_the_member_key() -> None:
    assert credential(ANA.key) == BasicCredential(ANA.key)
    assert member_of(credential(ANA.key)) == ANA.key


@pytest.mark.parametrize(
    "presented",
    [BasicCredential(bytes(31)), BasicCredential(bytes(33)), X509Credential((bytes(32),))],
)
def test_any_other_credential_is_no_members(presented: BasicCredential | X509Credential) -> None:
    with pytest.raises(FieldError, match="basic and holds a key of 32 bytes"):
        member_of(presented)


def test_a_leaf_holds_its_device() -> None:
    device = ANA.leaf().device
    extensions = leaf_extensions(device)
    assert [extension.extension_type for extension in extensions] == [0xF0A3]
    assert device_of(extensions) == device


def test_what_is_missing_is_said() -> None:
    for read, words in (
        (device_of, "no device"),
        (genesis_of, "no genesis"),
        (state_of, "no state"),
    ):
        with pytest.raises(FieldError, match=words):
            read(())


def test_a_key_package_lives_for_ninety_days_and_from_a_day_ago() -> None:
    life = lifetime(NOW)
    assert life.covers(NOW // 1000 - 86_400)
    assert not life.covers(NOW // 1000 - 86_401)
    assert life.covers(NOW // 1000 + 89 * 86_400)
    assert life.not_after - life.not_before == KEY_PACKAGE_LIFETIME == 90 * 86_400


def test_a_lifetime_does_not_begin_before_time() -> None:
    assert lifetime(0).not_before == 0
