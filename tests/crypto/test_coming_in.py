"""From three spoken words to a conversation: every piece with real groups, all of it as bytes."""

from __future__ import annotations

from dataclasses import replace

from crypto.access.binding import AccessKeyPair, guest_statement, verify
from crypto.access.log import Head
from crypto.beat import Beat, open_beat, seal_beat
from crypto.card import Card, open_card, seal_card
from crypto.circle import drafts
from crypto.circle.device import Identity
from crypto.circle.drafts import Departure
from crypto.circle.happened import CameIn, CameInAgain, Left
from crypto.circle.standing import check_entrance
from crypto.circle.view import Leaf
from crypto.code import SealedCode, SpokenCode
from crypto.code_reading import read_code
from crypto.content import Content, Leave, PassedOn, Text
from crypto.entry import EntryRequest, open_request, seal_request
from crypto.envelope import Envelope, Place, SenderChain
from crypto.history import History, PassedOnMessage, open_history, seal_history
from crypto.invite import InviteKeys
from crypto.mls.group import ApplicationMessage
from crypto.primitives import sha256
from crypto.rejoin import OldKeys, Rejoin, open_rejoin, seal_rejoin
from crypto.relay_address import Address
from crypto.secret import Secret
from crypto.spoken import Inviter, Joiner
from tests.crypto.circle.people import RELAY, Circle, Phone
from tests.crypto.circle.scene import NOW
from tests.crypto.material import SUITE, seeded

RELAY_KEY = AccessKeyPair.from_seed(Secret(b"\x52" * 32))


def head(circle: Circle) -> Head:
    return Head.sign(RELAY_KEY, circle.id, b"i" * 16, circle.n, sha256(bytes((circle.n,))))


def issue(circle: Circle, issuer: Phone, address: Address) -> tuple[SealedCode, bytes]:
    """A code that the circle knows, and its card as the relay keeps it."""
    code = SealedCode.generate(address, issuer.rng)
    keys = InviteKeys.of(code.secret)
    made, _ = circle.code(issuer)
    made = replace(made, id=keys.id, signing_key=keys.signing.public)
    view = issuer.view
    card = Card(
        circle_id=circle.id,
        circle_name=view.state.name,
        topic=view.state.topic,
        issuer=issuer.key,
        issuer_name=issuer.name,
        names=tuple(view.names().values()),
        cap=view.state.cap,
        door=view.state.door,
        history=made.history,
        expires_at=made.expires_at,
        written_at=NOW,
        relay=view.state.relays[0],
        relay_key=RELAY_KEY.public,
        request_key=made.request_key(),
    )
    sealed = seal_card(keys, card, issuer.rng)
    access_key = keys.access.public
    draft = drafts.open_invite(view, issuer.leaf, made, access_key, sha256(sealed))
    circle.commit(issuer, draft)
    return code, sealed


def ask(code: SealedCode, sealed_card: bytes, who: Phone) -> tuple[Card, bytes]:
    """What somebody outside does who has the code alone: the card, and the request."""
    keys = InviteKeys.of(code.secret)
    card = open_card(keys, sealed_card)
    package = who.pack(card.circle_id, keys).key_package
    access_key = who.identity.access.public
    request = EntryRequest.make(keys, card.circle_id, package, access_key, "Hello!", NOW)
    body = seal_request(SUITE, card.request_key, card.circle_id, keys.id, request, who.rng)
    return card, body


def answer(circle: Circle, invite_id: bytes, body: bytes, who: Phone, at: Phone) -> CameIn:
    made = at.view.state.invite(invite_id)
    assert made is not None
    asked = open_request(SUITE, made.request_secret, circle.id, invite_id, body)
    draft = drafts.admit(at.view, at.leaf, asked.key_package, asked.admit_signature, NOW)
    (came,) = circle.commit(at, draft, [who]).happened
    assert isinstance(came, CameIn)
    return came


def come_in(circle: Circle, issuer: Phone, who: Phone, at: Phone) -> None:
    code, sealed = issue(circle, issuer, Address.parse("relay.example"))
    card, body = ask(code, sealed, who)
    answer(circle, InviteKeys.of(code.secret).id, body, who, at)
    check_entrance(who.view, who.leaf, card.circle_id, card.issuer)


def say(
    circle: Circle, speaker: Phone, chain: SenderChain, content: Content, *hearers: Phone
) -> tuple[SenderChain, list[Envelope]]:
    envelope, chain = chain.envelope(content, head(circle), NOW, speaker.rng)
    message = speaker.in_group.encrypt(envelope.encode(), speaker.rng)
    heard = []
    for phone in hearers:
        opened = phone.in_group.process(message)
        assert isinstance(opened, ApplicationMessage)
        heard.append(Envelope.decode(opened.data))
    return chain, heard


