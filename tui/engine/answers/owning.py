"""The profile as a whole."""

from __future__ import annotations

from tui.engine import commands
from tui.engine.answers.asker import Answers, Asker
from tui.engine.events import LockAsked


def lock(asker: Asker, command: commands.Lock) -> None:
    """Pass it on to who owns the profile: the engine has the database, not the key."""
    asker.finish(command.ref)
    asker.context.tell(LockAsked())


TABLE: Answers = {commands.Lock: lock}
