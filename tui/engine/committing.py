"""Commits of our own: one at a time, written down before it is sent, made anew where another wins.

    intention ── draft ──▶ commit, pending ── our frame in the log ──▶ merged, intention done
        ▲                                 └── another valid commit ──▶ erased
        └──────────────────────────────────────────┘

A pending commit is stored with its exact frame, and resent as it is until its fate is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import msgspec

from crypto.access.side_data import decode as decode_deltas
from crypto.card import Card, seal_card
from crypto.circle import drafts
from crypto.circle.drafts import Departure, Draft
from crypto.circle.errors import CircleError
from crypto.circle.happened import Outcome
from crypto.circle.policy import CircleRules
from crypto.circle.sides import committed_hash
from crypto.circle.state import Door, Invite
from crypto.content import Cover
from crypto.entry import EntryRequest
from crypto.errors import CryptoError
from crypto.invite import InviteKeys
from crypto.mls.commit import Commit
from crypto.mls.errors import MlsError
from crypto.mls.evolution import CommitChange, apply_proposals
from crypto.mls.group import PendingCommit
from crypto.mls.snapshot import restore_pending, save_pending
from crypto.mls.validation import check_proposals
from crypto.primitives import sha256
from crypto.rejoin import Rejoin
from crypto.relay_address import RelayAddress
from crypto.secret import Secret
from relay import wire
from relay.wire import Refusal
from tui.engine import adding, following, heads, history, moving, roster, saying, spoken, timeline
from tui.engine.circle import RELAY_FULL, SUITE, Circle, Connection
from tui.engine.errors import WishError
from tui.engine.events import InviteMade, RequestAnswered
from tui.engine.facts import invite_facts
from tui.engine.intentions import holds, intend, next_due
from tui.engine.links import LONGEST_WAIT
from tui.engine.padding import padding
from tui.engine.store.records import IntentionRecord, InviteRecord, PendingRecord
from tui.engine.wishes import (
    AddDevice,
    Admit,
    FinishLeaves,
    FollowName,
    Hosts,
    LetReturn,
    Move,
    OpenCode,
    PutRight,
    Refresh,
    RemoveDevice,
    RemoveMember,
    Rename,
    Settings,
    Wish,
    WithdrawCode,
    decode,
)

_REFUSED = {
    Refusal.FULL: ("full", "All chairs of this circle are taken."),
    Refusal.INVITE_USED: ("used", "This code was already used."),
    Refusal.INVITE_EXPIRED: ("expired", "This code's time is over."),
    Refusal.INVITE_REVOKED: ("revoked", "This code was withdrawn."),
    Refusal.TOO_LARGE: ("too_large", "The relay has no room for this."),
    Refusal.CROWDED: ("crowded", "The circle holds as many devices as it may."),
}
_SOON = 10_000

NOT_PUT_RIGHT = (
    "The relay does not take this device's word on who is here, after a change that was refused. "
    "Another host's device may be able to."
)


def advance(circle: Circle) -> None:
    """Make and send the next commit, if one may be sent now."""
    connection, store = circle.connection, circle.context.store
    if connection is None or not circle.active or not connection.caught_up:
        return
    now = circle.context.now()
    behind = circle.record.handshake < connection.handshake
    if behind or connection.commit_sent or now < connection.commit_after:
        return
    pending = store.pending.get(circle.number)
    while pending is None:
        intention = next_due(circle)
        if intention is None:
            return
        pending = _make(circle, intention)
    _send(circle, connection, pending)


def _send(circle: Circle, connection: Connection, pending: PendingRecord) -> None:
    blobs: list[bytes] = msgspec.msgpack.decode(pending.blobs, type=list[bytes])
    for blob in blobs:
        for offset in range(0, len(blob), wire.CHUNK_LIMIT):
            chunk = blob[offset : offset + wire.CHUNK_LIMIT]
            connection.send(wire.Stage(sha256(blob), offset, len(blob), chunk))
    connection.commit_sent, connection.commit_refused = True, False
    connection.send(
        wire.Commit(pending.idempotency, circle.record.handshake, pending.frame, pending.side_data)
    )


def _make(circle: Circle, intention: IntentionRecord) -> PendingRecord | None:
    """The commit for an intention, stored; None where the intention came to nothing."""
    wish = decode(intention.wish)
    group, context = circle.members, circle.context
    try:
        drafted = _draft(circle, wish)
        if drafted is None:
            _settle(circle, intention.number)
            context.finish(intention.number)
            return None
        draft, blobs = drafted
        made = group.commit(
            draft.proposals,
            context.rng,
            now=context.now() // 1000,
            authenticated_data=draft.authenticated_data(),
            leaf_extensions=draft.leaf_extensions,
            padding=padding,
        )
    except (CircleError, CryptoError, MlsError) as error:
        _fail(circle, intention.number, wish, WishError("not_possible", str(error)))
        return None
    if made.welcome is not None:
        blobs = [*blobs, made.welcome]
    record = PendingRecord(
        circle=circle.number,
        intention=intention.number,
        idempotency=context.rng(16),
        frame=made.message,
        side_data=draft.side_data(made.welcome),
        proposals=Commit(draft.proposals, None).encode(),
        snapshot=save_pending(made).reveal(),
        blobs=msgspec.msgpack.encode(blobs),
    )
    context.store.pending.save(record)
    circle.ratchets_moved()
    return record


def _settle(circle: Circle, intention: int) -> None:
    circle.context.store.intentions.delete(intention)
    circle.tell_changed()


def _fail(circle: Circle, number: int, wish: Wish, error: WishError) -> None:
    """An intention can't be carried out: it goes, and whoever had it is told."""
    _settle(circle, number)
    context = circle.context
    if isinstance(wish, Admit):
        request = context.store.requests.get(circle.number, wish.n)
        if request is not None:
            context.store.requests.delete(circle.number, wish.n)
            context.tell(RequestAnswered(circle=circle.hex, n=wish.n, admitted=False))
            timeline.notice(circle, f"{request.name} asked to come in, and can't: {error}")
    if isinstance(wish, OpenCode):
        spoken.code_failed(circle, wish.secret, error)
    if isinstance(wish, AddDevice):
        adding.failed(circle, wish, error)
    if isinstance(wish, PutRight):
        timeline.notice(circle, NOT_PUT_RIGHT, warning=True)
    ref = context.refs.pop(number, None)
    if ref is not None:
        context.refuse(ref, error)


