"""Message protection: the published messages, both ways through, and every forgery refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.codec import Reader, Writer
from crypto.mls.commit import Commit
from crypto.mls.errors import (
    DecodeError,
    InvalidError,
    KeyUsedError,
    MlsError,
    PeerError,
    RefusedError,
    TooFarAheadError,
    UndecryptableError,
    UsageError,
)
from crypto.mls.extensions import Extension
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
    write_content,
)
from crypto.mls.group_context import GroupContext
from crypto.mls.labeled import expand_with_label
from crypto.mls.proposals import Proposal, Remove, read_proposal
from crypto.mls.protection import (
    OpenedMessage,
    SenderData,
    protect_private,
    protect_public,
    sign_content,
    unprotect_private,
    unprotect_public,
)
from crypto.mls.secret_tree import MAX_SKIPPED, RatchetKind, SecretTree
from crypto.mls.tree_math import LeafIndex
from crypto.primitives import Rng
from crypto.secret import Secret
from tests.crypto.mls.members import SUITE, seeded
from tests.vectors import vectors

ANA, BO, NOBODY = LeafIndex(0), LeafIndex(1), LeafIndex(2)
ENCRYPTION_SECRET, SENDER_DATA_SECRET, MEMBERSHIP_KEY = (
    Secret(bytes((value,)) * 32) for value in (1, 2, 3)
)
CONTEXT = GroupContext(1, SUITE.code, b"group", 5, b"\x04" * 32, b"\x05" * 32, ())
KEYS = {leaf: SignatureKeyPair.from_seed(Secret(bytes((9, leaf)) * 16)) for leaf in (ANA, BO)}
PROPOSAL = Remove(BO)
COMMIT = Commit((PROPOSAL,), None)
CONTENTS: list[Content] = [b"Are you there?", PROPOSAL, COMMIT]
TAG = b"\x06" * 32


def signature_key(leaf: LeafIndex) -> bytes | None:
    return KEYS[leaf].public if leaf in KEYS else None


def no_padding(length: int) -> int:
    return 0


def fresh_ratchets() -> SecretTree:
    return SecretTree(SUITE, ENCRYPTION_SECRET, 4)


def framed(content: Content, sender: Sender | None = None) -> FramedContent:
    return FramedContent(
        CONTEXT.group_id, CONTEXT.epoch, sender or Sender.member(ANA), b"data", content
    )


def signed(
    content: Content,
    wire_format: WireFormat = WireFormat.PRIVATE_MESSAGE,
    context: GroupContext = CONTEXT,
) -> AuthenticatedContent:
    authenticated = sign_content(SUITE, KEYS[ANA], wire_format, framed(content), context)
    if isinstance(content, Commit):
        return authenticated.with_confirmation_tag(TAG)
    return authenticated


def sealed(
    authenticated: AuthenticatedContent,
    ratchets: SecretTree | None = None,
    pad: Callable[[int], int] = no_padding,
    rng: Rng | None = None,
) -> PrivateMessage:
    return protect_private(
        SUITE,
        authenticated,
        SENDER_DATA_SECRET,
        ratchets or fresh_ratchets(),
        pad,
        rng or seeded(1),
    )


def opened(message: PrivateMessage, ratchets: SecretTree | None = None) -> OpenedMessage:
    return unprotect_private(
        SUITE, message, CONTEXT, SENDER_DATA_SECRET, ratchets or fresh_ratchets(), signature_key
    )


def in_clear(authenticated: AuthenticatedContent) -> PublicMessage:
    return protect_public(SUITE, authenticated, CONTEXT, MEMBERSHIP_KEY)


def read_in_clear(message: PublicMessage) -> AuthenticatedContent:
    return unprotect_public(SUITE, message, CONTEXT, MEMBERSHIP_KEY, signature_key)


def refused(error: type[PeerError], message: PrivateMessage, rule: str) -> None:
    """That a message is refused so, and that the ratchets are what they were."""
    ratchets = fresh_ratchets()
    before = ratchets.encode()
    with pytest.raises(error) as caught:
        opened(message, ratchets)
    assert type(caught.value) is error
    assert caught.value.rule == rule
    assert ratchets.encode() == before


# The published messages


@dataclass(frozen=True)
class Published:
    """One group's state in the vectors, and what its member 1 sent."""

    case: dict[str, Any]

    def unhex(self, name: str) -> bytes:
        return bytes.fromhex(self.case[name])

    @property
    def context(self) -> GroupContext:
        return GroupContext(
            1,
            self.case["cipher_suite"],
            self.unhex("group_id"),
            self.case["epoch"],
            self.unhex("tree_hash"),
            self.unhex("confirmed_transcript_hash"),
            (),
        )

    def ratchets(self) -> SecretTree:
        return SecretTree(SUITE, Secret(self.unhex("encryption_secret")), 2)

    def signature_key(self, leaf: LeafIndex) -> bytes | None:
        return self.unhex("signature_pub")

    def open(self, data: bytes) -> AuthenticatedContent:
        body = MlsMessage.decode(data).body
        if isinstance(body, PublicMessage):
            key = Secret(self.unhex("membership_key"))
            return unprotect_public(SUITE, body, self.context, key, self.signature_key)
        assert isinstance(body, PrivateMessage)
        secret = Secret(self.unhex("sender_data_secret"))
        return unprotect_private(
            SUITE, body, self.context, secret, self.ratchets(), self.signature_key
        ).content

    def content(self, name: str) -> Content:
        data = self.unhex(name)
        if name == "commit":
            return Commit.decode(data)
        return read_proposal(Reader(data)) if name == "proposal" else data


