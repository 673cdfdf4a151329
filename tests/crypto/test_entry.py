"""Asking to come in: the proof, the sealed request, and who answers it first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.access.binding import admit_statement, verify
from crypto.circle.extensions import HALLWAY_INVITE
from crypto.entry import (
    LINE_LONGEST,
    EntryRequest,
    InviteProof,
    entry_statement,
    open_request,
    rank,
    seal_request,
)
from crypto.errors import FieldError, UnopenedError
from crypto.mls import hpke
from crypto.mls.codec import Writer
from crypto.mls.errors import DecodeError, InvalidError
from crypto.mls.extensions import find_extension
from crypto.mls.framing import MlsMessage
from crypto.mls.welcome import Welcome
from crypto.primitives import sha256
from crypto.secret import Secret
from tests.crypto.material import (
    CARD,
    CIRCLE_ID,
    KEYS,
    NOW,
    OTHER_KEYS,
    REQUEST_SECRET,
    SUITE,
    flipped,
    identity,
    newcomer,
    seeded,
)

CY = identity("Cy")
PACKAGE = newcomer(CY, "Cy")
REQUEST = EntryRequest.make(KEYS, CIRCLE_ID, PACKAGE, CY.access.public, "It's me, Cy", NOW)
MEMBER, LEAF, INIT, ACCESS = b"m" * 32, b"l" * 32, b"i" * 32, b"a" * 32


def sealed(request: EntryRequest = REQUEST) -> bytes:
    return seal_request(SUITE, CARD.request_key, CIRCLE_ID, KEYS.id, request, seeded("request"))


def opened(body: bytes) -> EntryRequest:
    return open_request(SUITE, REQUEST_SECRET, CIRCLE_ID, KEYS.id, body)


class TestInviteProof:
    PROOF = InviteProof.sign(KEYS, CIRCLE_ID, MEMBER, LEAF, INIT, ACCESS)

    def test_covers_every_key_that_comes_in(self) -> None:
        statement = entry_statement(KEYS.id, CIRCLE_ID, MEMBER, LEAF, INIT, ACCESS)
        keys = MEMBER + LEAF + INIT + ACCESS
        assert statement == b"hallway entry 1" + KEYS.id + CIRCLE_ID + keys

    def test_verifies_for_these_keys_alone(self) -> None:
        right = [KEYS.signing.public, CIRCLE_ID, MEMBER, LEAF, INIT, ACCESS]
        assert self.PROOF.verify(*right)
        for index, value in enumerate(right):
            wrong = [*right]
            wrong[index] = flipped(value, 3)
            assert not self.PROOF.verify(*wrong)

    def test_belongs_to_its_invite(self) -> None:
        moved = replace(self.PROOF, invite_id=OTHER_KEYS.id)
        assert not moved.verify(KEYS.signing.public, CIRCLE_ID, MEMBER, LEAF, INIT, ACCESS)

    def test_survives_its_encoding(self) -> None:
        encoded = self.PROOF.encode()
        assert encoded == KEYS.id + self.PROOF.signature
        assert InviteProof.decode(encoded) == self.PROOF
        for wrong in (encoded[:-1], encoded + b"\0", b""):
            with pytest.raises(DecodeError):
                InviteProof.decode(wrong)

    @pytest.mark.parametrize(("id_length", "signature_length"), [(15, 64), (16, 63)])
    def test_has_its_lengths(self, id_length: int, signature_length: int) -> None:
        with pytest.raises(FieldError):
            InviteProof(bytes(id_length), bytes(signature_length))


def test_a_request_reaches_those_inside() -> None:
    request = opened(sealed())
    assert request == REQUEST
    assert request.line == "It's me, Cy"
    data = find_extension(request.key_package.extensions, HALLWAY_INVITE)
    assert data is not None
    proof = InviteProof.decode(data)
    assert proof.verify(
        KEYS.signing.public,
        CIRCLE_ID,
        CY.member.public,
        CY.leaf.public,
        request.key_package.init_key,
        CY.access.public,
    )


def test_a_request_lets_the_relay_seat_its_access_key() -> None:
    statement = admit_statement(CIRCLE_ID, KEYS.id, CY.access.public)
    assert verify(KEYS.signing.public, statement, REQUEST.admit_signature)


def test_another_holder_of_the_code_cannot_read_it() -> None:
    # such a one has every key of the invite, and not the request key's secret half
    with pytest.raises(UnopenedError):
        open_request(SUITE, KEYS.card, CIRCLE_ID, KEYS.id, sealed())


def test_a_request_is_for_one_circle_and_invite() -> None:
    for circle_id, invite_id in ((bytes(16), KEYS.id), (CIRCLE_ID, OTHER_KEYS.id)):
        with pytest.raises(UnopenedError):
            open_request(SUITE, REQUEST_SECRET, circle_id, invite_id, sealed())


def test_no_bit_of_a_request_can_be_changed() -> None:
    body = sealed()
    for index in range(0, len(body), 37):
        with pytest.raises(UnopenedError):
            opened(flipped(body, index))
    for short in (b"", body[:31], body[:32], body[:-1]):
        with pytest.raises(UnopenedError):
            opened(short)


def test_a_request_key_of_small_order_is_refused_before_anything_is_sealed() -> None:
    with pytest.raises(InvalidError):
        seal_request(SUITE, bytes(32), CIRCLE_ID, KEYS.id, REQUEST, seeded("request"))


def seal_bytes(plaintext: bytes) -> bytes:
    info = b"hallway request 1" + CIRCLE_ID + KEYS.id
    made = hpke.seal(SUITE, CARD.request_key, info, b"", plaintext, seeded("request"))
    return made.kem_output + made.ciphertext


def test_sealed_nonsense_is_a_field_error() -> None:
    whole = REQUEST.encode()
    for plaintext in (b"", whole[:-1], whole + b"\0"):
        with pytest.raises(FieldError, match="request to come in is not well formed"):
            opened(seal_bytes(plaintext))


def test_another_message_in_the_key_packages_place_is_refused() -> None:
    writer = Writer()
    writer.opaque(MlsMessage(Welcome(SUITE.code, (), b"")).encode())
    with pytest.raises(FieldError, match="no key package"):
        opened(seal_bytes(writer.getvalue() + b"\0" * 73))


@given(st.text(max_size=80))
def test_a_line_is_any_text_within_its_bounds(line: str) -> None:
    try:
        request = replace(REQUEST, line=line)
    except FieldError:
        assert len(line.encode()) > LINE_LONGEST
        return
    assert EntryRequest.decode(request.encode()) == request


def test_a_request_has_its_bounds() -> None:
    assert replace(REQUEST, line="l" * LINE_LONGEST).line
    for wrong in ({"line": "l" * (LINE_LONGEST + 1)}, {"admit_signature": bytes(63)}):
        with pytest.raises(FieldError):
            replace(REQUEST, **wrong)


def test_the_line_is_not_printed() -> None:
    assert "It's me" not in repr(REQUEST)


def test_ranks_are_an_order_of_all_devices() -> None:
    leaves = [sha256(bytes((number,))) for number in range(9)]
    ranks = {leaf: rank(b"body", leaf, leaves) for leaf in leaves}
    assert sorted(ranks.values()) == list(range(9))
    assert sorted(leaves, key=lambda leaf: ranks[leaf]) == sorted(
        leaves, key=lambda leaf: sha256(b"body" + leaf)
    )
    assert [rank(b"other", leaf, leaves) for leaf in leaves] != list(ranks.values())


def test_a_device_alone_answers_first() -> None:
    assert rank(b"body", LEAF, [LEAF]) == 0


def test_the_request_secret_is_any_members() -> None:
    assert opened(sealed()) == open_request(
        SUITE, Secret(REQUEST_SECRET.reveal()), CIRCLE_ID, KEYS.id, sealed()
    )
