"""`hallway doctor`: a real round trip on this machine, in a folder of its own that goes at the end.

A relay is started as a process, on a free port; three throwaway members meet there, over real
sockets and with real databases, in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tui.cli.owning import Visit, milliseconds
from tui.cli.printing import CommandError, say, say_json
from tui.cli.running import Place
from tui.engine.client import Client
from tui.engine.commands import (
    CreateInvite,
    Enter,
    OpenCircle,
    OpenSpoken,
    ReadCode,
    ReadMessages,
    Remove,
    SendText,
)
from tui.engine.control import ControlError
from tui.engine.events import (
    CardRead,
    CircleOpened,
    Entered,
    Exit,
    Finished,
    InviteMade,
    LinkState,
    Messages,
    Queued,
    RowKind,
    SpokenOpened,
)
from tui.engine.runner import Runner, RunnerError
from tui.locations import LocationError, Locations
from tui.profile import Profile, ProfileError

STEP_SECONDS = 30
_SETTING = "HALLWAY_RELAY_"
_FAILURES = (CommandError, ControlError, LocationError, OSError, ProfileError, RunnerError)


async def doctor(place: Place, arguments: argparse.Namespace) -> int:
    """Go through all steps; stop at the first that fails."""
    started = time.monotonic()
    with _folder() as folder:
        async with AsyncExitStack() as stack:
            code = await go_through(RoundTrip(folder, stack), arguments.json)
    if code == Exit.DONE and not arguments.json:
        say(f"Hallway works on this machine. ({time.monotonic() - started:.1f} s)")
    return code


async def go_through(round_trip: RoundTrip, json: bool) -> int:
    """Take the steps one after the other, telling each; the exit code."""
    for name, step in round_trip.steps():
        problem, took = await take(step)
        _report(name, problem, took, json)
        if problem:
            return Exit.REFUSED
    return Exit.DONE


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder for it all, that goes at the end."""
    try:
        made = tempfile.TemporaryDirectory(prefix="hallway-doctor-")
    except OSError as error:
        sentence = f"No folder can be had for what is tried ({error.strerror}). Set TMPDIR."
        raise CommandError(sentence) from error
    with made as folder:
        yield Path(folder)


async def take(step: Callable[[], Awaitable[None]]) -> tuple[str, float]:
    """What is wrong with a step, if anything, and the seconds that it took."""
    started, problem = time.monotonic(), ""
    try:
        async with asyncio.timeout(STEP_SECONDS):
            await step()
    except TimeoutError:
        problem = f"It was not done within {STEP_SECONDS} seconds."
    except _FAILURES as error:
        problem = str(error)
    return problem, time.monotonic() - started


def _report(name: str, problem: str, took: float, json: bool) -> None:
    if json:
        facts = {"step": name, "ok": not problem, "seconds": round(took, 3), "problem": problem}
        return say_json(facts)
    say(f"{'failed' if problem else 'ok':<7}{took:6.2f} s  {name}")
    if problem:
        say(problem)


