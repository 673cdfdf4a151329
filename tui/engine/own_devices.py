"""This person's devices over all circles: which there are, and what they do alike.

Nothing ties a device in one circle to the same one in another but its label: keys are made for each
circle alone. So it is by their labels that devices are shown, and removed.
"""

from __future__ import annotations

from collections.abc import Iterable

from crypto.circle.happened import Outcome, Renamed
from crypto.circle.state import DEVICES_MOST
from crypto.circle.view import CircleView, Joiner, Leaf
from crypto.mls.key_package import KeyPackage
from tui.engine.circle import Circle
from tui.engine.errors import WishError
from tui.engine.events import DeviceFacts
from tui.engine.intentions import holds, intend
from tui.engine.store.records import LinkingRecord
from tui.engine.wishes import AddDevice, FollowName, RemoveDevice, decode

UNLABELLED = "(without a label)"
"""How a device without a label is shown, and named."""


def leaves(circle: Circle) -> list[Leaf]:
    """This person's devices in a circle where they are inside."""
    view = circle.view
    return [view.leaves[index] for index in view.devices(circle.member_key)]


def labels(circle: Circle) -> set[str]:
    """What they are called, those that are being added too."""
    return {leaf.device.label for leaf in leaves(circle)} | {
        leaf.device.label for leaf in _coming(circle)
    }


def gives(circle: Circle) -> bool:
    """Whether this device can add another one to a circle."""
    return not why_not(circle)


def why_not(circle: Circle) -> str:
    """Why it can't; empty where it can."""
    if not circle.active or circle.record.left_at:
        return "nothing is sent there just now"
    if not circle.first:
        return "your key is on another device"
    if len(leaves(circle)) >= DEVICES_MOST:
        return f"you have {DEVICES_MOST} devices there"
    return ""


def adds(circle: Circle, key_package: bytes) -> bool:
    """Whether a device with this key package is to be added already."""
    waiting = circle.context.store.intentions.where("circle = ?", circle.number)
    wishes = (decode(record.wish) for record in waiting)
    return any(isinstance(wish, AddDevice) and wish.key_package == key_package for wish in wishes)


def joiner(wish: AddDevice) -> Leaf:
    """The leaf that a device would have."""
    return Joiner.of(KeyPackage.decode(wish.key_package)).leaf


def _coming(circle: Circle) -> list[Leaf]:
    waiting = circle.context.store.intentions.where("circle = ?", circle.number)
    wishes = (decode(record.wish) for record in waiting)
    return [joiner(wish) for wish in wishes if isinstance(wish, AddDevice)]


def facts(circles: Iterable[Circle], waiting: Iterable[LinkingRecord]) -> list[DeviceFacts]:
    """This device first, then the others by label."""
    found: dict[tuple[bool, str], tuple[list[str], list[str]]] = {}
    for circle in circles:
        if not circle.inside:
            continue
        name = circle.record.name
        for leaf in leaves(circle):
            this = leaf.signature_key == circle.own.signature_key
            found.setdefault((not this, leaf.device.label), ([], []))[0].append(name)
        for leaf in _coming(circle):
            found.setdefault((True, leaf.device.label), ([], []))[1].append(name)
    for record in waiting:
        found.setdefault((False, record.label), ([], []))[1].append(record.name)
    return [
        DeviceFacts(label=label or UNLABELLED, this=not other, circles=there, coming=coming)
        for (other, label), (there, coming) in sorted(found.items())
    ]


def remove(circles: Iterable[Circle], label: str) -> tuple[list[str], list[str]]:
    """Have a device removed everywhere: from which circles, and in which that can't be done.

    WishError where there is no such device, or it is this one.
    """
    wanted = "" if label == UNLABELLED else label
    gone: list[str] = []
    stays: list[str] = []
    this = False
    for circle in circles:
        if not circle.inside:
            continue
        this = this or circle.own.device.label == wanted
        theirs = [*leaves(circle), *_coming(circle)]
        keys = [
            leaf.signature_key
            for leaf in theirs
            if leaf.device.label == wanted and leaf.signature_key != circle.own.signature_key
        ]
        if keys and (not circle.active or circle.record.left_at):
            stays.append(circle.record.name)
        elif keys:
            gone.append(circle.record.name)
            for key in keys:
                _remove(circle, key)
    if not gone and not stays and this:
        raise WishError(
            "this_device",
            "That is this device. Remove it from another of yours, or leave the circles.",
        )
    if not gone and not stays:
        raise WishError("unknown_device", f"None of your other devices is called {label}.")
    return gone, stays


def _remove(circle: Circle, leaf_key: bytes) -> None:
    store = circle.context.store
    pending = store.pending.get(circle.number)
    for record in store.intentions.where("circle = ?", circle.number):
        wish = decode(record.wish)
        under_way = pending is not None and pending.intention == record.number
        if isinstance(wish, AddDevice) and joiner(wish).signature_key == leaf_key:
            if not under_way:
                store.intentions.delete(record.number)
    wish = RemoveDevice(leaf_key)
    if not holds(circle, wish):
        intend(circle, wish)
    circle.tell_changed()


def follow_name(circle: Circle, outcome: Outcome) -> None:
    """Be called what this person is called on the device where they chose another name."""
    for happening in outcome.happened:
        if not isinstance(happening, Renamed) or happening.person.member != circle.member_key:
            continue
        if circle.own.name == happening.before:
            wish = FollowName(happening.before, happening.person.name)
            if not holds(circle, wish):
                intend(circle, wish)


def told_already(before: CircleView, happening: object) -> bool:
    """Whether a member's device only takes on the name that another one of theirs has."""
    return isinstance(happening, Renamed) and any(
        leaf.member == happening.person.member and leaf.name == happening.person.name
        for leaf in before.leaves.values()
    )