def test_three_words_lead_to_a_conversation() -> None:
    ana, bo = Phone("Ana"), Phone("Bo")
    circle, address = Circle(ana), Address.parse("relay.example")

    sealed_code, sealed_card = issue(circle, ana, address)
    spoken = SpokenCode.generate((738,), None, ana.rng)
    inviter = Inviter(spoken, address, sealed_code, ana.rng)

    typed = read_code(f" {spoken.text().upper()} ")
    assert isinstance(typed, SpokenCode)
    joiner = Joiner(typed, address, bo.rng)
    said: bytes | None = joiner.first
    while said is not None:
        answered = inviter.receive(said)
        assert answered is not None
        said = joiner.receive(answered)
    code = joiner.code
    assert code == sealed_code

    keys = InviteKeys.of(code.secret)
    guest = guest_statement(b"n" * 32, address.dialled, keys.id)
    known = circle.roster.invites[keys.id]
    assert verify(known.access_key, guest, keys.access.sign(guest))
    assert known.card_hash == sha256(sealed_card)

    card, body = ask(code, sealed_card, bo)
    assert (card.circle_name, card.issuer_name, card.names) == ("The hallway", "Ana", ("Ana",))
    assert card.relay == RELAY
    came = answer(circle, keys.id, body, bo, ana)
    assert (came.person.name, came.invited_by.name) == ("Bo", "Ana")
    check_entrance(bo.view, bo.leaf, card.circle_id, card.issuer)

    chain, [first] = say(circle, ana, SenderChain(), Text("Welcome, Bo"), bo)
    assert first.content == Text("Welcome, Bo")
    assert first.head is not None
    assert first.head.verify(circle.id, card.relay_key)
    _, [second] = say(circle, ana, chain, Text("There you are"), bo)
    assert SenderChain.after(first).place(second) is Place.NEXT


def test_who_is_let_in_by_another_reads_what_is_passed_on() -> None:
    ana, bo, cy = Phone("Ana"), Phone("Bo"), Phone("Cy")
    circle = Circle(ana)
    come_in(circle, ana, bo, ana)
    _, [kept] = say(circle, ana, SenderChain(), Text("Who brings bread?"), bo)
    come_in(circle, ana, cy, bo)

    passed_on = PassedOnMessage(kept.id, "Ana", ana.key, kept.sent_at, kept.type, kept.body)
    leaf = bo.in_group.member(cy.leaf)
    assert leaf is not None
    history = History((passed_on,))
    content = seal_history(
        SUITE, circle.id, leaf.signature_key, leaf.encryption_key, history, bo.rng
    )
    _, heard = say(circle, bo, SenderChain(), content, ana, cy)
    for envelope in heard:
        assert envelope.content == content
    received = heard[1].content
    assert isinstance(received, PassedOn)
    assert received.to == cy.identity.leaf.public
    assert cy.package is not None
    opened = open_history(SUITE, circle.id, cy.package.leaf_key_pair, received)
    assert opened == history
    assert opened.messages[0].content == Text("Who brings bread?")


def test_a_beat_shows_that_all_are_in_the_same_epoch() -> None:
    ana, bo = Phone("Ana"), Phone("Bo")
    circle = Circle(ana)
    come_in(circle, ana, bo, ana)
    beat = Beat(
        leaf_key=ana.identity.leaf.public,
        epoch=ana.in_group.epoch,
        epoch_authenticator=ana.in_group.epoch_authenticator.reveal(),
        head=head(circle),
        counter=0,
        stuck_at=None,
        at=NOW,
    )
    key = ana.view.state.beacon_key
    slot = seal_beat(key, circle.id, beat, ana.identity.leaf, ana.rng)
    heard = open_beat([bo.view.state.beacon_key], circle.id, slot).beat
    assert bo.view.with_signature_key(heard.leaf_key) == ana.leaf
    assert Secret(heard.epoch_authenticator) == bo.in_group.epoch_authenticator


def test_who_says_goodbye_is_let_go_by_the_others() -> None:
    ana, bo = Phone("Ana"), Phone("Bo")
    circle = Circle(ana)
    come_in(circle, ana, bo, ana)
    departure = bo.departure(circle.id)
    _, [heard] = say(circle, bo, SenderChain(), Leave(departure.signature), ana)
    content = heard.content
    assert isinstance(content, Leave)
    leaving = Departure(bo.identity.access.public, content.departure)
    key = ana.view.state.beacon_key
    draft = drafts.finish_leaves(ana.view, ana.leaf, [leaving], ana.rng)
    (left,) = circle.commit(ana, draft).happened
    assert isinstance(left, Left)
    assert ana.view.state.beacon_key != key


def test_a_lost_device_comes_in_again() -> None:
    ana, bo = Phone("Ana"), Phone("Bo")
    circle = Circle(ana)
    come_in(circle, ana, bo, ana)
    old = OldKeys(bo.identity.member, bo.identity.leaf, bo.identity.access)
    key = bo.view.state.beacon_key

    fresh = Identity.generate(seeded("Bo's fresh keys"))
    new = Phone("Bo", identity=replace(fresh, member=old.member))
    package = new.pack(circle.id).key_package
    rejoin = Rejoin.make(circle.id, old, package, new.identity.access.public, NOW)
    body = seal_rejoin(key, circle.id, rejoin, new.rng)

    asked = open_rejoin([ana.view.state.beacon_key], circle.id, body)
    index = ana.view.with_signature_key(asked.old_leaf_key)
    assert index is not None
    before, after = ana.view.leaves[index], Leaf.of(asked.key_package.leaf_node)
    asked.verify(circle.id, before.member, before.access_key, after.access_key)
    draft = drafts.rejoin(
        ana.view, ana.leaf, asked.old_leaf_key, asked.key_package, asked.rekey_signature, NOW
    )
    circle.phones.remove(bo)
    (again,) = circle.commit(ana, draft, [new]).happened
    assert isinstance(again, CameInAgain)
    _, [heard] = say(circle, new, SenderChain(), Text("Here again"), ana)
    assert heard.content == Text("Here again")
