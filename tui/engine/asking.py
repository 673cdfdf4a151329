"""What becomes of each command: one short function each, in one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from crypto.access.binding import depart_statement
from crypto.circle.errors import MisuseError
from crypto.circle.names import circle_name, circle_topic, person_name
from crypto.code import SealedCode
from crypto.code_reading import read_code
from crypto.content import (
    OPTION_LONGEST,
    OPTIONS_FEWEST,
    OPTIONS_MOST,
    QUESTION_LONGEST,
    Delete,
    Edit,
    Leave,
    Pin,
    Poll,
    React,
    Text,
    Vote,
)
from crypto.emoji import is_emoji
from crypto.errors import AddressError, CodeError, TypoError
from crypto.errors import MisuseError as ContentError
from crypto.relay_address import RelayAddress
from tui.engine import (
    commands,
    deeds,
    door,
    facts,
    moving,
    naming,
    returning,
    saying,
    settling,
    spoken,
)
from tui.engine.circle import Circle
from tui.engine.desk import Desk
from tui.engine.entering import JoiningLine, NameplateLine, request
from tui.engine.errors import WishError
from tui.engine.events import (
    CircleGone,
    Circles,
    EditFacts,
    Edits,
    Exit,
    Finished,
    Invites,
    LockAsked,
    Members,
    Messages,
    Queued,
    Row,
)
from tui.engine.founding import FoundingLine
from tui.engine.intentions import intend
from tui.engine.moving import MovingLine
from tui.engine.store.records import MessageRecord
from tui.engine.wishes import Hosts, OpenCode, RemoveMember, Rename, Settings, WithdrawCode

LIFETIME_LONGEST = 365 * 86_400_000
USES_MOST = 50
LIMIT_MOST = 1000
PAGE_BYTES = 2 * 1024 * 1024
"""Of text in one answer: half of what a frame of the control socket may hold."""

POLL_BOUNDS = (
    f"A poll has a question of 1 to {QUESTION_LONGEST} bytes, and {OPTIONS_FEWEST} to"
    f" {OPTIONS_MOST} different options of 1 to {OPTION_LONGEST} bytes."
)

LEAVING = -1
"""In a circle's `left_at`: the word is written, and not in the log yet."""