@pytest.fixture
def published() -> Published:
    (case,) = vectors("message-protection")
    return Published(case)


@pytest.mark.parametrize(
    "message", ["proposal_pub", "proposal_priv", "commit_pub", "commit_priv", "application_priv"]
)
def test_a_published_message_opens(published: Published, message: str) -> None:
    name, framing = message.split("_")
    authenticated = published.open(published.unhex(message))
    assert authenticated.content.content == published.content(name)
    assert authenticated.content.sender == Sender.member(LeafIndex(1))
    assert authenticated.wire_format == (1 if framing == "pub" else 2)


@pytest.mark.parametrize(
    ("name", "wire_format"),
    [
        ("proposal", WireFormat.PUBLIC_MESSAGE),
        ("proposal", WireFormat.PRIVATE_MESSAGE),
        ("commit", WireFormat.PUBLIC_MESSAGE),
        ("commit", WireFormat.PRIVATE_MESSAGE),
        ("application", WireFormat.PRIVATE_MESSAGE),
    ],
)
def test_a_published_content_goes_both_ways(
    published: Published, name: str, wire_format: WireFormat
) -> None:
    seed, context = Secret(published.unhex("signature_priv")[:32]), published.context
    key_pair = SignatureKeyPair.from_seed(seed)
    assert key_pair.public == published.unhex("signature_pub")
    content = FramedContent(
        context.group_id,
        context.epoch,
        Sender.member(LeafIndex(1)),
        b"data",
        published.content(name),
    )
    authenticated = sign_content(SUITE, key_pair, wire_format, content, context)
    if name == "commit":
        authenticated = authenticated.with_confirmation_tag(TAG)
    message: PublicMessage | PrivateMessage
    if wire_format is WireFormat.PUBLIC_MESSAGE:
        key = Secret(published.unhex("membership_key"))
        message = protect_public(SUITE, authenticated, context, key)
    else:
        secret = Secret(published.unhex("sender_data_secret"))
        message = protect_private(
            SUITE, authenticated, secret, published.ratchets(), no_padding, seeded(2)
        )
    assert published.open(MlsMessage(message).encode()) == authenticated


def test_sender_data_are_sealed_as_in_the_vectors() -> None:
    for case in vectors("secret-tree"):
        ciphertext = bytes.fromhex(case["sender_data"]["ciphertext"])
        secret = Secret(bytes.fromhex(case["sender_data"]["sender_data_secret"]))
        key, nonce = sender_data_key(ciphertext, secret)
        assert key.reveal().hex() == case["sender_data"]["key"]
        assert nonce.hex() == case["sender_data"]["nonce"]


