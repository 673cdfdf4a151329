"""Circles, members and codes as screens and scripts are shown them."""

from __future__ import annotations

from crypto.code import SealedCode
from crypto.glance import Here
from crypto.relay_address import Address
from crypto.secret import Secret
from tui.engine import forks, saying, seen
from tui.engine.circle import FOUNDING, STOPPED, Circle
from tui.engine.events import CircleFacts, InviteFacts, LinkState, MemberFacts
from tui.engine.timeline import HUES

SEASON = 91 * 86_400_000


def circle_facts(circle: Circle) -> CircleFacts:
    """A circle; of one that was left, what is known of it still."""
    record = circle.record
    stopped = record.status not in (FOUNDING, "active")
    inside = circle.inside
    state = circle.view.state if inside else None
    own = circle.member_key
    rows = circle.context.store.database.rows(
        "SELECT count(*) FROM (SELECT 1 FROM messages INDEXED BY messages_of_others"
        " WHERE circle = ? AND position > ? AND position < ?"
        " AND state = 'received' AND type != 0 AND author != ? LIMIT 1)",
        (circle.number, record.read_position, 1 << 62, own),
    )
    came = [] if state is None else [record.member for record in state.members]
    hosts = [circle.view.name(key) for key in came if circle.view.state.is_host(key)]
    mentioned = circle.context.store.database.rows(
        "SELECT count(*) FROM (SELECT 1 FROM messages INDEXED BY messages_that_mention"
        " WHERE circle = ? AND position > ? AND mentions = 1 LIMIT 1)",
        (circle.number, record.read_position),
    )
    return CircleFacts(
        id=circle.hex,
        name=record.name,
        topic=record.topic,
        relay=record.address,
        cap=record.cap,
        chairs=record.chairs,
        me=record.person,
        link=LinkState.STOPPED if stopped else circle.link,
        link_sentence=record.sentence if stopped else circle.link_sentence,
        next_try=None if stopped else circle.next_try,
        waiting=saying.count(circle),
        unsent=_unsent(circle),
        news=rows[0][0] != 0,
        mentioned=mentioned[0][0] != 0,
        read_position=record.read_position,
        hosts=hosts,
        i_am_host=state is not None and state.is_host(own),
        asks_at_door=state is not None and bool(state.door),
        history=0 if state is None else state.history,
        retention=0 if state is None else state.retention,
        disappear=0 if state is None else state.disappear,
        presence=state is not None and state.presence,
        heard=state is not None and state.heard,
        writing=_writing(circle) if inside else [],
        left=not inside and record.status != FOUNDING,
        since=record.created_at,
        confirmed=bool(record.confirmed),
        draft=record.draft,
        fresh_at=record.fresh_at,
        stale=circle.stale,
        behind_since=record.ahead_since,
        forks=forks.facts(circle) if may_settle(circle) else [],
        silent_since=_silent_since(circle),
        notify=record.notify,
        keeps=circle.keeps,
    )


def _silent_since(circle: Circle) -> int:
    """When somebody last spoke in a circle that is silent for a season, and was not let be."""
    if not circle.active:
        return 0
    row = circle.context.store.database.row(
        "SELECT at FROM messages WHERE circle = ? AND type != 0 ORDER BY position DESC LIMIT 1",
        (circle.number,),
    )
    last = 0 if row is None else int(str(row[0]))
    since = max(last, circle.record.rested_at)
    return last if last and since + SEASON <= circle.context.now() else 0


def _unsent(circle: Circle) -> bool:
    """Whether a message or a change of this device's is not in the log yet."""
    store, number = circle.context.store, circle.number
    return bool(
        store.outbox.where("circle = ? LIMIT 1", number)
        or store.files.where("circle = ? AND way = 'up' LIMIT 1", number)
        or store.intentions.where("circle = ? LIMIT 1", number)
    )


def may_settle(circle: Circle) -> bool:
    """Whether a person has to choose between two conversations."""
    here = circle.group is not None and not circle.record.branch
    return may_return(circle) and here and bool(forks.facts(circle))


def may_return(circle: Circle) -> bool:
    """Whether coming in again is what a person may do here."""
    return circle.record.status == STOPPED and circle.inside


HERE = {Here.UNTOLD: "", Here.AWAY: "away", Here.HERE: "here", Here.WRITING: "writing"}


def _writing(circle: Circle) -> list[str]:
    """The others who are writing just now, by name."""
    if not circle.glances:
        return []
    members = [record.member for record in circle.view.state.members]
    return [
        circle.view.name(member)
        for member in members
        if member != circle.member_key and seen.here(circle, member) is Here.WRITING
    ]


def member_facts(circle: Circle) -> list[MemberFacts]:
    """Who is in, by join number; nobody where this person is not."""
    if not circle.inside:
        return []
    view, own = circle.view, circle.member_key
    names = view.names()
    compared = {
        record.member: record.leaves
        for record in circle.context.store.verified.where("circle = ?", circle.number)
    }
    return [
        MemberFacts(
            id=record.member.hex(),
            name=names[record.member],
            hue=record.join_number % HUES,
            host=view.state.is_host(record.member),
            me=record.member == own,
            devices=[view.leaves[at].device.label for at in view.devices(record.member)],
            join_number=record.join_number,
            invited_by=names.get(record.invited_by, ""),
            admitted_by=names.get(record.admitted_by, ""),
            here=HERE[seen.here(circle, record.member)],
            verified=record.member in compared,
            new_device=record.member in compared
            and any(key not in compared[record.member] for key in leaf_keys(circle, record.member)),
        )
        for record in view.state.members
    ]


def leaf_keys(circle: Circle, member: bytes) -> list[bytes]:
    """The signature keys of a member's devices."""
    return [circle.view.leaves[at].signature_key for at in circle.view.devices(member)]


def invite_facts(circle: Circle) -> list[InviteFacts]:
    """The open codes; one's own with what they are written like."""
    if not circle.inside:
        return []
    own, found = circle.member_key, []
    for invite in circle.view.state.invites:
        kept = circle.context.store.invites.get(circle.number, invite.id)
        code = words = link = ""
        came_in: list[str] = []
        if kept is not None:
            sealed = SealedCode(Address.parse(kept.address), Secret(kept.secret))
            code, words, link = sealed.text(), sealed.words(), sealed.link()
            came_in = kept.came_in.splitlines()
        found.append(
            InviteFacts(
                id=invite.id,
                issuer=circle.view.name(invite.issuer),
                mine=invite.issuer == own,
                uses=invite.uses,
                expires_at=invite.expires_at,
                history=invite.history,
                code=code,
                words=words,
                link=link,
                came_in=came_in,
            )
        )
    return found
