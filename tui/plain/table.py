"""Which of the actions line mode carries out, and why the others are the screens' alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tui.actions import ACTIONS, Spoken, Unknown, read_line
from tui.plain import circles, files, messages, own, set_up
from tui.plain.talk import RefusedError, Talk

HANDLERS: dict[str, Callable[[Talk, str], Awaitable[None]]] = {
    "send": messages.send,
    "me": messages.me,
    "reply": messages.reply,
    "react": messages.react,
    "edit": messages.edit,
    "delete": messages.delete,
    "pin": messages.pin,
    "pins": messages.pins,
    "poll": messages.poll,
    "vote": messages.vote,
    "file": files.send,
    "save": files.save,
    "search": messages.search,
    "find": messages.search,
    "older": messages.older,
    "switch": circles.switch,
    "next_news": circles.next_news,
    "invite": circles.invite,
    "open": circles.open_circle,
    "join": circles.join,
    "door": circles.door,
    "people": circles.people,
    "devices": circles.devices,
    "verify": circles.verify,
    "rename": circles.rename,
    "name": circles.name,
    "circle_settings": set_up.circle_settings,
    "topic": circles.topic,
    "ask": circles.ask_at_door,
    "tell": circles.tell,
    "mute": circles.mute,
    "rest": circles.rest,
    "remove": circles.remove,
    "rejoin": circles.rejoin,
    "settle": circles.settle,
    "leave": circles.leave,
    "forget": circles.forget,
    "settings": own.settings,
    "lock": circles.lock,
    "quit": circles.quit_,
}

_CURSOR = "it moves a cursor, and lines have none"
_LINE = "a line that is typed is edited by the terminal"
SCREEN_ONLY = {
    "new_line": _LINE,
    "complete": _LINE,
    "earlier": _LINE,
    "later": _LINE,
    "editor": "the terminal would be lent away while lines are printed",
    "messages": _CURSOR,
    "write": _CURSOR,
    "newer": _CURSOR,
    "page_up": _CURSOR,
    "page_down": _CURSOR,
    "first": _CURSOR,
    "last": _CURSOR,
    "new": _CURSOR,
    "circle_up": _CURSOR,
    "circle_down": _CURSOR,
    "menu": _CURSOR,
    "command": _CURSOR,
    "date": "what was printed stands further up; /search has before: and after:",
    "view": "lines show no pictures; /save puts one on this computer",
    "copy": "the terminal copies what it shows",
    "open_link": "links are printed whole, and the terminal opens them",
    "theme": "there are no colours",
    "density": "there is a line for each message anyway",
    "palette": "/help lists all commands",
    "passphrase": "`hallway passphrase` does it, and shows nothing of what is typed",
    "wipe": "`hallway wipe` does it, without what is printed here",
}
"""By the action's name, why it is not here."""

NOT_HERE = "That is for the screens: "


async def carry_out(talk: Talk, line: str) -> None:
    """Do what a line says; what is refused is said."""
    spoken = read_line(line)
    try:
        await talk.attend()
        if isinstance(spoken, Unknown):
            talk.say(spoken.sentence)
        elif isinstance(spoken, Spoken):
            await _do(talk, spoken.action.name, spoken.argument)
        else:
            await messages.send(talk, spoken)
    except RefusedError as error:
        talk.say(str(error))


async def _do(talk: Talk, name: str, argument: str) -> None:
    if name == "help":
        for action in ACTIONS:
            if action.name in HANDLERS:
                command = f"{action.command} {action.takes}".strip()
                talk.say(f"{command:<28} {action.help}")
        return
    if name in SCREEN_ONLY:
        return talk.say(f"{NOT_HERE}{SCREEN_ONLY[name]}.")
    await HANDLERS[name](talk, argument)
