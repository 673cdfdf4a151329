"""Proposals (RFC 9420 section 12.1): the changes that a Commit can make.

All seven types are read and written. ReInit and ExternalInit are here only to be recognised:
`crypto.mls.validation` refuses them wherever they are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self, TypeAlias

from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.errors import DecodeError
from crypto.mls.extensions import Extension
from crypto.mls.key_package import KeyPackage
from crypto.mls.leaf_node import LeafNode
from crypto.mls.psk import PreSharedKeyID
from crypto.mls.tree_math import LeafIndex


@dataclass(frozen=True, slots=True)
class Add(Struct):
    """Add the client of a key package (section 12.1.1)."""

    proposal_type: ClassVar[int] = 0x0001

    key_package: KeyPackage

    def write(self, writer: Writer) -> None:
        writer.struct(self.key_package)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(KeyPackage.read(reader))


@dataclass(frozen=True, slots=True)
class Update(Struct):
    """Replace the sender's leaf node (section 12.1.2)."""

    proposal_type: ClassVar[int] = 0x0002

    leaf_node: LeafNode

    def write(self, writer: Writer) -> None:
        writer.struct(self.leaf_node)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(LeafNode.read(reader))


@dataclass(frozen=True, slots=True)
class Remove(Struct):
    """Remove the member at a leaf (section 12.1.3)."""

    proposal_type: ClassVar[int] = 0x0003

    removed: LeafIndex

    def write(self, writer: Writer) -> None:
        writer.uint32(self.removed)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(LeafIndex(reader.uint32()))


@dataclass(frozen=True, slots=True)
class PreSharedKey(Struct):
    """Mix a pre-shared key into the next epoch (section 12.1.4)."""

    proposal_type: ClassVar[int] = 0x0004

    psk: PreSharedKeyID

    def write(self, writer: Writer) -> None:
        writer.struct(self.psk)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(PreSharedKeyID.read(reader))


@dataclass(frozen=True, slots=True)
class ReInit(Struct):
    """Start the group anew with other parameters (section 12.1.5); never used here."""

    proposal_type: ClassVar[int] = 0x0005

    group_id: bytes
    version: int
    cipher_suite: int
    extensions: tuple[Extension, ...]

    def write(self, writer: Writer) -> None:
        writer.opaque(self.group_id)
        writer.uint16(self.version)
        writer.uint16(self.cipher_suite)
        writer.structs(self.extensions)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.opaque(),
            reader.uint16(),
            reader.uint16(),
            tuple(reader.vector(Extension.read)),
        )


@dataclass(frozen=True, slots=True)
class ExternalInit(Struct):
    """The key exchange of an external commit (section 12.1.6); never used here."""

    proposal_type: ClassVar[int] = 0x0006

    kem_output: bytes

    def write(self, writer: Writer) -> None:
        writer.opaque(self.kem_output)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque())


@dataclass(frozen=True, slots=True)
class GroupContextExtensions(Struct):
    """Replace all extensions of the GroupContext (section 12.1.7)."""

    proposal_type: ClassVar[int] = 0x0007

    extensions: tuple[Extension, ...]

    def write(self, writer: Writer) -> None:
        writer.structs(self.extensions)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(tuple(reader.vector(Extension.read)))


Proposal: TypeAlias = (
    Add | Update | Remove | PreSharedKey | ReInit | ExternalInit | GroupContextExtensions
)

_BY_TYPE: dict[int, type[Proposal]] = {
    kind.proposal_type: kind
    for kind in (Add, Update, Remove, PreSharedKey, ReInit, ExternalInit, GroupContextExtensions)
}

DEFAULT_PROPOSAL_TYPES = frozenset(_BY_TYPE)
"""Types that every client knows and none lists in its capabilities (section 7.2)."""


def write_proposal(writer: Writer, proposal: Proposal) -> None:
    """The structure `Proposal` of section 12.1: the type, then the body."""
    writer.uint16(proposal.proposal_type)
    proposal.write(writer)


def read_proposal(reader: Reader) -> Proposal:
    """Read a `Proposal`; an unknown type is a `DecodeError`, as its length cannot be known."""
    proposal_type = reader.uint16()
    kind = _BY_TYPE.get(proposal_type)
    if kind is None:
        raise DecodeError(f"the proposal type {proposal_type:#06x} is unknown", "proposals.unknown")
    return kind.read(reader)
