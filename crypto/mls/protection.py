"""Message protection (RFC 9420 sections 6.1 to 6.3): from content to message and back.

    FramedContent ── sign_content ──▶ AuthenticatedContent ── protect_… ──▶ message
                                      AuthenticatedContent ◀── unprotect_… ── message

What arrives is a `PublicMessage` or `PrivateMessage` until all of it has been verified, and an
`AuthenticatedContent` only then. Members alone send here: the other senders of the RFC are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeAlias

from crypto.mls.cipher_suite import CipherSuite, SignatureKeyPair
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.errors import InvalidError, RefusedError, UndecryptableError, UsageError
from crypto.mls.framing import (
    AuthenticatedContent,
    Content,
    ContentType,
    FramedContent,
    FramedContentAuthData,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderType,
    WireFormat,
    read_content,
    write_content,
)
from crypto.mls.group_context import GroupContext
from crypto.mls.labeled import expand_with_label, sign_with_label, verify_with_label
from crypto.mls.leaf_node import MLS10
from crypto.mls.secret_tree import MessageKey, RatchetKind, SecretTree
from crypto.mls.tree_math import LeafIndex
from crypto.primitives import Rng
from crypto.secret import Secret, equal

Padding: TypeAlias = Callable[[int], int]
"""From the length of a content with its signature to the number of zero bytes after it."""

SignatureKeys: TypeAlias = Callable[[LeafIndex], bytes | None]
"""The signature key of the member at a leaf; None where nobody is, outside the tree too."""

REUSE_GUARD_LENGTH = 4


class OpenedMessage(NamedTuple):
    """A verified content, and the key to `SecretTree.consume` once it is acted upon."""

    content: AuthenticatedContent
    key: MessageKey


# Signatures (section 6.1)


def sign_content(
    suite: CipherSuite,
    key_pair: SignatureKeyPair,
    wire_format: WireFormat,
    content: FramedContent,
    context: GroupContext,
) -> AuthenticatedContent:
    """A member's signature for one wire format; a Commit's confirmation tag is added later."""
    signature = sign_with_label(
        suite, key_pair, "FramedContentTBS", _to_be_signed(wire_format, content, context)
    )
    return AuthenticatedContent(wire_format, content, FramedContentAuthData(signature))


def _to_be_signed(wire_format: WireFormat, content: FramedContent, context: GroupContext) -> bytes:
    writer = Writer()
    writer.uint16(MLS10)
    writer.uint16(wire_format)
    writer.struct(content)
    writer.raw(context.encode())
    return writer.getvalue()


def _verified(
    suite: CipherSuite,
    public: bytes,
    content: AuthenticatedContent,
    context: GroupContext,
) -> AuthenticatedContent:
    signed = _to_be_signed(content.wire_format, content.content, context)
    if not verify_with_label(suite, public, "FramedContentTBS", signed, content.auth.signature):
        raise InvalidError("a message is not signed by its sender", "framing.signature")
    return content


def _check_place(group_id: bytes, epoch: int, context: GroupContext) -> None:
    if group_id != context.group_id:
        raise InvalidError("a message is for another group", "framing.group_id")
    if epoch != context.epoch:
        raise InvalidError(
            f"a message is of epoch {epoch}, the group is in {context.epoch}", "framing.epoch"
        )


def _sender_key(signature_keys: SignatureKeys, leaf: LeafIndex) -> bytes:
    public = signature_keys(leaf)
    if public is None:
        raise InvalidError("a message comes from a leaf where nobody is", "framing.sender")
    return public


# PublicMessage (section 6.2)


def protect_public(
    suite: CipherSuite,
    authenticated: AuthenticatedContent,
    context: GroupContext,
    membership_key: Secret,
) -> PublicMessage:
    """A member's proposal or Commit in clear; `UsageError` for application data."""
    content, auth = authenticated.content, authenticated.auth
    _check_signed_for(authenticated, WireFormat.PUBLIC_MESSAGE)
    if content.content_type is ContentType.APPLICATION:
        raise UsageError("application data is never sent in clear")
    return PublicMessage(
        content, auth, _membership_tag(suite, membership_key, content, auth, context)
    )


