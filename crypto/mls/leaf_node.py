"""Leaf nodes (RFC 9420 section 7.2): one member's keys, identity and abilities, signed by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Self, TypeAlias

from crypto.mls.cipher_suite import CipherSuite, SignatureKeyPair
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.credential import Credential, read_credential, write_credential
from crypto.mls.errors import DecodeError, UsageError
from crypto.mls.extensions import (
    DEFAULT_EXTENSION_TYPES,
    Extension,
    RequiredCapabilities,
    read_types,
    write_types,
)
from crypto.mls.labeled import sign_with_label, verify_with_label
from crypto.mls.tree_math import LeafIndex

MLS10 = 0x0001
"""The only protocol version there is (section 6)."""

_DEFAULT_PROPOSAL_TYPES = frozenset(range(0x0001, 0x0008))  # section 7.2: Add … GCE, never listed


@dataclass(frozen=True, slots=True)
class Capabilities(Struct):
    """What a client supports, as code points; unknown ones (GREASE) are kept as they came."""

    versions: tuple[int, ...]
    cipher_suites: tuple[int, ...]
    extensions: tuple[int, ...]
    proposals: tuple[int, ...]
    credentials: tuple[int, ...]

    def write(self, writer: Writer) -> None:
        write_types(writer, self.versions)
        write_types(writer, self.cipher_suites)
        write_types(writer, self.extensions)
        write_types(writer, self.proposals)
        write_types(writer, self.credentials)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            read_types(reader),
            read_types(reader),
            read_types(reader),
            read_types(reader),
            read_types(reader),
        )

    # Both sides may be thousands of code points that a peer chose: hence sets.

    def supports_extensions(self, types: Iterable[int]) -> bool:
        """Whether each extension type is listed, or one that everybody knows."""
        return DEFAULT_EXTENSION_TYPES.union(self.extensions).issuperset(types)

    def supports_proposals(self, types: Iterable[int]) -> bool:
        """Whether each proposal type is listed, or one that everybody knows."""
        return _DEFAULT_PROPOSAL_TYPES.union(self.proposals).issuperset(types)

    def supports_credentials(self, types: Iterable[int]) -> bool:
        """Whether each credential type is listed; there are no default ones."""
        return frozenset(self.credentials).issuperset(types)

    def meet(self, required: RequiredCapabilities) -> bool:
        """Whether everything that a group requires is supported (section 7.3)."""
        return (
            self.supports_extensions(required.extension_types)
            and self.supports_proposals(required.proposal_types)
            and self.supports_credentials(required.credential_types)
        )


@dataclass(frozen=True, slots=True)
class Lifetime(Struct):
    """When a key package may be used: Unix seconds, both ends included."""

    not_before: int
    not_after: int

    def write(self, writer: Writer) -> None:
        writer.uint64(self.not_before)
        writer.uint64(self.not_after)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.uint64(), reader.uint64())

    def covers(self, now: int) -> bool:
        """Whether a time lies within."""
        return self.not_before <= now <= self.not_after


@dataclass(frozen=True, slots=True)
class KeyPackageSource(Struct):
    """The leaf came in a key package; its signature names no group."""

    code: ClassVar[int] = 1

    lifetime: Lifetime

    def write(self, writer: Writer) -> None:
        writer.struct(self.lifetime)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(Lifetime.read(reader))


@dataclass(frozen=True, slots=True)
class UpdateSource(Struct):
    """The leaf came in an Update proposal."""

    code: ClassVar[int] = 2

    def write(self, writer: Writer) -> None:
        pass

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls()


@dataclass(frozen=True, slots=True)
class CommitSource(Struct):
    """The leaf came in an UpdatePath, and is bound to the path by the parent hash."""

    code: ClassVar[int] = 3

    parent_hash: bytes

    def write(self, writer: Writer) -> None:
        writer.opaque(self.parent_hash)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque())


LeafNodeSource: TypeAlias = KeyPackageSource | UpdateSource | CommitSource

_SOURCES: dict[int, type[LeafNodeSource]] = {
    source.code: source for source in (KeyPackageSource, UpdateSource, CommitSource)
}


@dataclass(frozen=True, slots=True)
class LeafNode(Struct):
    """One member of the tree. `signed` makes the signature, `verify` checks it."""

    encryption_key: bytes
    signature_key: bytes
    credential: Credential
    capabilities: Capabilities
    source: LeafNodeSource
    extensions: tuple[Extension, ...] = ()
    signature: bytes = b""

    @property
    def parent_hash(self) -> bytes | None:
        """The parent hash of a leaf that came in a Commit; None for the others."""
        return self.source.parent_hash if isinstance(self.source, CommitSource) else None

    def signed(
        self,
        suite: CipherSuite,
        key_pair: SignatureKeyPair,
        group_id: bytes | None = None,
        leaf_index: LeafIndex | None = None,
    ) -> LeafNode:
        """The same leaf with its signature; a leaf not of a key package needs its place.

        `UsageError` where the place is missing or the key pair is not the leaf's.
        """
        if key_pair.public != self.signature_key:
            raise UsageError("a leaf is signed with its own signature key")
        content = self._to_be_signed(group_id, leaf_index)
        return replace(self, signature=sign_with_label(suite, key_pair, "LeafNodeTBS", content))

    def verify(
        self,
        suite: CipherSuite,
        group_id: bytes | None = None,
        leaf_index: LeafIndex | None = None,
    ) -> bool:
        """Whether the leaf's own signature key signed it, for this place in this group.

        A leaf of a key package is bound to no group: its place is not looked at. For the others a
        missing place is a `UsageError`.
        """
        content = self._to_be_signed(group_id, leaf_index)
        return verify_with_label(suite, self.signature_key, "LeafNodeTBS", content, self.signature)

    def _to_be_signed(self, group_id: bytes | None, leaf_index: LeafIndex | None) -> bytes:
        writer = Writer()
        self._write_signed_part(writer)
        if not isinstance(self.source, KeyPackageSource):
            if group_id is None or leaf_index is None:
                raise UsageError("the signature of a member's leaf covers its group and its place")
            writer.opaque(group_id)
            writer.uint32(leaf_index)
        return writer.getvalue()

    def _write_signed_part(self, writer: Writer) -> None:
        writer.opaque(self.encryption_key)
        writer.opaque(self.signature_key)
        write_credential(writer, self.credential)
        writer.struct(self.capabilities)
        writer.uint8(self.source.code)
        writer.struct(self.source)
        writer.structs(self.extensions)

    def write(self, writer: Writer) -> None:
        self._write_signed_part(writer)
        writer.opaque(self.signature)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.opaque(),
            reader.opaque(),
            read_credential(reader),
            Capabilities.read(reader),
            _read_source(reader),
            tuple(reader.vector(Extension.read)),
            reader.opaque(),
        )


def _read_source(reader: Reader) -> LeafNodeSource:
    code = reader.uint8()
    source = _SOURCES.get(code)
    if source is None:
        raise DecodeError(f"a leaf node's source is 1, 2 or 3, not {code}")
    return source.read(reader)
