"""What a commit means here once it is in the log: the new epoch, and all that hangs on it."""

from __future__ import annotations

from dataclasses import replace

from crypto.circle.errors import AlteredError, CommitRefusedError, UpdateNeededError
from crypto.circle.happened import CameIn, CameInAgain, Outcome, RosterPutRight
from crypto.circle.policy import CircleRules
from crypto.circle.view import CircleView
from crypto.mls.errors import (
    KeyUsedError,
    MlsError,
    OwnLeafError,
    StuckError,
)
from crypto.mls.group import StagedCommit
from tui.engine import heads, moving, notices, own_devices, timeline
from tui.engine.circle import LEFT, REMOVED, Circle
from tui.engine.events import InviteUsed, RequestAnswered
from tui.engine.store.records import BeaconRecord, SenderRecord
from tui.engine.wishes import Admit, FinishLeaves, LetReturn, PutRight, decode

BEACON_KEPT = 30 * 86_400_000
ALTERED = (
    "What the relay shows beside a change by {who} is not what {who}'s device signed. The relay "
    "altered it, or that device did; the change was skipped."
)
OLD_COPY = (
    "This device's data here is older than what it has already sent: a restored copy, most likely. "
    "Nothing is sent from it any more. Come in again to go on, with fresh keys."
)
TAKEN_OUT = "Another of your devices took this one out of the circle."
GOES_ON = "The others did not follow that change either: this device goes on with them."
STUCK = (
    "This device can't follow a change to the circle, though others may. Nothing is sent from it "
    "until that is known. If they have, come in again to go on, with fresh keys."
)


def commit(circle: Circle, body: bytes, side_data: bytes, time: int) -> None:
    """Another device's commit: followed where it is rightful, named and skipped where it is not."""
    judge = CircleRules(side_data)
    try:
        staged = circle.members.process(body, policy=judge)
    except UpdateNeededError as error:
        circle.stop(str(error))
    except AlteredError as error:
        text = ALTERED.format(who=error.name)
        timeline.notice(circle, text, warning=True, at=time)
    except CommitRefusedError as error:
        who = error.name or "Somebody"
        text = f"{who} tried what this circle does not allow, and it was refused: {error}"
        timeline.notice(circle, text, warning=True, at=time)
    except OwnLeafError:
        circle.stop(OLD_COPY)
    except StuckError:
        _stuck(circle)
    except KeyUsedError:
        pass  # a replay: it was judged at its first place
    except MlsError as error:
        if not circle.record.stuck_at:
            text = f"A change that nobody can follow was skipped: {error}."
            timeline.notice(circle, text, warning=True, at=time)
    else:
        if isinstance(staged, StagedCommit):
            _follow(circle, staged, judge.outcome, time)
        else:
            circle.ratchets_moved()
            timeline.notice(circle, "A message out of its place was skipped.", warning=True)


def _stuck(circle: Circle) -> None:
    circle.record.stuck_at = circle.record.n
    circle.stop(STUCK)
    timeline.notice(circle, STUCK, warning=True)


def _follow(circle: Circle, staged: StagedCommit, outcome: Outcome, time: int) -> None:
    before = circle.view
    if circle.record.stuck_at:
        # A valid commit on the epoch that we stayed in: nobody followed the other one.
        away = circle.record.sentence == moving.AWAY_BEFORE
        circle.record.stuck_at = 0
        circle.record.status, circle.record.sentence = "active", ""
        timeline.notice(circle, moving.NO_CHANGE_MISSED if away else GOES_ON, at=time)
    heads.followed(circle, before.leaves[staged.change.committer].access_key)
    circle.members.merge(staged)
    if staged.removes_us:
        left = bool(circle.record.left_at)
        sentence = "You left." if left else f"{outcome.by.name} removed you from this circle."
        if not left and outcome.by.member == circle.member_key:
            sentence = TAKEN_OUT
        timeline.notice(circle, sentence, at=time)
        circle.end(LEFT if left else REMOVED, sentence)
        return
    entered(circle, before, outcome, time)


