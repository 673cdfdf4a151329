"""Line mode: circles, people, codes, and the door."""

from __future__ import annotations

from tui.cli.joining import shown_card
from tui.cli.membership import member_text
from tui.cli.printing import local_time
from tui.engine.commands import (
    AnswerRequest,
    ChangeSettings,
    Command,
    CreateInvite,
    Enter,
    Forget,
    Leave,
    ListDevices,
    ListMembers,
    Lock,
    Notify,
    OpenCircle,
    OpenSpoken,
    ReadCode,
    Rejoin,
    Remove,
    Rename,
    Rest,
    SettleFork,
    Verify,
)
from tui.engine.events import (
    CardRead,
    CircleOpened,
    Devices,
    Entered,
    Finished,
    InviteMade,
    MemberFacts,
    Members,
    SpokenOpened,
)
from tui.plain.talk import RefusedError, Talk
from tui.safe_text import sanitise_line


async def begin(talk: Talk) -> None:
    """Turn to the circle with news, or the last; without one, ask how to begin."""
    circles = [facts for facts in await talk.circles() if not facts.left]
    if circles:
        news = [facts for facts in circles if facts.news]
        return await talk.go((news or circles)[-1].id)
    talk.say("A quiet place for the people you know. There is no sign-up.")
    talk.say("/open opens a circle, /join CODE comes in with a code, /help lists the rest.")


async def open_circle(talk: Talk, argument: str) -> None:
    """Open a circle."""
    name = argument or await talk.question("What is the circle called?")
    person = talk.preferences.config.name or await talk.question("What should they call you there?")
    relay = await talk.relay()
    opened = await talk.ask(OpenCircle(name=name, person=person, relay=relay), CircleOpened)
    await talk.go(opened.circle)
    talk.say("Only you so far. /invite makes a code.")


async def join(talk: Talk, argument: str) -> None:
    """Come in with a code, after its card was shown."""
    code = argument or await talk.question("The code?")
    card = await talk.ask(ReadCode(code=code, relay=await talk.relay()), CardRead)
    for line in shown_card(card).split("\n"):
        talk.say(line)
    if not await talk.agrees("Come in?"):
        return talk.say("You did not come in.")
    person = talk.preferences.config.name or await talk.question("What should they call you there?")
    talk.say("Asking at the door. Somebody inside has to answer.")
    entered = await talk.ask(Enter(entry=card.entry, person=person), Entered)
    await talk.go(entered.circle)


async def switch(talk: Talk, argument: str) -> None:
    """Go to another circle, by the beginning of its name; without one, list them."""
    circles = await talk.circles()
    if not argument:
        for facts in circles:
            here = "here" if facts.id == talk.circle else "news" if facts.news else ""
            talk.say(f"{sanitise_line(facts.name)}  {here}".rstrip())
        return
    wanted = argument.casefold()
    found = [facts for facts in circles if facts.name.casefold().startswith(wanted)]
    if not found:
        raise RefusedError(f"There is no circle {argument}.")
    await talk.go(found[0].id)


async def next_news(talk: Talk, argument: str) -> None:
    """Go to the next circle with news."""
    for facts in await talk.circles():
        if facts.news and facts.id != talk.circle:
            return await talk.go(facts.id)
    talk.say("No other circle has news.")


async def invite(talk: Talk, argument: str) -> None:
    """A code: one to send, or, with `spoken`, one to say aloud."""
    facts = await talk.facts()
    if argument.lower() == "spoken":
        opened = await talk.ask(OpenSpoken(circle=facts.id), SpokenOpened)
        talk.say("Say it to one person. It is good for ten minutes, while this runs.")
        return talk.say(opened.code)
    made = (await talk.ask(CreateInvite(circle=facts.id), InviteMade)).invite
    talk.say(f"For one person, until {local_time(made.expires_at)}. Whoever has it can come in.")
    talk.say(made.code)
    talk.say("/invite spoken makes three words to say aloud.")


async def door(talk: Talk, argument: str) -> None:
    """Answer whoever is at the door."""
    waiting = [request for request in talk.requests.values() if request.circle == talk.circle]
    if not waiting:
        return talk.say("Nobody is at the door.")
    request = waiting[0]
    if request.line:
        talk.say(sanitise_line(request.line))
    name, by = sanitise_line(request.name), sanitise_line(request.invited_by)
    admit = await talk.agrees(f"Let {name} in, on the code of {by}?")
    del talk.requests[request.n]
    wish = AnswerRequest(circle=talk.circle, n=request.n, admit=admit)
    await talk.ask(wish, Finished)


async def people(talk: Talk, argument: str) -> None:
    """Who is in, and who let them in."""
    for member in await _members(talk):
        talk.say(member_text(member))


