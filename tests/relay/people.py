"""People for the relay's tests: key pairs, and the deltas that they sign."""

from __future__ import annotations

from crypto.access.binding import (
    AccessKeyPair,
    admit_statement,
    depart_statement,
    rekey_statement,
)
from crypto.access.side_data import AddInvite, Admit, Depart, Rekey
from crypto.primitives import sha256
from crypto.secret import Secret

CIRCLE = b"c" * 16
NOW = 1_700_000_000_000
HOST = "chat.example.org"
CARD = b"a sealed card"
WELCOME = b"a Welcome"


def pair(number: int) -> AccessKeyPair:
    return AccessKeyPair.from_seed(Secret(number.to_bytes(32)))


ANA, BO, CAM, DEE = (pair(number) for number in range(1, 5))
GUEST, SIGNING = pair(90), pair(91)
"""The pairs that speak for, and sign on, every invite here."""


def invite_id(number: int) -> bytes:
    return number.to_bytes(16)


def invite(
    number: int = 0, uses: int = 3, expires_at: int = NOW + 86_400_000, card: bytes = CARD
) -> AddInvite:
    return AddInvite(
        invite_id(number), GUEST.public, SIGNING.public, uses, expires_at, sha256(card)
    )


def admit(key: AccessKeyPair, number: int = 0, circle: bytes = CIRCLE) -> Admit:
    statement = admit_statement(circle, invite_id(number), key.public)
    return Admit(invite_id(number), key.public, SIGNING.sign(statement))


def rekey(old: AccessKeyPair, new: AccessKeyPair) -> Rekey:
    statement = rekey_statement(CIRCLE, old.public, new.public)
    return Rekey(old.public, new.public, old.sign(statement))


def depart(key: AccessKeyPair) -> Depart:
    return Depart(key.public, key.sign(depart_statement(CIRCLE, key.public)))