# There and back


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
def test_a_private_message_comes_out_as_it_went_in(content: Content) -> None:
    authenticated = signed(content)
    message = sealed(authenticated)
    result = opened(message)
    assert result.content == authenticated
    assert (result.key.leaf, result.key.generation) == (ANA, 0)
    assert message.content_type is authenticated.content.content_type
    assert (message.group_id, message.epoch) == (CONTEXT.group_id, CONTEXT.epoch)
    assert message.authenticated_data == b"data"


@pytest.mark.parametrize("content", CONTENTS[1:], ids=lambda content: type(content).__name__)
def test_a_public_message_comes_out_as_it_went_in(content: Content) -> None:
    authenticated = signed(content, WireFormat.PUBLIC_MESSAGE)
    assert read_in_clear(in_clear(authenticated)) == authenticated


@given(data=st.binary(max_size=2000), padding=st.integers(0, 300), about=st.binary(max_size=99))
def test_any_application_data_come_out_as_they_went_in(
    data: bytes, padding: int, about: bytes
) -> None:
    content = replace(framed(data), authenticated_data=about)
    authenticated = sign_content(SUITE, KEYS[ANA], WireFormat.PRIVATE_MESSAGE, content, CONTEXT)
    bare, padded = sealed(authenticated), sealed(authenticated, pad=lambda length: padding)
    assert len(padded.ciphertext) == len(bare.ciphertext) + padding
    for message in (bare, padded):
        assert opened(message).content == authenticated


def test_handshakes_and_messages_take_keys_from_different_ratchets() -> None:
    sender = fresh_ratchets()
    kinds = [
        opened(sealed(signed(content), sender)).key.kind for content in (b"text", PROPOSAL, COMMIT)
    ]
    assert kinds == [RatchetKind.APPLICATION, RatchetKind.HANDSHAKE, RatchetKind.HANDSHAKE]
    assert sender.next_key(ANA, RatchetKind.APPLICATION).generation == 1
    assert sender.next_key(ANA, RatchetKind.HANDSHAKE).generation == 2


def test_messages_are_opened_out_of_order_and_once() -> None:
    sender, receiver = fresh_ratchets(), fresh_ratchets()
    messages = [sealed(signed(b"%d" % number), sender) for number in range(4)]
    for number in (2, 0, 3, 1):
        result = opened(messages[number], receiver)
        assert result.content.content.content == b"%d" % number
        receiver.consume(result.key)
    for message in messages:
        with pytest.raises(KeyUsedError):
            opened(message, receiver)


def test_to_open_leaves_the_ratchets_to_the_caller() -> None:
    ratchets, message = fresh_ratchets(), sealed(signed(b"text"))
    before = ratchets.encode()
    first = opened(message, ratchets)
    assert ratchets.encode() == before
    assert opened(message, ratchets) == first


def test_padding_is_asked_for_the_length_of_content_and_signature() -> None:
    asked: list[int] = []

    def fill_1024(length: int) -> int:
        asked.append(length)
        return 1024 - length

    message = sealed(signed(b"text"), pad=fill_1024)
    assert asked == [len(b"\x04text") + len(b"\x40\x40") + 64]
    assert len(message.ciphertext) == 1024 + 16


def test_nothing_of_a_private_message_can_be_seen() -> None:
    text = b"meet me at the harbour"
    data = MlsMessage(sealed(signed(text))).encode()
    assert text not in data
    assert signed(text).auth.signature not in data


def test_the_reuse_guard_is_fresh_for_each_message() -> None:
    asked: list[int] = []

    def counting(length: int) -> bytes:
        asked.append(length)
        return bytes((len(asked),)) * length

    # Two ratchets in the same state, as after a restored backup: the same key twice.
    messages = [sealed(signed(b"text"), fresh_ratchets(), rng=counting) for _ in range(2)]
    assert asked == [4, 4]
    assert messages[0].ciphertext != messages[1].ciphertext
    assert [sender_data_of(message).reuse_guard for message in messages] == [
        b"\x01" * 4,
        b"\x02" * 4,
    ]
    assert sender_data_of(messages[0]).generation == sender_data_of(messages[1]).generation
    assert opened(messages[0]).content == opened(messages[1]).content


# What a sender may not do


