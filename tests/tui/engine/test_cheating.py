"""What members and a relay may do to a circle that no rule can forbid: it is named, and survived.

Commits that only some can follow, or nobody; a relay that shows two halves of a circle two logs; a
flood; words, cards and Welcomes that are not what they seem.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from crypto.access.side_data import Delta, Remove, ReplaceCard, encode
from crypto.card import Card, open_card, seal_card
from crypto.circle import drafts
from crypto.circle.sides import committed_hash
from crypto.code import SealedCode
from crypto.code_reading import read_code
from crypto.entry import open_request
from crypto.invite import InviteKeys
from crypto.mls.framing import FramedContent
from crypto.mls.treekem import UpdatePath
from crypto.primitives import sha256
from relay import wire
from relay.limits import Rate, Settings
from relay.wire import FromRelay
from tests.crypto.mls.forge import Forgery, forge_commit
from tests.halves import Halves
from tests.harness import Person, World
from tests.tui.engine.attacks import leaf_of
from tests.tui.engine.lying import LyingWorld
from tests.tui.engine.renegade import Renegade, Try
from tests.tui.engine.rogue import circle_of
from tui.engine import commands
from tui.engine.circle import SUITE
from tui.engine.events import (
    Finished,
    LinkState,
    Refused,
    SpokenEnded,
    SpokenOpened,
    SpokenTried,
)
from tui.engine.following import STUCK
from tui.engine.padding import padding

USUAL = Settings(failures=Rate(1000, 1))


def same_epoch(*people: Person) -> bool:
    first, *others = [circle_of(person).members.epoch_authenticator for person in people]
    return all(other == first for other in others)


def ciphertexts(spoil: Callable[[int], bool]) -> Callable[[UpdatePath], UpdatePath]:
    """A path whose nodes are sealed to some with a bit turned over."""

    def changed(path: UpdatePath) -> UpdatePath:
        nodes = []
        for place, node in enumerate(path.nodes):
            sealed = node.encrypted_path_secret
            if spoil(place):
                broken = [
                    replace(one, ciphertext=one.ciphertext[:-1] + bytes([one.ciphertext[-1] ^ 1]))
                    for one in sealed
                ]
                node = replace(node, encrypted_path_secret=tuple(broken))
            nodes.append(node)
        return replace(path, nodes=tuple(nodes))

    return changed


def unfollowable(
    eve: Renegade, spoil: Callable[[int], bool], deltas: Iterable[Delta] = ()
) -> bytes:
    """A commit that changes nothing, right in all that everybody can check."""
    told = committed_hash(list(deltas))

    def framed(content: FramedContent) -> FramedContent:
        return replace(content, authenticated_data=told)

    wrong = Forgery(path=ciphertexts(spoil), with_path=True, framed=framed)
    return forge_commit(eve.group, [], os.urandom, wrong, padding)


def four(seed: int = 1) -> tuple[World, Person, Person, Person, Renegade]:
    world = World(seed)
    ana, bo, cy, eve = world.circle("Ana", "Bo", "Cy", "Eve")
    return world, ana, bo, cy, Renegade(eve)


def test_a_path_that_is_good_for_some_and_bad_for_one() -> None:
    """Cy, who sits beside Eve in the tree, is given another secret than the tree's."""
    world, ana, bo, cy, eve = four()
    assert eve.orders(unfollowable(eve, lambda place: place == 0), encode([]))
    world.settle(wait=0)
    assert same_epoch(ana, bo) and not same_epoch(ana, cy)
    assert cy.circle().link is LinkState.STOPPED and cy.warnings()[0] == STUCK
    ana.says("who follows me?")
    world.wait(120_000)
    assert bo.texts() == ["Ana: who follows me?"] and cy.texts() == []
    assert "has followed a change to the circle" in cy.circle().link_sentence
    refused = cy.refused(lambda ref: commands.SendText(ref=ref, text="into the dark"))
    assert refused.sentence == cy.circle().link_sentence
    cy.expect(Finished, lambda ref: commands.Rejoin(ref=ref))
    world.wait(60_000)
    assert cy.circle().link is LinkState.ONLINE and same_epoch(ana, bo, cy)
    cy.says("here again")
    world.settle()
    for person in (ana, bo):
        assert person.texts() == ["Ana: who follows me?", "Cy: here again"]
        assert "Cy's device came in again, with fresh keys." in person.notices()
        assert person.warnings() == []


