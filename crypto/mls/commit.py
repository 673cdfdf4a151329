"""Commits (RFC 9420 section 12.4): the list of proposals and the committer's new path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.errors import DecodeError
from crypto.mls.proposals import Proposal, read_proposal, write_proposal
from crypto.mls.treekem import UpdatePath

_BY_VALUE = 1
_BY_REFERENCE = 2


@dataclass(frozen=True, slots=True)
class ProposalReference:
    """The hash of a proposal that was sent on its own (section 5.2); refused in a Commit."""

    hash: bytes


def write_proposal_or_ref(writer: Writer, item: Proposal | ProposalReference) -> None:
    """The structure `ProposalOrRef` of section 12.4."""
    if isinstance(item, ProposalReference):
        writer.uint8(_BY_REFERENCE)
        writer.opaque(item.hash)
    else:
        writer.uint8(_BY_VALUE)
        write_proposal(writer, item)


def read_proposal_or_ref(reader: Reader) -> Proposal | ProposalReference:
    """Read a `ProposalOrRef`."""
    kind = reader.uint8()
    if kind == _BY_VALUE:
        return read_proposal(reader)
    if kind == _BY_REFERENCE:
        return ProposalReference(reader.opaque())
    raise DecodeError(f"a ProposalOrRef is of type 1 or 2, not {kind}")


@dataclass(frozen=True, slots=True)
class Commit(Struct):
    """Proposals in their order, and the committer's UpdatePath where there is one."""

    proposals: tuple[Proposal | ProposalReference, ...]
    path: UpdatePath | None

    def write(self, writer: Writer) -> None:
        writer.vector(self.proposals, write_proposal_or_ref)
        writer.optional(self.path)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            tuple(reader.vector(read_proposal_or_ref)),
            reader.optional(UpdatePath.read),
        )
