"""A circle with a conversation that has a bit of everything in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec

from tui.engine.events import (
    CircleFacts,
    LinkState,
    MemberFacts,
    MessageState,
    PollFacts,
    Quote,
    Reaction,
    Row,
    RowKind,
)
from tui.keepsake.what import Keepsake

BEGIN = int(datetime(2026, 3, 5, 22, 58, tzinfo=UTC).timestamp() * 1000)
MINUTE = 60_000


def local(time: int) -> datetime:
    """One hour ahead of UTC."""
    return datetime.fromtimestamp(time / 1000, timezone(timedelta(hours=1), "CET"))


def row(
    minute: int,
    text: str,
    author: str = "Ana",
    kind: RowKind = RowKind.TEXT,
    state: MessageState = MessageState.RECEIVED,
    by: str = "",
) -> Row:
    """Something said so many minutes after the beginning."""
    at = BEGIN + minute * MINUTE
    notice = kind in (RowKind.NOTICE, RowKind.WARNING)
    return Row(
        position=minute + 1,
        id=f"{minute:032x}",
        circle="ab" * 16,
        author="" if notice else author,
        author_id="" if notice else author.encode().hex(),
        at=at,
        kind=kind,
        text=text,
        state=state,
        by=by,
    )


def keepsake(name: str = "Kitchen table", topic: str = "Soup", *people: str) -> Keepsake:
    """A circle of these people, the first of whom keeps it."""
    members = [
        MemberFacts(
            id=person.encode().hex(), name=person, hue=at, host=not at, me=not at, devices=["x"],
            join_number=at,
        )
        for at, person in enumerate(people or ("Ana", "Bo"))
    ]  # fmt: skip
    circle = CircleFacts(
        id="ab" * 16, name=name, topic=topic, relay="127.0.0.1:7600", cap=8, chairs=len(members),
        me=members[0].name, link=LinkState.ONLINE,
    )  # fmt: skip
    return Keepsake(circle, members, BEGIN, local)


ROWS = [
    row(0, "Bo has come in.", kind=RowKind.NOTICE),
    row(1, "Soup on *Sunday*?\n\n- leek\n- potato"),
    row(2, "Or not"),
    row(3, "Yes please", "Bo"),
    row(9, "and bread", "Bo"),
    row(10, "We had lentils.", "Cleo", RowKind.PASSED_ON, by="Bo"),
    row(11, "", "Cleo", RowKind.UNKNOWN),
    row(12, "The relay has shown two conversations.", kind=RowKind.WARNING),
    row(65, "still here?", state=MessageState.WAITING),
]

DONE = [
    msgspec.structs.replace(
        row(70, "Yes.", "Bo"),
        reply=Quote(id="1" * 32, author="Ana", text="still here?"),
        reactions=[Reaction("♥", ["Ana", "Cleo"]), Reaction("👍", ["Bo"])],
        edited=True,
        pinned=True,
    ),
    msgspec.structs.replace(row(71, "waves", "Bo"), me=True),
    msgspec.structs.replace(row(72, "So?", "Bo"), reply=Quote(id="2" * 32)),
    msgspec.structs.replace(
        row(73, "Where?"),
        poll=PollFacts(["here", "there"], False, [0], [["Ana", "Bo"], []]),
    ),
    msgspec.structs.replace(row(74, "When?"), poll=PollFacts(["now", "then"], True)),
    msgspec.structs.replace(row(75, "I see.", "Bo"), reply=Quote(id="3" * 32, author="Ana")),
]
"""What has been done to messages, and what else they may be."""
