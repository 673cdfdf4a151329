"""The whole life of a circle, with real groups on every device and a relay's roster beside them."""

from __future__ import annotations

import pytest

from crypto.access.roster import apply
from crypto.access.side_data import AddDevice, Delta, Remove
from crypto.circle import drafts
from crypto.circle.drafts import Draft
from crypto.circle.errors import CommitRefusedError, MisuseError
from crypto.circle.happened import (
    CameIn,
    CameInAgain,
    DeviceAdded,
    DeviceRemoved,
    HostNamed,
    Left,
    Removed,
    Renamed,
    RosterPutRight,
)
from crypto.circle.policy import CircleRules
from crypto.circle.standing import check_entrance
from crypto.circle.state import Door
from crypto.entry import open_request, seal_request
from crypto.invite import InviteKeys
from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE as SUITE
from tests.crypto.circle.people import CARD, Circle, Phone
from tests.crypto.circle.scene import NOW


def invite(circle: Circle, issuer: Phone, uses: int = 1) -> InviteKeys:
    made, keys = circle.code(issuer, uses)
    draft = drafts.open_invite(issuer.view, issuer.leaf, made, keys.access.public, CARD)
    circle.commit(issuer, draft)
    return keys


def knock(circle: Circle, keys: InviteKeys, who: Phone, at: Phone) -> Draft:
    """A request is sealed by who stands outside, opened and answered by who is inside."""
    made = at.view.state.invite(keys.id)
    assert made is not None
    request = who.request(circle.id, keys)
    body = seal_request(SUITE, made.request_key(), circle.id, keys.id, request, who.rng)
    asked = open_request(SUITE, made.request_secret, circle.id, keys.id, body)
    return drafts.admit(at.view, at.leaf, asked.key_package, asked.admit_signature, NOW)


def come_in(circle: Circle, issuer: Phone, who: Phone, at: Phone) -> None:
    keys = invite(circle, issuer)
    outcome = circle.commit(at, knock(circle, keys, who, at), [who])
    (came,) = outcome.happened
    assert isinstance(came, CameIn)
    assert (came.person.name, came.invited_by.name) == (who.name, issuer.name)
    assert outcome.by.name == at.name
    check_entrance(who.view, who.leaf, circle.id, issuer.key)


def test_the_life_of_a_circle() -> None:
    ana, bo, cy, dee = Phone("Ana"), Phone("Bo"), Phone("Cy"), Phone("Dee")
    circle = Circle(ana)

    # Three come in; the third on Ana's code while only Bo answers.
    come_in(circle, ana, bo, ana)
    come_in(circle, ana, cy, bo)
    come_in(circle, cy, dee, cy)
    circle.all_hear(dee, b"Hello from Dee")

    # Everybody freshens their keys; Bo is called otherwise; Ana changes the circle.
    for phone in circle.phones:
        circle.commit(phone, drafts.refresh(phone.view, phone.leaf))
    outcome = circle.commit(bo, drafts.rename(bo.view, bo.leaf, "Bob"))
    assert isinstance(outcome.happened[0], Renamed)
    circle.commit(ana, drafts.settings(ana.view, ana.leaf, door=Door.ASK, cap=4, topic="Tea"))
    circle.commit(ana, drafts.settings(ana.view, ana.leaf, name="The kitchen"))

    # A full circle makes no codes; a host removes Dee, who hears of nothing any more.
    made, keys = circle.code(bo)
    with pytest.raises(MisuseError, match="0 of 4 are free"):
        drafts.open_invite(bo.view, bo.leaf, made, keys.access.public, CARD)
    outcome = circle.commit(ana, drafts.remove(ana.view, ana.leaf, dee.key, circle.rng))
    assert isinstance(outcome.happened[0], Removed)
    assert not dee.in_group.is_active
    circle.all_hear(cy, b"Without Dee")

    # Bo brings a laptop, which answers the door like any device.
    laptop = bo.another("laptop")
    package = laptop.pack(circle.id).key_package
    outcome = circle.commit(bo, drafts.add_device(bo.view, bo.leaf, package, NOW), [laptop])
    assert isinstance(outcome.happened[0], DeviceAdded)
    eve = Phone("Eve")
    come_in(circle, cy, eve, laptop)
    assert [record.member for record in eve.view.state.members] == [ana.key, bo.key, cy.key,
                                                                     eve.key]  # fmt: skip

    # Bo's first device changes its access key, then is taken away by the laptop.
    identity, device, signature = bo.change_access_key(circle.id)
    circle.commit(bo, drafts.rekey(bo.view, bo.leaf, device, signature))
    bo.identity = identity
    outcome = circle.commit(
        laptop, drafts.remove_devices(laptop.view, laptop.leaf, [bo.leaf], circle.rng)
    )
    assert isinstance(outcome.happened[0], DeviceRemoved)
    circle.all_hear(laptop, b"Still Bo")

    # Ana, the last host, leaves; Cy carries it out; Bo has been in longest and is host.
    outcome = circle.commit(
        cy, drafts.finish_leaves(cy.view, cy.leaf, [ana.departure(circle.id)], circle.rng)
    )
    assert isinstance(outcome.happened[0], Left)
    named = outcome.happened[1]
    assert isinstance(named, HostNamed)
    assert (named.person.member, named.succession) == (bo.key, True)
    assert not ana.in_group.is_active

    # Cy lost the database and comes in again; Eve answers; Cy's chair and number stay.
    again = cy.another("again")
    package = again.pack(circle.id).key_package
    signature = cy.rekey_signature(circle.id, again.identity.access.public)
    number = eve.view.state.record(cy.key)
    circle.phones.remove(cy)
    draft = drafts.rejoin(eve.view, eve.leaf, cy.identity.leaf.public, package, signature, NOW)
    outcome = circle.commit(eve, draft, [again])
    assert isinstance(outcome.happened[0], CameInAgain)
    assert again.view.state.record(cy.key) == number
    circle.all_hear(again, b"Back")

    # The new host lowers the cap to who is left, and hands over.
    circle.commit(laptop, drafts.settings(laptop.view, laptop.leaf, cap=3))
    circle.commit(laptop, drafts.appoint(laptop.view, laptop.leaf, [eve.key, cy.key]))
    circle.commit(eve, drafts.remove(eve.view, eve.leaf, bo.key, circle.rng))
    circle.all_hear(eve, b"Two of us")


