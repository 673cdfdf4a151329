"""Coming in again, with fresh keys, after this device fell behind its circle; and letting others.

docs/protocol.md section 5.4. Never without the person's word.
"""

from __future__ import annotations

from crypto.access.binding import AccessKeyPair
from crypto.access.errors import MalformedError
from crypto.access.side_data import Rekey, decode
from crypto.circle.arriving import key_package
from crypto.circle.device import Identity, sign_device
from crypto.circle.errors import CircleError
from crypto.circle.standing import check_standing
from crypto.circle.view import Joiner
from crypto.entry import RANK_WAIT, rank
from crypto.errors import PeerError
from crypto.mls.errors import DecodeError, MlsError
from crypto.mls.group import Group
from crypto.mls.snapshot import restore_key_package, save_key_package
from crypto.primitives import sha256
from crypto.rejoin import OldKeys, Rejoin, open_rejoin, seal_rejoin
from crypto.secret import Secret
from relay import wire
from tui.engine import following, forks, saying, timeline
from tui.engine.circle import ACTIVE, STOPPED, SUITE, Circle
from tui.engine.errors import WishError
from tui.engine.store.records import RejoiningRecord, RequestRecord

ALONE = (
    "Nobody else is in this circle, and only another member could let this device in again. What"
    " was said stays readable here; open a new circle to go on."
)

NOT_FIRST = (
    "This device can't come in again by itself: your key, which has to sign for it, is on your"
    " first device alone. Remove this device there, forget the circle here, and link it again."
)


def ask(circle: Circle) -> None:
    """Write the request down; it is sent as soon as the circle is connected."""
    store = circle.context.store
    if circle.record.status != STOPPED or not circle.inside:
        raise WishError("not_needed", "This device is in, and nothing stands in its way.")
    if store.rejoinings.get(circle.number) is not None:
        return
    if not circle.first:
        raise WishError("not_first", NOT_FIRST)
    if len(circle.view.leaves) == 1:
        raise WishError("alone", ALONE)
    rng, now = circle.context.rng, circle.context.now()
    fresh = Identity.generate(rng)
    device = sign_device(
        circle.member,
        circle.id,
        fresh.leaf.public,
        fresh.access.public,
        circle.record.person,
        circle.record.label,
    )
    package = key_package(SUITE, circle.member_key, fresh.leaf, device, rng, now)
    old = OldKeys(circle.member, circle.leaf, circle.access)
    request = Rejoin.make(circle.id, old, package.key_package, fresh.access.public, now)
    store.rejoinings.save(
        RejoiningRecord(
            circle=circle.number,
            leaf_seed=fresh.leaf.secret.reveal(),
            access_seed=fresh.access.seed.reveal(),
            key_package=save_key_package(package).reveal(),
            body=seal_rejoin(circle.view.state.beacon_key, circle.id, request, rng),
            idempotency=rng(16),
        )
    )


def pump(circle: Circle) -> None:
    """Hand the own request in, if it is not in the log yet."""
    connection = circle.connection
    if connection is None or not connection.caught_up or connection.rejoin_sent:
        return
    asked = circle.context.store.rejoinings.get(circle.number)
    if asked is None:
        return
    connection.rejoin_sent = True
    if asked.arrived:
        connection.send(wire.FetchWelcome())
    elif not asked.n:
        connection.send(wire.Rejoin(asked.idempotency, asked.body))


def access_key(circle: Circle) -> AccessKeyPair:
    """The key to bind with: the new one, once the exchange of leaves is in the log."""
    asked = circle.context.store.rejoinings.get(circle.number)
    if asked is not None and asked.arrived:
        return AccessKeyPair.from_seed(Secret(asked.access_seed))
    return circle.access


def ordered(circle: Circle, shown: wire.Entry) -> bool:
    """Whether an entry is this device's own request, which is in the log now."""
    asked = circle.context.store.rejoinings.get(circle.number)
    if asked is None or asked.body != shown.body:
        return False
    asked.n = shown.n
    circle.context.store.rejoinings.save(asked)
    return True


