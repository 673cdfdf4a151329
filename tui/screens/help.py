"""All keys and commands, made from the table of actions."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui.actions import ACTIONS, Action, Where
from tui.keys import Keys
from tui.screens.dialog import Dialog, keys, title
from tui.screens.room import hall
from tui.widgets.columns import Columns, Pair

PARTS = {
    Where.COMPOSER: "While you write",
    Where.MESSAGES: "In the messages",
    Where.ANYWHERE: "Everywhere",
}
KEY_WIDTH, COMMAND_WIDTH = 11, 14
LABEL = KEY_WIDTH + COMMAND_WIDTH + 2
NOTE = "Every action has a command, which you type like a message: terminals eat some keys."


class Help(Dialog[None]):
    """One line an action: key, command, what it does."""

    KIND = "help"
    BINDINGS = [("f1", "close", "close")]  # noqa: RUF012  # as Textual declares it

    def body(self) -> ComposeResult:
        """Three parts, by where a key means this."""
        bound = hall(self).appearance.keys
        yield title(("Keys and commands", "bold"))
        for where, name in PARTS.items():
            yield Static(Content(name), classes="label")
            listed = [action for action in ACTIONS if action.where is where]
            yield Columns([help_line(action, bound) for action in listed], label=LABEL)
        yield Static(Content(NOTE), classes="dim help-note")
        yield Static(keys(("esc", "close")), id="card-foot")

    def on_mount(self) -> None:
        """The keys that scroll go to the card."""
        card = self.query_one("#card")
        card.can_focus = True
        card.focus()


def help_line(action: Action, bound: Keys) -> Pair:
    """An action as the help and the documentation list it: its key and command, what it does."""
    command = f"{action.command} {action.takes}".rstrip()
    names = Content.assemble(
        (f"{bound.shown(action.name):<{KEY_WIDTH}}", "bold $accent"), (command, "$secondary")
    )
    return names, Content(action.help)
