"""`hallway backup` and `hallway restore`."""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

from crypto.secret import Secret
from crypto.vault import Vault, lock_with_passphrase, new_database_key
from tui.backup import (
    BackupError,
    WrongWordsError,
    beside,
    open_key,
    read_vault,
    restore,
    seal,
)
from tui.cli.asking import TRIES, hidden, lines_of_input, terminal, unlocked
from tui.cli.owning import visiting
from tui.cli.printing import CommandError, note
from tui.cli.running import Place
from tui.engine.commands import Backup
from tui.engine.events import Finished
from tui.profile import LockedError, Profile

NOBODY = "Nobody can be asked for a passphrase here: give it on standard input, with -."
EMPTY = "A backup's passphrase has at least one character."
WRITTEN = (
    "{to} holds what was said in this profile, and who you are there. Only its passphrase opens it:"
    " nobody can bring it back if you forget that."
)
RESTORED = (
    "Restored. What was said is here again. In each circle, come in again with fresh keys: hallway"
    " rejoin CIRCLE. A member who is online lets you in."
)


async def backup(place: Place, arguments: argparse.Namespace) -> None:
    """Write the profile's backup into a new file."""
    to: Path = arguments.file
    words = await _new_words(arguments.source)
    key = new_database_key(os.urandom)
    vault = await asyncio.to_thread(lock_with_passphrase, key, words, os.urandom)
    try:
        with beside(to) as part:
            async with visiting(place, "backup") as visit:
                await visit.ask(Backup(path=str(part), key=key.reveal()), Finished)
            await asyncio.to_thread(seal, to, vault, part)
    except BackupError as error:
        raise CommandError(str(error)) from error
    note(WRITTEN.format(to=to))


async def _new_words(source: str | None) -> str:
    if source == "-":
        words = lines_of_input(1)[0]
    else:
        with terminal(NOBODY) as at:
            words = await hidden(at, "Passphrase of this backup: ")
            if words and words != await hidden(at, "Once more: "):
                raise CommandError("These were not the same. Nothing was written.")
    if not words:
        raise CommandError(EMPTY)
    return words


async def restore_backup(place: Place, arguments: argparse.Namespace) -> None:
    """Bring a backup into a profile that has no circle."""
    source: Path = arguments.file
    try:
        key = await _opened(read_vault(source), arguments.source)
        profile = await _profile(place)
        try:
            restore(source, key, profile.database, place.locations.home)
        finally:
            profile.close()
    except BackupError as error:
        raise CommandError(str(error)) from error
    note(RESTORED)


async def _opened(vault: Vault, source: str | None) -> Secret:
    if source == "-":
        return await asyncio.to_thread(open_key, vault, lines_of_input(1)[0])
    with terminal(NOBODY) as at:
        for left in reversed(range(TRIES)):
            words = await hidden(at, "Passphrase of this backup: ")
            try:
                return await asyncio.to_thread(open_key, vault, words)
            except WrongWordsError as error:
                if not left:
                    raise
                note(str(error))
    raise AssertionError("the last try returns or raises")


async def _profile(place: Place) -> Profile:
    try:
        return Profile.open(place.locations, "hallway restore", os.urandom)
    except LockedError:
        key = await unlocked(place)
        return Profile.open(place.locations, "hallway restore", os.urandom, key)
