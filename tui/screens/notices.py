"""What stands between a circle's header and its conversation while something is not as usual."""

from __future__ import annotations

from textual.content import Content

from tui.engine.events import (
    CircleFacts,
    EntryMoved,
    EntryState,
    LinkState,
    MemberFacts,
    RequestFacts,
)
from tui.glyphs import Glyphs
from tui.screens.dialog import safe, safe_sentences
from tui.screens.words import clock_time, month, names_joined

WAITS_HERE = "What you write waits here, and goes out by itself."
LEFT = "You are not in this circle any more. What was said stays readable here; /forget erases it."
NAMED_MOST = 3
"""However many are at the door, or called alike, the conversation keeps its room."""

RETURN = "/rejoin comes in again, with fresh keys."
CHOOSE = "/settle chooses whose conversation stands."


def of_circle(
    facts: CircleFacts, requests: list[RequestFacts], may_return: bool, glyphs: Glyphs
) -> list[Content]:
    """A line each: what is wrong with a circle, or waits for this person, the worst first."""
    lines: list[Content] = []
    if facts.left:
        sentence = safe_sentences(facts.link_sentence or LEFT)
        lines.append(_line(glyphs.off, "$muted", sentence))
    elif facts.link is LinkState.STOPPED:
        parts = Content.assemble(safe_sentences(facts.link_sentence), " ")
        way = CHOOSE if facts.forks else RETURN
        sentence = Content.assemble(parts, way) if may_return else parts
        lines.append(_line(glyphs.warning, "bold $error", sentence))
    elif facts.link is LinkState.OFFLINE and facts.link_sentence and facts.keeps:
        sentence = Content.assemble(safe_sentences(facts.link_sentence), " ", WAITS_HERE)
        lines.append(_line(glyphs.off, "$warning", sentence))
    elif facts.link is not LinkState.CONNECTING and facts.link_sentence:
        # A full disk, here or at the relay, says itself what becomes of what is written.
        lines.append(_line(glyphs.warning, "$warning", safe_sentences(facts.link_sentence)))
    if not facts.confirmed and not facts.left:
        sentence = Content(
            "You are in. Whoever invited you has not been here since, to vouch for this circle."
        )
        lines.append(_line(glyphs.off, "$warning", sentence))
    if facts.behind_since and facts.link is LinkState.ONLINE:
        since = clock_time(facts.behind_since)
        sentence = Content(f"The relay has kept something back from this device since {since}.")
        lines.append(_line(glyphs.warning, "bold $error", sentence))
    elif facts.stale:
        since = f"no proof of freshness since {clock_time(facts.fresh_at)}"
        lines.append(_line(glyphs.off, "$muted", Content.styled(since, "$muted")))
    asking = [request for request in requests if request.asks]
    for request in asking[:NAMED_MOST]:
        parts = Content.assemble(safe(request.name, "bold"), " is at the door. ")
        lines.append(
            _line(glyphs.on, "$accent", Content.assemble(parts, ("/door", "bold $accent")))
        )
    if len(asking) > NAMED_MOST:
        lines.append(_line(glyphs.on, "$accent", Content("Others are at the door, too.")))
    return lines


def of_names(members: list[MemberFacts], glyphs: Glyphs) -> list[Content]:
    """Where somebody is called so that they could be taken for somebody else.

    No client of ours takes such a name, or lets one in; a modified one may.
    """
    # imported here: the first paint needs no cryptography
    from crypto.circle.names import imitates

    lines: list[Content] = []
    for number, member in enumerate(members):
        other = imitates(member.name, [one.name for one in members[:number]])
        if other is not None:
            said = Content.assemble(
                safe(other, "bold"), " and ", safe(member.name, "bold"),
                " look alike, and are two people. ", ("/people", "bold $accent"),
                " tells who let them in.",
            )  # fmt: skip
            lines.append(_line(glyphs.warning, "bold $error", said))
    return lines[:NAMED_MOST]


def of_silence(
    facts: CircleFacts, members: list[MemberFacts], glyphs: Glyphs, now: int
) -> list[Content]:
    """Once a season: when these people last spoke, and what may be done about it."""
    if not facts.silent_since:
        return []
    others = [safe(member.name, "bold") for member in members if not member.me]
    who = Content.assemble("You and ", *others) if len(others) == 1 else Content("You all")
    if not others:
        who = Content("You")
    said = Content.assemble(
        who, f" last spoke here in {month(facts.silent_since, now)}. Say hello, or ",
        ("/rest", "bold $accent"), ", or let go: ", ("/leave", "bold $accent"),
    )  # fmt: skip
    return [_line(glyphs.dot, "$muted", said)]


def of_entries(entries: list[EntryMoved], glyphs: Glyphs) -> list[Content]:
    """Where this person is coming in just now."""
    return [
        _line(
            glyphs.dot,
            "$accent",
            Content.assemble(
                "Waiting to come in to ",
                safe(entry.circle_name, "bold"),
                ". ",
                safe_sentences(entry.sentence),
            ),
        )
        for entry in entries
        if entry.state in (EntryState.ASKED, EntryState.AT_THE_DOOR)
    ]


def _line(mark: str, style: str, sentence: Content) -> Content:
    return Content.assemble((f"{mark} ", style), sentence)


def link_line(facts: CircleFacts, glyphs: Glyphs, waiting: int = 0) -> Content:
    """How a circle stands with its relay, in a few words, and how many own messages wait."""
    if facts.left:
        return Content.styled("left", "$muted")
    mark, word, style = {
        LinkState.ONLINE: (glyphs.on, "connected", "$success"),
        LinkState.CONNECTING: (glyphs.off, "connecting", "$warning"),
        LinkState.OFFLINE: (glyphs.off, "offline", "$warning"),
        LinkState.STOPPED: (glyphs.warning, "stopped", "$error"),
    }[facts.link]
    unsent = f", {waiting} waiting to be sent" if waiting else ""
    if facts.writing and facts.link is LinkState.ONLINE:
        who = names_joined([str(safe(name)) for name in facts.writing])
        writing = f"{who} {'is' if len(facts.writing) == 1 else 'are'} writing"
        return Content.assemble((f"{mark} ", style), (f"{writing}{unsent}", "$muted"))
    return Content.assemble((f"{mark} ", style), (f"{word}{unsent}", "$muted"))
