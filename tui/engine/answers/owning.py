"""The profile as a whole."""

from __future__ import annotations

from pathlib import Path

from crypto.secret import Secret
from tui.engine import commands
from tui.engine.answers.asker import Answers, Asker
from tui.engine.errors import WishError
from tui.engine.events import LockAsked
from tui.engine.store import backup as copies
from tui.engine.store.database import DatabaseError


def lock(asker: Asker, command: commands.Lock) -> None:
    """Pass it on to who owns the profile: the engine has the database, not the key."""
    asker.finish(command.ref)
    asker.context.tell(LockAsked())


def backup(asker: Asker, command: commands.Backup) -> None:
    """Write a backup beside everything else; what fails there fails nothing here."""
    try:
        copies.write(asker.context.store.database, Path(command.path), Secret(command.key))
    except DatabaseError as error:
        raise WishError("backup", str(error)) from error
    asker.finish(command.ref)


TABLE: Answers = {commands.Lock: lock, commands.Backup: backup}
