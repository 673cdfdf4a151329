"""The frames of messages (RFC 9420 section 6): what is signed, and how it looks on the wire.

These are the structures alone; `crypto.mls.protection` signs, seals, opens and verifies them. All
wire formats, senders and contents are read and written, the refused ones too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import ClassVar, Self, TypeAlias, TypeVar

from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.commit import Commit
from crypto.mls.errors import DecodeError, UsageError
from crypto.mls.key_package import KeyPackage
from crypto.mls.leaf_node import MLS10
from crypto.mls.proposals import Proposal, read_proposal, write_proposal
from crypto.mls.tree_math import LeafIndex
from crypto.mls.welcome import GroupInfo, Welcome

E = TypeVar("E", bound=IntEnum)


class WireFormat(IntEnum):
    """What an MLSMessage holds (section 17.2)."""

    PUBLIC_MESSAGE = 1
    PRIVATE_MESSAGE = 2
    WELCOME = 3
    GROUP_INFO = 4
    KEY_PACKAGE = 5


class ContentType(IntEnum):
    """What a FramedContent holds."""

    APPLICATION = 1
    PROPOSAL = 2
    COMMIT = 3


class SenderType(IntEnum):
    """Who can send a FramedContent; here only members do, and the others are refused."""

    MEMBER = 1
    EXTERNAL = 2
    NEW_MEMBER_PROPOSAL = 3
    NEW_MEMBER_COMMIT = 4


Content: TypeAlias = bytes | Proposal | Commit
"""Application data, a proposal or a Commit."""


@dataclass(frozen=True, slots=True)
class Sender(Struct):
    """Who sent it; `index` is a member's leaf or an external sender's place, otherwise 0."""

    sender_type: SenderType
    index: int = 0

    @classmethod
    def member(cls, leaf: LeafIndex) -> Self:
        """The member at a leaf."""
        return cls(SenderType.MEMBER, leaf)

    @property
    def leaf_index(self) -> LeafIndex:
        """The leaf of a member; `UsageError` for another sender, who has none."""
        if self.sender_type is not SenderType.MEMBER:
            raise UsageError("only a member has a leaf")
        return LeafIndex(self.index)

    def write(self, writer: Writer) -> None:
        writer.uint8(self.sender_type)
        if self.sender_type in _INDEXED_SENDERS:
            writer.uint32(self.index)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        sender_type = _known(SenderType, reader.uint8())
        return cls(sender_type, reader.uint32() if sender_type in _INDEXED_SENDERS else 0)


_INDEXED_SENDERS = (SenderType.MEMBER, SenderType.EXTERNAL)


@dataclass(frozen=True, slots=True)
class FramedContent(Struct):
    """What a sender says in an epoch of a group, not signed yet (section 6)."""

    group_id: bytes
    epoch: int
    sender: Sender
    authenticated_data: bytes
    content: Content = field(repr=False)

    @property
    def content_type(self) -> ContentType:
        """What the content is."""
        if isinstance(self.content, bytes):
            return ContentType.APPLICATION
        return ContentType.COMMIT if isinstance(self.content, Commit) else ContentType.PROPOSAL

    def write(self, writer: Writer) -> None:
        writer.opaque(self.group_id)
        writer.uint64(self.epoch)
        writer.struct(self.sender)
        writer.opaque(self.authenticated_data)
        writer.uint8(self.content_type)
        write_content(writer, self.content)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        group_id, epoch = reader.opaque(), reader.uint64()
        sender, authenticated_data = Sender.read(reader), reader.opaque()
        content = read_content(reader, read_content_type(reader))
        return cls(group_id, epoch, sender, authenticated_data, content)


def write_content(writer: Writer, content: Content) -> None:
    """The content without its type."""
    if isinstance(content, bytes):
        writer.opaque(content)
    elif isinstance(content, Commit):
        writer.struct(content)
    else:
        write_proposal(writer, content)


def read_content(reader: Reader, content_type: ContentType) -> Content:
    """Read the content of a type that is known already."""
    if content_type is ContentType.APPLICATION:
        return reader.opaque()
    if content_type is ContentType.COMMIT:
        return Commit.read(reader)
    return read_proposal(reader)


def read_content_type(reader: Reader) -> ContentType:
    """Read a `ContentType`; `DecodeError` for an unknown one."""
    return _known(ContentType, reader.uint8())


@dataclass(frozen=True, slots=True)
class FramedContentAuthData:
    """The signature, and a Commit's confirmation tag (section 6.1).

    The tag of a Commit is None for as long as its sender does not know it: it comes from the epoch
    that the signature leads to.
    """

    signature: bytes
    confirmation_tag: bytes | None = None

    def write(self, writer: Writer, content_type: ContentType) -> None:
        """`UsageError` where a Commit lacks its tag, or another content has one."""
        writer.opaque(self.signature)
        if (self.confirmation_tag is not None) != (content_type is ContentType.COMMIT):
            raise UsageError("a Commit, and nothing else, carries a confirmation tag")
        if self.confirmation_tag is not None:
            writer.opaque(self.confirmation_tag)

    @classmethod
    def read(cls, reader: Reader, content_type: ContentType) -> Self:
        signature = reader.opaque()
        tag = reader.opaque() if content_type is ContentType.COMMIT else None
        return cls(signature, tag)


@dataclass(frozen=True, slots=True)
class AuthenticatedContent(Struct):
    """A content with its signature, and the wire format that the signature covers (section 6).

    `crypto.mls.protection` alone makes one: by signing, or of a message whose signature it has
    verified. (`decode` verifies nothing, and no message holds the structure as it is.)
    """

    wire_format: WireFormat
    content: FramedContent
    auth: FramedContentAuthData

    def with_confirmation_tag(self, tag: bytes) -> Self:
        """The same Commit, with the tag of the epoch that it leads to."""
        return replace(self, auth=replace(self.auth, confirmation_tag=tag))

    def write(self, writer: Writer) -> None:
        writer.uint16(self.wire_format)
        writer.struct(self.content)
        self.auth.write(writer, self.content.content_type)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        wire_format = _known(WireFormat, reader.uint16())
        content = FramedContent.read(reader)
        return cls(wire_format, content, FramedContentAuthData.read(reader, content.content_type))


@dataclass(frozen=True, slots=True)
class PublicMessage(Struct):
    """A content in clear; a member's carries a tag by the membership key (section 6.2)."""

    wire_format: ClassVar[WireFormat] = WireFormat.PUBLIC_MESSAGE

    content: FramedContent
    auth: FramedContentAuthData
    membership_tag: bytes | None

    def write(self, writer: Writer) -> None:
        writer.struct(self.content)
        self.auth.write(writer, self.content.content_type)
        from_member = self.content.sender.sender_type is SenderType.MEMBER
        if (self.membership_tag is not None) != from_member:
            raise UsageError("a member's PublicMessage, and no other, carries a membership tag")
        if self.membership_tag is not None:
            writer.opaque(self.membership_tag)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        content = FramedContent.read(reader)
        auth = FramedContentAuthData.read(reader, content.content_type)
        from_member = content.sender.sender_type is SenderType.MEMBER
        return cls(content, auth, reader.opaque() if from_member else None)


