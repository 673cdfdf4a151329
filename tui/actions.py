"""Everything that a person can do on the screen: action → key → help → /command.

Bindings, the hint line, the help screen, the slash commands and the keys page of the documentation
are made from this one table. Every action has a command, because terminals eat keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding


class Where(StrEnum):
    """Where the focus has to be for a key to mean this."""

    ANYWHERE = "anywhere"
    COMPOSER = "composer"
    MESSAGES = "messages"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. `keys` are Textual's names, as they are usually (`tui.keys` knows those of a
    person's own); the first is the one that is shown."""

    name: str
    keys: tuple[str, ...]
    label: str  # for the hint line: a word or two
    help: str
    command: str
    where: Where = Where.ANYWHERE
    hint: bool = False  # stands in the hint line
    takes: str = ""  # what the command is given, as the help names it
    needs: bool = False  # without what it takes, there is nothing to do
    chosen: bool = False  # it acts on the message that is chosen: the screen carries it out


ACTIONS: tuple[Action, ...] = (
    Action("send", ("enter",), "send", "Send what you have written.", "/send",
           Where.COMPOSER, hint=True),
    Action("new_line", ("ctrl+j", "shift+enter"), "new line", "Begin a new line.", "/newline",
           Where.COMPOSER, hint=True),
    Action("messages", ("escape",), "messages", "Go to the messages.", "/messages",
           Where.COMPOSER, hint=True),
    Action("complete", ("tab",), "complete", "Complete a /command or an @name.", "/complete",
           Where.COMPOSER),
    Action("earlier", ("ctrl+up", "alt+p"), "earlier", "Take up again what you sent before.",
           "/earlier", Where.COMPOSER),
    Action("later", ("ctrl+down", "alt+n"), "later",
           "The other way, and back to what you were writing.", "/later", Where.COMPOSER),
    Action("editor", ("ctrl+e",), "editor", "Write in your own editor ($VISUAL or $EDITOR).",
           "/editor", Where.COMPOSER, takes="TEXT"),
    Action("me", (), "me", "Say something of yourself: /me waves.", "/me", takes="TEXT",
           needs=True),
    Action("write", ("i", "escape"), "write", "Go back to writing.", "/write",
           Where.MESSAGES, hint=True),
    Action("reply", ("r",), "reply", "Answer the message.", "/reply", Where.MESSAGES,
           hint=True, takes="TEXT", chosen=True),
    Action("react", ("plus", "+"), "react", "Mark the message with an emoji, or take that back.",
           "/react", Where.MESSAGES, hint=True, takes="EMOJI", chosen=True),
    Action("edit", ("e",), "edit", "Change what your message says.", "/edit", Where.MESSAGES,
           takes="TEXT", chosen=True),
    Action("delete", ("d",), "delete", "Take your message back, for all.", "/delete",
           Where.MESSAGES, chosen=True),
    Action("pin", ("P",), "pin", "Pin the message for all, or unpin it.", "/pin",
           Where.MESSAGES, chosen=True),
    Action("open_link", ("o",), "open link", "Open a link of the message in your browser.",
           "/link", Where.MESSAGES, chosen=True),
    Action("vote", ("V",), "vote", "Choose in the poll.", "/vote", Where.MESSAGES,
           takes="NUMBER", chosen=True),
    Action("menu", ("enter",), "all", "Show all that can be done with the message.", "/menu",
           Where.MESSAGES, hint=True, chosen=True),
    Action("command", ("colon", ":"), "command", "Type a command that acts on the message.",
           "/command", Where.MESSAGES, chosen=True),
    Action("copy", ("y",), "copy", "Copy the message.", "/copy", Where.MESSAGES, hint=True),
    Action("older", ("k", "up"), "older", "To the message above.", "/older", Where.MESSAGES),
    Action("newer", ("j", "down"), "newer", "To the message below.", "/newer", Where.MESSAGES),
    Action("page_up", ("pageup", "ctrl+u"), "page up", "A page towards older messages.",
           "/pageup", Where.MESSAGES),
    Action("page_down", ("pagedown", "ctrl+d"), "page down", "A page towards newer messages.",
           "/pagedown", Where.MESSAGES),
    Action("first", ("g", "home"), "first", "To the first message.", "/first", Where.MESSAGES),
    Action("last", ("G", "end"), "last", "To the last message.", "/last",
           Where.MESSAGES, hint=True),
    Action("new", ("n",), "new", "To the line above what is new.", "/new",
           Where.MESSAGES, hint=True),
    Action("switch", ("ctrl+k",), "circles", "Go to another circle.", "/switch",
           hint=True, takes="CIRCLE"),
    Action("next_news", ("alt+a",), "news", "Go to the next circle with news.", "/next"),
    Action("circle_up", ("alt+up",), "circle above", "Go to the circle above.", "/circleup"),
    Action("circle_down", ("alt+down",), "circle below", "Go to the circle below.", "/circledown"),
    Action("invite", ("ctrl+o",), "invite", "Invite somebody into this circle.", "/invite"),
    Action("open", (), "open", "Open a new circle.", "/open"),
    Action("join", (), "join", "Come in with a code.", "/join", takes="CODE"),
    Action("search", ("ctrl+f",), "search", "Find what was said, in all circles.", "/search",
           takes="WORDS"),
    Action("find", ("slash", "/"), "find", "Find what was said, in all circles.", "/find",
           Where.MESSAGES, takes="WORDS", chosen=True),
    Action("pins", (), "pins", "See what is pinned, and go there.", "/pins"),
    Action("poll", (), "poll", "Ask the circle a question with answers to choose from.", "/poll",
           takes="QUESTION"),
    Action("file", (), "file", "Send a file.", "/file", takes="PATH", needs=True),
    Action("save", ("s",), "save", "Put the file of the message on this computer.", "/save",
           Where.MESSAGES, takes="PATH", chosen=True),
    Action("view", ("v",), "view", "Show the picture of the message.", "/view", Where.MESSAGES,
           chosen=True),
    Action("date", (), "date", "Go to the first message of a day.", "/date", takes="YYYY-MM-DD",
           needs=True),
    Action("door", (), "door", "See who is at the door.", "/door"),
    Action("people", (), "people", "See who is in, and who let them in.", "/people"),
    Action("rename", (), "rename", "Be called otherwise in this circle.", "/rename",
           takes="NAME"),
    Action("name", (), "name", "Call this circle otherwise; for hosts.", "/name", takes="NAME"),
    Action("circle_settings", (), "circle", "See how this circle is set up; hosts change it.",
           "/circle", takes="NAME VALUE"),
    Action("topic", (), "topic", "Say what this circle is about; for hosts.", "/topic",
           takes="TEXT"),
    Action("ask", (), "ask", "Have a member answer the door, or not.", "/ask"),
    Action("verify", (), "verify", "Compare six words with a member, to know their key.",
           "/verify", takes="NAME", needs=True),
    Action("tell", (), "notify", "Be told of this circle while you look elsewhere, or not.",
           "/notify", takes="off|mentions|all", needs=True),
    Action("mute", (), "mute", "Be told nothing of this circle, or again as usual.", "/mute"),
    Action("devices", (), "devices", "See your devices, link another one, or take one out.",
           "/devices"),
    Action("rest", (), "rest", "Let a silent circle be, until the next season.", "/rest"),
    Action("remove", (), "remove", "Remove a member; for hosts.", "/remove", takes="NAME",
           needs=True),
    Action("rejoin", (), "rejoin", "Come in again with fresh keys.", "/rejoin"),
    Action("settle", (), "settle", "Choose between two conversations.", "/settle"),
    Action("leave", (), "leave", "Leave this circle for good.", "/leave"),
    Action("forget", (), "forget", "Erase a circle that you left.", "/forget"),
    Action("settings", (), "settings", "See and change your settings.", "/settings",
           takes="NAME VALUE"),
    Action("theme", (), "theme", "Change to the next theme, or to this one.", "/theme",
           takes="NAME"),
    Action("density", (), "density", "Show a line for each message, or names above them.",
           "/density"),
    Action("passphrase", (), "passphrase", "Set, change or take away your profile's passphrase.",
           "/passphrase"),
    Action("lock", ("ctrl+l",), "lock", "Close Hallway's profile until its passphrase is given.",
           "/lock"),
    Action("wipe", (), "wipe", "Erase this profile from this computer, at once.", "/wipe"),
    Action("palette", ("ctrl+p",), "all actions", "Find anything that can be done.", "/palette",
           takes="WORDS"),
    Action("help", ("f1",), "help", "Show all keys and commands.", "/help", hint=True),
    Action("quit", ("ctrl+q",), "quit", "End Hallway.", "/quit"),
)  # fmt: skip

