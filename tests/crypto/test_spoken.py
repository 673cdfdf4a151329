"""Spoken codes: the two machines, every state with every step, and one guess for anybody."""

from __future__ import annotations

from itertools import product
from typing import TypeAlias

import pytest

from crypto.code import SealedCode, SpokenCode
from crypto.errors import MisuseError, OutOfTurnError, SpokenError, WrongWordsError
from crypto.primitives import hkdf_expand, hmac_sha256
from crypto.relay_address import Address
from crypto.sealing import seal
from crypto.secret import Secret
from crypto.spoken import Inviter, Joiner, State, Step
from tests.crypto.material import ADDRESS, CODE, flipped, seeded

WORDS = SpokenCode((738,), Secret(b"tulip-violin"))
OTHER_WORDS = SpokenCode((738,), Secret(b"tulip-walrus"))
Machine: TypeAlias = Inviter | Joiner


def inviter(words: SpokenCode = WORDS, address: Address = ADDRESS) -> Inviter:
    return Inviter(words, address, CODE, seeded("inviter"))


def joiner(words: SpokenCode = WORDS, address: Address = ADDRESS) -> Joiner:
    return Joiner(words, address, seeded("joiner"))


def say(machine: Machine, said: bytes | None) -> bytes:
    """Let a machine hear something, and have its answer, which must be there."""
    assert said is not None
    answer = machine.receive(said)
    assert answer is not None
    return answer


class Talk:
    """Both machines, and everything that was said up to the end."""

    def __init__(self, words: SpokenCode = WORDS, address: Address = ADDRESS) -> None:
        self.inviter, self.joiner = inviter(), joiner(words, address)
        self.said = {Step.JOINER_SPAKE2: self.joiner.first}
        self.said[Step.INVITER_SPAKE2] = say(self.inviter, self.joiner.first)
        self.said[Step.CONFIRMATION] = say(self.joiner, self.said[Step.INVITER_SPAKE2])

    def end(self) -> None:
        self.said[Step.CODE] = say(self.inviter, self.said[Step.CONFIRMATION])
        assert self.joiner.receive(self.said[Step.CODE]) is None


def test_the_same_words_carry_the_code() -> None:
    talk = Talk()
    talk.end()
    assert talk.joiner.code == CODE
    assert (talk.inviter.state, talk.joiner.state) == (State.DONE, State.DONE)
    assert [said[0] for said in talk.said.values()] == [1, 2, 3, 4]
    assert [len(said) for said in talk.said.values()] == [34, 34, 33, 29 + len(CODE.text())]


def test_the_relay_reads_no_code() -> None:
    talk = Talk()
    talk.end()
    for said in talk.said.values():
        assert CODE.secret.reveal() not in said
        assert CODE.symbols().encode() not in said


@pytest.mark.parametrize(
    ("words", "address"),
    [
        (OTHER_WORDS, ADDRESS),
        (SpokenCode((739,), WORDS.password), ADDRESS),
        (SpokenCode((738, 0), WORDS.password), ADDRESS),
        (WORDS, Address.parse("relay.example.com")),
        (WORDS, Address.parse("ws://chat.example.org")),
    ],
)
def test_other_words_nameplate_or_relay_give_nothing(words: SpokenCode, address: Address) -> None:
    talk = Talk(words, address)
    with pytest.raises(WrongWordsError, match="other words"):
        talk.inviter.receive(talk.said[Step.CONFIRMATION])
    assert talk.inviter.guess_spent
    assert talk.inviter.state is State.OVER


def test_who_guessed_wrong_does_not_get_a_second_try() -> None:
    talk = Talk(OTHER_WORDS)
    with pytest.raises(WrongWordsError):
        talk.inviter.receive(talk.said[Step.CONFIRMATION])
    right = joiner()
    with pytest.raises(OutOfTurnError):
        talk.inviter.receive(right.first)


def test_an_inviter_with_other_words_is_noticed() -> None:
    # one that hands something over without having heard the right confirmation
    talk = Talk(OTHER_WORDS)
    forged = bytes((Step.CODE,)) + seal(
        Secret(bytes(32)), b"hallway spoken 1", CODE.text().encode(), seeded("forged")
    )
    with pytest.raises(WrongWordsError, match="not the words"):
        talk.joiner.receive(forged)
    assert talk.joiner.state is State.OVER


def test_the_guess_is_spent_by_a_first_step_whatever_follows() -> None:
    assert not inviter().guess_spent
    assert Talk().inviter.guess_spent
    for nonsense in (b"", b"\x01", b"\x01" + bytes(33), b"\x09", b"\x03" + bytes(32)):
        other = inviter()
        with pytest.raises(SpokenError):
            other.receive(nonsense)
        assert other.guess_spent
        with pytest.raises(SpokenError):
            other.receive(joiner().first)