def request(circle: Circle, shown: wire.Entry) -> None:
    """A device wants to come in again: this one's own request, or another's to be answered."""
    if ordered(circle, shown):
        return
    store = circle.context.store
    former = store.beacons.where("circle = ?", circle.number)
    keys = [circle.view.state.beacon_key, *(Secret(beacon.key) for beacon in former)]
    try:
        wanted = open_rejoin(keys, circle.id, shown.body)
        joiner = Joiner.of(wanted.key_package)
        index = circle.view.with_signature_key(wanted.old_leaf_key)
        if index is None:
            return
        before = circle.view.leaves[index]
        new_key = joiner.leaf.access_key
        wanted.verify(circle.id, before.member, before.access_key, new_key)
    except (PeerError, DecodeError):
        return timeline.notice(circle, "A request to come in again can't be read.", at=shown.time)
    leaves = [
        leaf.signature_key
        for leaf in circle.view.leaves.values()
        if leaf.signature_key != wanted.old_leaf_key
    ]
    wait = RANK_WAIT * rank(shown.body, circle.own.signature_key, leaves)
    store.requests.save(
        RequestRecord(
            circle=circle.number,
            n=shown.n,
            invite=b"",
            access_key=new_key,
            name=before.name,
            line="",
            invited_by="",
            sent_at=wanted.sent_at,
            due=circle.context.now() + wait,
            asks=0,
            content=wanted.encode(),
        )
    )


def arrived(circle: Circle, shown: wire.Entry) -> bool:
    """Whether a commit is the one that lets this device in again: then the Welcome is fetched."""
    asked = circle.context.store.rejoinings.get(circle.number)
    if asked is None or circle.connection is None:
        return False
    new = AccessKeyPair.from_seed(Secret(asked.access_seed)).public
    try:
        deltas = decode(shown.side_data)
    except MalformedError:
        return False
    if not any(isinstance(delta, Rekey) and delta.new == new for delta in deltas):
        return False
    asked.arrived = shown.n
    circle.context.store.rejoinings.save(asked)
    circle.waits_for_welcome = True
    circle.connection.send(wire.FetchWelcome())
    return True


def welcome(circle: Circle, part: wire.Welcome) -> None:
    """A part of the Welcome; with the last one this device is in again."""
    connection, store = circle.connection, circle.context.store
    asked = store.rejoinings.get(circle.number)
    if connection is None or asked is None or not part.total:
        return
    if part.offset != len(connection.welcome):
        connection.welcome.clear()
        return
    connection.welcome += part.chunk
    if len(connection.welcome) < part.total:
        return
    whole = bytes(connection.welcome)
    connection.welcome.clear()
    if sha256(whole) != part.hash:
        return
    package = restore_key_package(Secret(asked.key_package))
    try:
        group = Group.join(SUITE, whole, package)
        # In another circle this would not hold: the own leaf is vouched for in this one alone.
        check_standing(group.context, group.tree)
    except (MlsError, CircleError) as error:
        circle.record.sentence = f"The way back in does not hold: {error}"
        return circle.tell_changed()
    _in_again(circle, asked, group)


def _in_again(circle: Circle, asked: RejoiningRecord, group: Group) -> None:
    record, store, before = circle.record, circle.context.store, circle.view
    circle.group, circle.standing = group, None
    record.leaf_seed, record.access_seed = asked.leaf_seed, asked.access_seed
    record.status, record.sentence, record.stuck_at = ACTIVE, "", 0
    circle.waits_for_welcome = False
    if record.branch:
        # Until somebody of that conversation vouches for it, it is the relay's word alone.
        record.issuer, record.confirmed, record.branch = record.branch, 0, b""
    forks.over(circle)
    circle.connected.begin_again = True
    # What waits in the outbox was numbered for the leaf before: the new leaf begins with 1.
    saying.renumber(circle)
    store.pending.delete(circle.number)
    store.rejoinings.delete(circle.number)
    circle.new_epoch()
    following.leaves(circle, before)
    timeline.notice(circle, "This device came in again, with fresh keys.")
