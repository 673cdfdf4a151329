"""Messages of before, passed on to one leaf."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.content import PassedOn, Text, write_content
from crypto.envelope import Envelope, SenderChain
from crypto.errors import FieldError, UnopenedError
from crypto.history import (
    History,
    PassedOnMessage,
    open_history,
    seal_history,
)
from crypto.mls import hpke
from crypto.mls.errors import DecodeError, InvalidError
from crypto.parts import CARRIED_LONGEST, in_parts
from crypto.secret import Secret
from tests.crypto.material import ANA, CIRCLE_ID, LEAF, NOW, SUITE, flipped, seeded

ENCRYPTION = SUITE.kem.derive_key_pair(Secret(b"encryption key of Cy's leaf"))
OTHER = SUITE.kem.derive_key_pair(Secret(b"another"))


def message(number: int, text: str = "hello") -> PassedOnMessage:
    kind, body = write_content(Text(text))
    return PassedOnMessage(number.to_bytes(16), "Ana", ANA.public, NOW + number, kind, body)


HISTORY = History((message(1), message(2, "and again")))


def passed(history: History = HISTORY) -> PassedOn:
    return seal_history(
        SUITE, CIRCLE_ID, LEAF.public, ENCRYPTION.public, history, seeded("history")
    )


messages = st.builds(
    PassedOnMessage,
    st.binary(min_size=16, max_size=16),
    st.text(min_size=1, max_size=16),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**63 - 1),
    st.integers(0, 0xFFFF),
    st.binary(max_size=100),
)


@given(st.lists(messages, max_size=4).map(tuple))
def test_a_history_survives_its_encoding(listed: tuple[PassedOnMessage, ...]) -> None:
    history = History(listed)
    assert History.decode(history.encode()) == history
    with pytest.raises(DecodeError):
        History.decode(history.encode() + b"\0")


def test_it_reaches_the_newcomers_leaf() -> None:
    content = passed()
    assert content.to == LEAF.public
    history = open_history(SUITE, CIRCLE_ID, ENCRYPTION, content)
    assert history == HISTORY
    assert [passed_on.content for passed_on in history.messages] == [
        Text("hello"),
        Text("and again"),
    ]


def test_nobody_else_opens_it() -> None:
    with pytest.raises(UnopenedError):
        open_history(SUITE, CIRCLE_ID, OTHER, passed())
    with pytest.raises(UnopenedError):
        open_history(SUITE, bytes(16), ENCRYPTION, passed())


def test_nothing_of_it_can_be_changed() -> None:
    content = passed()
    for index in range(0, len(content.sealed), 13):
        with pytest.raises(UnopenedError):
            damaged = replace(content, sealed=flipped(content.sealed, index))
            open_history(SUITE, CIRCLE_ID, ENCRYPTION, damaged)
    for length in (0, 31, 32, 47):
        with pytest.raises(UnopenedError):
            short = replace(content, sealed=content.sealed[:length])
            open_history(SUITE, CIRCLE_ID, ENCRYPTION, short)


def test_sealed_nonsense_is_a_field_error() -> None:
    info = b"hallway history 1" + CIRCLE_ID
    made = hpke.seal(SUITE, ENCRYPTION.public, info, b"", b"\x05", seeded("history"))
    content = replace(passed(), sealed=made.kem_output + made.ciphertext)
    with pytest.raises(FieldError, match="history passed on"):
        open_history(SUITE, CIRCLE_ID, ENCRYPTION, content)


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidError):
        seal_history(SUITE, CIRCLE_ID, LEAF.public, bytes(32), HISTORY, seeded("history"))


def test_the_longest_part_fits_an_envelope() -> None:
    longest = replace(message(1), author_name="n" * 64, body=bytes(CARRIED_LONGEST))
    [part] = in_parts([longest])
    envelope, _ = SenderChain().envelope(passed(History(part)), None, NOW, seeded("envelope"))
    assert Envelope.decode(envelope.encode()).content == passed(History(part))


def test_a_message_has_its_bounds() -> None:
    for wrong in (
        {"id": bytes(15)},
        {"author_name": ""},
        {"author_name": "n" * 65},
        {"author": bytes(31)},
        {"body": bytes(CARRIED_LONGEST + 1)},
    ):
        with pytest.raises(FieldError):
            replace(message(1), **wrong)


def test_what_people_said_is_not_printed() -> None:
    assert "hello" not in repr(HISTORY)
