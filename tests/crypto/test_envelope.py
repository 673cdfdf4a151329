"""Envelopes, and the chain that one leaf's messages make."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.content import BODY_LONGEST, Cover, Text, Unknown
from crypto.envelope import NO_PREVIOUS, Envelope, Place, SenderChain
from crypto.errors import FieldError, MisuseError, NewerError
from crypto.mls.errors import DecodeError
from tests.crypto.material import HEAD, NOW, seeded

FIRST, CHAIN = SenderChain().envelope(Text("hello"), HEAD, NOW, seeded("envelope"))
SECOND, AFTER = CHAIN.envelope(Text("again"), None, NOW + 1, seeded("second"))

uint64 = st.integers(0, 2**63 - 1)
ids = st.binary(min_size=16, max_size=16).filter(lambda value: value != NO_PREVIOUS)
envelopes = st.builds(
    Envelope,
    type=st.integers(0, 0xFFFF),
    id=ids,
    counter=st.integers(2, 2**63 - 1),
    previous=ids,
    sent_at=uint64,
    head=st.none() | st.just(HEAD),
    body=st.binary(max_size=200),
)


@given(envelopes)
def test_an_envelope_survives_its_encoding(envelope: Envelope) -> None:
    encoded = envelope.encode()
    assert Envelope.decode(encoded) == envelope
    assert Envelope.decode(encoded).encode() == encoded
    for wrong in (encoded[:-1], encoded + b"\0"):
        with pytest.raises(DecodeError):
            Envelope.decode(wrong)


def test_what_a_later_version_adds_survives() -> None:
    unknown = replace(FIRST, type=999, body=b"\x81\xa5later\x01")
    assert Envelope.decode(unknown.encode()) == unknown
    assert unknown.content == Unknown(999, b"\x81\xa5later\x01")
    richer = replace(FIRST, body=b"\x82\xa4text\xa2hi\xa5later\x01")
    assert Envelope.decode(richer.encode()).body == richer.body
    assert richer.content == Text("hi")


def test_a_later_envelope_says_update() -> None:
    encoded = FIRST.encode()
    for version in (0, 2, 255):
        with pytest.raises(NewerError, match="Update Hallway"):
            Envelope.decode(bytes((version,)) + encoded[1:])


def test_a_malformed_content_leaves_the_envelope_readable() -> None:
    damaged = replace(FIRST, body=b"\x80")
    read = Envelope.decode(damaged.encode())
    assert read.counter == 1
    with pytest.raises(FieldError):
        _ = read.content


def test_encrypted_anew_it_is_the_same_message() -> None:
    again = SECOND.with_head(HEAD)
    assert again.head == HEAD
    assert again.with_head(None) == SECOND
    assert (again.id, again.counter, again.previous) == (SECOND.id, 2, FIRST.id)


@pytest.mark.parametrize(
    ("counter", "previous"), [(0, NO_PREVIOUS), (0, b"p" * 16), (1, b"p" * 16)]
)
def test_the_first_message_alone_has_none_before(counter: int, previous: bytes) -> None:
    with pytest.raises(FieldError, match="number 1"):
        replace(FIRST, counter=counter, previous=previous)
    with pytest.raises(FieldError, match="number 1"):
        replace(SECOND, previous=NO_PREVIOUS)


def test_fields_have_their_bounds() -> None:
    for wrong in ({"id": bytes(15)}, {"previous": bytes(17)}, {"body": bytes(BODY_LONGEST + 1)}):
        with pytest.raises(FieldError):
            replace(FIRST, **wrong)  # type: ignore[arg-type]
    assert replace(FIRST, body=bytes(BODY_LONGEST)).body


@pytest.mark.parametrize("previous", [b"p" * 15, b"p" * 17, b""])
def test_the_id_before_has_the_length_of_an_id(previous: bytes) -> None:
    with pytest.raises(FieldError, match="id of the message before has 16 bytes"):
        replace(SECOND, previous=previous)


def test_a_presence_byte_is_0_or_1() -> None:
    encoded = bytearray(SECOND.encode())
    at = encoded.index((NOW + 1).to_bytes(8)) + 8
    encoded[at] = 2
    with pytest.raises(DecodeError):
        Envelope.decode(bytes(encoded))


def test_what_people_say_is_not_printed() -> None:
    assert "hello" not in repr(FIRST)


class TestSenderChain:
    def test_counts_from_one_and_names_the_message_before(self) -> None:
        assert (FIRST.counter, FIRST.previous) == (1, NO_PREVIOUS)
        assert (SECOND.counter, SECOND.previous) == (2, FIRST.id)
        assert CHAIN == SenderChain(1, FIRST.id)
        assert AFTER == SenderChain.after(SECOND)

    def test_ids_are_the_callers_randomness(self) -> None:
        same, _ = SenderChain().envelope(Text("hello"), HEAD, NOW, seeded("envelope"))
        assert same == FIRST
        assert FIRST.id != SECOND.id

    def test_a_bad_content_makes_no_message(self) -> None:
        with pytest.raises(MisuseError):
            CHAIN.envelope(Text(""), None, NOW, seeded("x"))

    def test_the_next_one_follows(self) -> None:
        assert SenderChain().place(FIRST) is Place.NEXT
        assert CHAIN.place(SECOND) is Place.NEXT
        assert CHAIN.missing(SECOND) == 0

    def test_the_same_or_an_older_one_is_a_repetition(self) -> None:
        for envelope in (FIRST, SECOND):
            assert AFTER.place(envelope) is Place.REPEATED
            assert AFTER.missing(envelope) == 0

    def test_a_gap_is_counted(self) -> None:
        _, three = AFTER.envelope(Text("three"), None, NOW, seeded("three"))
        _, four = three.envelope(Text("four"), None, NOW, seeded("four"))
        five, _ = four.envelope(Text("five"), None, NOW, seeded("five"))
        assert AFTER.place(five) is Place.AFTER_GAP
        assert AFTER.missing(five) == 2
        assert SenderChain().missing(five) == 4

    def test_another_past_breaks_it(self) -> None:
        elsewhere = replace(SECOND, previous=b"e" * 16)
        assert CHAIN.place(elsewhere) is Place.BROKEN
        assert CHAIN.missing(elsewhere) == 0

    @given(st.integers(1, 12))
    def test_a_chain_read_in_order_is_whole(self, length: int) -> None:
        mine, theirs = SenderChain(), SenderChain()
        for number in range(length):
            envelope, mine = mine.envelope(Cover(), None, NOW, seeded(str(number)))
            assert theirs.place(envelope) is Place.NEXT
            theirs = SenderChain.after(envelope)
        assert theirs == mine
        assert theirs.counter == length