BY_NAME = {action.name: action for action in ACTIONS}
BY_COMMAND = {action.command: action for action in ACTIONS}

_KEYS = {
    "escape": "esc",
    "pageup": "page up",
    "pagedown": "page down",
    "up": "↑",
    "down": "↓",
    "plus": "+",
    "slash": "/",
    "colon": ":",
}


def shown_key(key: str) -> str:
    """A key as people write it: `^k`, `alt+a`, `esc`."""
    modifier, plus, plain = key.rpartition("+")
    plain = _KEYS.get(plain, plain)
    return f"^{plain}" if modifier == "ctrl" else f"{modifier}{plus}{plain}"


def _carried_out(action: Action) -> str:
    return f"screen.{action.name}" if action.chosen else action.name


def bindings(where: Where) -> list[Binding]:
    """The bindings of whoever carries out this scope's actions, as `action_NAME`."""
    return [
        Binding(
            ",".join(action.keys), _carried_out(action), action.label, show=False, id=action.name
        )
        for action in ACTIONS
        if action.where is where and action.keys
    ]


def hints(where: Where) -> list[Action]:
    """What the hint line shows while the focus is there, the nearest first."""
    near = [action for action in ACTIONS if action.hint and action.where is where]
    return near + [action for action in ACTIONS if action.hint and action.where is Where.ANYWHERE]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line of the composer that is a command: what to do, and the rest of the line."""

    action: Action
    argument: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A line that looks like a command and is none."""

    command: str

    @property
    def sentence(self) -> str:
        """What to say about it."""
        return (
            f"There is no command {self.command}. /help shows all of them; "
            f"to send a line that begins with a slash, begin it with two."
        )


def read_line(text: str) -> Spoken | Unknown | str:
    """A written line: a command, what looks like one, or the text to send.

    `//` at the beginning sends one slash. A slash that is followed by anything but a letter, or a
    first word with a second slash in it (a path), is text.
    """
    if text.startswith("//"):
        return text[1:]
    word, _, rest = text.partition(" ")
    if len(word) < 2 or word[0] != "/" or not word[1:].isalpha() or "\n" in text:
        return text
    action = BY_COMMAND.get(word.lower())
    return Unknown(word) if action is None else Spoken(action, rest.strip())


def complete_command(start: str) -> list[str]:
    """The commands that begin like this."""
    return sorted(command for command in BY_COMMAND if command.startswith(start.lower()))