def test_a_member_beside_whose_commit_the_relay_is_to_evict_everybody() -> None:
    """No member's side data do that: the relay refuses them, and shows nobody the commit."""
    world, ana, bo, cy, eve = four()
    deltas = [Remove(leaf_of(eve, name).access_key) for name in ("Ana", "Bo", "Cy")]
    garbage = eve.make(Try(deltas=deltas)).message[:-1] + b"\0"
    assert not eve.orders(garbage, encode(deltas))
    ana.says("here")
    world.settle()
    for person in (ana, bo, cy):
        assert person.texts() == ["Ana: here"] and person.warnings() == []


@pytest.mark.parametrize("body", [b"", b"noise", bytes(1100), None])
def test_a_commit_that_is_none_is_skipped_by_all_alike(body: bytes | None) -> None:
    world, ana, bo, cy, eve = four()
    if body is None:  # well framed, and nothing that was ever encrypted
        genuine = eve.make(Try()).message
        body = genuine[:-1000] + bytes(1000)
    assert eve.orders(body, encode([]))
    ana.says("on we go")
    world.settle()
    assert ana.warnings() == bo.warnings() == cy.warnings() != []
    assert "skipped" in ana.warnings()[0]
    assert bo.texts() == cy.texts() == ["Ana: on we go"]


def test_a_commit_of_the_past_shown_again_is_skipped_by_all_alike() -> None:
    world, ana, bo, cy, eve = four()
    (shelf,) = world.store.shelves.values()
    old = [record for record in shelf.records if record.kind == 2][-1]
    assert old.body is not None
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, topic="newer"))
    eve.follow()
    assert eve.orders(old.body, encode([]))
    world.settle()
    assert ana.warnings() == bo.warnings() == cy.warnings() and len(ana.warnings()) == 1
    assert same_epoch(ana, bo, cy)


def test_a_removal_that_is_kept_from_half_of_the_circle() -> None:
    """Cy's half goes on with Eve, who was removed, until the halves meet: then everything stops,
    and Cy chooses the conversation of the host."""
    world = Halves()
    ana, bo, cy, eve = world.circle("Ana", "Bo", "Cy", "Eve")
    world.split(cy, eve)
    world.settle()
    ana.expect(Finished, lambda ref: commands.Remove(ref=ref, member="Eve"))
    ana.says("among ourselves")
    cy.says("is anybody there?")
    world.settle()
    assert bo.texts() == ["Ana: among ourselves"]
    assert eve.texts() == ["Cy: is anybody there?"]
    world.heal()
    cy.says("not to be sent")
    world.wait(60_000)
    assert cy.circle().link is LinkState.STOPPED
    assert cy.circle().waiting == 1
    assert "Ask the others what they see" in cy.circle().link_sentence
    assert eve.circle().link is not LinkState.ONLINE
    assert ana.texts() == bo.texts() == ["Ana: among ourselves"]
    assert ana.warnings() == bo.warnings() == []
    cy.expect(Finished, lambda ref: commands.SettleFork(ref=ref, member="Ana"))
    world.wait(60_000)
    assert cy.circle().link is LinkState.ONLINE and same_epoch(ana, bo, cy)
    assert [member.name for member in cy.client.members(cy.circle().id)] == ["Ana", "Bo", "Cy"]
    assert bo.texts()[-1] == "Cy: not to be sent"
    assert "Cy: not to be sent" not in eve.texts()