def refused(circle: Circle, pending: PendingRecord, code: int, number: int) -> None:
    """The relay did not take the pending commit."""
    connection, store = circle.connected, circle.context.store
    connection.commit_sent, connection.commit_refused = False, True
    now = circle.context.now()
    if code == Refusal.STALE:
        connection.handshake = max(connection.handshake, number)
    elif code in (Refusal.TOO_FAST, Refusal.TURN):
        connection.commit_after = now + number
    elif code == Refusal.NO_SPACE:
        connection.commit_after = now + min(number, LONGEST_WAIT)
        circle.no_room(RELAY_FULL)
    elif code in (Refusal.UNSTAGED, Refusal.RESTORING):
        connection.commit_after = now + _SOON
    else:
        slug, sentence = _REFUSED.get(
            Refusal(code) if code in set(Refusal) else Refusal.NOT_ALLOWED,
            ("not_allowed", "The relay does not take this change."),
        )
        intention = store.intentions.get(pending.intention)
        store.pending.delete(circle.number)
        if intention is None:
            return
        wish = decode(intention.wish)
        if roster.in_doubt(circle) and not isinstance(wish, PutRight):
            intention.not_before = now + _SOON
            return store.intentions.save(intention)
        _fail(circle, intention.number, wish, WishError(slug, sentence))


def ordered(circle: Circle, pending: PendingRecord, side_data: bytes, time: int) -> None:
    """Our own commit is the newest entry of the log: the epoch that it leads to is entered."""
    if side_data != pending.side_data:
        # The relay put something else beside our commit: for everybody it is one to be skipped.
        circle.context.store.pending.delete(circle.number)
        circle.connected.commit_sent = False
        text = "The relay altered a change of this device's; it was skipped."
        return timeline.notice(circle, text, warning=True, at=time)
    made = restore_pending(SUITE, Secret(pending.snapshot))
    before, outcome = circle.view, _outcome(circle, pending, made)
    circle.taken()
    heads.followed(circle, circle.own.access_key)
    circle.members.merge(made)
    store = circle.context.store
    intention = store.intentions.get(pending.intention)
    wish = None if intention is None else decode(intention.wish)
    if isinstance(wish, OpenCode):
        keys = InviteKeys.of(Secret(wish.secret))
        store.invites.save(InviteRecord(circle.number, keys.id, wish.secret, circle.record.address))
    answered = circle.context.refs.get(pending.intention)
    if isinstance(wish, Move):
        circle.context.refs.pop(pending.intention, None)
    circle.record.refreshed_at, circle.record.said = circle.context.now(), 0
    circle.record.arrival = b"" if isinstance(wish, Refresh) else circle.record.arrival
    following.entered(circle, before, outcome, time)
    _settle(circle, pending.intention)
    if isinstance(wish, Move):
        moving.ordered(circle, wish, answered)
    elif isinstance(wish, OpenCode):
        _code_made(circle, wish, pending.intention, answered)
    else:
        circle.context.finish(pending.intention)
    if isinstance(wish, AddDevice):
        adding.added(circle, wish)
    arrived = following.arrivals(outcome)
    if arrived:
        saying.write(circle, Cover())
        history.pass_on(circle, before, outcome)


def _code_made(circle: Circle, wish: OpenCode, intention: int, ref: int | None) -> None:
    if wish.spoken:
        return spoken.code_made(circle, wish.secret)
    circle.context.refs.pop(intention, None)
    invite_id = InviteKeys.of(Secret(wish.secret)).id
    for invite in invite_facts(circle):
        if invite.id == invite_id:
            circle.context.tell(InviteMade(ref=ref or 0, circle=circle.hex, invite=invite))