class Asker:
    """Carries out commands at a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.context = desk.context

    def do(self, command: commands.Command) -> None:
        """One command; a wish that can't be is answered with `Refused`."""
        try:
            _TABLE[type(command)](self, command)
        except WishError as error:
            self.context.refuse(command.ref, error)

    def _finish(self, ref: int) -> None:
        self.context.tell(Finished(ref=ref))

    def _inside(self, named: str) -> Circle:
        """The circle that something is to be sent to; where it is offline, that is tried now."""
        line = self.desk.circle_line(named)
        circle = line.circle
        if not circle.active:
            raise WishError("not_active", circle.record.sentence or "This circle is not open yet.")
        if circle.record.left_at:
            raise WishError("leaving", "You are leaving this circle.")
        line.hurry()
        return circle

    def open_circle(self, command: commands.OpenCircle) -> None:
        """Found a circle, once the relay has said its key."""
        line = FoundingLine(self.context, command, self.desk.founded)
        self.desk.lines.append(line)

    def create_invite(self, command: commands.CreateInvite) -> None:
        """Have a code committed."""
        circle = self._inside(command.circle)
        if not 1 <= command.uses <= USES_MOST:
            raise WishError("uses", f"A code is for 1 to {USES_MOST} people.", Exit.USAGE)
        if not 60_000 <= command.lifetime <= LIFETIME_LONGEST:
            raise WishError("lifetime", "A code lives a minute to a year.", Exit.USAGE)
        now, rng = self.context.now(), self.context.rng
        history = self._history(circle, command.history)
        wish = OpenCode(rng(16), rng(32), command.uses, history, now + command.lifetime)
        intend(circle, wish, ref=command.ref)

    def _history(self, circle: Circle, wanted: int | None) -> int:
        history = circle.view.state.history if wanted is None else wanted
        if not 0 <= history <= 0xFFFF:
            raise WishError("history", "A code shows 0 to 65535 messages of before.", Exit.USAGE)
        return history

    def revoke_invite(self, command: commands.RevokeInvite) -> None:
        """Have a code withdrawn."""
        circle = self._inside(command.circle)
        intend(circle, WithdrawCode(command.invite_id), ref=command.ref)

    def list_invites(self, command: commands.ListInvites) -> None:
        """The open codes."""
        circle = self.desk.circle(command.circle)
        self.context.tell(Invites(ref=command.ref, invites=facts.invite_facts(circle)))

    def open_spoken(self, command: commands.OpenSpoken) -> None:
        """Make a code to say aloud."""
        circle = self._inside(command.circle)
        spoken.begin(circle, self._history(circle, command.history), command.ref)

    def close_spoken(self, command: commands.CloseSpoken) -> None:
        """Close it."""
        spoken.close(self.desk.circle(command.circle))
        self._finish(command.ref)

    def read_code(self, command: commands.ReadCode) -> None:
        """From a code to its card."""
        try:
            code = read_code(command.code)
            if isinstance(code, SealedCode):
                return self.desk.read_card(code, command.ref)
            relay = command.relay or self.desk.default_relay
            if code.address is None and not relay:
                raise WishError("no_relay", "This code is on another relay: add @ and its address.")
            where = RelayAddress.typed(relay if code.address is None else str(code.address))
        except TypoError as error:
            raise WishError("typo", str(error)) from error
        except AddressError as error:
            raise WishError("address", str(error)) from error
        except CodeError as error:
            raise WishError("code", str(error)) from error
        line = NameplateLine(
            self.context,
            code,
            where.parsed,
            command.ref,
            self.desk.read_card,
            where.certificate_pin,
        )
        self.desk.lines.append(line)

    def enter(self, command: commands.Enter) -> None:
        """Ask to be let in."""
        reading = self.desk.readings.get(command.entry)
        if reading is None:
            raise WishError("unknown_entry", "Read the code's card first.")
        for there in self.desk.circle_lines():
            if there.circle.id == reading.card.circle_id:
                raise WishError("in_already", "This profile is in that circle already, or was.")
        record = request(self.context, reading, command)
        del self.desk.readings[command.entry]
        self.context.store.joinings.save(record)
        line = JoiningLine(self.context, record, command.ref, self.desk.entered)
        self.desk.lines.append(line)

    def abandon_entry(self, command: commands.AbandonEntry) -> None:
        """Give up coming in."""
        self.desk.readings.pop(command.entry, None)
        for line in self.desk.lines:
            if isinstance(line, JoiningLine) and line.record.entry == command.entry:
                line.end(WishError("given_up", "You gave it up."))
        self._finish(command.ref)

    def answer_request(self, command: commands.AnswerRequest) -> None:
        """Yes or no at the door."""
        circle = self._inside(command.circle)
        if door.answer(circle, command.n, command.admit, command.ref):
            self._finish(command.ref)

    def send_text(self, command: commands.SendText) -> None:
        """Write a message down; it goes out by itself."""
        circle = self._inside(command.circle)
        reply = naming.message(circle, command.reply).id if command.reply else b""
        text = naming.text(command.text)
        said = Text(text, reply, naming.mentioned(circle, text), command.me)
        id, position = saying.write(circle, said)
        circle.tell_changed()
        self._queued(command.ref, circle, id, position)

    def _queued(self, ref: int, circle: Circle, id: bytes, position: int) -> None:
        answer = Queued(ref=ref, circle=circle.hex, id=id.hex(), position=position)
        self.context.tell(answer)

    def _does(self, ref: int, circle: Circle, target: MessageRecord, content: deeds.Deed) -> None:
        """Do something to a message, unless it can't be."""
        sentence = deeds.why_not(circle, target, circle.member.public, content)
        if sentence:
            raise WishError("message", sentence)
        id, _ = saying.write(circle, content)
        circle.tell_changed()
        self._queued(ref, circle, id, target.position)

    def react(self, command: commands.React) -> None:
        """Mark a message."""
        circle = self._inside(command.circle)
        target = naming.message(circle, command.id)
        if not is_emoji(command.what):
            raise WishError("emoji", "A reaction is one emoji.", Exit.USAGE)
        self._does(command.ref, circle, target, React(target.id, command.what, command.on))

    def edit(self, command: commands.Edit) -> None:
        """Change an own message."""
        circle = self._inside(command.circle)
        target, text = naming.message(circle, command.id), naming.text(command.text)
        mentions = naming.mentioned(circle, text)
        self._does(command.ref, circle, target, Edit(target.id, text, mentions))

    def delete(self, command: commands.Delete) -> None:
        """Take an own message back."""
        circle = self._inside(command.circle)
        target = naming.message(circle, command.id)
        self._does(command.ref, circle, target, Delete(target.id))

    def pin(self, command: commands.Pin) -> None:
        """Pin a message."""
        circle = self._inside(command.circle)
        target = naming.message(circle, command.id)
        self._does(command.ref, circle, target, Pin(target.id, command.on))

    def list_pins(self, command: commands.ListPins) -> None:
        """What is pinned."""
        circle = self.desk.circle(command.circle)
        rows = _page(deeds.pins(circle)[:LIMIT_MOST])
        self.context.tell(Messages(ref=command.ref, circle=circle.hex, rows=rows))

    def open_poll(self, command: commands.OpenPoll) -> None:
        """Ask a question."""
        circle = self._inside(command.circle)
        poll = Poll(command.question, tuple(command.options), command.several)
        try:
            id, position = saying.write(circle, poll)
        except ContentError as error:
            raise WishError("poll", POLL_BOUNDS, Exit.USAGE) from error
        circle.tell_changed()
        self._queued(command.ref, circle, id, position)

    def vote(self, command: commands.Vote) -> None:
        """Choose in a poll."""
        circle = self._inside(command.circle)
        target = naming.message(circle, command.id)
        if not all(0 <= choice < OPTIONS_MOST for choice in command.choices):
            raise WishError("vote", "There is no such option in a poll.", Exit.USAGE)
        vote = Vote(target.id, tuple(sorted(set(command.choices))))
        self._does(command.ref, circle, target, vote)

    def list_edits(self, command: commands.ListEdits) -> None:
        """What a message has said."""
        circle = self.desk.circle(command.circle)
        target = naming.message(circle, command.id)
        found = [EditFacts(at, text) for at, text in deeds.edits(circle, target)]
        answer = Edits(ref=command.ref, circle=circle.hex, id=target.id.hex(), edits=found)
        self.context.tell(answer)

    def remove(self, command: commands.Remove) -> None:
        """Have a member removed."""
        circle = self._inside(command.circle)
        member = self._member(circle, command.member)
        if member == circle.member.public:
            raise WishError("self", "To go yourself, leave the circle.")
        intend(circle, RemoveMember(member), ref=command.ref)

    def _member(self, circle: Circle, named: str) -> bytes:
        names = circle.view.names()
        found = [key for key in names if key.hex() == named.lower()]
        found = found or [key for key, name in names.items() if name == named]
        if len(found) != 1:
            raise WishError("unknown_member", f"There is nobody here who is called {named}.")
        return found[0]

    def leave(self, command: commands.Leave) -> None:
        """Leave; the others are told, and one of them carries it out."""
        circle = self._inside(command.circle)
        access = circle.access
        statement = depart_statement(circle.id, access.public)
        saying.write(circle, Leave(access.sign(statement)))
        circle.record.left_at = LEAVING
        circle.tell_changed()
        self._finish(command.ref)

    def forget(self, command: commands.Forget) -> None:
        """Erase a circle that this person is no longer in."""
        line = self.desk.circle_line(command.circle)
        if line.circle.group is not None and line.circle.active:
            raise WishError("inside", "You are in this circle. Leave it first.")
        self.context.store.circles.delete(line.circle.number)
        line.over = True
        self.context.tell(CircleGone(circle=line.circle.hex))
        self._finish(command.ref)

    def rejoin(self, command: commands.Rejoin) -> None:
        """Come in again."""
        line = self.desk.circle_line(command.circle)
        if facts.may_settle(line.circle):
            raise WishError(
                "fork", "There are two conversations here. Say first whose of them stands."
            )
        returning.ask(line.circle)
        line.hurry()
        self._finish(command.ref)

    def settle_fork(self, command: commands.SettleFork) -> None:
        """Choose between two conversations."""
        line = self.desk.circle_line(command.circle)
        if command.mine == bool(command.member):
            raise WishError("which", "Say whose conversation stands: yours, or a member's.")
        if command.mine:
            settling.settle_mine(line.circle)
        else:
            settling.settle_with(line.circle, self._member(line.circle, command.member))
        line.hurry()
        self._finish(command.ref)

    def try_now(self, command: commands.TryNow) -> None:
        """Do not wait for the next attempt to be connected."""
        self.desk.circle_line(command.circle).hurry()
        self._finish(command.ref)

    def rename(self, command: commands.Rename) -> None:
        """Be called otherwise."""
        circle = self._inside(command.circle)
        intend(circle, Rename(_tidied(person_name, command.person)), ref=command.ref)

    def change_settings(self, command: commands.ChangeSettings) -> None:
        """Change what hosts may change."""
        circle = self._inside(command.circle)
        wish = Settings(
            None if command.name is None else _tidied(circle_name, command.name),
            None if command.topic is None else _tidied(circle_topic, command.topic),
            command.cap,
            command.door_asks,
            command.history,
        )
        intend(circle, wish, ref=command.ref)

    def move_circle(self, command: commands.MoveCircle) -> None:
        """Take a circle to another relay, once that has said its key."""
        line = self.desk.circle_line(command.circle)
        circle = line.circle
        if not circle.active or circle.record.left_at:
            raise WishError("not_active", circle.record.sentence or "You are leaving this circle.")
        self.desk.lines.append(MovingLine(self.context, circle, command, line.again))

    def follow_move(self, command: commands.FollowMove) -> None:
        """Go where a move code leads."""
        named = command.circle or moving.read(command.code).circle_id.hex()
        line = self.desk.circle_line(named)
        moving.follow(line.circle, command.code)
        line.again()
        self._finish(command.ref)

    def appoint_hosts(self, command: commands.AppointHosts) -> None:
        """Change who is host."""
        circle = self._inside(command.circle)
        members = tuple(self._member(circle, member) for member in command.members)
        intend(circle, Hosts(members), ref=command.ref)

    def mark_read(self, command: commands.MarkRead) -> None:
        """Everything up to a position was seen."""
        circle = self.desk.circle(command.circle)
        if command.position > circle.record.read_position:
            circle.record.read_position = min(command.position, (1 << 62) - 1)
            circle.tell_changed()
        self._finish(command.ref)

    def save_draft(self, command: commands.SaveDraft) -> None:
        """Keep what stands in the composer."""
        circle = self.desk.circle(command.circle)
        circle.record.draft = command.text
        circle.changed()
        self._finish(command.ref)

    def lock(self, command: commands.Lock) -> None:
        """Pass it on to who owns the profile: the engine has the database, not the key."""
        self._finish(command.ref)
        self.context.tell(LockAsked())

    def list_circles(self, command: commands.ListCircles) -> None:
        """All circles."""
        found = [facts.circle_facts(line.circle) for line in self.desk.circle_lines()]
        self.context.tell(Circles(ref=command.ref, circles=found))

    def list_members(self, command: commands.ListMembers) -> None:
        """Who is in."""
        circle = self.desk.circle(command.circle)
        members = facts.member_facts(circle)
        self.context.tell(Members(ref=command.ref, circle=circle.hex, members=members))

    def read_messages(self, command: commands.ReadMessages) -> None:
        """A page of rows."""
        circle = self.desk.circle(command.circle)
        limit = max(1, min(command.limit, LIMIT_MOST))
        if command.after is not None:
            rows = _page(self.desk.rows_after(circle, command.after, limit))
        else:
            newest_first = self.desk.rows_before(circle, command.before, limit)[::-1]
            rows = _page(newest_first)[::-1]
        self.context.tell(Messages(ref=command.ref, circle=circle.hex, rows=rows))


