"""A circle's state in a few lines: for the right-hand pane, and for the people's dialog."""

from __future__ import annotations

import time

from textual.content import Content

from tui.engine.events import CircleFacts, InviteFacts
from tui.screens.dialog import safe
from tui.screens.words import names_joined, time_left
from tui.spans import in_words
from tui.widgets.chairs import chairs
from tui.widgets.columns import Pair

LABEL = 9


def circle_state(facts: CircleFacts, invites: list[InviteFacts], now: int) -> list[Pair]:
    """Chairs, hosts, door, what newcomers see, open codes, relay, since when."""
    lines = [
        ("chairs", chairs(facts.chairs, facts.cap)),
        ("host" if len(facts.hosts) < 2 else "hosts", safe(names_joined(facts.hosts))),
        ("door", Content("a member says yes" if facts.asks_at_door else "a code is enough")),
        ("before", Content(_before(facts.history))),
        *(
            [("messages", Content(f"go after {in_words(facts.disappear)}"))]
            if facts.disappear
            else []
        ),
        ("codes", Content(_codes(invites, now))),
        ("relay", safe(facts.relay)),
        ("since", Content(_day(facts.since))),
    ]
    return [(Content.styled(label, "$muted"), text) for label, text in lines]


def _before(history: int) -> str:
    if history == 0:
        return "not shown to newcomers"
    return "the last message" if history == 1 else f"the last {history} messages"


def _codes(invites: list[InviteFacts], now: int) -> str:
    if not invites:
        return "none is open"
    last = time_left(max(0, max(one.expires_at for one in invites) - now))
    return f"{len(invites)} open, {last}"


def _day(at: int) -> str:
    moment = time.localtime(at / 1000)
    return f"{moment.tm_mday} {time.strftime('%B %Y', moment)}"