def _outcome(circle: Circle, pending: PendingRecord, made: PendingCommit) -> Outcome:
    """What our commit does, judged from what was stored of it."""
    group = circle.members
    old_tree, own = group.tree, group.own_leaf
    commit = Commit.decode(pending.proposals)
    proposals = check_proposals(SUITE, commit, own, old_tree)
    evolution = apply_proposals(group.context.extensions, old_tree, proposals, own)
    epoch = made.state.epoch
    judge = CircleRules(pending.side_data)
    judge(
        CommitChange(
            committer=own,
            authenticated_data=_committed(pending.side_data),
            proposals=proposals,
            added=evolution.added,
            removed=evolution.removed,
            path_leaf=epoch.own_leaf_node(),
            old_context=group.context,
            old_tree=old_tree,
            new_context=epoch.context,
            new_tree=epoch.tree,
        )
    )
    return judge.outcome


def _committed(side_data: bytes) -> bytes:
    return committed_hash(decode_deltas(side_data))


def _draft(circle: Circle, wish: Wish) -> tuple[Draft, list[bytes]] | None:
    """What a wish comes to on the circle as it is now; None where there is nothing left to do."""
    view, own, rng = circle.view, circle.members.own_leaf, circle.context.rng
    now = circle.context.now()
    match wish:
        case OpenCode():
            return _open_code(circle, wish)
        case WithdrawCode():
            return drafts.revoke_invite(view, own, wish.invite), []
        case Admit() | LetReturn():
            return _let_in(circle, wish, now)
        case RemoveMember():
            return drafts.remove(view, own, wish.member, rng), []
        case FinishLeaves():
            return _finish_leaves(circle)
        case Rename():
            return drafts.rename(view, own, wish.person), []
        case AddDevice() | RemoveDevice() | FollowName():
            draft = adding.drafted(circle, wish)
            return None if draft is None else (draft, [])
        case Settings():
            door = None if wish.door_asks is None else Door(int(wish.door_asks))
            draft = drafts.settings(
                view,
                own,
                name=wish.name,
                topic=wish.topic,
                cap=wish.cap,
                door=door,
                history=wish.history,
                retention=wish.retention,
                disappear=wish.disappear,
                presence=wish.presence,
                heard=wish.heard,
            )
            return draft, []
        case Hosts():
            return drafts.appoint(view, own, wish.members), []
        case Refresh():
            return drafts.refresh(view, own), []
        case Move():
            relay = RelayAddress(wish.address, wish.pin)
            return drafts.settings(view, own, relays=(relay,), relay_key=wish.relay_key), []
        case PutRight():
            return drafts.put_right(view, own), []
        case _:
            assert_never(wish)


def _open_code(circle: Circle, wish: OpenCode) -> tuple[Draft, list[bytes]] | None:
    if wish.spoken and not spoken.awaited(circle, wish.secret):
        return None
    view, state = circle.view, circle.view.state
    keys = InviteKeys.of(Secret(wish.secret))
    invite = Invite(
        keys.id,
        circle.member_key,
        keys.signing.public,
        Secret(wish.request_secret),
        wish.uses,
        wish.history,
        wish.expires_at,
    )
    card = Card(
        circle_id=circle.id,
        circle_name=state.name,
        topic=state.topic,
        issuer=invite.issuer,
        issuer_name=view.name(invite.issuer),
        names=tuple(view.names().values()),
        cap=state.cap,
        door=state.door,
        history=wish.history,
        expires_at=wish.expires_at,
        written_at=circle.context.now(),
        relay=RelayAddress(circle.record.address, circle.record.pin),
        relay_key=circle.record.relay_key,
        request_key=invite.request_key(),
    )
    sealed = seal_card(keys, card, circle.context.rng)
    own = circle.members.own_leaf
    return drafts.open_invite(view, own, invite, keys.access.public, sha256(sealed)), [sealed]


def _let_in(circle: Circle, wish: Admit | LetReturn, now: int) -> tuple[Draft, list[bytes]] | None:
    request = circle.context.store.requests.get(circle.number, wish.n)
    if request is None:
        return None
    view, own = circle.view, circle.members.own_leaf
    if isinstance(wish, Admit):
        new = EntryRequest.decode(request.content)
        return drafts.admit(view, own, new.key_package, new.admit_signature, now), []
    old = Rejoin.decode(request.content)
    rekeyed = old.rekey_signature
    return drafts.rejoin(view, own, old.old_leaf_key, old.key_package, rekeyed, now), []


def _finish_leaves(circle: Circle) -> tuple[Draft, list[bytes]]:
    leavers: Sequence[Departure] = [
        Departure(leaver.access_key, leaver.signature)
        for leaver in circle.context.store.leavers.where("circle = ?", circle.number)
    ]
    own = circle.members.own_leaf
    return drafts.finish_leaves(circle.view, own, leavers, circle.context.rng), []


def refresh_when_due(circle: Circle) -> None:
    """Fresh keys weekly, and after so many messages of one's own."""
    record = circle.record
    now = circle.context.now()
    if record.said < _MESSAGES_MOST and now < record.refreshed_at + _REFRESH_EVERY:
        return
    if not holds(circle, Refresh()):
        intend(circle, Refresh())


_MESSAGES_MOST = 200
_REFRESH_EVERY = 7 * 86_400_000