def _page(rows: list[Row]) -> list[Row]:
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


def _tidied(rule: Callable[[str], str], text: str) -> str:
    try:
        return rule(text)
    except MisuseError as error:
        raise WishError("name", str(error)) from error


_TABLE: dict[type[commands.Command], Callable[[Asker, Any], None]] = {
    commands.OpenCircle: Asker.open_circle,
    commands.CreateInvite: Asker.create_invite,
    commands.RevokeInvite: Asker.revoke_invite,
    commands.ListInvites: Asker.list_invites,
    commands.OpenSpoken: Asker.open_spoken,
    commands.CloseSpoken: Asker.close_spoken,
    commands.ReadCode: Asker.read_code,
    commands.Enter: Asker.enter,
    commands.AbandonEntry: Asker.abandon_entry,
    commands.AnswerRequest: Asker.answer_request,
    commands.SendText: Asker.send_text,
    commands.React: Asker.react,
    commands.Edit: Asker.edit,
    commands.Delete: Asker.delete,
    commands.Pin: Asker.pin,
    commands.ListPins: Asker.list_pins,
    commands.OpenPoll: Asker.open_poll,
    commands.Vote: Asker.vote,
    commands.ListEdits: Asker.list_edits,
    commands.Remove: Asker.remove,
    commands.Leave: Asker.leave,
    commands.Forget: Asker.forget,
    commands.Rejoin: Asker.rejoin,
    commands.SettleFork: Asker.settle_fork,
    commands.TryNow: Asker.try_now,
    commands.Rename: Asker.rename,
    commands.ChangeSettings: Asker.change_settings,
    commands.MoveCircle: Asker.move_circle,
    commands.FollowMove: Asker.follow_move,
    commands.AppointHosts: Asker.appoint_hosts,
    commands.MarkRead: Asker.mark_read,
    commands.SaveDraft: Asker.save_draft,
    commands.Lock: Asker.lock,
    commands.ListCircles: Asker.list_circles,
    commands.ListMembers: Asker.list_members,
    commands.ReadMessages: Asker.read_messages,
}