async def devices(talk: Talk, argument: str) -> None:
    """This person's devices."""
    for device in (await talk.ask(ListDevices(), Devices)).devices:
        talk.say(sanitise_line(device.label))
    talk.say("`hallway device link` links another one, `hallway device remove` takes one out.")


async def verify(talk: Talk, argument: str) -> None:
    """Compare six words with a member."""
    from crypto.comparing import comparison_words

    members = await _members(talk)
    (mine,) = (member for member in members if member.me)
    member = _named(members, argument)
    keys = (bytes.fromhex(key) for key in (talk.circle, mine.id, member.id))
    talk.say("Call them, or meet, and read these aloud in turn. They should see the same six:")
    talk.say(" ".join(comparison_words(*keys)))
    same = await talk.agrees("Are they the same?")
    await talk.ask(Verify(circle=talk.circle, member=member.id, on=same), Finished)


async def remove(talk: Talk, argument: str) -> None:
    """Remove a member."""
    member = _named(await _members(talk), argument)
    name = sanitise_line(member.name)
    talk.say("They read nothing that is said from now on. All open codes are withdrawn.")
    if await talk.agrees(f"Remove {name}?"):
        await talk.ask(Remove(circle=talk.circle, member=member.id), Finished)


async def leave(talk: Talk, argument: str) -> None:
    """Leave this circle for good."""
    facts = await talk.facts()
    talk.say("You come back only with a new code. What was said stays readable here.")
    if await talk.agrees(f"Leave {sanitise_line(facts.name)}?"):
        await talk.ask(Leave(circle=facts.id), Finished)


async def forget(talk: Talk, argument: str) -> None:
    """Erase a circle that was left."""
    facts = await talk.facts()
    if await talk.agrees(f"Erase {sanitise_line(facts.name)} from this computer?"):
        await talk.ask(Forget(circle=facts.id), Finished)
        talk.circle = ""
        await begin(talk)


async def rejoin(talk: Talk, argument: str) -> None:
    """Come in again with fresh keys."""
    await talk.facts()
    if await talk.agrees("Come in again, with fresh keys? The others are told."):
        await talk.ask(Rejoin(circle=talk.circle), Finished)


async def settle(talk: Talk, argument: str) -> None:
    """Choose between two conversations: `mine`, or a member's name."""
    if not argument:
        raise RefusedError("Say whose conversation stands: /settle mine, or /settle NAME")
    if argument.lower() == "mine":
        await talk.ask(SettleFork(circle=talk.circle, mine=True), Finished)
    else:
        await talk.ask(SettleFork(circle=talk.circle, member=argument), Finished)


async def rename(talk: Talk, argument: str) -> None:
    """Be called otherwise."""
    person = argument or await talk.question("What should they call you here?")
    await talk.ask(Rename(circle=talk.circle, person=person), Finished)


async def name(talk: Talk, argument: str) -> None:
    """Call the circle otherwise."""
    await _change(talk, ChangeSettings(circle=talk.circle, name=argument))


async def topic(talk: Talk, argument: str) -> None:
    """What the circle is about; nothing takes it away."""
    await _change(talk, ChangeSettings(circle=talk.circle, topic=argument))


async def ask_at_door(talk: Talk, argument: str) -> None:
    """A member says yes at the door from now on, or no more."""
    facts = await talk.facts()
    await _change(talk, ChangeSettings(circle=facts.id, door_asks=not facts.asks_at_door))


async def tell(talk: Talk, argument: str) -> None:
    """Be told of news of this circle: off, mentions, all."""
    await _change(talk, Notify(circle=talk.circle, level=argument.lower()))


async def mute(talk: Talk, argument: str) -> None:
    """Be told nothing of this circle, or again."""
    facts = await talk.facts()
    level = "" if facts.notify == "off" else "off"
    await _change(talk, Notify(circle=facts.id, level=level))
    talk.say("You are told nothing of its news." if level else "You are told of its news again.")


async def rest(talk: Talk, argument: str) -> None:
    """Let a silent circle be."""
    await _change(talk, Rest(circle=talk.circle))


async def lock(talk: Talk, argument: str) -> None:
    """Close the profile."""
    await talk.ask(Lock(), Finished)
    talk.over = True


async def quit_(talk: Talk, argument: str) -> None:
    """End."""
    talk.over = True


async def _change(talk: Talk, command: Command) -> None:
    await talk.facts()
    await talk.ask(command, Finished)


async def _members(talk: Talk) -> list[MemberFacts]:
    await talk.facts()
    return (await talk.ask(ListMembers(circle=talk.circle), Members)).members


def _named(members: list[MemberFacts], named: str) -> MemberFacts:
    wanted = named.strip().removeprefix("@").casefold()
    found = [one for one in members if one.name.casefold() == wanted and not one.me]
    if len(found) != 1:
        raise RefusedError(f"There is nobody else here who is called {named}.")
    return found[0]
