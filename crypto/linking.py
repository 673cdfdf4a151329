"""Two devices of one person that meet on a spoken code, and a sealed channel between them.

docs/protocol.md section 3.6. Two machines, one a side, without I/O, as in `crypto.spoken`: SPAKE2
over the words, a proof of the same keys from either side, then sealed messages in both directions,
each in parts that the relay's rendezvous carries. What is wrong or out of turn ends a machine for
good: whoever guesses the words gets one try.

The table, `(state, step)` → state:

| | new device | first device |
|---|---|---|
| 1, new: SPAKE2 message | said first | waiting → agreeing, says 2 |
| 2, first: SPAKE2 message | waiting → agreeing, says 3 | |
| 3, new: proof of the same keys | | agreeing → open, says 4 |
| 4, first: proof of the same keys | agreeing → open | |
| 5, either: a sealed part | open | open |
| anything else, or the line lost | → over | → over |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import Enum, IntEnum
from typing import ClassVar

from crypto.code import SpokenCode
from crypto.errors import MisuseError, OutOfTurnError, SpokenError, WrongWordsError
from crypto.pake import Pake, Side
from crypto.primitives import AEAD_KEY_LENGTH, HASH_LENGTH, Rng, hkdf_expand, hmac_sha256
from crypto.relay_address import Address
from crypto.sealing import open_, seal
from crypto.secret import Secret, equal

_PURPOSE = b"hallway link 1"

PART_LONGEST = 960
"""Bytes of a message in one part: with its seal it fits what a rendezvous carries."""

MESSAGE_LONGEST = 8 * 1024
"""Bytes of a whole message."""


class Step(IntEnum):
    """The first byte of what is said."""

    NEW_SPAKE2 = 1
    FIRST_SPAKE2 = 2
    NEW_PROOF = 3
    FIRST_PROOF = 4
    PART = 5


class State(Enum):
    """Where a side is."""

    WAITING = "nothing has come from the other side"
    AGREEING = "the SPAKE2 messages are exchanged"
    OPEN = "both sides have shown that they have the same keys"
    OVER = "nothing more comes of it"


WRONG_WORDS = (
    "The other device was not told these words. The code is of no more use: make a new one."
)
STRANGE = "The other device does not speak as Hallway does. Make a new code."
OUT_OF_TURN = "The other device did not keep to the order of steps. Make a new code."


class End(ABC):
    """One end of the channel. What it has to say is taken out with `to_say`.

    :param spoken: the code on the first device's screen.
    :param address: the relay's, as dialled for the rendezvous.
    """

    _SIDE: ClassVar[Side]
    _OWN: ClassVar[bytes]
    _OTHER: ClassVar[bytes]

    def __init__(self, spoken: SpokenCode, address: Address, rng: Rng) -> None:
        self.state = State.WAITING
        self._rng = rng
        place = f"\0{spoken.nameplate_text}\0{address}\0".encode("ascii")
        identities = (_PURPOSE + place + b"new", _PURPOSE + place + b"first")
        self._pake = Pake(self._SIDE, spoken.password, identities, rng)
        self._saying: list[bytes] = []
        self._shared = Secret(b"")
        self._sealed = self._opened = 0
        self._parts = bytearray()

    @abstractmethod
    def _steps(self) -> Mapping[tuple[State, Step], Callable[[bytes], bytes | None]]:
        """The side's column of the table."""

    def to_say(self) -> list[bytes]:
        """What is to be said to the other side, in order; each once."""
        saying, self._saying = self._saying, []
        return saying

    def receive(self, said: bytes) -> bytes | None:
        """A message, once all its parts are here; SpokenError where nothing more comes of it."""
        state, self.state = self.state, State.OVER
        if not said or said[0] not in set(Step):
            raise SpokenError(STRANGE)
        step = self._steps().get((state, Step(said[0])))
        if step is None:
            raise OutOfTurnError(OUT_OF_TURN)
        message = step(said[1:])
        self.state = State.AGREEING if state is State.WAITING else State.OPEN
        return message

    def send(self, message: bytes) -> None:
        """Have a message go to the other side, sealed and in parts."""
        if self.state is not State.OPEN:
            raise MisuseError("the channel is not open")
        if len(message) > MESSAGE_LONGEST:
            raise MisuseError(f"a message has at most {MESSAGE_LONGEST} bytes")
        for start in range(0, max(1, len(message)), PART_LONGEST):
            chunk = message[start : start + PART_LONGEST]
            more = bytes((start + PART_LONGEST < len(message),))
            aad = _PURPOSE + self._sealed.to_bytes(4)
            part = seal(self._key(self._OWN), aad, more + chunk, self._rng)
            self._sealed += 1
            self._say(Step.PART, part)

    def _say(self, step: Step, body: bytes) -> None:
        self._saying.append(bytes((step,)) + body)

    def _agree(self, message: bytes) -> None:
        """Other words give other keys, which shows in the proofs."""
        shared = self._pake.finish(message)
        if shared is None:
            raise SpokenError(STRANGE)
        self._shared = shared

    def _key(self, side: bytes) -> Secret:
        return Secret(hkdf_expand(self._shared.reveal(), b"link " + side, AEAD_KEY_LENGTH))

    def _proof(self, side: bytes) -> bytes:
        confirm = hkdf_expand(self._shared.reveal(), b"link confirm", HASH_LENGTH)
        return hmac_sha256(confirm, side)

    def _check(self, proof: bytes) -> None:
        if not equal(proof, self._proof(self._OTHER)):
            raise WrongWordsError(WRONG_WORDS)

    def _part(self, sealed: bytes) -> bytes | None:
        aad = _PURPOSE + self._opened.to_bytes(4)
        plaintext = open_(self._key(self._OTHER), aad, sealed)
        if not plaintext or plaintext[0] > 1:
            raise SpokenError(STRANGE)
        self._opened += 1
        self._parts += plaintext[1:]
        if len(self._parts) > MESSAGE_LONGEST:
            raise SpokenError(STRANGE)
        if plaintext[0]:
            return None
        message, self._parts = bytes(self._parts), bytearray()
        return message