def test_application_data_are_never_sent_in_clear() -> None:
    with pytest.raises(UsageError, match="never sent in clear"):
        in_clear(signed(b"text", WireFormat.PUBLIC_MESSAGE))


def test_a_content_is_sent_as_it_was_signed_for() -> None:
    ratchets = fresh_ratchets()
    before = ratchets.encode()
    with pytest.raises(UsageError, match="wire format"):
        sealed(signed(PROPOSAL, WireFormat.PUBLIC_MESSAGE), ratchets)
    with pytest.raises(UsageError, match="wire format"):
        in_clear(signed(PROPOSAL, WireFormat.PRIVATE_MESSAGE))
    assert ratchets.encode() == before


def test_a_mistake_uses_up_no_key() -> None:
    ratchets = fresh_ratchets()
    before = ratchets.encode()
    with pytest.raises(UsageError, match="-1 bytes"):
        sealed(signed(b"text"), ratchets, pad=lambda length: -1)
    unconfirmed = replace(signed(COMMIT), auth=FramedContentAuthData(b"signature"))
    with pytest.raises(UsageError, match="confirmation tag"):
        sealed(unconfirmed, ratchets)
    outsider = replace(signed(b"text"), content=framed(b"text", Sender(SenderType.EXTERNAL, 0)))
    with pytest.raises(UsageError, match="only a member"):
        sealed(outsider, ratchets)
    assert ratchets.encode() == before


# Forgeries: sender data


def sender_data_key(ciphertext: bytes, secret: Secret = SENDER_DATA_SECRET) -> tuple[Secret, bytes]:
    """Key and nonce that a member can seal sender data with."""
    sample = ciphertext[:32]
    key = expand_with_label(SUITE, secret, "key", sample, 32)
    return key, expand_with_label(SUITE, secret, "nonce", sample, 12).reveal()


def sender_data_aad(message: PrivateMessage) -> bytes:
    writer = Writer()
    writer.opaque(message.group_id)
    writer.uint64(message.epoch)
    writer.uint8(message.content_type)
    return writer.getvalue()


def sender_data_of(message: PrivateMessage) -> SenderData:
    key, nonce = sender_data_key(message.ciphertext)
    aad = sender_data_aad(message)
    opened_data = SUITE.aead.open(key, nonce, aad, message.encrypted_sender_data)
    assert opened_data is not None
    return SenderData.decode(opened_data)


def with_sender_data(message: PrivateMessage, data: bytes) -> PrivateMessage:
    key, nonce = sender_data_key(message.ciphertext)
    resealed = SUITE.aead.seal(key, nonce, sender_data_aad(message), data)
    return replace(message, encrypted_sender_data=resealed)


def test_sender_data_are_leaf_generation_and_guard() -> None:
    data = SenderData(LeafIndex(1), 2, b"abcd")
    assert data.encode() == b"\x00\x00\x00\x01\x00\x00\x00\x02abcd"
    assert SenderData.decode(data.encode()) == data


@pytest.mark.parametrize(
    ("length", "rule"), [(0, "codec.truncated"), (11, "codec.truncated"), (13, "codec.trailing")]
)
def test_sender_data_of_another_length_are_refused(length: int, rule: str) -> None:
    refused(DecodeError, with_sender_data(sealed(signed(b"text")), bytes(length)), rule)


@pytest.mark.parametrize("leaf", [NOBODY, LeafIndex(4), LeafIndex(0xFFFF_FFFF)])
def test_a_sender_who_is_not_there_is_refused(leaf: LeafIndex) -> None:
    data = SenderData(leaf, 0, bytes(4)).encode()
    refused(InvalidError, with_sender_data(sealed(signed(b"text")), data), "framing.sender")


def test_another_members_leaf_is_refused() -> None:
    message = sealed(signed(b"text"))
    data = replace(sender_data_of(message), leaf_index=BO).encode()
    refused(UndecryptableError, with_sender_data(message, data), "framing.ciphertext")


def test_another_generation_is_refused() -> None:
    message = sealed(signed(b"text"))
    ahead = replace(sender_data_of(message), generation=1)
    refused(UndecryptableError, with_sender_data(message, ahead.encode()), "framing.ciphertext")
    too_far = replace(ahead, generation=MAX_SKIPPED + 1)
    refused(TooFarAheadError, with_sender_data(message, too_far.encode()), "ratchet.too_far_ahead")


