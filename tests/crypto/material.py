"""Fixed things to try `crypto`'s own modules on: randomness, keys, a code, a card, a newcomer."""

from __future__ import annotations

from crypto.access.binding import AccessKeyPair
from crypto.access.log import Head
from crypto.card import Card
from crypto.circle.arriving import key_package, with_proof
from crypto.circle.device import Identity
from crypto.code import SealedCode
from crypto.invite import InviteKeys
from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE, SignatureKeyPair
from crypto.mls.key_package import KeyPackage
from crypto.primitives import Rng, hkdf_expand, x25519_public
from crypto.relay_address import Address, RelayAddress
from crypto.secret import Secret

SUITE = CHACHA20POLY1305_SUITE
NOW = 1_760_000_000_000
CIRCLE_ID = bytes.fromhex("c0ffee") + bytes(13)
ADDRESS = Address.parse("chat.example.org")


def seeded(seed: str) -> Rng:
    """Randomness that is the same on each run, and different for each seed and call."""
    calls = 0

    def rng(length: int) -> bytes:
        nonlocal calls
        calls += 1
        return hkdf_expand(seed.encode(), calls.to_bytes(4), length)

    return rng


def scripted(*draws: bytes) -> Rng:
    """Randomness that is exactly these draws, one after the other."""
    left = list(draws)

    def rng(length: int) -> bytes:
        drawn = left.pop(0)
        assert len(drawn) == length
        return drawn

    return rng


def flipped(data: bytes, index: int) -> bytes:
    """The same bytes with one bit wrong."""
    return data[:index] + bytes((data[index] ^ 1,)) + data[index + 1 :]


CODE = SealedCode(ADDRESS, Secret(bytes(range(16))))
OTHER_CODE = SealedCode(ADDRESS, Secret(bytes(16)))
KEYS = InviteKeys.of(CODE.secret)
OTHER_KEYS = InviteKeys.of(OTHER_CODE.secret)

REQUEST_SECRET = Secret(b"\x21" * 32)
BEACON_KEY = Secret(b"\x31" * 32)
LEAF = SignatureKeyPair.from_seed(Secret(b"\x41" * 32))
RELAY = AccessKeyPair.from_seed(Secret(b"\x51" * 32))
ANA = SignatureKeyPair.from_seed(Secret(b"\x61" * 32))

HEAD = Head.sign(RELAY, CIRCLE_ID, b"i" * 16, 7, b"h" * 32)

CARD = Card(
    circle_id=CIRCLE_ID,
    circle_name="Kitchen",
    topic="what's for dinner",
    issuer=ANA.public,
    issuer_name="Ana",
    names=("Ana", "Bo"),
    cap=8,
    door=0,
    history=50,
    expires_at=NOW + 604_800_000,
    written_at=NOW,
    relay=RelayAddress("chat.example.org"),
    relay_key=RELAY.public,
    request_key=x25519_public(REQUEST_SECRET),
)


def identity(seed: str) -> Identity:
    """Somebody's member, leaf and access keys."""
    return Identity.generate(seeded(seed))


def newcomer(who: Identity, name: str, keys: InviteKeys | None = KEYS) -> KeyPackage:
    """The key package that somebody asks to come in with, on a code or to come in again."""
    device = who.device(CIRCLE_ID, name)
    rng = seeded(f"key package {name}")
    secrets = key_package(SUITE, who.member.public, who.leaf, device, rng, NOW)
    if keys is not None:
        secrets = with_proof(SUITE, secrets, CIRCLE_ID, keys)
    return secrets.key_package
