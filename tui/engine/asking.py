"""Whatever a person asks of the engine is answered here, or refused in a sentence."""

from __future__ import annotations

from tui.engine import commands
from tui.engine.answers import circles, devices, files, finding, opening, owning, people, saying
from tui.engine.answers.asker import Answers, Asker
from tui.engine.errors import WishError

TABLE: Answers = (
    finding.TABLE
    | files.TABLE
    | (opening.TABLE | saying.TABLE | people.TABLE | circles.TABLE | owning.TABLE | devices.TABLE)
)


def answer(asker: Asker, command: commands.Command) -> None:
    """Carry out one command; a wish that can't be is answered with `Refused`."""
    try:
        TABLE[type(command)](asker, command)
    except WishError as error:
        asker.context.refuse(command.ref, error)