@pytest.mark.parametrize("hogs", [False, True])
def test_a_flood_of_invalid_commits_does_not_keep_honest_ones_out(hogs: bool) -> None:
    """Eve commits as often as the relay lets her; `hogs` also claims the turn of those who lost."""
    world = World(settings=USUAL)
    ana, bo, cy, person = world.circle("Ana", "Bo", "Cy", "Eve")
    world.wait(60_000)
    eve = Renegade(person)
    began, taken = world.now, 0
    assert eve.orders(b"first", encode([]))
    ana.do(commands.ChangeSettings(ref=900, topic="through the flood"))
    for one in (bo, cy):
        one.do(commands.CreateInvite(ref=900))
        one.says("and a message")
    while not all(any(event.ref == 900 for event in one.heard) for one in (ana, bo, cy)):
        eve.follow()
        if hogs:
            newest, eve.handshake = eve.handshake, 0
            eve.orders(b"late", encode([]))
            eve.handshake = newest
        taken += eve.orders(b"flood", encode([]))
        world.wait(200)
        assert world.now < began + 60_000
    assert taken >= 1
    world.wait(60_000)
    for one in (ana, bo, cy):
        assert one.circle().topic == "through the flood"
        assert len(one.client.invites(one.circle().id)) == 2
        assert sorted(one.texts()) == ["Bo: and a message", "Cy: and a message"]
        assert "skipped" in one.warnings()[0]
        assert one.told(Refused) == []
    assert ana.warnings() == bo.warnings() == cy.warnings()


def test_a_pake_that_is_dropped_before_its_confirmation() -> None:
    """A stranger takes a nameplate, says the first step, and is gone: that was the one guess."""
    world = World()
    (ana,) = world.circle("Ana")
    opened = ana.expect(SpokenOpened, lambda ref: commands.OpenSpoken(ref=ref))
    nameplate = opened.code.split("-")[0]
    stranger = world.person("Stranger")
    stranger.do(commands.ReadCode(ref=5, code=f"{nameplate}-yoyo-yoyo"))
    circle = circle_of(ana)
    while (
        circle.spoken is None
        or circle.spoken.inviter is None
        or (not circle.spoken.inviter.guess_spent)
    ):
        assert world.step()
    stranger.offline = True
    world.settle()
    assert [event.right for event in ana.told(SpokenTried)] == [False]
    assert [event.sentence for event in ana.told(SpokenEnded)] == [
        "Somebody tried this code and went away. It is of no more use: make a new one."
    ]
    world.wait(30_000)
    assert ana.client.invites(ana.circle().id) == []
    late = world.person("Bo").refused(lambda ref: commands.ReadCode(ref=ref, code=opened.code))
    assert late.reason in ("gone", "unknown")
    again = ana.expect(SpokenOpened, lambda ref: commands.OpenSpoken(ref=ref))
    assert again.code != opened.code


def keys_of(code: str) -> InviteKeys:
    read = read_code(code)
    assert isinstance(read, SealedCode)
    return InviteKeys.of(read.secret)


def carded(change: Callable[[Card, InviteKeys], bytes]) -> tuple[LyingWorld, Person, Person, str]:
    """Dee is about to read the card of Ana's code, in the place of which lies another one."""
    world = LyingWorld(1)
    ana, eve = world.circle("Ana", "Eve")
    code = ana.invites()
    dee = world.person("Dee")

    def other(frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, wire.Card):
            frame = replace(frame, card=change(open_card(keys_of(code), frame.card), keys_of(code)))
        yield frame

    world.victim, world.lie = dee, other
    return world, eve, dee, code


def test_a_member_can_not_put_a_card_of_its_own_to_anothers_code() -> None:
    world, ana, _bo, _cy, eve = four()
    code = ana.invites()
    eve.follow()
    card = os.urandom(400)
    deltas = [ReplaceCard(keys_of(code).id, sha256(card))]
    made = eve.make(Try(deltas=deltas))
    assert not eve.orders(made.message, encode(deltas), card)
    dee = world.person("Dee")
    assert dee.reads(code).issuer == "Ana"