def entered(circle: Circle, before: CircleView, outcome: Outcome, time: int) -> None:
    """The group has entered the epoch that a commit led to; `before` is the one that it left."""
    circle.new_epoch()
    store, number, view = circle.context.store, circle.number, circle.view
    store.pending.delete(number)
    circle.connected.commit_sent = False
    if view.state.beacon_key != before.state.beacon_key:
        until = circle.context.now() + BEACON_KEPT
        store.beacons.save(BeaconRecord(number, before.state.beacon_key.reveal(), until))
    leaves(circle, before)
    own_devices.follow_name(circle, outcome)
    news = [each for each in outcome.happened if not own_devices.told_already(before, each)]
    for text in notices.sentences(replace(outcome, happened=tuple(news)), circle.member_key):
        timeline.notice(circle, text, at=time)
    moving.followed(circle, before, outcome)
    _invites(circle, outcome)
    _requests(circle)
    _done_by_others(circle, outcome)


def leaves(circle: Circle, before: CircleView) -> None:
    """Newcomers' messages are counted from their first; who went is no longer waited for.

    How far back somebody may ask for messages is the member's, and stays over new devices.
    """
    store, number = circle.context.store, circle.number
    old = {leaf.signature_key: leaf.member for leaf in before.leaves.values()}
    new = {leaf.signature_key: leaf.member for leaf in circle.view.leaves.values()}
    since: dict[bytes, int] = {}
    for key, member in old.items():
        sender = store.senders.get(number, key)
        earliest = 0 if sender is None else sender.since
        since[member] = min(since.get(member, earliest), earliest)
    for key, member in new.items():
        if key not in old:
            came_in = since.get(member, circle.record.n)
            store.senders.save(SenderRecord(number, key, since=came_in))
    for key in old.keys() - new.keys():
        store.senders.delete(number, key)
    members = circle.view.state.member_keys()
    for leaver in store.leavers.where("circle = ?", number):
        if leaver.member not in members:
            store.leavers.delete(number, leaver.member)


def _invites(circle: Circle, outcome: Outcome) -> None:
    """Codes of one's own: who came in on them, and which are open no more."""
    store, number = circle.context.store, circle.number
    for happening in outcome.happened:
        if isinstance(happening, CameIn):
            invite = store.invites.get(number, happening.invite_id)
            if invite is not None:
                name = happening.person.name
                invite.came_in = f"{invite.came_in}\n{name}" if invite.came_in else name
                store.invites.save(invite)
                circle.context.tell(InviteUsed(circle=circle.hex, invite_id=invite.id, name=name))
    for invite in store.invites.where("circle = ?", number):
        if circle.view.state.invite(invite.id) is None:
            store.invites.delete(number, invite.id)


def _requests(circle: Circle) -> None:
    """Whoever asked and is in now, or can't come in any more, does not wait any longer."""
    store, number, view = circle.context.store, circle.number, circle.view
    for request in store.requests.where("circle = ?", number):
        inside = view.with_access_key(request.access_key) is not None
        open_ = not request.invite or view.state.invite(request.invite) is not None
        if inside or not open_:
            store.requests.delete(number, request.n)
            if request.invite:
                event = RequestAnswered(circle=circle.hex, n=request.n, admitted=inside)
                circle.context.tell(event)


def _done_by_others(circle: Circle, outcome: Outcome) -> None:
    """What this device meant to do for all, and need not any more."""
    store, number = circle.context.store, circle.number
    for intention in store.intentions.where("circle = ?", number):
        match decode(intention.wish):
            case Admit(n) | LetReturn(n):
                over = store.requests.get(number, n) is None
            case FinishLeaves():
                over = not store.leavers.where("circle = ? LIMIT 1", number)
            case PutRight():
                over = RosterPutRight() in outcome.happened
            case _:
                over = False
        if over:
            store.intentions.delete(intention.number)
            circle.context.finish(intention.number)


def arrivals(outcome: Outcome) -> list[bytes]:
    """The members whom a commit brought in, or in again."""
    return [
        happening.person.member
        for happening in outcome.happened
        if isinstance(happening, CameIn | CameInAgain)
    ]