def test_another_reuse_guard_is_refused() -> None:
    message = sealed(signed(b"text"))
    data = replace(sender_data_of(message), reuse_guard=b"\xff" * 4).encode()
    refused(UndecryptableError, with_sender_data(message, data), "framing.ciphertext")


# Forgeries: the frame


def test_a_message_of_another_place_is_refused() -> None:
    private, public = sealed(signed(b"text")), in_clear(signed(PROPOSAL, WireFormat(1)))
    refused(InvalidError, replace(private, group_id=b"other"), "framing.group_id")
    refused(InvalidError, replace(private, epoch=4), "framing.epoch")
    refused(InvalidError, replace(private, epoch=6), "framing.epoch")
    for content, rule in (
        (replace(public.content, group_id=b"other"), "framing.group_id"),
        (replace(public.content, epoch=4), "framing.epoch"),
        (replace(public.content, epoch=6), "framing.epoch"),
    ):
        with pytest.raises(InvalidError) as caught:
            read_in_clear(replace(public, content=content))
        assert caught.value.rule == rule


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"content_type": ContentType.PROPOSAL}, "framing.sender_data"),
        ({"encrypted_sender_data": b""}, "framing.sender_data"),
        ({"encrypted_sender_data": bytes(28)}, "framing.sender_data"),
        ({"ciphertext": b""}, "framing.sender_data"),
        ({"authenticated_data": b"other"}, "framing.ciphertext"),
    ],
)
def test_every_field_of_a_private_message_counts(change: dict[str, Any], rule: str) -> None:
    refused(UndecryptableError, replace(sealed(signed(b"text")), **change), rule)


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_bit_of_a_private_message_can_be_flipped(at: int, bit: int) -> None:
    data = bytearray(MlsMessage(sealed(signed(b"text"))).encode())
    data[at % len(data)] ^= 1 << bit
    ratchets = fresh_ratchets()
    before = ratchets.encode()
    with pytest.raises(MlsError):
        body = MlsMessage.decode(bytes(data)).body
        assert isinstance(body, PrivateMessage)
        opened(body, ratchets)
    assert ratchets.encode() == before


@pytest.mark.parametrize("length", [0, 1, 15, 16, 31, 32, 33])
def test_a_ciphertext_that_is_cut_is_refused(length: int) -> None:
    message = sealed(signed(b"text"))
    cut = replace(message, ciphertext=message.ciphertext[:length])
    # Its first 32 bytes are bound to the sender data; but a member can seal those anew.
    refused(UndecryptableError, cut, "framing.sender_data" if length < 32 else "framing.ciphertext")
    resealed = with_sender_data(cut, sender_data_of(message).encode())
    refused(UndecryptableError, resealed, "framing.ciphertext")


def test_another_epochs_secrets_open_nothing() -> None:
    message = sealed(signed(b"text"))
    with pytest.raises(UndecryptableError, match="sender data"):
        unprotect_private(
            SUITE, message, CONTEXT, Secret(bytes(32)), fresh_ratchets(), signature_key
        )
    with pytest.raises(UndecryptableError, match="the key that it names"):
        opened(message, SecretTree(SUITE, Secret(bytes(32)), 4))


# Forgeries by a member: what is inside the encryption


def sealed_plaintext(
    plaintext: bytes, content_type: ContentType = ContentType.APPLICATION
) -> PrivateMessage:
    """Any bytes sealed with Ana's first key, as a member could."""
    kind = (
        RatchetKind.APPLICATION
        if content_type is ContentType.APPLICATION
        else RatchetKind.HANDSHAKE
    )
    key = fresh_ratchets().next_key(ANA, kind)
    message = PrivateMessage(CONTEXT.group_id, CONTEXT.epoch, content_type, b"data", b"", b"")
    aad = sender_data_aad(message) + b"\x04data"
    ciphertext = SUITE.aead.seal(key.key, key.nonce.reveal(), aad, plaintext)
    return with_sender_data(
        replace(message, ciphertext=ciphertext), SenderData(ANA, 0, bytes(4)).encode()
    )


