"""Frames: every wire format, sender and content on the wire, and what is not one of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.codec import Writer
from crypto.mls.commit import Commit, ProposalReference
from crypto.mls.errors import DecodeError, UsageError
from crypto.mls.framing import (
    AuthenticatedContent,
    Content,
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
from crypto.mls.key_package import KeyPackage
from crypto.mls.proposals import ExternalInit, PreSharedKey, Remove
from crypto.mls.psk import ExternalPsk, PreSharedKeyID
from crypto.mls.tree_math import LeafIndex
from crypto.mls.welcome import GroupInfo, Welcome
from tests.vectors import vectors

PROPOSAL = Remove(LeafIndex(2))
COMMIT = Commit((PROPOSAL,), None)
MEMBER = Sender.member(LeafIndex(1))

proposals = st.one_of(
    st.builds(Remove, st.integers(0, 0xFFFF_FFFF).map(LeafIndex)),
    st.builds(ExternalInit, st.binary(max_size=40)),
    st.builds(
        PreSharedKey,
        st.builds(
            PreSharedKeyID, st.builds(ExternalPsk, st.binary(max_size=9)), st.binary(max_size=40)
        ),
    ),
)
commits = st.builds(
    Commit,
    st.lists(proposals | st.builds(ProposalReference, st.binary(max_size=40)), max_size=3).map(
        tuple
    ),
    st.none(),
)
contents: st.SearchStrategy[Content] = st.one_of(st.binary(max_size=300), proposals, commits)
senders = st.one_of(
    st.builds(
        Sender,
        st.sampled_from([SenderType.MEMBER, SenderType.EXTERNAL]),
        st.integers(0, 0xFFFF_FFFF),
    ),
    st.builds(
        Sender, st.sampled_from([SenderType.NEW_MEMBER_PROPOSAL, SenderType.NEW_MEMBER_COMMIT])
    ),
)
framed_contents = st.builds(
    FramedContent,
    group_id=st.binary(max_size=40),
    epoch=st.integers(0, 2**64 - 1),
    sender=senders,
    authenticated_data=st.binary(max_size=80),
    content=contents,
)


@st.composite
def authenticated_contents(draw: st.DrawFn) -> AuthenticatedContent:
    content = draw(framed_contents)
    is_commit = content.content_type is ContentType.COMMIT
    tag = draw(st.binary(max_size=40)) if is_commit else None
    auth = FramedContentAuthData(draw(st.binary(max_size=70)), tag)
    return AuthenticatedContent(draw(st.sampled_from(WireFormat)), content, auth)


@st.composite
def public_messages(draw: st.DrawFn) -> PublicMessage:
    authenticated = draw(authenticated_contents())
    from_member = authenticated.content.sender.sender_type is SenderType.MEMBER
    tag = draw(st.binary(max_size=40)) if from_member else None
    return PublicMessage(authenticated.content, authenticated.auth, tag)


private_messages = st.builds(
    PrivateMessage,
    group_id=st.binary(max_size=40),
    epoch=st.integers(0, 2**64 - 1),
    content_type=st.sampled_from(ContentType),
    authenticated_data=st.binary(max_size=80),
    encrypted_sender_data=st.binary(max_size=40),
    ciphertext=st.binary(max_size=300),
)


def framed(content: Content = b"text", sender: Sender = MEMBER) -> FramedContent:
    return FramedContent(b"group", 5, sender, b"data", content)


# Round trips


@given(authenticated_contents())
def test_an_authenticated_content_survives_the_round_trip(content: AuthenticatedContent) -> None:
    assert AuthenticatedContent.decode(content.encode()) == content


@given(public_messages() | private_messages)
def test_a_message_survives_the_round_trip(body: PublicMessage | PrivateMessage) -> None:
    message = MlsMessage(body)
    again = MlsMessage.decode(message.encode())
    assert again == message
    assert again.encode() == message.encode()


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_a_decode_error(data: bytes) -> None:
    prefix = b"\x00\x01\x00\x01\x05group" + bytes(7) + b"\x05"
    for bytes_in in (data, prefix + data):
        try:
            message = MlsMessage.decode(bytes_in)
        except DecodeError:
            continue
        assert message.encode() == bytes_in


@pytest.mark.parametrize(
    ("name", "wire_format", "kind"),
    [
        ("public_message_application", WireFormat.PUBLIC_MESSAGE, PublicMessage),
        ("public_message_proposal", WireFormat.PUBLIC_MESSAGE, PublicMessage),
        ("public_message_commit", WireFormat.PUBLIC_MESSAGE, PublicMessage),
        ("private_message", WireFormat.PRIVATE_MESSAGE, PrivateMessage),
        ("mls_welcome", WireFormat.WELCOME, Welcome),
        ("mls_group_info", WireFormat.GROUP_INFO, GroupInfo),
        ("mls_key_package", WireFormat.KEY_PACKAGE, KeyPackage),
    ],
)
def test_each_wire_format_is_told_apart(
    name: str, wire_format: WireFormat, kind: type[object]
) -> None:
    for case in vectors("messages"):
        data = bytes.fromhex(case[name])
        message = MlsMessage.decode(data)
        assert type(message.body) is kind
        assert message.wire_format is wire_format
        assert data[:4] == b"\x00\x01" + wire_format.to_bytes(2)
        assert message.encode() == data


# Layouts


def test_a_framed_content_has_the_fields_in_the_order_of_the_rfc() -> None:
    assert framed().encode().hex() == (
        "05" + b"group".hex() + "0000000000000005"
        "01" + "00000001" + "04" + b"data".hex() + "01" + "04" + b"text".hex()
    )


@pytest.mark.parametrize(
    ("sender", "data"),
    [
        (Sender.member(LeafIndex(258)), "0100000102"),
        (Sender(SenderType.EXTERNAL, 259), "0200000103"),
        (Sender(SenderType.NEW_MEMBER_PROPOSAL), "03"),
        (Sender(SenderType.NEW_MEMBER_COMMIT), "04"),
    ],
)
def test_a_sender_is_a_type_and_sometimes_an_index(sender: Sender, data: str) -> None:
    assert sender.encode().hex() == data
    assert Sender.decode(bytes.fromhex(data)) == sender


@pytest.mark.parametrize(
    ("content", "content_type", "data"),
    [
        (b"text", ContentType.APPLICATION, "01" + "04" + b"text".hex()),
        (PROPOSAL, ContentType.PROPOSAL, "02" + "0003" + "00000002"),
        (COMMIT, ContentType.COMMIT, "03" + "07" + "01" + "0003" + "00000002" + "00"),
    ],
)
def test_a_content_is_written_after_its_type(
    content: Content, content_type: ContentType, data: str
) -> None:
    whole = framed(content)
    assert whole.content_type is content_type
    assert whole.encode().hex().endswith("04" + b"data".hex() + data)


def test_a_private_message_has_the_fields_in_the_order_of_the_rfc() -> None:
    message = PrivateMessage(b"group", 5, ContentType.COMMIT, b"data", b"sender", b"sealed")
    assert MlsMessage(message).encode().hex() == (
        "0001" + "0002" + "05" + b"group".hex() + "0000000000000005" + "03"
        "04" + b"data".hex() + "06" + b"sender".hex() + "06" + b"sealed".hex()
    )


def test_a_public_message_ends_with_signature_and_tags() -> None:
    auth = FramedContentAuthData(b"signature", b"confirmed")
    message = PublicMessage(framed(COMMIT), auth, b"member")
    assert message.encode() == (
        framed(COMMIT).encode() + b"\x09signature" + b"\x09confirmed" + b"\x06member"
    )


# What is refused


@pytest.mark.parametrize("sender_type", [0, 5, 255])
def test_an_unknown_sender_is_refused(sender_type: int) -> None:
    with pytest.raises(DecodeError, match=f"{sender_type} is no SenderType"):
        Sender.decode(bytes((sender_type, 0, 0, 0, 0)))


@pytest.mark.parametrize("content_type", [0, 4, 255])
def test_an_unknown_content_is_refused(content_type: int) -> None:
    whole = framed().encode()
    at = len(whole) - 6
    assert whole[at] == ContentType.APPLICATION
    with pytest.raises(DecodeError, match=f"{content_type} is no ContentType"):
        FramedContent.decode(whole[:at] + bytes((content_type,)) + whole[at + 1 :])
    private = PrivateMessage(b"", 0, ContentType.APPLICATION, b"", b"", b"").encode()
    with pytest.raises(DecodeError, match=f"{content_type} is no ContentType"):
        PrivateMessage.decode(private[:9] + bytes((content_type,)) + private[10:])


@pytest.mark.parametrize("wire_format", [0, 6, 0xF000])
def test_an_unknown_wire_format_is_refused(wire_format: int) -> None:
    private = PrivateMessage(b"", 0, ContentType.APPLICATION, b"", b"", b"").encode()
    with pytest.raises(DecodeError, match=f"{wire_format} is no WireFormat"):
        MlsMessage.decode(b"\x00\x01" + wire_format.to_bytes(2) + private)
    with pytest.raises(DecodeError, match=f"{wire_format} is no WireFormat"):
        AuthenticatedContent.decode(wire_format.to_bytes(2) + framed().encode() + b"\x00")


@pytest.mark.parametrize("version", [0, 2, 0xFFFF])
def test_another_version_is_refused(version: int) -> None:
    private = PrivateMessage(b"", 0, ContentType.APPLICATION, b"", b"", b"").encode()
    with pytest.raises(DecodeError, match=rf"not {version} \(framing\.version\)"):
        MlsMessage.decode(version.to_bytes(2) + b"\x00\x02" + private)


def test_nothing_follows_a_message() -> None:
    message = MlsMessage(PrivateMessage(b"", 0, ContentType.APPLICATION, b"", b"", b"")).encode()
    MlsMessage.decode(message)
    with pytest.raises(DecodeError, match="1 bytes follow"):
        MlsMessage.decode(message + b"\x00")


def test_a_commit_is_not_written_without_its_tag() -> None:
    unconfirmed = AuthenticatedContent(
        WireFormat.PRIVATE_MESSAGE, framed(COMMIT), FramedContentAuthData(b"signature")
    )
    with pytest.raises(UsageError, match="confirmation tag"):
        unconfirmed.encode()
    assert unconfirmed.with_confirmation_tag(b"tag").encode().endswith(b"\x09signature\x03tag")


@pytest.mark.parametrize("content", [b"text", PROPOSAL])
def test_nothing_but_a_commit_is_written_with_a_confirmation_tag(content: Content) -> None:
    tagged = FramedContentAuthData(b"signature", b"tag")
    with pytest.raises(UsageError, match="confirmation tag"):
        tagged.write(Writer(), framed(content).content_type)


def test_a_member_alone_has_a_membership_tag() -> None:
    auth = FramedContentAuthData(b"signature")
    outsider = PublicMessage(framed(PROPOSAL, Sender(SenderType.EXTERNAL, 1)), auth, None)
    assert PublicMessage.decode(outsider.encode()) == outsider
    with pytest.raises(UsageError, match="membership tag"):
        replace(outsider, membership_tag=b"tag").encode()
    with pytest.raises(UsageError, match="membership tag"):
        PublicMessage(framed(PROPOSAL), auth, None).encode()


@pytest.mark.parametrize("sender_type", [kind for kind in SenderType if kind != 1])
def test_a_member_alone_has_a_leaf(sender_type: SenderType) -> None:
    assert MEMBER.leaf_index == 1
    with pytest.raises(UsageError, match="only a member"):
        _ = Sender(sender_type, 1).leaf_index
