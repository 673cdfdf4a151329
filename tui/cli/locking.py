"""`hallway passphrase` and `hallway lock`."""

from __future__ import annotations

import argparse
import asyncio
import os
import time

from tui.cli.asking import from_file, hidden, lines_of_input, terminal
from tui.cli.printing import CommandError, note
from tui.cli.running import Place
from tui.engine.commands import Lock
from tui.engine.events import Exit
from tui.engine.runner import OwnerGoneError, RemoteOwner
from tui.locking import has_passphrase, protect
from tui.profile import owner_of

LOCK_SECONDS = 40
"""How long `lock` waits for the profile to be closed."""

_LOOK_AGAIN_SECONDS = 0.05

NO_PROFILE = "There is no profile here yet, and nothing to lock."
NOT_LOCKABLE = (
    "This profile has no passphrase: locking it would keep nobody out. `hallway passphrase` sets "
    "one."
)
NOBODY = "Nobody can be asked for a passphrase here: give it on standard input, with -."
FORGOTTEN = "Nobody can bring back what it protects if you forget it."


async def passphrase(place: Place, arguments: argparse.Namespace) -> None:
    """Set a passphrase, change it, or take it away."""
    had = await asyncio.to_thread(has_passphrase, place.locations)
    if arguments.remove and not had:
        raise CommandError("This profile has no passphrase.")
    if arguments.source == "-":
        old, new = _from_input(place, had, arguments.remove)
    else:
        old, new = await _asked(place, had, arguments.remove)
    if not new and not arguments.remove:
        sentence = "A passphrase has at least one character. --remove takes it away."
        raise CommandError(sentence)
    await asyncio.to_thread(protect, place.locations, old, new, os.urandom)
    if arguments.remove:
        note("The passphrase is gone. The key lies beside the database now, for your user alone.")
    else:
        note(f"From now on this profile opens with its passphrase alone. {FORGOTTEN}")


def _from_input(place: Place, had: bool, remove: bool) -> tuple[str, str]:
    """The passphrase of now, if there is one and no file holds it, then the new one, if any."""
    held = from_file(place.passphrase_file) if had and place.passphrase_file else ""
    wanted = [had and not held, not remove]
    lines = lines_of_input(sum(wanted)) if any(wanted) else []
    old = held or (lines.pop(0) if wanted[0] else "")
    return old, lines[0] if lines else ""


async def _asked(place: Place, had: bool, remove: bool) -> tuple[str, str]:
    held = from_file(place.passphrase_file) if had and place.passphrase_file else ""
    with terminal(NOBODY) as at:
        old = held or (await hidden(at, "Passphrase until now: ") if had else "")
        if remove:
            return old, ""
        new = await hidden(at, "New passphrase: ")
        if new and new != await hidden(at, "Once more: "):
            raise CommandError("These were not the same. Nothing has changed.")
    return old, new


async def lock(place: Place, arguments: argparse.Namespace) -> None:
    """Have whoever owns the profile close it; done when nobody has it open."""
    if not place.locations.there():
        raise CommandError(NO_PROFILE)
    if not await asyncio.to_thread(has_passphrase, place.locations):
        raise CommandError(NOT_LOCKABLE)
    end = time.monotonic() + LOCK_SECONDS
    while (holder := owner_of(place.locations)) is not None:
        if time.monotonic() > end:
            sentence = f"{holder or 'Another Hallway'} has not closed the profile. End it."
            raise CommandError(sentence, Exit.UNREACHABLE)
        await ask_owner(place)
        # It is closing, is quickly over by itself, or has just begun. No event tells which.
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    note("Locked. Whatever opens this profile next asks for the passphrase.")


async def ask_owner(place: Place) -> None:
    """Have whoever owns the profile close it, if anybody hears."""
    try:
        owner = await RemoteOwner.connect(place.locations.socket)
    except OwnerGoneError:
        return
    try:
        async with asyncio.timeout(LOCK_SECONDS):
            await owner.ask(Lock())
            async for _ in owner.news():
                pass  # until it hangs up
    except (OwnerGoneError, TimeoutError):
        pass  # it is gone already, or does not hear
    finally:
        await owner.close()