def plaintext_of(authenticated: AuthenticatedContent) -> bytes:
    writer = Writer()
    write_content(writer, authenticated.content.content)
    authenticated.auth.write(writer, authenticated.content.content_type)
    return writer.getvalue()


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
def test_the_forger_seals_as_a_sender_does(content: Content) -> None:
    authenticated = signed(content)
    message = sealed_plaintext(plaintext_of(authenticated), authenticated.content.content_type)
    assert message == sealed(authenticated, rng=bytes)
    assert opened(message).content == authenticated


@pytest.mark.parametrize("at", [0, 1, 98, 99])
@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
def test_padding_that_is_not_zero_is_refused(content: Content, at: int) -> None:
    authenticated = signed(content)
    padding = bytearray(100)
    padding[at] = 1
    plaintext = plaintext_of(authenticated) + bytes(padding)
    message = sealed_plaintext(plaintext, authenticated.content.content_type)
    refused(InvalidError, message, "framing.padding")


@pytest.mark.parametrize(
    ("forge", "rule"),
    [
        (lambda whole: b"", "codec.truncated"),
        (lambda whole: whole[:-1], "codec.truncated"),
        (lambda whole: b"\x04", "codec.truncated"),
        (lambda whole: b"\x40" + whole, "codec.shortest_length"),
        (lambda whole: b"\xc0" + whole[1:], "codec.length_prefix"),
    ],
)
def test_a_plaintext_that_is_no_content_is_refused(
    forge: Callable[[bytes], bytes], rule: str
) -> None:
    refused(DecodeError, sealed_plaintext(forge(plaintext_of(signed(b"text")))), rule)


def test_a_content_under_another_type_is_refused() -> None:
    plaintext = plaintext_of(signed(b"text"))
    refused(DecodeError, sealed_plaintext(plaintext, ContentType.PROPOSAL), "proposals.unknown")


FORGED_SIGNATURES: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("none", lambda signature: b""),
    ("zero", lambda signature: bytes(64)),
    ("cut", lambda signature: signature[:-1]),
    ("longer", lambda signature: signature + b"\x00"),
    ("a bit", lambda signature: bytes((signature[0] ^ 1,)) + signature[1:]),
    ("S + L", lambda signature: signature[:32] + plus_order(signature[32:])),
]

_ORDER = 2**252 + 27742317777372353535851937790883648493


def plus_order(scalar: bytes) -> bytes:
    """The same scalar modulo the group's order: the same signature to who does not look."""
    return (int.from_bytes(scalar, "little") + _ORDER).to_bytes(32, "little")


@pytest.mark.parametrize(
    "forge", [pytest.param(forge, id=what) for what, forge in FORGED_SIGNATURES]
)
def test_a_signature_that_is_not_exactly_right_is_refused(
    forge: Callable[[bytes], bytes],
) -> None:
    for content in CONTENTS:
        genuine = signed(content)
        forged = replace(
            genuine, auth=replace(genuine.auth, signature=forge(genuine.auth.signature))
        )
        refused(InvalidError, sealed(forged), "framing.signature")
    public = signed(PROPOSAL, WireFormat.PUBLIC_MESSAGE)
    forged = replace(public, auth=FramedContentAuthData(forge(public.auth.signature)))
    with pytest.raises(InvalidError) as caught:
        read_in_clear(in_clear(forged))
    assert caught.value.rule == "framing.signature"


def resigned(
    key_pair: SignatureKeyPair,
    content: FramedContent,
    wire_format: WireFormat = WireFormat.PRIVATE_MESSAGE,
    context: GroupContext = CONTEXT,
) -> PrivateMessage:
    """Ana's "text" as a PrivateMessage, with a signature over what is given."""
    auth = sign_content(SUITE, key_pair, wire_format, content, context).auth
    return sealed(AuthenticatedContent(WireFormat.PRIVATE_MESSAGE, framed(b"text"), auth))