@dataclass(frozen=True, slots=True)
class PrivateMessage(Struct):
    """A content that only members can read, its sender hidden from others too (section 6.3)."""

    wire_format: ClassVar[WireFormat] = WireFormat.PRIVATE_MESSAGE

    group_id: bytes
    epoch: int
    content_type: ContentType
    authenticated_data: bytes
    encrypted_sender_data: bytes
    ciphertext: bytes

    def write(self, writer: Writer) -> None:
        writer.opaque(self.group_id)
        writer.uint64(self.epoch)
        writer.uint8(self.content_type)
        writer.opaque(self.authenticated_data)
        writer.opaque(self.encrypted_sender_data)
        writer.opaque(self.ciphertext)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.opaque(),
            reader.uint64(),
            read_content_type(reader),
            reader.opaque(),
            reader.opaque(),
            reader.opaque(),
        )


MessageBody: TypeAlias = PublicMessage | PrivateMessage | Welcome | GroupInfo | KeyPackage

_BODIES: dict[WireFormat, type[MessageBody]] = {
    WireFormat.PUBLIC_MESSAGE: PublicMessage,
    WireFormat.PRIVATE_MESSAGE: PrivateMessage,
    WireFormat.WELCOME: Welcome,
    WireFormat.GROUP_INFO: GroupInfo,
    WireFormat.KEY_PACKAGE: KeyPackage,
}
_WIRE_FORMATS = {kind: wire_format for wire_format, kind in _BODIES.items()}


@dataclass(frozen=True, slots=True)
class MlsMessage(Struct):
    """MLSMessage (section 6): anything that clients send each other, by its version and kind."""

    body: MessageBody

    @property
    def wire_format(self) -> WireFormat:
        """Which of the five it is."""
        return _WIRE_FORMATS[type(self.body)]

    def write(self, writer: Writer) -> None:
        writer.uint16(MLS10)
        writer.uint16(self.wire_format)
        writer.struct(self.body)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        version = reader.uint16()
        if version != MLS10:
            raise DecodeError(f"a message is of version {MLS10}, not {version}", "framing.version")
        return cls(_BODIES[_known(WireFormat, reader.uint16())].read(reader))


def _known(kind: type[E], value: int) -> E:
    try:
        return kind(value)
    except ValueError:
        raise DecodeError(f"{value} is no {kind.__name__}") from None
