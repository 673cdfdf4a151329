"""Two devices on one spoken code: both ends, every state with every step, one guess for anybody."""

from __future__ import annotations

from itertools import product

import pytest

from crypto.code import SpokenCode
from crypto.errors import MisuseError, OutOfTurnError, SpokenError, WrongWordsError
from crypto.linking import (
    _PURPOSE,
    MESSAGE_LONGEST,
    PART_LONGEST,
    End,
    FirstEnd,
    NewEnd,
    State,
    Step,
)
from crypto.primitives import hkdf_expand, hmac_sha256
from crypto.relay_address import Address
from crypto.sealing import seal
from crypto.secret import Secret
from crypto.spoken import Joiner
from relay.wire.bounds import SAY_LIMIT
from tests.crypto.material import ADDRESS, flipped, seeded

WORDS = SpokenCode((738,), Secret(b"tulip-violin"))
OTHER_WORDS = SpokenCode((738,), Secret(b"tulip-walrus"))


def first(words: SpokenCode = WORDS, address: Address = ADDRESS) -> FirstEnd:
    return FirstEnd(words, address, seeded("first"))


def new(words: SpokenCode = WORDS, address: Address = ADDRESS) -> NewEnd:
    return NewEnd(words, address, seeded("new"))


def hears(end: End, said: bytes) -> bytes:
    """Let an end hear something, and have its one answer."""
    assert end.receive(said) is None
    (answer,) = end.to_say()
    return answer


class Talk:
    """Both ends, and everything that was said until the channel was open."""

    def __init__(self, words: SpokenCode = WORDS, address: Address = ADDRESS) -> None:
        self.first, self.new = first(), new(words, address)
        (greeting,) = self.new.to_say()
        self.said = {Step.NEW_SPAKE2: greeting}
        self.said[Step.FIRST_SPAKE2] = hears(self.first, greeting)
        self.said[Step.NEW_PROOF] = hears(self.new, self.said[Step.FIRST_SPAKE2])

    def open(self) -> Talk:
        self.said[Step.FIRST_PROOF] = hears(self.first, self.said[Step.NEW_PROOF])
        assert self.new.receive(self.said[Step.FIRST_PROOF]) is None
        return self


def carried(sender: End, receiver: End, message: bytes) -> bytes | None:
    sender.send(message)
    heard = None
    for part in sender.to_say():
        assert heard is None
        assert len(part) <= SAY_LIMIT
        heard = receiver.receive(part)
    return heard


@pytest.mark.parametrize(
    "length", [0, 1, PART_LONGEST - 1, PART_LONGEST, PART_LONGEST + 1, MESSAGE_LONGEST]
)
def test_messages_of_any_length_go_both_ways(length: int) -> None:
    talk = Talk().open()
    message = (seeded("message")(1000) * 9)[:length]
    for _ in range(2):
        assert carried(talk.new, talk.first, message) == message
        assert carried(talk.first, talk.new, message) == message


def test_the_relay_reads_nothing() -> None:
    talk = Talk().open()
    talk.new.send(b"the label of a device")
    (part,) = talk.new.to_say()
    assert b"label" not in part


@pytest.mark.parametrize(
    ("words", "address"),
    [
        (OTHER_WORDS, ADDRESS),
        (SpokenCode((739,), WORDS.password), ADDRESS),
        (WORDS, Address.parse("relay.example.com")),
    ],
)
def test_other_words_nameplate_or_relay_give_nothing(words: SpokenCode, address: Address) -> None:
    talk = Talk(words, address)
    with pytest.raises(WrongWordsError):
        talk.first.receive(talk.said[Step.NEW_PROOF])
    assert talk.first.state is State.OVER
    assert talk.first.to_say() == []
    with pytest.raises(OutOfTurnError):
        talk.first.receive(new().to_say()[0])  # there is no second guess


def test_who_pretends_to_be_the_first_device_is_noticed() -> None:
    talk = Talk()
    with pytest.raises(WrongWordsError):
        talk.new.receive(bytes((Step.FIRST_PROOF,)) + bytes(32))
    reflected = Talk()
    own = reflected.said[Step.NEW_PROOF][1:]
    with pytest.raises(WrongWordsError):
        reflected.new.receive(bytes((Step.FIRST_PROOF,)) + own)


def test_a_code_to_come_in_by_and_one_of_a_device_do_not_mix() -> None:
    end, joiner = first(), Joiner(WORDS, ADDRESS, seeded("joiner"))
    confirmation = joiner.receive(hears(end, joiner.first))
    assert confirmation is not None
    with pytest.raises(WrongWordsError):
        end.receive(confirmation)


