"""What the conversation is told of each rightful commit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.access.side_data import (
    AddDevice,
    AddInvite,
    Cap,
    Delta,
    Flag,
    Remove,
    RevokeInvite,
)
from crypto.circle.happened import (
    CameIn,
    CameInAgain,
    CodeOpened,
    CodeWithdrawn,
    DeviceAdded,
    DeviceRelabelled,
    DeviceRemoved,
    Happening,
    HostNamed,
    HostNoMore,
    Left,
    Person,
    Removed,
    Renamed,
    RosterPutRight,
    SettingChanged,
)
from crypto.circle.rules import check
from crypto.circle.sides import whole_roster
from crypto.circle.view import Change
from tests.crypto.circle.scene import (
    ANA,
    ANAS_CODE,
    AT_ANA,
    AT_BO,
    AT_CY,
    AT_LAPTOP,
    BO,
    BOS_CODE,
    CY,
    DEE,
    LAPTOP,
    STATE,
    VIEW,
    Code,
    change,
    entry,
    newcomer,
    resigned,
    welcome,
    without,
)

ANA_, BO_, CY_, DEE_ = (Person(who.key, who.name) for who in (ANA, BO, CY, DEE))
ALL_CODES = tuple(
    CodeWithdrawn(code.id, ANA_ if code.issuer == ANA.key else BO_) for code in STATE.invites
)


def device_added() -> Change:
    tablet = newcomer(BO.another_device("tablet"))
    deltas: list[Delta] = [AddDevice(tablet.leaf.access_key), welcome(tablet)]
    return change(AT_BO, added=[tablet], deltas=deltas)


def came_back() -> Change:
    again = newcomer(LAPTOP.another_device("laptop again"))
    rekey = LAPTOP.rekey(again.leaf.access_key)
    return change(AT_ANA, added=[again], removed=[AT_LAPTOP], deltas=[rekey, welcome(again)])


def code_made() -> Change:
    code = Code.by(CY, 2, "new")
    invite, keys = code.invite, code.keys
    invites = tuple(sorted((*STATE.invites, invite), key=lambda listed: listed.id))
    delta = AddInvite(
        invite.id, keys.access.public, invite.signing_key, 2, invite.expires_at, bytes(32)
    )
    return change(AT_CY, replace(STATE, invites=invites), deltas=[delta])


def code_withdrawn() -> Change:
    invites = tuple(invite for invite in STATE.invites if invite.id != BOS_CODE.invite.id)
    delta = RevokeInvite(BOS_CODE.invite.id)
    return change(AT_ANA, replace(STATE, invites=invites), deltas=[delta])


def handed_over() -> Change:
    deltas: list[Delta] = [Flag(LAPTOP.access.public, True), Flag(ANA.access.public, False)]
    return change(AT_ANA, replace(STATE, hosts=(BO.key,)), deltas=deltas)


def settings() -> Change:
    return change(AT_ANA, replace(STATE, topic="Big talk", cap=4), deltas=[Cap(4)])


def removed() -> Change:
    deltas: list[Delta] = [Remove(BO.access.public), Remove(LAPTOP.access.public)]
    return change(AT_ANA, without(STATE, BO), removed=[AT_BO, AT_LAPTOP], deltas=deltas)


def device_removed() -> Change:
    deltas: list[Delta] = [Remove(LAPTOP.access.public)]
    return change(AT_BO, without(STATE), removed=[AT_LAPTOP], deltas=deltas)


def left() -> Change:
    return change(AT_BO, without(STATE, CY), removed=[AT_CY], deltas=[CY.departure()])


def host_left() -> Change:
    deltas: list[Delta] = [ANA.departure(), Flag(BO.access.public, True)]
    return change(AT_CY, without(STATE, ANA), removed=[AT_ANA], deltas=deltas)


@pytest.mark.parametrize(
    ("attempt", "by", "happened"),
    [
        (change(AT_CY), CY_, ()),
        (replace(change(AT_CY), own_leaf=None), CY_, ()),
        (
            entry(AT_CY, CY, DEE, ANAS_CODE),
            CY_,
            (CameIn(DEE_, ANA_, ANAS_CODE.invite.id, 4),),
        ),
        (
            entry(AT_CY, CY, DEE, BOS_CODE),
            CY_,
            (CameIn(DEE_, BO_, BOS_CODE.invite.id, 4),),
        ),
        (device_added(), BO_, (DeviceAdded(BO_, "tablet"),)),
        (came_back(), ANA_, (CameInAgain(BO_, "laptop again"),)),
        (
            change(AT_ANA, deltas=whole_roster(STATE, VIEW.leaves.values())),
            ANA_,
            (RosterPutRight(),),
        ),
        (removed(), ANA_, (Removed(BO_), *ALL_CODES)),
        (device_removed(), BO_, (DeviceRemoved(BO_, "laptop"), *ALL_CODES)),
        (left(), BO_, (Left(CY_), *ALL_CODES)),
        (host_left(), CY_, (Left(ANA_), HostNamed(BO_, True), *ALL_CODES)),
        (handed_over(), ANA_, (HostNamed(BO_, False), HostNoMore(ANA_))),
        (
            settings(),
            ANA_,
            (SettingChanged("topic", "Small talk", "Big talk"), SettingChanged("cap", 5, 4)),
        ),
        (code_made(), CY_, (CodeOpened(Code.by(CY, 2, "new").invite.id, 2),)),
        (code_withdrawn(), ANA_, (CodeWithdrawn(BOS_CODE.invite.id, BO_),)),
        (
            change(AT_BO, own_leaf=resigned(BO, name="Bob", label="phone")),
            BO_,
            (
                Renamed(Person(BO.key, "Bob"), "Bo"),
                DeviceRelabelled(Person(BO.key, "Bob"), "", "phone"),
            ),
        ),
    ],
)
def test_what_is_told(attempt: Change, by: Person, happened: tuple[Happening, ...]) -> None:
    outcome = check(attempt)
    assert outcome.by == by
    assert outcome.happened == happened
    assert outcome.state == attempt.new


def test_a_host_named_in_the_place_of_one_who_goes_is_no_succession_while_one_stays() -> None:
    state = replace(STATE, hosts=tuple(sorted((ANA.key, CY.key))))
    view = replace(VIEW, state=state)
    new = replace(without(state, CY), hosts=tuple(sorted((ANA.key, BO.key))))
    deltas: list[Delta] = [CY.departure(), Flag(BO.access.public, True)]
    outcome = check(change(AT_ANA, new, view=view, removed=[AT_CY], deltas=deltas))
    assert HostNamed(BO_, False) in outcome.happened
