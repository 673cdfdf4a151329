"""`hallway join`: from a code to a chair."""

from __future__ import annotations

import argparse
import asyncio
import sys

from crypto.circle.errors import MisuseError
from crypto.circle.names import person_name
from crypto.code_reading import read_code
from crypto.errors import CodeError
from tui.cli.opening import NO_NAME
from tui.cli.owning import ANSWER_SECONDS, Visit, slow, visiting
from tui.cli.printing import CommandError, local_time, note, say, say_json
from tui.cli.running import Place
from tui.engine.commands import Enter, ListCircles, ListMembers, ReadCode
from tui.engine.events import CardRead, Circles, Entered, EntryMoved, Exit, Members
from tui.limit import exceeded
from tui.safe_text import sanitise_line

_SHORT = "nobody has opened the door yet. The request waits at the relay for seven days, and is"
NOT_YET = f"You are not in: {_SHORT} taken up again whenever Hallway runs, as by `hallway tail`."
ENTRY_OVER = "You did not come in. Nothing was sent but the wish to see the card."


async def join(place: Place, arguments: argparse.Namespace) -> None:
    """Read the code's card, show it, and come in."""
    asked = sys.stdin.isatty()
    if not asked and not arguments.yes:
        # A spoken code's one guess would be spent on a card that nobody can say yes to.
        raise CommandError("Nobody can be asked here: say --yes to come in.", Exit.USAGE)
    if not asked and not place.config.name:
        raise CommandError(NO_NAME, Exit.USAGE)
    code = _code(arguments.code)
    async with visiting(place, "join", make=True, stays=True) as visit:
        card = await _card(visit, place, code)
        (note if arguments.json else say)(shown_card(card))
        if reminder := exceeded(int(place.config.people), await _known(visit), card.names):
            note(reminder)
        if not arguments.yes and not await agrees("Come in? [y/N] "):
            raise CommandError(ENTRY_OVER)
        wish = Enter(entry=card.entry, person=await _name(place))
        entered = await _enter(visit, wish, arguments.wait)
    if arguments.json:
        facts = {"id": entered.circle, "name": entered.name, "confirmed": entered.confirmed}
        return say_json(facts)
    issuer = sanitise_line(card.issuer)
    say(f"You are in {sanitise_line(entered.name)}.")
    if not entered.confirmed:
        note(f"{issuer}'s own device has not confirmed it yet; it does when it is online.")


def _code(given: str | None) -> str:
    """The code, whose slips are told before anything is dialled or made."""
    if given is None and sys.stdin.isatty():
        note("The code:")
    text = sys.stdin.readline() if given in (None, "-") else str(given)
    try:
        read_code(text)
    except CodeError as error:
        raise CommandError(str(error)) from error
    return text.strip()


async def _card(visit: Visit, place: Place, code: str) -> CardRead:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            wish = ReadCode(code=code, relay=place.config.default_relay)
            return await visit.ask(wish, CardRead)
    except TimeoutError:
        raise slow() from None


def shown_card(card: CardRead) -> str:
    """What a code's card says, in lines."""
    issuer, circle = sanitise_line(card.issuer), sanitise_line(card.circle_name)
    names = ", ".join(sanitise_line(name) for name in card.names)
    past = f"the last {card.history} messages" if card.history else "nothing"
    door = "a member says yes" if card.asks_at_door else "opens by itself"
    lines = [
        f"{issuer} invites you to {circle}.",
        f"  {sanitise_line(card.topic)}" if card.topic else "",
        f"  in it        {names}",
        f"  chairs       {card.chairs} of {card.cap} taken",
        f"  of before    you will see {past}",
        f"  door         {door}",
        f"  relay        {sanitise_line(card.relay)}",
        f"  good until   {local_time(card.expires_at)}",
    ]
    return "\n".join(line for line in lines if line)


async def agrees(question: str) -> bool:
    return (await answer_of_person(question)).strip().lower() in ("y", "yes")


async def answer_of_person(question: str) -> str:
    """What a person types at the terminal; the connections live on meanwhile."""
    print(question, end="", file=sys.stderr, flush=True)
    loop, typed = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return sys.stdin.readline()


async def _known(visit: Visit) -> list[str]:
    """Everybody in all circles of this profile."""
    names: list[str] = []
    for circle in (await visit.ask(ListCircles(), Circles)).circles:
        members = (await visit.ask(ListMembers(circle=circle.id), Members)).members
        names += [member.name for member in members if not member.me]
    return names


async def _name(place: Place) -> str:
    if place.config.name:
        return place.config.name
    try:
        return person_name(await answer_of_person("Your name there: "))
    except MisuseError as error:
        raise CommandError(str(error)) from error


async def _enter(visit: Visit, wish: Enter, seconds: float | None) -> Entered:
    telling = asyncio.ensure_future(_tell(visit, wish.entry))
    try:
        async with asyncio.timeout(seconds):
            return await visit.ask(wish, Entered)
    except TimeoutError:
        raise CommandError(NOT_YET, Exit.UNREACHABLE) from None
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _tell(visit: Visit, entry: str) -> None:
    """Say how far coming in has got."""
    while True:
        event = await visit.news()
        if isinstance(event, EntryMoved) and event.entry == entry and event.sentence:
            note(event.sentence)
