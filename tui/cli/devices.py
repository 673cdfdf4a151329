"""`hallway device`: a person's other devices: link one, list them, take one out."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tui.cli.joining import agrees, answer_of_person
from tui.cli.owning import ANSWER_SECONDS, Visit, visiting
from tui.cli.printing import CommandError, note, rfc3339, say, say_json
from tui.cli.running import Place
from tui.engine.commands import (
    AnswerLink,
    CloseLink,
    FollowLink,
    ListCircles,
    ListDevices,
    OpenLink,
    RemoveDevice,
    TryNow,
)
from tui.engine.events import (
    CircleFacts,
    Circles,
    DeviceFacts,
    DeviceGoes,
    Devices,
    EntryEnded,
    Exit,
    Finished,
    LinkAsked,
    LinkEnded,
    LinkMoved,
    LinkOpened,
    LinkState,
    LinkTaken,
)
from tui.safe_text import sanitise_line

ALL = 0xFFFF
WAIT_SECONDS = 120
"""How long either side stays until everything is done that was agreed upon."""

LATER = "It is not all done yet: it goes on whenever Hallway runs here, as by `hallway tail`."
NOBODY = "Nobody can be asked here: say --yes to give whoever types the code your circles."


async def device(place: Place, arguments: argparse.Namespace) -> None:
    """Link, list or remove."""
    what, named = arguments.what, arguments.named
    if what == "list":
        if named is not None:
            raise CommandError("`device list` takes nothing else.", Exit.USAGE)
        return await _list(place, arguments.json)
    if what == "remove":
        if named is None:
            raise CommandError("Say which: its label, from `hallway device list`.", Exit.USAGE)
        return await _remove(place, named, arguments.json)
    if named is None:
        return await _give(place, arguments)
    await _take(place, arguments)


async def _list(place: Place, json: bool) -> None:
    async with visiting(place, "device") as visit:
        for facts in (await visit.ask(ListDevices(), Devices)).devices:
            if json:
                say_json(_facts(facts))
            else:
                say(_text(facts))


def _facts(facts: DeviceFacts) -> dict[str, object]:
    return {
        "label": facts.label,
        "this": facts.this,
        "circles": facts.circles,
        "coming": facts.coming,
    }


def _text(facts: DeviceFacts) -> str:
    mark = " (this one)" if facts.this else ""
    said = [f"in {_named(facts.circles)}"] if facts.circles else []
    said += [f"coming into {_named(facts.coming)}"] if facts.coming else []
    return f"{sanitise_line(facts.label)}{mark}: {'; '.join(said)}"


def _named(names: list[str]) -> str:
    return ", ".join(sanitise_line(name) for name in names)


async def _remove(place: Place, label: str, json: bool) -> None:
    async with visiting(place, "device") as visit:
        goes = await visit.ask(RemoveDevice(label=label), DeviceGoes)
        await _all_sent(visit)
    if json:
        return say_json({"circles": goes.circles, "left": goes.left})
    if goes.circles:
        say(f"{sanitise_line(label)} is out of {_named(goes.circles)}.")
    if goes.left:
        raise CommandError(f"Nothing can be sent just now in {_named(goes.left)}: it is there yet.")


# The first device.


async def _give(place: Place, arguments: argparse.Namespace) -> None:
    if not arguments.yes and not sys.stdin.isatty():
        raise CommandError(NOBODY, Exit.USAGE)
    if arguments.label is not None:
        raise CommandError("--label is for the device on which the code is typed.", Exit.USAGE)
    history = _history(arguments.history)
    async with visiting(place, "device", stays=True) as visit:
        await _some_online(visit)
        opened = await visit.ask(OpenLink(history=history), LinkOpened)
        if arguments.json:
            say_json({"code": opened.code, "expires_at": rfc3339(opened.expires_at)})
        else:
            note("Type on the other device: hallway device link CODE --label NAME")
            note("The code is good for ten minutes, while this runs.")
            say(opened.code)
        try:
            ended = await _until_ended(visit, arguments.yes)
        except asyncio.CancelledError:
            # The owner of the profile may live on; the code is over with this command.
            await visit.owner.ask(CloseLink())
            raise
        if ended.circles:
            await _all_sent(visit)
    if not ended.done or not ended.circles:
        raise CommandError(ended.sentence)
    if arguments.json:
        return say_json({"label": ended.label, "circles": ended.circles, "left": ended.left})
    say(sanitise_line(ended.sentence))


def _history(text: str) -> int:
    if text == "all":
        return ALL
    if text == "none":
        return 0
    if not text.isascii() or not text.isdigit() or int(text) > ALL:
        raise CommandError("--history is none, all, or how many messages.", Exit.USAGE)
    return int(text)


async def _some_online(visit: Visit) -> None:
    """Until a circle is online, or none will be; where one is offline, that is tried now."""
    for facts in (await visit.ask(ListCircles(), Circles)).circles:
        await visit.ask(TryNow(circle=facts.id), Finished)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            while _hopeful(await visit.ask(ListCircles(), Circles)):
                await visit.news()
    except TimeoutError:
        return  # what is asked next says so


def _hopeful(answer: Circles) -> bool:
    inside = [facts for facts in answer.circles if not facts.left]
    tried = (LinkState.OFFLINE, LinkState.STOPPED)
    online = any(facts.link is LinkState.ONLINE for facts in inside)
    return not online and any(
        facts.link not in tried or not facts.link_sentence for facts in inside
    )


async def _until_ended(visit: Visit, yes: bool) -> LinkEnded:
    while True:
        match await visit.news():
            case LinkAsked(label=label, circles=circles):
                named = sanitise_line(label)
                note(f"{named} asks to be a device of yours, in {_named(circles)}.")
                agreed = yes or await agrees(f"Give {named} your circles? [y/N] ")
                await visit.ask(AnswerLink(yes=agreed), Finished)
            case LinkEnded() as ended:
                return ended


async def _all_sent(visit: Visit) -> None:
    """Until nothing waits to be sent in any circle that is online."""

    def waits(facts: CircleFacts) -> bool:
        offline = facts.link is LinkState.OFFLINE and facts.link_sentence
        return facts.unsent and not offline and facts.link is not LinkState.STOPPED

    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while any(waits(facts) for facts in (await visit.ask(ListCircles(), Circles)).circles):
                await visit.news()
    except TimeoutError:
        note(LATER)
    if any(facts.unsent for facts in (await visit.ask(ListCircles(), Circles)).circles):
        note(LATER)


# The new one.


async def _take(place: Place, arguments: argparse.Namespace) -> None:
    if arguments.history != "none":
        sentence = "--history is chosen on the device that shows the code."
        raise CommandError(sentence, Exit.USAGE)
    label = arguments.label
    if label is None:
        if not sys.stdin.isatty():
            raise CommandError("Say with --label what this device is called.", Exit.USAGE)
        label = (await answer_of_person("What is this device called? ")).strip()
    wish = FollowLink(code=arguments.named, label=label, relay=place.config.default_relay)
    async with visiting(place, "device", make=True, stays=True) as visit:
        telling = asyncio.ensure_future(_tell(visit))
        try:
            taken = await visit.ask(wish, LinkTaken)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
        for name in taken.left:
            note(f"Left out: {sanitise_line(name)}.")
        if taken.sentence:
            note(taken.sentence)
        note(f"Coming into {_named(taken.circles)}." if taken.circles else "No circle was given.")
        waiting = await _until_in(visit)
    there = [name for name in taken.circles if name not in waiting]
    if arguments.json:
        say_json({"circles": there, "coming": waiting, "left": taken.left})
    elif there:
        say(f"This device is in {_named(there)}.")
    if waiting:
        raise CommandError(f"Not yet in {_named(waiting)}. {LATER}", Exit.UNREACHABLE)
    if not there:
        raise CommandError(taken.sentence or "This device was given nothing.")


async def _tell(visit: Visit) -> None:
    """Say how linking stands."""
    while True:
        event = await visit.news()
        if isinstance(event, LinkMoved):
            note(event.sentence)


async def _until_in(visit: Visit) -> list[str]:
    """Until this device is in every circle that it waits for: those that it waits for still."""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while waiting := await _waiting(visit):
                event = await visit.news()
                if isinstance(event, EntryEnded):
                    note(f"{sanitise_line(event.circle_name)}: {event.sentence}")
    except TimeoutError:
        return await _waiting(visit)
    return waiting


async def _waiting(visit: Visit) -> list[str]:
    devices = (await visit.ask(ListDevices(), Devices)).devices
    return [name for facts in devices if facts.this for name in facts.coming]
