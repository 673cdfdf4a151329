"""What is said in a circle, and what is done to it."""

from __future__ import annotations

from crypto.content import (
    OPTION_LONGEST,
    OPTIONS_FEWEST,
    OPTIONS_MOST,
    QUESTION_LONGEST,
    Delete,
    Edit,
    Pin,
    Poll,
    React,
    Text,
    Vote,
)
from crypto.emoji import is_emoji
from crypto.errors import MisuseError as ContentError
from tui.engine import commands, deeds, files, naming
from tui.engine import saying as outgoing
from tui.engine.answers.asker import Answers, Asker
from tui.engine.answers.circles import LIMIT_MOST, page
from tui.engine.circle import Circle
from tui.engine.errors import WishError
from tui.engine.events import EditFacts, Edits, Exit, Messages
from tui.engine.store.records import MessageRecord

POLL_BOUNDS = (
    f"A poll has a question of 1 to {QUESTION_LONGEST} bytes, and {OPTIONS_FEWEST} to"
    f" {OPTIONS_MOST} different options of 1 to {OPTION_LONGEST} bytes."
)


def _does(
    asker: Asker, ref: int, circle: Circle, target: MessageRecord, content: deeds.Deed
) -> None:
    """Do something to a message, unless it can't be."""
    sentence = deeds.why_not(circle, target, circle.member_key, content)
    if sentence:
        raise WishError("message", sentence)
    id, _ = outgoing.write(circle, content)
    circle.tell_changed()
    asker.queued(ref, circle, id, target.position)


def send_text(asker: Asker, command: commands.SendText) -> None:
    """Write a message down; it goes out by itasker."""
    circle = asker.inside(command.circle)
    reply = naming.message(circle, command.reply).id if command.reply else b""
    text = naming.text(command.text)
    said = Text(text, reply, naming.mentioned(circle, text), command.me)
    id, position = outgoing.write(circle, said)
    circle.tell_changed()
    asker.queued(command.ref, circle, id, position)


def react(asker: Asker, command: commands.React) -> None:
    """Mark a message."""
    circle = asker.inside(command.circle)
    target = naming.message(circle, command.id)
    if not is_emoji(command.what):
        raise WishError("emoji", "A reaction is one emoji.", Exit.USAGE)
    _does(asker, command.ref, circle, target, React(target.id, command.what, command.on))


def edit(asker: Asker, command: commands.Edit) -> None:
    """Change an own message."""
    circle = asker.inside(command.circle)
    target, text = naming.message(circle, command.id), naming.text(command.text)
    mentions = naming.mentioned(circle, text)
    _does(asker, command.ref, circle, target, Edit(target.id, text, mentions))


def delete(asker: Asker, command: commands.Delete) -> None:
    """Take an own message back."""
    circle = asker.inside(command.circle)
    target = naming.message(circle, command.id)
    if files.cancel(circle, target):
        return asker.queued(command.ref, circle, target.id, target.position)
    _does(asker, command.ref, circle, target, Delete(target.id))


def pin(asker: Asker, command: commands.Pin) -> None:
    """Pin a message."""
    circle = asker.inside(command.circle)
    target = naming.message(circle, command.id)
    _does(asker, command.ref, circle, target, Pin(target.id, command.on))


def list_pins(asker: Asker, command: commands.ListPins) -> None:
    """What is pinned."""
    circle = asker.desk.circle(command.circle)
    rows = page(deeds.pins(circle)[:LIMIT_MOST])
    asker.context.tell(Messages(ref=command.ref, circle=circle.hex, rows=rows))


def open_poll(asker: Asker, command: commands.OpenPoll) -> None:
    """Ask a question."""
    circle = asker.inside(command.circle)
    poll = Poll(command.question, tuple(command.options), command.several)
    try:
        id, position = outgoing.write(circle, poll)
    except ContentError as error:
        raise WishError("poll", POLL_BOUNDS, Exit.USAGE) from error
    circle.tell_changed()
    asker.queued(command.ref, circle, id, position)


def vote(asker: Asker, command: commands.Vote) -> None:
    """Choose in a poll."""
    circle = asker.inside(command.circle)
    target = naming.message(circle, command.id)
    if not all(0 <= choice < OPTIONS_MOST for choice in command.choices):
        raise WishError("vote", "There is no such option in a poll.", Exit.USAGE)
    vote = Vote(target.id, tuple(sorted(set(command.choices))))
    _does(asker, command.ref, circle, target, vote)


def list_edits(asker: Asker, command: commands.ListEdits) -> None:
    """What a message has said."""
    circle = asker.desk.circle(command.circle)
    target = naming.message(circle, command.id)
    found = [EditFacts(at, text) for at, text in deeds.edits(circle, target)]
    answer = Edits(ref=command.ref, circle=circle.hex, id=target.id.hex(), edits=found)
    asker.context.tell(answer)


TABLE: Answers = {
    commands.SendText: send_text,
    commands.React: react,
    commands.Edit: edit,
    commands.Delete: delete,
    commands.Pin: pin,
    commands.ListPins: list_pins,
    commands.OpenPoll: open_poll,
    commands.Vote: vote,
    commands.ListEdits: list_edits,
}
