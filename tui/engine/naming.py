"""What a person means: a message by the beginning of its id, members by `@Name` in a text."""

from __future__ import annotations

from crypto.content import MENTIONED_MOST, TEXT_LONGEST
from tui.engine.circle import Circle
from tui.engine.errors import WishError
from tui.engine.events import Exit
from tui.engine.store.records import MessageRecord

SHORTEST = 4
LONGEST = 32
"""Hexadecimal digits of a message's id."""


def message(circle: Circle, beginning: str) -> MessageRecord:
    """The one message whose id begins like this; WishError."""
    named = beginning.lower()
    if not SHORTEST <= len(named) <= LONGEST or set(named) - set("0123456789abcdef"):
        raise WishError(
            "message_id",
            f"A message is named by its id, or the first {SHORTEST} or more digits of it.",
            Exit.USAGE,
        )
    first, last = bytes.fromhex(named.ljust(LONGEST, "0")), bytes.fromhex(named.ljust(LONGEST, "f"))
    found = circle.context.store.messages.where(
        "circle = ? AND id BETWEEN ? AND ? AND type != 0 LIMIT 2", circle.number, first, last
    )
    if not found:
        raise WishError("unknown_message", f"There is no message {named} here.")
    if len(found) > 1:
        raise WishError("ambiguous", f"More than one message begins with {named}. Say more of it.")
    return found[0]


def text(typed: str) -> str:
    """What a message may say; WishError."""
    try:
        length = len(typed.encode())
    except UnicodeEncodeError as error:
        raise WishError("text", "The text holds something that is no character.") from error
    if not 1 <= length <= TEXT_LONGEST:
        raise WishError("length", f"A message has 1 to {TEXT_LONGEST} bytes.")
    return typed


def mentioned(circle: Circle, typed: str) -> tuple[bytes, ...]:
    """The member keys of those whom a text names with an @, ascending; the first that it names."""
    names = sorted(circle.view.names().items(), key=lambda found: -len(found[1]))
    found: list[bytes] = []
    at = typed.find("@")
    while at >= 0 and len(found) < MENTIONED_MOST:
        if not typed[at - 1 : at].isalnum():
            key = next((key for key, name in names if _stands(typed, name, at + 1)), None)
            if key is not None and key not in found:
                found.append(key)
        at = typed.find("@", at + 1)
    return tuple(sorted(found))


def _stands(typed: str, name: str, at: int) -> bool:
    """Whether a whole name stands there, and not the beginning of a longer word."""
    end = at + len(name)
    return typed[at:end] == name and not typed[end : end + 1].isalnum()