def test_keys_are_expanded_as_the_page_says() -> None:
    end, other = first(), new()
    shared = end._pake.finish(other.to_say()[0][1:])
    assert shared is not None
    proof = hears(other, bytes((Step.FIRST_SPAKE2,)) + end._pake.message)
    confirm = hkdf_expand(shared.reveal(), b"link confirm", 32)
    assert proof == b"\x03" + hmac_sha256(confirm, b"new")


def end_at(side: str, state: State) -> End:
    talk = Talk()
    end: End = talk.first if side == "first" else talk.new
    if state is State.WAITING:
        return first() if side == "first" else new()
    if state is State.OPEN:
        talk.open()
    elif state is State.OVER:
        with pytest.raises(SpokenError):
            end.receive(b"")
    return end


LEGAL = {
    ("first", State.WAITING, Step.NEW_SPAKE2): State.AGREEING,
    ("first", State.AGREEING, Step.NEW_PROOF): State.OPEN,
    ("first", State.OPEN, Step.PART): State.OPEN,
    ("new", State.WAITING, Step.FIRST_SPAKE2): State.AGREEING,
    ("new", State.AGREEING, Step.FIRST_PROOF): State.OPEN,
    ("new", State.OPEN, Step.PART): State.OPEN,
}


@pytest.mark.parametrize(("side", "state", "step"), list(product(["first", "new"], State, Step)))
def test_every_state_with_every_step(side: str, state: State, step: Step) -> None:
    end = end_at(side, state)
    assert end.state is state
    talk = Talk().open()
    sender = talk.new if side == "first" else talk.first
    sender.send(b"hello")
    talk.said[Step.PART] = sender.to_say()[0]
    after = LEGAL.get((side, state, step))
    if after is None:
        with pytest.raises(OutOfTurnError):
            end.receive(talk.said[step])
        assert end.state is State.OVER
    else:
        end.receive(talk.said[step])
        assert end.state is after


@pytest.mark.parametrize("nonsense", [b"", b"\x00", b"\x09abc", b"\x01", b"\x02" + bytes(33)])
@pytest.mark.parametrize("side", ["first", "new"])
def test_nonsense_ends_an_end(side: str, nonsense: bytes) -> None:
    end = end_at(side, State.WAITING)
    with pytest.raises(SpokenError):
        end.receive(nonsense)
    assert end.state is State.OVER


def test_a_part_that_is_altered_doubled_left_out_or_turned_round_ends_it() -> None:
    def parts() -> tuple[Talk, list[bytes]]:
        talk = Talk().open()
        talk.new.send(b"one")
        talk.new.send(b"two")
        return talk, talk.new.to_say()

    talk, (one, _) = parts()
    with pytest.raises(SpokenError):
        talk.first.receive(flipped(one, 20))
    talk, (one, _) = parts()
    assert talk.first.receive(one) == b"one"
    with pytest.raises(SpokenError):
        talk.first.receive(one)
    talk, (_, two) = parts()
    with pytest.raises(SpokenError):
        talk.first.receive(two)
    talk, (one, _) = parts()
    with pytest.raises(SpokenError):
        talk.new.receive(one)


def test_a_message_that_never_ends_is_not_kept() -> None:
    talk = Talk().open()
    talk.new.send(bytes(MESSAGE_LONGEST))
    *most, last = talk.new.to_say()
    for part in most:
        assert talk.first.receive(part) is None
    talk.new._sealed -= 1
    talk.new.send(bytes(PART_LONGEST) + b"more")
    with pytest.raises(SpokenError):
        talk.first.receive(talk.new.to_say()[0])
    assert last


def test_nothing_is_sent_before_the_channel_is_open_nor_too_much_at_once() -> None:
    with pytest.raises(MisuseError):
        first().send(b"hello")
    with pytest.raises(MisuseError):
        Talk().open().first.send(bytes(MESSAGE_LONGEST + 1))


@pytest.mark.parametrize("begins", [b"", b"\x02", b"\xff"])
def test_a_part_that_the_other_end_sealed_begins_with_whether_more_follows(begins: bytes) -> None:
    talk = Talk().open()
    aad = _PURPOSE + bytes(4)
    sealed = seal(talk.new._key(b"new"), aad, begins + (b"x" if begins else b""), seeded("part"))
    with pytest.raises(SpokenError):
        talk.first.receive(bytes((Step.PART,)) + sealed)
