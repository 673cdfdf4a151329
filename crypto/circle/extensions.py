"""Where the circle's structures stand in MLS: extension types, credentials, capabilities.

docs/protocol.md section 1. The types are of the private-use range (RFC 9420 section 17.3).
"""

from __future__ import annotations

from collections.abc import Iterable

from crypto.circle.device import Device
from crypto.circle.fields import KEY_LENGTH
from crypto.circle.genesis import Genesis
from crypto.circle.state import CircleState
from crypto.errors import FieldError
from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.credential import BasicCredential, Credential
from crypto.mls.extensions import Extension, RequiredCapabilities, find_extension
from crypto.mls.leaf_node import MLS10, Capabilities, Lifetime

HALLWAY_GENESIS = 0xF0A1
HALLWAY_CIRCLE = 0xF0A2
HALLWAY_DEVICE = 0xF0A3
HALLWAY_INVITE = 0xF0A4

KEY_PACKAGE_LIFETIME = 90 * 86_400
"""How long a key package may be used at most, in seconds; whoever answers looks at it."""

_CLOCKS_DIFFER = 86_400

REQUIRED = RequiredCapabilities(
    extension_types=(HALLWAY_GENESIS, HALLWAY_CIRCLE, HALLWAY_DEVICE),
    credential_types=(BasicCredential.credential_type,),
)
"""What every leaf of a circle must support, as an extension of the group."""


def capabilities(suite: CipherSuite) -> Capabilities:
    """What a leaf of this program says that it supports."""
    return Capabilities(
        versions=(MLS10,),
        cipher_suites=(suite.code,),
        extensions=(HALLWAY_GENESIS, HALLWAY_CIRCLE, HALLWAY_DEVICE, HALLWAY_INVITE),
        proposals=(),
        credentials=(BasicCredential.credential_type,),
    )


def lifetime(now: int) -> Lifetime:
    """A key package's lifetime from `now` on (milliseconds since 1970).

    It begins a day early, for those whose clocks are behind.
    """
    start = now // 1000 - _CLOCKS_DIFFER
    return Lifetime(max(0, start), start + KEY_PACKAGE_LIFETIME)


def credential(member: bytes) -> BasicCredential:
    """The credential of a member: the member key itself."""
    return BasicCredential(member)


def member_of(presented: Credential) -> bytes:
    """The member key of a leaf, or FieldError where the credential is of another kind."""
    if not isinstance(presented, BasicCredential) or len(presented.identity) != KEY_LENGTH:
        raise FieldError(f"a member's credential is basic and holds a key of {KEY_LENGTH} bytes")
    return presented.identity


def leaf_extensions(device: Device) -> tuple[Extension, ...]:
    """The extensions of a leaf."""
    return (Extension(HALLWAY_DEVICE, device.encode()),)


def device_of(extensions: Iterable[Extension]) -> Device:
    """The device that a leaf's extensions describe, or FieldError (a DecodeError)."""
    return Device.decode(_required(extensions, HALLWAY_DEVICE, "the leaf says no device"))


def context_extensions(genesis: Genesis, state: CircleState) -> tuple[Extension, ...]:
    """The extensions of a circle's GroupContext."""
    return (
        REQUIRED.as_extension(),
        Extension(HALLWAY_GENESIS, genesis.encode()),
        Extension(HALLWAY_CIRCLE, state.encode()),
    )


def genesis_of(extensions: Iterable[Extension]) -> Genesis:
    """The genesis in a GroupContext; DecodeError where it is malformed or missing."""
    return Genesis.decode(_required(extensions, HALLWAY_GENESIS, "the group has no genesis"))


def state_of(extensions: Iterable[Extension]) -> CircleState:
    """The state in a GroupContext; DecodeError, or UpdateNeededError for other rules."""
    return CircleState.decode(_required(extensions, HALLWAY_CIRCLE, "the group has no state"))


def _required(extensions: Iterable[Extension], extension_type: int, otherwise: str) -> bytes:
    data = find_extension(extensions, extension_type)
    if data is None:
        raise FieldError(otherwise)
    return data