def test_a_card_by_a_member_who_does_not_hold_the_code_is_not_opened() -> None:
    """All that other members have of a code is its id and public key."""

    def sealed(card: Card, keys: InviteKeys) -> bytes:
        own = InviteKeys.of(SealedCode.generate(circle.address, os.urandom).secret)
        return seal_card(replace(own, id=keys.id), card, os.urandom)

    _world, eve, dee, code = carded(sealed)
    circle = circle_of(eve)
    refused = dee.refused(lambda ref: commands.ReadCode(ref=ref, code=code))
    assert refused.reason == "card"
    assert dee.client.entries() == []


def test_a_card_by_a_member_who_holds_the_code_leads_into_no_other_circle() -> None:
    """Whoever was told the code can sign a card. It says that Eve made the code; the circle that
    the newcomer is let into says otherwise."""

    def hers(card: Card, keys: InviteKeys) -> bytes:
        member = circle_of(eve).member.public
        return seal_card(keys, replace(card, issuer=member, issuer_name="Eve"), os.urandom)

    world, eve, dee, code = carded(hers)
    card = dee.reads(code)
    assert card.issuer == "Eve"
    refused = dee.refused(lambda ref: commands.Enter(ref=ref, entry=card.entry, person="Dee"))
    world.settle()
    assert refused.sentence == (
        "This is not the circle of the card: The circle does not say that you came in on this code."
    )
    assert dee.client.circles() == []


def test_a_welcome_into_a_circle_of_the_admitters_own_making_stays_unconfirmed() -> None:
    """Eve lets Dee in, and leaves a Welcome of another commit than the one in the log: Dee is
    alone with her there, and Ana, whose code it was, never confirms it."""
    world, ana, bo, cy, eve = four()
    code = ana.invites()
    for person in (ana, bo, cy):
        person.offline = True
    world.settle(wait=0)
    dee = world.person("Dee")
    card = dee.reads(code)
    dee.do(commands.Enter(ref=7, entry=card.entry, person="Dee"))
    world.settle(wait=0)
    invite = eve.view.state.invites[0] if eve.view.state.invites else None
    assert invite is None
    heard = eve.hear()
    for frame in heard:
        if isinstance(frame, wire.Entry) and frame.kind == 2:
            staged = eve.group.process(frame.body)
            eve.group.merge(staged)  # type: ignore[arg-type]
            eve.handshake = frame.n
    (invite,) = eve.view.state.invites
    (body,) = [f.body for f in heard if isinstance(f, wire.Entry) and f.kind == 3]
    asked = open_request(SUITE, invite.request_secret, eve.circle.id, invite.id, body)
    draft = drafts.admit(
        eve.view, eve.group.own_leaf, asked.key_package, asked.admit_signature, world.now
    )
    made, other = [
        eve.group.commit(
            draft.proposals,
            os.urandom,
            now=world.now // 1000,
            authenticated_data=draft.authenticated_data(),
            padding=padding,
        )
        for _ in range(2)
    ]
    assert made.welcome is not None and other.welcome is not None
    assert made.welcome != other.welcome
    assert eve.orders(made.message, draft.side_data(other.welcome), other.welcome)
    world.wait(30_000)
    assert dee.circle().link is LinkState.ONLINE and not dee.circle().confirmed
    for person in (ana, bo, cy):
        person.offline = False
    ana.says("welcome, Dee")
    dee.says("is this the hallway?")
    world.wait(600_000)
    assert same_epoch(ana, bo, cy) and not same_epoch(ana, dee)
    assert not dee.circle().confirmed
    assert "An entry that nobody can read was skipped." in dee.warnings()
    assert bo.texts() == cy.texts() == ["Ana: welcome, Dee"]
    assert "Dee: is this the hallway?" not in ana.texts()
    assert ana.warnings() == bo.warnings() == cy.warnings() != []
