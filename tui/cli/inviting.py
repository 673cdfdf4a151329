"""`hallway invite`: codes, sealed and spoken."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from crypto.code import SealedCode
from crypto.code_reading import read_code
from crypto.qr import QUIET_ZONE, qr_matrix
from tui.cli.owning import Visit, visiting
from tui.cli.printing import CommandError, local_time, note, rfc3339, say, say_json
from tui.cli.running import Place
from tui.engine.commands import CloseSpoken, CreateInvite, ListInvites, OpenSpoken, RevokeInvite
from tui.engine.events import (
    Exit,
    Finished,
    InviteFacts,
    InviteMade,
    Invites,
    InviteUsed,
    SpokenEnded,
    SpokenOpened,
    SpokenTried,
)
from tui.safe_text import sanitise_line
from tui.spans import read_span


async def invite(place: Place, arguments: argparse.Namespace) -> None:
    """Make a code, list the open ones, or withdraw one."""
    sealed_only = (arguments.words, arguments.qr, arguments.uses, arguments.expires)
    if arguments.spoken and any(sealed_only):
        sentence = "A spoken code is for one, lives ten minutes and is words: leave the rest out."
        raise CommandError(sentence, Exit.USAGE)
    lifetime = _lifetime(arguments.expires or "7d")
    stays = arguments.spoken or arguments.wait
    async with visiting(place, "invite", stays=stays) as visit:
        circle = await visit.circle_id(arguments.circle)
        if arguments.list:
            return await _list(visit, circle, arguments.json)
        if arguments.revoke is not None:
            wish = RevokeInvite(circle=circle, invite_id=_id(arguments.revoke))
            await visit.change(circle, wish, Finished)
        elif arguments.spoken:
            await _spoken(visit, circle, arguments)
        else:
            await _sealed(visit, circle, arguments, lifetime)


async def _list(visit: Visit, circle: str, json: bool) -> None:
    for facts in (await visit.ask(ListInvites(circle=circle), Invites)).invites:
        if json:
            say_json(_facts(circle, facts))
            continue
        of = "you" if facts.mine else sanitise_line(facts.issuer)
        until = local_time(facts.expires_at)
        say(f"{facts.id.hex()}  from {of}, for {facts.uses}, until {until}  {facts.code}".rstrip())


async def _sealed(visit: Visit, circle: str, arguments: argparse.Namespace, lifetime: int) -> None:
    wish = CreateInvite(
        circle=circle,
        uses=1 if arguments.uses is None else arguments.uses,
        lifetime=lifetime,
        history=arguments.history,
    )
    made = (await visit.change(circle, wish, InviteMade)).invite
    if arguments.qr:
        note(_drawn(made.code))
    if arguments.json:
        say_json(_facts(circle, made))
    else:
        many = "one person" if made.uses == 1 else f"{made.uses} people"
        note(f"For {many}, until {local_time(made.expires_at)}. Whoever has it can come in.")
        say(made.words if arguments.words else made.code)
    if arguments.wait:
        await _until_used(visit, circle, made.id)


async def _until_used(visit: Visit, circle: str, invite: bytes) -> None:
    """Stay until nobody can come in on a code any more."""
    while any(
        facts.id == invite
        for facts in (await visit.ask(ListInvites(circle=circle), Invites)).invites
    ):
        event = await visit.news()
        while not (isinstance(event, InviteUsed) and event.invite_id == invite):
            event = await visit.news()
        note(f"{sanitise_line(event.name)} is here.")
    await visit.settled(circle)


async def _spoken(visit: Visit, circle: str, arguments: argparse.Namespace) -> None:
    wish = OpenSpoken(circle=circle, history=arguments.history)
    opened = await visit.change(circle, wish, SpokenOpened)
    if arguments.json:
        expires = rfc3339(opened.expires_at)
        say_json({"circle": circle, "code": opened.code, "expires_at": expires})
    else:
        note("Say it to one person. It is good for ten minutes, while this runs.")
        say(opened.code)
    try:
        await _until_said(visit, circle)
    except asyncio.CancelledError:
        # The owner of the profile may live on; the code is over with this command.
        await visit.owner.ask(CloseSpoken(circle=circle))
        raise
    await visit.settled(circle)


async def _until_said(visit: Visit, circle: str) -> None:
    """Stay until somebody came in on the spoken code; CommandError where it ended otherwise."""
    used = False
    while True:
        match await visit.news():
            case InviteUsed(circle=where, name=name) if where == circle:
                used = True
                note(f"{sanitise_line(name)} is here.")
            case SpokenTried(circle=where, right=False) if where == circle:
                note("Somebody tried the code, and got it wrong.")
            case SpokenEnded(circle=where, sentence=sentence) if where == circle:
                if not used:
                    raise CommandError(sentence)
                return


def _facts(circle: str, facts: InviteFacts) -> dict[str, Any]:
    return {
        "id": facts.id.hex(),
        "circle": circle,
        "issuer": facts.issuer,
        "uses": facts.uses,
        "expires_at": rfc3339(facts.expires_at),
        "history": facts.history,
        "code": facts.code,
        "words": facts.words,
        "link": facts.link,
    }


def _lifetime(text: str) -> int:
    seconds = read_span(text)
    if seconds is None:
        raise CommandError("--expires is a number and m, h or d, as in 7d.", Exit.USAGE)
    return seconds * 1000


def _id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        sentence = "--revoke takes an id as `hallway invite --list` shows it."
        raise CommandError(sentence, Exit.USAGE) from None


def _drawn(text: str) -> str:
    """A code as a QR code of half blocks, dark on light where the terminal is dark."""
    code = read_code(text)
    if not isinstance(code, SealedCode):
        raise CommandError("Only a sealed code can be drawn.")
    rows = qr_matrix(code)
    width = len(rows[0]) + 2 * QUIET_ZONE
    blank = (False,) * width
    side = (False,) * QUIET_ZONE
    field = [blank] * QUIET_ZONE + [side + row + side for row in rows] + [blank] * QUIET_ZONE
    if len(field) % 2:
        field.append(blank)
    pairs = zip(field[::2], field[1::2], strict=True)
    # What is light is drawn, what is dark is left out.
    shapes = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    return "\n".join(
        "".join(shapes[pair] for pair in zip(upper, lower, strict=True)) for upper, lower in pairs
    )
