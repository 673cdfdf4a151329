"""`hallway circles`, `members`, `remove`, `leave`, `rename`, `rejoin`."""

from __future__ import annotations

import argparse
import asyncio

from tui.cli.owning import visiting
from tui.cli.printing import CommandError, note, rfc3339, say, say_json
from tui.cli.running import Place
from tui.engine.commands import (
    Leave,
    ListCircles,
    ListMembers,
    Rejoin,
    Remove,
    Rename,
    SettleFork,
    Verify,
)
from tui.engine.events import (
    CircleFacts,
    Circles,
    Exit,
    Finished,
    LinkState,
    MemberFacts,
    Members,
)
from tui.safe_text import sanitise_line


async def circles(place: Place, arguments: argparse.Namespace) -> None:
    """List the circles of this profile."""
    if not place.locations.there():
        return
    async with visiting(place, "circles") as visit:
        for facts in (await visit.ask(ListCircles(), Circles)).circles:
            if arguments.json:
                say_json(circle_json(facts))
            else:
                say(_circle_text(facts))


def circle_json(facts: CircleFacts) -> dict[str, object]:
    """A circle for scripts."""
    return {
        "id": facts.id,
        "name": facts.name,
        "topic": facts.topic,
        "relay": facts.relay,
        "cap": facts.cap,
        "chairs": facts.chairs,
        "me": facts.me,
        "link": facts.link.value,
        "sentence": facts.link_sentence,
        "fresh": rfc3339(facts.fresh_at) if facts.fresh_at else None,
        "kept_back": rfc3339(facts.behind_since) if facts.behind_since else None,
        "forks": [{"member": fork.name, "n": fork.n} for fork in facts.forks],
        "waiting": facts.waiting,
        "unsent": facts.unsent,
        "hosts": facts.hosts,
        "door": "ask" if facts.asks_at_door else "code",
        "history": facts.history,
        "retention": facts.retention,
        "disappear": facts.disappear,
        "presence": facts.presence,
        "heard": facts.heard,
        "left": facts.left,
        "confirmed": facts.confirmed,
        "since": rfc3339(facts.since),
    }


def _circle_text(facts: CircleFacts) -> str:
    name, me = sanitise_line(facts.name), sanitise_line(facts.me)
    stands = f"{facts.chairs} of {facts.cap} chairs taken, as {me}, on {facts.relay}"
    if facts.left or facts.link is LinkState.STOPPED:
        stands = facts.link_sentence
    elif facts.link is LinkState.ONLINE and facts.link_sentence:
        stands += f". {facts.link_sentence}"
    return f"{facts.id}  {name}  ({sanitise_line(stands)})"


async def members(place: Place, arguments: argparse.Namespace) -> None:
    """List who is in; or compare words with one of them."""
    if arguments.words is not None:
        return await _words(place, arguments.circle, arguments.words)
    named = arguments.verified if arguments.verified is not None else arguments.forget
    if named is not None:
        return await _verify(place, arguments.circle, named, arguments.forget is None)
    async with visiting(place, "members") as visit:
        circle = await visit.circle_id(arguments.circle)
        if visit.ours and not (await visit.facts(circle)).left:
            try:
                await visit.settled(circle)
            except CommandError as error:
                note(f"{error} What follows is what is known here.")
        for facts in (await visit.ask(ListMembers(circle=circle), Members)).members:
            if arguments.json:
                say_json(_member_json(facts))
            else:
                say(member_text(facts))


async def _words(place: Place, circle: str, named: str) -> None:
    from crypto.comparing import comparison_words

    async with visiting(place, "members") as visit:
        answer = await visit.ask(ListMembers(circle=circle), Members)
    (mine,) = (facts for facts in answer.members if facts.me)
    found = [one for one in answer.members if named in (one.id, one.name) and not one.me]
    if len(found) != 1:
        raise CommandError(f"There is nobody here who is called {named}.")
    keys = (bytes.fromhex(key) for key in (answer.circle, mine.id, found[0].id))
    say(" ".join(await asyncio.to_thread(comparison_words, *keys)))
    note("Read them aloud in turn, on the telephone or face to face: they should see the same six.")


async def _verify(place: Place, circle: str, named: str, on: bool) -> None:
    async with visiting(place, "members") as visit:
        await visit.ask(Verify(circle=circle, member=named, on=on), Finished)


def _member_json(facts: MemberFacts) -> dict[str, object]:
    return {
        "id": facts.id,
        "name": facts.name,
        "host": facts.host,
        "me": facts.me,
        "join_number": facts.join_number,
        "invited_by": facts.invited_by,
        "admitted_by": facts.admitted_by,
        "verified": facts.verified,
        "new_device": facts.new_device,
        "here": facts.here,
        "devices": facts.devices,
    }


def member_text(facts: MemberFacts) -> str:
    """A member in a line."""
    marks = ["you"] if facts.me else []
    marks += ["host"] if facts.host else []
    marks += [facts.here] if facts.here and not facts.me else []
    if facts.invited_by:
        marks.append(f"on {sanitise_line(facts.invited_by)}'s code")
    if facts.admitted_by and facts.admitted_by != facts.invited_by:
        marks.append(f"let in by {sanitise_line(facts.admitted_by)}")
    marks += ["verified"] if facts.verified else []
    marks += ["new device, not verified"] if facts.new_device else []
    if len(facts.devices) > 1:
        labels = ", ".join(sanitise_line(label) for label in facts.devices if label)
        marks.append(f"{len(facts.devices)} devices{f': {labels}' if labels else ''}")
    return sanitise_line(facts.name) + (f"  ({', '.join(marks)})" if marks else "")


async def remove(place: Place, arguments: argparse.Namespace) -> None:
    """Remove a member."""
    async with visiting(place, "remove") as visit:
        circle = await visit.circle_id(arguments.circle)
        await visit.change(circle, Remove(circle=circle, member=arguments.who), Finished)


async def leave(place: Place, arguments: argparse.Namespace) -> None:
    """Leave a circle; done when the relay has it."""
    async with visiting(place, "leave") as visit:
        circle = await visit.circle_id(arguments.circle)
        await visit.online(circle)
        await visit.ask(Leave(circle=circle), Finished)
        await visit.until(circle, lambda facts: facts.left)


async def rename(place: Place, arguments: argparse.Namespace) -> None:
    """Be called otherwise."""
    async with visiting(place, "rename") as visit:
        circle = await visit.circle_id(arguments.circle)
        await visit.change(circle, Rename(circle=circle, person=arguments.person), Finished)


async def rejoin(place: Place, arguments: argparse.Namespace) -> None:
    """Come in again, or say whose of two conversations stands; done when this device is in."""
    async with visiting(place, "rejoin") as visit:
        circle = await visit.circle_id(arguments.circle)
        if arguments.mine:
            await visit.ask(SettleFork(circle=circle, mine=True), Finished)
        elif arguments.whose:
            await visit.ask(SettleFork(circle=circle, member=arguments.whose), Finished)
        else:
            await visit.ask(Rejoin(circle=circle), Finished)
        try:
            await visit.until(circle, lambda facts: facts.link is LinkState.ONLINE, stopped=True)
        except CommandError as error:
            sentence = f"It is asked for. {error} It goes on whenever Hallway runs."
            raise CommandError(sentence, Exit.UNREACHABLE) from error
