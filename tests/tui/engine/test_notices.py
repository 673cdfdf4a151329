"""What happened, in words: each kind of happening, by whom it was and to whom it is told."""

from __future__ import annotations

from typing import get_args

import pytest

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
    Outcome,
    Person,
    Removed,
    Renamed,
    RosterPutRight,
    SettingChanged,
)
from crypto.circle.state import CircleState, Door
from tests.harness import World
from tests.tui.engine.rogue import circle_of
from tui.engine.notices import sentences

ANA, BO, CY = (Person(name.encode() * 8, name) for name in ("Ana", "Bo", "Cy"))
INVITE = b"i" * 16

TOLD: list[tuple[Happening, str]] = [
    (CameIn(CY, BO, INVITE, 3), "Cy is here, on the code that Bo gave."),
    (CameIn(CY, ANA, INVITE, 3), "Cy is here, on the code that you gave."),
    (CameIn(ANA, BO, INVITE, 3), "You are here, on the code that Bo gave."),
    (CameInAgain(CY, "laptop"), "Cy's device came in again, with fresh keys."),
    (DeviceAdded(CY, "laptop"), "Cy added a device: laptop."),
    (DeviceAdded(CY, ""), "Cy added a device."),
    (Left(CY), "Cy left."),
    (Removed(CY), "Bo removed Cy. All open codes were withdrawn."),
    (
        DeviceRemoved(CY, "laptop"),
        "Bo removed one of Cy's devices: laptop. All open codes were withdrawn.",
    ),
    (
        DeviceRemoved(BO, ""),
        "Bo removed one of their own devices. All open codes were withdrawn.",
    ),
    (Renamed(CY, "Cyril"), "Cyril is called Cy now."),
    (HostNamed(CY, succession=False), "Cy is a host now."),
    (HostNamed(CY, succession=True), "Cy is host now, who has been here longest."),
    (HostNoMore(CY), "Cy is no host any more."),
    (SettingChanged("name", "Lake", "Sea"), "Bo named the circle Sea."),
    (SettingChanged("topic", "", "swimming"), "Bo set the topic: swimming."),
    (SettingChanged("topic", "swimming", ""), "Bo took the topic away."),
    (SettingChanged("cap", 8, 5), "Bo lowered the number of chairs to 5."),
    (SettingChanged("door", Door.CODE, Door.ASK), "Bo changed the door: a member says yes."),
    (SettingChanged("door", Door.ASK, Door.CODE), "Bo changed the door: a code is enough."),
    (
        SettingChanged("history", 0, 50),
        "Bo changed how many messages new codes show of the past: 50.",
    ),
    (SettingChanged("disappear", 60, 0), "Bo set new messages to stay."),
    *(
        (
            SettingChanged("disappear", 0, seconds),
            f"Bo set new messages to go after {words}.",
        )
        for seconds, words in [
            (61, "61 seconds"),
            (60, "1 minute"),
            (5_400, "90 minutes"),
            (3_600, "1 hour"),
            (172_800, "2 days"),
            (31_536_000, "365 days"),
        ]
    ),
    (
        SettingChanged("presence", False, True),
        "Bo set that others are shown who is here and who is writing.",
    ),
    (
        SettingChanged("presence", True, False),
        "Bo set that nobody is shown who is here and who is writing.",
    ),
    (
        SettingChanged("heard", False, True),
        "Bo set that others are shown who read what.",
    ),
    (SettingChanged("heard", True, False), "Bo set that nobody is shown who read what."),
    (SettingChanged("feed_key", b"", b"k"), "Bo changed the circle's feed key."),
    (DeviceRelabelled(CY, "laptop", "desk"), ""),
    (CodeOpened(INVITE, 1), ""),
    (CodeWithdrawn(INVITE, BO), ""),
    (
        RosterPutRight(),
        "Bo's device told the relay anew who is here, after a change that was refused.",
    ),
]


@pytest.fixture(scope="module")
def state() -> CircleState:
    return circle_of(World().circle("Ana")[0]).view.state


@pytest.mark.parametrize(("happening", "sentence"), TOLD)
def test_what_is_told(happening: Happening, sentence: str, state: CircleState) -> None:
    assert sentences(Outcome(state, BO, (happening,)), ANA.member) == (
        [sentence] if sentence else []
    )


def test_no_kind_is_forgotten() -> None:
    assert {type(happening) for happening, _ in TOLD} == set(get_args(Happening))


def test_who_did_it_is_told_so(state: CircleState) -> None:
    outcome = Outcome(state, ANA, (Removed(CY), SettingChanged("name", "Lake", "Sea")))
    assert sentences(outcome, ANA.member) == [
        "You removed Cy. All open codes were withdrawn.",
        "You named the circle Sea.",
    ]
