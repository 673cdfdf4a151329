"""Coming in again: who asks shows its member key, its old leaf and its old access key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.access.binding import rekey_statement, verify
from crypto.beacon import seal_under
from crypto.circle.device import Identity
from crypto.errors import FieldError, ForgedError, UnopenedError
from crypto.mls.codec import Writer
from crypto.mls.errors import DecodeError
from crypto.mls.framing import MlsMessage
from crypto.mls.welcome import Welcome
from crypto.primitives import sha256
from crypto.rejoin import OldKeys, Rejoin, open_rejoin, rejoin_statement, seal_rejoin
from crypto.secret import Secret
from tests.crypto.material import (
    BEACON_KEY,
    CIRCLE_ID,
    NOW,
    SUITE,
    flipped,
    identity,
    newcomer,
    seeded,
)

OLD = identity("Bo's old device")
NEW = Identity(OLD.member, identity("Bo's new device").leaf, identity("Bo's new access").access)
STRANGER = identity("Eve")
PACKAGE = newcomer(NEW, "Bo", None)


def made(old: Identity = OLD) -> Rejoin:
    keys = OldKeys(old.member, old.leaf, old.access)
    return Rejoin.make(CIRCLE_ID, keys, PACKAGE, NEW.access.public, NOW)


def check(rejoin: Rejoin) -> None:
    rejoin.verify(CIRCLE_ID, OLD.member.public, OLD.access.public, NEW.access.public)


def test_a_request_reaches_the_members() -> None:
    body = seal_rejoin(BEACON_KEY, CIRCLE_ID, made(), seeded("rejoin"))
    rejoin = open_rejoin([BEACON_KEY], CIRCLE_ID, body)
    assert rejoin == made()
    assert rejoin.key_package == PACKAGE
    check(rejoin)


def test_a_former_beacon_key_will_do() -> None:
    former = Secret(b"\x32" * 32)
    body = seal_rejoin(former, CIRCLE_ID, made(), seeded("rejoin"))
    assert open_rejoin([BEACON_KEY, former], CIRCLE_ID, body) == made()


def test_who_was_never_in_cannot_ask() -> None:
    body = seal_rejoin(Secret(bytes(32)), CIRCLE_ID, made(), seeded("rejoin"))
    with pytest.raises(UnopenedError):
        open_rejoin([BEACON_KEY], CIRCLE_ID, body)


def test_the_signatures_are_over_the_successor() -> None:
    hashed = sha256(MlsMessage(PACKAGE).encode())
    statement = b"hallway rejoin 1" + CIRCLE_ID + OLD.leaf.public + hashed
    assert rejoin_statement(CIRCLE_ID, OLD.leaf.public, PACKAGE) == statement
    rekey = rekey_statement(CIRCLE_ID, OLD.access.public, NEW.access.public)
    assert verify(OLD.access.public, rekey, made().rekey_signature)


@pytest.mark.parametrize(
    "old",
    [
        Identity(STRANGER.member, OLD.leaf, OLD.access),
        Identity(OLD.member, OLD.leaf, STRANGER.access),
        STRANGER,
    ],
)
def test_nobody_else_signs(old: Identity) -> None:
    with pytest.raises(ForgedError):
        check(made(old))


@pytest.mark.parametrize("field", ["rekey_signature", "leaf_signature", "member_signature"])
def test_each_signature_counts(field: str) -> None:
    damaged = flipped(getattr(made(), field), 5)
    with pytest.raises(ForgedError):
        check(replace(made(), **{field: damaged}))  # type: ignore[arg-type]


def test_a_leaf_is_followed_by_its_own_successor() -> None:
    with pytest.raises(ForgedError):
        check(replace(made(), old_leaf_key=STRANGER.leaf.public))
    with pytest.raises(ForgedError):
        check(replace(made(), key_package=newcomer(STRANGER, "Bo", None)))


def test_a_request_belongs_to_its_circle_and_keys() -> None:
    rejoin = made()
    member, old, new = OLD.member.public, OLD.access.public, NEW.access.public
    for circle, *keys in (
        (bytes(16), member, old, new),
        (CIRCLE_ID, STRANGER.member.public, old, new),
        (CIRCLE_ID, member, STRANGER.access.public, new),
        (CIRCLE_ID, member, old, STRANGER.access.public),
    ):
        with pytest.raises(ForgedError):
            rejoin.verify(circle, *keys)


def test_it_survives_its_encoding() -> None:
    encoded = made().encode()
    assert Rejoin.decode(encoded) == made()
    for wrong in (encoded[:-1], encoded + b"\0", b""):
        with pytest.raises(DecodeError):
            Rejoin.decode(wrong)


@pytest.mark.parametrize(
    ("field", "length"),
    [
        ("old_leaf_key", 31),
        ("rekey_signature", 63),
        ("leaf_signature", 65),
        ("member_signature", 0),
    ],
)
def test_fields_have_their_lengths(field: str, length: int) -> None:
    with pytest.raises(FieldError):
        replace(made(), **{field: bytes(length)})  # type: ignore[arg-type]


def test_sealed_nonsense_is_a_field_error() -> None:
    writer = Writer()
    writer.opaque(MlsMessage(Welcome(SUITE.code, (), b"")).encode())
    for plaintext in (b"", writer.getvalue(), made().encode() + b"\0"):
        body = seal_under(BEACON_KEY, b"hallway rejoin 1", CIRCLE_ID, plaintext, seeded("r"))
        with pytest.raises(FieldError):
            open_rejoin([BEACON_KEY], CIRCLE_ID, body)


def test_a_beat_is_no_rejoin() -> None:
    body = seal_under(BEACON_KEY, b"hallway beat 1", CIRCLE_ID, made().encode(), seeded("r"))
    with pytest.raises(UnopenedError):
        open_rejoin([BEACON_KEY], CIRCLE_ID, body)
