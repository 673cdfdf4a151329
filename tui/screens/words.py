"""Sentences that several screens share, made from plain facts."""

from __future__ import annotations

import time

DAY = 86_400_000
HOUR = 3_600_000
MINUTE = 60_000

CIRCLE_NAME_LONGEST = 64


def chairs_left(taken: int, cap: int) -> str:
    """How many chairs are free: "3 of 8 chairs left", "The last of 8 chairs", "No chair left"."""
    left = max(0, cap - taken)
    if left == 0:
        return f"All {cap} chairs are taken"
    if left == 1:
        return f"The last of {cap} chairs is free"
    return f"{left} of {cap} chairs are free"


def history_for_newcomer(history: int) -> str:
    """What somebody who comes in will see of the past, said to whoever comes in."""
    if history == 0:
        return "You will see nothing of what was said before you came in."
    if history == 1:
        return "You will see the last message from before you came in."
    return f"You will see the last {history} messages from before you came in."


def history_for_inviter(history: int) -> str:
    """What somebody who comes in will see of the past, said to whoever invites."""
    if history == 0:
        return "Whoever comes in sees nothing of what was said before."
    if history == 1:
        return "Whoever comes in sees the last message from before."
    return f"Whoever comes in sees the last {history} messages from before."


def time_left(milliseconds: int) -> str:
    """A span of time in its largest sensible unit: "7 days", "10 minutes", "40 seconds"."""
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1000, "second")):
        # A second day begins at the end of the first: 47 hours are more truly told in hours.
        if milliseconds >= (unit if unit <= MINUTE else 2 * unit) or unit == 1000:
            count = max(0, round(milliseconds / unit))
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    raise AssertionError("a second is the smallest unit")


def names_joined(names: list[str]) -> str:
    """Names as a sentence lists them: "Ana", "Ana and Bo", "Ana, Bo and Cy"."""
    if len(names) <= 1:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]


def first_circle_name(person: str) -> str:
    """What a person's first circle is called until a host names it otherwise."""
    name = f"{person}'s circle"
    return name if len(name.encode()) <= CIRCLE_NAME_LONGEST else "A circle"


LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


def who_can_reach(relay: str) -> str:
    """Who can come in by a relay, from its address as circles name it."""
    host = relay.rpartition("://")[2]
    if host.startswith("["):
        host = host.partition("]")[0] + "]"
    else:
        host = host.partition(":")[0]
    if host in LOCAL_HOSTS:
        return (
            "The relay runs on this computer, and only somebody at this computer can reach it. "
            "To meet others, open a circle on a relay that they can reach."
        )
    return f"The relay is {host}; whoever comes in has to be able to reach it."


def clock_time(at: int) -> str:
    """A time of this day, as the clock on the wall has it: "14:32"."""
    return time.strftime("%H:%M", time.localtime(at / 1000))


def month(at: int, now: int) -> str:
    """The month of a time; of another year, with that."""
    then = time.localtime(at / 1000)
    same = then.tm_year == time.localtime(now / 1000).tm_year
    return time.strftime("%B" if same else "%B %Y", then)