def unprotect_public(
    suite: CipherSuite,
    message: PublicMessage,
    context: GroupContext,
    membership_key: Secret,
    signature_keys: SignatureKeys,
) -> AuthenticatedContent:
    """The content, with membership tag and signature verified.

    `InvalidError` where a check fails, `RefusedError` for a sender who is no member.
    """
    content, auth = message.content, message.auth
    _check_place(content.group_id, content.epoch, context)
    if message.membership_tag is None:
        raise RefusedError(
            "only members speak here: external senders and commits are refused",
            "framing.external_sender",
        )
    if content.content_type is ContentType.APPLICATION:
        raise InvalidError("application data came in clear", "framing.public_application")
    expected = _membership_tag(suite, membership_key, content, auth, context)
    if not equal(message.membership_tag, expected):
        raise InvalidError("a message's membership tag is wrong", "framing.membership_tag")
    public = _sender_key(signature_keys, content.sender.leaf_index)
    authenticated = AuthenticatedContent(WireFormat.PUBLIC_MESSAGE, content, auth)
    return _verified(suite, public, authenticated, context)


def _membership_tag(
    suite: CipherSuite,
    membership_key: Secret,
    content: FramedContent,
    auth: FramedContentAuthData,
    context: GroupContext,
) -> bytes:
    writer = Writer()
    writer.raw(_to_be_signed(WireFormat.PUBLIC_MESSAGE, content, context))
    auth.write(writer, content.content_type)
    return suite.mac(membership_key, writer.getvalue())


def _check_signed_for(authenticated: AuthenticatedContent, wire_format: WireFormat) -> None:
    if authenticated.wire_format is not wire_format:
        raise UsageError("a content is sent in the wire format that it was signed for")


# PrivateMessage (section 6.3)


@dataclass(frozen=True, slots=True)
class SenderData(Struct):
    """Which member sent a PrivateMessage, and the key that it is sealed with (section 6.3.2)."""

    leaf_index: LeafIndex
    generation: int
    reuse_guard: bytes

    def write(self, writer: Writer) -> None:
        writer.uint32(self.leaf_index)
        writer.uint32(self.generation)
        writer.raw(self.reuse_guard)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(LeafIndex(reader.uint32()), reader.uint32(), reader.raw(REUSE_GUARD_LENGTH))


def protect_private(
    suite: CipherSuite,
    authenticated: AuthenticatedContent,
    sender_data_secret: Secret,
    ratchets: SecretTree,
    pad: Padding,
    rng: Rng,
) -> PrivateMessage:
    """Seal a content under the sender's next key, which this uses up."""
    content = authenticated.content
    _check_signed_for(authenticated, WireFormat.PRIVATE_MESSAGE)
    leaf, kind = content.sender.leaf_index, _ratchet_kind(content.content_type)
    plaintext = _padded(authenticated, pad)
    message_key = ratchets.next_key(leaf, kind)
    # Should a generation come twice, after a restored backup, the nonces still differ.
    sender_data = SenderData(leaf, message_key.generation, rng(REUSE_GUARD_LENGTH))
    sender_aad = _sender_data_aad(content.group_id, content.epoch, content.content_type)
    ciphertext = suite.aead.seal(
        message_key.key,
        _guarded(message_key.nonce, sender_data.reuse_guard),
        _content_aad(sender_aad, content.authenticated_data),
        plaintext,
    )
    key, nonce = _sender_data_key(suite, sender_data_secret, ciphertext)
    return PrivateMessage(
        group_id=content.group_id,
        epoch=content.epoch,
        content_type=content.content_type,
        authenticated_data=content.authenticated_data,
        encrypted_sender_data=suite.aead.seal(key, nonce, sender_aad, sender_data.encode()),
        ciphertext=ciphertext,
    )


