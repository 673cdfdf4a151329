"""Spoken codes: SPAKE2 over the relay's rendezvous, which carries a sealed code to the joiner.

docs/protocol.md section 3.5. Two machines, one a side, without I/O: what the other side said goes
into `receive`, what comes out is said to it. Whoever guesses the words gets one try: the inviter's
guess is spent when it takes a first step, whatever follows. So a step that is wrong or out of turn
does not leave a machine as it was, as it would elsewhere: it is over.

The table, `(state, step)` → state:

| | joiner | inviter |
|---|---|---|
| 1, joiner: SPAKE2 message | said first | waiting → agreeing, says 2 |
| 2, inviter: SPAKE2 message | waiting → agreeing, says 3 | |
| 3, joiner: proof of the same key | | agreeing → done, says 4 |
| 4, inviter: the sealed code | agreeing → done | |
| anything else, or the line lost | → over | → over |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import ClassVar, Generic, TypeVar

from crypto.code import SealedCode, SpokenCode
from crypto.code_reading import read_code
from crypto.errors import CodeError, MisuseError, OutOfTurnError, SpokenError, WrongWordsError
from crypto.pake import Pake, Side
from crypto.primitives import AEAD_KEY_LENGTH, HASH_LENGTH, Rng, hkdf_expand, hmac_sha256
from crypto.relay_address import Address
from crypto.sealing import open_, seal
from crypto.secret import Secret, equal

_PURPOSE = b"hallway spoken 1"

A = TypeVar("A", bound=bytes | None)


class Step(IntEnum):
    """The first byte of what is said."""

    JOINER_SPAKE2 = 1
    INVITER_SPAKE2 = 2
    CONFIRMATION = 3
    CODE = 4


class State(Enum):
    """Where a side is."""

    WAITING = "nothing has come from the other side"
    AGREEING = "the SPAKE2 messages are exchanged"
    DONE = "the code is handed over"
    OVER = "no code comes of it"


@dataclass(frozen=True, slots=True)
class _Keys:
    """What both sides have after SPAKE2, if they said the same words."""

    confirm: Secret
    code: Secret

    def confirmation(self) -> bytes:
        """The joiner's proof that it has the keys: 32 bytes."""
        return hmac_sha256(self.confirm.reveal(), b"joiner")


class _Machine(ABC, Generic[A]):
    """What both sides do alike: take a step by the table, and be over where it is not in it."""

    _SIDE: ClassVar[Side]
    _WRONG_WORDS: ClassVar[str]
    _LOST: ClassVar[str]

    _agreeing: _Keys

    def __init__(self, spoken: SpokenCode, address: Address, rng: Rng) -> None:
        self.state = State.WAITING
        self._pake = Pake(self._SIDE, spoken.password, _identities(spoken, address), rng)

    @abstractmethod
    def _steps(self) -> Mapping[tuple[State, Step], Callable[[bytes], A]]:
        """The side's column of the table: what it does at each step that it takes."""

    def receive(self, said: bytes) -> A:
        """What to say to what the other side said; None where a joiner has nothing to say.

        SpokenError or one of its kinds where no code comes of it: the machine is over.
        """
        state, self.state = self.state, State.OVER
        if not said or said[0] not in set(Step):
            raise _strange()
        step = self._steps().get((state, Step(said[0])))
        if step is None:
            raise OutOfTurnError(
                "The other side did not keep to the order of steps. Make a new code."
            )
        answer = step(said[1:])
        self.state = State.AGREEING if state is State.WAITING else State.DONE
        return answer

    def lost(self) -> SpokenError | None:
        """The line, the other side or the nameplate is gone: what to tell the person, if anything.

        A machine that is done stays done.
        """
        state = self.state
        if state in (State.DONE, State.OVER):
            return None
        self.state = State.OVER
        if state is State.AGREEING:
            return SpokenError(self._LOST)
        return SpokenError("The line was lost before anybody answered. Make a new code.")

    def _agree(self, message: bytes) -> None:
        """Other words give other keys, which shows in the next step."""
        shared = self._pake.finish(message)
        if shared is None:
            raise _strange()
        self._agreeing = _Keys(
            Secret(hkdf_expand(shared.reveal(), b"confirm", HASH_LENGTH)),
            Secret(hkdf_expand(shared.reveal(), b"code", AEAD_KEY_LENGTH)),
        )