def test_a_signature_covers_the_content_and_its_wire_format() -> None:
    content = framed(b"text")
    assert opened(resigned(KEYS[ANA], content)).content.content == content
    others = [
        framed(b"another text"),
        framed(b"text", Sender.member(BO)),
        replace(content, authenticated_data=b"other"),
        replace(content, group_id=b"other"),
        replace(content, epoch=6),
    ]
    for other in others:
        refused(InvalidError, resigned(KEYS[ANA], other), "framing.signature")
    as_public = resigned(KEYS[ANA], content, WireFormat.PUBLIC_MESSAGE)
    refused(InvalidError, as_public, "framing.signature")


def test_a_signature_covers_the_context() -> None:
    others = [
        replace(CONTEXT, epoch=6),
        replace(CONTEXT, tree_hash=b"other"),
        replace(CONTEXT, confirmed_transcript_hash=b"other"),
        replace(CONTEXT, extensions=(Extension(0xF001, b""),)),
    ]
    for other in others:
        message = resigned(KEYS[ANA], framed(b"text"), context=other)
        refused(InvalidError, message, "framing.signature")


def test_a_member_cannot_speak_for_another() -> None:
    refused(InvalidError, resigned(KEYS[BO], framed(b"text")), "framing.signature")
    stranger = SignatureKeyPair.generate(seeded("stranger"))
    refused(InvalidError, resigned(stranger, framed(b"text")), "framing.signature")


# Forgeries in clear


def test_the_membership_tag_covers_all_of_a_public_message() -> None:
    message = in_clear(signed(COMMIT, WireFormat.PUBLIC_MESSAGE))
    others = [
        replace(message, membership_tag=b""),
        replace(message, membership_tag=bytes(32)),
        replace(message, content=framed(Commit((), None))),
        replace(message, content=replace(message.content, authenticated_data=b"other")),
        replace(message, auth=replace(message.auth, signature=bytes(64))),
        replace(message, auth=replace(message.auth, confirmation_tag=bytes(32))),
        protect_public(SUITE, signed(COMMIT, WireFormat(1)), CONTEXT, Secret(bytes(32))),
        protect_public(
            SUITE, signed(COMMIT, WireFormat(1)), replace(CONTEXT, tree_hash=b""), MEMBERSHIP_KEY
        ),
    ]
    for other in others:
        with pytest.raises(InvalidError) as caught:
            read_in_clear(other)
        assert caught.value.rule == "framing.membership_tag"


def test_application_data_in_clear_are_refused() -> None:
    authenticated = signed(b"text", WireFormat.PUBLIC_MESSAGE)
    message = PublicMessage(authenticated.content, authenticated.auth, bytes(32))
    with pytest.raises(InvalidError) as caught:
        read_in_clear(message)
    assert caught.value.rule == "framing.public_application"


@pytest.mark.parametrize("content", [PROPOSAL, COMMIT])
@pytest.mark.parametrize("sender_type", [kind for kind in SenderType if kind != 1])
def test_who_is_no_member_is_refused(content: Proposal | Commit, sender_type: SenderType) -> None:
    authenticated = signed(content, WireFormat.PUBLIC_MESSAGE)
    message = PublicMessage(framed(content, Sender(sender_type)), authenticated.auth, None)
    with pytest.raises(RefusedError, match=r"only members.*\(framing\.external_sender\)"):
        read_in_clear(PublicMessage.decode(message.encode()))


@pytest.mark.parametrize("leaf", [NOBODY, LeafIndex(4), LeafIndex(0xFFFF_FFFF)])
def test_a_public_sender_who_is_not_there_is_refused(leaf: LeafIndex) -> None:
    content = framed(PROPOSAL, Sender.member(leaf))
    authenticated = sign_content(SUITE, KEYS[ANA], WireFormat.PUBLIC_MESSAGE, content, CONTEXT)
    with pytest.raises(InvalidError) as caught:
        read_in_clear(in_clear(authenticated))
    assert caught.value.rule == "framing.sender"


def test_a_public_message_in_another_members_name_is_refused() -> None:
    content = framed(PROPOSAL, Sender.member(BO))
    authenticated = sign_content(SUITE, KEYS[ANA], WireFormat.PUBLIC_MESSAGE, content, CONTEXT)
    with pytest.raises(InvalidError) as caught:
        read_in_clear(in_clear(authenticated))
    assert caught.value.rule == "framing.signature"
