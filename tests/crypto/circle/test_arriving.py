"""What a device brings to come in."""

from __future__ import annotations

from crypto.circle.arriving import key_package, with_proof
from crypto.circle.extensions import HALLWAY_INVITE
from crypto.circle.view import Joiner
from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE as SUITE
from crypto.mls.validation import check_key_package, check_lifetime
from tests.crypto.circle.scene import ANAS_CODE, BOS_CODE, CIRCLE_ID, DEE, NOW, package, seeded


def test_a_key_package_says_who_comes_and_is_valid() -> None:
    secrets = package(DEE)
    check_key_package(SUITE, secrets.key_package)
    check_lifetime(secrets.key_package.leaf_node, NOW // 1000)
    joiner = Joiner.of(secrets.key_package)
    assert joiner.leaf == DEE.leaf()
    assert joiner.init_key == secrets.init_key_pair.public
    assert joiner.proof is None


def test_with_a_codes_proof_it_is_signed_anew() -> None:
    secrets = package(DEE, ANAS_CODE)
    check_key_package(SUITE, secrets.key_package)
    assert [e.extension_type for e in secrets.key_package.extensions] == [HALLWAY_INVITE]
    joiner = Joiner.of(secrets.key_package)
    proof, leaf = joiner.proof, joiner.leaf
    assert proof is not None
    keys = (leaf.member, leaf.signature_key, joiner.init_key, leaf.access_key)
    assert proof.invite_id == ANAS_CODE.invite.id
    assert proof.verify(ANAS_CODE.invite.signing_key, CIRCLE_ID, *keys)
    assert not proof.verify(BOS_CODE.invite.signing_key, CIRCLE_ID, *keys)
    assert not proof.verify(ANAS_CODE.invite.signing_key, bytes(16), *keys)


def test_the_secrets_stay_the_same() -> None:
    plain = key_package(SUITE, DEE.key, DEE.identity.leaf, DEE.leaf().device, seeded("once"), NOW)
    proved = with_proof(SUITE, plain, CIRCLE_ID, ANAS_CODE.keys)
    assert proved.init_key_pair == plain.init_key_pair
    assert proved.leaf_key_pair == plain.leaf_key_pair
    assert proved.signature_key_pair == plain.signature_key_pair
    assert proved.key_package.leaf_node == plain.key_package.leaf_node
