"""What a device brings to come in: its key package, with the code's proof where it comes on one.

docs/protocol.md sections 2 and 3.4.
"""

from __future__ import annotations

from dataclasses import replace

from crypto.circle.device import Device
from crypto.circle.extensions import (
    HALLWAY_INVITE,
    capabilities,
    credential,
    leaf_extensions,
    lifetime,
)
from crypto.circle.view import Leaf
from crypto.entry import InviteProof
from crypto.invite import InviteKeys
from crypto.mls.cipher_suite import CipherSuite, SignatureKeyPair
from crypto.mls.extensions import Extension
from crypto.mls.key_package import KeyPackageSecrets
from crypto.primitives import Rng


def key_package(
    suite: CipherSuite, member: bytes, leaf: SignatureKeyPair, device: Device, rng: Rng, now: int
) -> KeyPackageSecrets:
    """A key package of a device, to be used once within 90 days of `now` (milliseconds).

    `member` is the member key; the device's extension is signed by it.
    """
    return KeyPackageSecrets.generate(
        suite,
        leaf,
        credential(member),
        capabilities(suite),
        lifetime(now),
        rng,
        leaf_extensions=leaf_extensions(device),
    )


def with_proof(
    suite: CipherSuite,
    secrets: KeyPackageSecrets,
    circle_id: bytes,
    keys: InviteKeys,
) -> KeyPackageSecrets:
    """The same key package with the proof that its device holds a code."""
    package = secrets.key_package
    leaf = Leaf.of(package.leaf_node)
    proof = InviteProof.sign(
        keys,
        circle_id,
        leaf.member,
        leaf.signature_key,
        package.init_key,
        leaf.access_key,
    )
    extension = Extension(HALLWAY_INVITE, proof.encode())
    proved = replace(package, extensions=(extension,))
    return replace(secrets, key_package=proved.signed(suite, secrets.signature_key_pair))
