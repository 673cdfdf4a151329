"""Messages whose frame is wrong in one thing, sent by a member to a whole group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.codec import Writer
from crypto.mls.commit import Commit
from crypto.mls.errors import (
    DecodeError,
    InvalidError,
    PeerError,
    RefusedError,
    TooFarAheadError,
    UndecryptableError,
)
from crypto.mls.framing import (
    AuthenticatedContent,
    ContentType,
    FramedContent,
    FramedContentAuthData,
    MlsMessage,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderType,
    WireFormat,
)
from crypto.mls.group import ApplicationMessage
from crypto.mls.secret_tree import MAX_SKIPPED
from crypto.mls.tree_math import LeafIndex
from tests.crypto.mls.assembly import NOW, Assembly, read, refusing, stage
from tests.crypto.mls.forge import (
    framed_content,
    malleable,
    send_private,
    send_public,
    sign,
)

FORGER = 1


@pytest.fixture
def assembly() -> Assembly:
    return Assembly("forged frames", 4)


def refuse(
    assembly: Assembly, message: bytes, rule: str, kind: type[PeerError] = InvalidError
) -> None:
    assembly.refuse(FORGER, message, rule, kind, allow_public=True)


def said(
    assembly: Assembly,
    frame: Callable[[FramedContent], FramedContent] = lambda content: content,
    signed: Callable[[AuthenticatedContent], AuthenticatedContent] = lambda content: content,
    key_pair: SignatureKeyPair | None = None,
    padding: int = 0,
) -> bytes:
    """An application message of the forger, with something changed."""
    group = assembly[FORGER]
    content = frame(framed_content(group.state.epoch, b"hello"))
    authenticated = signed(sign(group.state.epoch, content, key_pair=key_pair))
    return send_private(group, authenticated, assembly.rng, padding)


def in_clear(
    assembly: Assembly, change: Callable[[PublicMessage], PublicMessage] = lambda message: message
) -> bytes:
    """An empty Commit of the forger as PublicMessage, with something changed after its tag."""
    pending = assembly[FORGER].commit([], assembly.rng, now=NOW, in_clear=True)
    body = MlsMessage.decode(pending.message).body
    assert isinstance(body, PublicMessage)
    return MlsMessage(change(body)).encode()


def private(message: bytes) -> PrivateMessage:
    body = MlsMessage.decode(message).body
    assert isinstance(body, PrivateMessage)
    return body


def test_what_the_forge_leaves_as_it_is_is_read(assembly: Assembly) -> None:
    message, commit = said(assembly, padding=100), in_clear(assembly)
    for group in assembly.others(FORGER):
        assert read(group, message) == (FORGER, b"hello")
        stage(group, commit)


def test_nothing_follows_and_nothing_lacks(assembly: Assembly) -> None:
    message = said(assembly)
    refuse(assembly, message + b"\x00", "codec.trailing", DecodeError)
    refuse(assembly, message[:-1], "codec.truncated", DecodeError)
    refuse(assembly, b"", "codec.truncated", DecodeError)


def test_lengths_have_one_form(assembly: Assembly) -> None:
    message = said(assembly)
    at = 4  # after version and wire format: the length of the group id, less than 64
    longer = message[:at] + bytes((0x40, message[at])) + message[at + 1 :]
    refuse(assembly, longer, "codec.shortest_length", DecodeError)
    refuse(assembly, message[:at] + b"\xc0" + message[at:], "codec.length_prefix", DecodeError)


def test_a_message_is_of_this_version(assembly: Assembly) -> None:
    refuse(assembly, b"\x00\x02" + said(assembly)[2:], "framing.version", DecodeError)


@pytest.mark.parametrize(
    ("rule", "field", "value"),
    [
        ("framing.group_id", "group_id", b"another group"),
        ("framing.epoch", "epoch", 2),
        ("framing.epoch", "epoch", 4),
    ],
)
def test_a_message_is_for_this_group_and_epoch(
    assembly: Assembly, rule: str, field: str, value: object
) -> None:
    assert assembly[0].epoch == 3
    changed = {field: value}
    refuse(assembly, said(assembly, lambda content: replace(content, **changed)), rule)  # type: ignore[arg-type]


@pytest.mark.parametrize("leaf", [4, 5, 0xFFFF_FFFF])
def test_nobody_speaks_from_a_blank_leaf(assembly: Assembly, leaf: int) -> None:
    """The membership tag is right: every member can make it for any sender."""
    epoch = assembly[FORGER].state.epoch
    content = framed_content(epoch, Commit((), None), sender=Sender.member(LeafIndex(leaf)))
    signed = sign(epoch, content, WireFormat.PUBLIC_MESSAGE).with_confirmation_tag(bytes(32))
    refuse(assembly, send_public(assembly[FORGER], signed), "framing.sender")


def test_nobody_speaks_for_another(assembly: Assembly) -> None:
    """All members can derive all keys of messages: the signature alone says who it was."""
    as_another = said(
        assembly, lambda content: replace(content, sender=Sender.member(LeafIndex(2)))
    )
    for leaf in (0, 3):
        with refusing(assembly[leaf], "framing.signature"):
            assembly[leaf].process(as_another)
    honest = assembly[2].encrypt(b"it was not me", assembly.rng)
    assert read(assembly[0], honest) == (2, b"it was not me")


def test_a_message_is_signed_by_its_sender(assembly: Assembly) -> None:
    stranger = SignatureKeyPair.generate(assembly.rng)
    refuse(assembly, said(assembly, key_pair=stranger), "framing.signature")

    def with_signature(change: Callable[[bytes], bytes]) -> bytes:
        def signed(content: AuthenticatedContent) -> AuthenticatedContent:
            auth = replace(content.auth, signature=change(content.auth.signature))
            return replace(content, auth=auth)

        return said(assembly, signed=signed)

    for change in (
        lambda signature: b"",
        lambda signature: bytes(64),
        lambda signature: signature[:-1],
        lambda signature: signature + b"\x00",
        malleable,
    ):
        refuse(assembly, with_signature(change), "framing.signature")


def test_the_signature_covers_the_context(assembly: Assembly) -> None:
    """The same words, signed in the epoch before."""
    group = assembly[FORGER]
    old = sign(group.state.epoch, framed_content(group.state.epoch, b"yes"))
    assembly.commit(0)
    now = replace(old, content=replace(old.content, epoch=group.epoch))
    refuse(assembly, send_private(group, now, assembly.rng), "framing.signature")


def test_a_message_in_clear_carries_the_membership_tag(assembly: Assembly) -> None:
    def with_tag(tag: bytes) -> bytes:
        return in_clear(assembly, lambda message: replace(message, membership_tag=tag))

    for tag in (bytes(32), b"", bytes(31)):
        refuse(assembly, with_tag(tag), "framing.membership_tag")


def test_application_data_do_not_come_in_clear(assembly: Assembly) -> None:
    group = assembly[FORGER]
    content = framed_content(group.state.epoch, b"in clear")
    signed = sign(group.state.epoch, content, WireFormat.PUBLIC_MESSAGE)
    message = MlsMessage(PublicMessage(content, signed.auth, bytes(32))).encode()
    refuse(assembly, message, "framing.public_application")


@pytest.mark.parametrize(
    "sender_type",
    [SenderType.EXTERNAL, SenderType.NEW_MEMBER_COMMIT, SenderType.NEW_MEMBER_PROPOSAL],
)
def test_who_is_no_member_is_not_heard(assembly: Assembly, sender_type: SenderType) -> None:
    def change(message: PublicMessage) -> PublicMessage:
        content = replace(message.content, sender=Sender(sender_type))
        return replace(message, content=content, membership_tag=None)

    refuse(assembly, in_clear(assembly, change), "framing.external_sender", RefusedError)


class Trailing(FramedContentAuthData):
    """Signature data with something after them, where the padding begins."""

    def write(self, writer: Writer, content_type: ContentType) -> None:
        super().write(writer, content_type)
        writer.raw(b"\x00\x01\x00")


def test_a_padding_is_zero(assembly: Assembly) -> None:
    def trailing(content: AuthenticatedContent) -> AuthenticatedContent:
        return replace(content, auth=Trailing(content.auth.signature))

    for padding in (0, 5):
        message = said(assembly, signed=trailing, padding=padding)
        refuse(assembly, message, "framing.padding")


def test_every_bit_of_a_ciphertext_counts(assembly: Assembly) -> None:
    message = private(said(assembly))

    def flipped(data: bytes, at: int) -> bytes:
        return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]

    tail = replace(message, ciphertext=flipped(message.ciphertext, -1 % len(message.ciphertext)))
    refuse(assembly, MlsMessage(tail).encode(), "framing.ciphertext", UndecryptableError)
    # The first bytes are the sample that the sender data's key comes from.
    head = replace(message, ciphertext=flipped(message.ciphertext, 0))
    refuse(assembly, MlsMessage(head).encode(), "framing.sender_data", UndecryptableError)
    data = replace(message, encrypted_sender_data=flipped(message.encrypted_sender_data, 0))
    refuse(assembly, MlsMessage(data).encode(), "framing.sender_data", UndecryptableError)
    beside = replace(message, authenticated_data=b"other")
    refuse(assembly, MlsMessage(beside).encode(), "framing.ciphertext", UndecryptableError)


def test_a_message_may_leave_out_a_thousand_and_no_more(assembly: Assembly) -> None:
    group = assembly[FORGER]
    messages = [group.encrypt(b"%d" % n, assembly.rng) for n in range(MAX_SKIPPED + 2)]
    refuse(assembly, messages[MAX_SKIPPED + 1], "ratchet.too_far_ahead", TooFarAheadError)
    heard = assembly[0].process(messages[MAX_SKIPPED])
    assert isinstance(heard, ApplicationMessage)
    assert heard.generation == MAX_SKIPPED


def test_an_empty_commit_is_a_handshake(assembly: Assembly) -> None:
    """The two ratchets do not get in each other's way."""
    pending = assembly[FORGER].commit([], assembly.rng, now=NOW)
    first = assembly[FORGER].encrypt(b"first", assembly.rng)
    for group in assembly.others(FORGER):
        assert read(group, first) == (FORGER, b"first")
        staged = stage(group, pending.message)
        assert staged.change.proposals == Commit((), None).proposals
