"""Key packages: read back, signed in every field, found by their reference."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.credential import BasicCredential
from crypto.mls.errors import UsageError
from crypto.mls.extensions import Extension
from crypto.mls.key_package import KeyPackage, KeyPackageSecrets
from crypto.mls.labeled import ref_hash
from crypto.mls.leaf_node import KeyPackageSource
from tests.crypto.mls.members import CAPABILITIES, LIFETIME, SUITE, make_member, seeded
from tests.crypto.mls.test_extensions import GREASE, code_points
from tests.crypto.mls.test_leaf_node import leaf_nodes
from tests.vectors import vectors

SECRETS = make_member(seeded("key package"))
KEY_PACKAGE = SECRETS.key_package


@given(
    st.builds(
        KeyPackage,
        version=code_points,
        cipher_suite=code_points,
        init_key=st.binary(max_size=40),
        leaf_node=leaf_nodes,
        extensions=st.lists(st.builds(Extension, code_points, st.binary(max_size=20))).map(tuple),
        signature=st.binary(max_size=70),
    )
)
def test_what_is_written_is_read_back(key_package: KeyPackage) -> None:
    assert KeyPackage.decode(key_package.encode()) == key_package


def test_the_fields_in_their_order() -> None:
    leaf = KEY_PACKAGE.leaf_node
    key_package = KeyPackage(1, 3, b"init", leaf, (Extension(GREASE, b""),), b"signed")
    assert key_package.encode() == (
        b"\x00\x01\x00\x03\x04init" + leaf.encode() + b"\x03\x0a\x0a\x00\x06signed"
    )


class TestVectors:
    def test_the_key_packages_of_the_working_group_verify(self) -> None:
        for case in vectors("welcome"):
            framed = bytes.fromhex(case["key_package"])
            assert framed[:4] == b"\x00\x01\x00\x05"  # mls10, mls_key_package
            key_package = KeyPackage.decode(framed[4:])
            assert key_package.encode() == framed[4:]
            assert key_package.verify(SUITE)
            assert key_package.leaf_node.verify(SUITE)
            # The Welcome begins with its frame, suite and length of secrets, then the reference.
            assert key_package.reference(SUITE) in bytes.fromhex(case["welcome"])

    def test_those_among_the_messages_are_read_back(self) -> None:
        for case in vectors("messages"):
            encoded = bytes.fromhex(case["mls_key_package"])[4:]
            assert KeyPackage.decode(encoded).encode() == encoded


class TestSignature:
    def test_a_fresh_key_package_verifies(self) -> None:
        assert KEY_PACKAGE.verify(SUITE)
        assert KEY_PACKAGE.leaf_node.verify(SUITE)

    @pytest.mark.parametrize(
        "change",
        [
            {"version": 2},
            {"cipher_suite": 1},
            {"init_key": bytes(32)},
            {"leaf_node": make_member(seeded("other")).key_package.leaf_node},
            {"leaf_node": replace(KEY_PACKAGE.leaf_node, credential=BasicCredential(b"Bo"))},
            {"extensions": (Extension(GREASE, b""),)},
            {"signature": bytes(64)},
            {"signature": KEY_PACKAGE.signature + b"\0"},
        ],
        ids=lambda change: "".join(change),
    )
    def test_every_field_is_signed(self, change: dict[str, object]) -> None:
        assert not replace(KEY_PACKAGE, **change).verify(SUITE)  # type: ignore[arg-type]

    def test_only_the_leafs_key_may_sign(self) -> None:
        with pytest.raises(UsageError, match="its leaf's signature key"):
            KEY_PACKAGE.signed(SUITE, SignatureKeyPair.generate(seeded("other")))


def test_the_reference_is_of_the_whole_key_package() -> None:
    expected = ref_hash(SUITE, "MLS 1.0 KeyPackage Reference", KEY_PACKAGE.encode())
    assert KEY_PACKAGE.reference(SUITE) == expected
    assert replace(KEY_PACKAGE, signature=bytes(64)).reference(SUITE) != expected


class TestGenerate:
    def test_what_is_asked_for_is_in_it(self) -> None:
        key_pair = SignatureKeyPair.generate(seeded(1))
        on_leaf, on_package = Extension(0xF000, b"leaf"), Extension(0xF001, b"package")
        secrets = KeyPackageSecrets.generate(
            SUITE,
            key_pair,
            BasicCredential(b"Bo"),
            CAPABILITIES,
            LIFETIME,
            seeded(2),
            leaf_extensions=(on_leaf,),
            extensions=(on_package,),
        )
        key_package, leaf = secrets.key_package, secrets.key_package.leaf_node
        assert (key_package.version, key_package.cipher_suite) == (0x0001, SUITE.code)
        assert key_package.extensions == (on_package,)
        assert leaf.extensions == (on_leaf,)
        assert leaf.credential == BasicCredential(b"Bo")
        assert leaf.capabilities == CAPABILITIES
        assert leaf.source == KeyPackageSource(LIFETIME)
        assert secrets.signature_key_pair == key_pair
        assert key_package.verify(SUITE)
        assert leaf.verify(SUITE)

    def test_the_secrets_are_those_of_the_public_keys(self) -> None:
        assert SECRETS.init_key_pair.public == KEY_PACKAGE.init_key
        assert SECRETS.leaf_key_pair.public == KEY_PACKAGE.leaf_node.encryption_key
        for pair in (SECRETS.init_key_pair, SECRETS.leaf_key_pair):
            assert SUITE.kem.public_of(pair.secret) == pair.public

    def test_init_and_leaf_key_differ(self) -> None:
        assert KEY_PACKAGE.init_key != KEY_PACKAGE.leaf_node.encryption_key

    def test_it_does_not_show_its_secrets(self) -> None:
        assert repr(SECRETS).count("Secret(32 bytes)") == 3
