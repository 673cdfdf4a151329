"""What was written once is written the same way still, and what was written once is still read."""

from __future__ import annotations

import pytest

from crypto.again import open_again
from crypto.beat import open_beat
from crypto.card import open_card
from crypto.code_reading import read_code
from crypto.content import Again, PassedOn
from crypto.entry import InviteProof, open_request
from crypto.envelope import Envelope, Place, SenderChain
from crypto.history import open_history
from crypto.invite import InviteKeys
from crypto.mls.kem import KemKeyPair
from crypto.rejoin import open_rejoin
from crypto.secret import Secret
from crypto.vault import Vault
from tests.crypto.known_answers import FILES, FOLDER, stored
from tests.crypto.material import CARD, SUITE


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_answers_are_what_they_were(name: str) -> None:
    assert FILES[name]() == stored(name)


def test_no_answer_is_left_out() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(FILES)


def data(text: str) -> bytes:
    return bytes.fromhex(text)


def keys_of(secret: str) -> InviteKeys:
    return InviteKeys.of(Secret(data(secret)))


@pytest.mark.parametrize("case", stored("codes")["codes"])
def test_stored_codes_are_read_in_every_form(case: dict[str, str]) -> None:
    for form in ("code", "words", "link", "qr"):
        code = read_code(case[form])
        assert str(code.address) == case["address"]
        assert code.text() == case["code"]
    keys = keys_of(case["secret"])
    assert (keys.id.hex(), keys.signing.public.hex()) == (case["invite_id"], case["signing_key"])


def test_the_stored_card_opens() -> None:
    answers = stored("card")
    assert open_card(keys_of(answers["secret"]), data(answers["sealed"])) == CARD


def test_the_stored_request_opens() -> None:
    answers = stored("entry")
    keys = keys_of(answers["secret"])
    circle_id = data(answers["circle_id"])
    request = open_request(
        SUITE, Secret(data(answers["request_secret"])), circle_id, keys.id, data(answers["body"])
    )
    assert request.encode().hex() == answers["request"]
    proof = InviteProof.decode(data(answers["invite_proof"]))
    names = ("member", "leaf_key", "init_key", "access_key")
    incoming = (data(answers[name]) for name in names)
    assert proof.verify(keys.signing.public, circle_id, *incoming)


def test_stored_envelopes_are_read() -> None:
    answers = stored("envelopes")
    chain = SenderChain()
    for case in answers["envelopes"]:
        envelope = Envelope.decode(data(case["envelope"]))
        assert (envelope.type, envelope.counter) == (case["type"], case["counter"])
        assert envelope.body.hex() == case["body"]
        assert chain.place(envelope) is Place.NEXT
        chain = SenderChain.after(envelope)
    passed_on, _, again = (
        Envelope.decode(data(case["envelope"])).content for case in answers["envelopes"][3:]
    )
    assert isinstance(passed_on, PassedOn)
    pair = KemKeyPair(Secret(data(answers["encryption_secret"])), data(answers["encryption_key"]))
    history = open_history(SUITE, data(answers["circle_id"]), pair, passed_on)
    assert history.encode().hex() == answers["history"]
    assert isinstance(again, Again)
    repeats = open_again(SUITE, data(answers["circle_id"]), pair, again)
    assert repeats.encode().hex() == answers["repeats"]


def test_stored_beats_and_rejoins_open() -> None:
    answers = stored("beacon")
    keys, circle_id = [Secret(data(answers["beacon_key"]))], data(answers["circle_id"])
    for case in answers["beats"]:
        heard = open_beat(keys, circle_id, data(case["sealed"]))
        assert heard.beat.encode().hex() == case["beat"]
    rejoin = open_rejoin(keys, circle_id, data(answers["sealed_rejoin"]))
    rejoin.verify(
        circle_id,
        data(answers["old_member"]),
        data(answers["old_access_key"]),
        data(answers["new_access_key"]),
    )


def test_the_stored_vault_opens() -> None:
    answers = stored("vault")
    vault = Vault.parse(data(answers["passphrase_vault"]))
    key = vault.open_with_passphrase(answers["passphrase"])
    assert key.reveal().hex() == answers["database_key"]