def unprotect_private(
    suite: CipherSuite,
    message: PrivateMessage,
    context: GroupContext,
    sender_data_secret: Secret,
    ratchets: SecretTree,
    signature_keys: SignatureKeys,
) -> OpenedMessage:
    """The content, decrypted and its signature verified; the ratchets stay as they are.

    The caller gives the key to `ratchets.consume` once the content is accepted. Errors:
    `UndecryptableError` (`KeyUsedError`, `TooFarAheadError`) where it does not open, `DecodeError`
    and `InvalidError` where what comes out is wrong.
    """
    _check_place(message.group_id, message.epoch, context)
    sender_aad = _sender_data_aad(message.group_id, message.epoch, message.content_type)
    sender_data = _open_sender_data(suite, message, sender_data_secret, sender_aad)
    leaf = sender_data.leaf_index
    public = _sender_key(signature_keys, leaf)
    message_key = ratchets.peek(leaf, _ratchet_kind(message.content_type), sender_data.generation)
    plaintext = suite.aead.open(
        message_key.key,
        _guarded(message_key.nonce, sender_data.reuse_guard),
        _content_aad(sender_aad, message.authenticated_data),
        message.ciphertext,
    )
    if plaintext is None:
        raise UndecryptableError(
            "a message does not open with the key that it names", "framing.ciphertext"
        )
    content, auth = _unpadded(plaintext, message.content_type)
    framed = FramedContent(
        message.group_id,
        message.epoch,
        Sender(SenderType.MEMBER, leaf),
        message.authenticated_data,
        content,
    )
    authenticated = AuthenticatedContent(WireFormat.PRIVATE_MESSAGE, framed, auth)
    return OpenedMessage(_verified(suite, public, authenticated, context), message_key)


def _padded(authenticated: AuthenticatedContent, pad: Padding) -> bytes:
    writer = Writer()
    write_content(writer, authenticated.content.content)
    authenticated.auth.write(writer, authenticated.content.content_type)
    plaintext = writer.getvalue()
    padding = pad(len(plaintext))
    if padding < 0:
        raise UsageError(f"a padding of {padding} bytes was asked for")
    return plaintext + bytes(padding)


def _unpadded(plaintext: bytes, content_type: ContentType) -> tuple[Content, FramedContentAuthData]:
    reader = Reader(plaintext)
    content = read_content(reader, content_type)
    auth = FramedContentAuthData.read(reader, content_type)
    padding = reader.rest()
    if padding.count(0) != len(padding):
        raise InvalidError("a message's padding is not zero", "framing.padding")
    return content, auth


def _open_sender_data(
    suite: CipherSuite, message: PrivateMessage, sender_data_secret: Secret, aad: bytes
) -> SenderData:
    key, nonce = _sender_data_key(suite, sender_data_secret, message.ciphertext)
    opened = suite.aead.open(key, nonce, aad, message.encrypted_sender_data)
    if opened is None:
        raise UndecryptableError(
            "a message's sender data do not open with this epoch's secret", "framing.sender_data"
        )
    return SenderData.decode(opened)


def _sender_data_key(
    suite: CipherSuite, sender_data_secret: Secret, ciphertext: bytes
) -> tuple[Secret, bytes]:
    """Key and nonce, bound to the beginning of the ciphertext (section 6.3.2)."""
    sample = ciphertext[: suite.hash_length]
    key = expand_with_label(suite, sender_data_secret, "key", sample, suite.aead.key_length)
    nonce = expand_with_label(suite, sender_data_secret, "nonce", sample, suite.aead.nonce_length)
    return key, nonce.reveal()


def _ratchet_kind(content_type: ContentType) -> RatchetKind:
    if content_type is ContentType.APPLICATION:
        return RatchetKind.APPLICATION
    return RatchetKind.HANDSHAKE


def _guarded(nonce: Secret, reuse_guard: bytes) -> bytes:
    revealed = nonce.reveal()
    first = int.from_bytes(revealed[:REUSE_GUARD_LENGTH]) ^ int.from_bytes(reuse_guard)
    return first.to_bytes(REUSE_GUARD_LENGTH) + revealed[REUSE_GUARD_LENGTH:]


def _sender_data_aad(group_id: bytes, epoch: int, content_type: ContentType) -> bytes:
    writer = Writer()
    writer.opaque(group_id)
    writer.uint64(epoch)
    writer.uint8(content_type)
    return writer.getvalue()


def _content_aad(sender_data_aad: bytes, authenticated_data: bytes) -> bytes:
    """PrivateContentAAD: what sender data are bound to, and the authenticated data."""
    writer = Writer()
    writer.raw(sender_data_aad)
    writer.opaque(authenticated_data)
    return writer.getvalue()
