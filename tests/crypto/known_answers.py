"""Known answers, for this implementation's future selves and for other implementations.

`tests/crypto/answers/*.json` hold inputs and outputs, bytes in hexadecimal. Each function here
computes one file from fixed inputs; `draws` are the random bytes in the order in which they are
used. `python -m tests.crypto.known_answers` writes the files: after a change of the protocol, and
never to make a test pass.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from crypto.again import Repeated, Repeats, seal_again
from crypto.beat import Beat, SignedBeat, seal_beat
from crypto.card import SignedCard, seal_card
from crypto.code import SealedCode, SpokenCode
from crypto.content import Again, Ask, Content, Cover, Leave, PassedOn, Text
from crypto.entry import EntryRequest, InviteProof, rank, seal_request
from crypto.envelope import SenderChain
from crypto.history import History, PassedOnMessage, seal_history
from crypto.invite import InviteKeys
from crypto.mls.framing import MlsMessage
from crypto.primitives import sha256
from crypto.rejoin import OldKeys, Rejoin, seal_rejoin
from crypto.relay_address import Address
from crypto.secret import Secret
from crypto.spoken import Inviter, Joiner
from crypto.vault import Cost, Protection, lock_with_holder, lock_with_passphrase
from tests.crypto.material import (
    ANA,
    BEACON_KEY,
    CARD,
    CIRCLE_ID,
    CODE,
    HEAD,
    KEYS,
    LEAF,
    NOW,
    REQUEST_SECRET,
    SUITE,
    identity,
    newcomer,
    scripted,
)

Answers: TypeAlias = dict[str, Any]
FOLDER = Path(__file__).parent / "answers"

NONCE = bytes(range(0x80, 0x8C))
EPHEMERAL = bytes(range(0x90, 0xB0))


def codes() -> Answers:
    """Sealed codes in every form, and the keys that follow from their secret."""
    cases = []
    for address, secret in (
        ("chat.example.org", bytes(range(16))),
        ("localhost:8470", bytes(16)),
        ("ws://relay.example.com:8470", b"\xff" * 16),
        ("[2001:db8::1]", sha256(b"a code")[:16]),
    ):
        code = SealedCode(Address.parse(address), Secret(secret))
        keys = InviteKeys.of(code.secret)
        cases.append(
            {
                "address": address,
                "secret": secret.hex(),
                "code": code.text(),
                "words": code.words(),
                "link": code.link(),
                "qr": code.qr_text(),
                "invite_id": keys.id.hex(),
                "access_seed": keys.access.seed.reveal().hex(),
                "access_key": keys.access.public.hex(),
                "card_key": keys.card.reveal().hex(),
                "signing_seed": keys.signing.secret.reveal().hex(),
                "signing_key": keys.signing.public.hex(),
            }
        )
    return {"codes": cases}


def card() -> Answers:
    """The card of the first code: the structure, signed, sealed."""
    signed = SignedCard.sign(CARD, KEYS.signing)
    return {
        "secret": CODE.secret.reveal().hex(),
        "draws": [NONCE.hex()],
        "card": CARD.encode().hex(),
        "signed_card": signed.encode().hex(),
        "sealed": seal_card(KEYS, CARD, scripted(NONCE)).hex(),
    }


def entry() -> Answers:
    """A request on the first code: the proof, the request, sealed to the circle."""
    cy = identity("Cy")
    package = newcomer(cy, "Cy")
    proof = InviteProof.sign(
        KEYS,
        CIRCLE_ID,
        cy.member.public,
        cy.leaf.public,
        package.init_key,
        cy.access.public,
    )
    request = EntryRequest.make(KEYS, CIRCLE_ID, package, cy.access.public, "It's me, Cy", NOW)
    draws = scripted(EPHEMERAL)
    body = seal_request(SUITE, CARD.request_key, CIRCLE_ID, KEYS.id, request, draws)
    leaves = [sha256(bytes((number,))) for number in range(4)]
    return {
        "secret": CODE.secret.reveal().hex(),
        "circle_id": CIRCLE_ID.hex(),
        "request_secret": REQUEST_SECRET.reveal().hex(),
        "member": cy.member.public.hex(),
        "leaf_key": cy.leaf.public.hex(),
        "init_key": package.init_key.hex(),
        "access_key": cy.access.public.hex(),
        "invite_proof": proof.encode().hex(),
        "key_package": MlsMessage(package).encode().hex(),
        "draws": [EPHEMERAL.hex()],
        "request": request.encode().hex(),
        "body": body.hex(),
        "leaves": [leaf.hex() for leaf in leaves],
        "ranks": [rank(body, leaf, leaves) for leaf in leaves],
    }


def spoken() -> Answers:
    """Everything that is said over a rendezvous."""
    words = SpokenCode((738,), Secret(b"tulip-violin"))
    joiner_scalar, inviter_scalar = b"\x0a" * 64, b"\x0b" * 64
    joiner = Joiner(words, CODE.address, scripted(joiner_scalar))
    inviter = Inviter(words, CODE.address, CODE, scripted(inviter_scalar, NONCE))
    second = inviter.receive(joiner.first) or b""
    third = joiner.receive(second) or b""
    fourth = inviter.receive(third) or b""
    joiner.receive(fourth)
    return {
        "spoken_code": words.text(),
        "address": str(CODE.address),
        "nameplate": list(words.nameplate),
        "joiner_draws": [joiner_scalar.hex()],
        "inviter_draws": [inviter_scalar.hex(), NONCE.hex()],
        "steps": [said.hex() for said in (joiner.first, second, third, fourth)],
        "sealed_code": joiner.code.text(),
    }


def envelopes() -> Answers:
    """Six messages of one leaf, one of each type."""
    encryption = SUITE.kem.derive_key_pair(Secret(EPHEMERAL))
    history = History(
        (PassedOnMessage(b"1" * 16, "Ana", ANA.public, NOW, 1, b"\x81\xa4text\xa2hi"),)
    )
    passed_on: PassedOn = seal_history(
        SUITE, CIRCLE_ID, LEAF.public, encryption.public, history, scripted(EPHEMERAL)
    )
    chain, cases = SenderChain(), []
    asked = Ask(b"l" * 32, (3, 5, 2**63 - 1), encryption.public)
    repeats = Repeats(
        (Repeated(3, b"3" * 16, NOW, 1, b"\x81\xa4text\xa2hi"), Repeated(5, bytes(16), 0, 3, b""))
    )
    again: Again = seal_again(SUITE, CIRCLE_ID, LEAF.public, asked, repeats, scripted(EPHEMERAL))
    contents: tuple[Content, ...] = (
        Text("Grüße, Bo"),
        Leave(b"s" * 64),
        Cover(),
        passed_on,
        asked,
        again,
    )
    for number, content in enumerate(contents, 1):
        head = HEAD if number != 3 else None
        made, chain = chain.envelope(content, head, NOW + number, scripted(bytes((number,)) * 16))
        cases.append(
            {
                "type": made.type,
                "id": made.id.hex(),
                "counter": made.counter,
                "previous": made.previous.hex(),
                "sent_at": made.sent_at,
                "head": None if made.head is None else made.head.encode().hex(),
                "body": made.body.hex(),
                "envelope": made.encode().hex(),
            }
        )
    return {
        "circle_id": CIRCLE_ID.hex(),
        "leaf_key": LEAF.public.hex(),
        "encryption_secret": encryption.secret.reveal().hex(),
        "encryption_key": encryption.public.hex(),
        "history_draws": [EPHEMERAL.hex()],
        "history": history.encode().hex(),
        "repeats_draws": [EPHEMERAL.hex()],
        "repeats": repeats.encode().hex(),
        "envelopes": cases,
    }


def beacon() -> Answers:
    """A heartbeat, one of a stuck device, and a request to come in again."""
    beats = []
    for stuck_at in (None, 9):
        beat = Beat(LEAF.public, 3, b"e" * 32, HEAD, 12, stuck_at, NOW)
        beats.append(
            {
                "beat": beat.encode().hex(),
                "signed_beat": SignedBeat.sign(CIRCLE_ID, beat, LEAF).encode().hex(),
                "sealed": seal_beat(BEACON_KEY, CIRCLE_ID, beat, LEAF, scripted(NONCE)).hex(),
            }
        )
    old, new = identity("Bo's old device"), identity("Bo's new device")
    rejoin = Rejoin.make(
        CIRCLE_ID,
        OldKeys(old.member, old.leaf, old.access),
        newcomer(new, "Bo", None),
        new.access.public,
        NOW,
    )
    return {
        "circle_id": CIRCLE_ID.hex(),
        "beacon_key": BEACON_KEY.reveal().hex(),
        "leaf_seed": LEAF.secret.reveal().hex(),
        "draws": [NONCE.hex()],
        "beats": beats,
        "old_member": old.member.public.hex(),
        "old_leaf_key": old.leaf.public.hex(),
        "old_access_key": old.access.public.hex(),
        "new_access_key": new.access.public.hex(),
        "rejoin": rejoin.encode().hex(),
        "sealed_rejoin": seal_rejoin(BEACON_KEY, CIRCLE_ID, rejoin, scripted(NONCE)).hex(),
    }


class _Shelf:
    """A holder of one key."""

    def __init__(self) -> None:
        self.key = Secret(b"")

    def read(self, slot: str) -> Secret | None:
        return self.key

    def write(self, slot: str, key: Secret) -> None:
        self.key = key

    def erase(self, slot: str) -> None:
        self.key = Secret(b"")


def vault() -> Answers:
    """The same database key under a passphrase, in a keyring and in a key file."""
    database_key, salt, key = Secret(bytes(range(32))), b"\x0c" * 16, b"\x0d" * 32
    passphrase = "correct horse, Zoë"
    locked = lock_with_passphrase(
        database_key, passphrase, scripted(salt, NONCE), Cost(memory_kib=1024, passes=2)
    )
    return {
        "database_key": database_key.reveal().hex(),
        "passphrase": passphrase,
        "passphrase_draws": [salt.hex(), NONCE.hex()],
        "passphrase_vault": locked.encode().hex(),
        "held_draws": [salt.hex(), key.hex(), NONCE.hex()],
        "held_vaults": {
            protection.name.lower(): lock_with_holder(
                database_key, protection, _Shelf(), scripted(salt, key, NONCE)
            )
            .encode()
            .hex()
            for protection in (Protection.KEYRING, Protection.KEY_FILE)
        },
    }


FILES: dict[str, Callable[[], Answers]] = {
    function.__name__: function
    for function in (codes, card, entry, spoken, envelopes, beacon, vault)
}


def stored(name: str) -> Answers:
    """What stands in a file."""
    loaded: Answers = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return loaded


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, function in FILES.items():
        text = json.dumps(function(), indent=1, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(text + "\n", "utf-8")
