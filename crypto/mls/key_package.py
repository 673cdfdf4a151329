"""Key packages (RFC 9420 section 10): what somebody needs to add a client to a group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from crypto.mls.cipher_suite import CipherSuite, SignatureKeyPair
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.credential import Credential
from crypto.mls.errors import UsageError
from crypto.mls.extensions import Extension
from crypto.mls.kem import KemKeyPair
from crypto.mls.labeled import ref_hash, sign_with_label, verify_with_label
from crypto.mls.leaf_node import MLS10, Capabilities, KeyPackageSource, LeafNode, Lifetime
from crypto.primitives import Rng


@dataclass(frozen=True, slots=True)
class KeyPackage(Struct):
    """A leaf for the tree and a key that the Welcome is sealed to, signed by the leaf's key."""

    version: int
    cipher_suite: int
    init_key: bytes
    leaf_node: LeafNode
    extensions: tuple[Extension, ...] = ()
    signature: bytes = b""

    def signed(self, suite: CipherSuite, key_pair: SignatureKeyPair) -> KeyPackage:
        """The same key package with its signature; `UsageError` for a key not the leaf's."""
        if key_pair.public != self.leaf_node.signature_key:
            raise UsageError("a key package is signed with its leaf's signature key")
        signature = sign_with_label(suite, key_pair, "KeyPackageTBS", self._to_be_signed())
        return replace(self, signature=signature)

    def verify(self, suite: CipherSuite) -> bool:
        """Whether its own signature is valid; the leaf's is `leaf_node.verify(suite)`."""
        public = self.leaf_node.signature_key
        return verify_with_label(
            suite, public, "KeyPackageTBS", self._to_be_signed(), self.signature
        )

    def reference(self, suite: CipherSuite) -> bytes:
        """KeyPackageRef (section 5.2): what a Welcome names its receiver by."""
        return ref_hash(suite, "MLS 1.0 KeyPackage Reference", self.encode())

    def _to_be_signed(self) -> bytes:
        writer = Writer()
        self._write_signed_part(writer)
        return writer.getvalue()

    def _write_signed_part(self, writer: Writer) -> None:
        writer.uint16(self.version)
        writer.uint16(self.cipher_suite)
        writer.opaque(self.init_key)
        writer.struct(self.leaf_node)
        writer.structs(self.extensions)

    def write(self, writer: Writer) -> None:
        self._write_signed_part(writer)
        writer.opaque(self.signature)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.uint16(),
            reader.uint16(),
            reader.opaque(),
            LeafNode.read(reader),
            tuple(reader.vector(Extension.read)),
            reader.opaque(),
        )


@dataclass(frozen=True, slots=True)
class KeyPackageSecrets:
    """A key package of our own with its three secret keys; to be used once."""

    key_package: KeyPackage
    init_key_pair: KemKeyPair
    leaf_key_pair: KemKeyPair
    signature_key_pair: SignatureKeyPair

    @classmethod
    def generate(
        cls,
        suite: CipherSuite,
        signature_key_pair: SignatureKeyPair,
        credential: Credential,
        capabilities: Capabilities,
        lifetime: Lifetime,
        rng: Rng,
        *,
        leaf_extensions: tuple[Extension, ...] = (),
        extensions: tuple[Extension, ...] = (),
    ) -> KeyPackageSecrets:
        """A signed key package with fresh init and leaf keys."""
        init_key_pair = suite.kem.generate_key_pair(rng)
        leaf_key_pair = suite.kem.generate_key_pair(rng)
        leaf_node = LeafNode(
            encryption_key=leaf_key_pair.public,
            signature_key=signature_key_pair.public,
            credential=credential,
            capabilities=capabilities,
            source=KeyPackageSource(lifetime),
            extensions=leaf_extensions,
        ).signed(suite, signature_key_pair)
        unsigned = KeyPackage(MLS10, suite.code, init_key_pair.public, leaf_node, extensions)
        key_package = unsigned.signed(suite, signature_key_pair)
        return cls(key_package, init_key_pair, leaf_key_pair, signature_key_pair)
