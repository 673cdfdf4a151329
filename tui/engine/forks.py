"""Two logs under one relay's signature: who named the other one, and that everything stops.

docs/protocol.md section 5.7. Nothing is sent until the person has chosen (`tui.engine.settling`).
"""

from __future__ import annotations

from crypto.access.log import Head
from tui.engine import timeline
from tui.engine.circle import Circle, Witness
from tui.engine.events import ForkFacts
from tui.engine.store.records import ForkRecord

TWO_LOGS = (
    "The relay has shown {whose} another conversation than this one. Nothing is sent here any "
    "more. Ask the others what they see, by another way than this relay, and then choose whose "
    "conversation stands."
)


def found(circle: Circle, head: Head, witness: Witness) -> None:
    """The relay signed a head of another log than ours: proof, and everything stops."""
    store = circle.context.store
    store.forks.save(
        ForkRecord(
            circle.number,
            witness.leaf_key,
            witness.member,
            witness.name,
            head.n,
            head.encode(),
        )
    )
    if circle.active:
        sentence = TWO_LOGS.format(whose=witness.name or "this device")
        circle.stop(sentence)
        timeline.notice(circle, sentence, warning=True)
    circle.tell_changed()


def ignored(circle: Circle, witness: Witness) -> bool:
    """Whether a device is on a log that the person has not chosen."""
    if not witness.leaf_key:
        return False
    known = circle.context.store.forks.get(circle.number, witness.leaf_key)
    return known is not None and bool(known.settled)


def relay_agrees(circle: Circle) -> None:
    """What the relay shows this device now is this log, whatever it showed before."""
    known = circle.context.store.forks.get(circle.number, _RELAY)
    if known is not None and not known.settled:
        known.settled = 1
        circle.context.store.forks.save(known)
        circle.tell_changed()


def claimed(circle: Circle, witness: Witness) -> None:
    """A device speaks of a log without the relay's signature: that proves nothing."""
    if not witness.leaf_key or witness.leaf_key in circle.claims:
        return
    circle.claims.add(witness.leaf_key)
    text = (
        f"{witness.name}'s client disagrees: it speaks of a conversation that this relay did not "
        "sign for. That proves nothing, and nothing stops because of it."
    )
    timeline.notice(circle, text)


def facts(circle: Circle) -> list[ForkFacts]:
    """Whose devices named another log, while the person has yet to choose."""
    found = circle.context.store.forks.where(
        "circle = ? AND settled = 0 ORDER BY n, name", circle.number
    )
    return [ForkFacts(member=fork.member.hex(), name=fork.name, n=fork.n) for fork in found]


def over(circle: Circle) -> None:
    """This device is in again: what was before is settled."""
    circle.context.store.database.write("DELETE FROM forks WHERE circle = ?", (circle.number,))


_RELAY = b""
"""In place of a leaf key: the relay's own word."""
