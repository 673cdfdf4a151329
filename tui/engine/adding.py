"""Commits about this person's own devices: what they come to, and what follows them."""

from __future__ import annotations

from crypto.circle import drafts
from crypto.circle.drafts import Draft
from crypto.mls.key_package import KeyPackage
from tui.engine import history, own_devices, timeline
from tui.engine.circle import Circle
from tui.engine.errors import WishError
from tui.engine.wishes import AddDevice, FollowName, RemoveDevice


def drafted(circle: Circle, wish: AddDevice | RemoveDevice | FollowName) -> Draft | None:
    """What a wish comes to on the circle as it is now; None where there is nothing left to do."""
    view, own, context = circle.view, circle.members.own_leaf, circle.context
    if isinstance(wish, AddDevice):
        if view.with_signature_key(own_devices.joiner(wish).signature_key) is not None:
            return None
        return drafts.add_device(view, own, KeyPackage.decode(wish.key_package), context.now())
    if isinstance(wish, RemoveDevice):
        index = view.with_signature_key(wish.leaf_key)
        return None if index is None else drafts.remove_devices(view, own, [index], context.rng)
    others = {leaf.name for leaf in own_devices.leaves(circle)}
    follows = circle.own.name == wish.before and wish.person in others
    return drafts.rename(view, own, wish.person) if follows else None


def added(circle: Circle, wish: AddDevice) -> None:
    """The device is in: it is told what was said before."""
    if wish.history:
        history.tell_device(circle, own_devices.joiner(wish).signature_key, wish.history)


def failed(circle: Circle, wish: AddDevice, error: WishError) -> None:
    """The device can't be added: that is said, as whoever asked for it may be gone."""
    label = own_devices.joiner(wish).device.label
    text = f"Your device {label} could not be added here: {error}"
    timeline.notice(circle, text, warning=True)
