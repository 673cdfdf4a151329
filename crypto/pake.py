"""SPAKE2 over Ed25519 as PyPI's `spake2` computes it; the only importer of that package.

One run of a side gives a guess at the other's password: a shared key that is the same on both sides
exactly if password and identities were.
"""

from __future__ import annotations

from enum import Enum

from spake2 import SPAKE2_A, SPAKE2_B, SPAKEError  # type: ignore[import-untyped]
from spake2.ed25519_basic import NotOnCurve  # type: ignore[import-untyped]

from crypto.primitives import Rng
from crypto.secret import Secret

MESSAGE_LENGTH = 33
"""Bytes: one for the side, 32 for a point."""


class Side(Enum):
    """Which of the two roles; each has a point of its own, so that nothing can be reflected."""

    A = "A"
    B = "B"


class Pake:
    """One side of one exchange. `message` goes to the other side, whose message `finish` takes.

    :param identities: A's and B's, the same for both sides.
    """

    def __init__(
        self, side: Side, password: Secret, identities: tuple[bytes, bytes], rng: Rng
    ) -> None:
        kind = SPAKE2_A if side is Side.A else SPAKE2_B
        self._exchange = kind(password.reveal(), *identities, entropy_f=rng)
        self.message = bytes(self._exchange.start())

    def finish(self, message: bytes) -> Secret | None:
        """The shared key of 32 bytes, or None for what is no message of the other side; once."""
        # the package reads 33 bytes and does not mind more
        if len(message) != MESSAGE_LENGTH:
            return None
        try:
            return Secret(self._exchange.finish(message))
        except (SPAKEError, NotOnCurve, ValueError):
            return None
