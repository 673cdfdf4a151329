"""What a newcomer checks of a circle whose past it has not seen.

MLS has shown that the tree and the GroupContext belong together. Whether they are those of a circle
that could have come about by rightful commits, and of the circle that the invite named, is asked
here.
"""

from __future__ import annotations

from collections import Counter

from crypto.circle.errors import StandingRefusedError
from crypto.circle.extensions import context_extensions
from crypto.circle.state import DEVICES_MOST
from crypto.circle.view import CircleView
from crypto.mls.errors import DecodeError
from crypto.mls.group_context import GroupContext
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.tree_math import LeafIndex


def check_standing(context: GroupContext, tree: RatchetTree) -> CircleView:
    """The view of a circle that is consistent in itself, or StandingRefusedError.

    UpdateNeededError where it follows rules that are not known here.
    """
    try:
        view = CircleView.of(context, tree)
    except DecodeError as error:
        raise StandingRefusedError(
            "The group behind this code is no circle of Hallway's."
        ) from error
    state, genesis = view.state, view.genesis
    if context.extensions != context_extensions(genesis, state):
        raise StandingRefusedError("The circle holds something that circles do not hold.")
    if genesis.circle_id() != view.circle_id:
        raise StandingRefusedError("The circle's id is not that of its beginning.")
    if state.cap > genesis.cap:
        raise StandingRefusedError("The circle has more chairs than it was opened with.")
    first = state.members[0]
    if first.join_number == 0 and first.member != genesis.founder:
        raise StandingRefusedError("Somebody else is listed as the circle's founder.")
    _check_leaves(view)
    return view


def _check_leaves(view: CircleView) -> None:
    leaves = view.leaves.values()
    devices = Counter(leaf.member for leaf in leaves)
    if devices.keys() != view.state.member_keys():
        raise StandingRefusedError("The list of members is not who is in the circle.")
    if max(devices.values()) > DEVICES_MOST:
        raise StandingRefusedError(f"A person has more than {DEVICES_MOST} devices in the circle.")
    if len({leaf.access_key for leaf in leaves}) != len(leaves):
        raise StandingRefusedError("Two devices have the same access key.")
    for leaf in leaves:
        if not leaf.vouched_for(view.circle_id):
            raise StandingRefusedError(f"A device is not vouched for by {leaf.name}'s key.")


def check_entrance(view: CircleView, own: LeafIndex, circle_id: bytes, issuer: bytes) -> None:
    """That this is the circle of the card that the newcomer read, and that its issuer is in.

    :param circle_id: the card's.
    :param issuer: the card's, the member key of who made the code.
    """
    if view.circle_id != circle_id:
        raise StandingRefusedError("This is another circle than the code was made for.")
    if not view.devices(issuer):
        raise StandingRefusedError("Who made the code is not in the circle.")
    record = view.state.record(view.leaves[own].member)
    if record is None or record.epoch != view.epoch or record.invited_by != issuer:
        raise StandingRefusedError("The circle does not say that you came in on this code.")
    if not view.devices(record.admitted_by):
        raise StandingRefusedError("Who let you in is not in the circle.")