class FirstEnd(End):
    """The device that shows the code, and holds the person's keys."""

    _SIDE, _OWN, _OTHER = Side.B, b"first", b"new"

    def _steps(self) -> Mapping[tuple[State, Step], Callable[[bytes], bytes | None]]:
        return {
            (State.WAITING, Step.NEW_SPAKE2): self._answer,
            (State.AGREEING, Step.NEW_PROOF): self._confirm,
            (State.OPEN, Step.PART): self._part,
        }

    def _answer(self, message: bytes) -> None:
        self._agree(message)
        self._say(Step.FIRST_SPAKE2, self._pake.message)

    def _confirm(self, proof: bytes) -> None:
        self._check(proof)
        self._say(Step.FIRST_PROOF, self._proof(self._OWN))


class NewEnd(End):
    """The device on which the code was typed. It speaks first."""

    _SIDE, _OWN, _OTHER = Side.A, b"new", b"first"

    def __init__(self, spoken: SpokenCode, address: Address, rng: Rng) -> None:
        super().__init__(spoken, address, rng)
        self._say(Step.NEW_SPAKE2, self._pake.message)

    def _steps(self) -> Mapping[tuple[State, Step], Callable[[bytes], bytes | None]]:
        return {
            (State.WAITING, Step.FIRST_SPAKE2): self._confirm,
            (State.AGREEING, Step.FIRST_PROOF): self._check,
            (State.OPEN, Step.PART): self._part,
        }

    def _confirm(self, message: bytes) -> None:
        self._agree(message)
        self._say(Step.NEW_PROOF, self._proof(self._OWN))
