"""Asking whoever owns the profile: another process, or this one for as long as a verb takes.

Where a Hallway that stays owns the profile, commands go to its control socket. A verb that is
quickly over does not listen there: another verb waits for its turn.
"""

from __future__ import annotations

import asyncio
import os
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TypeVar

from crypto.relay_address import Address
from tui.cli.asking import unlocked
from tui.cli.printing import CommandError
from tui.cli.running import Place
from tui.engine.client import Client
from tui.engine.commands import Command, ListCircles, ListMembers, TryNow
from tui.engine.events import (
    CircleChanged,
    CircleFacts,
    Circles,
    Event,
    Exit,
    Finished,
    LinkState,
    LockAsked,
    Members,
    Refused,
)
from tui.engine.runner import Owner, OwnerGoneError, RemoteOwner, Runner
from tui.profile import InUseError, LockedError, Profile

ANSWER_SECONDS = 30
"""How long a verb waits for a relay that neither answers nor fails."""

TURN_SECONDS = 40
"""How long a verb waits for its turn, behind one that is quickly over."""

_LOOK_AGAIN_SECONDS = 0.05
_LOCKED = "This profile was locked. Whatever opens it next asks for its passphrase."
_NOTHING = "There is no circle here yet. Open one with `hallway open`, or come in with a code."

Answer = TypeVar("Answer", bound=Event)


def milliseconds() -> int:
    """Now, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Visit:
    """One verb's conversation with the owner of the profile.

    :param ours: whether it is this process, so that its connections have just begun.
    """

    def __init__(self, owner: Owner, ours: bool) -> None:
        self.owner = owner
        self.ours = ours
        self._news = owner.news()
        self._next = asyncio.ensure_future(anext(self._news, None))

    async def close(self) -> None:
        """Hear no more news."""
        self._next.cancel()
        await asyncio.gather(self._next, return_exceptions=True)

    async def ask(self, command: Command, answer: type[Answer]) -> Answer:
        """Have a command carried out; CommandError where it is refused."""
        event = await self.owner.ask(command)
        if isinstance(event, Refused):
            raise CommandError(event.sentence, event.exit)
        if not isinstance(event, answer):
            raise CommandError("The Hallway that owns this profile answered something else.")
        return event

    async def change(self, circle: str, command: Command, answer: type[Answer]) -> Answer:
        """As `ask`, for what the relay has to order; CommandError if it is lost meanwhile."""
        await self.online(circle)
        asked = asyncio.ensure_future(self.ask(command, answer))
        try:
            while True:
                await asyncio.wait({asked, self._next}, return_when=asyncio.FIRST_COMPLETED)
                if asked.done():
                    return asked.result()
                if await self.news() == CircleChanged(circle=circle):
                    check_reachable(await self.facts(circle))
        except CommandError as error:
            if asked.done():
                return asked.result()
            sentence = f"{error} What was asked for is kept, and done when Hallway runs and can."
            raise CommandError(sentence, error.exit) from error
        finally:
            asked.cancel()

    async def news(self) -> Event:
        """What happens next, from the beginning of this visit on; OwnerGoneError at the end."""
        event = await asyncio.shield(self._next)  # who waits no longer takes no event along
        if event is None:
            raise OwnerGoneError("The Hallway that owned this profile has ended.")
        self._next = asyncio.ensure_future(anext(self._news, None))
        return event

    async def circle_id(self, named: str) -> str:
        """The id of the circle that is meant."""
        return (await self.ask(ListMembers(circle=named), Members)).circle

    async def facts(self, circle: str) -> CircleFacts:
        """A circle as it is now, by its id."""
        found = (await self.ask(ListCircles(), Circles)).circles
        for facts in found:
            if facts.id == circle:
                return facts
        raise CommandError("The circle is not there any more.")

    async def until(
        self, circle: str, reached: Callable[[CircleFacts], bool], *, stopped: bool = False
    ) -> CircleFacts:
        """Wait until a circle is so; CommandError where its relay can't be reached, or where it is
        stopped, unless that is what one waits for the end of."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                while not reached(facts := await self.facts(circle)):
                    if not stopped or facts.link is not LinkState.STOPPED:
                        check_reachable(facts)
                    while await self.news() != CircleChanged(circle=circle):
                        pass
                return facts
        except TimeoutError:
            raise slow() from None

    async def online(self, circle: str) -> CircleFacts:
        """Wait until a circle is connected and caught up; where it is offline, try that now."""
        await self.ask(TryNow(circle=circle), Finished)
        return await self.until(circle, lambda facts: facts.link is LinkState.ONLINE)

    async def settled(self, circle: str) -> CircleFacts:
        """Wait until a circle is online, and nothing of this device's is under way any more."""
        await self.ask(TryNow(circle=circle), Finished)
        return await self.until(
            circle, lambda facts: facts.link is LinkState.ONLINE and not facts.unsent
        )


