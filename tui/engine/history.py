"""What was said before somebody came in, as far as the code grants it: passed on and received."""

from __future__ import annotations

from crypto.circle.happened import CameIn, Outcome
from crypto.circle.view import CircleView, Leaf
from crypto.content import PassedOn
from crypto.errors import PeerError
from crypto.history import (
    History,
    PassedOnMessage,
    open_history,
    seal_history,
)
from crypto.mls.kem import KemKeyPair
from crypto.parts import CARRIED_LONGEST, in_parts
from crypto.primitives import x25519_public
from crypto.secret import Secret
from tui.engine import deeds, saying, timeline
from tui.engine.circle import SUITE, Circle
from tui.engine.events import MessageState, RowKind
from tui.engine.store.records import DeedRecord, MessageRecord


def pass_on(circle: Circle, before: CircleView, outcome: Outcome) -> None:
    """Send those who came in on a code of theirs what the code grants; after our own commit."""
    for happening in outcome.happened:
        if not isinstance(happening, CameIn):
            continue
        invite = before.state.invite(happening.invite_id)
        if invite is None or not invite.history:
            continue
        for index in circle.view.devices(happening.person.member):
            tell_device(circle, circle.view.leaves[index].signature_key, invite.history)


def tell_device(circle: Circle, leaf_key: bytes, count: int) -> None:
    """Send a device the last messages before it came in."""
    messages = _granted(circle, count)
    for _, node in circle.members.members():
        if node.signature_key != leaf_key:
            continue
        for part in in_parts(messages):
            content = seal_history(
                SUITE,
                circle.id,
                leaf_key,
                node.encryption_key,
                History(part),
                circle.context.rng,
            )
            saying.write(circle, content)


def _granted(circle: Circle, count: int) -> list[PassedOnMessage]:
    """The last messages that are in the log, oldest first."""
    newest = circle.context.store.messages.where(
        "circle = ? AND position < ? AND type IN (1, 11, 13) AND deleted = 0 AND goes_at = 0"
        " ORDER BY position DESC LIMIT ?",
        circle.number,
        timeline.WAITING_FROM,
        count,
    )
    carried = [row for row in newest if row.author and len(row.body) <= CARRIED_LONGEST]
    found: list[PassedOnMessage] = []
    for message in reversed(carried):
        body, done = deeds.as_it_stands(circle, message)
        found.append(_told(message, body))
        logged = (deed for deed in done if deed.position < timeline.WAITING_FROM)
        found += [_told(deed, deed.body) for deed in logged]
    return found


def _told(said: MessageRecord | DeedRecord, body: bytes) -> PassedOnMessage:
    return PassedOnMessage(said.id, said.author_name, said.author, said.at, said.type, body)


def received(circle: Circle, leaf: Leaf, content: PassedOn) -> None:
    """Messages of before, if they are for this device and from who let it in."""
    record = circle.record
    if content.to != circle.leaf.public or leaf.member != record.admitter or not record.arrival:
        return
    secret = Secret(record.arrival)
    try:
        found = open_history(SUITE, circle.id, KemKeyPair(secret, x25519_public(secret)), content)
    except PeerError as error:
        text = f"What {leaf.name} passed on can't be read: {error}"
        return timeline.notice(circle, text, warning=True)
    start = (record.since - 1) << timeline.PLACE_BITS
    held = circle.context.store.messages.where(
        "circle = ? AND position < ? ORDER BY position DESC LIMIT 1",
        circle.number,
        record.since << timeline.PLACE_BITS,
    )
    at = held[0].position + 1 if held else start
    for offset, message in enumerate(found.messages):
        said = timeline.content_of(message.type, message.body)
        if isinstance(said, deeds.KINDS):
            _done(circle, message, said, at + offset)
            continue
        timeline.passed_on(
            circle,
            MessageRecord(
                circle=circle.number,
                position=at + offset,
                id=message.id,
                n=record.since - 1,
                author=message.author,
                author_name=message.author_name,
                hue=timeline.hue(circle, message.author),
                at=message.sent_at,
                logged_at=message.sent_at,
                kind=RowKind.UNKNOWN,
                text="",
                type=message.type,
                body=message.body,
                state=MessageState.RECEIVED,
                passed_by=leaf.name,
            ),
        )
        deeds.caught_up(circle, message.id)


def _done(circle: Circle, message: PassedOnMessage, content: deeds.Deed, position: int) -> None:
    """What is told of others' reactions counts for what was passed on with them, and no further."""
    target = timeline.find(circle, content.of)
    # Who let somebody else in can't speak for them; this person's own device can.
    own = circle.record.admitter == circle.member_key
    foreign = own or message.author != circle.member_key
    believed = isinstance(content, deeds.PASSED_ON) and foreign
    if target is not None and target.passed_by and believed:
        deed = deeds.made(circle, content.of, message.author, message.author_name, message)
        deed.position = position
        deeds.keep(circle, deed)
