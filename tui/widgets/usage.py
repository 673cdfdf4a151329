"""Above the composer, while a /command is typed: what fits, what it takes, what it does."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui.actions import BY_COMMAND, Action, complete_command

MOST = 6
"""Commands that are listed at once."""

COMMAND = 26


class Usage(Static):
    """Shown while there is something to say."""

    def explain(self, text: str) -> None:
        """`text` is what is written."""
        listed = fitting(text)
        self.display = bool(listed)
        if listed:
            self.update(Content("\n").join(_line(action) for action in listed))


def fitting(text: str) -> list[Action]:
    """The commands that a written line may become, or is."""
    word, space, _ = text.partition(" ")
    if not word.startswith("/") or "\n" in text or text.startswith("//"):
        return []
    if space:
        action = BY_COMMAND.get(word.lower())
        return [] if action is None else [action]
    return [BY_COMMAND[command] for command in complete_command(word)[:MOST]]


def _line(action: Action) -> Content:
    command = f"{action.command} {action.takes}".rstrip()
    return Content.assemble((f"{command:<{COMMAND}}", "$secondary"), (action.help, "$muted"))