def test_two_on_one_code_and_then_it_is_used_up() -> None:
    ana, bo, cy, dee = Phone("Ana"), Phone("Bo"), Phone("Cy"), Phone("Dee")
    circle = Circle(ana)
    keys = invite(circle, ana, uses=2)
    circle.commit(ana, knock(circle, keys, bo, ana), [bo])
    circle.commit(bo, knock(circle, keys, cy, bo), [cy])
    with pytest.raises(MisuseError, match="not open any more"):
        request = dee.request(circle.id, keys)
        drafts.admit(cy.view, cy.leaf, request.key_package, request.admit_signature, NOW)


def test_two_answers_to_one_request_let_one_in() -> None:
    ana, bo, cy = Phone("Ana"), Phone("Bo"), Phone("Cy")
    circle = Circle(ana)
    come_in(circle, ana, bo, ana)
    keys = invite(circle, ana)
    slower = circle.make(bo, knock(circle, keys, cy, bo))
    circle.commit(ana, knock(circle, keys, cy, ana), [cy])
    assert slower.base_epoch == cy.in_group.epoch - 1
    assert len(circle.phones) == 3


def test_a_rightful_commit_with_other_side_data_is_skipped_and_the_circle_goes_on() -> None:
    ana, bo, cy = Phone("Ana"), Phone("Bo"), Phone("Cy")
    circle = Circle(ana)
    come_in(circle, ana, bo, ana)
    come_in(circle, ana, cy, bo)
    before = [phone.state() for phone in (ana, cy)]
    pending = circle.make(bo, drafts.refresh(bo.view, bo.leaf))
    evicting = drafts.remove(ana.view, ana.leaf, cy.key, circle.rng).side_data()
    for phone in (ana, cy):
        with pytest.raises(CommitRefusedError, match="is not what was signed") as caught:
            phone.in_group.process(pending.message, policy=CircleRules(evicting))
        assert caught.value.name == "Bo"
    assert [phone.state() for phone in (ana, cy)] == before
    circle.commit(ana, drafts.refresh(ana.view, ana.leaf))
    circle.all_hear(bo, b"On we go")


def test_what_a_skipped_commit_did_at_the_relay_is_put_right() -> None:
    """Cy puts something else beside a commit than it does; everybody skips it, the relay can't."""
    ana, bo, cy = Phone("Ana"), Phone("Bo"), Phone("Cy")
    circle = Circle(ana)
    come_in(circle, ana, bo, ana)
    come_in(circle, ana, cy, ana)
    made, keys = circle.code(ana)
    draft = drafts.open_invite(ana.view, ana.leaf, made, keys.access.public, CARD)
    circle.commit(ana, draft)
    own = cy.identity.access.public
    taken: list[Delta] = [AddDevice(bytes(32)), Remove(own)]
    circle.roster = apply(circle.roster, own, taken, circle.n + 1, NOW).roster
    with pytest.raises(AssertionError):
        circle.agree()
    outcome = circle.commit(ana, drafts.put_right(ana.view, ana.leaf))
    assert outcome.happened == (RosterPutRight(),)
    circle.all_hear(cy, b"Still here")
