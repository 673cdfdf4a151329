"""The door: requests to come in, as they are ordered into the log, and who answers them when.

Every member's device may answer; each waits by its rank, so that as a rule one does. Where the
circle asks, a person says yes first.
"""

from __future__ import annotations

from crypto.circle.state import Door
from crypto.circle.view import Joiner
from crypto.entry import RANK_WAIT, open_request, rank
from crypto.errors import PeerError
from crypto.mls.errors import DecodeError
from relay import wire
from tui.engine import timeline
from tui.engine.circle import SUITE, Circle
from tui.engine.errors import WishError
from tui.engine.events import RequestAnswered, RequestFacts, RequestWaiting
from tui.engine.intentions import intend
from tui.engine.store.records import RequestRecord
from tui.engine.wishes import Admit, LetReturn


def request(circle: Circle, shown: wire.Entry) -> None:
    """Somebody asks to come in on a code."""
    invite = circle.view.state.invite(shown.side_data)
    if invite is None:
        return
    try:
        asked = open_request(SUITE, invite.request_secret, circle.id, invite.id, shown.body)
        joiner = Joiner.of(asked.key_package)
    except (PeerError, DecodeError):
        return timeline.notice(circle, "A request to come in can't be read.", at=shown.time)
    if joiner.proof is None or joiner.proof.invite_id != invite.id:
        return timeline.notice(circle, "A request to come in is not on its code.", at=shown.time)
    leaves = [leaf.signature_key for leaf in circle.view.leaves.values()]
    wait = RANK_WAIT * rank(shown.body, circle.own.signature_key, leaves)
    record = RequestRecord(
        circle=circle.number,
        n=shown.n,
        invite=invite.id,
        access_key=joiner.leaf.access_key,
        name=joiner.leaf.name,
        line=asked.line,
        invited_by=circle.view.name(invite.issuer),
        sent_at=asked.sent_at,
        due=circle.context.now() + wait,
        asks=int(circle.view.state.door is Door.ASK),
        content=asked.encode(),
    )
    circle.context.store.requests.save(record)
    circle.context.tell(RequestWaiting(request=facts(circle, record)))


def facts(circle: Circle, record: RequestRecord) -> RequestFacts:
    """A request as a screen shows it."""
    return RequestFacts(
        circle=circle.hex,
        n=record.n,
        name=record.name,
        line=record.line,
        invited_by=record.invited_by,
        sent_at=record.sent_at,
        asks=bool(record.asks),
    )


def waiting(circle: Circle) -> list[RequestRecord]:
    """Who is at the door, in the order in which they came."""
    return circle.context.store.requests.where(
        "circle = ? AND invite != x'' ORDER BY n", circle.number
    )


def open_when_due(circle: Circle) -> None:
    """Let in those whom this device answers by itself and whose time has come."""
    if circle.connection is None or not circle.connection.caught_up or not circle.active:
        return
    now = circle.context.now()
    due = circle.context.store.requests.where(
        "circle = ? AND asks = 0 AND due <= ? ORDER BY n", circle.number, now
    )
    for record in due:
        record.asks = ANSWERED
        circle.context.store.requests.save(record)
        wish = Admit(record.n) if record.invite else LetReturn(record.n)
        intend(circle, wish)


def answer(circle: Circle, n: int, admit: bool, ref: int) -> bool:
    """What a person says to who is at the door; whether the answer is given by this alone."""
    record = circle.context.store.requests.get(circle.number, n)
    if record is None or not record.invite:
        raise WishError("nobody", "Nobody waits at the door any more who asked there.")
    if admit:
        record.asks = ANSWERED
        circle.context.store.requests.save(record)
        intend(circle, Admit(n), ref=ref)
        return False
    circle.context.store.requests.delete(circle.number, n)
    circle.context.tell(RequestAnswered(circle=circle.hex, n=n, admitted=False))
    return True


def next_due(circle: Circle) -> int | None:
    """When this device answers next by itself."""
    due = circle.context.store.requests.where(
        "circle = ? AND asks = 0 ORDER BY due LIMIT 1", circle.number
    )
    return due[0].due if due else None


ANSWERED = 2
"""In a request's `asks`: this device has decided, and the commit is on its way."""
