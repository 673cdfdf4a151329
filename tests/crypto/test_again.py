"""Messages sent again to who asked for them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.again import (
    Repeated,
    Repeats,
    open_again,
    seal_again,
)
from crypto.content import Again, Ask
from crypto.envelope import Envelope, SenderChain
from crypto.errors import FieldError, UnopenedError
from crypto.leaf_sealing import seal_to
from crypto.mls.errors import DecodeError, InvalidError
from crypto.parts import CARRIED_LONGEST, in_parts
from crypto.secret import Secret
from tests.crypto.material import CIRCLE_ID, LEAF, NOW, SUITE, flipped, seeded

PAIR = SUITE.kem.derive_key_pair(Secret(b"made for one question"))
OTHER = SUITE.kem.derive_key_pair(Secret(b"another"))
ASK = Ask(bytes(32), (3, 5), PAIR.public)
REPEATS = Repeats(
    (Repeated(3, b"i" * 16, NOW, 1, b"\x81\xa4text\xa2hi"), Repeated(5, bytes(16), 0, 3, b""))
)

messages = st.builds(
    Repeated,
    st.integers(1, 2**63 - 1),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**63 - 1),
    st.integers(0, 0xFFFF),
    st.binary(max_size=100),
)


def sent(repeats: Repeats = REPEATS, ask: Ask = ASK) -> Again:
    return seal_again(SUITE, CIRCLE_ID, LEAF.public, ask, repeats, seeded("again"))


@given(st.lists(messages, max_size=4).map(tuple))
def test_they_survive_their_encoding(listed: tuple[Repeated, ...]) -> None:
    repeats = Repeats(listed)
    assert Repeats.decode(repeats.encode()) == repeats
    with pytest.raises(DecodeError):
        Repeats.decode(repeats.encode() + b"\0")


def test_they_reach_who_asked_and_nobody_else() -> None:
    content = sent()
    assert content.to == LEAF.public
    assert open_again(SUITE, CIRCLE_ID, PAIR, content) == REPEATS
    with pytest.raises(UnopenedError):
        open_again(SUITE, CIRCLE_ID, OTHER, content)
    with pytest.raises(UnopenedError):
        open_again(SUITE, bytes(16), PAIR, content)


def test_nothing_of_it_can_be_changed() -> None:
    content = sent()
    for index in range(0, len(content.sealed), 13):
        with pytest.raises(UnopenedError):
            damaged = replace(content, sealed=flipped(content.sealed, index))
            open_again(SUITE, CIRCLE_ID, PAIR, damaged)
    for length in (0, 31, 32, 47):
        with pytest.raises(UnopenedError):
            short = replace(content, sealed=content.sealed[:length])
            open_again(SUITE, CIRCLE_ID, PAIR, short)


def test_sealed_nonsense_is_a_field_error() -> None:
    sealed = seal_to(
        SUITE, PAIR.public, b"hallway again 1" + CIRCLE_ID, b"\x05", seeded("nonsense")
    )
    with pytest.raises(FieldError, match="messages sent again"):
        open_again(SUITE, CIRCLE_ID, PAIR, replace(sent(), sealed=sealed))


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidError):
        sent(ask=replace(ASK, key=bytes(32)))


def test_the_longest_part_fits_an_envelope() -> None:
    [part] = in_parts([replace(REPEATS.messages[0], body=bytes(CARRIED_LONGEST))])
    envelope, _ = SenderChain().envelope(sent(Repeats(part)), None, NOW, seeded("envelope"))
    assert Envelope.decode(envelope.encode()).content == sent(Repeats(part))


def test_a_message_has_its_bounds() -> None:
    for wrong in ({"id": bytes(15)}, {"counter": 0}, {"body": bytes(CARRIED_LONGEST + 1)}):
        with pytest.raises(FieldError):
            replace(REPEATS.messages[0], **wrong)


def test_what_people_said_is_not_printed() -> None:
    assert "hi" not in repr(REPEATS)
