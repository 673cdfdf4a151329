"""Labelled operations: the working group's answers, and what a label keeps apart."""

from __future__ import annotations

from typing import Any

import pytest

from crypto.mls import labeled
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.errors import UndecryptableError
from crypto.mls.hpke import HpkeCiphertext
from crypto.mls.kem import KemKeyPair
from crypto.secret import Secret
from tests.crypto.mls.members import SUITE, seeded
from tests.vectors import vectors


def _case(operation: str) -> dict[str, Any]:
    (case,) = [case for case in vectors("crypto-basics") if case["cipher_suite"] == SUITE.code]
    return {
        key: bytes.fromhex(value) if isinstance(value, str) and key != "label" else value
        for key, value in case[operation].items()
    }


class TestVectors:
    def test_ref_hash(self) -> None:
        case = _case("ref_hash")
        assert labeled.ref_hash(SUITE, case["label"], case["value"]) == case["out"]

    def test_expand_with_label(self) -> None:
        case = _case("expand_with_label")
        out = labeled.expand_with_label(
            SUITE, Secret(case["secret"]), case["label"], case["context"], case["length"]
        )
        assert out.reveal() == case["out"]

    def test_derive_secret(self) -> None:
        case = _case("derive_secret")
        out = labeled.derive_secret(SUITE, Secret(case["secret"]), case["label"])
        assert out.reveal() == case["out"]

    def test_derive_tree_secret(self) -> None:
        case = _case("derive_tree_secret")
        out = labeled.derive_tree_secret(
            SUITE, Secret(case["secret"]), case["label"], case["generation"], case["length"]
        )
        assert out.reveal() == case["out"]

    def test_sign_with_label(self) -> None:
        case = _case("sign_with_label")
        key_pair = SignatureKeyPair.from_seed(Secret(case["priv"]))
        assert key_pair.public == case["pub"]
        signature = labeled.sign_with_label(SUITE, key_pair, case["label"], case["content"])
        assert signature == case["signature"]  # Ed25519 is deterministic
        assert labeled.verify_with_label(
            SUITE, case["pub"], case["label"], case["content"], case["signature"]
        )

    def test_encrypt_with_label(self) -> None:
        case = _case("encrypt_with_label")
        key_pair = KemKeyPair(Secret(case["priv"]), case["pub"])
        label, context, plaintext = case["label"], case["context"], case["plaintext"]
        theirs = HpkeCiphertext(case["kem_output"], case["ciphertext"])
        opened = labeled.decrypt_with_label(SUITE, key_pair, label, context, theirs)
        assert opened == plaintext
        ours = labeled.encrypt_with_label(SUITE, case["pub"], label, context, plaintext, seeded(1))
        assert labeled.decrypt_with_label(SUITE, key_pair, label, context, ours) == plaintext


class TestLabelsKeepApart:
    def test_hashes(self) -> None:
        assert labeled.ref_hash(SUITE, "a", b"bc") != labeled.ref_hash(SUITE, "ab", b"c")

    def test_derivations(self) -> None:
        secret = Secret(bytes(32))
        derived = [
            labeled.expand_with_label(SUITE, secret, "a", b"bc", 32),
            labeled.expand_with_label(SUITE, secret, "ab", b"c", 32),
            labeled.expand_with_label(SUITE, secret, "a", b"", 32),
            labeled.derive_tree_secret(SUITE, secret, "a", 0, 32),
            labeled.derive_tree_secret(SUITE, secret, "a", 1, 32),
        ]
        assert len({value.reveal() for value in derived}) == len(derived)

    def test_a_shorter_derivation_is_not_the_start_of_a_longer_one(self) -> None:
        secret = Secret(bytes(32))
        short = labeled.expand_with_label(SUITE, secret, "key", b"", 16).reveal()
        long = labeled.expand_with_label(SUITE, secret, "key", b"", 32).reveal()
        assert long[:16] != short

    def test_signatures(self) -> None:
        key_pair = SignatureKeyPair.generate(seeded(1))
        signature = labeled.sign_with_label(SUITE, key_pair, "LeafNodeTBS", b"content")
        verify = labeled.verify_with_label
        assert verify(SUITE, key_pair.public, "LeafNodeTBS", b"content", signature)
        assert not verify(SUITE, key_pair.public, "GroupInfoTBS", b"content", signature)
        assert not verify(SUITE, key_pair.public, "LeafNodeTBS", b"Content", signature)
        assert not verify(SUITE, key_pair.public, "LeafNodeTBS", b"content", signature[:-1])
        other = SignatureKeyPair.generate(seeded(2))
        assert not verify(SUITE, other.public, "LeafNodeTBS", b"content", signature)

    def test_encryptions(self) -> None:
        rng = seeded(1)
        key_pair = SUITE.kem.generate_key_pair(rng)
        sealed = labeled.encrypt_with_label(
            SUITE, key_pair.public, "Welcome", b"context", b"plaintext", rng
        )
        for label, context in (("UpdatePathNode", b"context"), ("Welcome", b"Context")):
            with pytest.raises(UndecryptableError):
                labeled.decrypt_with_label(SUITE, key_pair, label, context, sealed)