@dataclass
class RoundTrip:
    """Three members and a relay, in `folder`."""

    folder: Path
    stack: AsyncExitStack
    relay: Relay = field(init=False)
    visits: dict[str, Visit] = field(default_factory=dict)
    circle: str = ""

    def __post_init__(self) -> None:
        self.relay = Relay(self.folder / "relay")
        self.stack.push_async_callback(self.relay.kill)

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """All steps, in order."""
        return [
            ("a relay starts, and listens on a free port", self.relay.start),
            ("three members make their keys and databases", self._arrive),
            ("Ana opens a circle", self._open),
            ("Bo comes in on a spoken code", self._spoken),
            ("Cy comes in on a sealed code", self._sealed),
            ("each writes, all read the same", self._talk),
            ("the relay is killed and started again", self._restart),
            ("what was written meanwhile arrives", self._reconnect),
            ("Ana removes Cy, who reads no more", self._remove),
        ]

    async def _arrive(self) -> None:
        for name in ("Ana", "Bo", "Cy"):
            visit = await self.stack.enter_async_context(_member(self.folder / name))
            self.visits[name] = visit

    async def _open(self) -> None:
        wish = OpenCircle(name="Doctor", person="Ana", relay=self.relay.address, cap=3)
        self.circle = (await self.visits["Ana"].ask(wish, CircleOpened)).circle
        await self.visits["Ana"].online(self.circle)

    async def _spoken(self) -> None:
        opened = await self.visits["Ana"].ask(OpenSpoken(circle=self.circle), SpokenOpened)
        await self._come_in("Bo", opened.code)

    async def _sealed(self) -> None:
        made = await self.visits["Bo"].ask(CreateInvite(circle=self.circle), InviteMade)
        await self._come_in("Cy", made.invite.code)

    async def _come_in(self, name: str, code: str) -> None:
        visit = self.visits[name]
        card = await visit.ask(ReadCode(code=code, relay=self.relay.address), CardRead)
        await visit.ask(Enter(entry=card.entry, person=name), Entered)

    async def _talk(self) -> None:
        for name in self.visits:
            await self._write(name, f"{name} speaks")
        said = [f"{name} speaks" for name in self.visits]
        read = [await self._read(name, len(said)) for name in self.visits]
        if any(sorted(each) != sorted(said) or each != read[0] for each in read):
            raise CommandError("The three did not read the same messages in the same order.")

    async def _write(self, name: str, text: str) -> None:
        await self.visits[name].ask(SendText(circle=self.circle, text=text), Queued)

    async def _read(self, name: str, many: int) -> list[str]:
        """The messages of somebody, as soon as so many are there and none waits."""
        visit = self.visits[name]
        while True:
            wish = ReadMessages(circle=self.circle, limit=200)
            rows = (await visit.ask(wish, Messages)).rows
            texts = [row.text for row in rows if row.kind is RowKind.TEXT]
            if len(texts) >= many and not (await visit.facts(self.circle)).unsent:
                return texts
            await visit.news()

    async def _restart(self) -> None:
        await self.relay.kill()
        await self._write("Bo", "Bo speaks to nobody")
        await self.relay.start()

    async def _reconnect(self) -> None:
        read = [await self._read(name, 4) for name in self.visits]
        if any(each[-1] != "Bo speaks to nobody" for each in read):
            raise CommandError("A message that was written without a relay went astray.")

    async def _remove(self) -> None:
        await self.visits["Ana"].ask(Remove(circle=self.circle, member="Cy"), Finished)
        cy = self.visits["Cy"]
        while (await cy.facts(self.circle)).link is not LinkState.STOPPED:
            await cy.news()
        await self._write("Ana", "Cy is gone")
        if "Cy is gone" not in await self._read("Bo", 5):
            raise CommandError("Bo did not read what Ana wrote after the removal.")
        if "Cy is gone" in await self._read("Cy", 4):
            raise CommandError("Cy read what was written after the removal.")


@contextlib.asynccontextmanager
async def _member(home: Path) -> AsyncIterator[Visit]:
    """A throwaway member, online while this lasts."""
    locations = Locations(home, home, home)
    profile = Profile.open(locations, "hallway doctor", os.urandom)
    try:
        client = Client(profile.database, rng=os.urandom, now=milliseconds)
        async with Runner(client, milliseconds) as runner:
            visit = Visit(runner, ours=True)
            await asyncio.sleep(0)  # news are heard from here on
            try:
                yield visit
            finally:
                await visit.close()
    finally:
        profile.close()


class Relay:
    """A relay as a process of its own; started again it has the same port and data."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._process: asyncio.subprocess.Process | None = None
        self.address = "127.0.0.1:0"

    async def start(self) -> None:
        """Start it, and wait until it says that it listens."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", "relay"),
            *("--listen", self.address, "--data", str(self._data)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={key: value for key, value in os.environ.items() if not key.startswith(_SETTING)},
        )
        output, errors = self._process.stdout, self._process.stderr
        if output is None or errors is None:
            raise CommandError("The relay's output can't be read.")
        while line := await output.readline():
            if line.startswith(b"listening on ws://"):
                self.address = line.decode().removeprefix("listening on ws://").strip()
                return
        said = (await errors.read()).decode("utf-8", "replace").strip().splitlines()
        raise CommandError(f"The relay does not start. {said[-1] if said else ''}".strip())

    async def kill(self) -> None:
        """End it as a power cut would."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()
