"""Opening a circle, codes, and coming in on one."""

from __future__ import annotations

from crypto.code import SealedCode
from crypto.code_reading import read_code as parse_code
from crypto.errors import AddressError, CodeError, TypoError
from crypto.relay_address import RelayAddress
from tui.engine import commands, door, facts, spoken
from tui.engine.answers.asker import Answers, Asker
from tui.engine.circle import Circle
from tui.engine.entering import JoiningLine, NameplateLine, request
from tui.engine.errors import WishError
from tui.engine.events import Exit, Invites
from tui.engine.founding import FoundingLine
from tui.engine.intentions import intend
from tui.engine.taking import AwaitingLine
from tui.engine.wishes import OpenCode, WithdrawCode

LIFETIME_LONGEST = 365 * 86_400_000
USES_MOST = 50


def _history(circle: Circle, wanted: int | None) -> int:
    history = circle.view.state.history if wanted is None else wanted
    if not 0 <= history <= 0xFFFF:
        raise WishError("history", "A code shows 0 to 65535 messages of before.", Exit.USAGE)
    return history


def open_circle(asker: Asker, command: commands.OpenCircle) -> None:
    """Found a circle, once the relay has said its key."""
    line = FoundingLine(asker.context, command, asker.desk.founded)
    asker.desk.lines.append(line)


def create_invite(asker: Asker, command: commands.CreateInvite) -> None:
    """Have a code committed."""
    circle = asker.inside(command.circle)
    if not 1 <= command.uses <= USES_MOST:
        raise WishError("uses", f"A code is for 1 to {USES_MOST} people.", Exit.USAGE)
    if not 60_000 <= command.lifetime <= LIFETIME_LONGEST:
        raise WishError("lifetime", "A code lives a minute to a year.", Exit.USAGE)
    now, rng = asker.context.now(), asker.context.rng
    history = _history(circle, command.history)
    wish = OpenCode(rng(16), rng(32), command.uses, history, now + command.lifetime)
    intend(circle, wish, ref=command.ref)


def revoke_invite(asker: Asker, command: commands.RevokeInvite) -> None:
    """Have a code withdrawn."""
    circle = asker.inside(command.circle)
    intend(circle, WithdrawCode(command.invite_id), ref=command.ref)


def list_invites(asker: Asker, command: commands.ListInvites) -> None:
    """The open codes."""
    circle = asker.desk.circle(command.circle)
    asker.context.tell(Invites(ref=command.ref, invites=facts.invite_facts(circle)))


def open_spoken(asker: Asker, command: commands.OpenSpoken) -> None:
    """Make a code to say aloud."""
    circle = asker.inside(command.circle)
    spoken.begin(circle, _history(circle, command.history), command.ref)


def close_spoken(asker: Asker, command: commands.CloseSpoken) -> None:
    """Close it."""
    spoken.close(asker.desk.circle(command.circle))
    asker.finish(command.ref)


def read_code(asker: Asker, command: commands.ReadCode) -> None:
    """From a code to its card."""
    try:
        code = parse_code(command.code)
        if isinstance(code, SealedCode):
            return asker.desk.read_card(code, command.ref)
        relay = command.relay or asker.desk.default_relay
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
        asker.context,
        code,
        where.parsed,
        command.ref,
        asker.desk.read_card,
        where.certificate_pin,
    )
    asker.desk.lines.append(line)


def enter(asker: Asker, command: commands.Enter) -> None:
    """Ask to be let in."""
    reading = asker.desk.readings.get(command.entry)
    if reading is None:
        raise WishError("unknown_entry", "Read the code's card first.")
    for there in asker.desk.circle_lines():
        if there.circle.id == reading.card.circle_id:
            raise WishError("in_already", "This profile is in that circle already, or was.")
    record = request(asker.context, reading, command)
    del asker.desk.readings[command.entry]
    asker.context.store.joinings.save(record)
    line = JoiningLine(asker.context, record, command.ref, asker.desk.entered)
    asker.desk.lines.append(line)


def abandon_entry(asker: Asker, command: commands.AbandonEntry) -> None:
    """Give up coming in."""
    asker.desk.readings.pop(command.entry, None)
    for line in asker.desk.lines:
        if isinstance(line, JoiningLine) and line.record.entry == command.entry:
            line.end(WishError("given_up", "You gave it up."))
        elif isinstance(line, AwaitingLine) and line.entry == command.entry:
            line.end("You gave it up.")
    asker.finish(command.ref)


def answer_request(asker: Asker, command: commands.AnswerRequest) -> None:
    """Yes or no at the door."""
    circle = asker.inside(command.circle)
    if door.answer(circle, command.n, command.admit, command.ref):
        asker.finish(command.ref)


TABLE: Answers = {
    commands.OpenCircle: open_circle,
    commands.CreateInvite: create_invite,
    commands.RevokeInvite: revoke_invite,
    commands.ListInvites: list_invites,
    commands.OpenSpoken: open_spoken,
    commands.CloseSpoken: close_spoken,
    commands.ReadCode: read_code,
    commands.Enter: enter,
    commands.AbandonEntry: abandon_entry,
    commands.AnswerRequest: answer_request,
}