def check_reachable(facts: CircleFacts) -> None:
    """CommandError where a circle's connection has failed, or will not come about, or where the
    relay takes nothing."""
    if facts.link is LinkState.STOPPED:
        raise CommandError(facts.link_sentence)
    if facts.link is not LinkState.CONNECTING and facts.link_sentence:
        raise CommandError(facts.link_sentence, Exit.UNREACHABLE)


def slow() -> CommandError:
    """The relay neither answers nor fails."""
    sentence = f"The relay has not answered within {ANSWER_SECONDS} seconds."
    return CommandError(sentence, Exit.UNREACHABLE)


@asynccontextmanager
async def visiting(
    place: Place, verb: str, *, make: bool = False, stays: bool = False
) -> AsyncIterator[Visit]:
    """Visit the owner of the profile.

    :param make: whether to make the profile where there is none.
    :param stays: whether this verb stays, and is to be asked by others meanwhile.
    """
    if not make and not place.locations.there():
        raise CommandError(_NOTHING)
    async with AsyncExitStack() as stack:
        owner = await _owner(place, verb, stays, stack)
        visit = Visit(owner, isinstance(owner, Runner))
        stack.push_async_callback(visit.close)
        await asyncio.sleep(0)  # news are heard from here on
        async with _until_locked(owner):
            yield visit


@asynccontextmanager
async def _until_locked(owner: Owner) -> AsyncIterator[None]:
    """Cut short, with a CommandError, what is under way when somebody locks the profile."""
    ending = asyncio.timeout(None)
    try:
        async with ending:
            watching = asyncio.ensure_future(_end_when_locked(owner, ending))
            try:
                yield
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
    except TimeoutError:
        if not ending.expired():
            raise
        raise CommandError(_LOCKED) from None


async def _end_when_locked(owner: Owner, ending: asyncio.Timeout) -> None:
    async for event in owner.news():
        if isinstance(event, LockAsked):
            return ending.reschedule(0)


async def _owner(place: Place, verb: str, stays: bool, stack: AsyncExitStack) -> Owner:
    end = time.monotonic() + TURN_SECONDS
    key = None
    while True:
        try:
            profile = Profile.open(place.locations, f"hallway {verb}", os.urandom, key)
        except LockedError:
            # Nothing is owned while a person is asked: others' commands don't wait for that.
            key = await unlocked(place)
            end = time.monotonic() + TURN_SECONDS
            continue
        except InUseError as in_use:
            try:
                remote = await RemoteOwner.connect(place.locations.socket)
            except OwnerGoneError:
                # It is quickly over, has just begun or has just ended. No event tells which.
                if time.monotonic() > end:
                    raise in_use from None
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
                continue
            stack.push_async_callback(remote.close)
            return remote
        stack.callback(profile.close)
        return await _run(place, profile, verb, stays, stack)


async def _run(
    place: Place, profile: Profile, verb: str, stays: bool, stack: AsyncExitStack
) -> Runner:
    relay = place.config.default_relay
    client = Client(
        profile.database,
        rng=os.urandom,
        now=milliseconds,
        default_relay=relay,
        beats=place.config.beats,
    )

    async def revive(address: Address) -> bool:
        return await asyncio.to_thread(place.local.revive, address)

    def broke(error: BaseException) -> None:
        note_failure(place, error)

    runner = Runner(client, milliseconds, revive=revive, broke=broke)
    await stack.enter_async_context(runner)
    if stays:
        await runner.listen(place.locations.socket, f"hallway {verb}")
    return runner


def note_failure(place: Place, error: BaseException) -> None:
    """Write down where the engine failed: places in the code, and nothing that was said."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    # Where the log can't be written, there is still the sentence that the person reads.
    with suppress(OSError), place.locations.log.open("a", encoding="utf-8") as log:
        log.write(f"{type(error).__name__}\n{frames}\n")