def inviter_at(state: State) -> Inviter:
    talk = Talk()
    if state is State.WAITING:
        return inviter()
    if state is State.DONE:
        talk.end()
    elif state is State.OVER:
        talk.inviter.lost()
    return talk.inviter


def joiner_at(state: State) -> Joiner:
    talk = Talk()
    if state is State.WAITING:
        return joiner()
    if state is State.DONE:
        talk.end()
    elif state is State.OVER:
        talk.joiner.lost()
    return talk.joiner


LEGAL = {
    ("inviter", State.WAITING, Step.JOINER_SPAKE2): State.AGREEING,
    ("inviter", State.AGREEING, Step.CONFIRMATION): State.DONE,
    ("joiner", State.WAITING, Step.INVITER_SPAKE2): State.AGREEING,
    ("joiner", State.AGREEING, Step.CODE): State.DONE,
}


@pytest.mark.parametrize(
    ("side", "state", "step"), list(product(["inviter", "joiner"], State, Step))
)
def test_every_state_with_every_step(side: str, state: State, step: Step) -> None:
    machine: Machine = inviter_at(state) if side == "inviter" else joiner_at(state)
    assert machine.state is state
    talk = Talk()
    talk.end()
    after = LEGAL.get((side, state, step))
    if after is None:
        with pytest.raises(OutOfTurnError):
            machine.receive(talk.said[step])
        assert machine.state is State.OVER
    else:
        machine.receive(talk.said[step])
        assert machine.state is after


@pytest.mark.parametrize("state", list(State))
def test_a_lost_line_ends_what_is_not_done(state: State) -> None:
    for machine in (inviter_at(state), joiner_at(state)):
        told = machine.lost()
        assert machine.state is (State.DONE if state is State.DONE else State.OVER)
        if state in (State.DONE, State.OVER):
            assert told is None
        else:
            assert isinstance(told, SpokenError)
            assert str(told).endswith(".")
            before = state is State.WAITING
            assert ("before anybody" in str(told)) == before


def test_a_lost_line_after_a_try_says_so_to_each_side() -> None:
    talk = Talk()
    assert "Somebody tried" in str(talk.inviter.lost())
    assert "most likely because the words" in str(talk.joiner.lost())


@pytest.mark.parametrize(
    "nonsense",
    [b"", b"\x00", b"\x05abc", b"\x02", b"\x02" + bytes(33), b"\x02B" + b"\xff" * 32],
)
def test_nonsense_ends_a_machine(nonsense: bytes) -> None:
    for machine in (joiner(), inviter()):
        with pytest.raises(SpokenError):
            machine.receive(nonsense)
        assert machine.state is State.OVER


def handed_over(code: bytes) -> tuple[Joiner, bytes]:
    """A joiner, and an inviter's last step with these bytes in the code's place."""
    mine, theirs = joiner(), inviter()
    shared = _shared(theirs, mine.first)
    mine.receive(say_first(theirs))
    key = Secret(hkdf_expand(shared, b"code", 32))
    return mine, bytes((Step.CODE,)) + seal(key, b"hallway spoken 1", code, seeded("over"))


def _shared(machine: Inviter, first: bytes) -> bytes:
    key = machine._pake.finish(first[1:])
    assert key is not None
    return key.reveal()


def say_first(machine: Inviter) -> bytes:
    return bytes((Step.INVITER_SPAKE2,)) + machine._pake.message


def test_keys_are_expanded_as_the_page_says() -> None:
    mine, theirs = joiner(), inviter()
    shared = _shared(theirs, mine.first)
    confirmation = say(mine, say_first(theirs))
    confirm_key = hkdf_expand(shared, b"confirm", 32)
    assert confirmation == b"\x03" + hmac_sha256(confirm_key, b"joiner")
    mine, last = handed_over(CODE.text().encode())
    mine.receive(last)
    assert mine.code == CODE


@pytest.mark.parametrize(
    "code",
    [b"", b"walrus-tulip-violin", b"chat.example.org/", b"\xff\xfe", CODE.text().encode()[:-1]],
)
def test_what_is_no_sealed_code_is_not_taken(code: bytes) -> None:
    mine, last = handed_over(code)
    with pytest.raises(SpokenError, match="does not speak as Hallway does"):
        mine.receive(last)
    assert mine.state is State.OVER
    with pytest.raises(MisuseError):
        _ = mine.code


def test_a_changed_code_is_not_taken() -> None:
    for index in range(1, 40, 5):
        mine, last = handed_over(CODE.text().encode())
        with pytest.raises(WrongWordsError):
            mine.receive(flipped(last, index))


def test_there_is_no_code_before_the_end() -> None:
    talk = Talk()
    with pytest.raises(MisuseError):
        _ = talk.joiner.code
    talk.end()
    assert isinstance(talk.joiner.code, SealedCode)