class Inviter(_Machine[bytes]):
    """The side that made the spoken code, and gives a sealed one to who knows it.

    :param spoken: the code on the inviter's screen.
    :param address: the relay's, as dialled for the rendezvous.
    :param sealed: the code to hand over, made for this use.
    """

    _SIDE = Side.B
    _WRONG_WORDS = (
        "Somebody tried this code with other words. It is of no more use: make a new one."
    )
    _LOST = "Somebody tried this code and went away. It is of no more use: make a new one."

    def __init__(self, spoken: SpokenCode, address: Address, sealed: SealedCode, rng: Rng) -> None:
        super().__init__(spoken, address, rng)
        self._sealed = sealed
        self._rng = rng

    @property
    def guess_spent(self) -> bool:
        """Whether somebody has tried, or the machine is over: the words are of no more use."""
        return self.state is not State.WAITING

    def _steps(self) -> Mapping[tuple[State, Step], Callable[[bytes], bytes]]:
        return {
            (State.WAITING, Step.JOINER_SPAKE2): self._answer,
            (State.AGREEING, Step.CONFIRMATION): self._hand_over,
        }

    def _answer(self, message: bytes) -> bytes:
        self._agree(message)
        return bytes((Step.INVITER_SPAKE2,)) + self._pake.message

    def _hand_over(self, confirmation: bytes) -> bytes:
        if not equal(confirmation, self._agreeing.confirmation()):
            raise WrongWordsError(self._WRONG_WORDS)
        code = self._sealed.text().encode("ascii")
        return bytes((Step.CODE,)) + seal(self._agreeing.code, _PURPOSE, code, self._rng)


class Joiner(_Machine[bytes | None]):
    """The side that was told the words. `first` is what it says before anything is said to it.

    :param spoken: the code as it was typed.
    :param address: the relay's, as dialled for the rendezvous.
    """

    _SIDE = Side.A
    _WRONG_WORDS = (
        "These are not the words of whoever invites you. The code is of no more use: ask for a "
        "new one."
    )
    _LOST = (
        "The other side ended it, most likely because the words were not the same. The code is of "
        "no more use: ask for a new one."
    )

    def __init__(self, spoken: SpokenCode, address: Address, rng: Rng) -> None:
        super().__init__(spoken, address, rng)
        self.first = bytes((Step.JOINER_SPAKE2,)) + self._pake.message
        self._code: SealedCode | None = None

    @property
    def code(self) -> SealedCode:
        """The sealed code that the inviter handed over; MisuseError before the machine is done."""
        if self._code is None:
            raise MisuseError("no code has been handed over")
        return self._code

    def _steps(self) -> Mapping[tuple[State, Step], Callable[[bytes], bytes | None]]:
        return {
            (State.WAITING, Step.INVITER_SPAKE2): self._confirm,
            (State.AGREEING, Step.CODE): self._take,
        }

    def _confirm(self, message: bytes) -> bytes:
        self._agree(message)
        return bytes((Step.CONFIRMATION,)) + self._agreeing.confirmation()

    def _take(self, sealed: bytes) -> None:
        plaintext = open_(self._agreeing.code, _PURPOSE, sealed)
        if plaintext is None:
            raise WrongWordsError(self._WRONG_WORDS)
        try:
            code = read_code(plaintext.decode("ascii"))
        except (CodeError, UnicodeDecodeError):
            raise _strange() from None
        if not isinstance(code, SealedCode):
            raise _strange()
        self._code = code


def _identities(spoken: SpokenCode, address: Address) -> tuple[bytes, bytes]:
    """The joiner's, then the inviter's."""
    place = f"\0{spoken.nameplate_text}\0{address}\0".encode("ascii")
    return _PURPOSE + place + b"joiner", _PURPOSE + place + b"inviter"


def _strange() -> SpokenError:
    return SpokenError("The other side does not speak as Hallway does. Make a new code.")
