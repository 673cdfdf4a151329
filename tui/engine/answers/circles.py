"""A circle as a whole: its settings, its relay, what is read of it, drafts."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from crypto.circle.errors import MisuseError
from crypto.circle.names import circle_name, circle_topic
from tui.engine import commands, facts, moving
from tui.engine.answers.asker import Answers, Asker
from tui.engine.context import Attends
from tui.engine.errors import WishError
from tui.engine.events import Circles, Exit, Messages, Row
from tui.engine.intentions import intend
from tui.engine.moving import MovingLine
from tui.engine.seen import LASTS, WRITING_LASTS
from tui.engine.wishes import Settings

LIMIT_MOST = 1000
PAGE_BYTES = 2 * 1024 * 1024
"""Of text in one answer: half of what a frame of the control socket may hold."""


def try_now(asker: Asker, command: commands.TryNow) -> None:
    """Do not wait for the next attempt to be connected."""
    asker.desk.circle_line(command.circle).hurry()
    asker.finish(command.ref)


def change_settings(asker: Asker, command: commands.ChangeSettings) -> None:
    """Change what hosts may change."""
    circle = asker.inside(command.circle)
    wish = Settings(
        None if command.name is None else tidied(circle_name, command.name),
        None if command.topic is None else tidied(circle_topic, command.topic),
        command.cap,
        command.door_asks,
        command.history,
        command.disappear,
        command.presence,
        command.heard,
        command.retention,
    )
    intend(circle, wish, ref=command.ref)


def move_circle(asker: Asker, command: commands.MoveCircle) -> None:
    """Take a circle to another relay, once that has said its key."""
    line = asker.desk.circle_line(command.circle)
    circle = line.circle
    if not circle.active or circle.record.left_at:
        raise WishError("not_active", circle.record.sentence or "You are leaving this circle.")
    asker.desk.lines.append(MovingLine(asker.context, circle, command, line.again))


def follow_move(asker: Asker, command: commands.FollowMove) -> None:
    """Go where a move code leads."""
    named = command.circle or moving.read(command.code).circle_id.hex()
    line = asker.desk.circle_line(named)
    moving.follow(line.circle, command.code)
    line.again()
    asker.finish(command.ref)


def mark_read(asker: Asker, command: commands.MarkRead) -> None:
    """Everything up to a position was seen."""
    circle = asker.desk.circle(command.circle)
    if command.position > circle.record.read_position:
        circle.record.read_position = min(command.position, (1 << 62) - 1)
        circle.tell_changed()
    asker.finish(command.ref)


def attend(asker: Asker, command: commands.Attend) -> None:
    """Somebody is there, or has gone."""
    writing = asker.desk.circle(command.writing).id if command.writing else b""
    now = asker.context.now()
    asker.context.attends = (
        Attends(now + LASTS, writing, now + WRITING_LASTS if writing else 0)
        if command.here
        else Attends()
    )
    asker.finish(command.ref)


def rest(asker: Asker, command: commands.Rest) -> None:
    """Its silence was seen, and let be."""
    circle = asker.desk.circle(command.circle)
    circle.record.rested_at = asker.context.now()
    circle.tell_changed()
    asker.finish(command.ref)


def notify(asker: Asker, command: commands.Notify) -> None:
    """What this person is told of it."""
    if command.level not in ("", "off", "mentions", "all"):
        raise WishError("notify", "Say off, mentions or all.", Exit.USAGE)
    circle = asker.desk.circle(command.circle)
    circle.record.notify = command.level
    circle.tell_changed()
    asker.finish(command.ref)


def save_draft(asker: Asker, command: commands.SaveDraft) -> None:
    """Keep what stands in the composer."""
    circle = asker.desk.circle(command.circle)
    circle.record.draft = command.text
    circle.changed()
    asker.finish(command.ref)


def list_circles(asker: Asker, command: commands.ListCircles) -> None:
    """All circles."""
    found = [facts.circle_facts(line.circle) for line in asker.desk.circle_lines()]
    asker.context.tell(Circles(ref=command.ref, circles=found))


def read_messages(asker: Asker, command: commands.ReadMessages) -> None:
    """A page of rows."""
    circle = asker.desk.circle(command.circle)
    limit = max(1, min(command.limit, LIMIT_MOST))
    if command.after is not None:
        rows = page(asker.desk.rows_after(circle, command.after, limit))
    else:
        newest_first = asker.desk.rows_before(circle, command.before, limit)[::-1]
        rows = page(newest_first)[::-1]
    asker.context.tell(Messages(ref=command.ref, circle=circle.hex, rows=rows))


def page(rows: list[Row]) -> list[Row]:
    """So many of the first rows that an answer holds them, one at least."""
    room = PAGE_BYTES
    for count, row in enumerate(rows):
        room -= len(row.text.encode()) + _beside(row)
        if room < 0:
            return rows[: max(1, count)]
    return rows


def _beside(row: Row) -> int:
    """About how many bytes stand beside a row's text."""
    if row.reactions or row.reply or row.poll:
        return len(msgspec.json.encode((row.reactions, row.reply, row.poll)))
    return 0


def tidied(rule: Callable[[str], str], text: str) -> str:
    """A name as it may stand in a circle."""
    try:
        return rule(text)
    except MisuseError as error:
        raise WishError("name", str(error)) from error


TABLE: Answers = {
    commands.TryNow: try_now,
    commands.ChangeSettings: change_settings,
    commands.MoveCircle: move_circle,
    commands.FollowMove: follow_move,
    commands.MarkRead: mark_read,
    commands.Attend: attend,
    commands.Notify: notify,
    commands.Rest: rest,
    commands.SaveDraft: save_draft,
    commands.ListCircles: list_circles,
    commands.ReadMessages: read_messages,
}
